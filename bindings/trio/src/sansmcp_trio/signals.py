"""SIGTERM, by which a process is asked to end: whoever serves ends in good order."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import trio

_WAITING: Final = trio.lowlevel.RunVar[set[trio.Event] | None]("sansmcp terminated", None)
"""Who is told, where the signal is caught."""


@contextmanager
def terminated() -> Generator[trio.Event, None, None]:
    """Give an event that is set by SIGTERM, which does not kill the process meanwhile.

    Where the program deals with the signal itself, or trio does not run in the main thread, it never is.
    """
    event = trio.Event()
    waiting = _WAITING.get()
    if waiting is None:
        waiting = _catch()
    waiting.add(event)
    try:
        yield event
    finally:
        waiting.discard(event)
        if not waiting and _WAITING.get() is waiting:
            _WAITING.set(None)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _catch() -> set[trio.Event]:
    """Catch the signal in this run of trio, if nobody else wants it, and return who is told."""
    waiting = set[trio.Event]()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return waiting
    token = trio.lowlevel.current_trio_token()

    def caught(_number: int, _frame: FrameType | None) -> None:
        token.run_sync_soon(_tell, waiting)

    signal.signal(signal.SIGTERM, caught)
    _WAITING.set(waiting)
    return waiting


def _tell(waiting: set[trio.Event]) -> None:
    for event in waiting:
        event.set()
