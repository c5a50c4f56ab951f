"""SIGTERM, by which a process is asked to end: whoever serves ends in good order."""

import select
import signal
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final


class Asked:
    """Whether the process was asked to end, and what waits for that."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._is_asked = False

    def fileno(self) -> int:
        """Return the descriptor that a byte is written to for each signal."""
        return self._writer.fileno()

    def ask(self) -> None:
        """Let the waiting end; a handler of signals may say it whatever the main thread is about."""
        self._is_asked = True
        # A full pipe is read soon all the same.
        with suppress(BlockingIOError):
            self._writer.send(b"\0")

    def wait(self) -> None:
        """Wait until it is asked."""
        while not self._is_asked:
            select.select([self._reader], [], [])
            with suppress(BlockingIOError):
                self._reader.recv(4096)

    def close(self) -> None:
        """Close it once nobody waits."""
        self._reader.close()
        self._writer.close()


_WAITING: Final = set[Asked]()
"""Who is told."""


@contextmanager
def terminated() -> Generator[Asked, None, None]:
    """Give what is asked to end by SIGTERM, which does not kill the process meanwhile.

    Where the program deals with the signal itself, or the main thread does not serve, it never is.
    """
    asked = Asked()
    is_main = threading.current_thread() is threading.main_thread()
    catches = is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if catches:
        signal.signal(signal.SIGTERM, _tell)
    # A signal that comes just before the main thread waits would not wake it from a lock.
    before = signal.set_wakeup_fd(asked.fileno(), warn_on_full_buffer=False) if is_main else -1
    _WAITING.add(asked)
    try:
        yield asked
    finally:
        _WAITING.discard(asked)
        if is_main:
            signal.set_wakeup_fd(before)
        if catches:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asked.close()


def _tell(_number: int, _frame: FrameType | None) -> None:
    for asked in tuple(_WAITING):
        asked.ask()
