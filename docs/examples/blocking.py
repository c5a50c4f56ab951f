"""A binding in one thread: a socket, `select`, and nothing else. Serves one peer at a time."""

import os
import select
import socket
import time
import traceback

from sansmcp.client import InputInvocation
from sansmcp.environment import Environment
from sansmcp.errors import InputNeeded
from sansmcp.server import Invocation, Server
from sansmcp.session import HandlerFailed, LineLink, Link, RequestReceived

now = time.monotonic


class Pump:
    """Moves bytes between a link and a socket, and wakes the link when something is due."""

    def __init__(self, link: Link, stream: socket.socket) -> None:
        stream.setblocking(False)
        self._link, self._stream = link, stream
        self._reading, self._unwritten = True, b""

    def turn(self) -> bool:
        """Wait until one thing happens and tell the link; False once the connection is over."""
        self._unwritten = self._unwritten or self._link.data_to_send()
        if self._link.done and not self._unwritten:
            self._stream.close()
            return False
        deadline = self._link.next_deadline()
        wait = None if deadline is None else max(0.0, deadline - now())
        sources, sinks = [self._stream] * self._reading, [self._stream] * bool(self._unwritten)
        readable, writable, _ = select.select(sources, sinks, [], wait)
        try:
            if writable:
                self._unwritten = self._unwritten[self._stream.send(self._unwritten) :]
            data = self._stream.recv(65536) if readable else None
        except OSError:  # a connection that breaks has ended, and half a message must not be followed
            self._unwritten, data = b"", b""
        if data:
            self._link.receive_data(data, now())
        elif data is None:
            self._link.handle_timeout(now())
        else:
            self._reading = False
            self._link.receive_eof(now())
        return True


def run(invocation: Invocation | InputInvocation) -> None:
    """Run a handler here and now, and hand back its one outcome."""
    try:
        value = invocation.call()
    except (Exception, InputNeeded) as error:  # noqa: BLE001  # it is the outcome of the request
        invocation.raised(error, now())
    else:
        invocation.succeed(value, now())


def serve(server: Server, stream: socket.socket) -> None:
    """Serve one peer until the connection ends."""
    session = server.open_session(Environment(random=os.urandom, utc=time.time))
    pump = Pump(LineLink(session), stream)
    while pump.turn():
        while (event := session.next_event()) is not None:
            if isinstance(event, RequestReceived):
                run(server.resolve(event, session, lambda command: command(now())))
            elif isinstance(event, HandlerFailed):
                traceback.print_exception(event.error)
