"""Our servers as programs: over stdio, or over HTTP on a port of this machine.

`serve(build, arguments)` serves what `build` makes for a runtime. The arguments are those of the program:
`[RUNTIME [WAY [PORT]]]`. RUNTIME is `asyncio` (the default), `trio` or `threads`. WAY is `stdio` (the
default), `http`, or `asgi`, which is HTTP by uvicorn. Over HTTP the first line of output is the URL, and it
ends by SIGTERM.

`started(command)` runs such a program, ours or that of a peer, and gives the URL.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module

from tests.interop.raw import Program

from sansmcp import Server


def serve(build: Callable[[str], Server], arguments: Sequence[str]) -> None:
    """Serve as the arguments say."""
    runtime, way, port = (*arguments, *("asyncio", "stdio", "0")[len(arguments) :])
    server = build(runtime)
    if way == "stdio":
        import_module(f"sansmcp_{runtime}").serve_stdio(server)
    elif way == "asgi":
        _serve_by_uvicorn(server, int(port))
    else:
        _SERVE[runtime](server, int(port))


def _serve_on_asyncio(server: Server, port: int) -> None:
    from sansmcp_asyncio import serve_http  # noqa: PLC0415 - one runtime at a time

    asyncio.run(serve_http(server, port=port, started=_say, http_sse=True))


def _serve_on_trio(server: Server, port: int) -> None:
    import trio  # noqa: PLC0415 - one runtime at a time

    from sansmcp_trio import serve_http  # noqa: PLC0415

    trio.run(partial(serve_http, server, port=port, started=_say, http_sse=True))


def _serve_on_threads(server: Server, port: int) -> None:
    from sansmcp_threads import serve_http  # noqa: PLC0415 - one runtime at a time

    serve_http(server, port=port, started=_say, http_sse=True)


def _serve_by_uvicorn(server: Server, port: int) -> None:
    import uvicorn  # noqa: PLC0415 - few want it

    from sansmcp_asgi import App  # noqa: PLC0415

    listening = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(App(server, http_sse=True), log_level="warning")
    _say(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp")
    uvicorn.Server(config).run([listening])


_SERVE = {"asyncio": _serve_on_asyncio, "trio": _serve_on_trio, "threads": _serve_on_threads}


def _say(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


class Served:
    """A program that serves over HTTP."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.url = program.receive_line()

    @property
    def port(self) -> str:
        """The port of it."""
        return self.url.rpartition(":")[2].partition("/")[0]

    @property
    def sse_url(self) -> str:
        """Where clients of 2024-11-05 begin, with our server."""
        return f"http://127.0.0.1:{self.port}/sse"

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return self._program.errors

    def kill(self) -> None:
        """End it without a word."""
        self._program.kill()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self._program.signal(signal.SIGTERM)
        return self._program.finish().code


@contextmanager
def started(command: Sequence[str]) -> Iterator[Served]:
    """Run a program that serves over HTTP; it is killed at the end if it still runs."""
    with Program(command) as program:
        yield Served(program)
