"""A server that is started as a process, and the end of it."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO, Final

import trio

from sansmcp.client import PATIENCE, Command, environment_for_server
from sansmcp_trio.streams import PromptStream, write_now

# Long enough for a last message, short enough to be read.
_TAIL_BYTES: Final = 2000
"""How much of a drained standard error is kept."""

# A process that closes its output is about to exit; its code says more than the end of a stream.
_LAST_BREATH: Final = 0.5
"""Seconds to wait for the exit code after the end of the output."""

_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class _Tail:
    """The last words of a standard error, drained as they come."""

    def __init__(self, stderr: trio.abc.ReceiveStream) -> None:
        self._stderr = stderr
        self._bytes = bytearray()
        self._scope = trio.CancelScope()
        self._ended = trio.Event()

    def __str__(self) -> str:
        return self._bytes.decode(errors="replace").strip()

    async def drain(self) -> None:
        try:
            with self._scope, contextlib.suppress(*_GONE):
                while data := await self._stderr.receive_some():
                    self._bytes += data
                    del self._bytes[:-_TAIL_BYTES]
        finally:
            self._ended.set()

    async def wait_ended(self) -> None:
        await self._ended.wait()

    async def aclose(self) -> None:
        self._scope.cancel()
        await self._stderr.aclose()


class Process(PromptStream):
    """A server in a process group of its own; its standard input and output are the stream.

    Args:
        command: what was started.
        process: the running process.
        nursery: where its standard error is drained, if that is a pipe.
    """

    def __init__(self, command: Command, process: trio.Process, nursery: trio.Nursery) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("unreachable: it was started with pipes")
        self._command = command
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._tail: _Tail | None = None
        if process.stderr is not None:
            self._tail = _Tail(process.stderr)
            nursery.start_soon(self._tail.drain, name="sansmcp standard error")

    def __str__(self) -> str:
        code = self._process.returncode
        return f"{self._command} " + ("is running" if code is None else f"exited with code {code}")

    @property
    def returncode(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.returncode

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return some bytes, or none at the end of the output.

        Raises:
            trio.BrokenResourceError: the process has exited; it says how.
        """
        data = await self._output.receive_some(max_bytes)
        if data:
            return bytes(data)
        with trio.move_on_after(_LAST_BREATH):
            await self._process.wait()
        if self._process.returncode is None:
            return b""
        if self._tail is not None:
            with trio.move_on_after(_LAST_BREATH):
                await self._tail.wait_ended()
        said = f"; it said: {self._tail}" if self._tail is not None and str(self._tail) else ""
        raise trio.BrokenResourceError(f"{self}{said}")

    def send_now(self, data: bytes | memoryview) -> int:
        """Write what its input takes at once, and return how many bytes that was."""
        return write_now(self._input.fileno, data) if isinstance(self._input, trio.lowlevel.FdStream) else 0

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of the bytes to its input."""
        await self._input.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until its input may take bytes."""
        await self._input.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close its input, wait, ask it to end, then end its whole group; cancelled, end that at once."""
        try:
            await self._input.aclose()
            async with trio.open_nursery() as nursery:
                # A server that still writes must not be held up by a full pipe.
                nursery.start_soon(self._discard_output)
                await self._wait_or_signal()
                nursery.cancel_scope.cancel()
        finally:
            # What it started may live on in its group and hold the pipes open.
            self._signal(signal.SIGKILL)
            with trio.CancelScope(shield=True):
                await self._process.wait()
                await self._output.aclose()
                if self._tail is not None:
                    await self._tail.aclose()

    async def _wait_or_signal(self) -> None:
        for sign in (None, signal.SIGTERM, signal.SIGKILL):
            if sign is not None:
                self._signal(sign)
            with trio.move_on_after(PATIENCE):
                await self._process.wait()
                return

    async def _discard_output(self) -> None:
        with contextlib.suppress(*_GONE):
            while await self._output.receive_some():
                pass

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)


async def start_process(
    nursery: trio.Nursery,
    command: Command | Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> Process:
    """Start a server.

    Args:
        nursery: where its standard error is drained, if that is a pipe.
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
        process = await trio.lowlevel.open_process(
            chosen.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment_for_server(os.environ, env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ConnectionError(f"cannot start {chosen}: {error}") from error
    return Process(chosen, process, nursery)
