"""Daemon threads for handlers that block: unlike trio's own they never hold up the exit of a program."""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

import outcome
import trio

from sansmcp_trio.replies import Reply

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
        """Run a job on a thread of the pool, and return what it returns; a task that is cancelled leaves it.

        Raises:
            Exception: what the job raises.
        """
        reply: Reply[T] = Reply()
        token = trio.lowlevel.current_trio_token()

        def work() -> None:
            result = outcome.capture(job)
            # The run may be over before a thread comes to its end.
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(reply.settle, result)

        self.submit(work)
        return await reply.wait()

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
