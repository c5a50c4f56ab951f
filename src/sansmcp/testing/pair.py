"""Both ends of a connection against each other, through real bytes and under a virtual clock.

No I/O, no thread, no waiting: a test says what happens and when, and looks at the events of each end
and at the lines between them. The same calls in the same order give the same bytes and events.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from sansmcp.errors import LocalProtocolError
from sansmcp.session import ClientEvent, ClientSession, LineLink, ServerEvent, ServerSession
from sansmcp.session.base import Session
from sansmcp.testing.streams import Cut, Stream, whole

EventT = TypeVar("EventT")

Sender: TypeAlias = Literal["C", "S"]
"""Who sent a line: the client or the server."""

# Far more than two ends need to come to rest, and few enough to fail at once.
_MOST_ROUNDS: Final = 10_000

# What a session holds for its peer or its user; all of it is gone when the session is.
_HELD: Final = ("calls_in_flight", "requests_in_flight", "requests_waiting", "bytes_waiting", "subscriptions")


class Line(NamedTuple):
    """One line of a transcript; it compares equal to a plain tuple."""

    sender: Sender
    """Who sent it."""
    text: str
    """The line, without its end."""


class _End(Generic[EventT]):
    """One session with its link, the stream that it writes to, and the events it has given."""

    def __init__(
        self,
        sender: Sender,
        session: Session[EventT],
        stream: Stream,
        on_event: Callable[[EventT], object] | None,
    ) -> None:
        self.sender: Final = sender
        self.session: Final = session
        self.link: Final = LineLink(session)
        self.stream: Final = stream
        self.events: list[EventT] = []
        self._on_event = on_event
        self._untold: deque[EventT] = deque()

    def drain(self) -> bool:
        """Collect what the session has to tell; say whether there was anything."""
        moved = False
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
            self._untold.append(event)
            moved = True
        return moved

    def tell(self) -> bool:
        """Hand the collected events on; say whether there were any."""
        moved = bool(self._untold)
        while self._untold:
            event = self._untold.popleft()
            if self._on_event is not None:
                self._on_event(event)
        return moved

    def write(self) -> None:
        """Put what the link has to send on its way."""
        self.stream.write(self.link.data_to_send())
        if self.link.done:
            self.stream.end()

    def left(self) -> list[str]:
        """Name what a session that should be over still holds."""
        stats = self.session.stats()
        left = [f"{name}={value}" for name in _HELD if (value := getattr(stats, name))]
        if not self.link.done:
            left.append(f"link={stats.link.value}")
        if (deadline := self.session.next_deadline()) is not None:
            left.append(f"deadline={deadline} ({self.session.deadline_reason()})")
        return left


_AnyEnd: TypeAlias = _End[ClientEvent] | _End[ServerEvent]


class Pair:
    """A client and a server, joined by two streams of bytes.

    After each command to one of the sessions call `settle`, which moves bytes until nothing moves, or
    `advance`, which also lets time pass.

    Args:
        client: the client's session.
        server: the server's session.
        cut: how the bytes are cut on their way; whole by default.
        start: the time at the beginning, in seconds.
        on_client_event: told of each event of the client, after it was put into `client_events`; it may
            give commands to both sessions.
        on_server_event: the same for the server.
    """

    def __init__(
        self,
        client: ClientSession,
        server: ServerSession,
        *,
        cut: Cut = whole,
        start: float = 0.0,
        on_client_event: Callable[[ClientEvent], object] | None = None,
        on_server_event: Callable[[ServerEvent], object] | None = None,
    ) -> None:
        self.client: Final = client
        self.server: Final = server
        self.now = start
        self.transcript: list[Line] = []
        self._client_end = _End[ClientEvent]("C", client, Stream(cut), on_client_event)
        self._server_end = _End[ServerEvent]("S", server, Stream(cut), on_server_event)
        self._stalls = 0

    # What happened

    @property
    def client_events(self) -> list[ClientEvent]:
        """The events of the client since they were last taken; the list may be changed."""
        return self._client_end.events

    @property
    def server_events(self) -> list[ServerEvent]:
        """The events of the server since they were last taken; the list may be changed."""
        return self._server_end.events

    def take_client_events(self) -> list[ClientEvent]:
        """Return the events of the client and forget them."""
        events, self._client_end.events = self._client_end.events, []
        return events

    def take_server_events(self) -> list[ServerEvent]:
        """Return the events of the server and forget them."""
        events, self._server_end.events = self._server_end.events, []
        return events

    def lines_of(self, sender: Sender) -> list[str]:
        """Return what one end has sent, line by line."""
        return [line.text for line in self.transcript if line.sender == sender]

    # Bytes and time

    def settle(self) -> None:
        """Move bytes, ends of streams and events until nothing moves; no time passes.

        Raises:
            AssertionError: the ends do not come to rest.
        """
        for _ in range(_MOST_ROUNDS):
            if not self._move():
                return
        raise AssertionError(f"the ends do not come to rest; the last lines are {self.transcript[-4:]!r}")

    def advance(self, seconds: float) -> None:
        """Let time pass, from deadline to deadline, with everything settled at each.

        Args:
            seconds: how long.

        Raises:
            AssertionError: time stands still, because the same deadline comes again and again.
        """
        if seconds < 0:
            raise LocalProtocolError(f"advance({seconds!r}): time moves forward only")
        until = self.now + seconds
        self.settle()
        while self._pass_deadline(until):
            pass
        self.now = until

    def run_until(self, condition: Callable[[], bool], *, within: float = 3600.0) -> None:
        """Let time pass, from deadline to deadline, until something is so.

        Args:
            condition: says whether it is so; it is asked whenever everything has settled.
            within: the most seconds to let pass.

        Raises:
            AssertionError: it did not become so, and nothing that is left in that time could change it.
        """
        until = self.now + within
        self.settle()
        while not condition():
            if not self._pass_deadline(until):
                raise AssertionError(
                    f"at {self.now} it is not so, and nothing happens within {within} s; "
                    f"the next deadline is {self.next_deadline()}"
                )

    def next_deadline(self) -> float | None:
        """Return the earlier of the next deadlines of the two ends, or None."""
        deadlines = (self.client.next_deadline(), self.server.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    # What happens to the connection

    def send_as_client(self, data: bytes) -> None:
        """Put bytes of one's own on their way to the server, after what the client has to send by now."""
        self._client_end.write()
        self._client_end.stream.write(data)

    def send_as_server(self, data: bytes) -> None:
        """Put bytes of one's own on their way to the client, after what the server has to send by now."""
        self._server_end.write()
        self._server_end.stream.write(data)

    def close_client(self) -> None:
        """Let the client close the connection, and settle."""
        self.client.close(self.now)
        self.settle()

    def close_server(self) -> None:
        """Let the server close the connection, and settle."""
        self.server.close(self.now)
        self.settle()

    def end_client_output(self) -> None:
        """End the stream to the server after what the client has to send by now, and settle."""
        self._client_end.write()
        self._client_end.stream.end()
        self.settle()

    def end_server_output(self) -> None:
        """End the stream to the client after what the server has to send by now, and settle."""
        self._server_end.write()
        self._server_end.stream.end()
        self.settle()

    def break_off(self) -> None:
        """Lose the connection: what is under way is lost, both ends read the end; settle."""
        for end in (self._client_end, self._server_end):
            end.write()
            end.stream.break_off()
        self.settle()

    def check_ends_empty(self) -> None:
        """Check that both ends are closed and hold nothing any more.

        Raises:
            AssertionError: something is left; it names what, at which end.
        """
        self.settle()
        left = [f"client: {what}" for what in self._client_end.left()]
        left += [f"server: {what}" for what in self._server_end.left()]
        if left:
            raise AssertionError(f"left after the end: {'; '.join(left)}")

    def _pass_deadline(self, until: float) -> bool:
        """Let time pass to the next deadline; say whether there is one by then."""
        due = self.next_deadline()
        if due is None or due > until:
            return False
        self._stalls = self._stalls + 1 if due <= self.now else 0
        if self._stalls > _MOST_ROUNDS:
            reasons = (self.client.deadline_reason(), self.server.deadline_reason())
            raise AssertionError(f"time stands still at {self.now}; the deadlines are for {reasons!r}")
        self.now = max(self.now, due)
        for end in (self._client_end, self._server_end):
            end.link.handle_timeout(self.now)
            end.drain()
        self.settle()
        return True

    def _move(self) -> bool:
        """Move what is there once in each direction; say whether anything moved."""
        ends = (self._client_end, self._server_end)
        drained = [end.drain() for end in ends]
        # Whoever is told may give commands, so everything is drained before anybody is told; and
        # nobody is told between two pieces, or the cut of the bytes would change what happens.
        told = [end.tell() for end in ends]
        carried = [
            self._carry(self._client_end, self._server_end),
            self._carry(self._server_end, self._client_end),
        ]
        return any(drained + told + carried)

    def _carry(self, source: _AnyEnd, target: _AnyEnd) -> bool:
        source.write()
        pieces = source.stream.take()
        for piece in pieces:
            self._record(source.sender, source.stream.lines(piece))
            target.link.receive_data(piece, self.now)
            target.drain()
        if not source.stream.take_end():
            return bool(pieces)
        self._record(source.sender, source.stream.rest())
        target.link.receive_eof(self.now)
        return True

    def _record(self, sender: Sender, lines: list[str]) -> None:
        self.transcript.extend(Line(sender, line) for line in lines)
