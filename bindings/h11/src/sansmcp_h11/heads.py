"""The heads of requests and responses, read more strictly than h11 reads them.

h11 takes folded lines, bare line feeds, control characters and doubled lengths, and it counts the bytes of a
head only where they come in several pieces. What two readers can read in two ways is refused here, before
h11 sees it, and the verdict never depends on how the bytes were cut.

Source: RFC 9112, sections 2 to 6; RFC 9110, section 5.
"""

import re
from typing import Final

import attrs

from sansmcp.http import Headers, RequestHead
from sansmcp.values import Value

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_TEXT: Final = rb"[\t\x20-\x7e\x80-\xff]"
_FIELD: Final = _TOKEN + rb"++:" + _TEXT + rb"*+\r\n"
_FIELDS: Final = rb"(?:" + _FIELD + rb")*+\r\n"

REQUEST: Final = re.compile(_TOKEN + rb"++ [\x21-\x7e]++ HTTP/[0-9]\.[0-9]\r\n" + _FIELDS)
"""A whole head of a request."""
RESPONSE: Final = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: " + _TEXT + rb"*+)?\r\n" + _FIELDS)
"""A whole head of a response."""

_START: Final = re.compile(_TOKEN)
_BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[\t ]*+;" + _TEXT + rb"*+)?\r\n")
_TRAILER: Final = re.compile(_FIELD)
_LENGTH: Final = re.compile(r"[0-9]{1,15}")

# Nobody sends a long one; nothing in it means anything to us.
_MOST_CHUNK_LINE: Final = 256
"""Bytes of a line between chunks."""
_MOST_TRAILERS: Final = 8192
"""Bytes of the lines after the last chunk."""

_SINGLETONS: Final = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "expect",
        "host",
        "last-event-id",
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
        "mcp-session-id",
        "origin",
        "transfer-encoding",
    }
)
"""Fields that a request has once: of two, two readers may believe one each."""
_TWINS: Final = frozenset(name.replace("-", "_") for name in _SINGLETONS if "-" in name)
"""What some gateways write for them, and some take for them."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HeadFault(Value):
    """Why a head is not read any further."""

    status: int
    """The status code for whoever sent it."""
    reason: str
    """What was found and what was expected."""


class HeadBuffer:
    """Holds bytes until a head is complete, within bounds.

    Args:
        grammar: what a whole head looks like.
        most_bytes: how long a head may be.
        most_fields: how many fields it may have.
    """

    __slots__ = ("_grammar", "_held", "_most_bytes", "_most_fields", "_searched")

    def __init__(self, grammar: re.Pattern[bytes], *, most_bytes: int, most_fields: int) -> None:
        self._grammar = grammar
        self._most_bytes = most_bytes
        self._most_fields = most_fields
        self._held = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        return len(self._held)

    def receive_data(self, data: bytes) -> None:
        """Hold more bytes."""
        self._held += data

    def take_all(self) -> bytes:
        """Take every byte that is held."""
        data = bytes(self._held)
        self._held.clear()
        self._searched = 0
        return data

    def next_head(self, last: bytes = b"") -> bytes | HeadFault | None:
        """Take the next head, or say what is wrong with it; None while it is not complete.

        Args:
            last: one that was found right; the same again need not be looked at.
        """
        held = self._held
        end = held.find(b"\r\n\r\n", self._searched) + 4
        if 4 <= end <= self._most_bytes:
            head = bytes(held[:end])
            del held[:end]
            self._searched = 0
            if head == last:
                return last
            if self._grammar.fullmatch(head) is None:
                return HeadFault(status=400, reason="the head is not as HTTP/1.1 has it")
            fields = head.count(b"\r\n") - 2
            return head if fields <= self._most_fields else self._too_large(f"{fields} header fields")
        if held and _START.match(held) is None:
            return HeadFault(status=400, reason="the first byte begins no head of HTTP/1.1")
        if _BARE_LINE_FEED.search(held, self._searched, self._most_bytes) is not None:
            return HeadFault(status=400, reason="a line of the head does not end with CR and LF")
        if len(held) > self._most_bytes:
            return self._too_large("a longer head")
        self._searched = max(0, len(held) - 3)
        return None

    def _too_large(self, found: str) -> HeadFault:
        most = f"{self._most_fields} header fields and {self._most_bytes} bytes"
        return HeadFault(status=431, reason=f"expected at most {most}, found {found}")


def fields_of(head: bytes) -> tuple[str, Headers]:
    """Return the first line and the fields of a head, as they came but for the case of names.

    Args:
        head: a head that fits its grammar.
    """
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    parts = [line.partition(":") for line in lines]
    return first, Headers((name, value.strip("\t ")) for name, _, value in parts)


def request_of(head: bytes) -> tuple[RequestHead, str] | HeadFault:
    """Return the head of a request and the version of HTTP, or why it is refused.

    Args:
        head: a head that fits its grammar.
    """
    first, headers = fields_of(head)
    method, target, version = first.split(" ")
    if version not in {"HTTP/1.1", "HTTP/1.0"}:
        return HeadFault(status=505, reason=f"expected HTTP/1.1, found {version}")
    reason = _ambiguity(headers, version)
    if reason is not None:
        return HeadFault(status=400, reason=reason)
    return RequestHead(method=method, target=target, headers=headers), version


def length_fault(headers: Headers) -> str | None:
    """Say why nobody can be sure where a body ends, or None.

    Args:
        headers: the fields of its head.
    """
    length = headers.get("content-length")
    if length is None:
        return None
    if "transfer-encoding" in headers:
        return "Transfer-Encoding and Content-Length: expected one of them, found both"
    lengths = headers.all("content-length")
    if len(lengths) > 1 or _LENGTH.fullmatch(length) is None:
        return f"Content-Length: expected one number, found {', '.join(lengths)!r:.40}"
    return None


def _ambiguity(headers: Headers, version: str) -> str | None:
    """Say what other readers may read in another way, or None."""
    seen: set[str] = set()
    for name, _ in headers.lines:
        if name in seen and name in _SINGLETONS:
            return f"{name}: expected one, found several"
        if name in _TWINS:
            return f"{name}: expected {name.replace('_', '-')} or nothing"
        seen.add(name)
    if version == "HTTP/1.0" and "transfer-encoding" in seen:
        return "Transfer-Encoding: expected HTTP/1.1, found HTTP/1.0"
    return length_fault(headers) if "content-length" in seen else None


class ChunkWalk:
    """Walks over the lines of a chunked body before h11 does, and finds what h11 lets pass."""

    __slots__ = ("_ended", "_is_last", "_left", "_line", "_trailers")

    def __init__(self) -> None:
        self._left = 0
        self._line = bytearray()
        self._is_last = False
        self._trailers = 0
        self._ended = False

    def fault(self, data: bytes) -> str | None:
        """Say what is wrong in the next bytes of the body, or None; what comes after it is not looked at.

        Args:
            data: the bytes, cut anywhere.
        """
        position = 0
        while position < len(data) and not self._ended:
            if self._left:
                # The ends of chunks are checked by h11.
                step = min(self._left, len(data) - position)
                self._left -= step
                position += step
                continue
            end = data.find(b"\n", position) + 1 or len(data)
            self._line += data[position:end]
            position = end
            reason = self._judge()
            if reason is not None:
                return reason
        return None

    def _judge(self) -> str | None:
        line = self._line
        if len(line) > (_MOST_TRAILERS - self._trailers if self._is_last else _MOST_CHUNK_LINE):
            return "a line between or after chunks is too long"
        if not line.endswith(b"\n"):
            return None
        if self._is_last:
            self._ended = bytes(line) == b"\r\n"
            self._trailers += len(line)
            if not self._ended and _TRAILER.fullmatch(line) is None:
                return "a trailer is not as HTTP/1.1 has it"
        else:
            found = _CHUNK_LINE.fullmatch(line)
            if found is None:
                return "a line between chunks is not as HTTP/1.1 has it"
            size = int(found[1], 16)
            self._is_last = size == 0
            self._left = size + 2 if size else 0
        self._line.clear()
        return None
