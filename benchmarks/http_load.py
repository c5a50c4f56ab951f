"""An HTTP server process that is asked over many connections at once and measured from outside.

The bytes of every request are made beforehand, and answers are looked at afterwards, so that the asker
costs the machine as little as it can; what counts is the CPU time of the server.
"""

import contextlib
import os
import re
import selectors
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from benchmarks.watched import Watched

# A guard against a server that hangs; nothing waits for it when all is well.
PATIENCE = 60.0

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)
_SESSION = re.compile(rb"\r\nmcp-session-id: *([!-~]+)\r\n", re.IGNORECASE)


class Served:
    """A server process that listens on a free port of this machine.

    Args:
        command: what starts it, without the port, which is added as `--port N`.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.port = free_port()
        # Settings of whoever measures do not count; one of them keeps bytecode from being written.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        # What is started is ours, out of this folder.
        self._process = subprocess.Popen(  # noqa: S603
            [*command, "--port", str(self.port)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.watched = Watched(self._process.pid)
        self._wait_until_it_listens()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE if error is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_listens(self) -> None:
        limit = time.monotonic() + PATIENCE
        while True:
            if self._process.poll() is not None:
                raise EOFError(f"{self._process.args!r} ended with code {self._process.returncode}")
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
                return
            if time.monotonic() > limit:
                raise TimeoutError(f"{self._process.args!r} did not listen within {PATIENCE:.0f} s")
            time.sleep(0.02)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def post(port: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of a POST to the endpoint.

    Args:
        port: the port of the server.
        body: the message.
        headers: the fields beside those that every POST has.
    """
    lines = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: application/json, text/event-stream",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connections:
    """So many connections to one server, each of which has one request under way at a time.

    Args:
        port: the port of the server.
        count: how many connections.
    """

    def __init__(self, port: int, count: int) -> None:
        self._sockets = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        for number, one in enumerate(self._sockets):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for one in self._sockets:
            one.close()

    def __len__(self) -> int:
        return len(self._sockets)

    def ask(self, requests: Sequence[Iterable[bytes]]) -> list[list[bytes]]:
        """Send each connection its requests, one after the other, and return what came back.

        Args:
            requests: of each connection, the bytes of its requests.

        Returns:
            Of each connection, the bytes of its responses.

        Raises:
            EOFError: a connection ended before it was answered.
            TimeoutError: the server said nothing for too long.
        """
        waiting = [iter(each) for each in requests]
        answers: list[list[bytes]] = [[] for _ in requests]
        pieces: list[bytes] = [b"" for _ in requests]
        open_ends = 0
        for number, each in enumerate(waiting):
            open_ends += self._send_next(number, each)
        while open_ends:
            ready = self._selector.select(PATIENCE)
            if not ready:
                raise TimeoutError(f"the server said nothing for {PATIENCE:.0f} s")
            for key, _ in ready:
                number = key.data
                data = self._sockets[number].recv(1 << 20)
                if not data:
                    raise EOFError(f"the connection ended after {pieces[number][:300]!r}")
                pieces[number] += data
                if is_complete(pieces[number]):
                    answers[number].append(pieces[number])
                    pieces[number] = b""
                    open_ends -= not self._send_next(number, waiting[number])
        return answers

    def _send_next(self, number: int, waiting: Iterable[bytes]) -> bool:
        for request in waiting:
            # A request is far shorter than the buffer of a socket.
            self._sockets[number].send(request)
            return True
        return False


def is_complete(response: bytes) -> bool:
    """Say whether these are all bytes of a response.

    Args:
        response: what came so far.
    """
    end = response.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = response[: end + 2]
    if _CHUNKED.search(head):
        return response.endswith(b"\r\n0\r\n\r\n")
    length = _LENGTH.search(head)
    if length is None:
        return b" 202 " in head[:20] or b" 204 " in head[:20]
    return len(response) >= end + 4 + int(length[1])


def session_of(response: bytes) -> str | None:
    """Return the session that a response to `initialize` opened, or None.

    Args:
        response: its bytes.
    """
    found = _SESSION.search(response)
    return None if found is None else found[1].decode("ascii")
