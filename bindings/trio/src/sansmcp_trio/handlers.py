"""Handlers in their own colour: coroutines in tasks, blocking functions on daemon threads, others at once."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import trio
from trio.lowlevel import disable_ki_protection, enable_ki_protection

from sansmcp.server import When
from sansmcp.session import Finish, Report, Runnable, Stop, outcome_of
from sansmcp.values import JSON
from sansmcp_trio.tasks import Tasks
from sansmcp_trio.workers import Workers

_logger: Final = logging.getLogger("sansmcp")

# Trio and the user at the keyboard end tasks with these, and rely on their coming through.
_PASSING: Final = (trio.Cancelled, KeyboardInterrupt)


class Handlers:
    """Starts handlers, and brings to trio's thread what they say from elsewhere.

    Args:
        tasks: where those that are coroutines run.
        workers: the threads of those that block.
        now: gives the time that links are told.
        settle: lets the driver see what a command has changed; it does not raise.
    """

    def __init__(
        self, tasks: Tasks, workers: Workers, *, now: Callable[[], float], settle: Callable[[], None]
    ) -> None:
        self._tasks = tasks
        self._workers = workers
        self._now = now
        self._settle = settle
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.get_ident()
        self._in_tasks = 0
        self._is_settling_soon = False
        self._commands: deque[Callable[[float], None]] = deque()
        self._is_woken = False

    def start(self, work: Runnable, finish: Finish) -> Stop | None:
        """Run a handler: at once, in a task or on a thread."""
        if work.is_async:
            scope = trio.CancelScope()
            self._in_tasks += 1
            self._tasks.start(partial(self._await, work, finish, scope), work.name)
            return scope.cancel
        if work.blocks:
            self._workers.submit(partial(self._work, work, finish))
        else:
            finish(outcome_of(work), self._now())
        return None

    def outlet(self, command: Callable[[float], None]) -> None:
        """Run a command of a handler on trio's thread, soon and in order; from any thread."""
        if threading.get_ident() == self._thread:
            command(self._now())
            self._settle()
        else:
            self._call_in_trio(command)

    @staticmethod
    def wait(when: When, /, *, is_async: bool) -> Awaitable[None] | None:
        """Wait until something has happened: a coroutine in its task, another handler on its thread."""
        if not is_async:
            happened = threading.Event()
            when(happened.set)
            happened.wait()
            return None
        came = trio.Event()
        when(came.set)
        return came.wait()

    @enable_ki_protection
    async def _await(self, work: Runnable, finish: Finish, scope: trio.CancelScope) -> None:
        with scope:
            try:
                value = await _call(work)
            except BaseException as error:  # whatever a handler raises is its request's outcome
                # Kept in no variable: its traceback leads back here, and such rings hold up the exit.
                self._finish(partial(finish, partial(work.raised, error)))
                if isinstance(error, _PASSING):
                    raise
                if isinstance(error, BaseExceptionGroup) and (passing := error.subgroup(_PASSING)):
                    # What else is in it was handed over, and has no place in the nursery.
                    raise passing from None
            else:
                self._finish(partial(finish, partial(work.succeed, value)))

    def _finish(self, command: Callable[[float], None]) -> None:
        self._in_tasks -= 1
        command(self._now())
        # What others finish in the same turn of the loop leaves in one write.
        if not self._in_tasks:
            self._settle()
        elif not self._is_settling_soon:
            self._is_settling_soon = True
            self._token.run_sync_soon(self._settle_now)

    def _settle_now(self) -> None:
        self._is_settling_soon = False
        self._settle()

    def _work(self, work: Runnable, finish: Finish) -> None:
        self._call_in_trio(partial(finish, outcome_of(work)))

    def _call_in_trio(self, command: Callable[[float], None]) -> None:
        self._commands.append(command)
        # Trio is woken once for all that comes before it looks.
        if self._is_woken:
            return
        self._is_woken = True
        # The run may be over before a thread comes to its end.
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._perform)

    def _perform(self) -> None:
        # Before the first look, so that a command that is not seen wakes trio again.
        self._is_woken = False
        now = self._now()
        while self._commands:
            self._commands.popleft()(now)
        self._settle()


@disable_ki_protection
async def _call(work: Runnable) -> JSON:
    """Run a coroutine as its author expects: the keys that interrupt do so, in an endless loop too."""
    return await work.call()


def write_report(report: Report) -> None:
    """Write a line into the log of the binding, with the traceback of what a handler raised."""
    level = logging.getLevelNamesMapping()[report.severity.value]
    _logger.log(level, "%s", report.text, exc_info=report.error)
