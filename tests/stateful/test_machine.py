"""Both ends under random commands, cancellations, timeouts and ends, against a model of the specification.

Each call ends exactly once; nothing is sent for a request after its cancellation was processed; answers
are to requests; an acknowledgement comes first, and changes stay within it; progress rises; in the end
nothing is left at either end.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.effort import PROFILE
from tests.stateful.model import Call, Client, Server, Wire, key_of
from tests.transcripts.scenarios_plain import ACCEPTED, FORM, FOUND_ROOTS, ROOTS, SAMPLE, SAMPLED

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS, Era, era_of
from sansmcp.session import (
    AnswerDropped,
    CallRequest,
    Change,
    ChangeKind,
    ChangeReceived,
    ClientSession,
    Connected,
    Disconnected,
    Finding,
    InputCancelled,
    InputRequested,
    KeepAlive,
    LinkState,
    ProgressReceived,
    ProtocolViolated,
    RequestCancelled,
    RequestFailed,
    RequestLost,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    ServerSession,
    SessionLimits,
    SubscriptionAcknowledged,
    SubscriptionClosed,
    SubscriptionEnded,
    SubscriptionOpened,
)
from sansmcp.testing import (
    CLIENT_INFO,
    EVERY_CLIENT_CAPABILITY,
    EVERY_SERVER_CAPABILITY,
    SERVER_INFO,
    Pair,
    byte_by_byte,
    pieces_of,
    whole,
)

LIMITS = SessionLimits(requests_in_flight=3, backlog=2, subscriptions=3, input_rounds=2)
URIS = ("note://a", "note://b")
ANSWERS = {"elicitation/create": ACCEPTED, "sampling/createMessage": SAMPLED, "roots/list": FOUND_ROOTS}
RESULTS = {
    "tools/call": {"content": []},
    "prompts/get": {"messages": []},
    "tools/list": {"tools": [], "ttlMs": 0, "cacheScope": "private"},
}
FILTERS = st.builds(
    schema.SubscriptionFilter,
    tools_list_changed=st.sampled_from([None, True]),
    prompts_list_changed=st.sampled_from([None, True]),
    resources_list_changed=st.sampled_from([None, True]),
    resource_subscriptions=st.sampled_from([None, URIS[:1], URIS]),
)
CONVERSATIONS = {"dev": 100, "ci": 1000, "long": 10_000}[PROFILE]
MINUTES = {"dev": 2, "ci": 10, "long": 100}[PROFILE]
ENDS = ("close_client", "close_server", "end_client_output", "end_server_output", "break_off")
QUESTIONS = {"form": FORM, "sample": SAMPLE, "roots": ROOTS}
numbers = st.integers(0, 30)
flags = st.booleans()


class Conversation(RuleBasedStateMachine):
    """A client and a server, and whoever owns them."""

    @initialize(
        revision=st.sampled_from(REVISIONS),
        way=st.sampled_from(["one", "probe", "told", "told wrong"]),
        limited=flags,
        alive=flags,
        cut=st.sampled_from([whole, byte_by_byte, pieces_of(50)]),
    )
    def connect(self, revision, way, limited, alive, cut):
        """Join both ends; the client speaks one revision, asks, or was told."""
        self.modern = era_of(revision) is Era.MODERN
        self.revision = revision
        told = {"told": revision, "told wrong": REVISIONS[-1]}.get(way)
        finding = None if told is None else Finding(revision=told, capabilities=EVERY_SERVER_CAPABILITY)
        self.limits = LIMITS if limited else SessionLimits()
        options = {
            "limits": self.limits,
            "keep_alive": KeepAlive(interval=15.0, timeout=5.0) if alive else None,
        }
        self.client = ClientSession(
            info=CLIENT_INFO,
            capabilities=EVERY_CLIENT_CAPABILITY,
            revisions=(revision,) if way == "one" else REVISIONS,
            finding=finding,
            **options,
        )
        self.server = ServerSession(
            info=SERVER_INFO,
            capabilities=EVERY_SERVER_CAPABILITY,
            revisions=REVISIONS if way in {"one", "told"} else (revision,),
            **options,
        )
        self.user, self.handlers, self.wire = Client(), Server(), Wire(self.modern)
        self.requests, self.asked, self.revisions = [], [], []
        self.looked_at = 0
        self.pair = Pair(
            self.client,
            self.server,
            cut=cut,
            on_client_event=self.user_told,
            on_server_event=self.handlers_told,
        )
        self.client.connect(0.0)
        self.settle()

    @property
    def now(self):
        """The time."""
        return self.pair.now

    def settle(self):
        """Let everything happen that takes no time, and look at the lines."""
        self.pair.settle()
        self.look()

    def look(self):
        """Show the new lines to the model."""
        for line in self.pair.transcript[self.looked_at :]:
            self.wire.carried(line.sender, line.text)
        self.looked_at = len(self.pair.transcript)

    # What each side is told

    def user_told(self, event):
        """Take note of an event of the client."""
        self.look()
        assert not self.user.over, f"after the end: {event!r}"
        match event:
            case Connected():
                self.revisions.append(event.revision)
            case RequestTimedOut():
                self.outcome(event.handle, at=self.now)
            case ResponseReceived() | RequestFailed() | RequestLost():
                self.outcome(event.handle)
            case ProgressReceived():
                self.user.progressed(event.handle, event.progress)
            case InputRequested():
                assert (event.call is None) == (not self.modern)
                self.user.asked(event.handle, event.call)
                self.asked.append(event)
            case InputCancelled():
                self.user.withdrawn(event.handle)
            case SubscriptionAcknowledged():
                self.user.acknowledged(event.handle)
            case ChangeReceived():
                assert (event.handle is None) == (not self.modern)
                self.user.changed(event.handle)
            case SubscriptionEnded():
                self.user.unsubscribed(event.handle)
            case ProtocolViolated():
                # A server does not count the rounds of a modern call: there they are the client's to bound.
                assert "which is the limit" in event.reason, event
            case Disconnected():
                self.user.over = True
            case _:
                pass

    def outcome(self, handle, *, at=None):
        """A call ended, or a subscription before it was acknowledged."""
        if handle in self.user.listening:
            assert self.user.listening.pop(handle) == "waiting"
        else:
            self.user.ended(handle, at=at)

    def handlers_told(self, event):
        """Take note of an event of the server."""
        self.look()
        assert not self.handlers.over, f"after the end: {event!r}"
        match event:
            case RequestReceived():
                self.handlers.received(event.request_id, event.round)
                self.requests.append(event)
                self.received.add(key_of(event.request_id))
            case RequestCancelled():
                self.handlers.cancelled(event.request_id)
                # What was carried until now was looked at above; what comes later was sent later.
                self.wire.stopped.add(key_of(event.request_id))
            case AnswerDropped():
                self.handlers.dropped(event.request_id)
            case SubscriptionOpened(subscription_id=number) if number is not None:
                self.handlers.subscriptions.add(number)
            case SubscriptionClosed(subscription_id=number) if number is not None:
                self.handlers.subscriptions.remove(number)
            case ProtocolViolated():
                raise AssertionError(event)
            case Disconnected():
                self.handlers.over = True
            case _:
                pass

    def pick(self, things, number):
        """Pick one of some things, newest first."""
        return things[-1 - number % len(things)]

    # What the user of the client does

    @property
    def connected(self):
        """Whether calls may be made."""
        return bool(self.revisions) and not self.user.over

    @precondition(lambda self: self.connected)
    @rule(
        method=st.sampled_from(list(RESULTS)),
        timeout=st.sampled_from([None, 3.0, 20.0]),
        progress=flags,
        settle=flags,
    )
    def call(self, method, timeout, progress, settle):
        """Make a call."""
        params = {"name": "x"} if method in {"tools/call", "prompts/get"} else None
        handle = self.client.send_request(method, params, self.now, timeout=timeout, progress=progress)
        exact = not any(state == "open" for state in self.user.questions.values())
        settled = len(self.revisions) > 1 or self.revisions[-1] == self.revision
        ends_at = self.now + (60.0 if timeout is None else timeout) if exact and settled else None
        assert handle not in self.user.calls
        self.user.calls[handle] = Call(ends_at=ends_at)
        if settle:
            self.settle()

    @precondition(lambda self: self.connected and self.client.revision == "2025-03-26")
    @rule(count=st.integers(1, 4))
    def call_at_once(self, count):
        """Make several calls as one array."""
        calls = tuple(CallRequest(method="tools/list") for _ in range(count))
        for handle in self.client.send_batch(calls, self.now):
            self.user.calls[handle] = Call()
        self.settle()

    @precondition(lambda self: self.connected and self.client.revision in REVISIONS[:-1])
    @rule()
    def ask_whether_the_server_is_there(self):
        """Ping."""
        self.user.calls[self.client.ping(self.now)] = Call()
        self.settle()

    @precondition(lambda self: self.user.calls or self.user.listening)
    @rule(number=numbers)
    def give_up(self, number):
        """Cancel a call or a subscription, whether or not it has ended; events are taken at once."""
        handle = self.pick([*self.user.calls, *self.user.listening], number)
        self.client.cancel(handle, self.now, reason="changed my mind")
        if handle in self.user.listening:
            del self.user.listening[handle]
        elif self.user.calls[handle].state == "open" and not self.user.over:
            self.user.calls[handle].state = "given up"
        self.settle()

    @precondition(lambda self: self.asked)
    @rule(number=numbers, refuse=flags, settle=flags)
    def answer_a_question(self, number, refuse, settle):
        """Answer a question, whether or not it is still open."""
        question = self.pick(self.asked, number)
        if refuse:
            self.client.refuse_input(question.handle, -1, "no", self.now)
        else:
            self.client.provide_input(question.handle, ANSWERS[question.method], self.now)
        if self.user.questions[question.handle] == "open":
            self.user.questions[question.handle] = "answered"
        if settle or refuse:
            self.settle()

    @precondition(lambda self: self.connected)
    @rule(wanted=FILTERS, timeout=st.sampled_from([None, 3.0]))
    def listen(self, wanted, timeout):
        """Ask to be told of changes."""
        self.user.listening[self.client.listen(wanted, self.now, timeout=timeout)] = "waiting"
        self.settle()

    @precondition(lambda self: self.connected)
    @rule(level=st.sampled_from(["debug", "error"]))
    def set_the_level(self, level):
        """Say which log messages are wanted."""
        handle = self.client.set_log_level(level, self.now)
        if handle is not None:
            self.user.calls[handle] = Call()
        self.settle()

    # What the handlers do

    @precondition(lambda self: self.requests)
    @rule(number=numbers, way=st.sampled_from(["respond", "fail"]), settle=flags)
    def answer(self, number, way, settle):
        """Answer a request, whether or not it was cancelled."""
        request = self.pick(self.requests, number)
        served = self.served(request)
        command = {
            "respond": lambda: self.server.respond(request.request_id, RESULTS[request.method], self.now),
            "fail": lambda: self.server.fail(request.request_id, -32603, "no", self.now),
        }[way]
        if served is None or served.state not in {"working", "cancelled"}:
            with pytest.raises(LocalProtocolError):
                command()
            return
        if served.state == "working":
            self.answered.add(key_of(request.request_id))
        served.state = "answered" if served.state == "working" else "dropped"
        self.requests.remove(request)
        command()
        if settle:
            self.settle()

    def served(self, request):
        """Return what the model knows of a request."""
        return self.handlers.served.get(key_of(request.request_id))

    @precondition(lambda self: self.requests)
    @rule(number=numbers, which=st.sets(st.sampled_from(list(QUESTIONS)), min_size=1), settle=flags)
    def ask(self, number, which, settle):
        """Ask the client something on behalf of a request."""
        request = self.pick(self.requests, number)
        served = self.served(request)
        if request.revision < "2025-06-18":
            which = which - {"form"} or {"roots"}
        questions = {name: QUESTIONS[name] for name in sorted(which)}
        legal = (
            served is not None
            and served.state in {"working", "cancelled"}
            and request.method in {"tools/call", "prompts/get"}
            and (self.modern or request.round < self.limits.input_rounds)
        )
        state = "s" if self.modern else None
        if not legal:
            with pytest.raises(LocalProtocolError):
                self.server.require_input(request.request_id, questions, self.now, request_state=state)
            return
        if self.server.link is not LinkState.OPEN and not self.modern and served.state == "working":
            return
        if served.state == "cancelled":
            served.state = "dropped"
        else:
            served.state = "answered" if self.modern else "asking"
            self.answered |= {key_of(request.request_id)} if self.modern else set()
        self.requests.remove(request)
        self.server.require_input(request.request_id, questions, self.now, request_state=state)
        if settle:
            self.settle()

    @precondition(lambda self: self.requests)
    @rule(number=numbers, step=st.sampled_from([1.0, 0.5, 0.0]), settle=flags)
    def report(self, number, step, settle):
        """Report progress, which must rise."""
        request = self.pick(self.requests, number)
        served = self.served(request)
        if served is None or served.state not in {"working", "cancelled"}:
            return
        last = self.reported.get(key_of(request.request_id))
        progress = (last or 0.0) + step
        token = request.progress_token or 0
        params = schema.ProgressNotificationParams(progress_token=token, progress=progress)
        rises = step > 0 or last is None
        if request.progress_token is None or served.state == "cancelled" or self.handlers.over or rises:
            self.tell("notifications/progress", params, request)
            self.reported[key_of(request.request_id)] = progress
        else:
            with pytest.raises(LocalProtocolError, match="rise"):
                self.tell("notifications/progress", params, request)
        if settle:
            self.settle()

    def tell(self, method, params, request):
        """Send a notification for a request."""
        self.server.notify(method, params, self.now, related=request.request_id)

    @precondition(lambda self: self.requests)
    @rule(number=numbers, level=st.sampled_from(["info", "critical"]))
    def log(self, number, level):
        """Send a log message for a request."""
        request = self.pick(self.requests, number)
        served = self.served(request)
        if served is not None and served.state in {"working", "cancelled"}:
            params = schema.LoggingMessageNotificationParams(level=level, data="x")
            self.tell("notifications/message", params, request)
            self.settle()

    @rule(kind=st.sampled_from(list(ChangeKind)), uri=st.sampled_from(URIS), settle=flags)
    def publish(self, kind, uri, settle):
        """Tell of a change."""
        change = Change(kind=kind, uri=uri if kind is ChangeKind.RESOURCE else None)
        self.server.publish(change, self.now)
        if settle:
            self.settle()

    @precondition(lambda self: self.handlers.subscriptions)
    @rule(number=numbers)
    def end_a_subscription(self, number):
        """End a subscription from the server's side."""
        subscription = self.pick(sorted(self.handlers.subscriptions), number)
        self.server.end_subscription(subscription, self.now)
        self.settle()

    # What happens to both

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 30.0, 700.0]))
    def wait(self, seconds):
        """Let time pass."""
        self.pair.advance(seconds)
        self.look()

    @rule()
    def move(self):
        """Let everything happen that takes no time."""
        self.settle()

    @precondition(lambda self: not self.user.over and not self.handlers.over)
    @rule(
        how=st.sampled_from(ENDS),
        chance=st.integers(0, 5),
    )
    def end(self, how, chance):
        """End the connection in one of the ways there are, now and then."""
        if chance == 0:
            self.settle()
            self.cut_off = True
            getattr(self.pair, how)()
            self.look()

    @invariant()
    def the_counts_agree(self):
        """What a session says that it holds is what the model knows of."""
        if not hasattr(self, "pair"):
            return
        states = [served.state for served in self.handlers.served.values()]
        assert self.server.stats().requests_in_flight <= self.limits.requests_in_flight
        assert states.count("working") <= self.limits.requests_in_flight

    def teardown(self):
        """End what is left, and look at what stays."""
        if not hasattr(self, "pair"):
            return
        self.settle()
        self.pair.close_client()
        self.pair.advance(2000.0)
        for request in list(self.requests):
            served = self.served(request)
            if served is not None and served.state in {"working", "cancelled"}:
                self.server.fail(request.request_id, -32603, "stopped", self.now)
        self.settle()
        self.pair.check_ends_empty()
        assert self.user.over
        assert self.handlers.over
        assert [call for call in self.user.calls.values() if call.state == "open"] == []
        assert self.user.listening == {}
        assert "open" not in self.user.questions.values()
        self.check_answers()

    def check_answers(self):
        """Look whether each answer that a handler gave in time was sent, and no other."""
        for key, count in self.wire.asked["C"].items():
            if key in self.answered and not self.cut_off:
                assert count == 1, f"the answer to {key} was not sent"
            elif key in self.received and key not in self.answered:
                assert count == 0, f"{key} was answered without its handler"

    def __init__(self):
        super().__init__()
        self.reported = {}
        self.answered = set()
        self.received = set()
        self.cut_off = False


# A guard against hanging, as everywhere; the profiles take as long as they are told to.
@pytest.mark.timeout(60 * MINUTES)
def test_both_ends_keep_the_rules_whatever_is_commanded():
    run_state_machine_as_test(
        Conversation,
        settings=settings(max_examples=CONVERSATIONS, stateful_step_count=40, report_multiple_bugs=False),
    )
