"""Our server with everything it can offer, for the peers' clients of `peers/featuring.py`.

Run as `python -m tests.interop.our_features [RUNTIME [WAY [PORT]]]`, as `our_server` is.
"""

import sys
from enum import Enum
from typing import Annotated, Literal

import attrs
from tests.interop.serving import serve

from sansmcp import Accepted, Context, Server, ToolError, schema
from sansmcp.schema import Annotations, Icon, ToolAnnotations
from sansmcp.server import (
    Audio,
    CacheHint,
    Complete,
    Content,
    Description,
    Elicit,
    Embedded,
    Ge,
    Image,
    Le,
    Text,
)
from sansmcp.session import Incoming, Proceed, Steps

ICON = Icon(src="https://example.org/icon.png", mime_type="image/png", sizes=("48x48",))
META = {"example.org/kind": "interop"}
BOARD = "board://main"
FOLDERS = ("home", "work")


class Colour(Enum):
    """What a form lets choose from."""

    RED = "red"
    GREEN = "green"


@attrs.frozen
class Day:
    """One day of a forecast."""

    name: str
    degrees: float
    parent: "Day | None" = None


@attrs.frozen
class Order:
    """A form with all that forms can ask for."""

    name: Annotated[str, Description("Who orders")]
    colour: Colour
    extras: list[Literal["milk", "sugar"]]
    size: Annotated[int, Ge(1), Le(9)] = 3
    note: str | None = None
    express: bool = False


@attrs.frozen
class Place:
    """The form of a declared input."""

    state: str = "Texas"


FORECAST = schema.Tool(
    name="lookup", input_schema={"type": "object", "properties": {"city": {"type": "string"}}}
)


def add_results(server: Server) -> None:
    """Tools whose results are of every kind."""

    @server.tool(
        title="Forecast",
        icons=[ICON],
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        meta=META,
    )
    def forecast(
        city: Annotated[str, Description("Where")],
        days: Annotated[int, Ge(1), Le(3), Description("How many")] = 2,
    ) -> list[Day]:
        """Forecast the weather."""
        return [Day(f"{city} {number}", 20.5 + number) for number in range(days)]

    @server.tool
    def today(city: str) -> Day:
        """Return an object in an object."""
        return Day(city, 21.5, Day("yesterday", 20.0))

    @server.tool
    def kinds() -> list[str | Content]:
        """Return content of every kind."""
        return [
            Text("words", annotations=Annotations(audience=("user",), priority=0.5)),
            Image(b"\x00\x01", "image/png"),
            Audio(b"\x02\x03", "audio/wav"),
            schema.ResourceLink(uri=BOARD, name="board", mime_type="text/plain"),
            Embedded("note://home/1", "Buy milk", "text/plain"),
            Embedded("blob://raw", b"\x04", "application/octet-stream"),
        ]

    @server.tool
    def nothing() -> None:
        """Return nothing."""

    @server.tool
    def beside(ctx: Context) -> schema.CallToolResult:
        """Return what travels beside the request, beside the result."""
        return schema.CallToolResult(
            content=(schema.TextContent(text="beside"),), meta={"heard": ctx.meta.get("x/y")}
        )

    schema_with_header = {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        "required": ["region"],
    }

    @server.tool(input_schema=schema_with_header)
    def regional(arguments: dict[str, str]) -> str:
        """Take an argument that HTTP repeats in a header."""
        return arguments["region"]

    @server.tool
    def crashes() -> str:
        """Raise what only the author is to see."""
        raise RuntimeError("a secret")


def add_questions(server: Server) -> None:
    """Tools that ask the client."""

    @server.tool
    def orders(ctx: Context) -> str:
        """Ask by a form with every kind of field."""
        match ctx.elicit("order", "What do you order?", Order):
            case Accepted(value=order):
                return f"{order!r}"
            case _:
                raise ToolError("nothing ordered")

    @server.tool
    def books(city: str, place: Annotated[Place, Elicit("Which {city}?")]) -> str:
        """Have a declared input."""
        return f"{city} in {place.state}"

    @server.tool
    def pays(ctx: Context) -> str:
        """Send the user to a page."""
        match ctx.elicit_url("page", "Pay here", "https://pay.example.org/1"):
            case Accepted():
                return "paid"
            case _:
                raise ToolError("not paid")

    @server.tool
    def chats(ctx: Context) -> str:
        """Let the model call a tool."""
        hello = schema.SamplingMessage(role="user", content=schema.TextContent(text="How is it?"))
        first = ctx.sample("first", [hello], tools=[FORECAST])
        results = tuple(
            schema.ToolResultContent(tool_use_id=use.id, content=(schema.TextContent(text="sunny"),))
            for use in first.tool_calls
        )
        conversation = (
            hello,
            schema.SamplingMessage(role="assistant", content=first.content),
            schema.SamplingMessage(role="user", content=results),
        )
        return ctx.sample("second", conversation, tools=[FORECAST]).text

    @server.tool
    def rooted(ctx: Context) -> str:
        """Ask for the roots."""
        return " ".join(f"{root.name}={root.uri}" for root in ctx.roots())

    @server.tool
    def speaks(ctx: Context) -> str:
        """Log at every level."""
        for level in ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"):
            ctx.log(level, {"level": level}, logger="speaker")
        return "spoken"


def add_resources(server: Server) -> None:
    """Resources on several pages, templates with types, prompts, completion."""
    read = {"board": 0}

    @server.resource(BOARD, title="The board", icons=[ICON], annotations=Annotations(priority=1.0), meta=META)
    def board() -> str:
        """Hold a text that changes."""
        read["board"] += 1
        return f"read {read['board']} times"

    for number in range(9):
        server.add_resource(f"item://{number}", bytes([number]), name=f"item {number}")

    @server.resource("note://{folder}/{number}", title="Notes", mime_type="text/plain", meta=META)
    def note(folder: Annotated[str, Complete(FOLDERS)], number: int) -> str:
        """Read one note."""
        return f"{folder} {number + 1}"

    @server.resource("find://notes{?words,limit}")
    def find(words: str = "", limit: int = 5) -> dict[str, str | int]:
        """Find notes."""
        return {"words": words, "limit": limit}

    @server.prompt(title="Review", icons=[ICON])
    def review(
        folder: Annotated[str, Complete(FOLDERS), Description("Where")],
        number: int,
        tone: Literal["kind", "frank"] = "kind",
    ) -> list[str | Content]:
        """Review a note."""
        return [
            f"Review {folder} {number + 1}, {tone}",
            Embedded(f"note://{folder}/{number}", "text", "text/plain"),
        ]

    @server.completer("review", "number")
    def numbers(typed: str, settled: dict[str, str]) -> list[str]:
        return [f"{typed}{len(settled.get('folder', ''))}", *(str(number) for number in range(200))]


def add_changes(server: Server) -> None:
    """Tools that change the server while it serves."""

    @server.tool
    def grows() -> str:
        """Add a tool, a prompt and a resource."""
        server.add_tool(lambda: "here", name="late", description="Came late.")
        server.add_prompt(lambda: "Late.", name="late")
        server.add_resource("late://one", "late")
        return "grown"

    @server.tool
    def shrinks() -> str:
        """Remove what was added."""
        server.tools["late"].remove()
        server.prompts["late"].remove()
        server.resources["late://one"].remove()
        return "shrunk"

    @server.tool
    def touches() -> str:
        """Tell that the board was updated."""
        server.resource_updated(BOARD)
        return "touched"


def add_hearing_of_roots(server: Server) -> None:
    """Count how often clients say that their roots have changed; no handler is needed to hear it."""
    heard = []

    @server.middleware
    def hear(message: Incoming, proceed: Proceed) -> Steps:
        if message.method == "notifications/roots/list_changed":
            heard.append(message)
        return (yield from proceed(message))

    @server.tool
    def roots_changes() -> int:
        """Tell how often."""
        return len(heard)


def build() -> Server:
    """Build the server."""
    hour = CacheHint(ttl_ms=3_600_000, scope="public")
    server = Server(
        "our-features",
        version="1.2.3",
        icons=[ICON],
        page_size=4,
        cache_of={"resources/read": hour, "tools/list": hour},
    )
    add_results(server)
    add_questions(server)
    add_resources(server)
    add_changes(server)
    add_hearing_of_roots(server)
    return server


if __name__ == "__main__":
    serve(lambda _runtime: build(), sys.argv[1:])
