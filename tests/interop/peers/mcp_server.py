"""A server of the official Python SDK, for our client to talk to.

Run under the interpreter of the peer's environment: `python mcp_server.py [MODE [APPLICATION [PORT]]]`.
MODE `full` (the default) serves both eras with everything below; `bare` serves one tool and nothing else.
It is served over stdio, or as an application over HTTP: see `serving`.
"""

import sys
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
from mcp.server import ServerRequestContext
from mcp.server.mcpserver import Context, Elicit, ListRoots, MCPServer, Resolve, Sample
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    CreateMessageResult,
    EmptyResult,
    JSONRPCMessage,
    ListRootsResult,
    PromptReference,
    ResourceTemplateReference,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel
from serving import serve

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)

NOTE = "note://greeting"


class Name(BaseModel):
    """The form that `asks` puts to the user."""

    name: str


class Weather(BaseModel):
    """What `weather` returns."""

    city: str
    degrees: float
    tags: list[str]


@dataclass
class Record:
    """What the tests may ask about afterwards."""

    cancelled: int = 0
    level: str = ""


def name_of_user() -> Elicit[Name]:
    """The question behind `asks`, in either era."""
    return Elicit("What is your name?", Name)


def sampled() -> Sample:
    """The question behind `samples`."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="Say hello"))
    return Sample([message], max_tokens=10)


def roots() -> ListRoots:
    """The question behind `lists_roots`."""
    return ListRoots()


def add_plain_tools(server: MCPServer) -> None:
    """Tools that need nothing from the client."""

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool(structured_output=False)
    def echo(text: str) -> str:
        """Return the text."""
        return text

    @server.tool()
    def weather(city: str) -> Weather:
        """Return a typed result."""
        return Weather(city=city, degrees=21.5, tags=["sunny", "dry"])

    @server.tool(structured_output=False)
    def fails(reason: str) -> str:
        """Raise what the SDK shows to the client."""
        raise ToolError(reason)

    @server.tool(structured_output=False)
    def crashes() -> str:
        """Raise what nobody expected."""
        raise RuntimeError("crashed inside")


def add_long_tools(server: MCPServer, record: Record) -> None:
    """Tools that report progress and can be cancelled."""

    @server.tool(structured_output=False)
    async def slow(steps: int, ctx: Context, pause: float = 0.0) -> str:
        """Report progress for each step, waiting `pause` seconds in between."""
        for step in range(1, steps + 1):
            await ctx.report_progress(step, steps, f"step {step} of {steps}")
            await anyio.sleep(pause)
        return f"{steps} steps"

    @server.tool(structured_output=False)
    async def comes_back(ctx: Context) -> str:
        """Close the response for a while, where events are kept; a client may come back for the rest."""
        await ctx.report_progress(1, 2)
        await ctx.close_sse_stream()
        await anyio.sleep(0.2)
        await ctx.report_progress(2, 2)
        return "back"

    @server.tool(structured_output=False)
    async def waits(ctx: Context) -> str:
        """Report progress once, then wait until cancelled."""
        await ctx.report_progress(1, 2, "waiting")
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            record.cancelled += 1
            raise
        raise AssertionError

    @server.tool(structured_output=False)
    def cancelled_calls() -> str:
        """Tell how many calls of `waits` were cancelled."""
        return str(record.cancelled)


def add_asking_tools(server: MCPServer) -> None:
    """Tools that ask the client."""

    @server.tool(structured_output=False)
    async def asks(answer: Annotated[Name, Resolve(name_of_user)]) -> str:
        """Ask for a name in the way of the client's era."""
        return f"Hello, {answer.name}"

    @server.tool(structured_output=False)
    async def asks_twice(
        first: Annotated[Name, Resolve(name_of_user)],
        message: Annotated[CreateMessageResult, Resolve(sampled)],
    ) -> str:
        """Ask for a name and for a sampled message at once."""
        return f"{first.name}: {message.model}"

    @server.tool(structured_output=False)
    async def asks_at_once(ctx: Context) -> str:
        """Ask by a request of the server, which only legacy clients can receive."""
        result = await ctx.elicit("What is your name?", Name)
        return f"Hello, {result.data.name}" if result.action == "accept" else result.action

    @server.tool(structured_output=False)
    async def samples(message: Annotated[CreateMessageResult, Resolve(sampled)]) -> str:
        """Ask the client's model."""
        content = message.content
        return f"{message.model}: {content.text if isinstance(content, TextContent) else content.type}"

    @server.tool(structured_output=False)
    async def lists_roots(found: Annotated[ListRootsResult, Resolve(roots)]) -> str:
        """Ask for the client's roots."""
        return ",".join(str(root.uri) for root in found.roots)


def add_notifying_tools(server: MCPServer) -> None:
    """Tools that send notifications."""

    @server.tool(structured_output=False)
    async def logs(text: str, ctx: Context) -> str:
        """Log at debug and at warning level."""
        await ctx.debug(f"quiet {text}", logger_name="peer")
        await ctx.warning(f"loud {text}", logger_name="peer")
        return "logged"

    @server.tool(structured_output=False)
    async def changes(ctx: Context) -> str:
        """Announce changed tools, prompts and resources in the way of the client's era."""
        if ctx.protocol_version == "2026-07-28":
            await ctx.notify_tools_changed()
            await ctx.notify_prompts_changed()
            await ctx.notify_resources_changed()
            await ctx.notify_resource_updated(NOTE)
        else:
            await ctx.session.send_tool_list_changed()
            await ctx.session.send_prompt_list_changed()
            await ctx.session.send_resource_list_changed()
            await ctx.session.send_resource_updated(NOTE)
        return "changed"


def add_resources_and_prompts(server: MCPServer) -> None:
    """One of each, and completion for both kinds of reference."""

    @server.resource(NOTE, name="greeting", description="A fixed text.", mime_type="text/plain")
    def greeting() -> str:
        return "Good morning"

    @server.resource("blob://pixels", name="pixels", mime_type="application/octet-stream")
    def pixels() -> bytes:
        return b"\x00\x01\x02"

    @server.resource("note://by-name/{name}", name="by_name", description="A text per name.")
    def by_name(name: str) -> str:
        return f"Good morning, {name}"

    @server.prompt(title="Greet somebody")
    def greet(name: str, tone: str = "kind") -> str:
        """Write a greeting."""
        return f"Greet {name} in a {tone} tone."

    @server.completion()
    async def complete(
        _ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _context: CompletionContext | None,
    ) -> Completion | None:
        values = [value for value in ("kind", "kindly", "cool") if value.startswith(argument.value)]
        return Completion(values=values, total=len(values), has_more=False)


class Memory(EventStore):
    """Keeps all events."""

    def __init__(self) -> None:
        self._events: list[tuple[StreamId, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        """Keep an event; its id is its number."""
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        """Send what came later on the same stream."""
        last = int(last_event_id)
        stream = self._events[last - 1][0]
        for number, (other, message) in enumerate(self._events[last:], last + 1):
            if other == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


def add_legacy_methods(server: MCPServer, record: Record) -> None:
    """Serve `logging/setLevel` and the subscribe methods, for which there is no decorator."""
    handlers: list[tuple[str, type[BaseModel]]] = [
        ("logging/setLevel", SetLevelRequestParams),
        ("resources/subscribe", SubscribeRequestParams),
        ("resources/unsubscribe", UnsubscribeRequestParams),
    ]

    async def accept(_context: ServerRequestContext[Any], params: Any) -> EmptyResult:
        if isinstance(params, SetLevelRequestParams):
            record.level = params.level
        return EmptyResult()

    add: Callable[[str, type[BaseModel], Callable[..., Awaitable[EmptyResult]]], None]
    add = server._lowlevel_server.add_request_handler
    for method, params_type in handlers:
        add(method, params_type, accept)


def build(mode: str) -> MCPServer:
    """Build the server of that mode."""
    server = MCPServer(
        "peer-server",
        title="Peer server",
        instructions="For interop tests.",
        version="1.2.3",
        log_level="ERROR",
    )
    record = Record()
    add_plain_tools(server)
    if mode == "full":
        add_long_tools(server, record)
        add_asking_tools(server)
        add_notifying_tools(server)
        add_resources_and_prompts(server)
        add_legacy_methods(server, record)
    return server


if __name__ == "__main__":
    server = build(sys.argv[1] if len(sys.argv) > 1 else "full")
    applications = {
        "http": ("/mcp", server.streamable_http_app),
        "json": ("/mcp", lambda: server.streamable_http_app(json_response=True)),
        "stateless": ("/mcp", lambda: server.streamable_http_app(stateless_http=True)),
        "stored": ("/mcp", lambda: server.streamable_http_app(event_store=Memory(), retry_interval=50)),
        "sse": ("/sse", server.sse_app),
    }
    serve(sys.argv[2:], lambda: server.run("stdio"), applications)
