"""A server over HTTP/1.1 whose clients are written by hand, byte by byte, on a virtual clock."""

import json
import re

from sansmcp import Context, Server
from sansmcp.server import ServerConnections
from sansmcp.session import Errand, ProtocolViolated, Schedule, outcome_of
from sansmcp.testing import SeededEnvironment
from sansmcp_h11 import H11Server

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
REVISIONS = (*LEGACY, MODERN)
HOST = "127.0.0.1:8000"
CLIENT = {"name": "client", "version": "1"}


def make_server():
    """Return a server with a few tools, and a list of the names of tools that were called."""
    server = Server("tested", version="1")
    called = []

    @server.tool
    def echo(x: str) -> str:
        called.append("echo")
        return x

    @server.tool
    def slow(tag: str) -> str:
        called.append("slow")
        return tag

    @server.tool
    def tell(x: str, *, ctx: Context) -> str:
        called.append("tell")
        ctx.progress(1, total=2)
        return x

    return server, called


class Serving:
    """A server, and the connections of its clients.

    Args:
        limits: what H11Server is told beside its endpoint.
        settings: how it is served.
    """

    def __init__(self, *, wrap_link=None, connection_limits=None, **settings):
        self.now = 0.0
        self.events = []
        self.server, self.called = make_server()
        self.held = []
        self.reports = []
        http = self.server.http_endpoint(SeededEnvironment(), settings, host="127.0.0.1")
        options = {} if connection_limits is None else {"limits": connection_limits}
        self.endpoint = H11Server(http, wrap_link=wrap_link, **options)
        self.schedule = Schedule(self.endpoint)
        self.connections = {}
        self.handling = ServerConnections(
            self.server,
            start=self._start,
            outlet=lambda command: command(self.now),
            tell=lambda told: told(),
            report=self.reports.append,
            settings=settings,
            deadlines=self.endpoint.deadlines,
        )

    def _start(self, work, finish):
        if work.name == "slow":
            self.held.append((work, finish))
            return lambda: None
        finish(outcome_of(work), self.now)
        return None

    def finish_slow(self):
        """Let the handlers that were held end."""
        held, self.held = self.held, []
        for work, finish in held:
            finish(outcome_of(work), self.now)
        self.at(self.now)

    def open(self):
        """Return a new connection."""
        link = self.endpoint.accept(self.now)
        connection = self.connections[link] = Connection(self, link)
        self.settle()
        return connection

    def settle(self):
        """Drain until nothing moves; only links that said so are asked for bytes."""
        moved = True
        while moved:
            moved = False
            while (found := self.endpoint.next_event()) is not None:
                self.events.append(found[1])
                self.handling.handle(*found)
                moved = True
            for action in self.endpoint.actions():
                assert isinstance(action, Errand)
                moved = True
            for link in self.endpoint.ready():
                if link.done:
                    self.schedule.forget(link)
                else:
                    self.schedule.note(link)
                self.connections[link].take()
                moved = True

    def at(self, now):
        """Let time pass, from deadline to deadline."""
        self.settle()
        while (due := self.schedule.next_deadline()) is not None and due <= now:
            self.now = max(self.now, due)
            self.schedule.handle_timeout(self.now)
            self.settle()
        self.now = now

    def violations(self):
        return [event.reason for event in self.events if isinstance(event, ProtocolViolated)]


class Connection:
    """One connection of a client, and what came on it.

    Args:
        serving: the server.
        link: its end of the connection.
    """

    def __init__(self, serving, link):
        self.serving = serving
        self.link = link
        self.received = b""
        self.is_reading = True

    def take(self):
        if self.is_reading:
            self.received += self.link.data_to_send()

    def send(self, data, size=None):
        """Send bytes, in pieces of a size."""
        for at in range(0, len(data), size or len(data) or 1):
            self.link.receive_data(data[at : at + (size or len(data))], self.serving.now)
            self.serving.at(self.serving.now)
        return self

    def end(self, *reason):
        self.link.receive_eof(self.serving.now, *reason)
        self.serving.settle()

    def read(self):
        """Return what came since."""
        received, self.received = self.received, b""
        return received

    def responses(self, methods=None):
        """Return the responses that came since; methods say which requests were not POSTs."""
        return parse(self.read(), methods)

    def response(self, *, method="POST"):
        (found,) = self.responses([method])
        return found

    @property
    def closed(self):
        return self.link.done


class Answer:
    """A response that was read back."""

    def __init__(self, head, body):
        self.head = head.decode("latin-1")
        self.status = int(self.head.split(" ")[1])
        self.body = body

    def field(self, name):
        found = re.search(rf"(?mi)^{name}: (.*?)\r?$", self.head)
        return None if found is None else found[1]

    @property
    def message(self):
        """The message in the body, the last of a stream."""
        if self.field("content-type") == "text/event-stream":
            events = [part for part in self.body.decode().split("\n\n") if "data: {" in part]
            return json.loads(events[-1].partition("data: ")[2])
        return json.loads(self.body)


def parse(data, methods=None):
    """Read responses back, as strictly as they can be."""
    answers = []
    methods = iter(methods or ())
    while data:
        head, blank, data = data.partition(b"\r\n\r\n")
        assert blank, f"no head in {head!r}"
        answer = Answer(head, b"")
        if answer.status == 100:
            answers.append(answer)
            continue
        method = next(methods, "POST")
        if method == "HEAD" or answer.status in {204, 304}:
            pass
        elif answer.field("transfer-encoding") == "chunked":
            while True:
                line, _, data = data.partition(b"\r\n")
                size = int(line, 16)
                answer.body += data[:size]
                assert data[size : size + 2] == b"\r\n"
                data = data[size + 2 :]
                if not size:
                    break
        elif (length := answer.field("content-length")) is not None:
            answer.body, data = data[: int(length)], data[int(length) :]
            assert len(answer.body) == int(length)
        else:
            answer.body, data = data, b""
        answers.append(answer)
    return answers


def fields_for(revision, session=None, method="tools/call", name="echo"):
    fields = [
        ("Host", HOST),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
    ]
    if revision == MODERN:
        fields += [("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)]
        fields += [("Mcp-Name", name)] if name else []
    elif session is not None:
        fields += [("MCP-Protocol-Version", revision), ("Mcp-Session-Id", session)]
    return fields


def post(body, fields, *, target="/mcp", method="POST", version="HTTP/1.1", length=True):
    """Return the bytes of a request."""
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in fields)]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def call_body(revision=MODERN, name="echo", request_id=1, **arguments):
    params = {"name": name, "arguments": arguments or {"x": "hi"}}
    if revision == MODERN:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": CLIENT,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}).encode()


def call(revision=MODERN, session=None, name="echo", request_id=1, extra=(), **arguments):
    """Return the bytes of a POST that calls a tool."""
    body = call_body(revision, name, request_id, **arguments)
    return post(body, [*fields_for(revision, session, name=name), *extra])


def session_for(serving, revision):
    """Open a session of a revision, and return its id; None where there are none."""
    if revision == MODERN:
        return None
    connection = serving.open()
    params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": CLIENT}
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    connection.send(post(hello, fields_for(revision)))
    session = connection.response().field("mcp-session-id")
    told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    connection.send(post(told, fields_for(revision, session)))
    assert connection.response().status == 202
    return session


def chunked(body, *sizes):
    """Return a body in chunks of sizes; what is left is the last."""
    pieces = []
    for size in sizes:
        pieces.append(body[:size])
        body = body[size:]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, body)) + b"0\r\n\r\n"
