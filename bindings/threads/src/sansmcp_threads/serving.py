"""Serving one peer, over standard input and output or a stream, and what serving many has in common."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Final, TypeAlias, Unpack

from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError
from sansmcp.http.verifying import MayWait, awaits
from sansmcp.server import Server, ServerConnections, ServeSettings, expect_server
from sansmcp.session import (
    DEFAULT_PATIENCE,
    Errand,
    Link,
    Outcome,
    Patience,
    Report,
    ServerEndpoint,
    ServerEvent,
    ServerSession,
    Timeouts,
)
from sansmcp.values import JSON
from sansmcp_threads.driver import Driver
from sansmcp_threads.handlers import ADVICE, AsyncRunner, Handlers, write_report
from sansmcp_threads.living import living
from sansmcp_threads.streams import ByteStream, StdioStream
from sansmcp_threads.workers import Workers

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

DoErrand: TypeAlias = Callable[[Errand], Outcome]
"""Does an errand, and returns what tells the endpoint how that went; it does not raise, and may block."""

_LAST_WORDS: Final = 1.0
"""Seconds that connections may take to end, beyond the grace of what runs."""


class Serving:
    """One endpoint with its driver and its handlers.

    Args:
        server: what is offered, which was checked.
        endpoint: where peers come to.
        workers: the threads of handlers that block, which the caller closes; None for some of its own.
        async_runner: runs handlers that are an `async def`; None to refuse them.
        settings: how sessions are set up.
        errands: does what the endpoint asks for, on a thread, in order; None if it asks for nothing.
        patience: how long to wait for a peer that is slow to read.

    Raises:
        LocalProtocolError: the lifespan of the server is async, and nobody runs it.
    """

    def __init__(
        self,
        server: Server,
        endpoint: ServerEndpoint[ServerSession, ServerEvent],
        *,
        workers: Workers | None,
        async_runner: AsyncRunner | None,
        settings: ServeSettings,
        errands: DoErrand | None = None,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._workers = workers or Workers()
        self._own_workers = self._workers if workers is None else None
        self._endpoint = endpoint
        self._grace = (settings.get("timeouts") or Timeouts()).close
        self._life = ExitStack()
        lifespan = self._life.enter_context(living(server, async_runner))
        self._driver: Driver[ServerSession, ServerEvent] = Driver(
            endpoint, self._handle, perform=self._perform, patience=patience
        )
        self._do_errand = errands
        # One, so that they are done in order.
        self._errands = Workers(1)
        handlers = Handlers(self._driver, self._workers, async_runner)
        self._connections = ServerConnections(
            server,
            start=handlers.start,
            outlet=self._driver.post,
            wait=handlers.wait,
            tell=self._driver.tell,
            report=self._report,
            settings=settings,
            deadlines=endpoint.deadlines,
            lifespan=lifespan,
        )

    def carry(self, open_stream: Callable[[], ByteStream]) -> None:
        """Serve the peer at the other end of a stream, which is opened on a thread.

        Raises:
            RuntimeError: no thread can be started; nobody has opened the stream, and nobody will.
        """
        links: list[Link] = []
        try:
            self._driver.perform(lambda now: links.append(self._endpoint.accept(now)))
            self._driver.open(links[0], open_stream)
        except RuntimeError as error:
            reason = str(error)
            for link in links:
                self._driver.leave(partial(_end_input, link, reason))
            # Not with `perform`, which would want a thread for those who are told.
            self._driver.settle()
            raise

    def wait_done(self) -> None:
        """Wait until every connection has ended."""
        self._driver.wait_done()

    def end(self) -> None:
        """End every connection in good order, and wait for it: requests that run get their grace."""
        self._driver.perform(self._begin_end)
        self._driver.wait_done()

    def close(self) -> None:
        """End what is left at once, and leave the lifespan of the server."""
        try:
            self._driver.perform(lambda _now: self._connections.close())
            self._driver.cancel()
            if self._own_workers is not None:
                self._own_workers.close()
            self._end_errands()
        finally:
            self._life.close()

    def _begin_end(self, now: float) -> None:
        self._endpoint.close(now)
        # Of one who does not read the rest there is no end.
        at = now + self._grace + _LAST_WORDS
        self._endpoint.deadlines.arm(self, at, "the end", self._driver.abandon)

    def _perform(self, errand: Errand) -> None:
        if self._connections.takes(errand):
            return
        if self._do_errand is None:
            raise AssertionError("unreachable: an endpoint with errands is served with who does them")
        do = partial(self._do_errand, errand)
        self._errands.submit(lambda: self._driver.leave(do()), self._driver.settle)

    def _end_errands(self) -> None:
        if self._do_errand is not None:
            done = threading.Event()
            self._errands.submit(done.set, self._driver.settle)
            done.wait(_LAST_WORDS)
        self._errands.close()

    def _handle(self, session: ServerSession, event: ServerEvent) -> None:
        self._connections.handle(session, event)

    def _report(self, report: Report) -> None:
        self._driver.tell(partial(write_report, report))


def _end_input(link: Link, reason: str, now: float) -> None:
    link.receive_eof(now, reason)


def check(server: Server, async_runner: AsyncRunner | None, *, verify: JSON = None) -> None:
    """Refuse what is no server, and a server that awaits, unless somebody does that.

    Args:
        server: what is offered.
        async_runner: runs handlers that are an `async def`.
        verify: what finds out who sent a request, over HTTP.

    Raises:
        LocalProtocolError: it is no server, or a handler is an `async def`; it names which.
    """
    expect_server(server)
    if async_runner is not None:
        return
    server.refuse_async_handlers()
    if awaits(verify.function if isinstance(verify, MayWait) else verify):
        raise LocalProtocolError(f"verify is an async def: {ADVICE}")


def serve_stream(
    server: Server,
    stream: ByteStream,
    *,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve one peer over a stream of lines until the connection ends.

    Args:
        server: what is offered.
        stream: where the peer is.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how the session is set up; see `ServeSettings`.

    Raises:
        LocalProtocolError: a handler is an `async def`, and no `async_runner` is given.
    """
    check(server, async_runner)
    serving = Serving(
        server,
        server.endpoint(ENVIRONMENT, settings),
        workers=workers,
        async_runner=async_runner,
        settings=settings,
    )
    try:
        serving.carry(lambda: stream)
        serving.wait_done()
    finally:
        serving.close()


def serve_stdio(
    server: Server, *, async_runner: AsyncRunner | None = None, **settings: Unpack[ServeSettings]
) -> None:
    """Serve one peer over standard input and output until the input ends.

    Args:
        server: what is offered.
        async_runner: runs handlers that are an `async def` on threads, such as `asyncio.run`.
        settings: how the session is set up; see `ServeSettings`.

    Raises:
        LocalProtocolError: a handler is an `async def`, and no `async_runner` is given.
    """
    check(server, async_runner)
    try:
        serve_stream(server, StdioStream(), async_runner=async_runner, **settings)
    except KeyboardInterrupt:
        raise interrupted() from None


def interrupted() -> SystemExit:
    """Return what ends a program that was interrupted: whoever pressed the keys knows why it ended."""
    # What shells say.
    return SystemExit(130)
