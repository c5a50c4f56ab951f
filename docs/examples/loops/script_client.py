"""A plain script: it starts a server, calls a tool and ends. python script_client.py COMMAND..."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from select import select
from typing import TypeVar

from sansmcp.client import Call, ClientOptions, Outcome, call_tool, value_of
from sansmcp.errors import NotConnected
from sansmcp.session import Connected, LineLink

T = TypeVar("T")


def ask(command: Sequence[str], call: Call[T]) -> T:
    """Start a server, make one call, let the server end, and return the value of the call."""
    session, now, unwritten, outcome = ClientOptions().session(), time.monotonic, b"", None
    link = LineLink(session)
    session.connect(now())
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as server:  # noqa: S603
        assert server.stdin is not None and server.stdout is not None  # noqa: PT018, S101  # they are pipes
        os.set_blocking(server.stdin.fileno(), False)
        while unwritten or not link.done:
            unwritten, deadline = unwritten or link.data_to_send(), link.next_deadline()
            wait = None if deadline is None else max(0.0, deadline - now())
            readable, writable, _ = select([server.stdout], [server.stdin] if unwritten else [], [], wait)
            if writable:
                with contextlib.suppress(BrokenPipeError):  # its output has ended too, then
                    unwritten = unwritten[server.stdin.write(unwritten) :]
            if not readable:
                link.handle_timeout(now())
            elif data := server.stdout.read(65536):
                link.receive_data(data, now())
            else:
                unwritten = b""
                link.receive_eof(now())
            while (event := session.next_event()) is not None:
                if isinstance(event, Connected):
                    call.send(session, now())
                elif isinstance(event, Outcome):
                    outcome = event
                    session.close(now())
        server.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(2)
        server.kill()  # which does nothing to one that has ended
    if outcome is None:
        raise NotConnected(f"{command[0]} is no server")
    return value_of(call, outcome)


print(ask(sys.argv[1:], call_tool("add", {"a": 1, "b": 2})).structured_content)
