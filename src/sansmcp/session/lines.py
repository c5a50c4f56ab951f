"""Endpoints over streams of lines: stdio, TCP, Unix sockets, pipes.

Each link carries one session. A server has one for each peer, a client one at a time: with `Restart` it
makes a lost connection again, on a new session, and opens its subscriptions anew.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, Revision
from sansmcp.session.actions import Send
from sansmcp.session.base import Session
from sansmcp.session.client import ClientSession
from sansmcp.session.deadlines import Deadlines
from sansmcp.session.endpoint import Dial, EndpointAction
from sansmcp.session.events import (
    CallHandle,
    ChangeReceived,
    ClientEvent,
    Connected,
    ConnectionLost,
    Disconnected,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
    ServerEvent,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)
from sansmcp.session.link import LineLink, Link, WrapLink
from sansmcp.session.negotiation import Finding
from sansmcp.session.raw import HearMessage
from sansmcp.session.server import ServerSession
from sansmcp.session.settings import Restart
from sansmcp.session.states import LinkState
from sansmcp.values import JSON
from sansmcp.wire import DEFAULT_LIMITS, Limits, Request

SessionT = TypeVar("SessionT", bound=Session)  # type: ignore[type-arg]
EventT = TypeVar("EventT")


class _Touched(Generic[SessionT]):
    """Which links have something for the driver, and which of their sessions may have events."""

    def __init__(self, limits: Limits, wrap_link: WrapLink | None, on_message: HearMessage | None) -> None:
        self._limits = limits
        self._wrap_link = wrap_link
        self._on_message = on_message
        self._ready: dict[Link, None] = {}
        self._eventful: deque[LineLink[SessionT]] = deque()
        self._queued: set[LineLink[SessionT]] = set()

    def link_for(self, session: SessionT, peer: str | None = None) -> tuple[LineLink[SessionT], Link]:
        """Return the link of a session, and the one that the driver gets."""
        link = LineLink(session, self._limits, peer=peer, on_message=self._on_message)
        shown = link if self._wrap_link is None else self._wrap_link(link)
        session.watch(partial(self._touch, link, shown))
        return link, shown

    def ready(self) -> list[Link]:
        ready = list(self._ready)
        self._ready.clear()
        return ready

    def next_event(self) -> tuple[LineLink[SessionT], JSON] | None:
        while self._eventful:
            link = self._eventful[0]
            event = link.session.next_event()
            if event is not None:
                return link, event
            self._eventful.popleft()
            self._queued.discard(link)
        return None

    def _touch(self, link: LineLink[SessionT], shown: Link) -> None:
        self._ready[shown] = None
        if link not in self._queued:
            self._queued.add(link)
            self._eventful.append(link)


class ServerLines:
    """A server's endpoint: a session of its own for each peer that comes.

    Args:
        open_session: makes the session of a peer.
        limits: what a message may contain.
        wrap_link: puts something between each link and its driver.
        on_message: told of each message as bytes.
    """

    def __init__(
        self,
        open_session: Callable[[], ServerSession],
        *,
        limits: Limits = DEFAULT_LIMITS,
        wrap_link: WrapLink | None = None,
        on_message: HearMessage | None = None,
    ) -> None:
        self._open_session = open_session
        self._touched: _Touched[ServerSession] = _Touched(limits, wrap_link, on_message)
        self._links: dict[LineLink[ServerSession], None] = {}
        self._deadlines = Deadlines()

    @property
    def deadlines(self) -> Deadlines:
        """What is due for middleware that waits; whoever keeps them arms and disarms it."""
        return self._deadlines

    @property
    def links(self) -> tuple[LineLink[ServerSession], ...]:
        """The links of the peers that are here."""
        return tuple(self._links)

    def accept(self, now: float) -> Link:
        """Return the link for a peer that has come.

        Args:
            now: the time.
        """
        session = self._open_session()
        # The time begins with the peer, so that nothing counts from before it.
        session.handle_timeout(now)
        link, shown = self._touched.link_for(session)
        self._links[link] = None
        return shown

    def next_event(self) -> tuple[ServerSession, ServerEvent] | None:
        """Take the next event of any session, with the session, or None."""
        found = self._touched.next_event()
        if found is None:
            return None
        link, event = found
        if isinstance(event, Disconnected):
            self._links.pop(link, None)
        return link.session, event

    def actions(self) -> Sequence[EndpointAction]:
        """Return nothing: whoever comes brings a stream."""
        return ()

    def ready(self) -> list[Link]:
        """Take the links that may have bytes, another deadline or their end since the last call."""
        return self._touched.ready()

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted for what belongs to no link, or None."""
        return self._deadlines.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due and belongs to no link.

        Afterwards drain next_event(), ready() and the deadlines.
        """
        while (act := self._deadlines.take_due(now)) is not None:
            act()

    def close(self, now: float) -> None:
        """End every connection in good order; it may be said again.

        Afterwards drain next_event(), ready() and the deadlines, until every link is done.
        """
        for link in self.links:
            link.session.close(now)


class OpenSession(Protocol):
    """Makes the session of a client."""

    def __call__(
        self, *, revisions: Sequence[Revision] | None, finding: Finding | None, handles: Iterator[int]
    ) -> ClientSession:
        """Return a new session.

        Args:
            revisions: the revisions to speak; None for those of the client.
            finding: what was learned about the server; None for what the client was told.
            handles: where the handles of calls come from.
        """
        ...


class ClientLines:
    """A client's endpoint: one session at a time, on a stream that it asks for with `Dial`.

    Args:
        open_session: makes a session.
        address: where the server is, for whoever dials.
        revisions: the revisions that are spoken.
        dials_again: whether the address leads to the server more than once.
        peer: the server in words, for what is told of the end.
        restart: how a lost connection is made again; None to let it be.
        random: gives random bytes.
        limits: what a message may contain.
        wrap_link: puts something between each link and its driver.
        on_message: told of each message as bytes.
    """

    def __init__(
        self,
        open_session: OpenSession,
        address: JSON,
        *,
        revisions: Sequence[Revision],
        dials_again: bool = True,
        peer: str | None = None,
        restart: Restart | None = None,
        random: Callable[[int], bytes],
        limits: Limits = DEFAULT_LIMITS,
        wrap_link: WrapLink | None = None,
        on_message: HearMessage | None = None,
    ) -> None:
        if restart is not None and not dials_again:
            raise LocalProtocolError("restart: expected a command or an address, found a stream")
        self._open_session = open_session
        self._address = address
        self._revisions = tuple(revisions)
        self._dials_again = dials_again
        self._peer = peer
        self._restart = restart
        self._random = random
        self._touched: _Touched[ClientSession] = _Touched(limits, wrap_link, on_message)
        self._handles: Iterator[int] = itertools.count(1)
        self._actions: list[Dial] = []
        self._own_events: deque[ClientEvent] = deque()
        self._listening: dict[CallHandle, schema.SubscriptionFilter] = {}
        self._ending: list[SubscriptionEnded] = []
        self._lost: dict[CallHandle, SubscriptionEnded] = {}
        self._reopening: set[CallHandle] = set()
        self._again_at: float | None = None
        self._deadlines = Deadlines()
        self._attempts = 0
        self._knew_server = False
        self._connected_at = float("inf")
        self._was_connected = False
        self._closing = False
        self._session, self._link = self._new_link(None, None)

    @property
    def session(self) -> ClientSession:
        """The session that calls are made on; after a restart it is another one."""
        return self._session

    @property
    def is_restarting(self) -> bool:
        """Whether a lost connection waits to be made again; until then no call can be sent."""
        return self._again_at is not None

    def connect(self, now: float) -> None:
        """Begin: ask for a stream, and for the server's era on it.

        Afterwards drain next_event(), actions(), ready() and the deadlines.

        Raises:
            LocalProtocolError: if it was called before.
        """
        self.session.connect(now)
        self._actions.append(Dial(link=self._link, address=self._address))

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        """Give up a call or a subscription, one that is to be opened again too; see `ClientSession.cancel`.

        Afterwards drain next_event(), ready() and the deadlines.

        Args:
            handle: the call or the subscription.
            now: the time.
            reason: one sentence for the server's log.

        Raises:
            LocalProtocolError: if its method is never cancelled.
        """
        self.session.cancel(handle, now, reason=reason)
        self._listening.pop(handle, None)
        self._lost.pop(handle, None)
        self._reopening.discard(handle)

    def close(self, now: float) -> None:
        """End the connection in good order, for good; it may be said again.

        Afterwards drain next_event(), ready() and the deadlines, until `Disconnected` comes.
        """
        self._closing = True
        if self.is_restarting:
            self._again_at = None
            self._give_up(Disconnected(reason="this side closed the connection"))
        self.session.close(now)

    # Outputs

    def next_event(self) -> tuple[ClientSession, ClientEvent] | None:
        """Take the next event, with its session, or None."""
        while True:
            if self._own_events:
                return self.session, self._own_events.popleft()
            found = self._touched.next_event()
            if found is None:
                return None
            link, event = found
            if not self._keep(link.session, event):
                return link.session, event

    def actions(self) -> Sequence[Dial]:
        """Take what is to be dialled."""
        actions, self._actions = self._actions, []
        # What was closed before it was dialled needs no stream any more.
        return [action for action in actions if not action.link.done]

    def ready(self) -> list[Link]:
        """Take the links that may have bytes, another deadline or their end since the last call."""
        return self._touched.ready()

    @property
    def deadlines(self) -> Deadlines:
        """What is due for calls that wait for a connection; whoever keeps them arms and disarms it."""
        return self._deadlines

    def next_deadline(self) -> float | None:
        """Return when a lost connection is to be made again or a waiting call is due, or None."""
        waiting = self._deadlines.next_deadline()
        if waiting is None or self._again_at is None:
            return waiting if self._again_at is None else self._again_at
        return min(waiting, self._again_at)

    def handle_timeout(self, now: float) -> None:
        """Make a lost connection again when that is due, and end the calls whose time is up.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        while (act := self._deadlines.take_due(now)) is not None:
            act()
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
            self._dial_again(now, None, self.session.finding)

    # What a restart hides, and what it begins

    def _keep(self, session: ClientSession, event: ClientEvent) -> bool:
        """Take note of an event; say whether the user is not to see it, since the connection goes on."""
        match event:
            case RequestFailed() | RequestTimedOut() | RequestLost() if event.handle in self._reopening:
                # It was acknowledged once, so what the user is told of is an end.
                reason = event.message if isinstance(event, RequestFailed) else event.reason
                self._keep_subscription(session, SubscriptionEnded(handle=event.handle, reason=reason))
                return True
            case ResponseReceived() | RequestFailed() | ChangeReceived():
                self._attempts = 0
            case Connected():
                self._knew_server = True
                self._connected_at = session.now
                self._listen_again(session)
            case SubscriptionAcknowledged():
                self._attempts = 0
                self._reopening.discard(event.handle)
                self._listening[event.handle] = event.filter
            case SubscriptionEnded():
                self._keep_subscription(session, event)
                return True
            case Disconnected():
                self._keep_end(session, event)
                return True
            case _:
                pass
        return False

    def _keep_subscription(self, session: ClientSession, ended: SubscriptionEnded) -> None:
        self._reopening.discard(ended.handle)
        if session.link is LinkState.CLOSED:
            # The reason of the end, which comes last, tells what the server ended from what went with it.
            self._ending.append(ended)
        else:
            self._end_subscription(ended)

    def _end_subscription(self, ended: SubscriptionEnded) -> None:
        self._listening.pop(ended.handle, None)
        self._own_events.append(ended)

    def _keep_end(self, session: ClientSession, event: Disconnected) -> None:
        ending, self._ending = self._ending, []
        for ended in ending:
            if ended.reason == event.reason and ended.handle in self._listening:
                self._lost[ended.handle] = ended
            else:
                self._end_subscription(ended)
        # With a finding, `Connected` comes before the server has said a word.
        self._was_connected |= self._knew_server and session.stats().messages_received > 0
        legacy: tuple[Revision, ...] = tuple(
            revision for revision in self._revisions if revision in LEGACY_REVISIONS
        )
        if event.while_probing and self._dials_again and not self._closing and legacy and _was_asked(session):
            # Some legacy servers exit on a request before initialize (2026-07-28, stdio).
            self._dial_again(session.now, legacy, None)
        elif (restart := self._restarts(session)) is not None:
            delay = restart.delay(self._attempts, self._random(1)[0] / 255)
            self._attempts += 1
            self._again_at = session.now + delay
            # What was cancelled on the session itself is of no interest any more.
            self._listening = {handle: self._listening[handle] for handle in self._lost}
            self._own_events.append(ConnectionLost(reason=event.reason, attempt=self._attempts, delay=delay))
        else:
            self._give_up(event)

    def _restarts(self, session: ClientSession) -> Restart | None:
        """Return how a connection that is lost now is made again; None if it is not."""
        restart = self._restart
        if restart is None or self._closing or not self._was_connected:
            return None
        lasted = session.now - self._connected_at > restart.most_delay
        if lasted and session.stats().messages_received:
            # The server was well, though nobody asked for anything.
            self._attempts = 0
        return restart if self._attempts < restart.attempts else None

    def _give_up(self, end: Disconnected) -> None:
        for ended in self._lost.values():
            self._end_subscription(ended)
        self._lost.clear()
        self._own_events.append(end)

    def _dial_again(self, now: float, revisions: Sequence[Revision] | None, finding: Finding | None) -> None:
        self._session, self._link = self._new_link(revisions, finding)
        self.connect(now)

    def _new_link(
        self, revisions: Sequence[Revision] | None, finding: Finding | None
    ) -> tuple[ClientSession, Link]:
        session = self._open_session(revisions=revisions, finding=finding, handles=self._handles)
        return session, self._touched.link_for(session, self._peer)[1]

    def _listen_again(self, session: ClientSession) -> None:
        if session.link is LinkState.CLOSED:
            # It was lost again at once; the next connection will do.
            return
        lost, self._lost = self._lost, {}
        for handle, ended in lost.items():
            try:
                session.listen(self._listening[handle], session.now, handle=handle)
            except LocalProtocolError as error:
                self._end_subscription(attrs.evolve(ended, reason=str(error)))
            else:
                self._reopening.add(handle)


def _was_asked(session: ClientSession) -> bool:
    """Say whether the probe of a session that has ended was sent: if not, it drove no server away."""
    return not any(
        isinstance(action, Send)
        and isinstance(action.message, Request)
        and action.message.method == "server/discover"
        for action in session.actions()
    )
