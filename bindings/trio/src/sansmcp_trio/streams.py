"""Byte streams for trio: any of its own, a pair in memory, standard input and output."""

import contextlib
import gc
import operator
import os
import stat
import sys
from abc import abstractmethod
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import trio

from sansmcp_trio.workers import Workers

ByteStream: TypeAlias = trio.abc.Stream
"""Two directions of bytes, what a driver reads from and writes to: any stream of trio's."""

_CHUNK = 64 * 1024


class PromptStream(trio.abc.Stream):
    """A stream that can send without a wait, which spares a turn of the loop for each answer."""

    @abstractmethod
    def send_now(self, data: bytes | memoryview) -> int:
        """Send what fits at once, while no other task sends.

        Args:
            data: the bytes.

        Returns:
            How many were sent; what fails is left to `send_all`, which says why.
        """


def prompt_of(stream: ByteStream) -> ByteStream:
    """Return a stream as a `PromptStream`, if it is known how it can send without a wait.

    Args:
        stream: a stream of any kind.
    """
    if isinstance(stream, trio.SocketStream) and sys.platform != "win32":
        return _Prompt(stream, stream.socket.fileno)
    return stream


def write_now(descriptor: Callable[[], int], data: bytes | memoryview) -> int:
    """Write what a descriptor that does not block takes at once.

    Args:
        descriptor: returns it.
        data: the bytes.

    Returns:
        How many were written: none where it is full, or nobody reads.
    """
    try:
        return os.write(descriptor(), data)
    except OSError:
        return 0


class MemoryStream(trio.abc.Stream):
    """One end of a pair of streams in memory; make both with `memory_pair`."""

    def __init__(
        self, outgoing: trio.MemorySendChannel[bytes], incoming: trio.MemoryReceiveChannel[bytes]
    ) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self._unread = b""
        self._busy: set[str] = set()
        self._closed = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Hand the bytes to the other end, and wait while it does not keep up.

        Raises:
            trio.BrokenResourceError: if the other end is closed.
            trio.ClosedResourceError: if this end is closed.
        """
        with self._claim("sending"):
            # Even nothing may be refused, and every wait is a checkpoint.
            for start in range(0, max(len(data), 1), _CHUNK):
                await self._outgoing.send(bytes(data[start : start + _CHUNK]))

    async def wait_send_all_might_not_block(self) -> None:
        """Return at once, which this promise allows.

        Raises:
            trio.ClosedResourceError: if this end is closed.
        """
        with self._claim("sending"):
            await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return some bytes, or none at the end of the input.

        Args:
            max_bytes: how many at most.

        Raises:
            trio.ClosedResourceError: if this end is closed.
        """
        if max_bytes is not None and operator.index(max_bytes) < 1:
            raise ValueError(f"max_bytes: expected at least 1, found {max_bytes}")
        with self._claim("receiving"):
            data = self._unread
            if data:
                await trio.lowlevel.checkpoint()
            while not data:
                try:
                    data = await self._incoming.receive()
                except trio.EndOfChannel:
                    await trio.lowlevel.checkpoint()
                    return b""
            self._unread = b"" if max_bytes is None else data[max_bytes:]
            return data[:max_bytes]

    async def aclose(self) -> None:
        """End both directions; it may be called again."""
        self._closed = True
        self._outgoing.close()
        self._incoming.close()
        await trio.lowlevel.checkpoint()

    @contextlib.contextmanager
    def _claim(self, what: str) -> Generator[None, None, None]:
        if self._closed:
            raise trio.ClosedResourceError("this end is closed")
        if what in self._busy:
            raise trio.BusyResourceError(f"another task is {what} here")
        self._busy.add(what)
        try:
            yield
        finally:
            self._busy.discard(what)


def memory_pair() -> tuple[MemoryStream, MemoryStream]:
    """Return the two ends of a stream in memory, which holds a writer up when nobody reads."""
    # A writer is one piece ahead of its reader.
    near_out, far_in = trio.open_memory_channel[bytes](1)
    far_out, near_in = trio.open_memory_channel[bytes](1)
    return MemoryStream(near_out, near_in), MemoryStream(far_out, far_in)


class _BlockingFile(trio.abc.Stream):
    """A descriptor that trio cannot wait for: a file or a terminal; a daemon thread does."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._worker = Workers(1)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._worker.run(partial(self._write, bytes(data)))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._worker.run(partial(self._read, max_bytes or _CHUNK))

    async def aclose(self) -> None:
        # After what the thread is still at: a descriptor must not be closed under a read.
        self._worker.submit(partial(os.close, self._descriptor))
        self._worker.close()
        await trio.lowlevel.checkpoint()

    def _read(self, size: int) -> bytes:
        try:
            return os.read(self._descriptor, size)
        except OSError:
            # A terminal that is gone has nothing more to say.
            return b""

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class _Prompt(PromptStream):
    """A stream of trio's over a descriptor, with fewer turns of the loop for each message."""

    def __init__(self, stream: trio.abc.Stream, descriptor: Callable[[], int]) -> None:
        self._stream = stream
        self._descriptor = descriptor

    def send_now(self, data: bytes | memoryview) -> int:
        return write_now(self._descriptor, data)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        # To wait first spares a read that finds nothing.
        await trio.lowlevel.wait_readable(self._descriptor())
        try:
            return os.read(self._descriptor(), max_bytes or _CHUNK)
        except BlockingIOError:
            # Somebody else has read it.
            return bytes(await self._stream.receive_some(max_bytes))
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


class StdioStream(PromptStream):
    """Standard input and output of this process, which are its own from now on.

    Descriptor 1 is pointed at standard error and descriptor 0 at nothing, so that a stray print, a C
    library or a child process cannot write into the conversation.
    """

    def __init__(self) -> None:
        given_input, given_output = _own(0, os.O_RDONLY), _own(1, os.O_WRONLY)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        if sys.stdout is not None:
            sys.stdout.flush()
        os.dup2(2, 1)
        self._input = _stream_over(given_input)
        self._output = _stream_over(given_output)
        self._closed = False

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return some bytes, or none at the end of the input."""
        data = bytes(await self._input.receive_some(max_bytes))
        if not data:
            # The process is about to end. With thousands of calls in flight, a search for garbage among
            # their tasks would take longer than to cancel them.
            gc.freeze()
        return data

    def send_now(self, data: bytes | memoryview) -> int:
        """Write what fits at once, and return how many bytes that was."""
        return self._output.send_now(data) if isinstance(self._output, PromptStream) else 0

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of the bytes."""
        await self._output.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the output may take bytes."""
        await self._output.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close both; descriptors 0 and 1 stay where they were pointed."""
        if self._closed:
            await trio.lowlevel.checkpoint()
            return
        self._closed = True
        try:
            # In reverse: where both are one file, the first one knows whether it used to block.
            await self._output.aclose()
        finally:
            await self._input.aclose()


def _own(descriptor: int, access: int) -> int:
    """Return another descriptor for the same file; for a pipe, where that goes, one that is opened anew.

    Others who have the pipe, such as standard error, must not find that it no longer blocks them.
    """
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        path = Path(f"/proc/self/fd/{descriptor}")
        with contextlib.suppress(OSError):
            has_name = not str(path.readlink()).startswith("pipe:")
            # A reader who opens a pipe with a name after its last writer has left never hears of the end.
            if access == os.O_WRONLY or not has_name:
                return os.open(path, access | os.O_NONBLOCK)
    return os.dup(descriptor)


def _stream_over(descriptor: int) -> ByteStream:
    mode = os.fstat(descriptor).st_mode
    # Windows cannot wait for descriptors at all.
    if sys.platform != "win32" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        stream = trio.lowlevel.FdStream(descriptor)
        return _Prompt(stream, stream.fileno)
    return _BlockingFile(descriptor)
