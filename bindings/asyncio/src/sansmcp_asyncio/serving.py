"""Serving one peer, over standard input and output or a stream, and what serving many has in common."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final, TypeAlias, Unpack

from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server, ServerConnections, ServeSettings, expect_server
from sansmcp.session import (
    DEFAULT_PATIENCE,
    Errand,
    Outcome,
    Patience,
    Report,
    ServerEndpoint,
    ServerEvent,
    ServerSession,
    Severity,
    Timeouts,
)
from sansmcp.values import JSON
from sansmcp_asyncio.carried import LAST_WORDS
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.flows import Stream
from sansmcp_asyncio.handlers import Handlers, write_report
from sansmcp_asyncio.stdio import StdioStream
from sansmcp_asyncio.workers import Workers

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

DoErrand: TypeAlias = Callable[[Errand], Outcome]
"""Does an errand, and returns what tells the endpoint how that went; it does not raise, and may block."""


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
    async with living(server) as lifespan:
        serving = Serving(server, server.endpoint(ENVIRONMENT, settings), workers, settings, lifespan)
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


class Serving:
    """One endpoint with its driver and its handlers.

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
        self._endpoint = endpoint
        self._grace = (settings.get("timeouts") or Timeouts()).close
        self._driver: Driver[ServerSession, ServerEvent] = Driver(
            endpoint, self._handle, perform=self._perform, patience=patience
        )
        self._do_errand = errands
        # One, so that they are done in order.
        self._errands = Workers(1)
        self._handlers = Handlers(self._workers, self._driver)
        self._connections = ServerConnections(
            server,
            start=self._handlers.start,
            outlet=self._handlers.outlet,
            wait=self._handlers.wait,
            tell=lambda told: told(),
            report=write_report,
            settings=settings,
            deadlines=endpoint.deadlines,
            lifespan=lifespan,
        )

    def carry(self, stream: Stream) -> asyncio.Task[None]:
        """Serve the peer at the other end of a stream until the connection ends, in a task."""
        return self._driver.carry(self._endpoint.accept(self._driver.now()), stream)

    def carry_one_of_many(self, stream: Stream) -> None:
        """The same for a peer whose fault is no matter of the others."""
        self.carry(stream).add_done_callback(_tell_fault)

    async def end(self) -> None:
        """End every connection in good order, and wait for it: requests that run get their grace."""
        self._endpoint.close(self._driver.now())
        self._driver.settle()
        with contextlib.suppress(TimeoutError):
            # Of one who does not read the rest there is no end.
            async with asyncio.timeout(self._grace + LAST_WORDS):
                await self._driver.wait_done()

    async def close(self) -> None:
        """End what is left at once."""
        try:
            # The links first: what handlers say because they are stopped is no answer.
            await self._driver.cancel()
        finally:
            self._connections.close()
            if self._own_workers is not None:
                self._own_workers.close()
            await self._end_errands()
            await self._handlers.wait_ended()

    def _perform(self, errand: Errand) -> None:
        if self._connections.takes(errand):
            return
        if self._do_errand is None:
            raise AssertionError("unreachable: an endpoint with errands is served with who does them")
        do = partial(self._do_errand, errand)
        self._errands.submit(lambda: self._handlers.outlet(do()))

    async def _end_errands(self) -> None:
        if self._do_errand is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
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


def _tell_fault(carrying: asyncio.Task[None]) -> None:
    if not carrying.cancelled() and (fault := carrying.exception()) is not None:
        # One peer's stream is no matter of the others.
        write_report(Report(severity=Severity.ERROR, text="a connection failed", error=fault))
