"""Daemon threads for handlers that block: they never hold up the exit of a program."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Starlette and anyio run 40 blocking functions at a time.
MAX_WORKERS = 40


class Workers:
    """A pool of daemon threads that grows with demand.

    Args:
        most: how many threads there may be.
    """

    def __init__(self, most: int = MAX_WORKERS) -> None:
        self._most = most
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job on a thread of the pool, soon; a job must not raise."""
        with self._lock:
            self._unfinished += 1
            # A thread that has a job may be held up by it for ever, also before it says that it has one.
            is_wanted = self._threads < min(self._unfinished, self._most)
            self._threads += is_wanted
            self._jobs.put(job)
        if is_wanted:
            threading.Thread(target=self._work, name="sansmcp handler", daemon=True).start()

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job that must not raise on a thread of the pool, and return what it returns."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            value = job()
            # The loop may be gone before a thread comes to its end.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, value)

        def settle(value: T) -> None:
            if not future.done():
                future.set_result(value)

        self.submit(work)
        return await future

    def close(self) -> None:
        """Let the threads end as soon as they have nothing to do; nothing may be submitted any more."""
        with self._lock:
            for _ in range(self._threads):
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._unfinished -= 1
