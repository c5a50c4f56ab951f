"""The server that the published suite is played against."""

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import ToolError
from sansmcp.schema import METHODS, Kind, Method, MethodTable, Side
from sansmcp.server import Accepted, CacheHint, Context, Elicit, Server
from sansmcp.testing.suite_offers import FORECAST, PAGE_SIZE, add_offers
from sansmcp.values import JSON

NOTE: Final = "notifications/suite/note"
"""The notification of the suite, which carries a number."""

CHANGE: Final = "notifications/suite/change"
"""The notification that tells the server of the suite to change what it offers."""

SUITE_METHODS: Final[MethodTable] = METHODS.extended(
    Method(name=NOTE, kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int]),
    Method(name=CHANGE, kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, str]),
)
"""The method table of its client."""

Hold: TypeAlias = Callable[[float, Context], JSON]
"""Waits so many seconds in the binding's own colour, but no longer once cancelled, and returns "held".

An `async def` where the binding awaits, whatever its runtime raises when it is cancelled; a `def` that looks
at `Context.cancelled` now and then where it does not.
"""

Talk: TypeAlias = Callable[[int, int, Context], JSON]
"""Sends so many log records of so many bytes, drains after each in the binding's own colour, and returns
"said". Its parameters are `records`, `size` and `ctx`."""


@attrs.frozen
class Place:
    """Where to look."""

    state: str


def suite_server(hold: Hold, talk: Talk, kind: type[Server] = Server) -> Server:
    """Return the server of the suite; one for each scenario.

    Args:
        hold: waits in the binding's own colour; its parameters are `seconds: float` and `ctx: Context`.
        talk: logs and drains in that colour; its parameters are `records: int`, `size: int` and
            `ctx: Context`.
        kind: the class of the server, which may have an endpoint of its own.
    """
    server = kind(
        "suite",
        version="1.0",
        instructions="For the suite.",
        page_size=PAGE_SIZE,
        # Notices wait long enough for an answer to go before them on any machine.
        notice_interval=0.1,
        cache_of={"resources/read": CacheHint(ttl_ms=3_600_000)},
    )
    _add_plain_tools(server)
    _add_asking_tools(server)
    add_offers(server)
    _add_notifications(server)

    @functools.wraps(hold)
    def held(seconds: float, ctx: Context) -> JSON:
        # It has begun: who waits for that sees the progress.
        ctx.progress(1)
        return hold(seconds, ctx)

    server.add_tool(held, name="hold")
    server.add_tool(talk, name="talk")
    return server


def _add_plain_tools(server: Server) -> None:
    falters: list[bool] = []

    def add(a: int, b: int) -> int:
        return a + b

    def echo(text: str) -> schema.TextContent:
        # Content alone: as a value it would be sent twice.
        return schema.TextContent(text=text)

    def count(steps: int, ctx: Context) -> str:
        for step in range(1, steps + 1):
            ctx.progress(step, total=steps)
        return f"counted to {steps}"

    def fail() -> str:
        raise ValueError("for the author's eyes only")

    def falter() -> str:
        falters.append(True)
        if len(falters) == 1:
            raise ValueError("only the first time")
        return "in the end"

    for tool in (add, echo, count, fail, falter):
        server.add_tool(tool)


def _add_asking_tools(server: Server) -> None:
    runs: list[str] = []

    def ask(city: str, ctx: Context) -> str:
        match ctx.elicit("state", f"Which {city}?", Place):
            case Accepted(value=place):
                return f"{city} in {place.state}"
            case _:
                raise ToolError("no state, no city")

    def book(city: str, place: Annotated[Place, Elicit("Which {city}?")]) -> str:
        runs.append(city)
        return f"booked {city} in {place.state} in run {len(runs)}"

    def pay(ctx: Context) -> str:
        match ctx.elicit_url("page", "Pay here", "https://pay.example.org/1"):
            case Accepted():
                return "paid"
            case _:
                raise ToolError("not paid")

    def chat(ctx: Context) -> str:
        hello = schema.SamplingMessage(role="user", content=schema.TextContent(text="How is it?"))
        first = ctx.sample("first", [hello], tools=[FORECAST])
        results = tuple(
            schema.ToolResultContent(
                tool_use_id=use.id, content=(schema.TextContent(text=f"sunny in {use.input['city']}"),)
            )
            for use in first.tool_calls
        )
        conversation = (
            hello,
            schema.SamplingMessage(role="assistant", content=first.content),
            schema.SamplingMessage(role="user", content=results),
        )
        return ctx.sample("second", conversation, tools=[FORECAST]).text

    def rooted(ctx: Context) -> str:
        return " ".join(root.uri for root in ctx.roots())

    for tool in (ask, book, pay, chat, rooted):
        server.add_tool(tool)


def _add_notifications(server: Server) -> None:
    notes: list[int] = []

    def noted() -> str:
        return " ".join(map(str, notes))

    def note(number: int) -> None:
        notes.append(number)

    def late() -> str:
        return "better than never"

    def grow() -> str:
        server.add_tool(lambda: "new", name="new")
        return "grown"

    def shrink() -> str:
        server.tools["new"].remove()
        return "shrunk"

    for tool in (grow, shrink):
        server.add_tool(tool, blocks=False)

    changes: Mapping[str, Callable[[], object]] = {
        "add a tool": lambda: server.add_tool(late),
        "disable a tool": server.tools["echo"].disable,
        "remove a resource": server.resources["item://0"].remove,
        "update a resource": lambda: server.resource_updated("place://Paris"),
    }

    def change(what: str) -> None:
        changes[what]()

    server.add_tool(noted)
    server.add_notification(NOTE, note)
    server.add_notification(CHANGE, change)
