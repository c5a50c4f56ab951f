"""The everything server over HTTP, at `/mcp` on a port of this machine, until it is told to end.

Run as `python -m tests.conformance.server --port N [--binding asyncio|trio|threads|asgi|wsgi|wsgi-single]
[--responses stream|auto]`. It says on its standard output where it listens, and refuses to start where
something else is.

By default results are events even where nothing precedes them: the suite looks at streams where it gets some.
"""

import argparse
import asyncio
import socket
import sys
from importlib import import_module
from wsgiref.simple_server import WSGIRequestHandler, make_server

from tests.conformance.everything import build

from sansmcp import Server
from sansmcp.http import HttpSettings
from sansmcp.testing import connect

HOST = "127.0.0.1"

BINDINGS = ("asyncio", "trio", "threads", "asgi", "wsgi", "wsgi-single")
"""What it runs on; the last is the standard library's server, which works on one request at a time."""


RESPONSES = ("stream", "auto")

THREADS = 32
"""How many requests of a WSGI server are worked on at once."""


def is_taken(port: int) -> bool:
    """Say whether something listens on a port already, by whichever name of this machine."""
    for address in (HOST, "::1"):
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            continue
        return True
    return False


def warm_up(server: Server) -> None:
    """Let the server answer once, so that no scenario waits for what is made the first time."""
    for revision in ("2025-11-25", "2026-07-28"):
        with connect(server, revisions=[revision]) as client:
            list(client.tools())
            list(client.prompts())
            list(client.resources())
            client.call_tool("test_simple_text")
            client.read_resource("test://static-text")


def listening(url: object) -> None:
    """Tell that peers may come."""
    print(f"listening: {url}", flush=True)


def serve(server: Server, binding: str, port: int, settings: HttpSettings) -> None:
    """Serve on a binding until the process is told to end."""
    match binding:
        case "asyncio":
            serve_http = import_module("sansmcp_asyncio").serve_http
            asyncio.run(serve_http(server, HOST, port, started=listening, **settings))
        case "trio":
            serve_http = import_module("sansmcp_trio").serve_http
            import_module("trio").run(lambda: serve_http(server, HOST, port, started=listening, **settings))
        case "threads":
            import_module("sansmcp_threads").serve_http(server, HOST, port, started=listening, **settings)
        case "asgi":
            serve_asgi(server, port, settings)
        case "wsgi":
            serve_wsgi(server, port, settings)
        case _:
            serve_wsgi_one_by_one(server, port, settings)


def serve_asgi(server: Server, port: int, settings: HttpSettings) -> None:
    """Serve as an application of uvicorn's."""
    uvicorn = import_module("uvicorn")
    application = import_module("sansmcp_asgi").App(server, **settings)
    config = uvicorn.Config(application, host=HOST, port=port, log_level="warning")

    class Told(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            listening(f"http://{HOST}:{port}/mcp")

    Told(config).run()


def serve_wsgi(server: Server, port: int, settings: HttpSettings) -> None:
    """Serve as an application of waitress's; each stream takes one of its threads."""
    create_server = import_module("waitress").create_server
    application = import_module("sansmcp_wsgi").App(server, **settings)
    served = create_server(application, host=HOST, port=port, threads=THREADS)
    listening(f"http://{HOST}:{port}/mcp")
    served.run()


class QuietHandler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of its base
        """Write nothing."""


def serve_wsgi_one_by_one(server: Server, port: int, settings: HttpSettings) -> None:
    """Serve as an application of the standard library's server: no response is a stream there."""
    application = import_module("sansmcp_wsgi").App(server, **settings)
    served = make_server(HOST, port, application, handler_class=QuietHandler)
    listening(f"http://{HOST}:{port}/mcp")
    served.serve_forever()


def main() -> int:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.server")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--binding", choices=BINDINGS, default="asyncio")
    parser.add_argument("--responses", choices=RESPONSES)
    chosen = parser.parse_args()
    if is_taken(chosen.port):
        print(f"port {chosen.port} is taken: expected one where nothing listens", file=sys.stderr)
        return 2
    server = build()
    warm_up(server)
    default = "auto" if chosen.binding == "wsgi-single" else "stream"
    serve(server, chosen.binding, chosen.port, {"responses": chosen.responses or default})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
