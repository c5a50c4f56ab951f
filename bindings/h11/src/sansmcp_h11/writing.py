"""Heads as bytes, and the pieces of bodies whose length nobody knows beforehand.

h11 could write them too; it would look at each name and value by itself, which costs as much as a call.
One pattern over the whole head finds the same.
"""

from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp_h11.heads import RESPONSE

LAST_CHUNK: Final = b"0\r\n\r\n"
"""Ends a body in chunks."""
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Tells a client to send the body that it holds back."""

# An answer as JSON has its type and its length, and lengths repeat. What names a session has more fields, and
# is not kept.
_FEW: Final = 2

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def response_head(status: int, fields: Sequence[tuple[str, str]]) -> bytes:
    """Return the head of a response.

    Args:
        status: the status code.
        fields: names and values.

    Raises:
        LocalProtocolError: if a name or a value would break the head.
    """
    return (_head_again if len(fields) <= _FEW else _head)(status, tuple(fields))


def _head(status: int, fields: tuple[tuple[str, str], ...]) -> bytes:
    first = _STATUS_LINES.get(status) or f"HTTP/1.1 {status}\r\n"
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    try:
        head = f"{first}{lines}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        # It fits no grammar.
        head = b""
    # A value that holds a whole further line fits the grammar, but not the count.
    if head.count(b"\n") != len(fields) + 2 or RESPONSE.fullmatch(head) is None:
        # Values may be secret.
        names = ", ".join(name for name, _ in fields)
        raise LocalProtocolError(
            f"expected lines of a head, found something else in {first[:80]!r} or {names!r}"
        )
    return head


_head_again: Final = lru_cache(maxsize=256)(_head)


def chunk(data: bytes) -> bytes:
    """Return a piece of a body in chunks."""
    return b"%x\r\n%b\r\n" % (len(data), data)
