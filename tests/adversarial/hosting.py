"""The server of the corpus over HTTP, and raw requests to it: to the machine, or to HTTP/1.1 as bytes."""

import inspect
import json
import types

import attrs
import h11
from tests.adversarial.bench import HELD, flat, make_server
from tests.adversarial.corpus import CAPABILITIES, written

from sansmcp.http import Headers, Refused, RequestHead, ResponseBody, ResponseEnd, ResponseHead
from sansmcp.schema import MODERN_REVISIONS, REVISIONS
from sansmcp.server import Context
from sansmcp.session import Disconnected, RequestCancelled, RequestReceived
from sansmcp.testing import SeededEnvironment
from sansmcp.wire import EventReader
from sansmcp_h11 import H11Server

WAYS = ("machine", "h11")

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


class MachineCall(Reply):
    """A request that is handed to the machine."""

    def __init__(self, host, wanted):
        super().__init__()
        self._host = host
        self.reads = True
        head = RequestHead(method=wanted.method, target=wanted.target, headers=Headers(wanted.headers))
        self.exchange = host.machine.open_exchange(head, host.now)
        host.calls_open.append(self)
        host.drain()

    def send(self, data):
        """Send a piece of the body."""
        if not self.is_over:
            self.exchange.receive_data(data, self._host.now)
            self._host.drain()

    def finish(self):
        """End the body."""
        if not self.is_over:
            self.exchange.receive_eof(self._host.now)
            self._host.drain()

    def drop(self):
        """Go away."""
        self.exchange.receive_disconnect(self._host.now)
        self._host.drain()

    def pull(self):
        """Take what is to be written; say whether there was something."""
        if not self.reads or self.is_over:
            return False
        found = self.exchange.actions()
        for action in found:
            match action:
                case ResponseHead():
                    self.status, self.headers = action.status, Headers(action.headers)
                    self.is_closed = action.close
                case ResponseBody():
                    self.body += action.data
                case ResponseEnd():
                    self.is_over = True
        if self.exchange.done and not self.is_over:
            self.is_over = self.is_closed = True
        return bool(found)

    def next_deadline(self):
        """Return when it has something to do."""
        return None if self.exchange.done else self.exchange.next_deadline()

    def handle_timeout(self, now):
        """Let time have passed."""
        self.exchange.handle_timeout(now)


class WireCall(Reply):
    """A request on a connection of its own."""

    def __init__(self, host, wanted=None):
        super().__init__()
        self._host = host
        self.reads = True
        self.raw = b""
        self._chunked = wanted is not None and wanted.is_chunked
        self._parser = h11.Connection(h11.CLIENT)
        self._parser.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
        self._parser.send(h11.EndOfMessage())
        self.link = host.endpoint.accept(host.now)
        host.calls_open.append(self)
        if wanted is not None:
            self.send_raw(wanted.head)
        host.drain()

    def send_raw(self, data):
        """Send bytes as they are."""
        if not self.link.done:
            self.link.receive_data(data, self._host.now)
        self._host.drain()

    def send(self, data):
        """Send a piece of the body."""
        self.send_raw(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def finish(self):
        """End the body."""
        if self._chunked:
            self.send_raw(b"0\r\n\r\n")

    def drop(self):
        """Go away."""
        self.link.receive_eof(self._host.now)
        self._host.drain()

    def pull(self):
        """Take what is to be written; say whether there was something."""
        data = self.link.data_to_send() if self.reads else b""
        self.raw += data
        if data:
            self._parser.receive_data(data)
            self._parse()
        self.is_closed = self.link.done
        return bool(data)

    def _parse(self):
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.Response):
                self.status = event.status_code
                self.headers = Headers((n.decode(), v.decode("latin-1")) for n, v in event.headers)
            elif isinstance(event, h11.Data):
                self.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.is_over = True
                return
            else:
                return

    def next_deadline(self):
        """Return when it has something to do."""
        return None if self.link.done else self.link.next_deadline()

    def handle_timeout(self, now):
        """Let time have passed."""
        self.link.handle_timeout(now)


class Host:
    """The server of the corpus, what runs its handlers, and the clients of one revision.

    Args:
        way: how it is reached.
        stimulus: what it is attacked with.
        settings: how it is served.
    """

    def __init__(self, way, stimulus, **settings):
        self.way = way
        self.stimulus = stimulus
        self.revision = stimulus.revision
        self.is_modern = stimulus.revision in MODERN_REVISIONS
        self.now = 0.0
        self.calls = []
        self.contexts = []
        self.events = []
        self.held = {}
        self.stepping = {}
        self.sessions = []
        self.calls_open = []
        given = stimulus.input.get("server", {})
        assert set(given) <= {"auth", "revisions"}
        self.server = make_server(self, revisions=given.get("revisions", REVISIONS))
        add_tools(self)
        self.machine = self.server.http_endpoint(SeededEnvironment(), settings, host="127.0.0.1")
        self.endpoint = H11Server(self.machine) if way == "h11" else self.machine

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

    def flooded(self, session, records=20_000):
        """Let a client that reads nothing call the tool that says much."""
        self.records = records
        if not self.is_modern:
            self.ask(self.set_level(session))
        wanted = self.call(session=session, tool="flood")
        call = self.begin(wanted)
        call.reads = False
        call.send(wanted.body)
        call.finish()
        assert self.calls[-1] == "flood"
        return call

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

    def begin(self, wanted):
        """Send the head of a request."""
        return WireCall(self, wanted) if self.way == "h11" else MachineCall(self, wanted)

    def ask(self, wanted):
        """Send a request; a body that is shorter than its length is not complete."""
        call = self.begin(wanted)
        if wanted.body and not call.is_over:
            call.send(wanted.body)
        length = wanted.value("content-length")
        if length is None or int(length) <= len(wanted.body):
            call.finish()
        return call

    def open_session(self, *, token=None, client="corpus"):
        """Shake hands; return the id of the session, None for a modern peer."""
        if self.is_modern:
            return None
        reply = self.ask(self.initialize(token=token, client=client))
        assert reply.status == 200, reply.body
        session = reply.headers.get("mcp-session-id")
        assert self.ask(self.post(INITIALIZED, "", session=session, token=token)).status == 202
        return session

    # The server's side

    def drain(self):
        """Take events, actions and bytes until nothing moves, and call handlers."""
        moved = True
        while moved:
            moved = False
            while (found := self.endpoint.next_event()) is not None:
                moved = True
                self.events.append(found[1])
                self.sessions.append(found[0])
                self.happened(*found)
            assert list(self.endpoint.actions()) == []
            self.endpoint.ready()
            for call in self.calls_open:
                moved = call.pull() or moved
            self.calls_open = [call for call in self.calls_open if not (call.is_over and self.is_done(call))]

    def is_done(self, call):
        """Whether nothing can come of a request any more."""
        return call.exchange.done if self.way == "machine" else call.link.done

    def happened(self, session, event):
        """Call handlers, and tell those that nobody waits for."""
        if isinstance(event, RequestReceived):
            invocation = self.server.resolve(event, session, lambda command: command(self.now))
            key = (session, type(event.request_id), event.request_id)
            if event.method == "tools/call" and invocation.name in HELD:
                self.calls.append(invocation.name)
                self.held[key] = invocation
            else:
                self.run(invocation)
        elif isinstance(event, RequestCancelled):
            held = self.held.get((session, type(event.request_id), event.request_id))
            if held is not None:
                held.cancel()
        elif isinstance(event, Disconnected):
            self.held = {key: held for key, held in self.held.items() if key[0] is not session}

    def run(self, invocation):
        """Run a handler to its end, or up to where it waits."""
        try:
            value = invocation.call()
        except BaseException as error:  # noqa: BLE001 - a binding hands over whatever a handler raises
            invocation.raised(error, self.now)
            return
        if inspect.iscoroutine(value):
            self.stepping[invocation] = value
        else:
            invocation.succeed(value, self.now)

    def step(self, invocation):
        """Let a handler that waits go on up to where it waits again."""
        try:
            self.stepping[invocation].send(None)
        except StopIteration as end:
            del self.stepping[invocation]
            self.finish(invocation, end.value)
        self.drain()

    def finish(self, invocation, value):
        """Let a handler return."""
        invocation.succeed(value, self.now)
        self.drain()

    def advance(self, until):
        """Let time pass, from deadline to deadline."""
        self.drain()
        while (due := self.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.endpoint.handle_timeout(self.now)
            for call in tuple(self.calls_open):
                call.handle_timeout(self.now)
            self.drain()
        self.now = until
        self.drain()

    def next_deadline(self):
        """Return the next deadline of the endpoint and of all that is open."""
        found = [self.endpoint.next_deadline(), *(call.next_deadline() for call in self.calls_open)]
        return min((due for due in found if due is not None), default=None)

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
