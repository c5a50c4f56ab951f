"""One timer on a thread, which exists from the first deadline on and sleeps for ever while there is none."""

import threading
import time
from collections.abc import Callable


class Timer:
    """Calls somebody when a time has come.

    Args:
        due: called on the timer's thread; it arms the timer again.
    """

    def __init__(self, due: Callable[[], None]) -> None:
        self._due = due
        self._changed = threading.Condition()
        self._at: float | None = None
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    def arm(self, at: float | None) -> None:
        """Take in when it is wanted next; it never waits.

        Where no thread can be started, what is armed next tries again.

        Args:
            at: the time; None for no other than before.
        """
        # A wake-up that comes too early does no harm and is cheaper than another one.
        if at is None or ((armed := self._at) is not None and armed <= at):
            return
        with self._changed:
            if self._thread is not None:
                self._changed.notify()
            elif not self._is_stopped:
                thread = threading.Thread(target=self._run, name="sansmcp timer", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # What was asked for is done all the same; it may only be told of late.
                    return
                self._thread = thread
            self._at = at

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while self._wait():
            self._due()

    def _wait(self) -> bool:
        """Wait until the time has come, or until it is stopped: then say no."""
        with self._changed:
            while not self._is_stopped:
                left = None if self._at is None else self._at - time.monotonic()
                if left is not None and left <= 0:
                    self._at = None
                    return True
                self._changed.wait(None if left is None else min(left, threading.TIMEOUT_MAX))
            return False
