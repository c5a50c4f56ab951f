"""Requests as h11 reads them, after the stricter checks: their heads, and bodies in chunks."""

from typing import Final

import attrs
import h11

from sansmcp.http import Headers, RequestHead
from sansmcp_h11.heads import ChunkWalk, HeadFault, request_of

_SECRET: Final = ("authorization", "cookie", "proxy-authorization")


@attrs.frozen(kw_only=True, eq=False)
class Known:
    """A head of a request that was read.

    Most clients send the same head with each call, and what was read once need not be read again.
    """

    raw: bytes
    """Its bytes."""
    head: RequestHead
    """What they say."""
    length: int
    """The bytes of the body, if it does not come in chunks."""
    is_chunked: bool
    """Whether the body comes in chunks."""
    awaits_continue: bool
    """Whether the client holds the body back until it is told to go on."""
    is_old: bool
    """Whether the client speaks HTTP/1.0, which has no chunks."""
    closes: bool
    """Whether the connection is to end with the answer."""
    is_secret: bool
    """Whether it says who sends it, such that others could say it too."""


def known_from(raw: bytes) -> Known | HeadFault:
    """Read a head, or say why the request is refused.

    Args:
        raw: a head that fits its grammar.
    """
    found = request_of(raw)
    if isinstance(found, HeadFault):
        return found
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(raw)
    try:
        reader.next_event()
    except h11.RemoteProtocolError as error:
        return HeadFault(status=error.error_status_hint, reason=str(error))
    head, version = found
    headers = head.headers
    return Known(
        raw=raw,
        head=head,
        length=int(headers.get("content-length") or 0),
        is_chunked="transfer-encoding" in headers,
        awaits_continue=reader.they_are_waiting_for_100_continue,
        is_old=version == "HTTP/1.0",
        closes=version == "HTTP/1.0" or _says_close(headers),
        is_secret=any(name in headers for name in _SECRET),
    )


def _says_close(headers: Headers) -> bool:
    tokens = ",".join(headers.all("connection")).lower().split(",")
    return any(token.strip("\t ") == "close" for token in tokens)


class ChunkedBody:
    """Reads a body in chunks.

    Args:
        raw: the head of its request.
    """

    def __init__(self, raw: bytes) -> None:
        self._walk = ChunkWalk()
        self._fault: HeadFault | None = None
        self._reader = h11.Connection(h11.SERVER)
        self._reader.receive_data(raw)
        self._reader.next_event()

    def receive_data(self, data: bytes) -> None:
        """Take in bytes that were read, cut anywhere."""
        reason = self._walk.fault(data)
        if reason is not None:
            self._fault = HeadFault(status=400, reason=reason)
        elif data:
            self._reader.receive_data(data)

    def next_piece(self) -> bytes | HeadFault | None:
        """Take the next piece of the body, empty at its end, or why there is none; None if more must come."""
        if self._fault is not None:
            return self._fault
        try:
            event = self._reader.next_event()
        except h11.RemoteProtocolError as error:
            return HeadFault(status=400, reason=str(error))
        if isinstance(event, h11.Data):
            return bytes(event.data)
        return b"" if isinstance(event, h11.EndOfMessage) else None

    @property
    def rest(self) -> bytes:
        """What came after the body."""
        return self._reader.trailing_data[0]
