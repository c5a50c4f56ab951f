"""Serving one peer, over standard input and output or a stream, and what serving many has in common."""

import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeAlias, Unpack

import trio

from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server, ServerConnections, ServeSettings, expect_server
from sansmcp.session import (
    DEFAULT_PATIENCE,
    Errand,
    Outcome,
    Patience,
    ServerEndpoint,
    ServerEvent,
    ServerSession,
    Timeouts,
)
from sansmcp.values import JSON
from sansmcp_trio.carried import LAST_WORDS
from sansmcp_trio.driver import Driver
from sansmcp_trio.handlers import Handlers, write_report
from sansmcp_trio.signals import terminated
from sansmcp_trio.sockets import Listener, accept_all
from sansmcp_trio.streams import ByteStream, StdioStream
from sansmcp_trio.tasks import Tasks
from sansmcp_trio.workers import Workers

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

DoErrand: TypeAlias = Callable[[Errand], Outcome]
"""Does an errand, and returns what tells the endpoint how that went; it does not raise, and may block."""

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
    async with living(server) as lifespan:
        endpoint = server.endpoint(ENVIRONMENT, settings)
        async with Serving(server, endpoint, workers, settings, lifespan) as serving:
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


class Serving:
    """One endpoint with its driver, its handlers and their tasks; enter it with `async with`.

    Args:
        server: what is offered.
        endpoint: where peers come to.
        workers: the threads of handlers that block, which the caller closes; None for some of its own.
        settings: how sessions are set up.
        lifespan: what entering the lifespan of the server gave.
        errands: does what the endpoint asks for, on a thread, in order; None if it asks for nothing.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self,
        server: Server,
        endpoint: ServerEndpoint[ServerSession, ServerEvent],
        workers: Workers | None,
        settings: ServeSettings,
        lifespan: JSON,
        *,
        errands: DoErrand | None = None,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._workers = workers or Workers()
        self._own_workers = self._workers if workers is None else None
        self._server = server
        self._tasks = Tasks()
        self._settings = settings
        self._lifespan = lifespan
        self._endpoint = endpoint
        self._patience = patience
        self._do_errand = errands
        # One, so that they are done in order.
        self._errands = Workers(1)
        self._grace = (settings.get("timeouts") or Timeouts()).close

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._driver: Driver[ServerSession, ServerEvent] = Driver(
            self._endpoint, self._handle, self._tasks, perform=self._perform, patience=self._patience
        )
        handlers = Handlers(self._tasks, self._workers, now=self._driver.now, settle=self._driver.settle)
        self._handlers = handlers
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
        await self._end_errands()
        return await self._tasks.__aexit__(exception_type, exception, traceback)

    async def carry(self, stream: ByteStream) -> None:
        """Serve the peer at the other end of a stream until the connection ends."""
        await self._driver.carry(self._endpoint.accept(self._driver.now()), stream)

    async def listen(self, listeners: Sequence[Listener], told: Callable[[], object]) -> None:
        """Serve peers until cancelled, or until SIGTERM; then end every connection in good order.

        Args:
            listeners: where they come to.
            told: called once they may come.
        """
        accepting = trio.CancelScope()
        self._tasks.start(partial(self._accept, listeners, accepting), "sansmcp listener")
        try:
            with terminated() as asked:
                told()
                await asked.wait()
        finally:
            accepting.cancel()
            # Of one who does not read the rest there is no end.
            with trio.move_on_after(self._grace + LAST_WORDS, shield=True):
                await self._end()

    async def _accept(self, listeners: Sequence[Listener], scope: trio.CancelScope) -> None:
        with scope:
            async with trio.open_nursery() as nursery:
                for listener in listeners:
                    nursery.start_soon(accept_all, listener, self._tasks.nursery, self._carry_one_of_many)

    async def _end(self) -> None:
        self._endpoint.close(self._driver.now())
        self._driver.settle()
        await self._driver.wait_done()

    async def _carry_one_of_many(self, stream: ByteStream) -> None:
        try:
            await self.carry(stream)
        except Exception:
            # One peer's stream is no matter of the others.
            _logger.exception("a connection failed")
        finally:
            await trio.aclose_forcefully(stream)

    def _perform(self, errand: Errand) -> None:
        if self._connections.takes(errand):
            return
        if self._do_errand is None:
            raise AssertionError("unreachable: an endpoint with errands is served with who does them")
        do = partial(self._do_errand, errand)
        self._errands.submit(lambda: self._handlers.outlet(do()))

    async def _end_errands(self) -> None:
        if self._do_errand is not None:
            with trio.move_on_after(LAST_WORDS, shield=True):
                await self._errands.run(lambda: None)
        self._errands.close()

    def _handle(self, session: ServerSession, event: ServerEvent) -> None:
        self._connections.handle(session, event)


@asynccontextmanager
async def living(server: Server) -> AsyncGenerator[JSON, None]:
    """Enter the lifespan of a server, of either colour, and leave it at the end."""
    expect_server(server)
    found = server.living()
    if isinstance(found, AbstractAsyncContextManager):
        async with found as value:
            yield value
    else:
        with found as value:
            yield value


async def _serve_stdio(server: Server, **settings: Unpack[ServeSettings]) -> None:
    await serve_stream(server, StdioStream(), **settings)
