"""Record what two ends of ours say to each other, as text that people can read.

A transcript has one thing a line, in the order in which it happened:

    # a remark
    @ 5.0                     the time from here on, in seconds
    C: {...}                  what the client sent
    S: {...}                  what the server sent
    -> C Connected(...)       an event that the client's session told its user
    -> S RequestReceived(...) an event that the server's session told its user

A line that no session sent has a remark before it that begins with `# by hand`. Events leave out what
the line above them shows.
"""

import enum
import json
from collections import deque
from collections.abc import Mapping

import attrs

from sansmcp import schema
from sansmcp.schema import METHODS, REVISIONS, Era, era_of
from sansmcp.session import (
    ClientSession,
    InputRequested,
    RequestReceived,
    ServerSession,
    SubscriptionOpened,
)
from sansmcp.testing import (
    CLIENT_INFO,
    EVERY_CLIENT_CAPABILITY,
    EVERY_SERVER_CAPABILITY,
    SERVER_INFO,
    Pair,
    whole,
)
from sansmcp.wire import ErrorResponse, Notification, Request, Response

BY_HAND = "# by hand"
BY_HAND_AND_ILLEGAL = "# by hand, and illegal"

# What stands in the line above, and would make an event too long to read.
_HIDDEN = {
    "Connected": {"capabilities", "server_info"},
    "SessionOpened": {"capabilities", "client_info"},
    "RequestReceived": {"capabilities", "client_info"},
}


_MESSAGES = (Request, Notification, Response, ErrorResponse)


class _Reader:
    """A session that may put off reading what has come, as a busy or a silent peer does."""

    def hold(self):
        """Read nothing from now on."""
        self.held = []

    def release(self, now):
        """Read what has come, and go on reading."""
        held, self.held = self.held, None
        for message in held:
            self.receive_message(message, now)

    held = None

    def receive_message(self, message, now):
        """Take in a message, now or later."""
        if self.held is None:
            super().receive_message(message, now)
        else:
            self.held.append(message)


class _Client(_Reader, ClientSession):
    """A client's session."""


class _Server(_Reader, ServerSession):
    """A server's session."""


class Recording:
    """Both ends of one conversation, and the text of it.

    Args:
        revision: what they speak, and what `start` makes them speak.
        cut: how the bytes are cut on their way, which must not be seen in the text.
    """

    def __init__(self, revision, cut=whole):
        self.revision = revision
        self.era = era_of(revision)
        self.text = []
        self.pair = None
        self._cut = cut
        self._written = 0
        self._time = 0.0
        self._requests = deque()
        self._questions = deque()
        self._opened = deque()
        self._unanswered = {}

    @property
    def modern(self):
        """Whether the revision is of the modern era."""
        return self.era is Era.MODERN

    # The two ends

    def start(self, *, client=None, server=None, connect=True):
        """Make both ends and connect them; the mappings override the arguments of their sessions."""
        self.client = _Client(
            **{
                "info": CLIENT_INFO,
                "capabilities": EVERY_CLIENT_CAPABILITY,
                "revisions": (self.revision,),
                "methods": METHODS,
                **(client or {}),
            }
        )
        self.server = _Server(
            **{
                "info": SERVER_INFO,
                "capabilities": EVERY_SERVER_CAPABILITY,
                "revisions": REVISIONS,
                "methods": METHODS,
                **(server or {}),
            }
        )
        self.pair = Pair(
            self.client,
            self.server,
            cut=self._cut,
            on_client_event=self._client_told,
            on_server_event=self._server_told,
        )
        if connect:
            self.client.connect(self.now)
            self.settle()

    @property
    def now(self):
        """The time."""
        return 0.0 if self.pair is None else self.pair.now

    def note(self, text):
        """Write a remark."""
        self._flush()
        self._write(f"# {text}")

    def settle(self):
        """Let everything happen that takes no time."""
        self.pair.settle()
        self._flush()

    def advance(self, seconds):
        """Let time pass, from deadline to deadline, and write down when what happened."""
        until = self.now + seconds
        while (due := self.pair.next_deadline()) is not None and due <= until:
            self.pair.advance(max(0.0, due - self.now))
            self._flush()
        self.pair.advance(until - self.now)
        self._flush()

    def by_hand(self, sender, data, why, *, legal=False, end=b"\n"):
        """Send what no session of ours would send; `legal` says that its schema has it."""
        self._flush()
        self._write(f"{BY_HAND if legal else BY_HAND_AND_ILLEGAL}: {why}")
        if not isinstance(data, (str, bytes)):
            data = json.dumps(data, separators=(",", ":"))
        line = data.encode() if isinstance(data, str) else data
        (self.pair.send_as_client if sender == "C" else self.pair.send_as_server)(line + end)
        self.settle()

    def release(self, session):
        """Let a session read what it has put off."""
        session.release(self.now)
        self.settle()

    def finish(self):
        """End the conversation, where the scenario has not, and check that nothing is left."""
        self.pair.close_client()
        self.advance(60.0)
        # Handlers that were told to stop hand back what they had.
        for request_id in self._unanswered:
            self.server.fail(request_id, -32603, "stopped", self.now)
        self.settle()
        self.pair.check_ends_empty()

    # What a client does

    def call(self, method, params=None, **options):
        """Make a call, and let it arrive."""
        handle = self.client.send_request(method, params, self.now, **options)
        self.settle()
        return handle

    def tool(self, name, arguments=None, **options):
        """Call a tool."""
        return self.call("tools/call", {"name": name, "arguments": arguments or {}}, **options)

    def tool_of(self, params):
        """Call a tool with these params."""
        return self.call("tools/call", params)

    def listen(self, **wanted):
        """Ask to be told of changes."""
        handle = self.client.listen(schema.SubscriptionFilter(**wanted), self.now)
        self.settle()
        return handle

    def question(self):
        """Take the oldest question that waits for the client's user."""
        return self._questions.popleft()

    def provide(self, question, answer):
        """Answer a question."""
        self.client.provide_input(question.handle, answer, self.now)
        self.settle()

    # What a server does

    def request(self):
        """Take the oldest request that waits for a handler."""
        return self._requests.popleft()

    def opened(self):
        """Take the oldest subscription that was opened at the server."""
        return self._opened.popleft()

    def respond(self, request, result):
        """Answer a request."""
        if self.modern and isinstance(result, dict) and METHODS_THAT_ARE_CACHED & {request.method}:
            result = {**result, "ttlMs": 0, "cacheScope": "private"}
        self.server.respond(request.request_id, result, self.now)
        self.answered(request)

    def respond_text(self, request, text):
        """Answer a call of a tool with a text."""
        self.respond(request, schema.CallToolResult(content=(schema.TextContent(text=text),)))

    def fail(self, request, code, message, **options):
        """Answer a request with an error."""
        self.server.fail(request.request_id, code, message, self.now, **options)
        self.answered(request)

    def ask(self, request, requests, **options):
        """Ask the client something on behalf of a request."""
        self._unanswered.pop(request.request_id, None)
        self.server.require_input(request.request_id, requests, self.now, **options)
        self.settle()

    def answered(self, request):
        """Note that a request was answered by a command to the session, and settle."""
        self._unanswered.pop(request.request_id, None)
        self.settle()

    def state(self, text):
        """Return the state that goes with questions in the modern era, where the client carries it."""
        return text if self.modern else None

    def publish(self, change):
        """Tell of a change."""
        self.server.publish(change, self.now)
        self.settle()

    def progress(self, request, progress, total=None, message=None):
        """Report progress of a request."""
        params = schema.ProgressNotificationParams(
            progress_token=request.progress_token, progress=progress, total=total, message=message
        )
        self.server.notify("notifications/progress", params, self.now, related=request.request_id)
        self.settle()

    def log(self, level, data, *, request=None, logger=None):
        """Send a log message, for a request or for none."""
        params = schema.LoggingMessageNotificationParams(level=level, data=data, logger=logger)
        related = None if request is None else request.request_id
        self.server.notify("notifications/message", params, self.now, related=related)
        self.settle()

    # Writing

    def _client_told(self, event):
        self._flush()
        self._write(f"-> C {told(event)}")
        if isinstance(event, InputRequested):
            self._questions.append(event)

    def _server_told(self, event):
        self._flush()
        self._write(f"-> S {told(event)}")
        if isinstance(event, SubscriptionOpened):
            self._opened.append(event)
        if isinstance(event, RequestReceived):
            self._requests.append(event)
            self._unanswered[event.request_id] = event

    def _flush(self):
        if self.pair is None:
            return
        new = self.pair.transcript[self._written :]
        self._written += len(new)
        for line in new:
            self._write(f"{line.sender}: {line.text}")

    def _write(self, line):
        if self.now != self._time:
            self._time = self.now
            self.text.append(f"@ {self._time:g}")
        self.text.append(line)


METHODS_THAT_ARE_CACHED = {method.name for method in METHODS.methods if method.cacheable}


def told(value):
    """Write an event, or a value within one, with the members that are not as by default."""
    if attrs.has(type(value)):
        name = type(value).__name__
        hidden = _HIDDEN.get(name, set()) | {"meta"}
        members = [
            f"{field.name}={told(member)}"
            for field in attrs.fields(type(value))
            if field.name not in hidden
            and not isinstance(member := getattr(value, field.name), _MESSAGES)
            and not is_default(value, field, member)
        ]
        return f"{name}({', '.join(members)})"
    match value:
        case enum.Enum():
            return value.name
        case Mapping():
            return "{" + ", ".join(f"{key!r}: {told(item)}" for key, item in value.items()) + "}"
        case tuple() | list():
            return "[" + ", ".join(told(item) for item in value) + "]"
        case _:
            return repr(value)


def is_default(owner, field, member):
    """Whether a member is as by default, and so says nothing."""
    default = field.default
    if isinstance(default, attrs.Factory):
        default = default.factory(owner) if default.takes_self else default.factory()
    return type(member) is type(default) and member == default
