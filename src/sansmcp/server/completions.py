"""Completion: what may be typed into an argument of a prompt or a variable of a template.

Proposals come from a function that was registered for the argument, from its own annotation
(`Complete`, or a type with a few texts as its values), or from one function for everything, in this order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from itertools import islice
from typing import Annotated, Final, TypeAlias, get_args, get_origin

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import INVALID_PARAMS, SchemaError
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import ChoiceShape, NotedShape, Shape, UnionShape, field_shape
from sansmcp.server.context import Context
from sansmcp.server.functions import Handler, handler_of
from sansmcp.server.targets import Refused, Target
from sansmcp.session import RequestReceived
from sansmcp.values import JSON

MAX_VALUES: Final = 100
"""How many proposals one answer has. Source: Completion, Response Format, all revisions."""

Source: TypeAlias = Callable[..., object] | Sequence[str]
"""Where proposals come from: a function, or all there are."""


@attrs.frozen
class Complete:
    """Says, in `Annotated`, where proposals for an argument come from.

    A function is given what was typed so far, then, if it takes a second parameter, the arguments that are
    settled already, and a `Context` if it takes one. It returns texts, the best first. Of a sequence of
    texts those are proposed that begin with what was typed.
    """

    source: Source
    """The function, or the texts."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Completer(Target):
    """Proposes values for one argument, or for all."""

    propose: Callable[[schema.CompleteRequestParams, Context | None], JSON]
    """Calls the function, or looks through the texts."""

    def call(self, event: RequestReceived, context: Context | None, /) -> JSON:
        """Call the function, or look through the texts."""
        return self.propose(event.params, context)

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the proposals, at most a hundred of them."""
        return result_of(value)


def completer_of(source: Source | Completer, *, blocks: bool = True) -> Completer:
    """Make a completer for one argument; one that is made already is itself.

    Args:
        source: a function of what was typed, or texts.
        blocks: whether a `def` may block.

    Raises:
        LocalProtocolError: the function takes nothing, or more than what there is to give.
    """
    if isinstance(source, Completer):
        return source
    if not callable(source):
        return _of_texts(source)
    handler = handler_of(source, blocks=blocks)
    if not 1 <= len(handler.fields) <= 2:
        found = ", ".join(field.name for field in handler.fields) or "none"
        raise LocalProtocolError(
            f"{handler.name}: a completer takes what was typed, then the settled arguments if it likes, and "
            f"a Context if it likes; found {found}"
        )

    def given(params: schema.CompleteRequestParams) -> tuple[JSON, ...]:
        settled = None if params.context is None else params.context.arguments
        return params.argument.value, dict(settled or {})

    return _of_function(handler, given)


def catch_all_of(function: Callable[..., JSON], *, blocks: bool = True) -> Completer:
    """Make a completer for every argument of everything.

    Args:
        function: a function of the params of the request.
        blocks: whether a `def` may block.

    Raises:
        LocalProtocolError: the function does not take one parameter.
    """
    handler = handler_of(function, blocks=blocks)
    if len(handler.fields) != 1:
        found = ", ".join(field.name for field in handler.fields) or "none"
        raise LocalProtocolError(
            f"{handler.name}: a completer of everything takes the CompleteRequestParams, and a Context if it "
            f"likes; found {found}. For one argument say which: completer('prompt', 'argument')"
        )
    return _of_function(handler, lambda params: (params,))


def sources_of(said: Mapping[str, Source | Completer] | None) -> Mapping[str, Source | Completer]:
    """Return what was said to propose values, so that nobody changes it."""
    return dict(said or {})


def completers_of(
    name: str, handler: Handler, said: Mapping[str, Source | Completer]
) -> Mapping[str, Completer]:
    """Return what proposes values for the parameters of a function, by parameter.

    Args:
        name: the prompt or the template.
        handler: the function.
        said: what was registered, which goes before what annotations say.

    Raises:
        LocalProtocolError: there is no such parameter, or a function cannot be a completer.
    """
    names = [field.name for field in handler.fields]
    unknown = [argument for argument in said if argument not in names]
    if unknown:
        raise LocalProtocolError(
            f"{name[:80]!r} has no argument {unknown[0]!r:.80} to complete; "
            f"expected one of {', '.join(names) or '(none)'}"
        )
    found = {field.name: _noted(field) for field in handler.fields}
    found |= {argument: completer_of(source) for argument, source in said.items()}
    return {argument: completer for argument, completer in found.items() if completer is not None}


def completion_target(
    event: RequestReceived,
    name: str,
    arguments: Sequence[str],
    completer: Completer | None,
) -> Target:
    """Return what answers a request for proposals about something that there is.

    Args:
        event: the request.
        name: what it is about, in words.
        arguments: what may be completed.
        completer: what proposes values; None where nothing does.

    Source: Completion, Error Handling, all revisions.
    """
    argument = event.params.argument.name
    if argument not in arguments:
        names = ", ".join(arguments) or "(none)"
        text = f"{name} has no argument {argument[:80]!r}; expected one of the names {names}"
        return Refused(name=event.method, error=RpcError(INVALID_PARAMS, text))
    return _NOTHING if completer is None else completer


def notes_beside(annotation: JSON) -> tuple[JSON, ...]:
    """Return what stands beside a type in `Annotated`."""
    origin: JSON = get_origin(annotation)
    return get_args(annotation)[1:] if origin is Annotated else ()


def result_of(value: JSON) -> schema.CompleteResult:
    """Return what a completer returned as a result.

    Raises:
        SchemaError: it is no list of texts.
    """
    if isinstance(value, schema.CompleteResult):
        return attrs.evolve(value, completion=_capped(value.completion))
    if isinstance(value, schema.Completion):
        return schema.CompleteResult(completion=_capped(value))
    if value is None:
        value = ()
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise SchemaError("proposals: a list of strings", value)
    # Of an iterator one more than fits is taken, which tells that there are more.
    total = len(value) if isinstance(value, Sized) else None
    values = tuple(islice(value, MAX_VALUES + 1))
    for index, text in enumerate(values):
        if not isinstance(text, str):
            raise SchemaError("a string", text).under(index)
    if total is None and len(values) <= MAX_VALUES:
        total = len(values)
    return schema.CompleteResult(
        completion=schema.Completion(
            values=values[:MAX_VALUES], total=total, has_more=len(values) > MAX_VALUES
        )
    )


def _capped(completion: schema.Completion) -> schema.Completion:
    if len(completion.values) <= MAX_VALUES:
        return completion
    total = len(completion.values) if completion.total is None else completion.total
    return attrs.evolve(completion, values=completion.values[:MAX_VALUES], total=total, has_more=True)


def _of_function(
    handler: Handler, given: Callable[[schema.CompleteRequestParams], tuple[JSON, ...]]
) -> Completer:
    if handler.inputs:
        raise LocalProtocolError(
            f"{handler.name}: a completer cannot ask the client's user; take no such input"
        )
    names = tuple(field.name for field in handler.fields)

    def propose(params: schema.CompleteRequestParams, context: Context | None) -> JSON:
        return handler.invoke(dict(zip(names, given(params), strict=False)), context)

    return Completer(
        name=handler.name,
        is_async=handler.is_async,
        blocks=handler.blocks,
        wants_context=handler.wants_context,
        propose=propose,
    )


def _of_texts(texts: Sequence[str]) -> Completer:
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise LocalProtocolError(f"Complete: expected a function or a list of strings, found {texts!r:.80}")
    folded = tuple((text, text.casefold()) for text in texts)

    def propose(params: schema.CompleteRequestParams, _context: Context | None) -> JSON:
        typed = params.argument.value.casefold()
        return [text for text, plain in folded if plain.startswith(typed)]

    return Completer(name="completion/complete", propose=propose)


def _noted(field: RecordField) -> Completer | None:
    for note in notes_beside(field.annotation):
        if isinstance(note, Complete):
            return completer_of(note.source)
    texts = tuple(dict.fromkeys(_choices(field_shape(field))))
    return _of_texts(texts) if texts else None


def _choices(shape: Shape) -> Iterable[str]:
    """Yield the texts that a type names as its values."""
    match shape:
        case NotedShape():
            yield from _choices(shape.inner)
        case UnionShape():
            for member in shape.members:
                yield from _choices(member)
        case ChoiceShape():
            yield from (value for value in shape.values if isinstance(value, str))
        case _:
            pass


_NOTHING: Final = _of_texts(())
"""Proposes nothing."""
