"""A server that is started as a process, and the end of it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import IO, Final

from sansmcp.client import PATIENCE, Command, environment_for_server
from sansmcp_asyncio.flows import READ_SIZE
from sansmcp_asyncio.streams import StreamPair

# Long enough for a last message, short enough to be read.
_TAIL_BYTES: Final = 2000
"""How much of a drained standard error is kept."""

# A process that closes its output is about to exit; its code says more than the end of a stream.
_LAST_BREATH: Final = 0.5
"""Seconds to wait for the exit code after the end of the output."""


class _Watched(asyncio.subprocess.SubprocessStreamProtocol):
    """Knows of the exit at once: asyncio's own `wait` waits for the end of the pipes too."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(limit=READ_SIZE, loop=loop)
        self.exited = loop.create_future()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set_result(None)


class Process:
    """A server in a process group of its own; its standard input and output are the stream.

    Make it with `start_process`.

    Args:
        command: what was started.
        transport: the running process.
        watched: its pipes.
    """

    def __init__(self, command: Command, transport: asyncio.SubprocessTransport, watched: _Watched) -> None:
        if watched.stdin is None or watched.stdout is None:
            raise AssertionError("unreachable: it was started with pipes")
        self._command = command
        self._transport = transport
        self._exited = watched.exited
        self._input = watched.stdin
        self._output = watched.stdout
        self._stream = StreamPair(watched.stdout, watched.stdin)
        self._tail = bytearray()
        self._draining = None if watched.stderr is None else asyncio.create_task(self._drain(watched.stderr))

    def __str__(self) -> str:
        code = self.returncode
        return f"{self._command} " + ("is running" if code is None else f"exited with code {code}")

    @property
    def returncode(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._transport.get_returncode()

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the output.

        Raises:
            ConnectionResetError: the process has exited; it says how.
        """
        data = await self._stream.read()
        if data:
            return data
        await asyncio.wait({self._exited}, timeout=_LAST_BREATH)
        if self.returncode is None:
            return b""
        if self._draining is not None:
            await asyncio.wait({self._draining}, timeout=_LAST_BREATH)
        last_words = self._tail.decode(errors="replace").strip()
        said = f"; it said: {last_words}" if last_words else ""
        raise ConnectionResetError(f"{self}{said}")

    async def write(self, data: bytes) -> None:
        """Write all of the bytes to its input."""
        await self._stream.write(data)

    async def close(self) -> None:
        """Close its input, wait, ask it to end, then end its whole group; cancelling it ends the wait."""
        # It is not waited for: a server that reads no more would keep what was not written yet.
        self._input.close()
        # A server that still writes must not be held up by a full pipe.
        discarding = asyncio.create_task(self._discard_output(), name="sansmcp last output")
        try:
            await asyncio.wait({self._exited}, timeout=PATIENCE)
            if not self._exited.done():
                self._signal(signal.SIGTERM)
                await asyncio.wait({self._exited}, timeout=PATIENCE)
        finally:
            self.kill()
            discarding.cancel()
        await asyncio.wait({discarding})
        await self.wait_gone()

    def kill(self) -> None:
        """End its whole group at once."""
        # What it started may live on in its group.
        self._signal(signal.SIGKILL)
        if self._input.transport.get_write_buffer_size():
            self._input.transport.abort()
        if self._draining is not None:
            self._draining.cancel()
        # What left its group may hold the pipes open.
        self._exited.add_done_callback(lambda _: self._transport.close())

    async def wait_gone(self) -> None:
        """Wait until what was killed is gone."""
        await asyncio.wait({self._exited} if self._draining is None else {self._exited, self._draining})

    async def _discard_output(self) -> None:
        while await self._output.read(64 * 1024):
            pass

    async def _drain(self, stderr: asyncio.StreamReader) -> None:
        while data := await stderr.read(64 * 1024):
            self._tail += data
            del self._tail[:-_TAIL_BYTES]

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._transport.get_pid(), sign)


async def start_process(
    command: Command | Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> Process:
    """Start a server.

    Args:
        command: the program and its arguments; no shell reads them.
        env: variables to add to the few that are passed on.
        cwd: the folder to start it in.
        stderr: where its standard error goes, by default where ours goes; with `subprocess.PIPE` it is
            drained, and its last words are told when the server exits.

    Raises:
        ConnectionError: if the program cannot be started.
    """
    chosen = command if isinstance(command, Command) else Command(words=tuple(command))
    starting = asyncio.create_task(_start(chosen, env, cwd, stderr), name="sansmcp start")
    try:
        # Not awaited itself: one that is cancelled half-way leaves pipes open.
        await asyncio.wait({starting})
    except asyncio.CancelledError:
        await asyncio.wait({asyncio.create_task(_abandon(starting), name="sansmcp abandon")})
        raise
    return starting.result()


async def _start(
    command: Command,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
) -> Process:
    try:
        transport, watched = await asyncio.get_running_loop().subprocess_exec(
            _Watched,
            *command.words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=environment_for_server(os.environ, env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ConnectionError(f"cannot start {command}: {error}") from error
    return Process(command, transport, watched)


async def _abandon(starting: asyncio.Task[Process]) -> None:
    with contextlib.suppress(ConnectionError):
        process = await starting
        process.kill()
        await process.wait_gone()
