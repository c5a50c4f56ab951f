"""Server-sent events: bytes to events and back. It knows nothing of JSON.

Source: WHATWG HTML, Server-sent events, 9.2.5 (parsing) and 9.2.6 (interpreting an event stream).
"""

import re
from codecs import BOM_UTF8
from collections import deque
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import Value
from sansmcp.wire.limits import DEFAULT_LIMITS, Limits
from sansmcp.wire.messages import Violation, make_excerpt

_UNSAFE: Final = re.compile(r"[\r\n\0]")
_DATA_FIELD: Final = b"data: "
# No delay of more milliseconds is meant; int() would take squared time, and refuse at its own bound.
_RETRY: Final = re.compile(rb"[0-9]{1,18}")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServerSentEvent(Value):
    """An event of a stream.

    Args:
        data: its data, the lines joined by newlines; as bytes, since who reads JSON decodes strictly.
        event: its type.
        event_id: the last event id of the stream at this event; None where there is none.
    """

    data: bytes
    event: str = "message"
    event_id: str | None = None


def encode_event(
    data: bytes, *, event_id: str | None = None, event: str | None = None, retry: int | None = None
) -> bytes:
    """Write an event.

    Args:
        data: what it says, in UTF-8; empty for an event that only gives its id.
        event_id: what a client names to go on after this event.
        event: its type; None for a message.
        retry: milliseconds that a client is to wait before it connects again.

    Raises:
        LocalProtocolError: a part would break out of its line, or says nothing.
    """
    if b"\r" in data or b"\0" in data:
        raise LocalProtocolError("the data of an event holds CR or NUL; expected compact JSON")
    fields: list[bytes] = []
    if event_id is not None:
        fields += (b"id: ", _one_line("id", event_id), b"\n")
    if event is not None:
        fields += (b"event: ", _one_line("type", event), b"\n")
    if retry is not None:
        if type(retry) is not int or not 0 <= retry < 10**18:
            raise LocalProtocolError(f"retry is {retry!r:.80}; expected milliseconds, 0 or more")
        fields += (b"retry: %d\n" % retry,)
    if b"\n" in data:
        data = data.replace(b"\n", b"\n" + _DATA_FIELD)
    return b"".join((*fields, _DATA_FIELD, data, b"\n\n"))


def encode_comment(text: str = "") -> bytes:
    """Write a comment, which readers skip: it keeps a quiet connection alive.

    Raises:
        LocalProtocolError: the text would break out of its line.
    """
    return b": " + _one_line("comment", text) + b"\n\n" if text else b":\n\n"


def _one_line(what: str, text: str) -> bytes:
    if not text or _UNSAFE.search(text) is not None:
        raise LocalProtocolError(
            f"the {what} of an event is {text!r:.80}; expected characters other than CR, LF and NUL"
        )
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError(
            f"the {what} of an event is {text!r:.80}; expected no halves of surrogate pairs"
        ) from None


class EventReader:
    """Cut a byte stream into server-sent events, however it arrives in pieces, in time linear in its bytes.

    A line ends at CR, LF or both. An event ends at an empty line; what follows the last one when the
    stream ends is no event. Past the limit there is one Violation, and nothing is read any more.

    After each input, take what `next_event` has until it has none.

    Args:
        limits: `max_message_bytes` bounds the data of an event, and each line.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.last_event_id: str | None = None
        """What to name as Last-Event-ID to go on after the last event; None if no event gave an id."""
        self.retry: int | None = None
        """Milliseconds to wait before connecting again, as the stream asks for; None if it does not."""
        self._limit = limits.max_message_bytes
        self._found: deque[ServerSentEvent | Violation] = deque()
        self._line = bytearray()
        self._is_after_cr = False
        self._is_at_start = True
        self._is_dead = False
        self._data: list[bytes] = []
        self._size = 0
        self._event = ""
        self._next_id: str | None = None

    def receive_data(self, data: bytes) -> None:
        """Take the next bytes; afterwards drain next_event()."""
        if self._is_at_start and data:
            data = self._skip_mark(data)
        if not data or self._is_dead:
            return
        if self._is_after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._is_after_cr = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = bytes(self._line) + lines[0]
            self._line.clear()
            for line in lines:
                self._receive_line(line)
        if not self._is_dead:
            self._line += rest
            self._check_length(self._line)

    def next_event(self) -> ServerSentEvent | Violation | None:
        """Return the next event, what came in the place of one, or None for now."""
        return self._found.popleft() if self._found else None

    def _skip_mark(self, data: bytes) -> bytes:
        data = bytes(self._line) + data
        self._line.clear()
        if len(data) < len(BOM_UTF8) and BOM_UTF8.startswith(data):
            self._line += data
            return b""
        self._is_at_start = False
        return data.removeprefix(BOM_UTF8)

    def _receive_line(self, line: bytes) -> None:
        if self._is_dead or self._check_length(line):
            return
        if not line:
            self._finish_event()
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._receive_value(value)
        elif name == b"event":
            self._event = value.decode(errors="replace")
        elif name == b"id":
            if b"\0" not in value:
                self._next_id = value.decode(errors="replace")
        elif name == b"retry" and _RETRY.fullmatch(value) is not None:
            self.retry = int(value)

    def _receive_value(self, value: bytes) -> None:
        # The newline that joins it to the value before counts.
        self._size += len(value) + bool(self._data)
        if self._size > self._limit:
            self._fail(value)
        else:
            self._data.append(value)

    def _check_length(self, line: bytes | bytearray) -> bool:
        least = self._limit + len(_DATA_FIELD) - self._size + 1
        if len(line) < least:
            return False
        # Of what has come in any case, or the excerpt would tell how the bytes were cut.
        self._fail(line[:least])
        return True

    def _finish_event(self) -> None:
        if self._next_id is not None:
            # An empty id says that there is none any more.
            self.last_event_id = self._next_id or None
            self._next_id = None
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            event = self._event or "message"
            self._found.append(ServerSentEvent(data=data, event=event, event_id=self.last_event_id))
            self._data = []
            self._size = 0
        self._event = ""

    def _fail(self, found: bytes | bytearray) -> None:
        self._is_dead = True
        self._found.append(
            Violation(
                code=-32700,
                text=f"an event is longer than {self._limit} bytes",
                excerpt=make_excerpt(found),
            )
        )
        self._line.clear()
        self._data.clear()
