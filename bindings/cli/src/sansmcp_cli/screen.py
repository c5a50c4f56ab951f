"""What is shown beside the result, on standard error: progress, log messages, questions.

What a server says is made visible before a terminal gets it: it must not move the cursor, paint over what
stands there, or type.
"""

import contextlib
import re
import shutil
import threading
from typing import Final, TextIO

from sansmcp.session import LogReceived, ProgressReceived
from sansmcp_cli.faults import Fault
from sansmcp_cli.printing import write

# All control characters but the ends of lines and tabs, and the marks that turn the direction of writing.
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_CLEAR: Final = "\r\x1b[K"
"""Goes to the beginning of the line and removes what stands there."""


def visible(text: str) -> str:
    """Return a text with its control characters written out.

    Args:
        text: what a server says.
    """
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Screen:
    """Standard error, shared by whatever wants to be shown on it; any thread may use it.

    Args:
        output: standard error.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._is_terminal = output.isatty()
        self._lock = threading.Lock()
        self._has_progress = False

    def say(self, *lines: str) -> None:
        """Show lines, and remove the progress that stands there."""
        with self._lock:
            self._clear()
            self._write("".join(f"{visible(line)}\n" for line in lines))

    def prompt(self, text: str) -> None:
        """Show a text and leave the cursor behind it."""
        with self._lock:
            self._clear()
            self._write(visible(text))

    def progress(self, event: ProgressReceived) -> None:
        """Show how far a call is: on a terminal in place of what was shown before."""
        far = f"{event.progress:g}" if event.total is None else f"{event.progress:g} of {event.total:g}"
        text = visible(" ".join(f"{far} {event.message or ''}".split()))
        with self._lock:
            if not self._is_terminal:
                self._write(f"progress {text}\n")
                return
            columns = shutil.get_terminal_size((80, 24)).columns
            self._write(f"{_CLEAR}{text[: columns - 1]}")
            self._has_progress = True

    def log(self, event: LogReceived) -> None:
        """Show a log message."""
        text = event.data if isinstance(event.data, str) else repr(event.data)
        logger = f" {event.logger}" if event.logger else ""
        self.say(f"{event.level}{logger}: {text}")

    def clear(self) -> None:
        """Remove the progress that stands there."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._has_progress:
            self._has_progress = False
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        # Whoever has no room for what stands beside the result still wants the result.
        with contextlib.suppress(Fault):
            write(self._output, text)
