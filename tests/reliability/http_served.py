"""A server over HTTP as a program, on each runtime, with the tools that the promises are measured by.

    python -m tests.reliability.http_served RUNTIME [FOLDER]

It prints where it listens once clients may come, and serves until it is told to end. Events are kept in the
folder, if there is one.
"""

import asyncio
import importlib
import sys
import time

from sansmcp import Context, Server
from sansmcp_files import FileEventStore


def main():
    """Serve on a free port."""
    runtime, *folders = sys.argv[1:]
    server = make_server(is_async=runtime != "threads")
    serve = importlib.import_module(f"sansmcp_{runtime}").serve_http
    settings = {"port": 0, "started": lambda url: print(url, flush=True)}  # noqa: T201 - whoever started it waits
    for folder in folders:
        settings["event_store"] = FileEventStore(folder)
    if runtime == "asyncio":
        asyncio.run(serve(server, **settings))
    elif runtime == "trio":
        importlib.import_module("trio").run(lambda: serve(server, **settings))
    else:
        serve(server, **settings)


def make_server(*, is_async):
    """Return the server; its long tools are written in the colour of the runtime."""
    server = Server("reliable", version="1")

    @server.tool(blocks=False)
    def echo(x: str) -> str:
        """Return the text."""
        return x

    @server.tool
    def tell(times: int, ctx: Context) -> str:
        """Log so often, which is never left out in favour of what is newer, then return."""
        for number in range(times):
            ctx.log("info", f"step {number + 1}")
            ctx.drain()
        return "told"

    @server.tool
    def flood(times: int, size: int, ctx: Context) -> str:
        """Log so many texts of a size, and wait for each to be written."""
        for number in range(times):
            ctx.log("info", f"{number} {'x' * size}")
            ctx.drain()
        return "flooded"

    @server.tool(blocks=False)
    def change() -> str:
        """Add a tool that nobody needs, so that those who listen are told."""
        server.add_tool(lambda: "", name=f"tool {time.monotonic_ns()}", description="nothing")
        return "changed"

    @server.tool
    def stuck(ctx: Context) -> None:
        """Return never."""
        ctx.progress(1)
        time.sleep(3600)

    if is_async:

        @server.tool(name="long")
        async def long_async(ctx: Context) -> str:
            """Return after three seconds."""
            ctx.progress(1)
            await importlib.import_module(_runtime()).sleep(3)
            return "done"
    else:

        @server.tool(name="long")
        def long_plain(ctx: Context) -> str:
            """Return after three seconds."""
            ctx.progress(1)
            time.sleep(3)
            return "done"

    return server


def _runtime():
    return "trio" if sys.argv[1] == "trio" else "asyncio"


if __name__ == "__main__":
    main()
