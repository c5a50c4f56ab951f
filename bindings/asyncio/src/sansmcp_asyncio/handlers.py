"""Handlers in their own colour: coroutines in tasks, blocking functions on daemon threads, others at once."""

import asyncio
import contextlib
import contextvars
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from sansmcp.server import When
from sansmcp.session import Finish, Report, Runnable, Stop, outcome_of
from sansmcp.values import JSON
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.workers import Workers

_logger: Final = logging.getLogger("sansmcp")

# The process is to be gone within a second.
_LAST_STEPS: Final = 0.4
"""Seconds that handlers may take once they are stopped."""


class Handlers:
    """Starts handlers, and brings to the loop what they say from elsewhere.

    Args:
        workers: the threads of handlers that block.
        driver: runs the links that their outcomes go to.
    """

    def __init__(self, workers: Workers, driver: Driver[JSON, JSON]) -> None:
        self._workers = workers
        self._driver = driver
        self._now = driver.now
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        # What a handler leads to is not part of it: its variables are for it alone.
        self._outside = contextvars.copy_context()
        self._commands: deque[Callable[[float], None]] = deque()
        self._is_woken = False
        self._tasks: dict[Runnable, asyncio.Task[None]] = {}
        self._not_begun: set[Runnable] = set()

    def start(self, work: Runnable, finish: Finish) -> Stop | None:
        """Run a handler: at once, in a task or on a thread."""
        if work.is_async:
            # Entered first: where tasks are eager, it begins at once, and may have ended afterwards.
            self._not_begun.add(work)
            task = self._loop.create_task(self._await(work, finish), name=work.name)
            if not task.done():
                # The loop itself keeps no strong reference to a task.
                self._tasks[work] = task
            self._driver.put_off()
            return partial(self._cancel, work, finish)
        if work.blocks:
            self._workers.submit(partial(self._work, work, finish))
        else:
            finish(outcome_of(work), self._now())
        return None

    async def wait_ended(self) -> None:
        """Wait for handlers that were stopped, though not for long."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks.values()), timeout=_LAST_STEPS)

    def outlet(self, command: Callable[[float], None]) -> None:
        """Run a command of a handler on the loop's thread, soon and in order; from any thread."""
        if threading.get_ident() == self._thread:
            command(self._now())
            self._driver.settle_soon()
        else:
            self._call_in_loop(command)

    def wait(self, when: When, /, *, is_async: bool) -> Awaitable[None] | None:
        """Wait until something has happened: a coroutine on the loop, another handler on its thread."""
        if not is_async:
            happened = threading.Event()
            when(happened.set)
            happened.wait()
            return None
        future: asyncio.Future[None] = self._loop.create_future()
        when(lambda: None if future.done() else future.set_result(None))
        return future

    # Coroutines

    async def _await(self, work: Runnable, finish: Finish) -> None:
        self._not_begun.discard(work)
        try:
            value = await work.call()
        except BaseException as error:  # noqa: BLE001  # whatever a handler raises is its request's outcome
            # Kept in no variable: its traceback leads back here, and such rings hold up the exit.
            finish(partial(work.raised, error), self._now())
        else:
            finish(partial(work.succeed, value), self._now())
        self._tasks.pop(work, None)
        # What others finish in the same turn of the loop leaves in one write.
        if self._tasks:
            self._driver.settle_soon()
        else:
            self._driver.settle()

    def _cancel(self, work: Runnable, finish: Finish) -> None:
        task = self._tasks.get(work)
        if task is None:
            return
        task.cancel()
        if work in self._not_begun:
            # It will never begin, so it has its outcome here.
            self._not_begun.discard(work)
            del self._tasks[work]
            finish(partial(work.raised, asyncio.CancelledError()), self._now())

    # Threads

    def _work(self, work: Runnable, finish: Finish) -> None:
        self._call_in_loop(partial(finish, outcome_of(work)))

    def _call_in_loop(self, command: Callable[[float], None]) -> None:
        self._commands.append(command)
        # The loop is woken once for all that comes before it looks.
        if self._is_woken:
            return
        self._is_woken = True
        # The loop may be gone before a thread comes to its end.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._perform, context=self._outside)

    def _perform(self) -> None:
        # Before the first look, so that a command that is not seen wakes the loop again.
        self._is_woken = False
        now = self._now()
        while self._commands:
            self._commands.popleft()(now)
        self._driver.settle()


def write_report(report: Report) -> None:
    """Write a line into the log of the binding, with the traceback of what a handler raised."""
    level = logging.getLevelNamesMapping()[report.severity.value]
    _logger.log(level, "%s", report.text, exc_info=report.error)
