"""A client over HTTP whose server is written by hand: each test says what comes back, and when."""

import json

from sansmcp import schema
from sansmcp.http import AbortRequest, ClientHttp, Headers, OpenRequest
from sansmcp.session import ClientSession, Connected, Timeouts
from sansmcp.testing import SeededEnvironment

URL = "http://127.0.0.1:8000/mcp"
INFO = schema.Implementation(name="client", version="1")
FIRST = "2024-11-05"
LEGACY = (FIRST, "2025-03-26", "2025-06-18", "2025-11-25")
# What the first revision does not know.
STREAMABLE = LEGACY[1:]
MODERN = "2026-07-28"
CAPABILITIES = {
    "tools": {"listChanged": True},
    "resources": {"subscribe": True, "listChanged": True},
    "logging": {},
}


class Talk:
    """A client, and what it asks for.

    Args:
        revisions: what it speaks.
        session: arguments of its session.
        options: arguments of its endpoint.
    """

    def __init__(self, revisions=(MODERN,), *, url=URL, session=None, **options):
        self.now = 0.0
        self.events = []
        self.opened = []
        self.aborted = []
        self.closed = []

        def open_session(*, revisions=revisions, finding=None, handles):
            del finding
            return ClientSession(
                info=INFO,
                revisions=revisions or given,
                handles=handles,
                **{"timeouts": Timeouts(probe=float("inf")), **(session or {})},
            )

        given = revisions
        self.client = ClientHttp(
            lambda *, revisions, finding, handles: open_session(
                revisions=revisions or given, finding=finding, handles=handles
            ),
            url,
            random=SeededEnvironment().random,
            **options,
        )

    @property
    def session(self):
        return self.client.session

    def drain(self):
        """Take all events and actions."""
        moved = True
        while moved:
            moved = False
            while (found := self.client.next_event()) is not None:
                self.events.append(found[1])
                moved = True
            for action in self.client.actions():
                moved = True
                match action:
                    case OpenRequest(exchange=exchange):
                        self.opened.append(exchange)
                    case AbortRequest(exchange=exchange):
                        self.aborted.append(exchange)
        assert self.client.ready() == []

    def take(self):
        """Return the one request that was opened since."""
        self.drain()
        (exchange,) = self.opened
        self.opened = []
        return exchange

    def take_all(self):
        self.drain()
        opened, self.opened = self.opened, []
        return opened

    def told(self, kind):
        """Return the events of a kind, and forget all."""
        self.drain()
        found = [event for event in self.events if isinstance(event, kind)]
        self.events = []
        return found

    def at(self, now):
        """Let time pass, from deadline to deadline."""
        self.drain()
        while (due := self.client.next_deadline()) is not None and due <= now:
            self.now = max(due, self.now)
            self.client.handle_timeout(self.now)
            self.drain()
        self.now = now
        self.drain()

    # Responses

    @staticmethod
    def fields(**fields):
        return Headers(fields.items())

    def answer(self, exchange, status, body=None, *, kind="application/json", headers=(), now=None):
        """Give a whole response that is no stream."""
        self.now = self.now if now is None else now
        lines = (*headers, *((("content-type", kind),) if body is not None else ()))
        exchange.receive_head(status, Headers(lines), self.now)
        if body is not None:
            exchange.receive_data(body if isinstance(body, bytes) else json.dumps(body).encode(), self.now)
        exchange.receive_eof(self.now)
        self.drain()

    def result(self, exchange, result, **options):
        """Answer a request with a result."""
        body = {"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": result}
        self.answer(exchange, 200, body, **options)

    def error(self, exchange, status, code, message="no", *, request_id=0, data=None, **options):
        """Answer a request with an error."""
        error = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        body = {"jsonrpc": "2.0", "error": error}
        body["id"] = message_of(exchange)["id"] if request_id == 0 else request_id
        self.answer(exchange, status, body, **options)

    def stream(self, exchange, *events, headers=()):
        """Begin a stream of events."""
        exchange.receive_head(200, Headers((*headers, ("content-type", "text/event-stream"))), self.now)
        self.push(exchange, *events)

    def push(self, exchange, *events):
        """Send events: messages, or bytes as they are."""
        for event in events:
            data = event if isinstance(event, bytes) else event_of(event)
            exchange.receive_data(data, self.now)
            self.drain()

    def end(self, exchange):
        exchange.receive_eof(self.now)
        self.drain()

    # Ways to be connected

    def connect_modern(self):
        self.client.connect(self.now)
        self.result(self.take(), DISCOVERED)
        assert [event.revision for event in self.told(Connected)] == [MODERN]
        return self

    def connect_legacy(self, *, session_id="s-1", get=405, revision=None):
        """Connect, and answer the GET with a status; with 200 it stays open, and is returned."""
        self.client.connect(self.now)
        self.initialize(self.take(), session_id=session_id, revision=revision)
        self.answer(self.take(), 202)
        listening = self.take()
        if get == 200:
            self.stream(listening)
        else:
            self.answer(listening, get)
        self.told(Connected)
        return listening

    def initialize(self, exchange, *, session_id="s-1", revision=None):
        offered = message_of(exchange)["params"]["protocolVersion"]
        result = {
            "protocolVersion": revision or offered,
            "capabilities": CAPABILITIES,
            "serverInfo": {"name": "server", "version": "1"},
        }
        headers = () if session_id is None else (("mcp-session-id", session_id),)
        self.result(exchange, result, headers=headers)

    def call(self, name="echo", **options):
        """Call a tool, and return its handle and its exchange."""
        params = {"name": name, "arguments": options.pop("arguments", {})}
        handle = self.session.send_request("tools/call", params, self.now, **options)
        return handle, self.take()


DISCOVERED = {
    "resultType": "complete",
    "supportedVersions": [MODERN],
    "capabilities": CAPABILITIES,
    "ttlMs": 0,
    "cacheScope": "private",
}
DONE = {"content": [{"type": "text", "text": "done"}]}
MODERN_DONE = {**DONE, "resultType": "complete"}


def message_of(exchange):
    return json.loads(exchange.body)


def event_of(message, event_id=None, retry=None):
    data = "" if message is None else json.dumps(message)
    lines = [f"data: {data}"]
    if event_id is not None:
        lines.insert(0, f"id: {event_id}")
    if retry is not None:
        lines.insert(0, f"retry: {retry}")
    return ("\n".join(lines) + "\n\n").encode()
