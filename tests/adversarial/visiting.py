"""A client over HTTP, and the server of the corpus beside it: written by hand, answering as a case says.

There are two ways: the machine itself, and HTTP/1.1 through `sansmcp_h11`, bytes in and bytes out.
"""

import json

import h11

from sansmcp.client import ClientOptions
from sansmcp.http import AbortRequest, Headers, OpenRequest
from sansmcp.session import Connected, Dial, RequestFailed, RequestLost, RequestTimedOut, ResponseReceived
from sansmcp.testing import CLIENT_INFO, SeededEnvironment
from sansmcp_h11 import H11Client

WAYS = ("machine", "h11")

OUTCOMES = (ResponseReceived, RequestFailed, RequestTimedOut, RequestLost)

MODERN = "2026-07-28"
URL = "https://same.example/mcp"
SECRETS = {"Authorization": "Bearer secret-token", "Cookie": "secret-cookie"}
CAPABILITIES = {"tools": {"listChanged": True}, "logging": {}}


class Asked:
    """One request as the server sees it; it is answered in one piece or bit by bit."""

    def __init__(self, origin, method, target, headers, body):
        self.origin = origin
        self.method = method
        self.target = target
        self.headers = Headers(headers)
        self.body = body

    @property
    def message(self):
        """The message in the body."""
        return json.loads(self.body)


class AskedOfMachine(Asked):
    """A request that an exchange of the machine makes."""

    def __init__(self, visit, exchange):
        url = exchange.url
        super().__init__(
            str(url.origin),
            exchange.request.method,
            exchange.request.target,
            exchange.request.headers.lines,
            exchange.body,
        )
        self._visit = visit
        self.exchange = exchange

    def begin(self, status, headers):
        """Answer with a head."""
        self.exchange.receive_head(status, Headers(headers), self._visit.now)
        self._visit.drain()

    def push(self, data):
        """Send a piece of the body."""
        self.exchange.receive_data(data, self._visit.now)
        self._visit.drain()

    def end(self):
        """End the response."""
        self.exchange.receive_eof(self._visit.now)
        self._visit.drain()


class AskedOfWire(Asked):
    """A request that came on a connection."""

    def __init__(self, wire, head, body):
        headers = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
        super().__init__(wire.origin, head.method.decode(), head.target.decode(), headers, body)
        self._wire = wire

    def begin(self, status, headers):
        """Answer with a head; without a length the connection ends the body."""
        self._wire.send(h11.Response(status_code=status, headers=list(headers)))

    def push(self, data):
        """Send a piece of the body."""
        self._wire.send(h11.Data(data=data))

    def end(self):
        """End the response."""
        self._wire.send(h11.EndOfMessage())


class Wire:
    """The server's end of one connection."""

    def __init__(self, visit, dial):
        self._visit = visit
        self.link = dial.link
        scheme = "https" if dial.address.tls else "http"
        self.origin = f"{scheme}://{dial.address.host}:{dial.address.port}"
        self._parser = h11.Connection(h11.SERVER)
        self._head = None
        self._body = b""
        self.raw = b""

    def read(self):
        """Take what the client wrote; return the requests that are complete."""
        data = self.link.data_to_send()
        found = []
        if data:
            self.raw += data
            self._parser.receive_data(data)
        while self._parser.states[h11.CLIENT] in {h11.IDLE, h11.SEND_BODY} or data:
            event = self._parser.next_event()
            data = b""
            if isinstance(event, h11.Request):
                self._head, self._body = event, b""
            elif isinstance(event, h11.Data):
                self._body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append(AskedOfWire(self, self._head, self._body))
            else:
                break
        return found

    def send(self, event):
        """Write a part of a response."""
        data = self._parser.send(event)
        if data and not self.link.done:
            self.link.receive_data(data, self._visit.now)
        self._visit.drain()
        if self._parser.our_state is h11.MUST_CLOSE:
            if not self.link.done:
                self.link.receive_eof(self._visit.now)
        elif self._parser.our_state is h11.DONE and self._parser.their_state is h11.DONE:
            self._parser.start_next_cycle()
        self._visit.drain()


class Visit:
    """A client that talks to the server of a case.

    Args:
        way: how its exchanges are carried.
        revisions: what it speaks.
        url: where the server is.
        headers: header fields of its user's.
    """

    def __init__(self, way, revisions, *, url=URL, headers=SECRETS, **options):
        self.way = way
        self.now = 0.0
        self.events = []
        self.asked = []
        self.every = []
        self.aborted = []
        self._wires = {}
        configured = ClientOptions(info=CLIENT_INFO, revisions=revisions, **options)
        self.machine = configured.http_endpoint(url, SeededEnvironment().random, headers=headers)
        self.endpoint = H11Client(self.machine) if way == "h11" else self.machine

    @property
    def session(self):
        """The session that calls are made on."""
        return self.machine.session

    @property
    def wires(self):
        """The connections that were made."""
        return tuple(self._wires.values())

    def drain(self):
        """Take events, actions and bytes until nothing moves."""
        moved = True
        while moved:
            moved = False
            while (found := self.endpoint.next_event()) is not None:
                self.events.append(found[1])
                moved = True
            for action in self.endpoint.actions():
                moved = True
                match action:
                    case OpenRequest(exchange=exchange):
                        self._note(AskedOfMachine(self, exchange))
                    case AbortRequest(exchange=exchange):
                        self.aborted.append(exchange)
                    case Dial(link=link):
                        self._wires[link] = Wire(self, action)
            self.endpoint.ready()
            for wire in tuple(self._wires.values()):
                for asked in wire.read():
                    moved = True
                    self._note(asked)

    def _note(self, asked):
        self.asked.append(asked)
        self.every.append(asked)

    def take(self):
        """Return the one request that came since."""
        self.drain()
        (asked,) = self.asked
        self.asked = []
        return asked

    def of(self, *kinds):
        """Return the events of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    def outcomes(self, handle):
        """Return how a call ended."""
        return [event for event in self.of(*OUTCOMES) if event.handle == handle]

    def advance(self, until):
        """Let time pass, from deadline to deadline."""
        self.drain()
        while (due := self._next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.endpoint.handle_timeout(self.now)
            for link in tuple(self._wires):
                link.handle_timeout(self.now)
            self.drain()
        self.now = until
        self.drain()

    def _next_deadline(self):
        found = [self.endpoint.next_deadline(), *(link.next_deadline() for link in self._wires)]
        return min((due for due in found if due is not None), default=None)

    # What the server says

    def answer(self, asked, status, body=None, *, kind="application/json", headers=()):
        """Answer with a whole response."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [*headers]
        if body is not None:
            lines.append(("content-type", kind))
        if status not in {204, 304}:
            lines.append(("content-length", str(len(data))))
        asked.begin(status, lines)
        if data:
            asked.push(data)
        asked.end()

    def result(self, asked, result, **options):
        """Answer a request with a result."""
        self.answer(asked, 200, {"jsonrpc": "2.0", "id": asked.message["id"], "result": result}, **options)

    def error(self, asked, status, code, message="no", data=None):
        """Answer a request with an error."""
        error = {"code": code, "message": message, **({} if data is None else {"data": data})}
        self.answer(asked, status, {"jsonrpc": "2.0", "id": asked.message["id"], "error": error})

    def connect(self, *, get=405):
        """Connect in the one revision that the client speaks."""
        self.machine.connect(self.now)
        first = self.take()
        if first.message["method"] == "server/discover":
            self.result(first, DISCOVERED)
        else:
            version = first.message["params"]["protocolVersion"]
            self.result(first, initialized(version), headers=[("mcp-session-id", "s-1")])
            self.answer(self.take(), 202)
            self.listening = self.take()
            self.answer(self.listening, get)
        assert len(self.of(Connected)) == 1
        self.events.clear()
        return self

    def call(self, name="echo", arguments=None, **options):
        """Call a tool; return the handle and the request."""
        params = {"name": name, "arguments": {"x": "hi"} if arguments is None else arguments}
        handle = self.session.send_request("tools/call", params, self.now, **options)
        return handle, self.take()


DISCOVERED = {
    "resultType": "complete",
    "supportedVersions": [MODERN],
    "capabilities": CAPABILITIES,
    "ttlMs": 0,
    "cacheScope": "private",
}


def initialized(version):
    """Return the result of `initialize`."""
    return {
        "protocolVersion": version,
        "capabilities": CAPABILITIES,
        "serverInfo": {"name": "server", "version": "1"},
    }


def done(revision):
    """Return the result of a call."""
    content = {"content": [{"type": "text", "text": "done"}]}
    return {**content, "resultType": "complete"} if revision == MODERN else content
