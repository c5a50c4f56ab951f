"""HTTP+SSE, the transport of 2024-11-05: a stream of events that is the session, and POSTs beside it.

The stream tells with its first event where messages are to be sent; each answer comes on the stream. The
session lasts as long as the stream, and nothing can be asked for again.

Source: 2024-11-05, Transports, HTTP with SSE.
"""

import re
from typing import Final, Protocol

from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.frames import Frames, cancellation
from sansmcp.http.server.sources import Source
from sansmcp.http.settings import HttpOptions
from sansmcp.session import Cancel, Close, Deadlines, Send, ServerSession
from sansmcp.wire import encode_event

_QUERY: Final = re.compile(r"session_id=([0-9a-f]{32})")


class SseOwner(Protocol):
    """What it asks of its endpoint."""

    now: float

    @property
    def options(self) -> HttpOptions:
        """How it is set up."""
        ...

    @property
    def deadlines(self) -> Deadlines:
        """What is due."""
        ...

    def touch(self, source: "SseSession", /) -> None:
        """Say that its session may have events."""

    def attend(self, source: "SseSession", /) -> None:
        """Say that it wants to be settled, after the command or the input that goes on now."""

    def unlisted(self, source: "SseSession", /) -> None:
        """Take in that nothing can be sent to it any more."""


class SseSession(Source):
    """One client of 2024-11-05: its session, and the exchange that carries all that it is told.

    Args:
        owner: the endpoint.
        session_id: names it in the address that it sends messages to.
        session: the session.
        exchange: the exchange.
        address: where it is to send messages.
    """

    __slots__ = (
        "_exchange",
        "_frames",
        "_is_closed",
        "_is_heard",
        "_owner",
        "_tells",
        "principal",
        "session_id",
    )

    def __init__(
        self,
        owner: SseOwner,
        session_id: str,
        session: ServerSession,
        exchange: ServerExchange,
        address: str,
    ) -> None:
        self.session_id: Final = session_id
        """Names it."""
        self.principal: Final = exchange.principal
        """Who opened it."""
        super().__init__(session)
        self._owner = owner
        self._exchange = exchange
        self._is_heard = True
        self._is_closed = False
        self._frames = Frames()
        self._tells = 0
        session.watch(self._touched)
        exchange.carry(self)
        exchange.events(encode_event(address.encode(), event="endpoint"))

    # As an exchange sees it

    def pull(self) -> None:
        """Hand what there is to the exchange."""
        self._tells = 0
        self._take()
        exchange = self._exchange
        for frame in self._frames.take():
            exchange.events(encode_event(frame.data, event="message"))
        if self._is_closed:
            exchange.end()
            self._leave()

    def begin_events(self) -> None:
        """Do nothing: it began with events."""

    def left(self, exchange: ServerExchange, reason: str, now: float) -> None:  # noqa: ARG002
        """Take in that the client is gone, and the session with it."""
        self._leave()
        self.session.receive_eof(now, reason)
        self._owner.attend(self)

    def next_deadline(self) -> float | None:
        """Return when the session wants to be woken, or None."""
        return self.session.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let happen what is due for the session."""
        self.session.handle_timeout(now)

    # As the endpoint sees it

    def close(self, now: float) -> None:
        """End it in good order."""
        self.session.close(now)

    def settle(self) -> None:
        """Take what no exchange takes, or not fast enough."""
        self._take()
        if not self._is_heard:
            self._frames.take()
            at = self.session.next_deadline()
            if at is None:
                self._owner.deadlines.disarm(self)
            else:
                self._owner.deadlines.arm(self, at, "a session that nobody hears", self._due)
            return
        self._tells = 0
        limits = self._owner.options.limits
        if len(self._frames) > limits.outbox_messages or self._frames.size > limits.outbox_bytes:
            self._exchange.abandon()
            self.left(self._exchange, "the client was too slow to read", self._owner.now)

    # Inside

    def _touched(self) -> None:
        if self._is_heard:
            self._exchange.wake()
        self._tells += 1
        if not self._is_heard or self._tells > self._owner.options.limits.outbox_messages:
            self._owner.attend(self)
        self._owner.touch(self)

    def _due(self) -> None:
        self.session.handle_timeout(self._owner.now)
        self._owner.attend(self)

    def _take(self) -> None:
        for action in self.session.actions():
            if isinstance(action, Send):
                self._frames.put(action)
            elif isinstance(action, Cancel):
                self._frames.put_frame(cancellation(action))
            elif isinstance(action, Close):
                self._is_closed = True

    def _leave(self) -> None:
        self._is_heard = False
        self._owner.unlisted(self)


def address_of(target: str, options: HttpOptions, session_id: str) -> str:
    """Return where a client sends messages that asked for a stream at a target.

    Args:
        target: the target, which may have a prefix where the endpoint is mounted.
        options: how the endpoint is set up.
        session_id: names the session.
    """
    path = target.partition("?")[0]
    prefix = path[: len(path) - len(options.sse_path)]
    return f"{prefix}{options.messages_path}?session_id={session_id}"


def session_of(target: str) -> str:
    """Return the session that a target names; an empty text if it names none."""
    found = _QUERY.fullmatch(target.partition("?")[2])
    return "" if found is None else found[1]
