"""Byte streams for asyncio that are asked for bytes: a pair in memory, any reader and writer."""

import asyncio
import contextlib
from typing import Protocol, runtime_checkable

_READ_SIZE = 64 * 1024


@runtime_checkable
class ByteStream(Protocol):
    """Two directions of bytes; what a driver reads from and writes to."""

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        ...

    async def write(self, data: bytes) -> None:
        """Write all of the bytes; raises OSError when nobody reads them any more."""

    async def close(self) -> None:
        """Close both directions; it may be called again."""


class StreamPair:
    """A stream made of asyncio's own reader and writer.

    Args:
        reader: where bytes come from.
        writer: where bytes go.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        return await self._reader.read(_READ_SIZE)

    async def write(self, data: bytes) -> None:
        """Write all of the bytes, and wait until the other side keeps up."""
        await _write_and_drain(self._writer, data)

    async def close(self) -> None:
        """Close the writer; what was not written by now is dropped."""
        if self._writer.transport.get_write_buffer_size():
            self._writer.transport.abort()
        self._writer.close()
        # How the other side went is of no interest any more.
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class _Channel:
    """One direction of bytes in memory, which holds its writer up when nobody reads."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._closed = False
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        while not self._bytes and not self._closed:
            await self._wait()
        data = bytes(self._bytes)
        self._bytes.clear()
        self._changed.set()
        return data

    async def write(self, data: bytes) -> None:
        if not self._closed:
            self._bytes += data
            self._changed.set()
        while len(self._bytes) > _READ_SIZE and not self._closed:
            await self._wait()
        if self._closed:
            raise BrokenPipeError("the other end is closed")

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def _wait(self) -> None:
        # Replaced, not cleared: the reader and the writer may wait for the same change.
        self._changed = asyncio.Event()
        await self._changed.wait()


class MemoryStream:
    """One end of a pair of streams in memory; make both with `memory_pair`."""

    def __init__(self, incoming: _Channel, outgoing: _Channel) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        return await self._incoming.read()

    async def write(self, data: bytes) -> None:
        """Hand the bytes to the other end, and wait while it does not keep up."""
        await self._outgoing.write(data)

    async def close(self) -> None:
        """End both directions."""
        self._outgoing.close()
        self._incoming.close()


def memory_pair() -> tuple[MemoryStream, MemoryStream]:
    """Return the two ends of a stream in memory."""
    one, other = _Channel(), _Channel()
    return MemoryStream(one, other), MemoryStream(other, one)


async def _write_and_drain(writer: asyncio.StreamWriter, data: bytes) -> None:
    # All of it: a stream that is closed drops what is still in its buffer.
    writer.transport.set_write_buffer_limits(high=0)
    writer.write(data)
    await writer.drain()
    if writer.is_closing():
        # The transport knows of a failure before the writer raises it.
        raise BrokenPipeError("the other side reads no more")
