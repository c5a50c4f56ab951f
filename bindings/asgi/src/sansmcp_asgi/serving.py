"""One endpoint on one loop: events to handlers, wake-ups to exchanges, one timer for all of them."""

import logging
import os
import time
from typing import Final

from sansmcp.environment import Environment
from sansmcp.http import HttpLimits, RequestHead, ServerExchange
from sansmcp.server import ServeHttpSettings, Server, ServerConnections
from sansmcp.session import Report, Schedule, Timeouts
from sansmcp.values import JSON
from sansmcp_asgi.errands import Errands
from sansmcp_asgi.handlers import Handlers
from sansmcp_asgi.runtime import Flag, Runtime

_logger: Final = logging.getLogger("sansmcp")

ENVIRONMENT: Final = Environment(random=os.urandom, utc=time.time)

# The process is to be gone within a second.
_LAST_STEPS: Final = 0.4
"""Seconds that handlers may take once they are stopped."""

_LAST_WORDS: Final = 1.0
"""Seconds that responses may take to end, beyond the grace of what runs."""


class Serving:
    """One endpoint with its driver and its handlers.

    Args:
        runtime: the loop.
        server: what is offered.
        settings: how it is served.
        lifespan: what entering the lifespan of the server gave.
    """

    def __init__(self, runtime: Runtime, server: Server, settings: ServeHttpSettings, lifespan: JSON) -> None:
        self.runtime: Final = runtime
        """The loop."""
        self.write_stall: Final = (settings.get("http_limits") or HttpLimits()).write_stall
        """For how many seconds a client may read nothing."""
        self._grace = (settings.get("timeouts") or Timeouts()).close
        self._endpoint = server.http_endpoint(ENVIRONMENT, settings)
        self._errands = Errands(runtime, self._endpoint, self.settle)
        self._schedule = Schedule(self._endpoint)
        self._flags: dict[ServerExchange, Flag] = {}
        self._all_ended = runtime.flag()
        self._is_settling = False
        self._sooner = runtime.flag()
        self._timer_at: float | None = None
        handlers = Handlers(runtime, self.settle)
        self._connections = ServerConnections(
            server,
            start=handlers.start,
            outlet=handlers.outlet,
            wait=handlers.wait,
            tell=lambda told: told(),
            report=write_report,
            settings=settings,
            deadlines=self._endpoint.deadlines,
            lifespan=lifespan,
        )
        runtime.spawn(self._keep_time, "sansmcp timer")

    def open_exchange(self, head: RequestHead) -> tuple[ServerExchange, Flag]:
        """Begin an exchange; the flag is set each time it has something to say. Settle afterwards."""
        exchange = self._endpoint.open_exchange(head, self.runtime.now())
        flag = self._flags[exchange] = self.runtime.flag()
        return exchange, flag

    def end_exchange(self, exchange: ServerExchange) -> None:
        """Take in that nobody reads what an exchange says any more, or that it has said everything."""
        if not exchange.done:
            exchange.receive_disconnect(self.runtime.now())
            self.settle()
        self._schedule.forget(exchange)
        del self._flags[exchange]
        if not self._flags:
            self._all_ended.set()

    def settle(self) -> None:
        """Hand out events, do errands, wake exchanges and move the timer: call it after every command."""
        if self._is_settling:
            return
        self._is_settling = True
        try:
            self._drain()
        except Exception:
            # A fault of ours in one exchange is no matter of the others.
            _logger.exception("the endpoint failed")
        finally:
            self._is_settling = False
        self._arm()

    def drain(self) -> None:
        """Begin to end in good order: streams get their ends, running requests a grace."""
        self._endpoint.close(self.runtime.now())
        self.settle()

    async def close(self) -> None:
        """End in good order, and wait for it."""
        self.drain()
        # Of one who does not read the rest there is no end.
        at = self.runtime.now() + self._grace + _LAST_WORDS
        await self.runtime.sleep_until(at, self._wait_all_ended)
        self.abandon()
        self.settle()
        await self.runtime.sleep_until(self.runtime.now() + _LAST_WORDS, self._errands.wait_done)
        await self.runtime.close(_LAST_STEPS)

    def abandon(self) -> None:
        """Stop what still runs, at once."""
        self._connections.close()

    def _drain(self) -> None:
        # Events alone lead to more of anything, so what comes after them need not be looked for again.
        endpoint = self._endpoint
        while (found := endpoint.next_event()) is not None:
            self._connections.handle(*found)
        for errand in endpoint.actions():
            if not self._connections.takes(errand):
                self._errands.do(errand)
        for exchange in endpoint.ready():
            flag = self._flags.get(exchange)
            if flag is not None:
                self._schedule.note(exchange)
                flag.set()

    async def _wait_all_ended(self) -> None:
        while self._flags:
            self._all_ended.clear()
            await self._all_ended.wait()

    # The timer

    def _arm(self) -> None:
        at = self._schedule.next_deadline()
        # One that fires too early does no harm and is cheaper than a new one.
        if at is not None and (self._timer_at is None or at < self._timer_at):
            self._timer_at = at
            self._sooner.set()

    async def _keep_time(self) -> None:
        while True:
            self._sooner.clear()
            self._timer_at = at = self._schedule.next_deadline()
            if await self.runtime.sleep_until(at, self._sooner.wait):
                continue
            # A clock that fires early must not spin.
            self._schedule.handle_timeout(max(at or 0.0, self.runtime.now()))
            self.settle()


def write_report(report: Report) -> None:
    """Write a line into the log of the binding, with the traceback of what a handler raised."""
    level = logging.getLevelNamesMapping()[report.severity.value]
    _logger.log(level, "%s", report.text, exc_info=report.error)
