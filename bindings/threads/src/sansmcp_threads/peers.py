"""Serving whoever comes to a socket: on threads, or until the program is asked to end."""

import os
import ssl
from collections.abc import Callable
from typing import TypeAlias, Unpack

from sansmcp.server import Server, ServeSettings, expect_tls
from sansmcp_threads.handlers import AsyncRunner
from sansmcp_threads.listening import Listener, listener_on_tcp, listener_on_unix
from sansmcp_threads.serving import ENVIRONMENT, Serving, check, interrupted
from sansmcp_threads.signals import terminated
from sansmcp_threads.workers import Workers

Started: TypeAlias = Callable[[str], object]
"""Told the address where a server listens, as `connect` takes it."""


def listen_tcp(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: ssl.SSLContext | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> Listener:
    """Serve peers over TCP from now on, on threads.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; by default a free one.
        ssl: the certificate and its key, to speak TLS.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.

    Returns:
        What says where it listens, and ends it.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: a handler is an `async def`, and no `async_runner` is given.
    """
    check(server, async_runner)
    expect_tls(ssl)
    endpoint = server.endpoint(ENVIRONMENT, settings)
    serving = Serving(server, endpoint, workers=workers, async_runner=async_runner, settings=settings)
    return listener_on_tcp(serving, host, port, ssl)


def listen_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> Listener:
    """Serve peers over a Unix socket from now on, on threads; only the user of this process can reach it.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.

    Returns:
        What says where it listens, and ends it.

    Raises:
        OSError: if the path cannot be listened on, since somebody does or it is no socket.
        LocalProtocolError: a handler is an `async def`, and no `async_runner` is given.
    """
    check(server, async_runner)
    endpoint = server.endpoint(ENVIRONMENT, settings)
    serving = Serving(server, endpoint, workers=workers, async_runner=async_runner, settings=settings)
    return listener_on_unix(serving, os.fspath(path))


def serve_tcp(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: ssl.SSLContext | None = None,
    started: Started | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over TCP until the program is interrupted, or until SIGTERM; see `listen_tcp`.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; by default a free one.
        ssl: the certificate and its key, to speak TLS.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.
    """
    serve_until_asked(
        listen_tcp(server, host, port, ssl=ssl, workers=workers, async_runner=async_runner, **settings),
        started,
    )


def serve_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    started: Started | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over a Unix socket until the program is interrupted, or until SIGTERM; see `listen_unix`.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.
    """
    serve_until_asked(
        listen_unix(server, path, workers=workers, async_runner=async_runner, **settings), started
    )


def serve_until_asked(listener: Listener, started: Started | None) -> None:
    """Let a listener serve until the program is interrupted, or asked to end by SIGTERM; then close it.

    Args:
        listener: the listener.
        started: told the address.
    """
    with listener, terminated() as asked:
        if started is not None:
            started(listener.address)
        try:
            asked.wait()
        except KeyboardInterrupt:
            raise interrupted() from None
