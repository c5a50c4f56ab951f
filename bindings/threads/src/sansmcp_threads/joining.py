"""Daemon threads that are joined at the end, so that nothing is left behind."""

import threading
from collections.abc import Callable


class Threads:
    """The threads of one owner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[threading.Thread] = set()
        self._leaving: threading.Thread | None = None

    def start(self, name: str, work: Callable[[], object]) -> threading.Thread:
        """Start a thread.

        Args:
            name: its name.
            work: what it does.
        """
        thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        with self._lock:
            # Only one that was started can be joined, and one that could not be started is none.
            thread.start()
            self._running.add(thread)
        return thread

    def join(self) -> None:
        """Wait until none of them runs, other than the one that calls."""
        me = threading.current_thread()
        while True:
            with self._lock:
                others = (self._running | {self._leaving}) - {me, None}
            if not others:
                return
            for thread in others:
                if thread is not None:
                    thread.join()
            with self._lock:
                if self._leaving in others:
                    self._leaving = None

    def _run(self, work: Callable[[], object]) -> None:
        me = threading.current_thread()
        try:
            work()
        finally:
            with self._lock:
                self._running.discard(me)
                before, self._leaving = self._leaving, me
            # One after the other, so that whoever joins the last one has joined all.
            if before is not None:
                before.join()
