"""Byte streams for asyncio: standard input and output, a process, a pair in memory, any reader and writer."""

import asyncio
import contextlib
import os
import stat
import sys
import threading
from typing import Protocol

_READ_SIZE = 64 * 1024


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
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close the writer."""
        self._writer.close()
        # How the other side went is of no interest any more.
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class MemoryStream:
    """One end of a pair of streams in memory; make both with `memory_pair`."""

    def __init__(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamReader) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        return await self._incoming.read(_READ_SIZE)

    async def write(self, data: bytes) -> None:
        """Hand the bytes to the other end."""
        if self._outgoing.at_eof():
            raise BrokenPipeError("the other end is closed")
        self._outgoing.feed_data(data)
        await asyncio.sleep(0)

    async def close(self) -> None:
        """End both directions."""
        self._outgoing.feed_eof()
        self._incoming.feed_eof()


def memory_pair() -> tuple[MemoryStream, MemoryStream]:
    """Return the two ends of a stream in memory."""
    one, other = asyncio.StreamReader(), asyncio.StreamReader()
    return MemoryStream(one, other), MemoryStream(other, one)


class StdioStream:
    """Standard input and output of this process, which are its own from now on.

    Descriptor 1 is pointed at standard error and descriptor 0 at nothing, so that a stray print, a C
    library or a child process cannot write into the conversation.
    """

    def __init__(self) -> None:
        self._input = os.dup(0)
        self._output = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        sys.stdout.flush()
        os.dup2(2, 1)
        self._reader: asyncio.StreamReader | None = None
        self._reading: asyncio.ReadTransport | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        if self._reader is None:
            self._reader, self._reading = await _open_reader(self._input)
        return await self._reader.read(_READ_SIZE)

    async def write(self, data: bytes) -> None:
        """Write all of the bytes."""
        if not _is_pipe(self._output):
            # A file or a terminal takes bytes at once.
            _write_all(self._output, data)
            return
        if self._writer is None:
            self._writer = await _open_writer(self._output)
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close both; descriptors 0 and 1 stay where they were pointed."""
        if self._reading is not None:
            self._reading.close()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def _open_reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport | None]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    if _is_pipe(descriptor):
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: protocol, pipe)
        return reader, transport
    # Files and terminals cannot be waited for by the loop; a daemon thread does not hold up the exit.
    threading.Thread(target=_feed, args=(descriptor, reader, loop), daemon=True).start()
    return reader, None


def _feed(descriptor: int, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    # The loop may be closed before the input ends.
    with contextlib.suppress(RuntimeError):
        while data := os.read(descriptor, _READ_SIZE):
            loop.call_soon_threadsafe(reader.feed_data, data)
        loop.call_soon_threadsafe(reader.feed_eof)


async def _open_writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(descriptor, "wb", buffering=0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
