"""A server that is started as a process, and the end of it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import IO, Final

from sansmcp.errors import NotConnected
from sansmcp_asyncio.streams import StreamPair

# What the official SDKs pass on: enough to find programs and the user's files, nothing that may be secret.
PASSED_ON: Final = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")

_PATIENCE: Final = 2.0
"""Seconds between closing the input, SIGTERM and SIGKILL."""


class Process:
    """A server in a process group of its own; its standard input and output are the stream.

    Args:
        command: what was started.
        process: the running process.
    """

    def __init__(self, command: Sequence[str], process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("unreachable: it was started with pipes")
        self._command = tuple(command)
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._stream = StreamPair(process.stdout, process.stdin)

    def __str__(self) -> str:
        words = " ".join(self._command)[:80]
        code = self._process.returncode
        return f"the server {words!r} " + ("is running" if code is None else f"exited with code {code}")

    @property
    def returncode(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.returncode

    async def read(self) -> bytes:
        """Return some bytes, or none at the end of the output."""
        return await self._stream.read()

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
                await asyncio.wait_for(self._process.wait(), _PATIENCE)
            except TimeoutError:
                continue
            break
        if self._input.transport.get_write_buffer_size():
            self._input.transport.abort()
        # What it started may live on in its group and hold the pipes open.
        self._signal(signal.SIGKILL)
        discarding.cancel()
        await asyncio.gather(discarding, return_exceptions=True)

    async def _discard_output(self) -> None:
        while await self._output.read(64 * 1024):
            pass

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)


async def start_process(
    command: Sequence[str],
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
        stderr: where its standard error goes; by default where ours goes.

    Raises:
        NotConnected: if the program cannot be started.
    """
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**passed_on, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        words = " ".join(command)[:80]
        raise NotConnected(f"cannot start the server {words!r}: {error}") from error
    return Process(command, process)
