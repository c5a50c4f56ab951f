"""A tap on a stream: it records each line with its time and direction, and changes nothing."""

import json
from collections.abc import Callable
from typing import Literal

import attrs

from sansmcp.values import JSON
from sansmcp_asyncio import ByteStream


@attrs.frozen(kw_only=True)
class Line:
    """One line of a conversation."""

    at: float
    """Seconds since the conversation began."""
    sender: Literal["client", "server"]
    """Who sent it."""
    message: JSON
    """The message."""


class Tap:
    """A stream that records what passes through it.

    Args:
        stream: the stream, as the client sees it.
        clock: tells the time in seconds.
        heard: is told of each line.
    """

    def __init__(self, stream: ByteStream, clock: Callable[[], float], heard: Callable[[Line], None]) -> None:
        self._stream = stream
        self._clock = clock
        self._heard = heard
        self._start = clock()
        self._rest: dict[str, bytes] = {"client": b"", "server": b""}

    async def read(self) -> bytes:
        """Return some bytes of the server, or none at their end."""
        data = await self._stream.read()
        self._record("server", data)
        return data

    async def write(self, data: bytes) -> None:
        """Write bytes of the client."""
        self._record("client", data)
        await self._stream.write(data)

    async def close(self) -> None:
        """Close the stream."""
        await self._stream.close()

    def _record(self, sender: Literal["client", "server"], data: bytes) -> None:
        *lines, self._rest[sender] = (self._rest[sender] + data).split(b"\n")
        for line in lines:
            self._heard(Line(at=self._clock() - self._start, sender=sender, message=json.loads(line)))
