"""Record what two ends of ours say to each other over HTTP, as text that people can read.

A transcript has one thing a line, in the order in which it happened:

    C3 POST /mcp              the client sent the third request
    C3   accept: ...          a field of its head
    C3: {...}                 its body
    S3 200                    the status of its response
    S3   content-type: ...    a field of the response
    S3: {...}                 its body, or the data of an event
    S3 id: ..                 the id of the event that the next line shows; so with its type and `retry`
    S3 comment                what only keeps the connection open
    S3 end                    the stream of events is complete
    C3 leaves                 the client closed the connection that carries the request
    S3 is cut                 the connection was lost

Times, remarks and what the two ends tell their users are as in the transcripts of lines (recording.py),
and so is `# by hand`. Fields that say the same in every head are left out where they do (`USUAL`).
"""

import functools
import json
import math
from collections import deque

import attrs
from tests.transcripts.carrying import END, ByExchanges, Head, Sent
from tests.transcripts.conversation import BY_HAND, BY_HAND_AND_ILLEGAL, Conversation
from tests.transcripts.reading import is_message

from sansmcp import schema
from sansmcp.http import ClientHttp, Headers, HttpOptions, OpenRequest, ServerHttp
from sansmcp.session import (
    ClientSession,
    Disconnected,
    ExchangeEnded,
    RequestReceived,
    Schedule,
    ServerSession,
    SubscriptionOpened,
    Timeouts,
)
from sansmcp.testing import whole

ORIGIN = "http://127.0.0.1:8000"
HOST = ("host", "127.0.0.1:8000")
JSON_TYPE = ("content-type", "application/json")
BOTH_TYPES = ("accept", "application/json, text/event-stream")
EVENTS = "text/event-stream"
OLDEST = "2024-11-05"

USUAL = {
    "POST": {"accept-encoding": "identity", **dict((BOTH_TYPES, JSON_TYPE))},
    "GET": {"accept-encoding": "identity", "accept": EVENTS},
    "DELETE": {"accept-encoding": "identity"},
    EVENTS: {"cache-control": "no-store", "x-accel-buffering": "no"},
    "application/json": {},
}
"""What heads say unless a transcript shows otherwise, by the method, or by the type of the response."""

_UNSHOWN = {"host", "content-length", "transfer-encoding", "connection"}
"""What the framing below says, in its own way."""

_QUIET = schema.ServerCapabilities(
    logging={},
    completions={},
    prompts=schema.PromptsCapability(),
    resources=schema.ResourcesCapability(),
    tools=schema.ToolsCapability(),
)
"""What a server can do that reaches its clients with answers only."""

_MOST_ROUNDS = 1000


def counted():
    """Return what gives random bytes that a person can read: 1, 2, 3."""
    count = 0

    def take(size):
        nonlocal count
        count += 1
        return count.to_bytes(size, "big")

    return take


class _Client:
    """The client's session, but for what its endpoint does."""

    def __init__(self, endpoint):
        self._endpoint = endpoint
        self.connect = endpoint.connect
        self.cancel = endpoint.cancel
        self.close = endpoint.close

    def __getattr__(self, name):
        return getattr(self._endpoint.session, name)


class _Sessions:
    """The sessions of a server as if they were one: what is said of a request goes where it came from."""

    def __init__(self, endpoint):
        self.close = endpoint.close
        self._open = {}
        self._of = {}

    def note(self, session, event):
        """Take in what a session told."""
        if isinstance(event, Disconnected | ExchangeEnded):
            self._open.pop(session, None)
            return
        self._open[session] = None
        if isinstance(event, RequestReceived):
            self._of[event.request_id] = session
        elif isinstance(event, SubscriptionOpened):
            self._of[event.subscription_id] = session

    def __getattr__(self, name):
        def say(request_id, *arguments, **options):
            return getattr(self._of[request_id], name)(request_id, *arguments, **options)

        return say

    def notify(self, method, params, now, *, related=None):
        """Tell something, of a request or to everybody."""
        for session in tuple(self._open) if related is None else (self._of[related],):
            session.notify(method, params, now, related=related)

    def publish(self, change, now):
        """Tell of a change."""
        for session in tuple(self._open):
            session.publish(change, now)


class Trip:
    """One request and its response, as they are written down.

    Args:
        number: which one.
        sent: the request.
        way: how it reaches the server.
        taker: what takes the response on the client's side; None where nobody does.
    """

    def __init__(self, number, sent, way, taker):
        self.number = number
        self.sent = sent
        self.way = way
        self.taker = taker
        self.is_over = False
        self.head = None
        self.unread = b""

    @property
    def kind(self):
        """The type of the response."""
        return dict(self.head.fields).get("content-type")

    def lines(self, part):
        """Return the lines that show a part of the response."""
        if isinstance(part, Head):
            self.head = part
            return [f"S{self.number} {part.status}", *self.fields("S", part.fields, self.kind)]
        if part is END:
            rest = f"S{self.number}: {self.unread.decode()}"
            return [f"S{self.number} end"] if self.kind == EVENTS else [rest] if self.unread else []
        self.unread += part
        if self.kind != EVENTS:
            return []
        *blocks, self.unread = self.unread.split(b"\n\n")
        return [line for block in blocks for line in self.event(block.decode())]

    def event(self, block):
        """Return the lines of one event."""
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "":
                yield f"S{self.number} comment"
            elif name == "data" and value.startswith(("{", "[")):
                yield f"S{self.number}: {value}"
            else:
                yield f"S{self.number} {name}: {value}".rstrip()

    def fields(self, sender, fields, usual):
        """Return the lines of a head, without those that say the usual."""
        expected = USUAL.get(usual, {})
        shown = [
            (name, value) for name, value in fields if name not in _UNSHOWN and expected.get(name) != value
        ]
        missing = [(name, "(none)") for name in expected if name not in dict(fields)]
        return [f"{sender}{self.number}   {name}: {value}" for name, value in (*shown, *missing)]


class HttpRecording(Conversation):
    """A conversation over HTTP.

    Args:
        revision: what they speak, and what `start` makes them speak.
        cut: how the bytes are cut on their way, which must not be seen in the text.
        carrier: how requests reach the server.
    """

    def __init__(self, revision, cut=whole, carrier=ByExchanges):
        super().__init__(revision, cut)
        self.now = 0.0
        self.events = []
        self.session_id = None
        self.address = "/mcp"
        self._carrier_type = carrier
        self._trips = []
        self._by_way = {}
        self._touched = {}
        self._untold = deque()
        self._comments = {}

    # The two ends

    def start(self, *, client=None, server=None, connect=True, header_parameters=None, **settings):
        """Make both ends and connect them; settings are those of the server over HTTP."""
        settings = {"http_sse": self.revision == OLDEST, **settings}
        offered = self._arguments_of_server(server)

        def open_server(*, principal, answers_only, sessions_off, since):
            del principal
            spoken = tuple(revision for revision in offered["revisions"] if revision >= since)
            quiet = {"capabilities": _QUIET} if answers_only or sessions_off else {}
            return ServerSession(**{**offered, **quiet, "revisions": spoken, "answers_only": answers_only})

        self._make_server = functools.partial(
            ServerHttp,
            open_server,
            options=HttpOptions.of(settings, host="127.0.0.1"),
            random=counted(),
            revisions=offered["revisions"],
            header_parameters=({} if header_parameters is None else header_parameters).get,
        )
        self._serve()
        self._ask(self._arguments_of_client(client))
        if connect:
            self.client.connect(self.now)
            self.settle()

    def restart(self):
        """Let the server end without a word, and another one begin with the same settings and store."""
        self._write("# the server is started anew")
        self._serve()
        self._unanswered.clear()
        for trip in [trip for trip in self._trips if not trip.is_over]:
            trip.is_over = True
            trip.taker.receive_failure("the connection was lost", self.now)
        self.settle()

    def _serve(self):
        self.endpoint = self._make_server()
        self.server = _Sessions(self.endpoint)
        self._carrier = self._carrier_type(self.endpoint, self._cut)
        self._schedule = Schedule(self._carrier.served)

    def _ask(self, given):
        patient = attrs.evolve(given.pop("timeouts", Timeouts()), probe=math.inf)

        def open_client(*, revisions, finding, handles):
            del revisions, finding
            return ClientSession(**given, timeouts=patient, handles=handles)

        path = "/sse" if self.revision == OLDEST else "/mcp"
        self.asking = ClientHttp(open_client, ORIGIN + path, random=counted(), timeouts=patient)
        self.client = _Client(self.asking)

    def finish(self):
        """End the conversation, where the scenario has not, and check that nothing is left."""
        self.client.close(self.now)
        self.advance(60.0)
        # Handlers that were told to stop hand back what they had.
        for request_id in self._unanswered:
            self.server.fail(request_id, -32603, "stopped", self.now)
        self.settle()
        left = [trip.number for trip in self._trips if not trip.is_over]
        assert not left, f"requests {left} are open"
        stats = self.endpoint.stats
        assert (stats.sessions, stats.alone) == (0, 0), stats
        assert self.asking.next_deadline() is None

    # Requests

    def by_hand(self, sender, message, why, *, legal=False):
        """Let the client POST a message that no session of ours would send."""
        assert sender == "C"
        data = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
        self.send("POST", self.fields_for(message), why, data.encode(), legal=legal)

    def send(self, method, fields, why, body=b"", *, legal=False, target=None, missing=0):
        """Send a request that our client would not, some of its body perhaps missing; return its number."""
        self._write(f"{BY_HAND if legal else BY_HAND_AND_ILLEGAL}: {why}")
        given = () if "host" in dict(fields) else (HOST,)
        length = (("content-length", str(len(body) + missing)),) if body else ()
        target = (self.address if method == "POST" else "/mcp") if target is None else target
        fields = (*given, ("accept-encoding", "identity"), *fields, *length)
        trip = self._open(Sent(method=method, target=target, fields=fields, body=body, ends=not missing))
        self.settle()
        return trip.number

    def fields_for(self, message=None):
        """Return the fields that our client would send with a message, or with a GET or a DELETE."""
        found = [BOTH_TYPES, JSON_TYPE] if message is not None else []
        if not self.modern:
            found += [("mcp-session-id", self.session_id)] if self.session_id else []
            found += [("mcp-protocol-version", self.revision)] if self.revision >= "2025-06-18" else []
        elif is_message(message) and "method" in message:
            found += [("mcp-protocol-version", self.revision), ("mcp-method", message["method"])]
        else:
            found.append(("mcp-protocol-version", self.revision))
        return found

    def newest(self, method):
        """Return the number of the newest request of a method that is open."""
        return [trip.number for trip in self._trips if trip.sent.method == method and not trip.is_over][-1]

    def break_off(self, number):
        """Lose the connection that carries a request, or let the client of one made by hand go."""
        trip = self._trips[number - 1]
        self._write(f"C{number} leaves" if trip.taker is None else f"S{number} is cut")
        self._end(trip)
        if trip.taker is not None:
            trip.taker.receive_failure("the connection was lost", self.now)
        self.settle()

    # Time

    def advance(self, seconds):
        """Let time pass, from deadline to deadline, and write down when what happened."""
        until = self.now + seconds
        self.settle()
        while (due := self._next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._schedule.handle_timeout(self.now)
            self.asking.handle_timeout(self.now)
            self.settle()
        self.now = until

    def _next_deadline(self):
        deadlines = (self._schedule.next_deadline(), self.asking.next_deadline())
        return min((due for due in deadlines if due is not None), default=None)

    # Moving

    def settle(self):
        """Let everything happen that takes no time."""
        for _ in range(_MOST_ROUNDS):
            if not self._move():
                return
        raise AssertionError(f"the two ends do not come to rest; the last lines are {self.text[-4:]!r}")

    def _move(self):
        self._collect()
        moved = bool(self._untold or self._touched)
        while self._untold:
            # Who is told may give commands; nobody is told between two pieces.
            tell, event = self._untold.popleft()
            tell(event)
        for action in self.asking.actions():
            moved = True
            if isinstance(action, OpenRequest):
                self._open_for(action.exchange)
            else:
                self._leave(action.exchange)
        touched, self._touched = self._touched, {}
        for trip in sorted(touched, key=lambda trip: trip.number):
            self._carry(trip)
        return moved

    def _collect(self):
        while (found := self._carrier.served.next_event()) is not None:
            self.server.note(*found)
            self.events.append(found[1])
            self._untold.append((self._server_told, found[1]))
        while (found := self.asking.next_event()) is not None:
            self.events.append(found[1])
            self._untold.append((self._client_told, found[1]))
        for errand in self._carrier.served.actions():
            self.endpoint.perform(errand)(self.now)
        for way in self._carrier.ready():
            trip = self._by_way.get(way)
            if trip is not None and not trip.is_over:
                self._schedule.note(way.timed)
                self._touched[trip] = None

    def _open_for(self, exchange):
        request = exchange.request
        length = (("content-length", str(len(exchange.body))),) if exchange.body else ()
        fields = (HOST, *request.headers.lines, *length)
        sent = Sent(method=request.method, target=request.target, fields=fields, body=exchange.body)
        self._open(sent, exchange)

    def _open(self, sent, taker=None):
        way = self._carrier.open(sent, self.now)
        trip = self._by_way[way] = Trip(len(self._trips) + 1, sent, way, taker)
        self._trips.append(trip)
        self._write(f"C{trip.number} {sent.method} {sent.target}")
        for line in trip.fields("C", sent.fields, sent.method):
            self._write(line)
        if sent.body:
            self._write(f"C{trip.number}: {sent.body.decode()}")
        way.send(sent, self.now, self._collect)
        self._touched[trip] = None
        return trip

    def _leave(self, exchange):
        trip = next(trip for trip in self._trips if trip.taker is exchange)
        if not trip.is_over:
            self._write(f"C{trip.number} leaves")
            self._end(trip)

    def _carry(self, trip):
        if trip.is_over:
            return
        for part in trip.way.take():
            for line in trip.lines(part):
                self._write_line(trip, line)
            if isinstance(part, Head):
                self.session_id = dict(part.fields).get("mcp-session-id", self.session_id)
            self._hand_in(trip.taker, part)
            self._collect()
            if part is END:
                self._end(trip)
        self._schedule.note(trip.way.timed)

    def _hand_in(self, taker, part):
        if taker is None:
            return
        if isinstance(part, Head):
            taker.receive_head(part.status, Headers(part.fields), self.now)
        elif part is END:
            taker.receive_eof(self.now)
        else:
            taker.receive_data(part, self.now)

    def _end(self, trip):
        trip.is_over = True
        self._schedule.forget(trip.way.timed)
        trip.way.leave(self.now)

    # Writing

    def _write_line(self, trip, line):
        if line.endswith(" comment"):
            self._write_comment(line)
            return
        if line.startswith(f"S{trip.number} data: /"):
            self.address = line.partition(": ")[2]
        self._write(line)

    def _write_comment(self, line):
        """Write a comment; those with nothing but comments between them are one line."""
        known = self._comments.get(line)
        if known is None:
            self._write(line)
            self._comments[line] = (len(self.text) - 1, 1)
            return
        place, count = known
        self.text[place] = f"{line}, {count + 1} times, the last @ {self.now:g}"
        self._comments[line] = (place, count + 1)

    def _write(self, line):
        if not line.endswith(" comment"):
            self._comments.clear()
        super()._write(line)
