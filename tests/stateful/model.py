"""What two conforming ends may do, written from the specification: a model of events and of the wire.

The machine tells it each command before it is given, each event when it is told, and each line when it
was carried. It raises where something happens that the specification does not allow.
"""

import json

import attrs

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
UPDATED = "notifications/resources/updated"
CHANGES = {
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
}


@attrs.define
class Call:
    """One call, as its user sees it: open until its one outcome, or until it was given up."""

    state: str = "open"
    progress: float = float("-inf")
    ends_at: float | None = None
    """When it times out exactly; None where pauses and progress move that."""


@attrs.define
class Served:
    """One request, as a handler sees it: working, asking, or cancelled, until it was answered."""

    state: str = "working"
    answers: int = 0


class Wire:
    """What may be on the wire, from the lines alone."""

    def __init__(self, modern):
        self.modern = modern
        self.asked = {"C": {}, "S": {}}
        """The requests of each side by type and value of their id: how often each was answered."""
        self.subscriptions = {}
        """What each subscription was acknowledged with; None before that."""
        self.progress = {}
        """The last progress of each token that a request carries."""
        self.tokens = {}
        """The request that carries a token."""
        self.stopped = set()
        """The requests of the client whose cancellation was processed: nothing more is sent for them."""

    def carried(self, sender, text):
        """Look at a line of either side, which may be an array."""
        message = json.loads(text)
        for item in message if isinstance(message, list) else [message]:
            assert item["jsonrpc"] == "2.0"
            if "method" not in item:
                self._answered("S" if sender == "C" else "C", item)
            elif "id" in item:
                self._requested(sender, item)
            else:
                self._notified(item)

    def _requested(self, sender, message):
        assert sender == "C" or not self.modern, "a modern server sends no requests"
        key = key_of(message["id"])
        assert key not in self.asked[sender], "an id is never used twice"
        self.asked[sender][key] = 0
        params = message.get("params") or {}
        if message["method"] == "subscriptions/listen":
            self.subscriptions[key] = None
        token = (params.get("_meta") or {}).get("progressToken")
        if token is not None:
            self.progress[key_of(token)] = float("-inf")
            self.tokens[key_of(token)] = key

    def _answered(self, asker, message):
        if "id" not in message:
            raise AssertionError(f"nothing was unreadable, but {message!r}")
        key = key_of(message["id"])
        assert key in self.asked[asker], f"nobody asked {message!r}"
        assert asker == "C" or not self.modern, "a modern client sends no responses"
        self.asked[asker][key] += 1
        assert self.asked[asker][key] == 1, f"a second answer: {message!r}"
        assert asker == "S" or key not in self.stopped, f"answered after its cancellation: {message!r}"
        if asker == "C":
            self.subscriptions.pop(key, None)

    def _notified(self, message):
        params = message.get("params") or {}
        tag = (params.get("_meta") or {}).get(SUBSCRIPTION)
        if message["method"] == "notifications/progress":
            token = key_of(params["progressToken"])
            assert params["progress"] > self.progress[token], "progress rises"
            assert self.tokens[token] not in self.stopped, "progress after a cancellation"
            self.progress[token] = params["progress"]
        elif message["method"] == "notifications/subscriptions/acknowledged":
            assert self.subscriptions[key_of(tag)] is None, "it is acknowledged once"
            self.subscriptions[key_of(tag)] = params["notifications"]
        elif message["method"] in {*CHANGES, UPDATED} and self.modern:
            self._changed(message["method"], params, tag)

    def _changed(self, method, params, tag):
        honoured = self.subscriptions[key_of(tag)]
        assert honoured is not None, "the acknowledgement comes first"
        if method == UPDATED:
            uri = params["uri"]
            assert uri in honoured.get("resourceSubscriptions", ()), f"{uri} was not asked for"
        else:
            assert honoured.get(CHANGES[method]) is True, f"{method} was not asked for"


def key_of(identifier):
    """Tell 7 and "7" apart."""
    return type(identifier).__name__, identifier


class Client:
    """What the user of a client may be told."""

    def __init__(self):
        self.calls = {}
        self.questions = {}
        self.listening = {}
        """The subscriptions: whether each was acknowledged."""
        self.over = False

    def ended(self, handle, *, at=None):
        """A call has its outcome, `at` some time if it timed out."""
        call = self.calls[handle]
        assert call.state == "open", f"call {handle} is {call.state} already"
        assert at is None or call.ends_at in (None, at), f"it was to end at {call.ends_at}, not at {at}"
        call.state = "ended"

    def progressed(self, handle, progress):
        """A call got further."""
        call = self.calls[handle]
        assert call.state == "open"
        assert progress > call.progress, "progress rises"
        call.progress, call.ends_at = progress, None

    def asked(self, question, handle):
        """The user is asked something; a question of the legacy era names no call."""
        assert question not in self.questions
        assert handle is None or self.calls[handle].state == "open"
        self.questions[question] = "open"
        for call in self.calls.values():
            call.ends_at = None

    def withdrawn(self, question):
        """A question is taken back."""
        assert self.questions[question] == "open"
        self.questions[question] = "withdrawn"

    def acknowledged(self, handle):
        """A subscription begins."""
        assert self.listening[handle] == "waiting"
        self.listening[handle] = "acknowledged"

    def changed(self, handle):
        """A change was told on a subscription, or in the legacy era on none."""
        assert handle is None or self.listening[handle] == "acknowledged"

    def unsubscribed(self, handle):
        """A subscription is over."""
        assert self.listening.pop(handle) == "acknowledged"


class Server:
    """What the handlers of a server may be told."""

    def __init__(self):
        self.served = {}
        self.subscriptions = set()
        self.over = False

    def received(self, request_id, number):
        """A request comes, for the first time or with the answers to its questions."""
        key = key_of(request_id)
        if number == 0:
            assert key not in self.served or self.served[key].state == "answered"
            self.served[key] = Served()
        else:
            assert self.served[key].state == "asking"
            self.served[key].state = "working"

    def cancelled(self, request_id):
        """A request was given up; its handler is told once."""
        served = self.served[key_of(request_id)]
        assert served.state == "working"
        served.state = "cancelled"

    def dropped(self, request_id):
        """An answer came for a request that had been given up."""
        assert self.served.pop(key_of(request_id)).state == "dropped"
