"""Garbage among the lines of a transcript never raises, and costs the messages that it hits.

The lines of one end are fed to a session of the other end, with bytes put in, left out, turned or said
twice, with values replaced by others, in pieces of any size; meanwhile its owner gives commands. In the
end both streams end, and nothing is left. `ci` tries 10 000 of them for each end.
"""

import json
import random

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from tests.effort import PROFILE, against_garbage
from tests.transcripts.reading import lines_of
from tests.transcripts.scenarios import SCENARIOS
from tests.transcripts.scenarios_plain import ACCEPTED, FORM, FOUND_ROOTS, ROOTS, SAMPLE, SAMPLED

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    ClientSession,
    Connected,
    Disconnected,
    InputRequested,
    KeepAlive,
    LineLink,
    LinkState,
    RequestReceived,
    ServerSession,
    SessionLimits,
)
from sansmcp.testing import CLIENT_INFO, EVERY_CLIENT_CAPABILITY, EVERY_SERVER_CAPABILITY, SERVER_INFO
from sansmcp.wire import Violation, decode

# A guard against hanging; 10 000 conversations take a minute where nothing else is running.
pytestmark = pytest.mark.timeout(600 if PROFILE == "ci" else 6000 if PROFILE == "long" else 120)

LIMITS = SessionLimits(requests_in_flight=3, backlog=2, backlog_bytes=2000, subscriptions=2, input_rounds=2)
ANSWERS = {
    "elicitation/create": ACCEPTED,
    "sampling/createMessage": SAMPLED,
    "roots/list": FOUND_ROOTS,
}
CONVERSATIONS = [
    (scenario, tuple(lines_of(scenario.golden.read_text(encoding="utf-8")))) for scenario in SCENARIOS
]

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
pieces = st.binary(max_size=20) | st.sampled_from(
    [b"\n", b"\r\n", b"{", b"[", b'"', b"\xef\xbb\xbf", b"\xff", b"\x00", b"null", b"[]", b"{}", b"," * 50]
)
positions = st.floats(0, 1, exclude_max=True)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("put in"), positions, pieces),
        st.tuples(st.just("leave out"), positions, st.integers(1, 200)),
        st.tuples(st.just("turn"), positions, st.integers(0, 7)),
        st.tuples(st.just("say twice"), positions, st.integers(0, 5)),
        st.tuples(st.just("replace"), positions, st.tuples(positions, values)),
    ),
    max_size=6,
)


def edited(data, edit):
    """Return a stream with one change."""
    kind, position, what = edit
    at = int(position * len(data))
    match kind:
        case "put in":
            return data[:at] + what + data[at:]
        case "leave out":
            return data[:at] + data[at + what :]
        case "turn" if data:
            return data[:at] + bytes([data[at] ^ (1 << what)]) + data[at + 1 :]
        case "say twice" | "replace":
            lines = data.split(b"\n")
            number = int(position * len(lines))
            line = lines[number]
            more = [line] * what if kind == "say twice" else [replaced(line, *what)]
            return b"\n".join([*lines[: number + (kind == "say twice")], *more, *lines[number + 1 :]])
        case _:
            return data


def replaced(line, position, value):
    """Return a line with one of its values replaced by another."""
    try:
        message = json.loads(line)
    except ValueError:
        return line
    places = list(places_in(message))
    if places:
        owner, key = places[int(position * len(places))]
        owner[key] = value
    return json.dumps(message).encode()


def places_in(value):
    """Yield every place in a JSON value that has a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places_in(inner)


class Owner:
    """Whoever has a session: feeds it, and gives commands by chance."""

    def __init__(self, session, chance):
        self.session = session
        self.link = LineLink(session)
        self.chance = chance
        self.now = 0.0
        self.open = []
        self.last = None

    def feed(self, data):
        """Feed bytes in pieces of any size, now and then after a while."""
        while data:
            size = self.chance.choice((1, 10, 100, 10_000))
            self.now += self.chance.choice((0.0, 0.0, 0.5, 40.0))
            self.link.receive_data(data[:size], self.now)
            data = data[size:]
            self.drain()

    def drain(self):
        """Take what there is to take, and react to it."""
        while (happened := self.session.next_event()) is not None:
            assert not isinstance(self.last, Disconnected), happened
            self.last = happened
            self.react(happened)
        for line in self.link.data_to_send().split(b"\n"):
            assert not line or not isinstance(decode(line), Violation), line

    def give(self, command, *arguments, **options):
        """Give a command, which may be refused and nothing else."""
        try:
            return command(*arguments, self.now, **options)
        except LocalProtocolError:
            return None

    def end(self):
        """End the input, let time pass, hand back what is open, and look at what is left."""
        self.link.receive_eof(self.now)
        self.drain()
        self.now += 100_000.0
        self.link.handle_timeout(self.now)
        self.drain()
        self.hand_back()
        self.drain()
        stats = self.session.stats()
        assert self.session.link is LinkState.CLOSED
        assert isinstance(self.last, Disconnected)
        left = (
            stats.calls_in_flight,
            stats.requests_in_flight,
            stats.requests_waiting,
            stats.bytes_waiting,
            stats.subscriptions,
            self.session.next_deadline(),
        )
        assert left == (0, 0, 0, 0, 0, None)

    def hand_back(self):
        """End the work that was told to stop."""


class ServerOwner(Owner):
    """Answers requests, or does not."""

    def react(self, happened):
        """Answer, refuse, ask, report, or leave it for later."""
        if not isinstance(happened, RequestReceived):
            return
        session, request = self.session, happened.request_id
        self.open.append(request)
        if happened.progress_token is not None:
            params = schema.ProgressNotificationParams(progress_token=happened.progress_token, progress=1)
            self.give_notification("notifications/progress", params, request)
        log = schema.LoggingMessageNotificationParams(level="error", data="x")
        match self.chance.randrange(6):
            case 0:
                self.give(session.respond, request, {"content": []})
            case 1:
                self.give(session.fail, request, -32603, "no")
            case 2:
                asked = {"a": self.chance.choice((FORM, SAMPLE, ROOTS))}
                self.give(session.require_input, request, asked, request_state="s")
            case 3:
                self.give_notification("notifications/message", log, request)
            case 4:
                self.give(session.publish, Change(kind=self.chance.choice(list(ChangeKind)), uri="note://x"))
                self.give(session.ping)
            case _:
                pass

    def give_notification(self, method, params, request):
        """Send a notification for a request."""
        self.give(self.session.notify, method, params, related=request)

    def hand_back(self):
        """Answer whatever was not answered."""
        for request in self.open:
            self.give(self.session.fail, request, -32603, "stopped")


class ClientOwner(Owner):
    """Makes the calls of a transcript, and answers questions, or does not."""

    def __init__(self, session, chance, calls):
        super().__init__(session, chance)
        self.calls = calls

    def react(self, happened):
        """Make the calls, answer, refuse, cancel, or leave it."""
        session = self.session
        if isinstance(happened, Connected):
            self.give(session.listen, schema.SubscriptionFilter(tools_list_changed=True))
            for method, params in self.calls:
                handle = self.give(session.send_request, method, params, progress=self.chance.random() < 0.5)
                if handle is not None and self.chance.random() < 0.1:
                    self.give(session.cancel, handle)
        elif isinstance(happened, InputRequested):
            match self.chance.randrange(3):
                case 0:
                    self.give(session.provide_input, happened.handle, ANSWERS[happened.method])
                case 1:
                    self.give(session.refuse_input, happened.handle, -1, "no")
                case _:
                    pass


def calls_in(lines):
    """Return the calls that the client makes in a transcript."""
    found = []
    for line in lines:
        if line.sender == "C" and not line.by_hand:
            for message in line.messages:
                if "id" in message and "method" in message:
                    params = dict(message.get("params") or {})
                    params.pop("_meta", None)
                    found.append((message["method"], params))
    return found


def stream_of(lines, sender):
    """Return the bytes of one end."""
    return b"".join(line.text.encode() + b"\n" for line in lines if line.sender == sender)


@against_garbage
@given(st.sampled_from(CONVERSATIONS), edits, st.integers(0, 2**32))
def test_garbage_among_the_lines_of_a_client_never_raises(conversation, changes, seed):
    _, lines = conversation
    data = stream_of(lines, "C")
    for change in changes:
        event(change[0])
        data = edited(data, change)
    chance = random.Random(seed)
    session = ServerSession(
        info=SERVER_INFO,
        capabilities=EVERY_SERVER_CAPABILITY,
        limits=LIMITS if chance.random() < 0.5 else None,
        keep_alive=KeepAlive() if chance.random() < 0.5 else None,
        ordered=frozenset({"tools/call"}) if chance.random() < 0.3 else frozenset(),
    )
    owner = ServerOwner(session, chance)
    owner.feed(data)
    owner.end()


@against_garbage
@given(st.sampled_from(CONVERSATIONS), edits, st.integers(0, 2**32))
def test_garbage_among_the_lines_of_a_server_never_raises(conversation, changes, seed):
    scenario, lines = conversation
    data = stream_of(lines, "S")
    for change in changes:
        event(change[0])
        data = edited(data, change)
    chance = random.Random(seed)
    session = ClientSession(
        info=CLIENT_INFO,
        capabilities=EVERY_CLIENT_CAPABILITY,
        revisions=(scenario.revision,) if chance.random() < 0.8 else REVISIONS,
        limits=LIMITS if chance.random() < 0.5 else None,
        keep_alive=KeepAlive() if chance.random() < 0.5 else None,
        strict=chance.random() < 0.3,
    )
    owner = ClientOwner(session, chance, calls_in(lines))
    session.connect(0.0)
    owner.drain()
    owner.feed(data)
    owner.end()


@against_garbage
@given(st.lists(pieces, max_size=8), st.sampled_from(REVISIONS), st.integers(0, 2**32))
def test_nothing_but_garbage_never_raises(garbage, revision, seed):
    data = b"".join(garbage)
    chance = random.Random(seed)
    owners = [
        ServerOwner(ServerSession(info=SERVER_INFO, capabilities=EVERY_SERVER_CAPABILITY), chance),
        ClientOwner(ClientSession(info=CLIENT_INFO, revisions=(revision,)), chance, []),
    ]
    owners[1].session.connect(0.0)
    for owner in owners:
        owner.drain()
        owner.feed(data)
        owner.end()


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("put in", 0.5, b"xy"), b'{"a"xy:1}\n'),
        (("leave out", 0.5, 2), b'{"a"}\n'),
        (("turn", 0.5, 0), b'{"a";1}\n'),
        (("say twice", 0.0, 1), b'{"a":1}\n{"a":1}\n'),
        (("replace", 0.0, (0.0, None)), b'{"a": null}\n'),
    ],
)
def test_an_edit_does_what_it_says(edit, expected):
    assert edited(b'{"a":1}\n', edit) == expected


def test_nothing_comes_after_the_connection_ended_with_an_unreadable_answer():
    session = ClientSession(info=CLIENT_INFO, revisions=("2025-11-25",))
    owner = ClientOwner(session, random.Random(0), [])
    session.connect(0.0)
    owner.drain()
    owner.feed(b'{"jsonrpc":null,"id":1,"result":{}}\n')
    assert isinstance(owner.last, Disconnected)
