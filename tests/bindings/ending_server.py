"""A server as a program that listens until it is asked to end.

It is `python -m tests.bindings.ending_server RUNTIME WAY GRACE`. It prints where it listens, and a last
line once serving has returned.
"""

import importlib
import sys
import time
from functools import partial

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
    serve = binding.serve_tcp if way == "tcp" else binding.serve_http
    settings = {"timeouts": Timeouts(close=float(grace)), "started": say, "port": 0}
    if runtime == "threads":
        serve(server, **settings)
    elif runtime == "trio":
        importlib.import_module("trio").run(partial(serve, server, **settings))
    else:
        importlib.import_module("asyncio").run(serve(server, **settings))
    say("served")


if __name__ == "__main__":
    main()
