"""The application: it serves in whatever process and thread it is called."""

import atexit
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Final, Unpack

from sansmcp.http import RequestHead
from sansmcp.server import ServeHttpSettings, Server, check_principal_of
from sansmcp_threads.handlers import AsyncRunner
from sansmcp_threads.serving import check
from sansmcp_wsgi.bodies import BodyBrokenError, pieces_of
from sansmcp_wsgi.heads import Environ, EnvironHead, head_of
from sansmcp_wsgi.responses import Response, StartResponse
from sansmcp_wsgi.serving import ENVIRONMENT, Carried, Serving

_MOST_DROPPED: Final = 128
"""How many pieces of a body that is not wanted are read."""


class App:
    """A server as a WSGI application, which any server runs and any framework mounts.

    What it needs begins with the first request of a process. Sessions, streams and events belong to that
    process: where there are several, serve with `sessions=False`.

    Args:
        server: what is offered.
        streams: whether a response may go on while other requests are served, which takes a thread for each;
            by default where the server says that it has threads (`wsgi.multithread`). Without, each handler
            runs on the thread of its request, answers are whole, and nothing else can reach a client.
        async_runner: runs handlers that are an `async def`, such as `asyncio.run`.
        principal_of: says of a request's environ whom the client was found to be, such as its `REMOTE_USER`;
            by default nobody looks.
        settings: how it is served; see `ServeHttpSettings`. Only loopback names are served as hosts unless
            `allowed_hosts` says which.

    Raises:
        LocalProtocolError: it is no server, a handler is an `async def` and nobody runs it, or there is no
            such setting.
    """

    def __init__(
        self,
        server: Server,
        *,
        streams: bool | None = None,
        async_runner: AsyncRunner | None = None,
        principal_of: Callable[[Environ], str | None] | None = None,
        **settings: Unpack[ServeHttpSettings],
    ) -> None:
        check(server, async_runner, verify=settings.get("verify"))
        self._server = server
        self._streams = streams
        self._async_runner = async_runner
        check_principal_of(principal_of, settings)
        if principal_of is not None:
            settings["verify"] = lambda head: principal_of(_environ_of(head))
        self._settings = settings
        # What cannot work is said here, and not to the first client.
        server.http_endpoint(ENVIRONMENT, settings, streams=True if streams is None else streams)
        self._beginning = threading.Lock()
        self._serving: tuple[int, Serving] | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        serving = self._serving_for(environ)
        carried = serving.open_exchange(head_of(environ))
        try:
            _receive(environ, serving, carried)
        except BodyBrokenError:
            serving.end_exchange(carried)
            start_response("400 Bad Request", [("content-length", "0")])
            return []
        except BaseException:
            serving.end_exchange(carried)
            raise
        response = Response(serving, carried)
        start_response(*response.start)
        whole = response.whole()
        return response if whole is None else whole

    def drain(self) -> None:
        """Begin to end in good order: streams get their ends, running requests a grace.

        Call it from any thread, and from none that handles a signal: start one there.
        """
        if self._serving is not None and self._serving[0] == os.getpid():
            self._serving[1].drain()

    def close(self) -> None:
        """End what is left in this process, at once, and leave the lifespan of the server.

        The exit of a process does the same. Whoever is served afterwards begins anew.
        """
        with self._beginning:
            found, self._serving = self._serving, None
        if found is not None and found[0] == os.getpid():
            atexit.unregister(found[1].close)
            found[1].close()

    def _serving_for(self, environ: Environ) -> Serving:
        # A process that was forked has none of the threads of the one before.
        here = os.getpid()
        found = self._serving
        if found is not None and found[0] == here:
            return found[1]
        with self._beginning:
            if self._serving is None or self._serving[0] != here:
                self._serving = (here, self._begin(environ))
            return self._serving[1]

    def _begin(self, environ: Environ) -> Serving:
        streams = bool(environ["wsgi.multithread"]) if self._streams is None else self._streams
        settings = self._settings
        if not streams:
            # What needs streams was welcome in case that there are some.
            settings = settings.copy()
            settings["http_sse"], settings["responses"] = False, "auto"
        serving = Serving(self._server, settings, streams=streams, async_runner=self._async_runner)
        atexit.register(serving.close)
        return serving


def _environ_of(head: RequestHead) -> Environ:
    match head:
        case EnvironHead(environ=environ):
            return environ
        case _:
            raise AssertionError("unreachable: the application made the head itself")


def _receive(environ: Environ, serving: Serving, carried: Carried) -> None:
    """Read the body, as long as it is wanted."""
    pieces = pieces_of(environ)
    held = b""
    while carried.is_receiving:
        piece = next(pieces, None)
        if piece is None:
            serving.complete(carried, held)
            return
        if held:
            serving.receive(carried, held)
        held = piece
    # A connection that is closed before the client has said everything may lose the response.
    with suppress(BodyBrokenError):
        for _ in islice(pieces, _MOST_DROPPED):
            pass
