"""Inputs declared as parameters: asked for before the handler starts, so that it runs exactly once.

    def forecast(city: str, country: Annotated[str, Elicit("Which {city}?")]) -> str: ...

They are no part of the input schema. All of a handler's are asked for in one round.
"""

import inspect
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, assert_never, get_args, get_origin

import attrs

from sansmcp import errors, schema
from sansmcp.errors import InputNeeded, LocalProtocolError, ToolError
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.server.answers import Accepted, Cancelled, Declined, Elicited, RootList, Sampled
from sansmcp.server.asking import (
    MAX_TOKENS,
    Messages,
    ask_form,
    ask_model,
    ask_page,
    ask_roots,
    sampling_params,
)
from sansmcp.server.forms import form_of
from sansmcp.server.runs import Run
from sansmcp.session import MissingCapability
from sansmcp.values import ABSENT, JSON, Absent, Value

Text: TypeAlias = str | Callable[..., str]
"""A text with arguments in braces, as `str.format` takes it; or a function of arguments that returns one."""


@attrs.frozen
class Elicit:
    """Ask the user for a parameter: `Annotated[T, Elicit("Which {city}?")]`.

    The type is what the form asks for, as for `Context.elicit`. If the user says no, the call ends and says
    so; with `Annotated[Elicited[T], Elicit(...)]` the handler gets what came of it instead.
    """

    message: Text
    """What to tell the user."""


@attrs.frozen
class ElicitUrl:
    """Ask the user to visit a page: `Annotated[str, ElicitUrl("Sign in to {site}", "https://...")]`.

    The handler gets the id for `Server.elicitation_completed`. If the user says no, the call ends and says
    so; with `Annotated[Elicited[str], ElicitUrl(...)]` the handler gets what came of it instead.
    """

    message: Text
    """What to tell the user."""
    url: Text
    """The page. A function is called once in a call, so it may make a page for this user alone."""


@attrs.frozen
class Sample:
    """Ask the client's model for a parameter: `Annotated[str, Sample("Summarise {text}")]`.

    A `str` gets the words of the answer, a `Sampled` or a `CreateMessageResult` all of it.
    """

    messages: Messages | Callable[..., Messages]
    """What the user says, with the arguments in braces, or the conversation; or a function of arguments that
    returns it."""
    max_tokens: int = attrs.field(default=MAX_TOKENS, kw_only=True)
    """How long the answer may be."""
    system_prompt: str | None = attrs.field(default=None, kw_only=True)
    """What to tell the model before the conversation."""
    temperature: float | None = attrs.field(default=None, kw_only=True)
    """How freely to choose words."""
    stop_sequences: Sequence[str] = attrs.field(default=(), kw_only=True)
    """Texts that end the answer."""
    model_preferences: schema.ModelPreferences | None = attrs.field(default=None, kw_only=True)
    """Which model to take."""
    include_context: Literal["none", "thisServer", "allServers"] | None = attrs.field(
        default=None, kw_only=True
    )
    """Whose context to add."""


@attrs.frozen
class Roots:
    """Ask the client for its roots: `Annotated[tuple[Root, ...], Roots()]`."""


Mark: TypeAlias = Elicit | ElicitUrl | Sample | Roots
"""Says how to ask for a parameter."""

_MARKS: Final = (Elicit, ElicitUrl, Sample, Roots)
_PAGE_TYPES: Final[tuple[JSON, ...]] = (str, Accepted[str] | Declined | Cancelled)
_MODEL_TYPES: Final = (str, Sampled, schema.CreateMessageResult)
_ROOT_TYPES: Final = (tuple[schema.Root, ...], RootList)

Ask: TypeAlias = Callable[[Run, Mapping[str, JSON]], JSON]
"""Asks a question about arguments, and returns what the parameter gets."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Input(Value):
    """One parameter that is asked for."""

    name: str
    """The parameter, and the key of the question."""
    ask: Ask
    """Asks."""
    default: JSON | Absent
    """What it gets where the client cannot be asked; ABSENT where the call ends then."""


def mark_of(where: str, hint: JSON) -> Mark | None:
    """Return what says how to ask for a parameter; None for an argument.

    Args:
        where: the function and the parameter.
        hint: its annotation.

    Raises:
        LocalProtocolError: the annotation has the class of a mark: the model would be asked for the argument.
    """
    notes: tuple[JSON, ...] = getattr(hint, "__metadata__", ())
    bare = next((note for note in notes if note in _MARKS), None)
    if bare is not None:
        raise LocalProtocolError(
            f"{where}: expected {bare.__name__}(...) beside the type, found the class {bare.__name__}"
        )
    return next((note for note in notes if isinstance(note, _MARKS)), None)


def input_of(
    function: str,
    parameter: inspect.Parameter,
    hint: JSON,
    mark: Mark,
    fields: Sequence[RecordField],
    *,
    vocabulary: Vocabulary = PLAIN,
) -> Input:
    """Read a parameter that is asked for.

    Args:
        function: what the function is called.
        parameter: the parameter.
        hint: its annotation.
        mark: how to ask for it.
        fields: the arguments, which the question may name.
        vocabulary: what is known of types beside.

    Raises:
        LocalProtocolError: its type cannot be asked for, or the question names what is no argument.
    """
    where = f"{function}({parameter.name})"
    type_ = get_args(hint)[0]
    match mark:
        case Elicit(message):
            form_of(_asked_type(type_), vocabulary)
            ask = _form(parameter.name, type_, _filled(where, message, fields))
        case ElicitUrl(message, url):
            _check_type(where, type_, _PAGE_TYPES, "str or Elicited[str]")
            ask = _page(parameter.name, type_, _filled(where, message, fields), _filled(where, url, fields))
        case Sample(messages):
            ask = _model(where, parameter.name, type_, mark, _filled(where, messages, fields))
        case Roots():
            _check_type(where, type_, _ROOT_TYPES, "tuple[Root, ...]")
            ask = _roots(parameter.name)
        case _:
            assert_never(mark)
    default = ABSENT if parameter.default is inspect.Parameter.empty else parameter.default
    return Input(name=parameter.name, ask=ask, default=default)


def gather(inputs: Sequence[Input], run: Run, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what was asked for, by parameter.

    Args:
        inputs: what to ask for.
        run: the run that asks.
        arguments: the arguments of the call.

    Raises:
        InputNeeded: some of it is not known yet; all of that is asked now.
        ToolError: the user said no, or the client answered with an error.
        MissingCapability: the client did not declare that it can be asked.
    """
    found: dict[str, JSON] = {}
    refusals: list[ToolError | MissingCapability] = []
    needed: InputNeeded | None = None
    for declared in inputs:
        try:
            found[declared.name] = declared.ask(run, arguments)
        except InputNeeded as asked:
            needed = asked
        except ToolError as refusal:
            refusals.append(refusal)
        except errors.InputRefused as refusal:
            refusals.append(ToolError(f"the client gave no {declared.name}: {refusal.message}"))
        except MissingCapability as missing:
            if declared.default is ABSENT:
                refusals.append(missing)
            found[declared.name] = declared.default
        except BaseException:
            # An answer that does not fit, say: the call ends, so nobody is asked for the rest.
            run.ask_nothing()
            raise
    if refusals:
        # The call ends, so that nobody need be asked for the rest.
        run.ask_nothing()
        raise refusals[0]
    if needed is not None:
        raise needed
    return found


def _check_type(where: str, found: JSON, types: Sequence[JSON], expected: str) -> None:
    if found not in types:
        raise LocalProtocolError(f"{where}: expected the type {expected}, found {found!r:.80}")


def _asked_type(type_: JSON) -> JSON:
    """Return what a form asks for; of what came of asking, what the user may fill in."""
    accepted = next((member for member in get_args(type_) if get_origin(member) is Accepted), None)
    return type_ if accepted is None else get_args(accepted)[0]


def _form(key: str, type_: JSON, message_of: Callable[[Mapping[str, JSON]], JSON]) -> Ask:
    wanted = _asked_type(type_)

    def ask(run: Run, arguments: Mapping[str, JSON]) -> JSON:
        message = message_of(arguments)
        result = ask_form(run, key, message, wanted)
        return _accepted(result, message) if wanted is type_ else result

    return ask


def _page(
    key: str,
    type_: JSON,
    message_of: Callable[[Mapping[str, JSON]], JSON],
    url_of: Callable[[Mapping[str, JSON]], JSON],
) -> Ask:
    def ask(run: Run, arguments: Mapping[str, JSON]) -> JSON:
        message = message_of(arguments)
        # Made once: another page in the next run would be another question.
        name = f"page of {key}"
        if name not in run.kept:
            run.kept[name] = url_of(arguments)
        result = ask_page(run, key, message, run.kept[name])
        return _accepted(result, message) if type_ is str else result

    return ask


def _accepted(result: Elicited[JSON], message: str) -> JSON:
    """Return what the user said; who says nothing ends the call."""
    match result:
        case Accepted(value):
            return value
        case Declined():
            raise ToolError(f"the user declined to answer: {message}")
        case Cancelled():
            raise ToolError(f"the user gave no answer: {message}")
    assert_never(result)


def _model(
    where: str, key: str, type_: JSON, mark: Sample, messages_of: Callable[[Mapping[str, JSON]], JSON]
) -> Ask:
    _check_type(where, type_, _MODEL_TYPES, "str, Sampled or CreateMessageResult")
    whole = type_ is not str

    def ask(run: Run, arguments: Mapping[str, JSON]) -> JSON:
        params = sampling_params(
            messages_of(arguments),
            max_tokens=mark.max_tokens,
            system_prompt=mark.system_prompt,
            temperature=mark.temperature,
            stop_sequences=mark.stop_sequences,
            model_preferences=mark.model_preferences,
            include_context=mark.include_context,
            tools=(),
            tool_choice=None,
        )
        said = ask_model(run, key, params)
        return said if whole else said.text

    return ask


def _roots(key: str) -> Ask:
    return lambda run, _: ask_roots(run, key)


def _filled(where: str, source: JSON, fields: Sequence[RecordField]) -> Callable[[Mapping[str, JSON]], JSON]:
    """Return what makes a text, or messages, of arguments."""
    defaults = {field.name: field.default for field in fields}
    if isinstance(source, str):
        _check_names(where, _named_in(where, source), defaults)
        return lambda arguments: source.format(**{**defaults, **arguments})
    if not callable(source):
        return lambda _: source
    names = tuple(inspect.signature(source).parameters)
    _check_names(where, names, defaults)
    return lambda arguments: source(*({**defaults, **arguments}[name] for name in names))


def _named_in(where: str, text: str) -> list[str]:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise LocalProtocolError(f"{where}: {text!r:.80}: {error}; write a brace twice to mean it") from error
    return [name.partition(".")[0].partition("[")[0] for name in names]


def _check_names(where: str, names: Sequence[str], known: Mapping[str, JSON]) -> None:
    for name in names:
        if name not in known:
            raise LocalProtocolError(
                f"{where}: the question names {name!r}; expected arguments: {', '.join(known) or '(none)'}"
            )
