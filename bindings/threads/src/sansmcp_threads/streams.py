"""Byte streams for threads: standard input and output, any two descriptors, a pair in memory."""

import contextlib
import os
import stat
import sys
import threading
from typing import Protocol

from sansmcp_threads.descriptors import READ_SIZE, Sink, Source


class ByteStream(Protocol):
    """Two directions of bytes; what a driver reads from and writes to.

    One thread reads and one at a time writes. Only `read` and `flush` wait.
    """

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end of the input."""
        ...

    def write(self, data: bytes) -> bool:
        """Take all of the bytes and write what goes at once; say whether that was everything.

        If not, `flush` comes before the next call. Raises OSError when nobody reads them any more.
        """
        ...

    def flush(self, timeout: float) -> None:
        """Wait until everything is written that was taken.

        Raises OSError when nobody reads it any more, as TimeoutError when nobody did for so many seconds.
        """

    def end_input(self) -> None:
        """Let `read` return nothing from now on, also where it waits; from any thread, at any time."""

    def close(self) -> None:
        """Close both directions once nobody reads any more; a `flush` that waits raises OSError."""


class StreamPair:
    """A stream made of two descriptors, such as pipes, files or twice the same socket; it closes them.

    They are left as they are: where they block, so little is written at a time that it does not.

    Args:
        reader: where bytes come from.
        writer: where bytes go.
    """

    def __init__(self, reader: int, writer: int) -> None:
        self._source = Source(reader)
        self._sink = Sink(writer)
        self._is_one = reader == writer

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end of the input."""
        return self._source.read()

    def write(self, data: bytes) -> bool:
        """Take all of the bytes and write what goes at once; say whether that was everything."""
        return self._sink.write(data)

    def flush(self, timeout: float) -> None:
        """Wait until everything is written that was taken."""
        self._sink.flush(timeout)

    def end_input(self) -> None:
        """Let `read` return nothing from now on."""
        self._source.end()

    def close(self) -> None:
        """Close both descriptors."""
        reader = self._source.detach()
        if not self._is_one:
            os.close(reader)
        self._sink.close()


class StdioStream(StreamPair):
    """Standard input and output of this process, which are its own from now on.

    Descriptor 1 is pointed at standard error and descriptor 0 at nothing, so that a stray print, a C
    library or a child process cannot write into the conversation.
    """

    def __init__(self) -> None:
        super().__init__(os.dup(0), _own_output(1))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        if sys.stdout is not None:
            sys.stdout.flush()
        os.dup2(2, 1)

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end of the input."""
        try:
            return super().read()
        except OSError:
            # A terminal that is gone has nothing more to say.
            return b""


def _own_output(descriptor: int) -> int:
    """Return another descriptor for the same file; for a pipe, where that goes, one that does not block."""
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        # Opened anew, not duplicated: others who have the pipe must not find that it no longer blocks them.
        with contextlib.suppress(OSError):
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
    return os.dup(descriptor)


class _Channel:
    """One direction of bytes in memory, which holds its writer up when nobody reads."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._is_closed = False
        self._is_read = True
        self._changed = threading.Condition()

    def read(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes or self._is_closed or not self._is_read)
            data = bytes(self._bytes) if self._is_read else b""
            self._bytes.clear()
            self._changed.notify_all()
            return data

    def write(self, data: bytes) -> bool:
        with self._changed:
            self._check()
            self._bytes += data
            self._changed.notify_all()
            return len(self._bytes) <= READ_SIZE

    def flush(self, timeout: float) -> None:
        with self._changed:
            left = len(self._bytes)
            if not self._changed.wait_for(lambda: len(self._bytes) <= READ_SIZE or self._is_closed, timeout):
                raise TimeoutError(f"the peer has read nothing for {timeout:.0f} s, of {left} bytes")
            self._check()

    def end_input(self) -> None:
        with self._changed:
            self._is_read = False
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _check(self) -> None:
        if self._is_closed:
            raise BrokenPipeError("the other end is closed")


class MemoryStream:
    """One end of a pair of streams in memory; make both with `memory_pair`."""

    def __init__(self, incoming: _Channel, outgoing: _Channel) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end of the input."""
        return self._incoming.read()

    def write(self, data: bytes) -> bool:
        """Hand the bytes to the other end; say whether it keeps up."""
        return self._outgoing.write(data)

    def flush(self, timeout: float) -> None:
        """Wait until the other end keeps up."""
        self._outgoing.flush(timeout)

    def end_input(self) -> None:
        """Let `read` return nothing from now on."""
        self._incoming.end_input()

    def close(self) -> None:
        """End both directions."""
        self._outgoing.close()
        self._incoming.close()


def memory_pair() -> tuple[MemoryStream, MemoryStream]:
    """Return the two ends of a stream in memory."""
    one, other = _Channel(), _Channel()
    return MemoryStream(one, other), MemoryStream(other, one)
