"""A server that is started as a process, and the end of it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import IO, Final

from sansmcp.client import PATIENCE, Command, environment_for_server
from sansmcp_threads.descriptors import Sink, Source
from sansmcp_threads.joining import Threads

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
        process: the running process, with pipes.

    Raises:
        ConnectionError: there is no thread to wait for it, so it was killed.
    """

    def __init__(self, command: Command, process: subprocess.Popen[bytes]) -> None:
        self._command = command
        self._process = process
        self._input = Sink(_own(process.stdin))
        self._output = Source(_own(process.stdout))
        self._stderr = None if process.stderr is None else Source(_own(process.stderr))
        self._tail = bytearray()
        self._has_failed = False
        self._has_exited = threading.Event()
        self._is_drained = threading.Event()
        self._threads = Threads()
        try:
            self._threads.start("sansmcp process", self._await_exit)
            if self._stderr is None:
                self._is_drained.set()
            else:
                self._threads.start("sansmcp stderr", partial(self._drain, self._stderr))
        except RuntimeError as error:
            process.kill()
            self._await_exit()
            self.close()
            raise ConnectionError(f"cannot start {command}: {error}") from error

    def __str__(self) -> str:
        code = self._process.returncode
        return f"{self._command} " + ("is running" if code is None else f"exited with code {code}")

    @property
    def returncode(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.returncode

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end of the output.

        Raises:
            ConnectionResetError: the process has exited; it says how.
        """
        data = self._output.read()
        if data or (self._output.has_ended and not self._has_failed):
            return data
        self._has_exited.wait(_LAST_BREATH)
        if self._process.returncode is None:
            return b""
        self._is_drained.wait(_LAST_BREATH)
        last_words = self._tail.decode(errors="replace").strip()
        said = f"; it said: {last_words}" if last_words else ""
        raise ConnectionResetError(f"{self}{said}")

    def write(self, data: bytes) -> bool:
        """Take all of the bytes and write what goes at once to its input; say whether that was everything."""
        try:
            return self._input.write(data)
        except OSError:
            self._has_failed = True
            raise

    def flush(self, timeout: float) -> None:
        """Wait until everything is written that was taken."""
        try:
            self._input.flush(timeout)
        except OSError:
            self._has_failed = True
            raise

    def end_input(self) -> None:
        """Let `read` return nothing from now on."""
        self._output.end()

    def close(self) -> None:
        """Close its input, wait, ask it to end, then end its whole group."""
        self._input.close()
        # A server that still writes must not be held up by a full pipe.
        discarding = Source(self._output.detach())
        with contextlib.suppress(RuntimeError):
            # Without a thread to read it, the server may have to be killed.
            self._threads.start("sansmcp last output", partial(_discard, discarding))
        for sign in (None, signal.SIGTERM, signal.SIGKILL):
            if sign is not None:
                self._signal(sign)
            if self._has_exited.wait(PATIENCE):
                break
        # What it started may live on in its group and hold the pipes open.
        self._signal(signal.SIGKILL)
        for source in (discarding, self._stderr):
            if source is not None:
                source.end()
        self._threads.join()
        for source in (discarding, self._stderr):
            if source is not None:
                source.close()

    def _await_exit(self) -> None:
        self._process.wait()
        self._has_exited.set()

    def _drain(self, stderr: Source) -> None:
        while data := stderr.read():
            self._tail += data
            del self._tail[:-_TAIL_BYTES]
        self._is_drained.set()

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)


def _discard(source: Source) -> None:
    while source.read():
        pass


def _own(pipe: IO[bytes] | None) -> int:
    """Return our end of a pipe, which the server does not share."""
    if pipe is None:
        raise AssertionError("unreachable: it was started with pipes")
    descriptor = os.dup(pipe.fileno())
    pipe.close()
    os.set_blocking(descriptor, False)
    return descriptor


def start_process(
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
        # What is started is what the user says, word by word.
        process = subprocess.Popen(  # noqa: S603
            chosen.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            env=environment_for_server(os.environ, env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ConnectionError(f"cannot start {chosen}: {error}") from error
    return Process(chosen, process)
