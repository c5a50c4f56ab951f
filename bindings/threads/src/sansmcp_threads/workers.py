"""Daemon threads for handlers that block: they never hold up the exit of a program."""

import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

# Starlette and anyio run 40 blocking functions at a time.
MAX_WORKERS: Final = 40


class Workers:
    """A pool of daemon threads that grows with demand.

    At most one thread is on its way to the jobs at any time, and wakes the next one when it has got a job
    and leaves some: quick jobs keep few threads busy, jobs that block get one after the other.

    Args:
        most: how many threads there may be.
    """

    def __init__(self, most: int = MAX_WORKERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], None]] = deque()
        self._threads: set[threading.Thread] = set()
        self._idle: set[threading.Thread] = set()
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_called = False
        self._is_closed = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job on a thread of the pool, soon; a job must not raise."""
        with self._lock:
            if self._is_closed:
                return
            self._jobs.append(job)
            self._call_one()

    def close(self) -> None:
        """Drop the jobs that have not begun, and end the threads that have nothing to do."""
        with self._lock:
            self._is_closed = True
            self._jobs.clear()
            idle = tuple(self._idle)
            for _ in idle:
                self._calls.put(None)
        for thread in idle:
            thread.join()

    def _call_one(self) -> None:
        if self._is_called:
            return
        if self._idle:
            self._is_called = True
            self._calls.put(None)
        elif len(self._threads) < self._most:
            self._is_called = True
            thread = threading.Thread(target=self._work, name="sansmcp handler", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work(self) -> None:
        me = threading.current_thread()
        was_called = True
        while (job := self._next_job(me, was_called=was_called)) is not None:
            job()
            was_called = False
            # Nothing of it is kept while the thread waits.
            del job

    def _next_job(self, me: threading.Thread, *, was_called: bool) -> Callable[[], None] | None:
        while True:
            with self._lock:
                if was_called:
                    self._is_called = False
                self._idle.discard(me)
                if self._jobs:
                    job = self._jobs.popleft()
                    if self._jobs:
                        self._call_one()
                    return job
                if self._is_closed:
                    self._threads.discard(me)
                    return None
                self._idle.add(me)
            self._calls.get()
            was_called = True
