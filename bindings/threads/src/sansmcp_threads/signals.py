"""SIGTERM, by which a process is asked to end: whoever serves ends in good order."""

import queue
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_WAITING: Final = set[queue.SimpleQueue[None]]()
"""Who is told."""


@contextmanager
def terminated() -> Generator[queue.SimpleQueue[None], None, None]:
    """Give a queue that gets something on SIGTERM, which does not kill the process meanwhile.

    Where the program deals with the signal itself, or the main thread does not serve, it never does.
    """
    # Unlike an event, a handler may put into it whatever the main thread is about.
    told = queue.SimpleQueue[None]()
    is_main = threading.current_thread() is threading.main_thread()
    catches = is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if catches:
        signal.signal(signal.SIGTERM, _tell)
    _WAITING.add(told)
    try:
        yield told
    finally:
        _WAITING.discard(told)
        if catches:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _tell(_number: int, _frame: FrameType | None) -> None:
    for told in tuple(_WAITING):
        told.put(None)
