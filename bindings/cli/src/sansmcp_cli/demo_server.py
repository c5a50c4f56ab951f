"""The server of `sansmcp demo`: a real process that speaks over standard input and output."""

import asyncio

import attrs

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp_asyncio import serve_stdio

server = Server("demo-server", version="1.0", instructions="Add numbers, count, book tables.")

given_up = 0


@attrs.frozen
class Booking:
    """How many come, and when."""

    people: int
    evening: str


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool
async def count(steps: int, ctx: Context) -> str:
    """Count to a number, and report each step."""
    for step in range(1, steps + 1):
        ctx.progress(step, total=steps, message=f"step {step}")
        await asyncio.sleep(0.05)
    return f"counted to {steps}"


@server.tool
def book_table(restaurant: str, ctx: Context) -> str:
    """Book a table; the guest is asked for the details."""
    match ctx.elicit("booking", f"A table at {restaurant}: for how many, and when?", Booking):
        case Accepted(value=booking):
            return f"{restaurant}, {booking.people} people, {booking.evening}"
        case _:
            raise ToolError("no details, no table")


@server.tool
async def wait(ctx: Context) -> str:
    """Wait until somebody gives this call up."""
    global given_up  # noqa: PLW0603  # one process serves one demo
    ctx.progress(1, message="waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        given_up += 1
        raise
    return "unreachable"


@server.tool
async def calls_given_up() -> int:
    """Tell how many calls of `wait` were given up."""
    return given_up


if __name__ == "__main__":
    serve_stdio(server)
