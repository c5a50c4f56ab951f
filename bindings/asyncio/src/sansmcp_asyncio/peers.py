"""Serving whoever comes to a socket, until the program is asked to end."""

import os
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias, Unpack

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.server import Server, ServeSettings, expect_server
from sansmcp.session import DEFAULT_PATIENCE, Patience, ServerEndpoint, ServerEvent, ServerSession
from sansmcp_asyncio.listening import Listener, Welcome, listen_tcp, listen_unix
from sansmcp_asyncio.serving import ENVIRONMENT, DoErrand, Serving, living
from sansmcp_asyncio.signals import terminated
from sansmcp_asyncio.workers import Workers

Started: TypeAlias = Callable[[str], object]
"""Told the address where a server listens, as `connect` takes it."""

Listen: TypeAlias = Callable[[Welcome], Awaitable[Listener]]
"""Listens for peers."""


async def serve_tcp(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: ssl.SSLContext | None = None,
    started: Started | None = None,
    workers: Workers | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over TCP until cancelled, or until SIGTERM; requests that run are waited for, but not long.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; by default a free one.
        ssl: the certificate and its key, to speak TLS.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        settings: how sessions are set up; see `ServeSettings`.

    Raises:
        OSError: if the address cannot be listened on.
    """
    expect_server(server)
    endpoint = server.endpoint(ENVIRONMENT, settings)
    listen = partial(listen_tcp, host, port, ssl)
    await serve_peers(server, endpoint, listen, started=started, workers=workers, settings=settings)


async def serve_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    started: Started | None = None,
    workers: Workers | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over a Unix socket until cancelled, or until SIGTERM; see `serve_tcp`.

    Only the user of this process can reach it.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        settings: how sessions are set up; see `ServeSettings`.

    Raises:
        OSError: if the path cannot be listened on, since somebody does or it is no socket.
    """
    expect_server(server)
    endpoint = server.endpoint(ENVIRONMENT, settings)
    listen = partial(listen_unix, os.fspath(path))
    await serve_peers(server, endpoint, listen, started=started, workers=workers, settings=settings)


async def serve_peers(
    server: Server,
    endpoint: ServerEndpoint[ServerSession, ServerEvent],
    listen: Listen,
    *,
    started: Started | None,
    workers: Workers | None,
    settings: ServeSettings,
    say: Callable[[TcpAddress | UnixAddress], object] = str,
    errands: DoErrand | None = None,
    patience: Patience = DEFAULT_PATIENCE,
) -> None:
    """Serve peers of one endpoint until cancelled, or until SIGTERM; then end in good order.

    Args:
        server: what is offered.
        endpoint: where peers come to.
        listen: listens for them.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; None for some of its own.
        settings: how sessions are set up.
        say: says where it is listened.
        errands: does what the endpoint asks for, on a thread; see `Serving`.
        patience: how long to wait for a peer that is slow to read.
    """
    async with living(server) as lifespan:
        serving = Serving(server, endpoint, workers, settings, lifespan, errands=errands, patience=patience)
        try:
            listener = await listen(serving.carry_one_of_many)
            try:
                with terminated() as asked:
                    if started is not None:
                        started(str(say(listener.address)))
                    await asked.wait()
            finally:
                listener.stop()
                await listener.wait_stopped()
                await serving.end()
        finally:
            await serving.close()
