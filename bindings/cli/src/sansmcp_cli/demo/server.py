"""The server of `sansmcp demo`: a real process that speaks over standard input and output, or HTTP.

Its handlers are plain functions, so it is the same on every runtime.
"""

import importlib
import sys
import threading
import time

import attrs

from sansmcp import Accepted, Context, Server, ToolError

server = Server("demo-server", version="1.0", instructions="Add numbers, count, book tables.")

given_up = threading.Semaphore(0)


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
def count(steps: int, ctx: Context) -> str:
    """Count to a number, and report each step."""
    for step in range(1, steps + 1):
        ctx.progress(step, total=steps, message=f"step {step}")
        time.sleep(0.02)
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
def wait(ctx: Context) -> str:
    """Wait until somebody gives this call up."""
    time.sleep(0.02)
    ctx.progress(1, message="waiting")
    # Nothing can stop a function from outside: it looks whether anybody still waits.
    while not ctx.cancelled:
        time.sleep(0.01)
    given_up.release()
    return "nobody hears this"


@server.tool
def calls_given_up() -> int:
    """Tell how many calls of `wait` were given up: it waits until one was."""
    return int(given_up.acquire(timeout=5))


if __name__ == "__main__":
    if sys.argv[1] == "http":
        # Its clients cannot tell what it runs on.
        binding = importlib.import_module("sansmcp_threads")
        binding.serve_http(server, port=0, started=lambda url: print(url, flush=True))
    else:
        importlib.import_module(f"sansmcp_{sys.argv[1]}").serve_stdio(server)
