"""A server for the tests of the trio binding; as a program it speaks over standard input and output."""

import contextlib
import os
import sys
import threading
import time

import attrs
import trio

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp_trio import serve_stdio

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
    """Add two numbers in a task."""
    await trio.lowlevel.checkpoint()
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
        await trio.lowlevel.checkpoint()
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
        await trio.sleep_forever()
    except trio.Cancelled:
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
    """Write many lines to standard error, as a log does: what fails is not told."""
    for number in range(lines):
        with contextlib.suppress(BlockingIOError):
            os.write(2, f"complaint {number} of {lines}, with some words about it\n".encode())
    return "that was all"


@server.tool
def end_process() -> str:
    """End the process in the middle of a call."""
    sys.stderr.flush()
    os._exit(7)


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
