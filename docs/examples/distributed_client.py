"""One client, several processes: each request goes to the next of them, as behind a balancer.

A client of 2026-07-28 says everything anew in each request, so any process can answer it. Older ones have
a session, which only the process that opened it knows, so all of theirs go to one.
"""

import itertools
import queue
import secrets
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from sansmcp.client import accept
from sansmcp.schema import Revision
from sansmcp.wire import LineReader, Request, decode
from sansmcp_threads import ByteStream, connect, start_process


class Spread:
    """A stream to several servers, for `connect`."""

    def __init__(self, servers: Sequence[ByteStream]) -> None:
        self._servers = servers
        self._turns = itertools.cycle(servers)
        self._heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        for server in servers:
            threading.Thread(target=self._listen, args=(server,), daemon=True).start()

    def read(self) -> bytes:
        """Wait for a message of any of them."""
        return self._heard.get()

    def write(self, data: bytes) -> bool:
        """Hand each request to the next server, and everything else to all: whom it concerns knows it."""
        for line in data.splitlines(keepends=True):
            message = decode(line.rstrip())
            if isinstance(message, Request) and message.method == "initialize":
                self._turns = itertools.cycle(self._servers[:1])
                self._servers = self._servers[:1]
            chosen = [next(self._turns)] if isinstance(message, Request) else self._servers
            for server in chosen:
                if not server.write(line):
                    server.flush(timeout=30)
        return True

    def flush(self, timeout: float) -> None:
        """Do nothing: all that was taken is written."""

    def end_input(self) -> None:
        """Let whoever reads find the end."""
        self._heard.put(b"")

    def close(self) -> None:
        """End the servers, which are not this stream's to end: their owner does."""

    def _listen(self, server: ByteStream) -> None:
        reader = LineReader()
        # A server that was ended says so by an error, which is its end as well.
        with suppress(OSError):
            while data := server.read():
                reader.receive_data(data)
                while isinstance(line := reader.next_line(), bytes):
                    self._heard.put(line + b"\n")
        self._heard.put(b"")


def main(revision: Revision) -> None:
    key = secrets.token_hex(16)
    command = [sys.executable, "distributed_server.py"]
    names = ["first", "second", "third"]
    servers = [start_process(command, env={"NAME": name, "STATE_KEY": key}) for name in names]
    try:
        with connect(
            Spread(servers), revisions=[revision], elicitation=lambda _: accept({"value": True})
        ) as client:
            print(sorted({client.call_tool("who", result_type=str) for _ in names}))
            print(client.call_tool("deploy", {"service": "web"}, result_type=str))
    finally:
        for server in servers:
            server.close()


if __name__ == "__main__":
    main("2025-11-25" if "--older" in sys.argv else "2026-07-28")
