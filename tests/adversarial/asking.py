"""Requests to the server of the corpus over HTTP, what came of them, and the tools that it has for them."""

import json
import types

import attrs
from tests.adversarial.bench import flat, make_server
from tests.adversarial.corpus import CAPABILITIES, written

from sansmcp.http import Headers, Refused
from sansmcp.schema import MODERN_REVISIONS, REVISIONS
from sansmcp.server import Context
from sansmcp.wire import EventReader

HOST = "127.0.0.1:8000"
BOTH = "application/json, text/event-stream"
STREAM = "text/event-stream"

CALL = (
    '{"jsonrpc":"2.0","id":$id,"method":"tools/call","params":{"name":"$tool","arguments":$arguments,$META}}'
)
INITIALIZE = (
    '{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"$REV",'
    '"capabilities":$CAPABILITIES,"clientInfo":{"name":"$client","version":"1"}}}'
)
INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}'


@attrs.frozen(kw_only=True)
class Wanted:
    """A request to be sent."""

    method: str
    target: str = "/mcp"
    headers: tuple = ()
    body: bytes = b""

    def replaced(self, *pairs):
        """Return it with the values of headers replaced."""
        names = {name.lower() for name, _ in pairs}
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in names)
        return attrs.evolve(self, headers=(*kept, *pairs))

    def added(self, *pairs):
        """Return it with more lines of headers."""
        return attrs.evolve(self, headers=(*self.headers, *map(tuple, pairs)))

    def without(self, *names):
        """Return it without some headers."""
        gone = {name.lower() for name in names}
        return attrs.evolve(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in gone))

    def value(self, name):
        """Return the first value of a header, or None."""
        return Headers(self.headers).get(name.lower())

    @property
    def is_chunked(self):
        """Whether its body comes in chunks."""
        return self.value("transfer-encoding") == "chunked"

    @property
    def head(self):
        """Its head as HTTP/1.1 writes it."""
        start = f"{self.method} {self.target} HTTP/1.1"
        fields = [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([start, *fields, "", ""]).encode("latin-1")


class Reply:
    """What came of a request so far."""

    def __init__(self):
        self.status = None
        self.headers = Headers()
        self.body = b""
        self.is_over = False
        self.is_closed = False

    @property
    def messages(self):
        """The messages in it."""
        if self.headers.get("content-type") == STREAM:
            return [json.loads(event.data) for event in self.events if event.data]
        return [json.loads(self.body)] if self.body else []

    @property
    def events(self):
        """The events of its stream."""
        reader = EventReader()
        reader.receive_data(self.body)
        return list(iter(reader.next_event, None))

    @property
    def codes(self):
        """The codes of errors in it."""
        return {message["error"]["code"] for message in flat(self.messages) if "error" in message}

    @property
    def results(self):
        """The results in it."""
        return [message["result"] for message in flat(self.messages) if "result" in message]


class Asking:
    """The clients of one revision, and the server that they ask.

    Args:
        stimulus: what it is attacked with.
    """

    def __init__(self, stimulus):
        self.stimulus = stimulus
        self.revision = stimulus.revision
        self.is_modern = stimulus.revision in MODERN_REVISIONS
        self.calls = []
        self.contexts = []
        self.events = []
        self.sessions = []
        self.records = 0
        given = stimulus.input.get("server", {})
        assert set(given) <= {"auth", "revisions"}
        self.server = make_server(self, revisions=given.get("revisions", REVISIONS))
        add_tools(self)

    def ask(self, wanted):
        """Send a request; return what came of it."""
        raise NotImplementedError

    # Requests

    def call(
        self, *, session=None, tool="echo", arguments=None, number=1, token=None, meta=(), client="corpus"
    ):
        """Return the base request: a call of a tool; a modern one wants all log records."""
        said = dict(meta)
        if self.is_modern:
            said["io.modelcontextprotocol/logLevel"] = "debug"
            said["io.modelcontextprotocol/clientInfo"] = {"name": client, "version": "1"}
        given = {"x": "hi"} if tool == "echo" and arguments is None else arguments or {}
        tokens = {"$id": json.dumps(number), "$tool": tool, "$arguments": json.dumps(given)}
        message = json.loads(written(CALL, self.stimulus, tokens))
        message["params"]["_meta"].update(said)
        return self.post(json.dumps(message), "tools/call", session=session, name=tool, token=token)

    def set_level(self, session, *, token=None):
        """Return the request of a legacy client that wants all log records."""
        method = "logging/setLevel"
        message = {"jsonrpc": "2.0", "id": "level", "method": method, "params": {"level": "debug"}}
        return self.post(json.dumps(message), method, session=session, token=token)

    def post(self, body, method, *, session=None, name=None, token=None):
        """Return a POST of a message."""
        if self.is_modern:
            own = [("MCP-Protocol-Version", self.revision), ("Mcp-Method", method)]
            own += [] if name is None else [("Mcp-Name", name)]
        else:
            own = self.of_session(session)
        data = body.encode()
        headers = (
            ("Host", HOST),
            ("Accept", BOTH),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data))),
            *own,
            *credentials(token),
        )
        return Wanted(method="POST", headers=headers, body=data)

    def of_session(self, session):
        """Return the headers that go with a request of a legacy session."""
        version = [("MCP-Protocol-Version", self.revision)] if self.revision >= "2025-06-18" else []
        return version if session is None else [*version, ("Mcp-Session-Id", session)]

    def get(self, *, session=None, token=None, last=None, method="GET"):
        """Return a request without a body, by default for the stream of a session."""
        headers = (("Host", HOST), ("Accept", STREAM), *self.of_session(session), *credentials(token))
        return Wanted(method=method, headers=headers + (() if last is None else (("Last-Event-ID", last),)))

    def initialize(self, *, token=None, client="corpus", body=None):
        """Return the request that opens a session."""
        tokens = {"$client": client, "$CAPABILITIES": json.dumps(CAPABILITIES)}
        text = written(INITIALIZE if body is None else body, self.stimulus, tokens)
        return self.post(text, "initialize", token=token).without("MCP-Protocol-Version")

    def open_session(self, *, token=None, client="corpus"):
        """Shake hands; return the id of the session, None for a modern peer."""
        if self.is_modern:
            return None
        reply = self.ask(self.initialize(token=token, client=client))
        assert reply.status == 200, reply.body
        session = reply.headers.get("mcp-session-id")
        assert self.ask(self.post(INITIALIZED, "", session=session, token=token)).status == 202
        return session

    # What can be seen

    def of(self, *kinds):
        """Return the events of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    def forget(self):
        """Forget what happened."""
        self.calls.clear()
        self.events.clear()
        self.sessions.clear()

    def of_sessions(self, *kinds):
        """Return the sessions that events of some kinds are of."""
        both = zip(self.sessions, self.events, strict=True)
        return [session for session, event in both if isinstance(event, kinds)]


def credentials(token):
    """Return the header that carries a token."""
    return () if token is None else (("Authorization", f"Bearer {token}"),)


def verify(head):
    """Say whose a token of the fixture is; a principal is the issuer, the client and the subject."""
    scheme, _, token = (head.headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return Refused(status=401, reason="no token", headers=(("www-authenticate", "Bearer"),))
    name, _, issuer = token.partition("@")
    return json.dumps([issuer or "issuer", "client", name])


def add_tools(host):
    """Add the tools of the corpus that only clients over HTTP call."""

    @host.server.tool
    def flood(*, ctx: Context) -> str:
        host.calls.append("flood")
        for number in range(host.records):
            ctx.log("error", f"{number} " + "x" * 10_000)
        return "flooded"

    @host.server.tool
    def notes(*, ctx: Context) -> str:
        ctx.log("error", "a note")
        return "noted"

    @host.server.tool
    async def whoami_slow(marker: str, *, ctx: Context) -> str:
        ctx.progress(1, message=marker)
        await elsewhere()
        ctx.log("error", marker)
        await elsewhere()
        return f"{ctx.client.info.name} {marker}"


@types.coroutine
def elsewhere():
    """Let others go on."""
    yield
