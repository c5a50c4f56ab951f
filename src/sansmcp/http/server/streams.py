"""One stream of a session: it has a name, numbers its events, and outlives the exchanges that carry it.

Messages are numbered when they are about to be written, after what they replace was left out; without an
exchange those that nothing replaces are numbered at once, so that they are kept. With a store, an event
leaves when it was stored, and not before.
"""

from typing import Final, Protocol

from sansmcp.http.refusals import Refused
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.frames import Frame, Frames
from sansmcp.http.server.store import LoadEvents, StoredEvent, StoreEvent
from sansmcp.http.settings import HttpOptions
from sansmcp.http.states import STREAM, ExchangeState, HttpEffect, StreamInput, StreamState
from sansmcp.schema import INTERNAL_ERROR, LATEST_LEGACY, Revision
from sansmcp.session import Send
from sansmcp.values import RequestId
from sansmcp.wire import Batch, ErrorObject, ErrorResponse, Response, encode, encode_event


class StreamOwner(Protocol):
    """What a stream asks of its session."""

    @property
    def session_id(self) -> str:
        """The id of the session."""
        ...

    @property
    def options(self) -> HttpOptions:
        """How the endpoint is set up."""
        ...

    @property
    def revision(self) -> Revision | None:
        """The revision that the session speaks."""
        ...

    def note_written(self, related: RequestId | None, size: int) -> None:
        """Say that some of what the session wants sent is about to be written, or need not be."""

    def errand(self, errand: StoreEvent | LoadEvents) -> None:
        """Ask for something of the store."""

    def left(self, stream: "Stream", exchange: ServerExchange) -> None:
        """Say that an exchange carries a stream no more."""

    def over(self, stream: "Stream") -> None:
        """Say that nothing more belongs to a stream."""


class Stream:
    """One stream of events.

    Args:
        owner: the session.
        name: its name, which no other stream has.
        is_standalone: whether it carries what belongs to no request.
        is_restored: whether another process began it, so that its numbers are known once it was loaded.
    """

    __slots__ = (
        "_exchange",
        "_frames",
        "_is_stored",
        "_loading",
        "_number",
        "_owner",
        "_release_retry",
        "_state",
        "_storing",
        "_unwritten",
        "awaited",
        "is_restored",
        "is_standalone",
        "name",
    )

    def __init__(
        self, owner: StreamOwner, name: str, *, is_standalone: bool = False, is_restored: bool = False
    ) -> None:
        self.name: Final = name
        """Its name."""
        self.is_standalone: Final = is_standalone
        """Whether it carries what belongs to no request."""
        self.is_restored = is_restored
        """Whether another process began it, and it was not loaded yet."""
        self.awaited: dict[RequestId, None] = {}
        """The requests that are to be answered on it."""
        self._owner = owner
        self._state = StreamState.DETACHED
        self._exchange: ServerExchange | None = None
        self._frames = Frames()
        self._number = 0
        # Whether some event was stored, so that somebody may ask for what followed.
        self._is_stored = False
        self._loading: LoadEvents | None = None
        self._storing: list[tuple[StoreEvent, Frame]] = []
        self._unwritten: dict[RequestId | None, int] = {}
        self._release_retry: float | None = None

    @property
    def state(self) -> StreamState:
        """Who carries it."""
        return self._state

    @property
    def exchange(self) -> ServerExchange | None:
        """The exchange that carries it, or will."""
        return self._exchange

    def may_know(self, number: int) -> bool:
        """Say whether there may be an event of a number."""
        return self.is_restored or number < self._number

    # What exchanges do

    def attach(self, exchange: ServerExchange) -> None:
        """Let an exchange carry it that knows nothing of it."""
        self._step(StreamInput.ATTACH)
        self._exchange = exchange
        options = self._owner.options
        exchange.carry(self, begin_after=options.limits.priming if self._is_primed else None)
        if self.is_standalone or (options.responses == "stream" and not options.answers_only):
            self.begin_events()

    def resume(self, exchange: ServerExchange, number: int) -> None:
        """Let an exchange carry it whose client saw an event of it before.

        Args:
            exchange: the exchange; it takes the place of one that still looks alive.
            number: the number of the event.
        """
        self._step(StreamInput.RESUME)
        carrier = self._exchange
        if carrier is not None:
            self._owner.left(self, carrier)
            _dismiss(carrier, Refused(status=409, reason="another request took the stream over"))
        if not self.is_restored:
            # What is being stored now comes back with what is loaded.
            self._number_all()
            self._storing.clear()
        self._exchange = exchange
        exchange.carry(self)
        self._loading = LoadEvents(session=self._owner.session_id, stream=self.name, number=number)
        self._owner.errand(self._loading)

    def loaded(self, errand: LoadEvents, events: tuple[StoredEvent, ...]) -> bool:
        """Take in what was stored; say whether the event was there that the client named.

        Args:
            errand: what was asked.
            events: what was stored.
        """
        exchange = self._exchange
        if self._state is not StreamState.LOADING or exchange is None or errand is not self._loading:
            # What was asked for before a take-over lacks what was stored since.
            return True
        if not events or events[0].number != errand.number:
            self._step(StreamInput.UNKNOWN)
            self._exchange = None
            return False
        self._step(StreamInput.LOADED)
        self._is_stored = True
        was_restored, self.is_restored = self.is_restored, False
        self._number = max(self._number, events[-1].number + 1)
        exchange.events(b"")
        for event in events[1:]:
            exchange.events(encode_event(event.data, event_id=self._id(event.number)))
        if was_restored and not self.is_standalone:
            for request_id in events[-1].awaited:
                self._frames.put_frame(_lost(request_id))
        exchange.wake()
        return True

    def release(self, retry: float) -> None:
        """End the response for now; the client comes back for what follows."""
        exchange = self._exchange
        if exchange is None or self._owner.options.event_store is None or self._owner.options.answers_only:
            return
        if self._state is StreamState.LOADING:
            # The client has missed something, and would not ask for it again.
            return
        self.begin_events()
        self.pull()
        self._release_retry = retry
        self._release_if_stored(exchange)

    # As an exchange sees it

    def pull(self) -> None:
        """Hand what there is to the exchange."""
        exchange = self._exchange
        if exchange is None or self._state is not StreamState.CARRIED:
            return
        if exchange.state is ExchangeState.SERVING and not self._begin(exchange):
            return
        self._number_all()
        self._end_if_complete(exchange)

    def begin_events(self) -> None:
        """Let the response be a stream of events; from 2025-11-25 on it begins with an id."""
        exchange = self._exchange
        if exchange is None or exchange.state is not ExchangeState.SERVING:
            return
        if self._owner.options.answers_only or self._state is StreamState.LOADING:
            return
        exchange.events(b"")
        if self._is_primed:
            if self._number == 0:
                self._store([Frame(b"", is_answer=False)])
            else:
                exchange.events(encode_event(b"", event_id=self._id(self._number - 1)))

    def left(self, exchange: ServerExchange, reason: str, now: float) -> None:  # noqa: ARG002
        """Take in that the client of the exchange is gone: the stream goes on without."""
        self._cut(exchange)

    def next_deadline(self) -> float | None:
        """Return nothing: the session's deadlines are the endpoint's."""
        return None

    def handle_timeout(self, now: float) -> None:
        """Do nothing: the session's deadlines are the endpoint's."""

    # As the session sees it

    def put(self, action: Send) -> None:
        """Take in a message that belongs to it."""
        is_answer = isinstance(action.message, Response | ErrorResponse | Batch)
        if self._owner.options.answers_only and not is_answer:
            self._owner.note_written(action.related, len(action.data))
            return
        self._unwritten[action.related] = self._unwritten.get(action.related, 0) + len(action.data)
        self._frames.put(action)
        self._moved(is_kept=action.key is None)

    def put_frame(self, frame: Frame) -> None:
        """Take in a message that belongs to it and that nothing replaces."""
        self._frames.put_frame(frame)
        self._moved(is_kept=True)

    def answered(self, request_id: RequestId) -> None:
        """Take in that a request of it has its answer, or will never have one."""
        self.awaited.pop(request_id, None)

    def settle(self) -> None:
        """Take in that no more comes for now: what is complete may end."""
        exchange = self._exchange
        if exchange is not None:
            exchange.wake()
        elif not self.awaited and not self.is_standalone and self._state is StreamState.DETACHED:
            self._number_all()
            self._finish()

    def stored(self, errand: StoreEvent, *, has_failed: bool = False) -> None:
        """Take in that an event was stored, or could not be.

        Args:
            errand: what was asked.
            has_failed: whether it could not be: then it leaves without an id.
        """
        if not self._storing or self._storing[0][0] is not errand:
            # The stream was taken over meanwhile, and what was being stored was loaded.
            return
        _, frame = self._storing.pop(0)
        exchange = self._exchange
        if exchange is not None and self._state is StreamState.CARRIED:
            event_id = None if has_failed else self._id(errand.event.number)
            if frame.data or event_id is not None:
                exchange.events(encode_event(frame.data, event_id=event_id))
            exchange.wake()
            self._end_if_complete(exchange)
            self._release_if_stored(exchange)

    def finish(self) -> ServerExchange | None:
        """End it with its session, and return the exchange that carried it."""
        exchange, self._exchange = self._exchange, None
        self._take()
        self._storing.clear()
        if exchange is not None:
            self._owner.left(self, exchange)
        self._finish()
        return exchange

    # Inside

    @property
    def _has_ids(self) -> bool:
        return self._owner.options.event_store is not None

    @property
    def _is_primed(self) -> bool:
        # From 2025-11-25 on a response that is a stream begins with an id.
        return self._has_ids and self._owner.revision == LATEST_LEGACY

    def _id(self, number: int) -> str:
        return f"{self.name}_{number}"

    def _begin(self, exchange: ServerExchange) -> bool:
        """Decide what the response is; say whether it is a stream of events."""
        frames = self._frames.peek()
        answers_only = self._owner.options.answers_only
        if self.awaited:
            if not frames or answers_only:
                return False
        elif len(frames) == 1 and frames[0].is_answer:
            exchange.answer(200, frames[0].data)
            self._take()
            self._complete(exchange)
            return False
        elif answers_only:
            answers = [frame.data for frame in frames if frame.is_answer]
            if not answers:
                exchange.empty(202)
            else:
                exchange.answer(200, answers[0] if len(answers) == 1 else b"[" + b",".join(answers) + b"]")
            self._take()
            self._complete(exchange)
            return False
        self.begin_events()
        return True

    def _moved(self, *, is_kept: bool) -> None:
        exchange = self._exchange
        if exchange is None:
            self._keep(is_kept=is_kept)
        elif not self._owner.options.answers_only and self._is_too_much():
            self.begin_events()
            self._cut(exchange)
            _dismiss(exchange, Refused(status=503, reason="the stored events took too long to load"))

    def _keep(self, *, is_kept: bool) -> None:
        """Keep what nobody reads now, for as long as somebody may come for it."""
        is_much = len(self._frames) > self._owner.options.limits.backlog
        if self._is_stored and (is_much or (is_kept and not self.is_standalone)):
            self._number_all()
        elif self.is_standalone:
            while len(self._frames) > self._owner.options.limits.backlog:
                self._frames.drop_oldest()
        elif not self._is_stored:
            # No client knows of it, so none can come for it.
            self._take()
        # Nobody is about to read it, so whoever waits for that waits no more.
        self._note_written()

    def _take(self) -> list[Frame]:
        self._note_written()
        return self._frames.take()

    def _note_written(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        for related, size in unwritten.items():
            self._owner.note_written(related, size)

    def _is_too_much(self) -> bool:
        limits = self._owner.options.limits
        return len(self._frames) > limits.outbox_messages or self._frames.size > limits.outbox_bytes

    def _number_all(self) -> None:
        """Number what waits, and write or store it."""
        frames = self._take()
        if not self._has_ids:
            exchange = self._exchange
            if exchange is not None and self._state is StreamState.CARRIED:
                for frame in frames:
                    exchange.events(encode_event(frame.data))
        else:
            self._store(frames)

    def _store(self, frames: list[Frame]) -> None:
        errands: list[StoreEvent] = []
        for frame in frames:
            # The number 0 is that of an event which only gives its id.
            number = self._number or (1 if frame.data else 0)
            self._number = number + 1
            event = StoredEvent(number=number, data=frame.data, awaited=tuple(self.awaited))
            errand = StoreEvent(session=self._owner.session_id, stream=self.name, event=event)
            self._storing.append((errand, frame))
            errands.append(errand)
        self._is_stored = self._is_stored or bool(errands)
        for errand in errands:
            self._owner.errand(errand)

    def _end_if_complete(self, exchange: ServerExchange) -> None:
        if self._exchange is not exchange:
            # It ended when the last event was stored.
            return
        if not self.awaited and not self.is_standalone and not self._storing and not len(self._frames):
            exchange.end()
            self._complete(exchange)

    def _release_if_stored(self, exchange: ServerExchange) -> None:
        """End the response that was released, once what was said before is written."""
        retry = self._release_retry
        if retry is None or self._storing or self._exchange is not exchange:
            return
        # It names the last event again, so that the client knows where it is.
        event_id = self._id(self._number - 1)
        exchange.events(encode_event(b"", event_id=event_id, retry=round(retry * 1000)))
        self._cut(exchange)
        exchange.end()

    def _complete(self, exchange: ServerExchange) -> None:
        self._exchange = None
        self._owner.left(self, exchange)
        self._finish()

    def _cut(self, exchange: ServerExchange) -> None:
        self._step(StreamInput.CUT)
        self._exchange = self._release_retry = None
        # What waits goes where all goes from now on: nothing more may come that would take it along.
        self._keep(is_kept=True)
        self._owner.left(self, exchange)
        self.settle()

    def _finish(self) -> None:
        self._step(StreamInput.FINISHED)
        self._owner.over(self)

    def _step(self, happened: StreamInput) -> HttpEffect | None:
        effect, self._state = STREAM[self._state][happened]
        return effect


def _dismiss(exchange: ServerExchange, refused: Refused) -> None:
    """End a response that goes on elsewhere; one that has not begun is refused."""
    if exchange.state is ExchangeState.STREAMING:
        exchange.abandon()
    else:
        exchange.refuse(refused)


def _lost(request_id: RequestId) -> Frame:
    """Return the answer to a request that nobody works on any more."""
    text = "the request is not answered: it was given up, or the server was started anew meanwhile"
    error = ErrorObject(code=INTERNAL_ERROR, message=text)
    data = encode(ErrorResponse(id=request_id, error=error))
    return Frame(data, is_answer=True, code=INTERNAL_ERROR)
