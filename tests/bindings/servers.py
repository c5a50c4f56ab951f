"""What the servers for the tests of all bindings do alike; each binding has its own module to run one."""

import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable

import attrs

from sansmcp import Accepted, Context, Server, ToolError


@attrs.frozen
class Country:
    """Where to look."""

    country: str


def add(a: int, b: int) -> int:
    """Add two numbers on a thread."""
    return a + b


def thread_name() -> str:
    """Tell which thread runs a handler that may block."""
    return threading.current_thread().name


def count_on_thread(steps: int, ctx: Context) -> str:
    """Report each step from a thread."""
    for step in range(1, steps + 1):
        ctx.progress(step, total=steps)
    return "done"


def forecast(city: str, ctx: Context) -> str:
    """Ask for the country when the city is ambiguous."""
    match ctx.elicit("country", f"Which {city}?", Country):
        case Accepted(value=found):
            return f"{city} in {found.country}: sunny"
        case _:
            raise ToolError("no country, no forecast")


def sleep_for_ever(ctx: Context) -> str:
    """Block a thread for an hour."""
    ctx.progress(1)
    time.sleep(3600)
    return "unreachable"


def fail(message: str) -> str:
    """Raise what nobody may see."""
    raise ValueError(message)


def shout() -> str:
    """Write to where the conversation must not be disturbed."""
    print("printed", flush=True)  # noqa: T201
    os.write(1, b"written to descriptor 1\n")
    os.system("echo by a child")  # noqa: S605
    return "shouted"


def end_process() -> str:
    """End the process in the middle of a call."""
    sys.stderr.flush()
    os._exit(7)


def flood(size: int) -> str:
    """Return a long text."""
    return "x" * size


TOOLS = (add, thread_name, count_on_thread, forecast, sleep_for_ever, fail, shout, end_process, flood)


def new_server() -> Server:
    """Return a server whose tools need no runtime."""
    server = Server("fixture", version="1.0", instructions="For tests.")
    for tool in TOOLS:
        server.tool(tool)
    return server


def new_awaiting_server(
    given_up: list[str],
    *,
    checkpoint: Callable[[], Awaitable[None]],
    wait_for_ever: Callable[[], Awaitable[object]],
    cancelled: type[BaseException],
) -> Server:
    """Return a server that has tools in the loop, too.

    Args:
        given_up: told of each call of `wait` that was given up.
        checkpoint: lets other tasks run.
        wait_for_ever: waits until it is cancelled.
        cancelled: what is raised then.
    """
    server = new_server()

    @server.tool
    async def add_later(a: int, b: int) -> int:
        """Add two numbers in the loop."""
        await checkpoint()
        return a + b

    @server.tool
    async def count(steps: int, ctx: Context) -> str:
        """Report each step."""
        for step in range(1, steps + 1):
            ctx.progress(step, total=steps)
            await checkpoint()
        return "done"

    @server.tool
    async def wait(ctx: Context) -> str:
        """Wait until the call is given up."""
        ctx.progress(1)
        try:
            await wait_for_ever()
        except cancelled:
            given_up.append("wait")
            raise
        return "unreachable"

    @server.tool
    async def calls_given_up() -> int:
        """Tell how many calls of `wait` were given up."""
        return len(given_up)

    @server.tool
    async def leave() -> str:
        """Try to end the program."""
        raise SystemExit(3)

    @server.tool
    async def echo(text: str) -> str:
        """Return the text."""
        return text

    return server
