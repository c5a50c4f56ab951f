"""Our server as one command that any driver can use: three tools, one process, nothing forked.

    python benchmarks/server.py stdio [--binding asyncio|trio|threads] [--sync | --inline]
    python benchmarks/server.py http --port N [--stateless] [--json] [--binding asyncio|trio|threads|asgi]
                                     [--more N]

The tools are `add(a: int, b: int)`, `echo(text: str)` and `blob(size: int)`. They are `async def`; with
`--sync` they are `def` and go to worker threads, as every `def` does by default; with `--inline` they are
`def` and say that they never block, which is true and spares them the way to a thread. On threads, where
nothing can be awaited, `--sync` is what one gets without a word.
"""

import argparse
import asyncio
import functools
import importlib
from collections.abc import Callable, Sequence

from sansmcp import Server
from sansmcp.http import HttpLimits

BINDINGS = ("asyncio", "trio", "threads")


def main() -> None:
    """Serve until the peer is gone."""
    chosen = arguments()
    tools = chosen.tools or ("sync" if chosen.binding == "threads" else "async")
    server = Server("benchmark", version="1")
    if tools == "async":
        offer_async_tools(server)
    else:
        offer_plain_tools(server, blocks=tools == "sync")
    for number in range(chosen.more):
        server.add_tool(unused, name=f"tool {number}")
    chosen.serve(chosen, server)


def arguments() -> argparse.Namespace:
    """Return what the command line says; each transport is a command of its own."""
    parser = argparse.ArgumentParser(description="Serve add, echo and blob to a benchmark.")
    transports = parser.add_subparsers(metavar="TRANSPORT", required=True)
    stdio = transports.add_parser("stdio", help="one peer on standard input and output")
    add_transport(stdio, serve_stdio, BINDINGS)
    http = transports.add_parser("http", help="many peers, at the endpoint /mcp")
    add_transport(http, serve_http, (*BINDINGS, "asgi"))
    http.add_argument("--port", type=int, required=True, help="where to listen on 127.0.0.1")
    http.add_argument("--stateless", action="store_true", help="without sessions in the legacy revisions")
    http.add_argument("--json", action="store_true", help="nothing but JSON responses")
    http.add_argument("--more", type=int, default=0, help="so many more tools")
    return parser.parse_args()


def add_transport(
    parser: argparse.ArgumentParser,
    serve: Callable[[argparse.Namespace, Server], None],
    bindings: Sequence[str],
) -> None:
    """Add what every transport has: the runtime, and the colour of the tools."""
    parser.set_defaults(serve=serve, more=0)
    parser.add_argument("--binding", choices=bindings, default="asyncio", help="the runtime")
    colours = parser.add_mutually_exclusive_group()
    colours.add_argument(
        "--sync", dest="tools", action="store_const", const="sync", help="tools are def and may block"
    )
    colours.add_argument(
        "--inline", dest="tools", action="store_const", const="inline", help="tools are def and never block"
    )


def serve_stdio(chosen: argparse.Namespace, server: Server) -> None:
    """Serve over standard input and output."""
    # Only the chosen runtime is paid for, and the others need not be installed.
    importlib.import_module(f"sansmcp_{chosen.binding}").serve_stdio(server)


def serve_http(chosen: argparse.Namespace, server: Server) -> None:
    """Serve over HTTP until it is told to end."""
    settings = {
        "sessions": not chosen.stateless,
        "responses": "json" if chosen.json else "auto",
        # Connections wait while other servers have their turn.
        "http_limits": HttpLimits(keep_alive=300.0, header_timeout=300.0),
    }
    binding = importlib.import_module(f"sansmcp_{chosen.binding}")
    match chosen.binding:
        case "asyncio":
            asyncio.run(binding.serve_http(server, "127.0.0.1", chosen.port, **settings))
        case "trio":
            serving = functools.partial(binding.serve_http, server, "127.0.0.1", chosen.port, **settings)
            importlib.import_module("trio").run(serving)
        case "threads":
            binding.serve_http(server, "127.0.0.1", chosen.port, **settings)
        case _:
            app = binding.App(server, **settings)
            importlib.import_module("on_uvicorn").serve(app, chosen.port)


def unused(city: str, days: int = 3) -> str:
    """Forecast the weather in a city."""
    return f"{city}: {days} days of sun"


def offer_async_tools(server: Server) -> None:
    """Offer the three tools as `async def`."""

    @server.tool
    async def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    @server.tool
    async def echo(text: str) -> str:
        """Return the text."""
        return text

    @server.tool
    async def blob(size: int) -> str:
        """Return a text of a size."""
        return "x" * size


def offer_plain_tools(server: Server, *, blocks: bool) -> None:
    """Offer the three tools as `def`."""

    @server.tool(blocks=blocks)
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    @server.tool(blocks=blocks)
    def echo(text: str) -> str:
        """Return the text."""
        return text

    @server.tool(blocks=blocks)
    def blob(size: int) -> str:
        """Return a text of a size."""
        return "x" * size


if __name__ == "__main__":
    main()
