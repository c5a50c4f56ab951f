"""The threads that handlers run on."""

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

from sansmcp_threads.workers import Workers

_Jobs: TypeAlias = deque[tuple[Callable[[], None], Callable[[], None]]]


class OwnThreads(Workers):
    """Has each handler run on the thread of the request that it belongs to.

    What is started by nobody's request, such as by a timer, runs on threads of the pool.
    """

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    @contextmanager
    def here(self) -> Generator[None, None, None]:
        """Keep for this thread what it starts; at the end it is run, and what that starts."""
        jobs: _Jobs = deque()
        self._here.jobs = jobs
        try:
            yield
            while jobs:
                job, settle = jobs.popleft()
                job()
                settle()
        finally:
            self._here.jobs = None

    def submit(self, job: Callable[[], None], settle: Callable[[], None]) -> None:
        """Run a job: on this thread, soon, where it serves a request, else on one of the pool.

        Args:
            job: what to do; it must not raise.
            settle: called after it has ended.
        """
        jobs: _Jobs | None = getattr(self._here, "jobs", None)
        if jobs is None:
            super().submit(job, settle)
        else:
            jobs.append((job, settle))
