"""One client of a server, without a client: wire messages in, wire messages and events out.

Handlers run where they are resolved, coroutines step by step. `start` leaves a handler to the test.
"""

import itertools
import json

from sansmcp.environment import Environment
from sansmcp.session import RequestReceived, Send
from sansmcp.wire import decode

MODERN = "2026-07-28"
EVERYTHING = {"elicitation": {}, "sampling": {}, "roots": {}}


def environment(utc=lambda: 1_000_000.0, random=lambda count: bytes(range(count))):
    """Return an environment that gives the same each time."""
    return Environment(random=random, utc=utc)


class Conversation:
    """A session of a server with one client, in one revision."""

    def __init__(
        self, server, revision=MODERN, *, capabilities=EVERYTHING, around=None, meta=None, **numbers
    ):
        self.server = server
        self.revision = revision
        self.capabilities = capabilities
        self.meta = meta or {}
        self.session = server.open_session(around or environment(), **numbers)
        self.events = []
        self.now = 0.0
        self._ids = itertools.count(1)
        if revision != MODERN:
            info = {"name": "client", "version": "7"}
            params = {"protocolVersion": revision, "capabilities": capabilities, "clientInfo": info}
            (self.initialized,) = self.say({"id": 0, "method": "initialize", "params": params})
            self.say({"method": "notifications/initialized"})
            self.events.clear()

    def request(self, method, /, request_id=None, meta=None, **params):
        """Send a request, run what answers it, and return all that is sent back."""
        return self.say(self.message(method, request_id, meta, params))

    def result(self, method, /, **params):
        """Send a request and return its result, which is all that is sent back."""
        (answer,) = self.request(method, **params)
        return answer["result"]

    def error(self, method, /, **params):
        """Send a request and return its error, which is all that is sent back."""
        (answer,) = self.request(method, **params)
        return answer["error"]

    def call(self, name, /, **arguments):
        """Call a tool and return its result."""
        return self.result("tools/call", name=name, arguments=arguments)

    def text(self, name, /, **arguments):
        """Call a tool and return the text of its result."""
        return "".join(block["text"] for block in self.call(name, **arguments)["content"])

    def message(self, method, request_id, meta, params):
        """Build a request as this client sends it."""
        meta = {**self.meta, **(meta or {})}
        if self.revision == MODERN:
            meta["io.modelcontextprotocol/protocolVersion"] = MODERN
            meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities
        if meta:
            params = {**params, "_meta": meta}
        request_id = next(self._ids) if request_id is None else request_id
        return {"id": request_id, "method": method, "params": params}

    def start(self, method, /, request_id=None, meta=None, **params):
        """Send a request and return its invocation, which has not been called."""
        self.receive(self.message(method, request_id, meta, params))
        event = self.session.next_event()
        assert isinstance(event, RequestReceived), event
        return self.server.resolve(event, self.session, self.outlet)

    def say(self, message):
        """Send a message, run what answers it, and return all that is sent back."""
        self.receive(message)
        while (event := self.session.next_event()) is not None:
            if isinstance(event, RequestReceived):
                finish(self.server.resolve(event, self.session, self.outlet), self.now)
            else:
                self.events.append(event)
        return self.sent()

    def receive(self, message):
        """Let the session take a message in."""
        self.session.receive_message(decode(json.dumps({"jsonrpc": "2.0", **message}).encode()), self.now)

    def outlet(self, command):
        """Run a command at once: everything is on the session's thread here."""
        command(self.now)

    def sent(self):
        """Return what the session has to send."""
        return [json.loads(action.data) for action in self.session.actions() if isinstance(action, Send)]


def finish(invocation, now):
    """Run an invocation in its own colour and hand its outcome over."""
    try:
        value = invocation.call()
        if invocation.is_async:
            value = run(value)
    except BaseException as error:  # noqa: BLE001  # whatever a handler raises is its outcome
        invocation.raised(error, now)
    else:
        invocation.succeed(value, now)


def run(coroutine):
    """Step a coroutine that waits for nothing to its end."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value
