"""What listeners, waiters and the log are told: in order, by one thread at a time, under no lock of ours."""

import threading
from collections import deque
from collections.abc import Callable


class Telling:
    """A queue of what is to be told."""

    def __init__(self) -> None:
        self._queue: deque[Callable[[], object]] = deque()
        self._telling = threading.Lock()
        self._teller: int | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether something waits to be told, and nobody is about it."""
        # Whoever tells looks at the queue again after the lock is free.
        return bool(self._queue) and not self._telling.locked()

    @property
    def is_mine(self) -> bool:
        """Whether this thread is in the middle of telling: what it waits for is told by nobody."""
        return self._teller == threading.get_ident()

    def add(self, told: Callable[[], object]) -> None:
        """Queue something; somebody has to call `tell` afterwards."""
        self._queue.append(told)

    def tell(self) -> None:
        """Tell everything that is queued, unless another thread is about it."""
        # Looked at again after the lock is free: what was queued meanwhile may have found it taken.
        while self._queue and self._telling.acquire(blocking=False):
            self._teller = threading.get_ident()
            try:
                while self._queue:
                    self._queue.popleft()()
            finally:
                self._teller = None
                self._telling.release()
