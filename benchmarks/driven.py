"""A server process that is fed bytes over its pipes and measured from outside."""

import os
import select
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from benchmarks.watched import Watched

# A guard against a server that hangs; nothing waits for it when all is well.
PATIENCE = 60.0


class Driven:
    """A started server.

    Args:
        command: what starts it; no shell reads it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # Settings of whoever measures do not count; one of them keeps bytecode from being written.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        # What is started is ours, out of this folder.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("unreachable: it was started with pipes")
        self._input = self._process.stdin
        self._output = self._process.stdout
        self._watched = Watched(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._input.close()
        try:
            self._process.wait(PATIENCE if error is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def cpu(self) -> float:
        """Return the seconds that all its threads have run so far, in user and system mode."""
        return self._watched.cpu()

    def resident(self) -> int:
        """Return the bytes of its memory that are resident now."""
        return self._watched.resident()

    def most_resident(self) -> int:
        """Return the most bytes of its memory that were ever resident."""
        return self._watched.most_resident()

    def send(self, data: bytes) -> None:
        """Send bytes that need no answer."""
        while data:
            data = data[self._input.write(data) :]

    def exchange(self, lines: Sequence[bytes], in_flight: int = 1) -> bytes:
        """Send every line, keep so many unanswered, and return what came back: one line for each.

        Raises:
            EOFError: it ended before it had answered.
            TimeoutError: it said nothing for too long.
        """
        chunks = []
        sent = answered = 0
        while answered < len(lines):
            due = min(answered + in_flight, len(lines))
            self.send(b"".join(lines[sent:due]))
            sent = due
            chunks.append(self._read())
            answered += chunks[-1].count(b"\n")
        return b"".join(chunks)

    def _read(self) -> bytes:
        if not select.select([self._output], [], [], PATIENCE)[0]:
            raise TimeoutError(f"{self._process.args!r} said nothing for {PATIENCE:.0f} s")
        data = os.read(self._output.fileno(), 1 << 20)
        if not data:
            raise EOFError(f"{self._process.args!r} ended with code {self._process.wait()}")
        return data
