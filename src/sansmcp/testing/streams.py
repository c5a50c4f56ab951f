"""One direction of a connection, simulated: bytes, how they are cut, and their end."""

import enum
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

Cut: TypeAlias = Callable[[bytes], Iterable[bytes]]
"""Cuts bytes into pieces that are received one by one; joined they are the same bytes."""


def whole(data: bytes) -> Iterable[bytes]:
    """Leave the bytes in one piece."""
    return (data,)


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    """Cut after each byte."""
    return pieces_of(1)(data)


def pieces_of(size: int) -> Cut:
    """Return a cut into pieces of a size; the last one may be smaller.

    Args:
        size: bytes in a piece, at least 1.
    """

    def cut(data: bytes) -> Iterator[bytes]:
        return (data[start : start + size] for start in range(0, len(data), size))

    return cut


class StreamState(enum.Enum):
    """Where one direction stands."""

    OPEN = "open"
    """Bytes are written and read."""
    ENDING = "ending"
    """Nothing more is written; what is under way will be read, and then the end."""
    ENDED = "ended"
    """The end was read."""


class Stream:
    """The bytes that are under way in one direction.

    Args:
        cut: how the bytes are cut.
    """

    def __init__(self, cut: Cut) -> None:
        self.state = StreamState.OPEN
        self._cut = cut
        self._under_way = bytearray()
        self._unfinished = b""

    def write(self, data: bytes) -> None:
        """Put bytes on their way; after the end they go nowhere."""
        if self.state is StreamState.OPEN:
            self._under_way += data

    def end(self) -> None:
        """Let nothing more be written; it may be said again."""
        if self.state is StreamState.OPEN:
            self.state = StreamState.ENDING

    def break_off(self) -> None:
        """End at once: what is under way is lost."""
        self._under_way.clear()
        self.end()

    def take(self) -> list[bytes]:
        """Take what is under way, cut into pieces.

        Raises:
            AssertionError: the cut gave other bytes than it got.
        """
        data = bytes(self._under_way)
        self._under_way.clear()
        pieces = [piece for piece in self._cut(data) if piece]
        if b"".join(pieces) != data:
            raise AssertionError(f"cut: expected pieces of {data!r:.80}, found {pieces!r:.80}")
        return pieces

    def take_end(self) -> bool:
        """Say whether the end is to be read now; it is true once, after the last bytes."""
        if self.state is not StreamState.ENDING or self._under_way:
            return False
        self.state = StreamState.ENDED
        return True

    def lines(self, data: bytes) -> list[str]:
        """Return the lines that become complete by bytes that were taken."""
        *complete, self._unfinished = (self._unfinished + data).split(b"\n")
        return [_text(line) for line in complete]

    def rest(self) -> list[str]:
        """Return the line that never became complete, or none."""
        rest, self._unfinished = self._unfinished, b""
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line.decode(errors="replace")
