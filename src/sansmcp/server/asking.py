"""The questions that a run can put to its client: a form, a page, a model, the roots.

Each returns the answer where it is known; else the run stops there. See `Context` for handlers, and
`inputs` for parameters.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar, assert_never

from sansmcp import errors, schema
from sansmcp.errors import RpcError
from sansmcp.schema import INVALID_PARAMS, SchemaError
from sansmcp.server.answers import Accepted, Cancelled, Declined, Elicited, RootList, Sampled, sampled
from sansmcp.server.forms import form_given, form_of
from sansmcp.server.memory import Answer
from sansmcp.server.runs import Run
from sansmcp.session import InputRefused
from sansmcp.values import JSON

T = TypeVar("T")

Messages: TypeAlias = str | schema.SamplingMessage | Sequence[str | schema.SamplingMessage]
"""A conversation: what the user says, or messages in their order."""

# A page of text; the client bounds it further.
MAX_TOKENS = 1024


def ask_form(run: Run, key: str, message: str, type_: JSON) -> Elicited[JSON]:
    """Ask the client's user to fill in a form; see `Context.elicit`."""
    is_given = isinstance(type_, schema.RequestedSchema)
    form = form_given(type_) if is_given else form_of(type_, run.around.vocabulary)
    params = schema.ElicitRequestFormParams(message=message, requested_schema=form.requested)
    answer = run.ask(key, schema.InputRequest(method="elicitation/create", params=params))
    result = _result(key, answer, schema.ElicitResult)
    refusal = _refusal(result)
    if refusal is not None:
        return refusal
    content = {name: _as_read(value) for name, value in (result.content or {}).items()}
    try:
        return Accepted(form.read(content))
    except SchemaError as error:
        raise RpcError(INVALID_PARAMS, f"the answer to {key!r} does not fit: {error}") from error


def ask_page(run: Run, key: str, message: str, url: str) -> Elicited[str]:
    """Ask the client's user to visit a page; see `Context.elicit_url`."""
    elicitation_id = run.elicitation_id(key)
    params = schema.ElicitRequestURLParams(message=message, url=url, elicitation_id=elicitation_id)
    answer = run.ask(key, schema.InputRequest(method="elicitation/create", params=params))
    return _refusal(_result(key, answer, schema.ElicitResult)) or Accepted(elicitation_id)


def ask_model(run: Run, key: str, params: schema.CreateMessageRequestParams) -> Sampled:
    """Ask the client's model; see `Context.sample`."""
    answer = run.ask(key, schema.InputRequest(method="sampling/createMessage", params=params))
    return sampled(_result(key, answer, schema.CreateMessageResult))


def ask_roots(run: Run, key: str) -> RootList:
    """Ask where in the client's file system to work; see `Context.roots`."""
    params = schema.ListRootsRequestParams()
    answer = run.ask(key, schema.InputRequest(method="roots/list", params=params))
    return RootList(_result(key, answer, schema.ListRootsResult).roots)


def sampling_params(
    messages: Messages | schema.CreateMessageRequestParams,
    *,
    max_tokens: int,
    system_prompt: str | None,
    temperature: float | None,
    stop_sequences: Sequence[str],
    model_preferences: schema.ModelPreferences | None,
    include_context: Literal["none", "thisServer", "allServers"] | None,
    tools: Sequence[schema.Tool],
    tool_choice: schema.ToolChoice | None,
) -> schema.CreateMessageRequestParams:
    """Return the params of a question to a model; params are themselves."""
    if isinstance(messages, schema.CreateMessageRequestParams):
        return messages
    listed = [messages] if isinstance(messages, str | schema.SamplingMessage) else messages
    return schema.CreateMessageRequestParams(
        messages=tuple(_message(message) for message in listed),
        max_tokens=max_tokens,
        system_prompt=system_prompt,
        temperature=temperature,
        stop_sequences=tuple(stop_sequences) or None,
        model_preferences=model_preferences,
        include_context=include_context,
        tools=tuple(tools) or None,
        tool_choice=tool_choice,
    )


def _message(message: str | schema.SamplingMessage) -> schema.SamplingMessage:
    if isinstance(message, schema.SamplingMessage):
        return message
    return schema.SamplingMessage(role="user", content=schema.TextContent(text=message))


def _refusal(result: schema.ElicitResult) -> Declined | Cancelled | None:
    match result.action:
        case "decline":
            return Declined()
        case "cancel":
            return Cancelled()
        case "accept":
            return None
    assert_never(result.action)


def _result(key: str, answer: Answer, type_: type[T]) -> T:
    said = answer.said
    if isinstance(said, InputRefused):
        raise errors.InputRefused(key, said.code, said.message, said.data)
    if not isinstance(said, type_):
        raise RpcError(INVALID_PARAMS, f"the answer to {key!r} is one to another kind of question")
    return said


def _as_read(value: JSON) -> JSON:
    # The vocabulary keeps several choices in a tuple; readers take what a document holds.
    return list(value) if isinstance(value, tuple) else value
