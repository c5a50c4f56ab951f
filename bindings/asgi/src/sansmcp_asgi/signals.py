"""The signals that end a server: streams that would hold up its end hear of them first."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Stands before the handlers of the server that runs the application, where it has some.

    Servers wait for open responses when they are asked to end, and tell the application only afterwards.

    Args:
        heard: called in the middle of anything.
    """

    def __init__(self, heard: Callable[[], object]) -> None:
        self._heard = heard
        self._before: dict[int, Callable[[int, FrameType | None], object]] = {}

    def listen(self) -> None:
        """Begin; it does nothing outside of the main thread, and where nobody handles the signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _ENDING:
            before = signal.getsignal(number)
            # Without a handler the signal ends the process there and then, which is not ours to change.
            if callable(before) and before is not signal.default_int_handler:
                self._before[number] = before
                signal.signal(number, self._hear)

    def stop(self) -> None:
        """Give back what was there before, where nobody has come after us."""
        for number, before in self._before.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard()
        self._before[number](number, frame)
