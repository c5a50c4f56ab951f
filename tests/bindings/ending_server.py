"""A server as a program that listens over TCP and over HTTP until it is asked to end.

It is `python -m tests.bindings.ending_server RUNTIME GRACE [own]`. It prints both places where it listens,
and a last line once serving has returned.
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
    runtime, grace, *own = sys.argv[1:]
    binding = importlib.import_module(f"sansmcp_{runtime}")
    if own:
        # One that deals with the signal itself.
        signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(9))
    settings = {"timeouts": Timeouts(close=float(grace)), "started": say, "port": 0}
    ways = [partial(serve, server, **settings) for serve in (binding.serve_tcp, binding.serve_http)]
    if runtime == "threads":
        serve_on_threads(*ways)
    elif runtime == "trio":
        trio.run(serve_on_trio, *ways)
    else:
        asyncio.run(serve_on_asyncio(*ways))
    say("served")


def serve_on_threads(*ways) -> None:
    """Serve in this thread, and in another one."""
    first, last = ways
    other = threading.Thread(target=first)
    other.start()
    last()
    other.join()


async def serve_on_trio(*ways) -> None:
    """Serve in tasks."""
    async with trio.open_nursery() as nursery:
        for serve in ways:
            nursery.start_soon(serve)


async def serve_on_asyncio(*ways) -> None:
    """Serve in tasks."""
    async with asyncio.TaskGroup() as tasks:
        for serve in ways:
            tasks.create_task(serve())


if __name__ == "__main__":
    main()
