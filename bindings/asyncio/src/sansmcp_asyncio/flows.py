"""How a driver gets and gives bytes: at once where a transport can, by a task where it must be asked.

A flow hands over what comes without being asked, so that a message costs no switch of tasks; and it takes
bytes at once as long as nothing waits before them.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, cast, runtime_checkable

from sansmcp_asyncio.streams import ByteStream

Receive: TypeAlias = Callable[[bytes], None]
"""Takes bytes that came."""

End: TypeAlias = Callable[[Exception | None], None]
"""Takes the end of the input, once, and what broke it."""


@runtime_checkable
class Flow(Protocol):
    """Two directions of bytes; what a driver runs a link on."""

    def start(self, receive: Receive, end: End) -> None:
        """Begin to hand over what comes."""

    @property
    def is_free(self) -> bool:
        """Whether bytes that are given now leave before any others, at once."""
        ...

    def write_now(self, data: bytes) -> None:
        """Take bytes; call it only while it is free."""

    async def flush(self, timeout: float) -> None:  # noqa: ASYNC109  # of each step, not of the whole
        """Wait until it is free.

        Raises OSError when nobody reads any more, as TimeoutError when nothing has left for so many seconds.
        """

    async def close(self) -> None:
        """Close both directions; it may be called again."""


READ_SIZE: Final = 64 * 1024
"""How many bytes are read at once: what a pipe holds."""

# The other side has only to answer.
GOODBYE: Final = 0.4
"""Seconds that the end of a transport may take."""

# POSIX: a pipe takes so much whole or not at all, so that none of a piece has left until all of it has.
_PIECE: Final = 4096
"""How many bytes a stream is given at once, when whoever gives them must know whether they leave."""

# Within TLS nobody sees what leaves; this is the most that one record holds.
_RECORD: Final = 16 * 1024
"""How many bytes TLS is given at once."""

Stream: TypeAlias = ByteStream | Flow
"""What a link can be carried over."""


class _Room(threading.local):
    """Where a loop's transports put the bytes that they read: each takes it and has it read at once."""

    def __init__(self) -> None:
        # By default a transport makes a buffer of 256 KiB for each read, which costs more than a message.
        self.buffer = memoryview(bytearray(READ_SIZE))


_room: Final = _Room()


class Incoming(asyncio.BufferedProtocol):
    """The reading side of a transport."""

    def __init__(self) -> None:
        super().__init__()
        # One for all: a thousand idle connections would hold 64 MiB of their own.
        self._buffer = _room.buffer
        self._receive: Receive | None = None
        self._tell_end: End | None = None
        self._early = bytearray()
        self._end: tuple[Exception | None] | None = None

    def start(self, receive: Receive, end: End) -> None:
        """Begin to hand over what comes."""
        self._receive, self._tell_end = receive, end
        if self._early:
            receive(bytes(self._early))
            self._early.clear()
        if self._end is not None:
            end(self._end[0])

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give the transport room for bytes."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take the bytes that the transport has put there."""
        data = bytes(self._buffer[:nbytes])
        if self._receive is None:
            self._early += data
        else:
            self._receive(data)

    def eof_received(self) -> bool:
        """Take the end of the input; the other direction stays open."""
        self._finish(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the transport."""
        self._finish(exc)

    def _finish(self, error: Exception | None) -> None:
        if self._end is None:
            self._end = (error,)
            if self._tell_end is not None:
                self._tell_end(error)


class Outgoing(asyncio.BaseProtocol):
    """The writing side of a transport."""

    def __init__(self) -> None:
        super().__init__()
        self._writing: asyncio.WriteTransport | None = None
        self._changed: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_full = False
        self._is_tls = False
        self._rest = memoryview(b"")

    @property
    def is_free(self) -> bool:
        """Whether bytes that are given now leave before any others, at once."""
        return not self._is_full and not self._gone.done()

    def write_now(self, data: bytes) -> None:
        """Take bytes; call it only while it is free."""
        if self._writing is None:
            return
        if self._is_tls:
            self._rest = memoryview(data)
            self._write_records(self._writing)
        else:
            self._writing.write(data)

    async def flush(self, timeout: float) -> None:  # noqa: ASYNC109  # of each step, not of the whole
        """Wait until it is free.

        Args:
            timeout: the seconds for which the peer may read nothing.

        Raises:
            OSError: nobody reads any more; as TimeoutError if nobody did for so long.
        """
        while self._is_full and not self._gone.done():
            left = self._count_unwritten()
            self._changed = asyncio.get_running_loop().create_future()
            changes = {self._changed, self._gone}
            done, _ = await asyncio.wait(changes, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not done and self._count_unwritten() == left:
                raise stalled(timeout)
        if self._gone.done():
            raise BrokenPipeError("the other side reads no more")

    async def close(self) -> None:
        """Close the transport; what did not leave by now is dropped."""
        if self._writing is None:
            return
        if self._is_full:
            self._writing.abort()
        self._writing.close()
        # Over TLS both sides say goodbye; one that does not is not waited for.
        await asyncio.wait({self._gone}, timeout=GOODBYE)
        self.abort()
        await asyncio.wait({self._gone})

    def abort(self) -> None:
        """Close the transport at once."""
        if self._writing is not None and not self._gone.done():
            self._writing.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # It was opened for writing; those of uvloop do so without being of asyncio's classes.
        self._writing = writing = cast("asyncio.WriteTransport", transport)
        self._is_tls = writing.get_extra_info("sslcontext") is not None
        # Then it says whenever anything waits to be written; over TLS a limit of 0 is reached by nothing.
        writing.set_write_buffer_limits(high=1 if self._is_tls else 0, low=0)

    def pause_writing(self) -> None:
        """Take note that something waits."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Take note that all has left."""
        self._is_full = False
        if self._writing is not None:
            self._write_records(self._writing)
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the transport."""
        del exc
        if not self._gone.done():
            self._gone.set_result(None)

    def _write_records(self, writing: asyncio.WriteTransport) -> None:
        while self._rest and not self._is_full:
            record, self._rest = self._rest[:_RECORD], self._rest[_RECORD:]
            writing.write(record)

    def _count_unwritten(self) -> int:
        waiting = 0 if self._writing is None else self._writing.get_write_buffer_size()
        return waiting + len(self._rest)


class SocketFlow(Incoming, Outgoing):
    """A connected socket; the protocol of its transport."""

    def eof_received(self) -> bool:
        """Take the end of the input; but for TLS, the other direction stays open."""
        super().eof_received()
        return not self._is_tls

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the transport, for both directions."""
        Incoming.connection_lost(self, exc)
        Outgoing.connection_lost(self, exc)


def stalled(seconds: float) -> TimeoutError:
    """Return what to raise when a peer reads nothing any more.

    Args:
        seconds: for how long.
    """
    return TimeoutError(f"the peer has read nothing for {seconds:g} s")


class ReadableStream(Protocol):
    """What can be asked for bytes."""

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the input."""
        ...


async def read_all(stream: ReadableStream, receive: Receive, end: End) -> None:
    """Ask a stream for bytes until its end.

    Args:
        stream: the stream.
        receive: takes them.
        end: takes the end.
    """
    try:
        while data := await stream.read():
            receive(data)
    except Exception as error:  # noqa: BLE001  # whatever broke it, the input has ended
        end(error)
    else:
        end(None)


class PulledFlow:
    """A stream that must be asked: one task reads it.

    Args:
        stream: the stream.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._reading: asyncio.Task[None] | None = None
        self._unwritten = b""

    def start(self, receive: Receive, end: End) -> None:
        """Begin to read."""
        self._reading = asyncio.create_task(read_all(self._stream, receive, end), name="sansmcp reader")

    @property
    def is_free(self) -> bool:
        """Whether nothing waits to be written."""
        return not self._unwritten

    def write_now(self, data: bytes) -> None:
        """Take bytes, for `flush` to write."""
        self._unwritten = data

    async def flush(self, timeout: float) -> None:  # noqa: ASYNC109  # of each step, not of the whole
        """Write what was taken.

        Args:
            timeout: the seconds for which the peer may read nothing.

        Raises:
            OSError: nobody reads any more; as TimeoutError if nobody did for so long.
        """
        data, self._unwritten = self._unwritten, b""
        loop = asyncio.get_running_loop()
        moving = asyncio.timeout(timeout)
        try:
            async with moving:
                for start in range(0, len(data), _PIECE):
                    await self._stream.write(data[start : start + _PIECE])
                    moving.reschedule(loop.time() + timeout)
        except TimeoutError:
            # A stream has timeouts of its own, which are no different from its other ends.
            if moving.expired():
                raise stalled(timeout) from None
            raise

    async def close(self) -> None:
        """Stop reading and close the stream."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        await self._stream.close()


def flow_of(stream: Stream) -> Flow:
    """Return a stream as a flow.

    Args:
        stream: a stream of either kind.
    """
    return stream if isinstance(stream, Flow) else PulledFlow(stream)
