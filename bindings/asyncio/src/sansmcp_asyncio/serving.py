"""Serving: one peer's session on a stream, its handlers in their own colour."""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from sansmcp.environment import Environment
from sansmcp.server import Invocation, NotificationInvocation, Server
from sansmcp.session import (
    Disconnected,
    HandlerFailed,
    KeepAlive,
    LineLink,
    MessageDropped,
    NotificationReceived,
    ProtocolViolated,
    RequestCancelled,
    RequestReceived,
    ServerEvent,
    ServerSession,
    SessionLimits,
    Timeouts,
)
from sansmcp.values import RequestId
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.outcomes import awaited_outcome_of, outcome_of
from sansmcp_asyncio.streams import ByteStream, StdioStream
from sansmcp_asyncio.workers import Workers

logger = logging.getLogger("sansmcp")

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)


async def serve_stream(
    server: Server,
    stream: ByteStream,
    *,
    timeouts: Timeouts | None = None,
    limits: SessionLimits | None = None,
    keep_alive: KeepAlive | None = None,
    workers: Workers | None = None,
) -> None:
    """Serve one peer over a stream of lines until the connection ends.

    Args:
        server: what is offered.
        stream: where the peer is.
        timeouts: how long to wait.
        limits: how much the peer may ask for.
        keep_alive: pings to a legacy peer, or None.
        workers: the threads of handlers that block, which the caller closes; by default some of the
            connection's own.
    """
    session = server.open_session(ENVIRONMENT, timeouts=timeouts, limits=limits, keep_alive=keep_alive)
    chosen = workers or Workers()
    try:
        await _Connection(server, session, stream, chosen).run()
    finally:
        if workers is None:
            chosen.close()


def serve_stdio(
    server: Server,
    *,
    timeouts: Timeouts | None = None,
    limits: SessionLimits | None = None,
    keep_alive: KeepAlive | None = None,
) -> None:
    """Serve one peer over standard input and output until the input ends, on a loop of its own.

    From inside a loop use `await serve_stream(server, StdioStream())` instead.

    Args:
        server: what is offered.
        timeouts: how long to wait.
        limits: how much the peer may ask for.
        keep_alive: pings to a legacy peer, or None.
    """
    serving = serve_stream(server, StdioStream(), timeouts=timeouts, limits=limits, keep_alive=keep_alive)
    try:
        asyncio.run(serving)
    except KeyboardInterrupt:
        # Whoever pressed the keys knows why it ended; 130 is what shells say.
        raise SystemExit(130) from None


class _Connection:
    def __init__(self, server: Server, session: ServerSession, stream: ByteStream, workers: Workers) -> None:
        self._server = server
        self._session = session
        self._workers = workers
        self._driver = Driver(LineLink(session), stream, self._deliver)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._settle_scheduled = False
        self._notifications: deque[NotificationInvocation] = deque()
        self._notifying: asyncio.Task[None] | None = None
        self._running: dict[RequestId, tuple[Invocation, asyncio.Task[None] | None]] = {}

    async def run(self) -> None:
        try:
            await self._driver.run()
        finally:
            if self._notifying is not None:
                self._notifying.cancel()
            for invocation, task in tuple(self._running.values()):
                invocation.cancel()
                if task is not None:
                    task.cancel()

    def _deliver(self) -> None:
        while (event := self._session.next_event()) is not None:
            self._handle(event)

    def _handle(self, event: ServerEvent) -> None:
        match event:
            case RequestReceived():
                self._start(self._server.resolve(event, self._session, self._outlet), event.request_id)
            case RequestCancelled():
                invocation, task = self._running.get(event.request_id, (None, None))
                if invocation is not None:
                    invocation.cancel()
                if task is not None:
                    task.cancel()
            case NotificationReceived():
                self._queue(event)
            case HandlerFailed():
                # Hidden from the peer, never from the author.
                logger.error("%s failed", event.method, exc_info=event.error)
            case ProtocolViolated():
                logger.warning("the client broke a rule: %s", event.reason)
            case MessageDropped():
                logger.info("a message was dropped: %s", event.reason)
            case Disconnected():
                logger.info("disconnected: %s", event.reason)
            case _:
                logger.debug("%s", event)

    # Handlers

    def _start(self, invocation: Invocation, request_id: RequestId) -> None:
        if invocation.is_async:
            task = self._loop.create_task(self._await(invocation, request_id), name=invocation.name)
            self._running[request_id] = (invocation, task)
        elif invocation.blocks:
            self._running[request_id] = (invocation, None)
            self._workers.submit(partial(self._work, invocation, request_id))
        else:
            self._finish(request_id, outcome_of(invocation), self._driver.now())

    async def _await(self, invocation: Invocation, request_id: RequestId) -> None:
        self._finish(request_id, await awaited_outcome_of(invocation), self._driver.now())
        self._driver.settle()

    def _work(self, invocation: Invocation, request_id: RequestId) -> None:
        self._outlet(partial(self._finish, request_id, outcome_of(invocation)))

    def _finish(self, request_id: RequestId, outcome: Callable[[float], None], now: float) -> None:
        self._running.pop(request_id, None)
        outcome(now)

    # Notifications: one handler after the other, in the order they came

    def _queue(self, event: NotificationReceived) -> None:
        invocation = self._server.resolve_notification(event)
        if invocation is None:
            return
        self._notifications.append(invocation)
        if self._notifying is None:
            self._notifying = self._loop.create_task(self._notify(), name="sansmcp notifications")

    async def _notify(self) -> None:
        while self._notifications:
            invocation = self._notifications.popleft()
            if invocation.is_async:
                outcome = await awaited_outcome_of(invocation)
            elif invocation.blocks:
                outcome = await self._workers.run(partial(outcome_of, invocation))
            else:
                outcome = outcome_of(invocation)
            outcome(self._driver.now())
            if invocation.failure is not None:
                logger.error("%s failed", invocation.name, exc_info=invocation.failure)
        self._notifying = None

    # What handlers send

    def _outlet(self, command: Callable[[float], None]) -> None:
        if threading.get_ident() == self._thread:
            command(self._driver.now())
            if not self._settle_scheduled:
                self._settle_scheduled = True
                self._loop.call_soon(self._settle)
            return
        # The loop may be gone before a thread comes to its end.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._perform, command)

    def _perform(self, command: Callable[[float], None]) -> None:
        command(self._driver.now())
        self._driver.settle()

    def _settle(self) -> None:
        self._settle_scheduled = False
        self._driver.settle()
