"""What a server's endpoint gives out, events, errands, exchanges and deadlines, and what answers errands."""

import abc
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from sansmcp.http.refusals import Refused
from sansmcp.http.server.alone import Alone
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.http_sse import SseSession
from sansmcp.http.server.sessions import HttpSession, SessionTable
from sansmcp.http.server.sources import Noted, Source
from sansmcp.http.server.store import (
    EventStore,
    LoadEvents,
    LoadSession,
    MemoryEventStore,
    StoredEvent,
    StoreErrand,
    StoreEvent,
    perform,
)
from sansmcp.http.settings import HttpOptions
from sansmcp.schema import Revision
from sansmcp.session import (
    Deadlines,
    Disconnected,
    Errand,
    ExchangeEnded,
    Outcome,
    ServerEvent,
    ServerSession,
)
from sansmcp.values import RequestId

STREAMABLE_SINCE: Final = "2025-03-26"
"""The first revision with Streamable HTTP; the one before has a transport of its own."""


class OpenHttpSession(Protocol):
    """Makes the session of a client, or of one request."""

    def __call__(
        self, *, principal: str | None, answers_only: bool, sessions_off: bool, since: Revision
    ) -> ServerSession:
        """Return a new session.

        Args:
            principal: who the client is.
            answers_only: whether nothing but answers can reach it.
            sessions_off: whether the session serves one request alone.
            since: the oldest revision that the transport carries.
        """
        ...


class HttpOutputs(abc.ABC):
    """The endpoint as whoever drives it takes from it; see `ServerHttp` for the arguments."""

    def __init__(
        self,
        open_session: OpenHttpSession,
        *,
        options: HttpOptions,
        random: Callable[[int], bytes],
    ) -> None:
        self.options: Final = options
        """How it is set up."""
        self.now = float("-inf")
        """The latest time that it was told."""
        self._open_session = open_session
        self._random = random
        self._table = SessionTable()
        self._alone: dict[Alone, None] = {}
        self._ready: dict[ServerExchange, None] = {}
        self._eventful: deque[Source] = deque()
        self._attended: dict[Alone | HttpSession | SseSession, None] = {}
        self._errands: list[Errand] = []
        self._deadlines = Deadlines()
        self._loading: dict[str, list[Callable[[HttpSession | None], None]]] = {}
        self._instance = random(6).hex()
        self._names = 0

    # What a driver takes

    @property
    def deadlines(self) -> Deadlines:
        """What is due and belongs to no exchange; middleware that waits arms and disarms it."""
        return self._deadlines

    def next_event(self) -> tuple[ServerSession, ServerEvent] | None:
        """Take the next event of any session, with the session, or None."""
        if self._attended:
            self._settle()
        while self._eventful:
            source = self._eventful[0]
            event = None if source.is_told else source.session.next_event()
            if event is not None and not (source.serves_one and isinstance(event, Disconnected)):
                return source.session, event
            self._eventful.popleft()
            source.is_queued = False
            if source.serves_one and not source.is_told and (source.is_over or event is not None):
                source.is_told = True
                # One is made for each request: what the collector of cycles had to find would cost a quarter.
                source.session.let_go()
                return source.session, ExchangeEnded(reason=source.reason if event is None else event.reason)
        return None

    def actions(self) -> Sequence[Errand]:
        """Take what is to be done outside any exchange, in order."""
        if self._attended:
            self._settle()
        errands, self._errands = self._errands, []
        return errands

    def ready(self) -> list[ServerExchange]:
        """Take the exchanges that may have something to write, another deadline or their end."""
        if self._attended:
            self._settle()
        ready = list(self._ready)
        self._ready.clear()
        return ready

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted for what belongs to no exchange, or None."""
        if self._attended:
            self._settle()
        return self._deadlines.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due and belongs to no exchange.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self.advance(now)

    # What exchanges, streams and sessions say

    def advance(self, now: float) -> None:
        """Let everything happen that is due."""
        self.now = max(self.now, now)
        while (act := self._deadlines.take_due(self.now)) is not None:
            act()

    def wake(self, exchange: ServerExchange) -> None:
        """Say that an exchange may have something to write, another deadline or its end."""
        self._ready[exchange] = None

    def touch(self, source: Source, /) -> None:
        """Say that a session may have events, or is over."""
        # What a handler says comes with a time that nobody else was told.
        self.now = max(self.now, source.session.now)
        if not source.is_queued and not source.is_told:
            source.is_queued = True
            self._eventful.append(source)
        if source.is_over and isinstance(source, Alone):
            self._alone.pop(source, None)

    def attend(self, source: Alone | HttpSession | SseSession, /) -> None:
        """Say that something wants to be settled, after the command or the input that goes on now."""
        self._attended[source] = None

    def new_name(self) -> str:
        """Return a name that no stream has, not of another process either."""
        self._names += 1
        return f"{self._instance}-{self._names:x}"

    def refused(self, exchange: ServerExchange, refused: Refused, request_id: RequestId | None) -> None:
        """Tell that a request was refused."""
        session = self._session_of(exchange.principal, is_alone=True)
        session.note_violation(refused.reason, self.now, code=refused.code, request_id=request_id)
        self.touch(Noted(session))

    def note_violation(self, reason: str, now: float) -> None:
        """Tell what a binding refused before it was a request, such as a malformed head.

        Afterwards drain next_event().

        Args:
            reason: what was found and what was expected.
            now: the time.
        """
        self.advance(now)
        session = self._session_of(None, is_alone=True)
        session.note_violation(reason, self.now)
        self.touch(Noted(session))

    def ended(self, session: HttpSession) -> None:
        """Take in that a session is over: its id is unknown from now on."""
        self._table.remove(session)

    # The store

    @property
    def store(self) -> EventStore | None:
        """Where events are kept."""
        return self.options.event_store

    def errand(self, errand: StoreErrand) -> None:
        """Ask for something of the store, at once where that is memory."""
        store = self.options.event_store
        if store is None:
            return
        if type(store) is MemoryEventStore:
            perform(errand, store, self)(self.now)
        else:
            self._errands.append(errand)

    def perform(self, errand: StoreErrand) -> Outcome:
        """Do an errand with the store of the settings; it may be called from another thread, and may wait.

        Args:
            errand: what `actions` gave.

        Returns:
            What is to be called with the time afterwards, on the endpoint's thread; then drain.
        """
        store = self.options.event_store
        if store is None:
            raise AssertionError("unreachable: without a store there are no errands")
        return perform(errand, store, self)

    def events_stored(self, errand: StoreEvent, now: float) -> None:
        """Take in that an event was kept.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self._stored(errand, now, has_failed=False)

    def events_loaded(self, errand: LoadEvents, events: Sequence[StoredEvent], now: float) -> None:
        """Take in what was kept of a stream: the named event and all after it, or nothing.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self.advance(now)
        session = self._table.of(errand.session)
        if session is not None:
            session.loaded(errand, tuple(events))

    def session_loaded(self, errand: LoadSession, record: bytes | None, now: float) -> None:
        """Take in what was kept of a session.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self.advance(now)
        found = None if record is None else self._restore(errand.session, record)
        for go_on in self._loading.pop(errand.session, ()):
            go_on(found)

    def store_failed(self, errand: StoreErrand, error: Exception, now: float) -> None:
        """Take in that an errand could not be done.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self.advance(now)
        if isinstance(errand, StoreEvent):
            self._stored(errand, now, has_failed=True)
        elif isinstance(errand, LoadEvents):
            self.events_loaded(errand, (), now)
        elif isinstance(errand, LoadSession):
            self.session_loaded(errand, None, now)
        self.note_violation(f"the event store failed: {error!r:.200}", now)

    # Inside

    def _stored(self, errand: StoreEvent, now: float, *, has_failed: bool) -> None:
        self.advance(now)
        session = self._table.of(errand.session)
        stream = None if session is None else session.stream(errand.stream)
        if stream is not None:
            stream.stored(errand, has_failed=has_failed)

    @abc.abstractmethod
    def _restore(self, session_id: str, record: bytes) -> HttpSession | None:
        """Open a session again that another process has kept."""

    def _session_of(
        self, principal: str | None, *, is_alone: bool, since: Revision = STREAMABLE_SINCE
    ) -> ServerSession:
        session = self._open_session(
            principal=principal,
            answers_only=self.options.answers_only,
            sessions_off=is_alone and not self.options.sessions,
            since=since,
        )
        # The time begins with the client, so that nothing counts from before it.
        session.handle_timeout(self.now)
        return session

    def _settle(self) -> None:
        while self._attended:
            source, _ = self._attended.popitem()
            source.settle()
