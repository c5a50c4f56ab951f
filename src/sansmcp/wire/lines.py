"""Newline framing: bytes to lines and back. It counts bytes and knows nothing of JSON."""

import enum
import re
from codecs import BOM_UTF8
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp.wire.encode import encode
from sansmcp.wire.limits import DEFAULT_LIMITS, Limits
from sansmcp.wire.messages import Batch, Message, Violation, make_excerpt

_JSON_WHITESPACE: Final = b" \t\r\n"
_BLANK_LINES: Final = re.compile(rb"(?:[ \t\r]*+\n)++")


class _State(enum.Enum):
    START = enum.auto()
    """Nothing came but what may be the first bytes of a byte order mark."""
    LINES = enum.auto()
    DROPPING = enum.auto()
    """A line is past the limit: what comes is dropped up to the next newline."""
    ENDED = enum.auto()


class LineReader:
    """Cut a byte stream into lines, however it arrives in pieces, in time linear in its bytes.

    A line ends at byte 0x0A and nowhere else. Lines of nothing but JSON whitespace are skipped, and so
    is one byte order mark at the very start. A line past the limit is reported as soon as it is, once,
    and the bytes up to its newline are dropped unbuffered; the next line is read as if nothing had
    been. What follows the last newline is no line, and never yielded as one.

    After each input, take what `next_line` has until it has none.

    Args:
        limits: `max_message_bytes` bounds a line, its newline not counted.

    Source: MCP, Transports, stdio.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = limits.max_message_bytes
        self._state = _State.START
        # While dropping, either nothing or, where the report is still to be taken, lines that end with
        # one that is a byte too long.
        self._buffer = bytearray()
        self._searched = 0
        # Bytes after the last newline.
        self._tail = 0

    def receive_data(self, data: bytes) -> None:
        """Take the next bytes; afterwards drain next_line().

        Raises:
            LocalProtocolError: the end was received before.
        """
        if self._state is _State.LINES:
            self._append(data)
        elif self._state is _State.DROPPING:
            self._drop(data)
        elif self._state is _State.START:
            self._start(bytes(self._buffer) + data)
        else:
            raise LocalProtocolError("receive_data after receive_eof; a new stream needs a new LineReader")

    def receive_eof(self) -> None:
        """Take the end of the stream; afterwards drain next_line(). A second time changes nothing."""
        self._state = _State.ENDED

    def next_line(self) -> bytes | Violation | None:
        """Return the next line without its newline, what came in the place of one, or None for now.

        A message that the end of the stream cut off is reported and never returned: what is missing
        may have changed what it says.
        """
        buffer = self._buffer
        while True:
            newline = buffer.find(b"\n", self._searched)
            if newline < 0:
                self._searched = len(buffer)
                return self._report_tail()
            self._searched = 0
            if newline > self._limit:
                violation = self._too_long()
                del buffer[: newline + 1]
                return violation
            line = bytes(buffer[:newline])
            del buffer[: newline + 1]
            if line.strip(_JSON_WHITESPACE):
                return line
            blank = _BLANK_LINES.match(buffer)
            if blank is not None:
                del buffer[: blank.end()]

    def _start(self, data: bytes) -> None:
        self._buffer.clear()
        self._searched = 0
        if len(data) < len(BOM_UTF8) and BOM_UTF8.startswith(data):
            self._buffer += data
            return
        self._state = _State.LINES
        self._append(data.removeprefix(BOM_UTF8))

    def _append(self, data: bytes) -> None:
        newline = data.rfind(b"\n")
        self._tail = self._tail + len(data) if newline < 0 else len(data) - newline - 1
        excess = self._tail - self._limit - 1
        if excess < 0:
            self._buffer += data
            return
        self._buffer += data[: len(data) - excess]
        self._state = _State.DROPPING

    def _drop(self, data: bytes) -> None:
        newline = data.find(b"\n")
        if newline < 0:
            return
        self._state = _State.LINES
        self._tail = 0
        # The newline ends the line that is a byte too long, unless that was reported and is gone.
        self._append(data[newline if self._buffer else newline + 1 :])

    def _report_tail(self) -> Violation | None:
        # The buffer holds what follows the last newline.
        if len(self._buffer) > self._limit:
            violation = self._too_long()
        elif self._state is _State.ENDED and self._buffer.strip(_JSON_WHITESPACE):
            violation = Violation(
                code=-32700,
                text="the stream ended within a message; expected a newline after it",
                excerpt=make_excerpt(self._buffer),
            )
        else:
            return None
        self._buffer.clear()
        self._searched = 0
        return violation

    def _too_long(self) -> Violation:
        return Violation(
            code=-32700,
            text=f"a line is longer than {self._limit} bytes",
            # Of what is kept in any case, or the excerpt would tell how the bytes were cut.
            excerpt=make_excerpt(self._buffer[: self._limit + 1]),
        )


def encode_line(message: Message | Batch) -> bytes:
    """Write one message, or a batch of them, as a line with its newline.

    Raises:
        LocalProtocolError: as `encode`.
    """
    return encode(message) + b"\n"
