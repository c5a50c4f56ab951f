"""Keeping the events of streams, so that a client whose connection broke gets what it missed.

Sessions and events are kept by whoever performs these errands, in order, one by one; the endpoint goes on
meanwhile. What it kept nobody else may see, so a store must not be shared between servers that do not trust
each other.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias, assert_never

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.session import Errand, Outcome
from sansmcp.values import RequestId, Value

_EVENT_COST: Final = 300
"""Bytes of memory that it costs to keep an event, beside its data."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StoredEvent(Value):
    """One event of a stream, as it was kept."""

    number: int
    """Its number in the stream; each is one more than the one before."""
    data: bytes
    """One message as compact JSON; empty where the event only gave its id."""
    awaited: tuple[RequestId, ...] = ()
    """The requests that were still to be answered on the stream."""


class EventStore(Protocol):
    """Where sessions and the events of their streams are kept; its calls may block, and may raise.

    It may forget the oldest events of a stream, and never others. What it raises costs the client the events,
    never the session.
    """

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Keep an event of a stream.

        Args:
            session: the session of the stream.
            stream: the stream; no other stream of any session has its name.
            event: the event; its number is one more than that of the event before.
        """

    def load(self, session: str, stream: str, number: int) -> Sequence[StoredEvent]:
        """Return an event and all that came after it, in order; nothing if that event is not there.

        Args:
            session: the session of the stream.
            stream: the stream.
            number: the number of the event.
        """
        ...

    def store_session(self, session: str, record: bytes) -> None:
        """Keep what is to be known of a session, in place of what was kept before.

        Args:
            session: its id.
            record: what is to be known.
        """

    def load_session(self, session: str) -> bytes | None:
        """Return what was kept of a session; None if nothing was.

        Args:
            session: its id.
        """
        ...

    def forget(self, session: str) -> None:
        """Forget a session and all of its streams.

        Args:
            session: its id.
        """


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StoreEvent(Errand):
    """Keep an event; `events_stored` answers it, or `store_failed`. Nothing of it leaves before that."""

    session: str = attrs.field(repr=False)
    """The session that it belongs to."""
    stream: str
    """The stream that it belongs to."""
    event: StoredEvent
    """The event."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoadEvents(Errand):
    """Load an event and all after it; `events_loaded` answers it, or `store_failed`."""

    session: str = attrs.field(repr=False)
    """The session that they belong to."""
    stream: str
    """The stream that they belong to."""
    number: int
    """The number of the event that the client saw last."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StoreSession(Errand):
    """Keep what is to be known of a session; nothing waits for it."""

    session: str = attrs.field(repr=False)
    """Its id."""
    record: bytes = attrs.field(repr=False)
    """What is to be known."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoadSession(Errand):
    """Load what was kept of a session; `session_loaded` answers it, or `store_failed`."""

    session: str = attrs.field(repr=False)
    """Its id."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ForgetEvents(Errand):
    """Forget a session and all of its streams; nothing waits for it."""

    session: str = attrs.field(repr=False)
    """Its id."""


StoreErrand: TypeAlias = StoreEvent | LoadEvents | StoreSession | LoadSession | ForgetEvents
"""What is asked of a store."""


class StoreInputs(Protocol):
    """What an endpoint is told of its errands."""

    def events_stored(self, errand: StoreEvent, now: float) -> None:
        """Take in that an event was kept."""

    def events_loaded(self, errand: LoadEvents, events: Sequence[StoredEvent], now: float) -> None:
        """Take in what was kept of a stream."""

    def session_loaded(self, errand: LoadSession, record: bytes | None, now: float) -> None:
        """Take in what was kept of a session."""

    def store_failed(self, errand: StoreErrand, error: Exception, now: float) -> None:
        """Take in that an errand could not be done."""


def perform(errand: StoreErrand, store: EventStore, endpoint: StoreInputs) -> Outcome:
    """Do what is asked of a store, on a thread that may wait.

    Args:
        errand: what is asked.
        store: who is asked; what it raises becomes `store_failed`.
        endpoint: who asks; nothing is said to it here.

    Returns:
        What is to be called with the time afterwards, on the thread of the endpoint.
    """
    try:
        match errand:
            case StoreEvent():
                store.store(errand.session, errand.stream, errand.event)
                return partial(endpoint.events_stored, errand)
            case LoadEvents():
                events = store.load(errand.session, errand.stream, errand.number)
                return partial(endpoint.events_loaded, errand, events)
            case StoreSession():
                store.store_session(errand.session, errand.record)
            case LoadSession():
                return partial(endpoint.session_loaded, errand, store.load_session(errand.session))
            case ForgetEvents():
                store.forget(errand.session)
            case _:
                assert_never(errand)
    except Exception as error:  # noqa: BLE001 - whatever a store raises is the outcome of the errand
        return partial(endpoint.store_failed, errand, error)
    return _nothing


def _nothing(_now: float) -> None:
    pass


class MemoryEventStore:
    """Keeps the newest events in memory; an endpoint calls it in place, and its calls never wait.

    Sessions are kept until they are forgotten.

    Args:
        limit: how many bytes of events are kept; the oldest go first.
    """

    # The Go SDK keeps 10 MiB.
    def __init__(self, limit: int = 10 * 1024 * 1024) -> None:
        if limit < 0:
            raise LocalProtocolError(f"limit: expected bytes from 0, found {limit!r:.80}")
        self._limit = limit
        self._bytes = 0
        self._events: OrderedDict[tuple[str, str, int], StoredEvent] = OrderedDict()
        self._last: dict[str, dict[str, int]] = {}
        self._records: dict[str, bytes] = {}

    @property
    def size(self) -> int:
        """How many bytes it holds, with what keeping an event costs."""
        return self._bytes

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Keep an event; the oldest of all are forgotten where there is no room."""
        self._events[session, stream, event.number] = event
        self._last.setdefault(session, {})[stream] = event.number
        self._bytes += len(event.data) + _EVENT_COST
        while self._bytes > self._limit:
            (session, stream, number), oldest = self._events.popitem(last=False)
            self._bytes -= len(oldest.data) + _EVENT_COST
            streams = self._last[session]
            if streams[stream] == number:
                del streams[stream]
                if not streams:
                    del self._last[session]

    def load(self, session: str, stream: str, number: int) -> Sequence[StoredEvent]:
        """Return an event and all that came after it."""
        last = self._last.get(session, {}).get(stream, -1)
        if (session, stream, number) not in self._events:
            return ()
        return [self._events[session, stream, later] for later in range(number, last + 1)]

    def store_session(self, session: str, record: bytes) -> None:
        """Keep what is to be known of a session."""
        self._records[session] = record

    def load_session(self, session: str) -> bytes | None:
        """Return what was kept of a session."""
        return self._records.get(session)

    def forget(self, session: str) -> None:
        """Forget a session and all of its streams."""
        self._records.pop(session, None)
        for stream, last in self._last.pop(session, {}).items():
            number = last
            while (event := self._events.pop((session, stream, number), None)) is not None:
                self._bytes -= len(event.data) + _EVENT_COST
                number -= 1
