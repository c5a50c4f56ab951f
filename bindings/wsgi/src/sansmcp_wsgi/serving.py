"""One endpoint in one process: the threads of requests feed their exchanges and wait for what those say."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Final

from sansmcp.environment import Environment
from sansmcp.http import (
    ExchangeState,
    RequestHead,
    ResponseAction,
    ServerExchange,
    ServerHttp,
)
from sansmcp.server import ServeHttpSettings, Server, ServerConnections
from sansmcp.session import EndpointAction, Errand, Link, Report, ServerEvent, ServerSession
from sansmcp_threads.driver import Driver
from sansmcp_threads.handlers import AsyncRunner, Handlers, write_report
from sansmcp_threads.living import living
from sansmcp_threads.workers import Workers
from sansmcp_wsgi.handlers import OwnThreads

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

_LAST_WORDS: Final = 1.0
"""Seconds that a store may take to keep what is left."""


class Carried:
    """One exchange, as a driver of links sees it and as the thread of its request does.

    Args:
        exchange: the exchange.
    """

    def __init__(self, exchange: ServerExchange) -> None:
        self.exchange: Final = exchange
        """The exchange."""
        self.changed: Final = threading.Event()
        """Set each time it may have something to say."""

    @property
    def is_receiving(self) -> bool:
        """Whether more of the request is wanted."""
        return self.exchange.state is ExchangeState.RECEIVING

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.exchange.done

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in a piece of the body."""
        self.exchange.receive_data(data, now)

    def receive_eof(self, now: float, reason: str = "") -> None:
        """Take in that the body is complete."""
        del reason
        self.exchange.receive_eof(now)

    def data_to_send(self) -> bytes:
        """Return nothing: the thread of the request takes what there is."""
        return b""

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        return self.exchange.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""
        self.exchange.handle_timeout(now)


class _Endpoint:
    """The endpoint with its exchanges as links, so that the driver of threads can run it."""

    def __init__(self, http: ServerHttp) -> None:
        self._http = http
        self.carried: dict[ServerExchange, Carried] = {}

    def next_event(self) -> tuple[ServerSession, ServerEvent] | None:
        return self._http.next_event()

    def actions(self) -> Sequence[EndpointAction]:
        return self._http.actions()

    def ready(self) -> list[Link]:
        found: list[Link] = []
        for exchange in self._http.ready():
            carried = self.carried.get(exchange)
            if carried is not None:
                if exchange.done:
                    del self.carried[exchange]
                carried.changed.set()
                found.append(carried)
        return found

    def next_deadline(self) -> float | None:
        return self._http.next_deadline()

    def handle_timeout(self, now: float) -> None:
        self._http.handle_timeout(now)


class Serving:
    """One endpoint with its driver and its handlers.

    One lock guards it, and is never held while anything is read, written or run. Its timer is a daemon
    thread that exists from the first deadline on, so none is lost when a process forks before it serves.

    Args:
        server: what is offered.
        settings: how it is served.
        streams: whether a response may go on while other requests are served; without, handlers run on the
            threads of their requests.
        async_runner: runs handlers that are an `async def`; None to refuse them.
    """

    def __init__(
        self, server: Server, settings: ServeHttpSettings, *, streams: bool, async_runner: AsyncRunner | None
    ) -> None:
        http = self._http = server.http_endpoint(ENVIRONMENT, settings, streams=streams)
        self._endpoint = _Endpoint(http)
        self._life = ExitStack()
        lifespan = self._life.enter_context(living(server, async_runner))
        self._own_threads = None if streams else OwnThreads()
        self._workers = self._own_threads or Workers()
        # One, so that they are done in order.
        self._errands = Workers(1)
        self._has_errands = False
        self._driver: Driver[ServerSession, ServerEvent] = Driver(
            self._endpoint, self._handle, perform=self._perform
        )
        handlers = Handlers(self._driver, self._workers, async_runner)
        self._connections = ServerConnections(
            server,
            start=handlers.start,
            outlet=self._driver.post,
            wait=handlers.wait,
            tell=self._driver.tell,
            report=self._report,
            settings=settings,
            deadlines=http.deadlines,
            lifespan=lifespan,
        )

    def open_exchange(self, head: RequestHead) -> Carried:
        """Begin an exchange."""
        opened: list[Carried] = []

        def begin(now: float) -> None:
            carried = Carried(self._http.open_exchange(head, now))
            self._endpoint.carried[carried.exchange] = carried
            opened.append(carried)

        self._driver.do(begin)
        return opened[0]

    def receive(self, carried: Carried, data: bytes) -> None:
        """Take in a piece of the body."""
        self._driver.do(partial(carried.receive_data, data))

    def complete(self, carried: Carried, data: bytes) -> None:
        """Take in the last piece of the body; what is to run on this thread is run."""

        def complete(now: float) -> None:
            carried.receive_data(data, now)
            carried.receive_eof(now)

        with nullcontext() if self._own_threads is None else self._own_threads.here():
            self._driver.do(complete)

    def take(self, carried: Carried) -> list[ResponseAction]:
        """Return what there is to write now."""
        # Cleared before anything is taken, so that no wake-up is lost.
        carried.changed.clear()
        taken: list[ResponseAction] = []
        self._driver.do(lambda _now: taken.extend(carried.exchange.actions()))
        return taken

    def end_exchange(self, carried: Carried) -> None:
        """Take in that nobody reads what an exchange says any more, or that it has said everything."""
        if not carried.done:
            self._driver.do(carried.exchange.receive_disconnect)

    def drain(self) -> None:
        """Begin to end in good order: streams get their ends, running requests a grace."""
        self._driver.do(self._http.close)

    def close(self) -> None:
        """End what is left at once, and leave the lifespan of the server."""
        try:
            # Whoever listens would wait for ever, since no timer is left.
            self.drain()
            self._driver.do(lambda _now: self._connections.close())
            self._driver.cancel()
            self._workers.close()
            self._end_errands()
        finally:
            self._life.close()

    def _end_errands(self) -> None:
        if self._has_errands:
            done = threading.Event()
            self._errands.submit(done.set, done.set)
            done.wait(_LAST_WORDS)
        self._errands.close()

    def _handle(self, session: ServerSession, event: ServerEvent) -> None:
        self._connections.handle(session, event)

    def _report(self, report: Report) -> None:
        self._driver.tell(partial(write_report, report))

    def _perform(self, errand: Errand) -> None:
        if self._connections.takes(errand):
            return
        self._has_errands = True
        self._errands.submit(lambda: self._driver.leave(self._http.perform(errand)), self._driver.settle)
