"""asyncio as an adapter sees it that is run by somebody else's loop, such as that of ASGI."""

import asyncio
import contextlib
import contextvars
import logging
import types
from collections.abc import Awaitable, Callable, Generator
from typing import Final

from sansmcp.session import Stop
from sansmcp.values import JSON
from sansmcp_asyncio.workers import Workers

_logger: Final = logging.getLogger("sansmcp")


class Runtime:
    """The loop that runs; make it there.

    Args:
        workers: the threads of what blocks; by default some of its own.
    """

    def __init__(self, workers: Workers | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._workers = workers or Workers()
        self._own_workers = self._workers if workers is None else None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_over(self) -> bool:
        """Whether nothing can run here any more."""
        return self._loop.is_closed()

    def now(self) -> float:
        """Return the time of the loop's clock."""
        return self._loop.time()

    def flag(self) -> asyncio.Event:
        """Return something to wait for: it is set, cleared and waited for on the loop's thread."""
        return asyncio.Event()

    def spawn(self, work: Callable[[], Awaitable[object]], name: str) -> Stop:
        """Run something in a task that nobody waits for; what it raises is written into the log.

        Args:
            work: what to run; it begins in any case, and what stops it is raised where it first waits.
            name: what the task is called.

        Returns:
            What cancels it.
        """
        spawned = _Spawned(work, self._tasks)
        # The loop itself keeps no strong reference to a task.
        self._tasks.add(self._loop.create_task(spawned.run(), name=name))
        return spawned.stop

    def wake(self, call: Callable[[], object]) -> None:
        """Call something on the loop's thread, soon and in order; from threads and signal handlers, too."""
        # The loop may be gone before a thread comes to its end.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, context=contextvars.Context())

    async def sleep_until(self, at: float | None, work: Callable[[], Awaitable[object]]) -> bool:
        """Wait until something has come to its end, or until a time: then it is cancelled.

        Args:
            at: the time; None for none.
            work: what is waited for.

        Returns:
            Whether it has come to its end; what it raises is raised.
        """
        steps = work().__await__()
        try:
            waited_for = next(steps)
        except StopIteration:
            # Most need not wait, and a timer costs more than they do.
            return True
        limit = asyncio.timeout_at(at)
        try:
            async with limit:
                await _go_on(steps, waited_for)
        except TimeoutError:
            if limit.expired():
                return False
            raise
        return True

    @staticmethod
    async def turn() -> None:
        """Let everything else go on for once that can."""
        await asyncio.sleep(0)

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
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=patience)


@types.coroutine
def _go_on(steps: Generator[JSON, JSON, object], waited_for: JSON) -> Generator[JSON, JSON, None]:
    """Wait for the rest of what has begun in this task, and waits for something."""
    with contextlib.suppress(StopIteration):
        while True:
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001  # whatever it is, it is meant for what waits
                waited_for = steps.throw(error)
            else:
                waited_for = next(steps)


class _Spawned:
    """One task, which begins even if it is stopped before; it is among the tasks that there are."""

    def __init__(self, work: Callable[[], Awaitable[object]], tasks: set[asyncio.Task[None]]) -> None:
        self._work = work
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False

    async def run(self) -> None:
        self._task = task = asyncio.current_task()
        if self._is_stopped:
            self.stop()
        try:
            await self._work()
        except Exception:
            _logger.exception("a task failed")
        except BaseException as error:  # noqa: BLE001  # a task of ours ends no loop of others
            del error
        finally:
            self._tasks.discard(task)

    def stop(self) -> None:
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()
