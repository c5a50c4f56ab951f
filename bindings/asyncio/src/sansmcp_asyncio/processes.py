"""A server that is started as a process, and the end of it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import IO, Final

from sansmcp.client import PATIENCE, Command, environment_for_server
from sansmcp_asyncio.streams import StreamPair

# Long enough for a last message, short enough to be read.
_TAIL_BYTES: Final = 2000
"""How much of a drained standard error is kept."""

# A process that closes its output is about to exit; its code says more than the end of a stream.
_LAST_BREATH: Final = 0.5
"""Seconds to wait for the exit code after the end of the output."""


class Process:
    """A server in a process group of its own; its standard input and output are the stream.

    Args:
        command: what was started.
        process: the running process.
    """

    def __init__(self, command: Command, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("unreachable: it was started with pipes")
        self._command = command
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._stream = StreamPair(process.stdout, process.stdin)
        self._tail = bytearray()
        self._draining = None if process.stderr is None else asyncio.create_task(self._drain(process.stderr))

    def __str__(self) -> str:
        code = self._process.returncode
        return f"{self._command} " + ("is running" if code is None else f"exited with code {code}")

    @property
    def returncode(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.returncode

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the output.

        Raises:
            ConnectionResetError: the process has exited; it says how.
        """
        data = await self._stream.read()
        if data:
            return data
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _LAST_BREATH)
        if self._process.returncode is None:
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
        """Close its input, wait, ask it to end, then end its whole group."""
        # It is not waited for: a server that reads no more would keep what was not written yet.
        self._input.close()
        # A server that still writes must not be held up by a full pipe.
        discarding = asyncio.create_task(self._discard_output(), name="sansmcp last output")
        for sign in (None, signal.SIGTERM, signal.SIGKILL):
            if sign is not None:
                self._signal(sign)
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE)
            except TimeoutError:
                continue
            break
        if self._input.transport.get_write_buffer_size():
            self._input.transport.abort()
        # What it started may live on in its group and hold the pipes open.
        self._signal(signal.SIGKILL)
        tasks = [task for task in (discarding, self._draining) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _discard_output(self) -> None:
        while await self._output.read(64 * 1024):
            pass

    async def _drain(self, stderr: asyncio.StreamReader) -> None:
        while data := await stderr.read(64 * 1024):
            self._tail += data
            del self._tail[:-_TAIL_BYTES]

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)


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
    try:
        process = await asyncio.create_subprocess_exec(
            *chosen.words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=environment_for_server(os.environ, env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ConnectionError(f"cannot start {chosen}: {error}") from error
    return Process(chosen, process)
