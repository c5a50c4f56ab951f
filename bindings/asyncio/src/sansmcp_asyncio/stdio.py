"""Standard input and output of this process as a flow."""

import asyncio
import contextlib
import fcntl
import os
import socket
import stat
import sys
from typing import cast

from sansmcp_asyncio.flows import READ_SIZE, End, Outgoing, Receive, read_all
from sansmcp_asyncio.workers import Workers


class StdioStream:
    """Standard input and output of this process, which are its own from now on.

    Descriptor 1 is pointed at standard error and descriptor 0 at nothing, so that a stray print, a C
    library or a child process cannot write into the conversation.
    """

    def __init__(self) -> None:
        self._input = _own(0)
        self._output = _own(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        if sys.stdout is not None:
            sys.stdout.flush()
        os.dup2(2, 1)
        self._opening: asyncio.Task[None] | None = None
        self._reading: _PipeInput | _FileInput | None = None
        self._writing: Outgoing | None = None

    def start(self, receive: Receive, end: End) -> None:
        """Begin to hand over what comes."""
        self._opening = asyncio.create_task(self._open(receive, end), name="sansmcp stdio")

    @property
    def is_free(self) -> bool:
        """Whether bytes that are given now leave before any others, at once."""
        return self._writing is not None and self._writing.is_free

    def write_now(self, data: bytes) -> None:
        """Take bytes; call it only while it is free."""
        if self._writing is not None:
            self._writing.write_now(data)

    async def flush(self, timeout: float) -> None:  # noqa: ASYNC109  # of each step, not of the whole
        """Wait until it is free.

        Args:
            timeout: the seconds for which the peer may read nothing.

        Raises:
            OSError: nobody reads any more; as TimeoutError if nobody did for so long.
        """
        if self._opening is not None:
            await asyncio.shield(self._opening)
        if self._writing is not None:
            await self._writing.flush(timeout)

    async def close(self) -> None:
        """Close both; descriptors 0 and 1 stay where they were pointed."""
        if self._opening is None:
            # It never began.
            os.close(self._input)
            os.close(self._output)
            return
        await asyncio.wait({self._opening})
        if self._reading is not None:
            self._reading.close()
        if self._writing is not None:
            await self._writing.close()

    async def _open(self, receive: Receive, end: End) -> None:
        loop = asyncio.get_running_loop()
        # The output first: what comes may be answered at once.
        if _is_socket(self._output):
            far = socket.socket(fileno=self._output)
            _, self._writing = await loop.create_connection(_SocketOutput, sock=far)
        elif _is_pipe(self._output):
            pipe = os.fdopen(self._output, "wb", buffering=0)
            _, self._writing = await loop.connect_write_pipe(Outgoing, pipe)
        else:
            self._writing = _FileOutput(self._output)
        if _is_pipe(self._input):
            self._reading = _PipeInput(self._input, receive, end)
        else:
            self._reading = _FileInput(self._input, receive, end)


class _SocketOutput(Outgoing):
    """A socket that is written only: the input may be the same one, and is read elsewhere.

    Not a pipe to asyncio, which takes bytes that come in on the writing side for its end.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # A socket has two directions, of whatever class its transport is.
        cast("asyncio.ReadTransport", transport).pause_reading()


class _FileOutput(Outgoing):
    """A file or a terminal, which takes bytes at once."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def write_now(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class _PipeInput:
    """A pipe or a socket, read when the loop finds it readable."""

    def __init__(self, descriptor: int, receive: Receive, end: End) -> None:
        self._descriptor = descriptor
        self._receive = receive
        self._end = end
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._finish(error)
            return
        if data:
            self._receive(data)
        else:
            self._finish(None)

    def _finish(self, error: OSError | None) -> None:
        self._loop.remove_reader(self._descriptor)
        self._end(error)


class _FileInput:
    """A file or a terminal: the loop cannot wait for it, and a daemon thread does not hold up the exit."""

    def __init__(self, descriptor: int, receive: Receive, end: End) -> None:
        self._descriptor = descriptor
        self._workers = Workers(1)
        self._reading = asyncio.create_task(read_all(self, receive, end), name="sansmcp reader")

    async def read(self) -> bytes:
        return await self._workers.run(self._read)

    def close(self) -> None:
        self._reading.cancel()
        self._workers.close()

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, READ_SIZE)
        except OSError:
            # A terminal that is gone has nothing more to say.
            return b""


def _own(descriptor: int) -> int:
    """Return another descriptor for the same file; for a pipe, where that goes, one that does not block."""
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        # Opened anew, not duplicated: others who have the pipe must not find that it no longer blocks them.
        # With the same access: who opened it both ways has no end of the input.
        access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        path = f"/proc/self/fd/{descriptor}"
        with contextlib.suppress(OSError):
            has_name = not os.readlink(path).startswith("pipe:")  # noqa: PTH115
            # A reader who opens a pipe with a name after its last writer has left never hears of the end.
            if access == os.O_WRONLY or not has_name:
                return os.open(path, access | os.O_NONBLOCK)
    return os.dup(descriptor)


def _is_pipe(descriptor: int) -> bool:
    return _is_socket(descriptor) or stat.S_ISFIFO(os.fstat(descriptor).st_mode)


def _is_socket(descriptor: int) -> bool:
    return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
