"""A server for the tests of the trio binding; as a program it speaks over standard input and output."""

import contextlib
import os

import trio
from tests.bindings.servers import Country, new_awaiting_server

from sansmcp import Accepted, Context, ToolError
from sansmcp_trio import serve_stdio

given_up: list[str] = []

server = new_awaiting_server(
    given_up,
    checkpoint=trio.lowlevel.checkpoint,
    wait_for_ever=trio.sleep_forever,
    cancelled=trio.Cancelled,
)


@server.tool
def complain(lines: int) -> str:
    """Write many lines to standard error, as a log does: what fails is not told."""
    for number in range(lines):
        with contextlib.suppress(BlockingIOError):
            os.write(2, f"complaint {number} of {lines}, with some words about it\n".encode())
    return "that was all"


@server.tool
async def ask_in_a_nursery(city: str, ctx: Context) -> str:
    """Ask from a task of a nursery, whose errors come in groups."""
    found: list[str] = []

    async def ask() -> None:
        match ctx.elicit("country", f"Which {city}?", Country):
            case Accepted(value=answer):
                found.append(answer.country)
            case _:
                raise ToolError("no country, no forecast")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
    return f"{city} in {found[0]}: sunny"


@server.tool
async def wait_in_a_nursery(ctx: Context) -> str:
    """Wait in several tasks until the call is given up."""
    ctx.progress(1)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(trio.sleep_forever)
    finally:
        given_up.append("wait")
    return "unreachable"


if __name__ == "__main__":
    serve_stdio(server)
