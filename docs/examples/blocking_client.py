"""The client's half of the binding in `blocking`, and both halves at work."""

import socket
import threading
from typing import TypeVar

from blocking import Pump, now, run, serve

from sansmcp.client import BlockingCalls, Call, InputHandlers, OnProgress, Outcome, value_of
from sansmcp.errors import NotConnected
from sansmcp.schema import Implementation
from sansmcp.server import Server
from sansmcp.session import (
    CallHandle,
    ClientSession,
    Connected,
    Disconnected,
    InputRequested,
    LineLink,
    ProgressReceived,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
)

T = TypeVar("T")


class Client(BlockingCalls):
    """A connection to one server; each call waits for its answer."""

    def __init__(self, stream: socket.socket, handlers: InputHandlers) -> None:
        self._handlers = handlers
        info = Implementation(name="blocking", version="1.0")
        self._session = ClientSession(info=info, capabilities=handlers.capabilities)
        self._pump = Pump(LineLink(self._session), stream)
        self._listeners: dict[CallHandle, OnProgress | None] = {}
        self._outcomes: dict[CallHandle, Outcome] = {}
        self._connected: Connected | None = None
        self._session.connect(now())
        while self._connected is None:
            self._turn()

    def call(self, call: Call[T]) -> T:
        """Make a call and return its value."""
        handle = call.send(self._session, now())
        if handle is None:
            return call.read(None)
        self._listeners[handle] = call.on_progress
        while handle not in self._outcomes:
            self._turn()
        del self._listeners[handle]
        return value_of(call, self._outcomes.pop(handle))

    def close(self) -> None:
        """End the connection in good order."""
        self._session.close(now())
        while self._pump.turn():
            pass

    def _turn(self) -> None:
        self._pump.turn()
        while (event := self._session.next_event()) is not None:
            match event:
                case ResponseReceived() | RequestFailed() | RequestTimedOut() | RequestLost():
                    self._outcomes[event.handle] = event
                case ProgressReceived():
                    listener = self._listeners.get(event.handle)
                    if listener is not None:
                        listener(event)
                case InputRequested():
                    run(self._handlers.resolve(event, self._session))
                case Connected():
                    self._connected = event
                case Disconnected() if self._connected is None:
                    raise NotConnected(event.reason)
                case _:
                    pass


server = Server("sums", version="1.0")


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


if __name__ == "__main__":
    ours, theirs = socket.socketpair()
    threading.Thread(target=serve, args=(server, theirs)).start()
    client = Client(ours, InputHandlers())
    print(client.call_tool("add", {"a": 1, "b": 2}).structured_content)
    client.close()
