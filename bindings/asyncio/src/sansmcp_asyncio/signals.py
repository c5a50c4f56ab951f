"""SIGTERM, by which a process is asked to end: whoever serves ends in good order."""

import asyncio
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from weakref import WeakKeyDictionary

_WAITING: Final = WeakKeyDictionary[asyncio.AbstractEventLoop, set[asyncio.Event]]()
"""Who is told, by the loops where the signal is caught."""


@contextmanager
def terminated() -> Generator[asyncio.Event, None, None]:
    """Give an event that is set by SIGTERM, which does not kill the process meanwhile.

    Where the program deals with the signal itself, or the loop is not that of the main thread, it never is.
    """
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    waiting = _WAITING.get(loop)
    if waiting is None:
        waiting = _catch(loop)
    waiting.add(event)
    try:
        yield event
    finally:
        waiting.discard(event)
        if not waiting and _WAITING.pop(loop, None) is not None:
            loop.remove_signal_handler(signal.SIGTERM)


def _catch(loop: asyncio.AbstractEventLoop) -> set[asyncio.Event]:
    """Catch the signal in a loop, if nobody else wants it, and return who is told."""
    waiting = set[asyncio.Event]()
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        try:
            loop.add_signal_handler(signal.SIGTERM, _tell, waiting)
        except NotImplementedError:
            # Such as on Windows, where a process is not asked.
            return waiting
        _WAITING[loop] = waiting
    return waiting


def _tell(waiting: set[asyncio.Event]) -> None:
    for event in waiting:
        event.set()
