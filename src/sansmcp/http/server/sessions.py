"""A legacy session over HTTP, and the table of all of them."""

import json
from typing import Final, Protocol

from sansmcp.http.refusals import Refused
from sansmcp.http.server.checks import UNKNOWN_EVENT, bad
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.frames import cancellation
from sansmcp.http.server.sources import Source
from sansmcp.http.server.store import (
    ForgetEvents,
    LoadEvents,
    StoredEvent,
    StoreErrand,
    StoreEvent,
    StoreSession,
)
from sansmcp.http.server.streams import Stream
from sansmcp.http.settings import HttpOptions
from sansmcp.http.states import SESSION, ExchangeState, HttpEffect, SessionInput, SessionState, StreamState
from sansmcp.schema import Revision
from sansmcp.session import Cancel, Deadlines, EndExchange, Release, Send, ServerSession
from sansmcp.values import JSON, RequestId
from sansmcp.wire import Batch, ErrorResponse, Message, Request, Response

_GONE: Final = 404
"""What tells a client that its session is over."""
_CLOSING: Final = 503
_WAKE: Final = "wake"
_KEPT: Final = frozenset({"logging/setLevel", "resources/subscribe", "resources/unsubscribe"})
"""What changes what another process would have to know."""


class SessionOwner(Protocol):
    """What a session asks of its endpoint."""

    now: float

    @property
    def options(self) -> HttpOptions:
        """How it is set up."""
        ...

    @property
    def deadlines(self) -> Deadlines:
        """What is due."""
        ...

    def touch(self, source: "HttpSession", /) -> None:
        """Say that it may have events."""

    def attend(self, source: "HttpSession", /) -> None:
        """Say that it wants to be settled, after the command or the input that goes on now."""

    def errand(self, errand: StoreErrand) -> None:
        """Ask for something of the store."""

    def new_name(self) -> str:
        """Return a name that no stream has."""
        ...

    def ended(self, session: "HttpSession") -> None:
        """Take in that it is over."""


class HttpSession(Source):
    """One session of a legacy client.

    Args:
        owner: the endpoint.
        session_id: its id.
        principal: who opened it.
        session: the session.
        record: what another process knew of it; None where it begins here.
    """

    __slots__ = (
        "_by_request",
        "_due_at",
        "_exchanges",
        "_idle_since",
        "_is_unwanted",
        "_owner",
        "_state",
        "_streams",
        "ended_with",
        "options",
        "principal",
        "record",
        "session_id",
        "standalone",
    )

    def __init__(
        self,
        owner: SessionOwner,
        session_id: str,
        principal: str | None,
        session: ServerSession,
        *,
        record: dict[str, JSON] | None = None,
    ) -> None:
        self.session_id: Final = session_id
        """Its id."""
        self.principal: Final = principal
        """Who opened it."""
        super().__init__(session)
        self.options: Final = owner.options
        """How the endpoint is set up."""
        self.record: dict[str, JSON] = {} if record is None else record
        """What is to be known of it in another process."""
        self.ended_with = _GONE
        """The status that those get who wait for the head of a response when it ends."""
        self._is_unwanted = False
        self._owner = owner
        self._state = SessionState.IDLE
        self._idle_since = owner.now
        self._due_at: float | None = None
        self._by_request: dict[RequestId, Stream] = {}
        self._exchanges: dict[ServerExchange, None] = {}
        self._streams: dict[str, Stream] = {}
        self.standalone: Stream
        """The stream of what belongs to no request."""
        self._begin_standalone(self.record.get("standalone"))
        session.has_channel = False
        session.watch(self._touched)

    # What the endpoint asks

    @property
    def revision(self) -> Revision | None:
        """The revision that it speaks."""
        return self.session.revision

    def has_in_flight(self, request_id: RequestId) -> bool:
        """Say whether a request is to be answered."""
        return request_id in self._by_request

    def stream(self, name: str) -> Stream | None:
        """Return a stream to which something may still belong."""
        return self._streams.get(name)

    def past_stream(self, name: str) -> Stream:
        """Return a stream to which nothing more belongs, for what was stored of it."""
        return Stream(self, name, is_restored=True)

    # Inputs

    def receive(self, message: Message | Batch, exchange: ServerExchange) -> None:
        """Take in what a POST brought: a message without answer, or an array of them."""
        self.session.receive_message(message, self._owner.now)
        exchange.empty(202)
        self.rest()

    def serve(self, message: Request | Batch, awaited: list[RequestId], exchange: ServerExchange) -> None:
        """Take in what a POST brought that is to be answered.

        Args:
            message: the request, or the array.
            awaited: the requests.
            exchange: the exchange.
        """
        self._await(awaited, exchange)
        self.session.receive_message(message, self._owner.now)

    def opened(self, request_id: RequestId, exchange: ServerExchange) -> None:
        """Take in that the session has begun: the result of `initialize` goes out.

        Args:
            request_id: the request that opened it.
            exchange: its exchange.
        """
        self._await([request_id], exchange)
        self._owner.touch(self)
        self.settle()

    def listen(self, exchange: ServerExchange) -> None:
        """Let an exchange carry what belongs to no request."""
        if self.standalone.is_restored:
            # Nobody knows how far its numbers went, so its name is not used again.
            del self._streams[self.standalone.name]
            self._begin_standalone(None)
            self.keep()
        self.carry(self.standalone, exchange)
        self.session.has_channel = True

    def carry(self, stream: Stream, exchange: ServerExchange) -> None:
        """Let an exchange carry a stream that it knows nothing of."""
        self._exchanges[exchange] = None
        self._step(SessionInput.WORK)
        stream.attach(exchange)

    def resume(self, stream: Stream, number: int, exchange: ServerExchange) -> None:
        """Let an exchange carry a stream on after an event."""
        if not stream.may_know(number):
            # Whoever carries it is left alone.
            exchange.refuse(bad(UNKNOWN_EVENT))
            return
        self._exchanges[exchange] = None
        self._step(SessionInput.WORK)
        self._streams[stream.name] = stream
        stream.resume(exchange, number)
        if stream.is_standalone:
            self.session.has_channel = True

    def loaded(self, errand: LoadEvents, events: tuple[StoredEvent, ...]) -> None:
        """Take in what was stored of a stream."""
        stream = self._streams.get(errand.stream)
        if stream is None:
            return
        exchange = stream.exchange
        if not stream.loaded(errand, events) and exchange is not None:
            if not stream.awaited and not stream.is_standalone:
                del self._streams[stream.name]
            exchange.refuse(bad(UNKNOWN_EVENT))
            self.left(stream, exchange)

    def end(self, now: float) -> None:
        """End it at once, as its client wants: its exchanges first, then what runs, then the session."""
        self._is_unwanted = True
        self._step(SessionInput.END)
        self._end_exchanges()
        for request_id in tuple(self._by_request):
            self.session.receive_cancel(request_id, now)
        self._by_request.clear()
        self.session.close(now)

    def note(self, message: Message | Batch) -> None:
        """Take note of what another process would have to know, once the session has taken it in."""
        items = message.messages if isinstance(message, Batch) else (message,)
        methods = [item.method for item in items if isinstance(item, Request)]
        if self._state is SessionState.ENDED or _KEPT.isdisjoint(methods):
            return
        # As the session has it, which refuses what makes no sense or is too much.
        self.record["level"] = self.session.log_level
        self.record["uris"] = list(self.session.resource_subscriptions)
        self.keep()

    def close(self, now: float) -> None:
        """End it in good order: what runs has some time, and what only listens has none."""
        self.ended_with = _CLOSING
        self.session.close(now)
        self.settle()
        if self._state is not SessionState.ENDED:
            for stream in tuple(self._streams.values()):
                if stream.is_standalone or stream.state is StreamState.LOADING:
                    self._end_stream(stream)

    def keep(self) -> None:
        """Let the store know what another process would have to know."""
        if self.options.event_store is not None:
            record = json.dumps(self.record, separators=(",", ":")).encode()
            self._owner.errand(StoreSession(session=self.session_id, record=record))

    # As its streams see it

    def note_written(self, related: RequestId | None, size: int) -> None:
        """Take in that some of what the session wants sent is about to be written, or need not be."""
        self.session.note_written(related, size)

    def errand(self, errand: StoreEvent | LoadEvents) -> None:
        """Ask for something of the store."""
        self._owner.errand(errand)

    def left(self, stream: Stream, exchange: ServerExchange) -> None:
        """Take in that an exchange carries a stream no more."""
        self._exchanges.pop(exchange, None)
        if stream.is_standalone:
            self.session.has_channel = False
        self.rest()

    def over(self, stream: Stream) -> None:
        """Take in that nothing more belongs to a stream."""
        self._streams.pop(stream.name, None)
        self.rest()

    # What the session wants

    def settle(self) -> None:
        """Hand what the session wants sent to the streams it belongs to."""
        moved: dict[Stream, None] = {}
        ended: list[RequestId] = []
        for action in self.session.actions(is_written=False):
            if isinstance(action, Send):
                stream = self._route(action)
                stream.put(action)
                moved[stream] = None
            elif isinstance(action, Cancel):
                self._stream_of(action.related).put_frame(cancellation(action))
            elif isinstance(action, EndExchange):
                ended.append(action.request_id)
            elif isinstance(action, Release):
                self._stream_of(action.request_id).release(action.retry)
            else:
                # What was answered last goes out before the exchanges end.
                for stream in moved:
                    stream.pull()
                self._closed()
        # Last, since what withdraws the questions of a request comes after its end.
        for request_id in ended:
            stream = self._stream_of(request_id)
            self._by_request.pop(request_id, None)
            stream.answered(request_id)
            moved[stream] = None
        for stream in moved:
            if stream.state is not StreamState.OVER:
                stream.settle()
        self._arm()

    def _route(self, action: Send) -> Stream:
        message = action.message
        stream = self._stream_of(action.related)
        answers = message.messages if isinstance(message, Batch) else (message,)
        for answer in answers:
            if isinstance(answer, Response | ErrorResponse) and isinstance(answer.id, str | int):
                # Answers to an array that are too long for one name its first request alone.
                stream = self._by_request.pop(answer.id, stream)
                stream.answered(answer.id)
        return stream

    def _stream_of(self, request_id: RequestId | None) -> Stream:
        if request_id is None:
            return self.standalone
        return self._by_request.get(request_id, self.standalone)

    def _arm(self) -> None:
        """Let the endpoint wake the session when it wants to be."""
        at = self.session.next_deadline()
        if at == self._due_at:
            return
        self._due_at = at
        if at is None:
            self._owner.deadlines.disarm((_WAKE, self.session_id))
        else:
            self._owner.deadlines.arm((_WAKE, self.session_id), at, "a session", self._due)

    def _due(self) -> None:
        self._due_at = None
        self.session.handle_timeout(self._owner.now)
        self._owner.attend(self)

    def _touched(self) -> None:
        self._owner.attend(self)
        self._owner.touch(self)

    # Idle time

    def rest(self) -> None:
        """Take in that something of it may have ended: the idle time begins when all has."""
        if self._state is SessionState.ENDED or self._exchanges:
            return
        self._idle_since = self._owner.now
        if not self._by_request:
            self._step(SessionInput.REST)

    def watch(self) -> None:
        """Begin to count the idle time."""
        at = self._idle_since + self.options.limits.idle
        # By its id, since a deadline that is given up may be kept for a while.
        self._owner.deadlines.arm(self.session_id, at, "a session is idle", self._check_idle)

    def _check_idle(self) -> None:
        # Armed once and looked at when it is due, so that a request costs no deadline of its own.
        now = self._owner.now
        # Who went away with a question open gives no answer: that is no work.
        if self._state is SessionState.BUSY and (self._exchanges or self.session.is_running):
            self._idle_since = now
        if self._idle_since + self.options.limits.idle > now:
            self.watch()
        else:
            self._step(SessionInput.EXPIRE)
            self._end_exchanges()
            self.session.close(now)

    # Ends

    def _closed(self) -> None:
        """Take in that the session is over."""
        if self._state is not SessionState.ENDED:
            self._step(SessionInput.END)
            self._end_exchanges()

    def _end_exchanges(self) -> None:
        self._owner.deadlines.disarm(self.session_id)
        for stream in tuple(self._streams.values()):
            self._end_stream(stream)
        self._owner.ended(self)
        if self.ended_with == _GONE:
            # A server that only stops keeps it for the next one. Last, so that nothing is stored after it.
            self._owner.errand(ForgetEvents(session=self.session_id))

    def _end_stream(self, stream: Stream) -> None:
        # An answer that is there goes out.
        stream.pull()
        exchange = None if stream.state is StreamState.OVER else stream.finish()
        if exchange is None:
            return
        if exchange.state is ExchangeState.SERVING:
            self._end_headless(exchange)
        else:
            exchange.end()

    def _end_headless(self, exchange: ServerExchange) -> None:
        if not self._is_unwanted:
            exchange.refuse(Refused(status=self.ended_with, reason="the session has ended"), is_told=False)
        elif self.options.answers_only:
            exchange.empty(202)
        else:
            # Not 404, though the session is gone: clients of others fail on that while they close.
            exchange.events(b"")
            exchange.end()

    def _await(self, awaited: list[RequestId], exchange: ServerExchange) -> None:
        stream = self._open_stream()
        for request_id in awaited:
            stream.awaited[request_id] = None
            self._by_request[request_id] = stream
        self.carry(stream, exchange)

    def _begin_standalone(self, known: str | None) -> None:
        name = self._owner.new_name() if known is None else known
        stream = Stream(self, name, is_standalone=True, is_restored=known is not None)
        self._streams[name] = self.standalone = stream
        self.record["standalone"] = name

    def _open_stream(self) -> Stream:
        stream = Stream(self, self._owner.new_name())
        self._streams[stream.name] = stream
        return stream

    def _step(self, happened: SessionInput) -> HttpEffect | None:
        effect, self._state = SESSION[self._state][happened]
        return effect


class SessionTable:
    """The sessions by their ids; to anybody but who opened it there is no such session."""

    def __init__(self) -> None:
        self._sessions: dict[str, HttpSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def all(self) -> tuple[HttpSession, ...]:
        """Return all of them."""
        return tuple(self._sessions.values())

    def of(self, session_id: str) -> HttpSession | None:
        """Return a session, whoever opened it; None if there is none."""
        return self._sessions.get(session_id)

    def get(self, principal: str | None, session_id: str) -> HttpSession | None:
        """Return a session of somebody; None if there is none."""
        session = self._sessions.get(session_id)
        return None if session is None or session.principal != principal else session

    def add(self, session: HttpSession) -> None:
        """Enter a session."""
        self._sessions[session.session_id] = session

    def remove(self, session: HttpSession) -> None:
        """Take out a session, if it is there."""
        self._sessions.pop(session.session_id, None)
