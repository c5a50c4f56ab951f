"""A server for the tests of the asyncio binding; as a program it speaks over standard input and output."""

import asyncio
import os
import sys
import threading
import time

import attrs

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp_asyncio import serve_stdio

server = Server("fixture", version="1.0", instructions="For tests.")


@attrs.frozen
class Country:
    """Where to look."""

    country: str


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers on a thread."""
    return a + b


@server.tool
async def add_later(a: int, b: int) -> int:
    """Add two numbers in the loop."""
    await asyncio.sleep(0)
    return a + b


@server.tool
def thread_name() -> str:
    """Tell which thread runs a `def` handler."""
    return threading.current_thread().name


@server.tool
async def count(steps: int, ctx: Context) -> str:
    """Report each step."""
    for step in range(1, steps + 1):
        ctx.progress(step, total=steps)
        await asyncio.sleep(0)
    return "done"


@server.tool
def count_on_thread(steps: int, ctx: Context) -> str:
    """Report each step from a thread."""
    for step in range(1, steps + 1):
        ctx.progress(step, total=steps)
    return "done"


@server.tool
def forecast(city: str, ctx: Context) -> str:
    """Ask for the country when the city is ambiguous."""
    match ctx.elicit("country", f"Which {city}?", Country):
        case Accepted(value=found):
            return f"{city} in {found.country}: sunny"
        case _:
            raise ToolError("no country, no forecast")


given_up: list[str] = []


@server.tool
async def wait(ctx: Context) -> str:
    """Wait until the call is given up."""
    ctx.progress(1)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        given_up.append("wait")
        raise
    return "unreachable"


@server.tool
def sleep_for_ever() -> str:
    """Block a thread for an hour."""
    time.sleep(3600)
    return "unreachable"


@server.tool
async def calls_given_up() -> int:
    """Tell how many calls of `wait` were given up."""
    return len(given_up)


@server.tool
def fail(message: str) -> str:
    """Raise what nobody may see."""
    raise ValueError(message)


@server.tool
async def leave() -> str:
    """Try to end the program."""
    raise SystemExit(3)


@server.tool
def shout() -> str:
    """Write to where the conversation must not be disturbed."""
    print("printed", flush=True)  # noqa: T201
    os.write(1, b"written to descriptor 1\n")
    os.system("echo by a child")  # noqa: S605
    return "shouted"


@server.tool
def complain(lines: int) -> str:
    """Write lines to standard error."""
    for number in range(lines):
        # In one piece, so that nothing comes in between.
        sys.stderr.write(f"complaint {number:04}\n")
    return "complained"


@server.tool
def end_process() -> str:
    """End the process in the middle of a call."""
    sys.stderr.flush()
    os._exit(7)


@server.tool
async def echo(text: str) -> str:
    """Return the text."""
    return text


@server.tool
def flood(size: int) -> str:
    """Return a long text."""
    return "x" * size


if __name__ == "__main__":
    serve_stdio(server)
