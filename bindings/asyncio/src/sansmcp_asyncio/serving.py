"""Serving: over standard input and output, a stream, TCP, Unix sockets."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final, Unpack

from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server, ServerConnections, ServeSettings, expect_server
from sansmcp.session import Report, ServerEvent, ServerSession, Severity
from sansmcp.values import JSON
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.flows import Stream
from sansmcp_asyncio.handlers import Handlers, write_report
from sansmcp_asyncio.listening import Listener, Welcome, listen_tcp, listen_unix
from sansmcp_asyncio.stdio import StdioStream
from sansmcp_asyncio.workers import Workers

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

Started = Callable[[str], object]
"""Told the address where a server listens, as `connect` takes it."""


async def serve_stream(
    server: Server,
    stream: Stream,
    *,
    workers: Workers | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve one peer over a stream of lines until the connection ends.

    Args:
        server: what is offered.
        stream: where the peer is.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        settings: how the session is set up; see `ServeSettings`.
    """
    async with _living(server) as lifespan:
        serving = _Serving(server, workers, settings, lifespan)
        try:
            await serving.carry(stream)
        finally:
            await serving.close()


def serve_stdio(server: Server, **settings: Unpack[ServeSettings]) -> None:
    """Serve one peer over standard input and output until the input ends, on a loop of its own.

    From inside a loop use `await serve_stream(server, StdioStream())` instead.

    Args:
        server: what is offered.
        settings: how the session is set up; see `ServeSettings`.

    Raises:
        LocalProtocolError: it is called inside of a loop.
    """
    if _is_in_loop():
        raise LocalProtocolError(
            "serve_stdio(): expected no loop, found one that runs; "
            "await serve_stream(server, StdioStream()) in it instead"
        )
    try:
        asyncio.run(serve_stream(server, StdioStream(), **settings))
    except KeyboardInterrupt:
        # Whoever pressed the keys knows why it ended; 130 is what shells say.
        raise SystemExit(130) from None


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


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
    """Serve peers over TCP until cancelled.

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
    await _serve(server, partial(listen_tcp, host, port, ssl), started, workers, settings)


async def serve_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    started: Started | None = None,
    workers: Workers | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over a Unix socket until cancelled; only the user of this process can reach it.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        settings: how sessions are set up; see `ServeSettings`.

    Raises:
        OSError: if the path cannot be listened on, since somebody does or it is no socket.
    """
    await _serve(server, partial(listen_unix, os.fspath(path)), started, workers, settings)


class _Serving:
    """One endpoint with its driver and its handlers."""

    def __init__(
        self, server: Server, workers: Workers | None, settings: ServeSettings, lifespan: JSON
    ) -> None:
        self._workers = workers or Workers()
        self._own_workers = self._workers if workers is None else None
        self._endpoint = server.endpoint(ENVIRONMENT, settings)
        self._driver: Driver[ServerSession, ServerEvent] = Driver(self._endpoint, self._handle)
        self._handlers = Handlers(self._workers, now=self._driver.now, settle=self._driver.settle)
        self._connections = ServerConnections(
            server,
            start=self._handlers.start,
            outlet=self._handlers.outlet,
            wait=self._handlers.wait,
            tell=lambda told: told(),
            report=write_report,
            settings=settings,
            deadlines=self._endpoint.deadlines,
            lifespan=lifespan,
        )

    def carry(self, stream: Stream) -> asyncio.Task[None]:
        return self._driver.carry(self._endpoint.accept(self._driver.now()), stream)

    def carry_one_of_many(self, stream: Stream) -> None:
        self.carry(stream).add_done_callback(_tell_fault)

    async def close(self) -> None:
        """End what is left at once."""
        try:
            # The links first: what handlers say because they are stopped is no answer.
            await self._driver.cancel()
        finally:
            self._connections.close()
            if self._own_workers is not None:
                self._own_workers.close()
            await self._handlers.wait_ended()

    def _handle(self, session: ServerSession, event: ServerEvent) -> None:
        self._connections.handle(session, event)


async def _serve(
    server: Server,
    listen: Callable[[Welcome], Awaitable[Listener]],
    started: Started | None,
    workers: Workers | None,
    settings: ServeSettings,
) -> None:
    async with _living(server) as lifespan:
        serving = _Serving(server, workers, settings, lifespan)
        try:
            listener = await listen(serving.carry_one_of_many)
            try:
                if started is not None:
                    started(listener.address)
                # Nothing ends it but cancellation.
                await asyncio.get_running_loop().create_future()
            finally:
                listener.stop()
                await listener.wait_stopped()
        finally:
            await serving.close()


@asynccontextmanager
async def _living(server: Server) -> AsyncGenerator[JSON, None]:
    """Enter the lifespan of a server, of either colour, and leave it at the end."""
    expect_server(server)
    living = server.living()
    if isinstance(living, AbstractAsyncContextManager):
        async with living as value:
            yield value
    else:
        with living as value:
            yield value


def _tell_fault(carrying: asyncio.Task[None]) -> None:
    if not carrying.cancelled() and (fault := carrying.exception()) is not None:
        # One peer's stream is no matter of the others.
        write_report(Report(severity=Severity.ERROR, text="a connection failed", error=fault))
