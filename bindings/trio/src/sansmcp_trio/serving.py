"""Serving: over standard input and output, a stream, TCP, Unix sockets."""

import logging
import os
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Final, Self, Unpack

import trio

from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server, ServerConnections, ServeSettings, expect_server
from sansmcp.session import ServerEvent, ServerSession
from sansmcp.values import JSON
from sansmcp_trio.driver import Driver
from sansmcp_trio.handlers import Handlers, write_report
from sansmcp_trio.sockets import Listener, listen_tcp, listen_unix
from sansmcp_trio.streams import ByteStream, StdioStream
from sansmcp_trio.tasks import Tasks
from sansmcp_trio.workers import Workers

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

Started = Callable[[str], object]
"""Told the address where a server listens, as `connect` takes it."""

_logger: Final = logging.getLogger("sansmcp")


async def serve_stream(
    server: Server,
    stream: ByteStream,
    *,
    workers: Workers | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve one peer over a stream of lines until the connection ends.

    Args:
        server: what is offered.
        stream: where the peer is: any of trio's streams.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        settings: how the session is set up; see `ServeSettings`.
    """
    async with _living(server) as lifespan, _Serving(server, workers, settings, lifespan) as serving:
        await serving.carry(stream)


def serve_stdio(server: Server, **settings: Unpack[ServeSettings]) -> None:
    """Serve one peer over standard input and output until the input ends, in a run of trio of its own.

    From inside trio use `await serve_stream(server, StdioStream())` instead.

    Args:
        server: what is offered.
        settings: how the session is set up; see `ServeSettings`.

    Raises:
        LocalProtocolError: it is called inside of a loop.
    """
    if trio.lowlevel.in_trio_run():
        raise LocalProtocolError(
            "serve_stdio(): expected no loop, found one that runs; "
            "await serve_stream(server, StdioStream()) in it instead"
        )
    try:
        trio.run(partial(_serve_stdio, server, **settings))
    except KeyboardInterrupt:
        # Whoever pressed the keys knows why it ended; 130 is what shells say.
        raise SystemExit(130) from None


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
    """Serve peers over TCP until cancelled; with `nursery.start` it gives the address.

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
    async with _living(server) as lifespan:
        serving = _Serving(server, workers, settings, lifespan)
        address, listeners = await listen_tcp(host, port, ssl)
        async with serving:
            await serving.listen(address, listeners, started, task_status)


async def serve_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    started: Started | None = None,
    workers: Workers | None = None,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over a Unix socket until cancelled; only the user of this process can reach it.

    With `nursery.start` it gives the address.

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
    await trio.lowlevel.checkpoint()
    async with _living(server) as lifespan:
        serving = _Serving(server, workers, settings, lifespan)
        address, listeners = listen_unix(os.fspath(path))
        async with serving:
            await serving.listen(address, listeners, started, task_status)


class _Serving:
    """One endpoint with its driver, its handlers and their tasks."""

    def __init__(
        self, server: Server, workers: Workers | None, settings: ServeSettings, lifespan: JSON
    ) -> None:
        self._workers = workers or Workers()
        self._own_workers = self._workers if workers is None else None
        self._server = server
        self._tasks = Tasks()
        self._settings = settings
        self._lifespan = lifespan
        self._endpoint = server.endpoint(ENVIRONMENT, settings)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._driver: Driver[ServerSession, ServerEvent] = Driver(self._endpoint, self._handle, self._tasks)
        handlers = Handlers(self._tasks, self._workers, now=self._driver.now, settle=self._driver.settle)
        self._connections = ServerConnections(
            self._server,
            start=handlers.start,
            outlet=handlers.outlet,
            wait=handlers.wait,
            tell=lambda told: told(),
            report=write_report,
            settings=self._settings,
            deadlines=self._endpoint.deadlines,
            lifespan=self._lifespan,
        )
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        # First, so that handlers know why they are stopped.
        self._connections.close()
        if self._own_workers is not None:
            self._own_workers.close()
        return await self._tasks.__aexit__(exception_type, exception, traceback)

    async def carry(self, stream: ByteStream) -> None:
        await self._driver.carry(self._endpoint.accept(self._driver.now()), stream)

    async def listen(
        self,
        address: str,
        listeners: Sequence[Listener],
        started: Started | None,
        task_status: trio.TaskStatus[str],
    ) -> None:
        nursery = self._tasks.nursery
        accepting = partial(
            trio.serve_listeners, self._carry_one_of_many, list(listeners), handler_nursery=nursery
        )
        self._tasks.start(accepting, "sansmcp listener")
        if started is not None:
            started(address)
        task_status.started(address)
        # Nothing ends it but cancellation.
        await trio.sleep_forever()

    async def _carry_one_of_many(self, stream: ByteStream) -> None:
        try:
            await self.carry(stream)
        except Exception:
            # One peer's stream is no matter of the others.
            _logger.exception("a connection failed")

    def _handle(self, session: ServerSession, event: ServerEvent) -> None:
        self._connections.handle(session, event)


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


async def _serve_stdio(server: Server, **settings: Unpack[ServeSettings]) -> None:
    await serve_stream(server, StdioStream(), **settings)
