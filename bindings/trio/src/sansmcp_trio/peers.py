"""Serving whoever comes to a socket, until the program is asked to end."""

import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias, Unpack

import trio

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.server import Server, ServeSettings, expect_server
from sansmcp.session import DEFAULT_PATIENCE, Patience, ServerEndpoint, ServerEvent, ServerSession
from sansmcp_trio.serving import ENVIRONMENT, DoErrand, Serving, living
from sansmcp_trio.sockets import Listener, listen_tcp, listen_unix
from sansmcp_trio.workers import Workers

Started: TypeAlias = Callable[[str], object]
"""Told the address where a server listens, as `connect` takes it."""

Told: TypeAlias = Callable[[TcpAddress | UnixAddress], object]
"""Told where a server listens, once peers may come."""

Listen: TypeAlias = Callable[[], Awaitable[tuple[TcpAddress | UnixAddress, Sequence[Listener]]]]
"""Listens for peers; gives the address, and where they come to."""


async def serve_tcp(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: ssl.SSLContext | None = None,
    started: Started | None = None,
    workers: Workers | None = None,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over TCP until cancelled, or until SIGTERM; requests that run are waited for, but not long.

    With `nursery.start` it gives the address.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; by default a free one.
        ssl: the certificate and its key, to speak TLS.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        task_status: given by `nursery.start`.
        settings: how sessions are set up; see `ServeSettings`.

    Raises:
        OSError: if the address cannot be listened on.
    """
    expect_server(server)
    endpoint = server.endpoint(ENVIRONMENT, settings)
    listen = partial(listen_tcp, host, port, ssl)
    told = telling(started, task_status)
    await serve_peers(server, endpoint, listen, told=told, workers=workers, settings=settings)


async def serve_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    started: Started | None = None,
    workers: Workers | None = None,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over a Unix socket until cancelled, or until SIGTERM; see `serve_tcp`.

    Only the user of this process can reach it. With `nursery.start` it gives the address.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        task_status: given by `nursery.start`.
        settings: how sessions are set up; see `ServeSettings`.

    Raises:
        OSError: if the path cannot be listened on, since somebody does or it is no socket.
    """
    expect_server(server)
    endpoint = server.endpoint(ENVIRONMENT, settings)
    listen = partial(listen_unix, os.fspath(path))
    told = telling(started, task_status)
    await serve_peers(server, endpoint, listen, told=told, workers=workers, settings=settings)


async def serve_peers(
    server: Server,
    endpoint: ServerEndpoint[ServerSession, ServerEvent],
    listen: Listen,
    *,
    told: Told,
    workers: Workers | None,
    settings: ServeSettings,
    errands: DoErrand | None = None,
    patience: Patience = DEFAULT_PATIENCE,
) -> None:
    """Serve peers of one endpoint until cancelled, or until SIGTERM; then end in good order.

    Args:
        server: what is offered.
        endpoint: where peers come to.
        listen: listens for them.
        told: told where, once peers may come.
        workers: the threads of handlers that block, which the caller closes; None for some of its own.
        settings: how sessions are set up.
        errands: does what the endpoint asks for, on a thread; see `Serving`.
        patience: how long to wait for a peer that is slow to read.
    """
    async with living(server) as lifespan:
        serving = Serving(server, endpoint, workers, settings, lifespan, errands=errands, patience=patience)
        address, listeners = await listen()
        async with serving:
            await serving.listen(listeners, partial(told, address))


def telling(
    started: Started | None,
    task_status: trio.TaskStatus[str],
    say: Callable[[TcpAddress | UnixAddress], object] = str,
) -> Told:
    """Return what tells everybody where a server listens.

    Args:
        started: told, if it is given.
        task_status: told too.
        say: says where, in words that `connect` takes.
    """

    def tell(address: TcpAddress | UnixAddress) -> None:
        where = str(say(address))
        if started is not None:
            started(where)
        task_status.started(where)

    return tell
