"""A server as a program that listens until it is asked to end.

It is `python -m tests.bindings.ending_server RUNTIME WAY GRACE`. It prints where it listens, and a last
line once serving has returned.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
import time
from functools import partial

import trio

from sansmcp import Context, Server
from sansmcp.session import Timeouts

server = Server("ending", version="1.0")


@server.tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@server.tool
def hold(seconds: float, ctx: Context) -> str:
    """Block a thread for some time."""
    ctx.progress(1)
    time.sleep(seconds)
    return "held"


def say(line: str) -> None:
    """Write a line for the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve over what is named."""
    runtime, way, grace = sys.argv[1:]
    binding = importlib.import_module(f"sansmcp_{runtime}")
    serve = binding.serve_http if way == "http" else binding.serve_tcp
    if way == "own":
        # One that deals with the signal itself.
        signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(9))
    settings = {"timeouts": Timeouts(close=float(grace)), "started": say, "port": 0}
    times = 2 if way == "two" else 1
    if runtime == "threads":
        serve_on_threads(partial(serve, server, **settings), times)
    elif runtime == "trio":
        trio.run(serve_on_trio, partial(serve, server, **settings), times)
    else:
        asyncio.run(serve_on_asyncio(partial(serve, server, **settings), times))
    say("served")


def serve_on_threads(serve, times: int) -> None:
    """Serve in this thread, and in others before it."""
    others = [threading.Thread(target=serve) for _ in range(times - 1)]
    for other in others:
        other.start()
    serve()
    for other in others:
        other.join()


async def serve_on_trio(serve, times: int) -> None:
    """Serve in tasks."""
    async with trio.open_nursery() as nursery:
        for _ in range(times):
            nursery.start_soon(serve)


async def serve_on_asyncio(serve, times: int) -> None:
    """Serve in tasks."""
    async with asyncio.TaskGroup() as tasks:
        for _ in range(times):
            tasks.create_task(serve())


if __name__ == "__main__":
    main()
