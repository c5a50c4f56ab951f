"""A server of the official Python SDK with everything it can offer, for our client to look at."""

import sys
import warnings
from typing import Annotated, Any, Literal

from mcp.server import ServerRequestContext
from mcp.server.caching import CacheHint
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve, Sample
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import (
    Annotations,
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    Completion,
    CompletionArgument,
    CompletionContext,
    CreateMessageResultWithTools,
    EmbeddedResource,
    EmptyResult,
    Icon,
    ImageContent,
    ListResourcesResult,
    PaginatedRequestParams,
    PromptReference,
    Resource,
    ResourceLink,
    ResourceTemplateReference,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field
from serving import serve

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)

BOARD = "board://main"
ICON = Icon(src="https://example.org/icon.png", mime_type="image/png", sizes=["48x48"])
META = {"example.org/kind": "interop"}
PAGE = 4

LOOKUP = Tool(name="lookup", input_schema={"type": "object", "properties": {"city": {"type": "string"}}})


class Day(BaseModel):
    """One day of a forecast."""

    name: str
    degrees: float


class Order(BaseModel):
    """A form with a choice, several choices and defaults."""

    name: str = Field(description="Who orders")
    colour: Literal["red", "green"]
    extras: list[Literal["milk", "sugar"]] = Field(default_factory=list)
    size: int = Field(default=3, ge=1, le=9)
    express: bool = False


def order() -> Elicit[Order]:
    """The question behind `orders`."""
    return Elicit("What do you order?", Order)


def lookup() -> Sample:
    """The question behind `chats`."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="How is it?"))
    return Sample([message], max_tokens=10, tools=[LOOKUP])


def add_results(server: MCPServer) -> None:
    """Tools whose results are of every kind."""

    @server.tool(
        title="Forecast",
        icons=[ICON],
        annotations=ToolAnnotations(read_only_hint=True),
        meta=META,
    )
    def forecast(city: str, days: Annotated[int, Field(ge=1, le=3)] = 2) -> list[Day]:
        """Forecast the weather."""
        return [Day(name=f"{city} {number}", degrees=20.5 + number) for number in range(days)]

    @server.tool()
    def today(city: str) -> Day:
        """Return an object."""
        return Day(name=city, degrees=21.5)

    @server.tool(structured_output=False)
    def kinds() -> CallToolResult:
        """Return content of every kind."""
        text = TextResourceContents(uri="note://home/1", mime_type="text/plain", text="Buy milk")
        raw = BlobResourceContents(uri="blob://raw", mime_type="application/octet-stream", blob="BA==")
        hints = Annotations(audience=["user"], priority=0.5)
        return CallToolResult(
            content=[
                TextContent(type="text", text="words", annotations=hints),
                ImageContent(type="image", data="AAE=", mime_type="image/png"),
                AudioContent(type="audio", data="AgM=", mime_type="audio/wav"),
                ResourceLink(type="resource_link", uri=BOARD, name="board", mime_type="text/plain"),
                EmbeddedResource(type="resource", resource=text),
                EmbeddedResource(type="resource", resource=raw),
            ],
            _meta={"beside": [1, {"z": None}]},
        )

    @server.tool(structured_output=False)
    def crashes() -> str:
        """Raise what only the author is to see."""
        raise RuntimeError("a secret")


def add_questions(server: MCPServer) -> None:
    """Tools that ask the client."""

    @server.tool(structured_output=False)
    async def orders(answer: Annotated[Order, Resolve(order)]) -> str:
        """Ask by a form."""
        return answer.model_dump_json()

    @server.tool(structured_output=False)
    async def pays(ctx: Context) -> str:
        """Send the user to a page; the SDK can do that in the legacy era alone."""
        result = await ctx.elicit_url("Pay here", "https://pay.example.org/1", "payment-1")
        return result.action

    @server.tool(structured_output=False)
    async def chats(said: Annotated[CreateMessageResultWithTools, Resolve(lookup)]) -> str:
        """Let the model call a tool."""
        blocks = said.content if isinstance(said.content, list) else [said.content]
        return ",".join(f"{block.name}({block.input})" for block in blocks if block.type == "tool_use")

    @server.tool(structured_output=False)
    async def speaks(ctx: Context) -> str:
        """Log at every level."""
        for level in ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"):
            await ctx.log(level, {"level": level}, logger_name="speaker")  # type: ignore[arg-type]
        return "spoken"


def add_resources(server: MCPServer) -> None:
    """Resources, templates, prompts and completion."""
    read = {"board": 0}

    @server.resource(BOARD, title="The board", icons=[ICON], annotations=Annotations(priority=1.0), meta=META)
    def board() -> str:
        read["board"] += 1
        return f"read {read['board']} times"

    @server.resource("note://{folder}/{number}", title="Notes", mime_type="text/plain")
    def note(folder: str, number: int) -> str:
        if number > 100:
            raise ResourceNotFoundError(f"no note {number}")
        return f"{folder} {number + 1}"

    @server.prompt(title="Review", icons=[ICON])
    def review(folder: str, number: int, tone: str = "kind") -> list[Any]:
        """Review a note."""
        return [f"Review {folder} {number + 1}, {tone}"]

    @server.completion()
    async def complete(
        _ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        settled = (context.arguments if context else None) or {}
        return Completion(values=[f"{argument.value}{len(settled)}"], total=1, has_more=False)


def add_changes(server: MCPServer) -> None:
    """Tools that change the server while it serves."""

    async def late() -> str:
        return "here"

    @server.tool(structured_output=False)
    async def grows(ctx: Context) -> str:
        """Add a tool."""
        server.add_tool(late, name="late", structured_output=False)
        if ctx.protocol_version == "2026-07-28":
            await ctx.notify_tools_changed()
        else:
            await ctx.session.send_tool_list_changed()
        return "grown"

    @server.tool(structured_output=False)
    async def touches(ctx: Context) -> str:
        """Tell that the board was updated."""
        if ctx.protocol_version == "2026-07-28":
            await ctx.notify_resource_updated(BOARD)
        else:
            await ctx.session.send_resource_updated(BOARD)
        return "touched"


def add_pages_and_legacy_methods(server: MCPServer) -> None:
    """List resources in pages, and serve what there is no decorator for."""

    async def pages(_context: ServerRequestContext[Any], params: Any) -> ListResourcesResult:
        begin = int(params.cursor or 0) if params else 0
        items = [Resource(uri=f"item://{number}", name=f"item {number}") for number in range(10)]
        end = begin + PAGE
        return ListResourcesResult(
            resources=items[begin:end], next_cursor=str(end) if end < len(items) else None
        )

    async def accept(_context: ServerRequestContext[Any], _params: Any) -> EmptyResult:
        return EmptyResult()

    add = server._lowlevel_server.add_request_handler
    add("resources/list", PaginatedRequestParams, pages)
    add("logging/setLevel", SetLevelRequestParams, accept)
    add("resources/subscribe", SubscribeRequestParams, accept)
    add("resources/unsubscribe", UnsubscribeRequestParams, accept)


def build() -> MCPServer:
    """Build the server."""
    hour = CacheHint(ttl_ms=3_600_000, scope="public")
    server = MCPServer(
        "peer-features",
        title="Peer features",
        version="1.2.3",
        icons=[ICON],
        log_level="CRITICAL",
        cache_hints={"resources/read": hour},
    )
    add_results(server)
    add_questions(server)
    add_resources(server)
    add_changes(server)
    add_pages_and_legacy_methods(server)
    return server


if __name__ == "__main__":
    server = build()
    applications = {"http": ("/mcp", server.streamable_http_app)}
    serve(sys.argv[1:], lambda: server.run("stdio"), applications)
