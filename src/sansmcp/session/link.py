"""A session over lines: stdio, TCP, Unix sockets and pipes carry one JSON-RPC message a line.

A driver feeds the bytes it reads and writes the bytes it takes; it knows nothing of lines or JSON.

Source: the stdio page of every revision.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

from sansmcp.session.actions import Cancel, Send
from sansmcp.session.base import PEER_CLOSED, Session
from sansmcp.session.raw import Direction, HearMessage, RawMessage
from sansmcp.session.states import LinkState
from sansmcp.wire import DEFAULT_LIMITS, Limits, LineReader, Notification, Violation, decode, encode

SessionT = TypeVar("SessionT", bound=Session)  # type: ignore[type-arg]


class Link(Protocol):
    """One byte stream, as a driver sees it; a link is equal to itself alone."""

    def __hash__(self) -> int: ...

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in bytes that were read; after the end of the input they are dropped."""

    def receive_eof(self, now: float, reason: str = PEER_CLOSED) -> None:
        """Take in that nothing more will be read, and why; it may be said again."""

    def data_to_send(self) -> bytes:
        """Take the bytes to write; call it only when about to write them, and drain afterwards."""
        ...

    @property
    def done(self) -> bool:
        """Nothing more will come: close the stream once data_to_send() is empty."""
        ...

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        ...

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""


WrapLink: TypeAlias = Callable[[Link], Link]
"""Puts something between a link and its driver that sees all bytes, such as `trace.Tap`."""


class LineLink(Generic[SessionT]):
    """Carries one session over a stream of lines.

    Args:
        session: the session; its actions are taken by the link, its events by the caller.
        limits: what a message may contain.
        peer: the peer in words, such as an address, for what is told of the end.
        on_message: told of each line that is read or about to be written.
    """

    def __init__(
        self,
        session: SessionT,
        limits: Limits = DEFAULT_LIMITS,
        *,
        peer: str | None = None,
        on_message: HearMessage | None = None,
    ) -> None:
        self.session = session
        self._limits = limits
        self._peer = peer
        self._on_message = on_message
        self._reader = LineReader(limits)
        self._has_ended = False
        self._outbox: list[bytes] = []
        self._places: dict[tuple[str, ...], int] = {}

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in bytes that were read, cut anywhere; after the end of the input they are dropped.

        Afterwards drain data_to_send(), session.next_event() and next_deadline().
        """
        # A driver that cannot write any more says the end, and its reader may have read on meanwhile.
        if not self._has_ended:
            self._reader.receive_data(data)
            self._read(now)

    def receive_eof(self, now: float, reason: str = PEER_CLOSED) -> None:
        """Take in that nothing more will be read; it may be said again.

        Afterwards drain data_to_send(), session.next_event() and next_deadline().

        Args:
            now: the time.
            reason: how the stream ended, for the events that tell of it.
        """
        self._has_ended = True
        self._reader.receive_eof()
        self._read(now)
        is_named = self._peer is None or self._peer in reason
        self.session.receive_eof(now, reason if is_named else f"{self._peer}: {reason}")

    def data_to_send(self) -> bytes:
        """Take the bytes to write: whole lines, or nothing. Call it only when about to write them.

        Requests may have waited for it, so afterwards drain session.next_event() and next_deadline().
        """
        self._carry_out()
        if self._on_message is not None:
            for line in self._outbox:
                at = self.session.now
                self._on_message(RawMessage(at=at, direction=Direction.SENT, data=line[:-1]))
        data = b"".join(self._outbox)
        self._outbox.clear()
        self._places.clear()
        return data

    @property
    def done(self) -> bool:
        """Nothing more will come: close the stream once data_to_send() is empty."""
        return self.session.link is LinkState.CLOSED

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        return self.session.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due.

        Afterwards drain data_to_send(), session.next_event() and next_deadline().
        """
        self.session.handle_timeout(now)

    def _read(self, now: float) -> None:
        while (line := self._reader.next_line()) is not None:
            if self._on_message is not None and not isinstance(line, Violation):
                self._on_message(RawMessage(at=now, direction=Direction.RECEIVED, data=line))
            message = line if isinstance(line, Violation) else decode(line, self._limits)
            if isinstance(message, Violation):
                self.session.receive_violation(message, now)
            else:
                self.session.receive_message(message, now)

    def _carry_out(self) -> None:
        for action in self.session.actions():
            if isinstance(action, Send):
                self._put(action.data, action.key)
            elif isinstance(action, Cancel):
                params = {"requestId": action.request_id}
                if action.reason is not None:
                    params["reason"] = action.reason
                self._put(encode(Notification(method="notifications/cancelled", params=params)), None)

    def _put(self, data: bytes, key: tuple[str, ...] | None) -> None:
        place = None if key is None else self._places.get(key)
        if place is not None:
            self._outbox[place] = data + b"\n"
            return
        if key is not None:
            self._places[key] = len(self._outbox)
        self._outbox.append(data + b"\n")
