"""Byte streams for asyncio: standard input and output, a process, a pair in memory, any reader and writer."""

import asyncio
import contextlib
import os
import stat
import sys
from typing import Protocol

from sansmcp_asyncio.workers import Workers

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
        if sys.stdout is not None:
            sys.stdout.flush()
        os.dup2(2, 1)
        self._reader: asyncio.StreamReader | None = None
        self._reading: asyncio.ReadTransport | None = None
        self._writer: asyncio.StreamWriter | None = None
        # Files and terminals cannot be waited for by the loop; a daemon thread does not hold up the exit.
        self._workers = Workers(1)

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        if not _is_pipe(self._input):
            return await self._workers.run(self._read_file)
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
        await _write_and_drain(self._writer, data)

    async def close(self) -> None:
        """Close both; descriptors 0 and 1 stay where they were pointed."""
        self._workers.close()
        if self._reading is not None:
            self._reading.close()
        if self._writer is not None:
            if self._writer.transport.get_write_buffer_size():
                # Whoever has not read it by now will not.
                self._writer.transport.abort()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    def _read_file(self) -> bytes:
        try:
            return os.read(self._input, _READ_SIZE)
        except OSError:
            # A terminal that is gone has nothing more to say.
            return b""


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def _open_reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: protocol, pipe)
    return reader, transport


async def _open_writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(descriptor, "wb", buffering=0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def _write_and_drain(writer: asyncio.StreamWriter, data: bytes) -> None:
    # All of it: a stream that is closed drops what is still in its buffer.
    writer.transport.set_write_buffer_limits(high=0)
    writer.write(data)
    await writer.drain()
    if writer.is_closing():
        # The transport knows of a failure before the writer raises it.
        raise BrokenPipeError("the other side reads no more")


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
