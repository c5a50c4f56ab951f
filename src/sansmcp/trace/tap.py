"""A tap on the wire: it wraps a link and tells of each byte that passes, with its time and direction.

    connect(target, wrap_link=lambda link: Tap(link, heard))

It works on any link, since it knows no framing but the ends of lines: it tells whole lines, so that a
secret cannot hide in a cut between two reads. Over stdio, TCP and Unix sockets a line is a message.
"""

from collections.abc import Callable
from typing import Final

import attrs

from sansmcp.session import Direction, Link
from sansmcp.trace.masking import mask_secrets
from sansmcp.values import Value
from sansmcp.wire import DEFAULT_LIMITS


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Passed(Value):
    """A line that has passed, or the end of one direction."""

    at: float | None
    """When its last byte passed, in seconds; None if the link had been told no time by then."""
    direction: Direction
    """Which way it went."""
    data: bytes
    """Its bytes, with the end of the line, without secrets; none at the end of the direction."""
    size: int
    """How many bytes they were before secrets were taken out."""
    is_end: bool = False
    """Whether nothing more comes in this direction."""

    @property
    def message(self) -> bytes:
        """The bytes without the end of the line: over streams of lines a whole JSON-RPC message."""
        return self.data.rstrip(b"\r\n")


class _Line:
    """One direction: the line that is not complete yet."""

    def __init__(self, direction: Direction) -> None:
        self.direction: Final = direction
        self.is_ended = False
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, data: bytes) -> list[bytes]:
        """Return the lines that become complete; what is longer than any message goes on in pieces."""
        *lines, rest = data.split(b"\n")
        complete = [self._complete(line + b"\n") for line in lines]
        if rest:
            self._pieces.append(rest)
            self._size += len(rest)
        if self._size > DEFAULT_LIMITS.max_message_bytes:
            complete.append(self._complete(b""))
        return complete

    def end(self) -> list[bytes]:
        """Return what never became a line; there is nothing after it."""
        self.is_ended = True
        return [self._complete(b"")] if self._pieces else []

    def _complete(self, piece: bytes) -> bytes:
        line = b"".join([*self._pieces, piece])
        self._pieces.clear()
        self._size = 0
        return line


class Tap:
    """Stands between a link and its driver, and changes nothing.

    Args:
        link: the link.
        heard: told of each line and of the end of each direction, in the order in which they pass. It must
            not raise and must not give commands.
        mask: takes secrets out of a line. Pass a function that returns what it gets to see all bytes: then
            keep what is heard as safe as the tokens in it.
        clock: tells the time. By default it is the latest that the link was told: what is sent passes
            without being told any, and the first message of a client before there was one.
    """

    def __init__(
        self,
        link: Link,
        heard: Callable[[Passed], object],
        *,
        mask: Callable[[bytes], bytes] = mask_secrets,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._link = link
        self._heard = heard
        self._mask = mask
        self._received = _Line(Direction.RECEIVED)
        self._sent = _Line(Direction.SENT)
        self._clock = clock
        self._told: float | None = None

    @property
    def link(self) -> Link:
        """The link underneath."""
        return self._link

    def receive_data(self, data: bytes, now: float) -> None:
        """Tell of the bytes and hand them on."""
        self._told = now
        self._tell(self._received, self._received.take(data))
        self._link.receive_data(data, now)

    def receive_eof(self, now: float, reason: str | None = None) -> None:
        """Tell of the end and hand it on."""
        self._told = now
        self._end(self._received)
        if reason is None:
            self._link.receive_eof(now)
        else:
            self._link.receive_eof(now, reason)

    def data_to_send(self) -> bytes:
        """Take the bytes to write and tell of them."""
        data = self._link.data_to_send()
        self._tell(self._sent, self._sent.take(data))
        if self._link.done:
            self._end(self._sent)
        return data

    @property
    def done(self) -> bool:
        """Nothing more will come: close the stream once data_to_send() is empty."""
        return self._link.done

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        return self._link.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Hand the time on."""
        self._told = now
        self._link.handle_timeout(now)

    def _tell(self, line: _Line, complete: list[bytes]) -> None:
        for data in complete:
            masked, at = self._mask(data), self._time()
            self._heard(Passed(at=at, direction=line.direction, data=masked, size=len(data)))

    def _end(self, line: _Line) -> None:
        if not line.is_ended:
            self._tell(line, line.end())
            self._heard(Passed(at=self._time(), direction=line.direction, data=b"", size=0, is_end=True))

    def _time(self) -> float | None:
        return self._told if self._clock is None else self._clock()
