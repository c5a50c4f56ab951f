"""Functions of users as the server calls them: parameters, colour, documentation."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Final, get_args

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Description
from sansmcp.schema.inference.docstrings import documentation_of
from sansmcp.schema.inference.records import RecordField, hints_of
from sansmcp.schema.inference.shapes import NotedShape, shape_of
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.server.context import Context, run_of
from sansmcp.server.inputs import Input, Mark, gather, input_of, mark_of
from sansmcp.values import ABSENT, JSON, Absent, Value

_CALLED_BY_NAME: Final = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})

_BARE_CONTEXTS: Final = frozenset({"ctx", "context"})


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Handler(Value):
    """A function of a user's, and all that is known of it."""

    function: Callable[..., JSON]
    """What is called."""
    name: str
    """What it is called by its author."""
    description: str | None
    """What its docstring says of the whole."""
    is_async: bool
    """Whether calling it makes a coroutine."""
    blocks: bool
    """Whether it must not run on a loop's thread; coroutines never do."""
    context: str | None
    """The parameter that takes the `Context`, or None."""
    inputs: tuple[Input, ...]
    """The parameters that are asked for."""
    fields: tuple[RecordField, ...]
    """The other parameters: the arguments."""
    returns: JSON | Absent
    """What it says it returns, or ABSENT."""

    @property
    def wants_context(self) -> bool:
        """Whether it is called with a context, or something must be asked for before."""
        return self.context is not None or bool(self.inputs)

    def invoke(self, arguments: dict[str, JSON], context: Context | None) -> JSON:
        """Call the function; ask for what it needs first.

        Args:
            arguments: its arguments; what is asked for, and the context, are added.
            context: there where it is wanted.

        Raises:
            BaseException: what it raises, and what `gather` raises.
        """
        if self.inputs and context is not None:
            arguments.update(gather(self.inputs, run_of(context), arguments))
        if self.context is not None:
            arguments[self.context] = context
        return self.function(**arguments)


def handler_of(function: Callable[..., JSON], *, blocks: bool, vocabulary: Vocabulary = PLAIN) -> Handler:
    """Read a function.

    Args:
        function: a `def`, an `async def`, or any other object that can be called.
        blocks: whether a `def` may block; a coroutine never does.
        vocabulary: what is known of types beside.

    Raises:
        LocalProtocolError: it is a generator, has parameters that have no name, or an annotation
            names what cannot be found.
    """
    inner = _innermost(function)
    name = getattr(inner, "__name__", type(inner).__name__)
    if inspect.isclass(inner) or not callable(inner):
        hint = f"; for a name say name={inner!r:.80}" if isinstance(inner, str) else ""
        raise LocalProtocolError(f"{inner!r:.80} is no handler; expected a function{hint}")
    source = inner if inspect.isroutine(inner) else type(inner).__call__
    if inspect.isgeneratorfunction(source) or inspect.isasyncgenfunction(source):
        raise LocalProtocolError(f"{name} is a generator; a handler returns its result")
    # A wrapper that is no coroutine function usually hands on what the wrapped one returns.
    is_async = inspect.iscoroutinefunction(source) or inspect.iscoroutinefunction(function)
    documentation = documentation_of(inspect.getdoc(inner))
    hints = hints_of(source, name)
    context, asked, fields = None, list[tuple[inspect.Parameter, Mark]](), list[RecordField]()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self" and parameter.name not in hints:
            raise LocalProtocolError(
                f"{name} is a method without its object; "
                f"register the bound one, such as add_tool(thing.{name})"
            )
        hint = hints.get(parameter.name, JSON)
        if hint is Context or Context in get_args(hint):
            context = parameter.name
        elif (mark := mark_of(f"{name}({parameter.name})", hint)) is not None:
            asked.append((parameter, mark))
        elif parameter.kind in _CALLED_BY_NAME:
            described = documentation.parameters.get(parameter.name)
            fields.append(_field(name, parameter, hint, described, vocabulary))
        else:
            raise LocalProtocolError(
                f"{name}: the parameter {str(parameter)!r} has no name of its own in JSON; "
                "take arguments by name, or give input_schema= and take them as one mapping"
            )
    return Handler(
        function=function,
        name=name,
        description=documentation.description,
        is_async=is_async,
        blocks=blocks and not is_async,
        context=context,
        inputs=tuple(
            input_of(name, parameter, hints[parameter.name], mark, fields, vocabulary=vocabulary)
            for parameter, mark in asked
        ),
        fields=tuple(fields),
        returns=hints.get("return", ABSENT),
    )


def refuse_bare_context(handler: Handler) -> None:
    """Refuse a parameter that was meant to take the context, and that a client would have to fill in.

    Raises:
        LocalProtocolError: one is called ctx or context and does not say what it takes.
    """
    parameters = inspect.signature(handler.function).parameters
    for field in handler.fields:
        if field.name in _BARE_CONTEXTS and parameters[field.name].annotation is inspect.Parameter.empty:
            raise LocalProtocolError(
                f"{handler.name}: {field.name} has no annotation, so clients would have to give it; "
                f"write {field.name}: Context for the context of the call, or say the argument's type"
            )


def _innermost(function: Callable[..., JSON]) -> Callable[..., JSON]:
    while isinstance(function, functools.partial):
        function = function.func
    inner: Callable[..., JSON] = inspect.unwrap(function)
    return inner


def _field(
    function: str,
    parameter: inspect.Parameter,
    hint: JSON,
    description: str | None,
    vocabulary: Vocabulary,
) -> RecordField:
    required = parameter.default is inspect.Parameter.empty
    try:
        shape = shape_of(hint, vocabulary)
    except LocalProtocolError as error:
        raise LocalProtocolError(f"{function}({parameter.name}): {error}") from error
    if description is not None and not (isinstance(shape, NotedShape) and shape.description is not None):
        hint = Annotated[hint, Description(description)]
    return RecordField(
        name=parameter.name,
        attribute=parameter.name,
        annotation=hint,
        required=required,
        default=ABSENT if required else parameter.default,
        vocabulary=vocabulary,
    )
