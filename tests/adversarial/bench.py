"""The machine under test, the tools of the corpus, and what can be seen: events, replies, handler calls."""

import json
import threading

from tests.adversarial.corpus import CAPABILITIES

from sansmcp import schema
from sansmcp.schema import REVISIONS, codec_for
from sansmcp.server import Accepted, Context, Server
from sansmcp.session import (
    ClientSession,
    InputRequested,
    LineLink,
    LinkState,
    ProtocolViolated,
    RequestCancelled,
    RequestFailed,
    RequestLost,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    ServerSession,
    Timeouts,
)
from sansmcp.testing import (
    CLIENT_INFO,
    EVERY_CLIENT_CAPABILITY,
    EVERY_SERVER_CAPABILITY,
    SERVER_INFO,
    Pair,
    SeededEnvironment,
)
from sansmcp.wire import Violation, decode

OUTCOMES = (ResponseReceived, RequestFailed, RequestTimedOut, RequestLost)

HELD = frozenset({"slow", "forever"})
"""Tools whose handlers are still running until the script says otherwise."""


class Bench:
    """What both roles have in common: feeding and looking.

    What happened while the connection was made is forgotten.
    """

    def __init__(self, session):
        self.session = session
        self.link = LineLink(session)
        self.now = 0.0
        self.events = []
        self.written = b""

    def feed(self, data, *, chunk=None):
        """Let bytes be read, in one piece or in pieces of a size."""
        size = chunk or max(1, len(data))
        for start in range(0, len(data), size):
            self.link.receive_data(data[start : start + size], self.now)
            self.drain()

    def feed_message(self, data):
        """Let one message be read, without a framing."""
        message = decode(data)
        if isinstance(message, Violation):
            self.session.receive_violation(message, self.now)
        else:
            self.session.receive_message(message, self.now)
        self.drain()

    def end(self):
        """Let the end of the input be read."""
        self.link.receive_eof(self.now)
        self.drain()

    def advance(self, until):
        """Let time pass."""
        while (due := self.link.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.link.handle_timeout(self.now)
            self.drain()
        self.now = until

    def drain(self):
        """Take events and bytes until nothing moves."""
        while True:
            moved = False
            while (event := self.session.next_event()) is not None:
                self.events.append(event)
                self.happened(event)
                moved = True
            if data := self.link.data_to_send():
                self.written += data
                moved = True
            if not moved:
                return

    def happened(self, event):
        """React to an event as the owner of the session does."""

    # What can be seen

    @property
    def messages(self):
        """The messages that were written."""
        return [json.loads(line) for line in self.written.split(b"\n") if line]

    @property
    def errors(self):
        """The error replies among them."""
        return [message for message in flat(self.messages) if "error" in message]

    @property
    def codes(self):
        """The codes that the machine decided on: those of replies and those of violations."""
        replied = {message["error"]["code"] for message in self.errors}
        seen = {event.code for event in self.of(ProtocolViolated) if event.code is not None}
        return replied | seen

    @property
    def is_open(self):
        """Whether the connection is still there."""
        return self.session.link is LinkState.OPEN and not self.link.done

    def of(self, *kinds):
        """Return the events of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    def said(self):
        """Return all text that was written, or that events say in words of ours."""
        words = [
            str(value)
            for event in self.events
            for name in ("reason", "excerpt", "message", "text")
            if isinstance(value := getattr(event, name, None), str)
        ]
        return "\n".join([self.written.decode(), *words])


def flat(messages):
    """Return messages with those of arrays among them."""
    return [item for message in messages for item in (message if isinstance(message, list) else [message])]


class ServerBench(Bench):
    """A `Server` with the tools of the corpus, and one session of it."""

    def __init__(self, revision, *, new=False, capabilities=CAPABILITIES, limits=None):
        self.calls = []
        self.held = {}
        self.waiting = []
        self.contexts = []
        self.server = make_server(self)
        session = self.server.open_session(SeededEnvironment(), limits=limits)
        if not new and revision != REVISIONS[-1]:
            shake_hands(session, revision, capabilities)
        super().__init__(session)

    def happened(self, event):
        """Call handlers, and tell those that nobody waits for."""
        if isinstance(event, RequestReceived):
            invocation = self.server.resolve(event, self.session, self.waiting.append)
            if invocation.name in HELD and event.method == "tools/call":
                self.calls.append(invocation.name)
                self.held[event.request_id] = (event, invocation)
            else:
                self.run(invocation)
        elif isinstance(event, RequestCancelled) and event.request_id in self.held:
            self.held[event.request_id][1].cancel()

    def run(self, invocation):
        """Run a handler to its end."""
        try:
            value = invocation.call()
        except BaseException as error:  # noqa: BLE001 - a binding hands over whatever a handler raises
            self.flush()
            invocation.raised(error, self.now)
        else:
            self.flush()
            invocation.succeed(value, self.now)

    def flush(self):
        """Run what handlers left to the session's thread."""
        commands, self.waiting = self.waiting, []
        for command in commands:
            command(self.now)

    def handler_returns(self, tag=None):
        """Let handlers end that were held, all of them or those of a tag."""
        for request_id, (event, invocation) in tuple(self.held.items()):
            if tag is None or event.params.arguments.get("tag") == tag:
                del self.held[request_id]
                invocation.succeed(event.params.arguments.get("tag", ""), self.now)


class Secret(Exception):
    """What the tool `raise` raises."""


def make_server(bench, **options):
    """Build the server of the corpus; each call of a handler of a tool is noted at the bench."""
    changing = schema.ServerCapabilities(
        logging={},
        prompts=schema.PromptsCapability(list_changed=True),
        tools=schema.ToolsCapability(list_changed=True),
    )
    server = Server("corpus", version="1.0", capabilities=changing, **options)

    @server.tool
    def echo(x: str) -> str:
        bench.calls.append("echo")
        bench.last = x
        return x

    @server.tool(name="any", input_schema={"type": "object"})
    def any_(arguments) -> str:
        bench.calls.append("any")
        bench.last = arguments
        return "done"

    @server.tool
    def slow(tag: str) -> str:
        return tag

    @server.tool
    def forever() -> str:
        return ""

    @server.tool(name="raise")
    def raise_(message: str) -> str:
        bench.calls.append("raise")
        raise Secret(message)

    @server.tool
    def exit() -> str:  # noqa: A001 - the corpus' own name
        bench.calls.append("exit")
        raise SystemExit(3)

    @server.tool
    def wrong_type() -> int:
        bench.calls.append("wrong_type")
        return "hunter2"

    @server.tool
    def kw(a: int = 0, *, ctx: Context) -> int:
        bench.calls.append("kw")
        bench.contexts.append(ctx)
        return a

    @server.tool
    def asks(*, ctx: Context) -> str:
        bench.calls.append("asks")
        return "yes" if isinstance(ctx.elicit("sure", "Are you sure?", bool), Accepted) else "no"

    @server.prompt
    def greet() -> str:
        return "Hello"

    return server


def shake_hands(session, revision, capabilities):
    """Open a legacy session, and forget what happened meanwhile."""
    client = ClientSession(
        info=CLIENT_INFO,
        capabilities=codec_for(revision).structure(schema.ClientCapabilities, capabilities),
        revisions=(revision,),
    )
    connect(client, session)


class ClientBench(Bench):
    """A client that is connected, and the calls it makes."""

    def __init__(self, revision, *, capabilities=EVERY_CLIENT_CAPABILITY, limits=None, timeouts=None):
        session = ClientSession(
            info=CLIENT_INFO,
            capabilities=capabilities,
            revisions=(revision,),
            limits=limits,
            timeouts=timeouts or Timeouts(),
        )
        server = ServerSession(info=SERVER_INFO, capabilities=EVERY_SERVER_CAPABILITY, revisions=(revision,))
        connect(session, server)
        super().__init__(session)
        self.wire_ids = {}

    def call(self, method="tools/list", params=None, **options):
        """Make a call; return its handle. The bytes of it are no replies, and forgotten."""
        self.drain()
        before, self.written = self.written, b""
        handle = self.session.send_request(method, params, self.now, **options)
        self.drain()
        (request,) = self.messages
        self.wire_ids[handle] = request["id"]
        self.request = request
        self.written = before
        return handle

    def outcomes(self, handle):
        """Return how a call ended; a call ends once."""
        return [event for event in self.of(*OUTCOMES) if event.handle == handle]

    @property
    def calls(self):
        """The questions that handlers were called for."""
        return self.of(InputRequested)


def connect(client, server):
    """Connect two sessions, and forget what happened meanwhile."""
    pair = Pair(client, server)
    client.connect(0.0)
    pair.settle()


def at_depth(depth, function):
    """Call a function from so deep a stack, in a thread of its own whose stack is empty."""
    found = []

    def descend(left):
        found.append(function()) if left == 0 else descend(left - 1)

    def run():
        try:
            descend(depth)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]
