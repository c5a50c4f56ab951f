"""A server for tests of the binding for threads; as a program it speaks over standard input and output."""

import os
import sys
import threading
import time

import attrs

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp_threads import serve_stdio

server = Server("fixture", version="1.0", instructions="For tests.")


@attrs.frozen
class Country:
    """Where to look."""

    country: str


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers on a thread for handlers."""
    return a + b


@server.tool(blocks=False)
def add_at_once(a: int, b: int) -> int:
    """Add two numbers where they are read."""
    return a + b


@server.tool
def thread_name() -> str:
    """Tell which thread runs a handler that may block."""
    return threading.current_thread().name


@server.tool(blocks=False)
def reading_thread_name() -> str:
    """Tell which thread runs a handler that never blocks."""
    return threading.current_thread().name


@server.tool
def count(steps: int, ctx: Context) -> str:
    """Report each step from a thread."""
    return report(steps, ctx)


@server.tool(blocks=False)
def count_at_once(steps: int, ctx: Context) -> str:
    """Report each step where it is read."""
    return report(steps, ctx)


def report(steps: int, ctx: Context) -> str:
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
changed = threading.Condition()


@server.tool
def wait(ctx: Context) -> str:
    """Wait until the call is given up."""
    ctx.progress(1)
    with changed:
        # Nothing tells a thread that it is cancelled; it has to look.
        while not ctx.cancelled:
            changed.wait(0.01)
        given_up.append("wait")
        changed.notify_all()
    return "given up"


@server.tool
def sleep_for_ever(ctx: Context) -> str:
    """Block a thread for an hour."""
    ctx.progress(1)
    time.sleep(3600)
    return "unreachable"


@server.tool
def calls_given_up() -> int:
    """Tell how many calls of `wait` were given up."""
    return len(given_up)


@server.tool
def fail(message: str) -> str:
    """Raise what nobody may see."""
    raise ValueError(message)


@server.tool
def leave() -> str:
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
def end_process() -> str:
    """End the process in the middle of a call."""
    sys.stderr.flush()
    os._exit(7)


@server.tool
def flood(size: int) -> str:
    """Return a long text."""
    return "x" * size


@server.tool
def echo(text: str) -> str:
    """Return the text."""
    return text


if __name__ == "__main__":
    serve_stdio(server)
