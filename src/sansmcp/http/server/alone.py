"""A session that serves one request alone: those of the modern era, and legacy ones where sessions are off.

Its events have no ids: nothing of it can be asked for again.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from sansmcp.http.refusals import Refused
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.frames import Frames
from sansmcp.http.server.sources import Source
from sansmcp.http.settings import HttpLimits
from sansmcp.http.states import ExchangeState
from sansmcp.schema import (
    HEADER_MISMATCH,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from sansmcp.session import Close, Deadlines, EndExchange, Send, ServerSession
from sansmcp.values import RequestId
from sansmcp.wire import Batch, ErrorResponse, Response, encode_event

_STATUS_BY_CODE: Final = {
    METHOD_NOT_FOUND: 404,
    HEADER_MISMATCH: 400,
    MISSING_REQUIRED_CLIENT_CAPABILITY: 400,
    UNSUPPORTED_PROTOCOL_VERSION: 400,
}
"""The errors of the modern era whose status is not 200 (2026-07-28, Streamable HTTP)."""


class AloneOwner(Protocol):
    """What it asks of its endpoint."""

    now: float

    @property
    def deadlines(self) -> Deadlines:
        """What is due."""
        ...

    def touch(self, source: "Alone", /) -> None:
        """Say that its session may have events, or that it is over."""

    def attend(self, source: "Alone", /) -> None:
        """Say that it wants to be settled, after the command or the input that goes on now."""


class Alone(Source):
    """One session and the one exchange that carries it.

    Args:
        owner: the endpoint.
        session: the session.
        exchange: the exchange.
        awaited: the requests that are to be answered.
        is_modern: whether they are of the modern era, where a client that goes away gives them up.
        answers_only: whether the response is nothing but the answer.
        streams_only: whether it is a stream of events, unless the status says that the request failed.
        limits: how much may wait for the client.
    """

    __slots__ = (
        "_answers_only",
        "_awaited",
        "_exchange",
        "_frames",
        "_is_heard",
        "_is_modern",
        "_limits",
        "_owner",
        "_streams_only",
        "_tells",
    )

    serves_one = True

    def __init__(
        self,
        owner: AloneOwner,
        session: ServerSession,
        exchange: ServerExchange,
        awaited: Iterable[RequestId],
        *,
        is_modern: bool,
        answers_only: bool,
        streams_only: bool,
        limits: HttpLimits,
    ) -> None:
        super().__init__(session)
        self._owner = owner
        self._exchange = exchange
        self._is_heard = True
        self._awaited = set(awaited)
        self._is_modern = is_modern
        self._answers_only = answers_only
        self._streams_only = streams_only
        self._limits = limits
        self._frames = Frames()
        self._tells = 0
        session.watch(self._touched)
        exchange.carry(self)

    # As an exchange sees it

    def pull(self) -> None:
        """Hand what there is to the exchange."""
        self._tells = 0
        self._take()
        exchange = self._exchange
        if exchange.state is ExchangeState.SERVING and not self._begin(exchange):
            return
        for frame in self._frames.take():
            exchange.events(encode_event(frame.data))
        if not self._awaited:
            exchange.end()
            self._finish()

    def begin_events(self) -> None:
        """Let the response be a stream of events."""
        self._exchange.events(b"")

    def left(self, exchange: ServerExchange, reason: str, now: float) -> None:  # noqa: ARG002
        """Take in that the client is gone: in the modern era that gives the request up."""
        self._is_heard = False
        self.reason = reason
        if self._is_modern:
            for request_id in tuple(self._awaited):
                self.session.receive_cancel(request_id, now)
            self._finish()
        else:
            self._owner.attend(self)

    def next_deadline(self) -> float | None:
        """Return when the session wants to be woken, or None."""
        return self.session.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let happen what is due for the session."""
        self.session.handle_timeout(now)

    # As the endpoint sees it

    def settle(self) -> None:
        """Take what no exchange takes, or not fast enough."""
        self._take()
        if self._is_heard:
            self._hold(self._exchange)
        elif not self.is_over:
            # Nobody hears it.
            self._frames.take()
            if not self._awaited:
                self._finish()
            self._arm()

    def accept(self) -> None:
        """Answer that what needs no answer was taken in; what handles it may still be at work."""
        self._exchange.empty(202)
        self._take()
        self._frames.take()
        self._finish()

    def close(self, now: float) -> None:
        """End it in good order: subscriptions get their result, running requests some time."""
        self.session.close(now)

    # Inside

    def _touched(self) -> None:
        if self._is_heard:
            self._exchange.wake()
        self._tells += 1
        if not self._is_heard or self._tells > self._limits.outbox_messages:
            self._owner.attend(self)
        self._owner.touch(self)

    def _hold(self, exchange: ServerExchange) -> None:
        """Cut off a client that is too slow to read, after what was replaced was left out."""
        self._tells = 0
        frames = self._frames
        if len(frames) <= self._limits.outbox_messages and frames.size <= self._limits.outbox_bytes:
            return
        # The head, where it was not written, and the end.
        exchange.events(b"")
        exchange.abandon()
        self.left(self._exchange, "the client was too slow to read", self.session.now)

    def _arm(self) -> None:
        """Let the endpoint wake the session, which no exchange does any more."""
        at = None if self.is_over else self.session.next_deadline()
        if at is None:
            self._owner.deadlines.disarm(self)
        else:
            self._owner.deadlines.arm(self, at, "a session that nobody hears", self._due)

    def _due(self) -> None:
        self.session.handle_timeout(self._owner.now)
        self._owner.attend(self)

    def _take(self) -> None:
        for action in self.session.actions():
            if isinstance(action, Send):
                message = action.message
                if isinstance(message, Response | ErrorResponse):
                    self._awaited.discard(message.id)
                elif isinstance(message, Batch):
                    self._awaited.difference_update(answer.id for answer in message.messages)  # type: ignore[union-attr]
                elif self._answers_only:
                    continue
                self._frames.put(action)
            elif isinstance(action, EndExchange):
                self._awaited.discard(action.request_id)
            elif isinstance(action, Close):
                self._awaited.clear()

    def _begin(self, exchange: ServerExchange) -> bool:
        """Decide what the response is; say whether it is a stream of events."""
        frames = self._frames.peek()
        if self._awaited:
            return bool(frames) and not self._answers_only
        if len(frames) == 1 and frames[0].is_answer:
            frame = frames[0]
            status = 200
            if self._is_modern and frame.code is not None:
                status = _STATUS_BY_CODE.get(frame.code, 200)
            if self._streams_only and status == 200:
                return True
            exchange.answer(status, frame.data)
        elif not frames:
            # It was given up, or the server closes; there is nothing to say.
            exchange.refuse(Refused(status=503, reason="the request was not answered"), is_told=False)
        elif self._answers_only:
            exchange.answer(200, b"[" + b",".join(frame.data for frame in frames) + b"]")
        else:
            return True
        self._finish()
        return False

    def _finish(self) -> None:
        self.is_over = True
        self._is_heard = False
        self._owner.touch(self)
