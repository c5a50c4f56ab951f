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
    and leaves some: quick jobs keep few threads busy, jobs that block get one after the other. What is due
    after a job is left to the thread that is on its way, so that quick jobs are settled together and none
    waits for a slow one.

    Args:
        most: how many threads there may be.
    """

    def __init__(self, most: int = MAX_WORKERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._jobs: deque[tuple[Callable[[], None], Callable[[], None]]] = deque()
        self._left: dict[Callable[[], None], None] = {}
        self._threads: set[threading.Thread] = set()
        self._idle: set[threading.Thread] = set()
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_called = False
        self._is_closed = False

    def submit(self, job: Callable[[], None], settle: Callable[[], None]) -> None:
        """Run a job on a thread of the pool, soon.

        Args:
            job: what to do; it must not raise.
            settle: called soon after it has ended, once for all the jobs with the same one.
        """
        with self._lock:
            if self._is_closed:
                return
            self._jobs.append((job, settle))
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
            thread = threading.Thread(target=self._work, name="sansmcp handler", daemon=True)
            thread.start()
            self._threads.add(thread)
            self._is_called = True

    def _work(self) -> None:
        me = threading.current_thread()
        self._arrive(me)
        while (found := self._next_job(me)) is not None:
            job, settle = found
            job()
            if not self._leave(settle):
                settle()
            # Nothing of it is kept while the thread waits.
            del found, job, settle

    def _next_job(self, me: threading.Thread) -> tuple[Callable[[], None], Callable[[], None]] | None:
        while True:
            with self._lock:
                if self._jobs:
                    job = self._jobs.popleft()
                    if self._jobs:
                        # This one may block.
                        self._call_one()
                    return job
                if self._is_closed:
                    self._threads.discard(me)
                    return None
                self._idle.add(me)
            self._calls.get()
            self._arrive(me)

    def _arrive(self, me: threading.Thread) -> None:
        with self._lock:
            self._is_called = False
            self._idle.discard(me)
            left, self._left = self._left, {}
        for settle in left:
            settle()

    def _leave(self, settle: Callable[[], None]) -> bool:
        """Leave it to a thread that is on its way, if there is one and this one has more to do."""
        with self._lock:
            if self._jobs and self._is_called:
                self._left[settle] = None
                return True
        return False
