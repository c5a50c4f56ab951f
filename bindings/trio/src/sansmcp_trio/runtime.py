"""trio as an adapter sees it that runs in somebody else's run, such as that of ASGI."""

import contextlib
import contextvars
import logging
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import trio

from sansmcp.session import Stop
from sansmcp_trio.workers import Workers

_logger: Final = logging.getLogger("sansmcp")

# Trio and the user at the keyboard end tasks with these, and rely on their coming through.
_PASSING: Final = (trio.Cancelled, KeyboardInterrupt)


class Flag:
    """Something to wait for."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def set(self) -> None:
        """Let all who wait go on, and all who are going to wait."""
        self._event.set()

    def clear(self) -> None:
        """Let those wait who are going to."""
        if self._event.is_set():
            self._event = trio.Event()

    def is_set(self) -> bool:
        """Whether nobody waits."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Wait until it is set."""
        await self._event.wait()


class Runtime:
    """The run of trio that goes on; make it there.

    Its tasks are system tasks, so they need no nursery and end with the run; they raise nothing there.

    Args:
        workers: the threads of what blocks; by default some of its own.
    """

    def __init__(self, workers: Workers | None = None) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._workers = workers or Workers()
        self._own_workers = self._workers if workers is None else None
        self._tasks: dict[trio.CancelScope, trio.lowlevel.Task] = {}
        self._ended = Flag()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing can run here any more."""
        if not self._is_over:
            try:
                self._token.run_sync_soon(_nothing, idempotent=True)
            except trio.RunFinishedError:
                self._is_over = True
        return self._is_over

    @staticmethod
    def now() -> float:
        """Return the time of trio's clock."""
        return trio.current_time()

    @staticmethod
    def flag() -> Flag:
        """Return something to wait for: it is set, cleared and waited for on trio's thread."""
        return Flag()

    def spawn(self, work: Callable[[], Awaitable[object]], name: str) -> Stop:
        """Run something in a task that nobody waits for; what it raises is written into the log.

        Args:
            work: what to run; it begins in any case, and what stops it is raised where it first waits.
            name: what the task is called.

        Returns:
            What cancels it.
        """
        scope = trio.CancelScope()
        self._tasks[scope] = trio.lowlevel.spawn_system_task(
            self._guard, work, scope, name=name, context=contextvars.copy_context()
        )
        return scope.cancel

    def wake(self, call: Callable[[], object]) -> None:
        """Call something on trio's thread, soon and in order; from threads and signal handlers, too."""
        # The run may be over before a thread comes to its end.
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(partial(_call, call))

    @staticmethod
    async def sleep_until(at: float | None, work: Callable[[], Awaitable[object]]) -> bool:
        """Wait until something has come to its end, or until a time: then it is cancelled.

        Args:
            at: the time; None for none.
            work: what is waited for.

        Returns:
            Whether it has come to its end; what it raises is raised.
        """
        with trio.CancelScope(deadline=math.inf if at is None else at) as scope:
            await work()
        return not scope.cancelled_caught

    @staticmethod
    async def turn() -> None:
        """Let everything else go on for once that can."""
        await trio.lowlevel.checkpoint()

    def in_thread(self, job: Callable[[], None]) -> None:
        """Run something that must not raise on a daemon thread, soon, with the variables of the context."""
        context = contextvars.copy_context()
        self._workers.submit(lambda: context.run(job))

    def release(self) -> None:
        """Let the threads end as soon as they have nothing to do."""
        if self._own_workers is not None:
            self._own_workers.close()

    async def close(self, patience: float) -> None:
        """Cancel every task but the one that calls, and wait so many seconds for them."""
        me = trio.lowlevel.current_task()
        with trio.CancelScope(deadline=trio.current_time() + patience, shield=True):
            for scope, task in tuple(self._tasks.items()):
                if task is not me:
                    scope.cancel()
            while any(task is not me for task in self._tasks.values()):
                self._ended.clear()
                await self._ended.wait()

    async def _guard(self, work: Callable[[], Awaitable[object]], scope: trio.CancelScope) -> None:
        try:
            with scope:
                await work()
        except Exception:
            _logger.exception("a task failed")
        except BaseExceptionGroup as group:
            # A system task that raises anything else ends the whole run.
            if passing := group.subgroup(_PASSING):
                raise passing from None
        except _PASSING:
            raise
        except BaseException as error:  # noqa: BLE001  # a task of ours ends no run of others
            del error
        finally:
            self._tasks.pop(scope, None)
            self._ended.set()


def _nothing() -> None:
    """Find out whether trio still runs."""


def _call(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception:
        # What is raised where trio calls it would end the whole run.
        _logger.exception("a call failed")
