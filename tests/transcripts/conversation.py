"""What a scenario does with a conversation, whatever carries it, and the text that is written meanwhile."""

import enum
from collections import deque
from collections.abc import Mapping

import attrs

from sansmcp import schema
from sansmcp.schema import METHODS, REVISIONS, Era, era_of
from sansmcp.session import InputRequested, RequestReceived, SubscriptionOpened
from sansmcp.testing import (
    CLIENT_INFO,
    EVERY_CLIENT_CAPABILITY,
    EVERY_SERVER_CAPABILITY,
    SERVER_INFO,
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


class Conversation:
    """Both ends of one conversation, and the text of it; a transport makes the ends in `start`.

    Args:
        revision: what they speak, and what `start` makes them speak.
        cut: how the bytes are cut on their way, which must not be seen in the text.
    """

    def __init__(self, revision, cut=whole):
        self.revision = revision
        self.era = era_of(revision)
        self.text = []
        self._cut = cut
        self._time = 0.0
        self._requests = deque()
        self._questions = deque()
        self._opened = deque()
        self._unanswered = {}

    @property
    def modern(self):
        """Whether the revision is of the modern era."""
        return self.era is Era.MODERN

    def note(self, text):
        """Write a remark."""
        self._flush()
        self._write(f"# {text}")

    def _arguments_of_client(self, given):
        """Return what a client's session is made with, some of it overridden."""
        return {
            "info": CLIENT_INFO,
            "capabilities": EVERY_CLIENT_CAPABILITY,
            "revisions": (self.revision,),
            "methods": METHODS,
            **(given or {}),
        }

    def _arguments_of_server(self, given):
        """Return what a server's session is made with, some of it overridden."""
        return {
            "info": SERVER_INFO,
            "capabilities": EVERY_SERVER_CAPABILITY,
            "revisions": REVISIONS,
            "methods": METHODS,
            **(given or {}),
        }

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
        """Write what was said since."""

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
