"""Calls as values: what a client asks, and how the answer becomes what the caller gets.

A call is built here once for every binding. A binding sends it, waits in its own colour, and reads
the value off the outcome with `outcomes`; it knows no method by name.
"""

from collections.abc import Callable, Mapping
from typing import Generic, TypeAlias, TypeVar, overload

import attrs

from sansmcp import schema
from sansmcp.client.checking import Validate, check_choice
from sansmcp.client.feeds import Waiter
from sansmcp.client.icons import result_with_safe_icons
from sansmcp.client.typed_results import typed_reader
from sansmcp.errors import LocalProtocolError
from sansmcp.session import CallHandle, ClientSession, ProgressReceived
from sansmcp.values import JSON, Value

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

OnProgress: TypeAlias = Callable[[ProgressReceived], object]
"""Told of each progress of a call, in order and before its outcome; what it returns is not looked at."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Call(Value, Generic[T_co]):
    """One call of a method of the server, not yet sent; it may be sent again, and to other servers."""

    method: str
    """The method."""
    params: JSON = None
    """A value of the params type in the method table, a JSON object, or None."""
    read: Callable[[JSON], T_co] = attrs.field(repr=False)
    """Makes what the caller gets of the typed result; see `outcomes.value_of`."""
    timeout: float | None = None
    """Seconds without an answer or progress; None for those of the session."""
    maximum: float | None = None
    """Seconds in all; None for those of the session."""
    on_progress: OnProgress | None = None
    """Whom to tell of progress; None for nobody, and then the server is not asked for any."""
    validate: Validate | None = None
    """What becomes of a result that breaks the schema of its tool; None for what the client says."""
    locally: Callable[[Waiter], None] | None = attrs.field(default=None, repr=False)
    """Waits for something on this side instead of asking the server; its value is `read(None)`."""

    def send(self, session: ClientSession, now: float) -> CallHandle | None:
        """Send the call.

        Afterwards drain actions(), next_event() and next_deadline() of the session.

        Args:
            session: the session that makes the call.
            now: the time.

        Returns:
            The handle that the outcome will carry. None if the session needs no answer: the call is over,
            and its value is `read(None)`.

        Raises:
            MissingCapability: if the server did not declare what the method needs.
            LocalProtocolError: if there is no connection, or its revision has no such method.
        """
        if isinstance(self.params, schema.SetLevelRequestParams):
            # A modern session says the level with every request instead of calling.
            return session.set_log_level(self.params.level, now)
        return session.send_request(
            self.method,
            self.params,
            now,
            timeout=self.timeout,
            maximum=self.maximum,
            progress=self.on_progress is not None,
        )


def _call(
    method: str,
    params: JSON,
    result_type: type[T],
    *,
    timeout: float | None,
    maximum: float | None,
    on_progress: OnProgress | None,
) -> Call[T]:
    def read(result: JSON) -> T:
        if not isinstance(result, result_type):
            raise LocalProtocolError(
                f"{method}: expected a result of type {result_type.__name__}, found {type(result).__name__}; "
                "the method table of the session says which type it has"
            )
        safe: T = result_with_safe_icons(result)
        return safe

    return Call(
        method=method,
        params=params,
        read=read,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


@overload
def call_tool(
    name: str,
    arguments: Mapping[str, JSON] | None = None,
    *,
    meta: Mapping[str, JSON] | None = None,
    validate: Validate | None = None,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.CallToolResult]: ...
@overload
def call_tool(
    name: str,
    arguments: Mapping[str, JSON] | None = None,
    *,
    result_type: type[T],
    meta: Mapping[str, JSON] | None = None,
    validate: Validate | None = None,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[T]: ...
def call_tool(
    name: str,
    arguments: Mapping[str, JSON] | None = None,
    *,
    result_type: type[JSON] = schema.CallToolResult,
    meta: Mapping[str, JSON] | None = None,
    validate: Validate | None = None,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[JSON]:
    """Call a tool.

    Args:
        name: the tool.
        arguments: its arguments, as a JSON object.
        result_type: the type to read its structured result into, by the same rules by which servers read
            arguments; by default one gets the whole result. A tool that says that it failed then raises
            ToolFailed, and what does not fit the type raises ResultInvalid.
        meta: what travels beside the request in `_meta`.
        validate: what becomes of a result that breaks the tool's output schema: "check" raises
            ResultInvalid, "report" only logs, "off" does not look; None for what the client says.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Tools, Calling Tools.
    """
    if validate is not None:
        check_choice(validate, "call_tool(validate=...)")
    params = schema.CallToolRequestParams(name=name, arguments=arguments, meta=meta)
    call: Call[JSON] = _call(
        "tools/call", params, schema.CallToolResult, timeout=timeout, maximum=maximum, on_progress=on_progress
    )
    typed = None if result_type is schema.CallToolResult else typed_reader(name, result_type)
    plain = call.read
    read = plain if typed is None else lambda result: typed(plain(result))
    return attrs.evolve(call, read=read, validate=validate)


def list_tools(
    cursor: str | None = None,
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.ListToolsResult]:
    """Ask for one page of the tools.

    Args:
        cursor: the `next_cursor` of the page before; None for the first page.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Tools, Listing Tools; Pagination.
    """
    params = schema.PaginatedRequestParams(cursor=cursor)
    return _call(
        "tools/list",
        params,
        schema.ListToolsResult,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def list_prompts(
    cursor: str | None = None,
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.ListPromptsResult]:
    """Ask for one page of the prompts.

    Args:
        cursor: the `next_cursor` of the page before; None for the first page.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Prompts, Listing Prompts; Pagination.
    """
    params = schema.PaginatedRequestParams(cursor=cursor)
    return _call(
        "prompts/list",
        params,
        schema.ListPromptsResult,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def list_resources(
    cursor: str | None = None,
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.ListResourcesResult]:
    """Ask for one page of the resources.

    Args:
        cursor: the `next_cursor` of the page before; None for the first page.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Resources, Listing Resources; Pagination.
    """
    params = schema.PaginatedRequestParams(cursor=cursor)
    return _call(
        "resources/list",
        params,
        schema.ListResourcesResult,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def list_resource_templates(
    cursor: str | None = None,
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.ListResourceTemplatesResult]:
    """Ask for one page of the templates of resources.

    Args:
        cursor: the `next_cursor` of the page before; None for the first page.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Resources, Resource Templates; Pagination.
    """
    params = schema.PaginatedRequestParams(cursor=cursor)
    result_type = schema.ListResourceTemplatesResult
    return _call(
        "resources/templates/list",
        params,
        result_type,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def get_prompt(
    name: str,
    arguments: Mapping[str, str] | None = None,
    *,
    meta: Mapping[str, JSON] | None = None,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.GetPromptResult]:
    """Ask what a prompt says.

    Args:
        name: the prompt.
        arguments: what it is given, by name.
        meta: what travels beside the request in `_meta`.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Prompts, Getting a Prompt.
    """
    params = schema.GetPromptRequestParams(name=name, arguments=arguments, meta=meta)
    return _call(
        "prompts/get",
        params,
        schema.GetPromptResult,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def read_resource(
    uri: str,
    *,
    meta: Mapping[str, JSON] | None = None,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.ReadResourceResult]:
    """Read a resource.

    Args:
        uri: the resource.
        meta: what travels beside the request in `_meta`.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Resources, Reading Resources.
    """
    params = schema.ReadResourceRequestParams(uri=uri, meta=meta)
    return _call(
        "resources/read",
        params,
        schema.ReadResourceResult,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def complete(
    ref: schema.PromptReference | schema.ResourceTemplateReference,
    argument: str,
    value: str,
    *,
    context: Mapping[str, str] | None = None,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[schema.CompleteResult]:
    """Ask what may be typed next into an argument.

    Args:
        ref: the prompt or the template that is being filled in.
        argument: the name of its argument.
        value: what has been typed so far.
        context: the arguments that are settled already; servers before 2025-06-18 are not told.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.

    Source: Completion, Requesting Completions.
    """
    params = schema.CompleteRequestParams(
        ref=ref,
        argument=schema.CompletionArgument(name=argument, value=value),
        context=None if context is None else schema.CompletionContext(arguments=context),
    )
    return _call(
        "completion/complete",
        params,
        schema.CompleteResult,
        timeout=timeout,
        maximum=maximum,
        on_progress=on_progress,
    )


def ping(*, timeout: float | None = None) -> Call[None]:
    """Ask a legacy server whether it is there; the modern era has no such call.

    Args:
        timeout: seconds without an answer; None for those of the session.

    Source: 2024-11-05 to 2025-11-25, Ping.
    """
    return Call(method="ping", read=_nothing, timeout=timeout)


def set_log_level(level: schema.LoggingLevel) -> Call[None]:
    """Ask for log messages from a level up, in either era.

    Args:
        level: the least severe level that is wanted.

    Source: 2024-11-05 to 2025-11-25, Logging, Setting Log Level; 2026-07-28, Logging.
    """
    return Call(method="logging/setLevel", params=schema.SetLevelRequestParams(level=level), read=_nothing)


@overload
def request(
    method: str,
    params: JSON = None,
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[JSON]: ...
@overload
def request(
    method: str,
    params: JSON,
    result_type: type[T],
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[T]: ...
def request(
    method: str,
    params: JSON = None,
    result_type: type[JSON] = object,
    *,
    timeout: float | None = None,
    maximum: float | None = None,
    on_progress: OnProgress | None = None,
) -> Call[JSON]:
    """Call any method of the session's method table, one's own among them.

    Args:
        method: the method.
        params: a value of its params type, a JSON object, or None.
        result_type: its result type, as the method table says.
        timeout: seconds without an answer or progress; None for those of the session.
        maximum: seconds in all; None for those of the session.
        on_progress: whom to tell of progress.
    """
    return _call(method, params, result_type, timeout=timeout, maximum=maximum, on_progress=on_progress)


def _nothing(result: JSON) -> None:
    """Make nothing of a result that says nothing."""
    del result
