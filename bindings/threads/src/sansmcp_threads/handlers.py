"""Handlers: those that block on threads of their own, the others where their requests are read."""

import inspect
import logging
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final, TypeAlias

from sansmcp.client import InputHandlers
from sansmcp.errors import LocalProtocolError
from sansmcp.server import When
from sansmcp.session import Finish, Outcome, Report, Runnable, outcome_of
from sansmcp.values import JSON
from sansmcp_threads.driver import Driver
from sansmcp_threads.workers import Workers

_logger: Final = logging.getLogger("sansmcp")

AsyncRunner: TypeAlias = Callable[[Coroutine[JSON, JSON, JSON]], JSON]
"""Runs a coroutine to its end on the thread that calls, such as `asyncio.run`."""

ADVICE: Final = "use a def, pass async_runner=asyncio.run, or take a binding that awaits"


class Handlers:
    """Starts handlers.

    Args:
        driver: runs the links that their outcomes go to.
        workers: the threads of handlers that block.
        async_runner: runs handlers that are an `async def`; None to refuse them.
    """

    def __init__(
        self, driver: Driver[JSON, JSON], workers: Workers, async_runner: AsyncRunner | None = None
    ) -> None:
        self._driver = driver
        self._workers = workers
        self._async_runner = async_runner
        self._at_once: deque[tuple[Runnable, Finish]] = deque()

    def start(self, work: Runnable, finish: Finish) -> None:
        """Run a handler: on a thread, or as soon as nothing is locked."""
        if work.is_async or work.blocks:
            self._workers.submit(partial(self._work, work, finish), self._driver.settle)
            return
        self._at_once.append((work, finish))
        self._driver.tell(self._run_at_once)

    @staticmethod
    def wait(when: When, /, *, is_async: bool) -> None:
        """Wait on the thread of a handler until something has happened, an `async def` included."""
        del is_async
        happened = threading.Event()
        when(happened.set)
        happened.wait()

    def _work(self, work: Runnable, finish: Finish) -> None:
        outcome = self._await(work, self._async_runner) if work.is_async else outcome_of(work)
        self._driver.leave(partial(finish, outcome))

    def _run_at_once(self) -> None:
        outcomes: list[tuple[Finish, Outcome]] = []
        while self._at_once:
            work, finish = self._at_once.popleft()
            outcomes.append((finish, outcome_of(work)))

        def finish_all(now: float) -> None:
            for finish, outcome in outcomes:
                finish(outcome, now)

        # All that were read together are answered together.
        if outcomes:
            self._driver.leave(finish_all)
            self._driver.settle()

    @staticmethod
    def _await(work: Runnable, async_runner: AsyncRunner | None) -> Outcome:
        if async_runner is None:
            # It was registered after the server was bound.
            return partial(work.raised, LocalProtocolError(f"{work.name} is an async def: {ADVICE}"))
        try:
            value = async_runner(work.call())
        except BaseException as error:  # noqa: BLE001  # whatever a handler raises is its request's outcome
            return partial(work.raised, error)
        return partial(work.succeed, value)


def refuse_async_handlers(handlers: InputHandlers) -> None:
    """Check that whoever answers a server is a plain `def`.

    Args:
        handlers: who answers.

    Raises:
        LocalProtocolError: one is an `async def`; it names which.
    """
    for name in ("elicitation", "sampling", "roots"):
        handler = getattr(handlers, name)
        if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__):
            raise LocalProtocolError(f"connect(): the handler of {name} is an async def: {ADVICE}")


def write_report(report: Report) -> None:
    """Write a line into the log of the binding, with the traceback of what a handler raised."""
    level = logging.getLevelNamesMapping()[report.severity.value]
    _logger.log(level, "%s", report.text, exc_info=report.error)
