"""Handlers in their own colour: coroutines in tasks, blocking functions on daemon threads, others at once."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from sansmcp.session import Finish, Report, Runnable, Stop, outcome_of
from sansmcp_asyncio.workers import Workers

_logger: Final = logging.getLogger("sansmcp")


class Handlers:
    """Starts handlers, and brings to the loop what they say from elsewhere.

    Args:
        workers: the threads of handlers that block.
        now: gives the time that links are told.
        settle: lets the driver see what a command has changed.
    """

    def __init__(self, workers: Workers, *, now: Callable[[], float], settle: Callable[[], None]) -> None:
        self._workers = workers
        self._now = now
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._settle_scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Runnable, finish: Finish) -> Stop | None:
        """Run a handler: at once, in a task or on a thread."""
        if work.is_async:
            task = self._loop.create_task(self._await(work, finish), name=work.name)
            # The loop itself keeps no strong reference to a task.
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return partial(_cancel, task)
        if work.blocks:
            self._workers.submit(partial(self._work, work, finish))
        else:
            finish(outcome_of(work), self._now())
        return None

    def outlet(self, command: Callable[[float], None]) -> None:
        """Run a command of a handler on the loop's thread, soon and in order; from any thread."""
        if threading.get_ident() != self._thread:
            self._call_in_loop(command)
            return
        command(self._now())
        if not self._settle_scheduled:
            self._settle_scheduled = True
            self._loop.call_soon(self._settle_once)

    async def _await(self, work: Runnable, finish: Finish) -> None:
        try:
            value = await work.call()
        except BaseException as error:  # noqa: BLE001  # whatever a handler raises is its request's outcome
            # Kept in no variable: its traceback leads back here, and such rings hold up the exit.
            finish(partial(work.raised, error), self._now())
        else:
            finish(partial(work.succeed, value), self._now())
        self._settle()

    def _work(self, work: Runnable, finish: Finish) -> None:
        self._call_in_loop(partial(finish, outcome_of(work)))

    def _call_in_loop(self, command: Callable[[float], None]) -> None:
        # The loop may be gone before a thread comes to its end.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._perform, command)

    def _perform(self, command: Callable[[float], None]) -> None:
        command(self._now())
        self._settle()

    def _settle_once(self) -> None:
        self._settle_scheduled = False
        self._settle()


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


def write_report(report: Report) -> None:
    """Write a line into the log of the binding, with the traceback of what a handler raised."""
    level = logging.getLevelNamesMapping()[report.severity.value]
    _logger.log(level, "%s", report.text, exc_info=report.error)
