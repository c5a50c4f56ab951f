"""The server that the published suite is played against."""

import functools
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import ToolError
from sansmcp.schema import METHODS, Kind, Method, MethodTable, Side
from sansmcp.server import Accepted, Context, Server
from sansmcp.values import JSON

NOTE: Final = "notifications/suite/note"
"""The notification of the suite, which carries a number."""

SUITE_METHODS: Final[MethodTable] = METHODS.extended(
    Method(name=NOTE, kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int])
)
"""The method table of its client."""

Hold: TypeAlias = Callable[[float, Context], JSON]
"""Waits so many seconds in the binding's own colour, but no longer once cancelled, and returns "held".

An `async def` where the binding awaits, whatever its runtime raises when it is cancelled; a `def` that looks
at `Context.cancelled` now and then where it does not.
"""


@attrs.frozen
class Place:
    """Where to look."""

    state: str


def suite_server(hold: Hold, kind: type[Server] = Server) -> Server:
    """Return the server of the suite; one for each scenario.

    Args:
        hold: waits in the binding's own colour; its parameters are `seconds: float` and `ctx: Context`.
        kind: the class of the server, which may have an endpoint of its own.
    """
    # Notices wait long enough for an answer to go before them on any machine.
    server = kind("suite", version="1.0", instructions="For the suite.", notice_interval=0.1)
    notes: list[int] = []

    def add(a: int, b: int) -> int:
        return a + b

    def echo(text: str) -> schema.TextContent:
        # Content alone: as a value it would be sent twice.
        return schema.TextContent(text=text)

    def count(steps: int, ctx: Context) -> str:
        for step in range(1, steps + 1):
            ctx.progress(step, total=steps)
        return f"counted to {steps}"

    def ask(city: str, ctx: Context) -> str:
        match ctx.elicit("state", f"Which {city}?", Place):
            case Accepted(value=place):
                return f"{city} in {place.state}"
            case _:
                raise ToolError("no state, no city")

    def fail() -> str:
        raise ValueError("for the author's eyes only")

    def grow() -> str:
        server.add_tool(lambda: "new", name="new")
        return "grown"

    def shrink() -> str:
        server.tools["new"].remove()
        return "shrunk"

    def noted() -> str:
        return " ".join(map(str, notes))

    def note(number: int) -> None:
        notes.append(number)

    @functools.wraps(hold)
    def held(seconds: float, ctx: Context) -> JSON:
        # It has begun: who waits for that sees the progress.
        ctx.progress(1)
        return hold(seconds, ctx)

    for tool in (add, echo, count, ask, fail, noted):
        server.add_tool(tool)
    for tool in (grow, shrink):
        server.add_tool(tool, blocks=False)
    server.add_tool(held, name="hold")
    server.add_notification(NOTE, note)
    return server
