"""One request of a client and its response, as whoever carries it sees it: no socket, no thread.

Source: RFC 9110; WHATWG HTML, Server-sent events.
"""

from typing import ClassVar, Final, Protocol

import attrs

from sansmcp.http.heads import Headers, RequestHead
from sansmcp.http.media_types import is_event_stream
from sansmcp.http.states import RESPONSE, ResponseInput, ResponseState
from sansmcp.http.urls import Url
from sansmcp.session import Direction, Errand
from sansmcp.values import Value
from sansmcp.wire import EventReader, Limits, ServerSentEvent, Violation

_INTERIM: Final = range(100, 200)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Answer(Value):
    """A response that is no stream of events, with its whole body."""

    status: int
    """The status code."""
    headers: Headers
    """The header fields."""
    body: bytes
    """The body."""


class Taker:
    """What a client opens an exchange for: it takes what the response brings."""

    is_brief: ClassVar = False
    """Whether the response brings no message, and so comes at once."""
    exchange: "ClientExchange | None" = None
    """The exchange that is open for it; what others still bring is dropped."""

    def take_stream(self, headers: Headers, now: float) -> None:
        """Take in that the response is a stream of events, which begins, and the fields of its head."""

    def take_event(self, event: ServerSentEvent, now: float) -> None:
        """Take one event of the stream."""

    def take_position(self, event_id: str | None, retry: int | None) -> None:
        """Take in where the stream is.

        Args:
            event_id: the id of the last event of this exchange that had one; None if none had.
            retry: the milliseconds that the server wants to be left alone after it, if it said so.
        """

    def take_answer(self, answer: Answer, now: float) -> None:
        """Take a response that is no stream."""

    def take_end(self, reason: str, now: float) -> None:
        """Take in that nothing more comes: the stream has ended, or there was no response."""


class ExchangeOwner(Protocol):
    """What opens exchanges."""

    def advance(self, now: float) -> None:
        """Let everything happen that is due."""

    def passes(self, direction: Direction, data: bytes) -> None:
        """Tell of a whole message as bytes, where somebody wants to hear."""

    def redirect(self, exchange: "ClientExchange", answer: Answer, now: float) -> bool:
        """Follow a redirection; say whether it was one."""
        ...

    def break_off(self, exchange: "ClientExchange") -> None:
        """Let nobody read the rest of a response."""


class ClientExchange:
    """One request and its response; make none, they come with `OpenRequest`.

    Write the request, and hand in what comes of the response: its head, the pieces of its body, and its
    end, or that it failed. After each input drain the endpoint.

    Args:
        url: where the request goes.
        request: its head, without the fields that tell of the host and the length of the body.
        body: its body.
        owner: what opened it.
        taker: takes what the response brings.
        limits: how long a body and an event may be.
        redirects: how many redirections have led here.
    """

    def __init__(
        self,
        url: Url,
        request: RequestHead,
        body: bytes,
        *,
        owner: ExchangeOwner,
        taker: Taker,
        limits: Limits,
        redirects: int = 0,
    ) -> None:
        self.url = url
        """Where the request goes; the connection is one to its origin."""
        self.request = request
        """The head of the request; the `Host` field is the URL's authority."""
        self.body = body
        """The body of the request; empty for none."""
        self.taker = taker
        """What takes the response; for the endpoint alone."""
        self.redirects = redirects
        """How many redirections have led here."""
        self._owner = owner
        self._limits = limits
        self._state = ResponseState.WAITING
        self._status = 0
        self._headers = Headers()
        self._events = EventReader(limits)
        self._body: list[bytes] = []
        self._size = 0

    @property
    def done(self) -> bool:
        """Nothing more of the response is wanted: leave the rest, or read it for the connection's sake."""
        return self._state is ResponseState.OVER

    @property
    def is_brief(self) -> bool:
        """It brings no message, and so is over soon; others that may last for long must not hold it up."""
        return self.taker.is_brief

    def receive_head(self, status: int, headers: Headers, now: float) -> None:
        """Take in the head of the response; an interim one changes nothing.

        Afterwards drain the endpoint.
        """
        self._owner.advance(now)
        if self._is_over() or self._state is not ResponseState.WAITING or status in _INTERIM:
            return
        self._status, self._headers = status, headers
        coding = headers.get("content-encoding")
        if coding is not None and coding.strip().lower() not in ("", "identity"):
            self._break_off(f"its body has the content coding {coding[:80]!r}; expected none", now)
        elif status == 200 and is_event_stream(headers.get("content-type") or ""):
            self._step(ResponseInput.EVENTS)
            self.taker.take_stream(headers, now)
        else:
            self._step(ResponseInput.HEAD)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in a piece of the response's body, cut anywhere.

        Afterwards drain the endpoint.
        """
        self._owner.advance(now)
        if self._is_over():
            return
        if self._state is ResponseState.LISTENING:
            self._events.receive_data(data)
            self._take_events(self._events, now)
            return
        self._size += len(data)
        if self._size <= self._limits.max_message_bytes:
            self._body.append(data)
        else:
            self._break_off(f"its body is longer than {self._limits.max_message_bytes} bytes", now)

    def receive_eof(self, now: float) -> None:
        """Take in that the response is complete.

        Afterwards drain the endpoint.
        """
        self._owner.advance(now)
        if self._is_over():
            return
        if self._state is not ResponseState.READING:
            listening = self._state is ResponseState.LISTENING
            self._end("the stream ended" if listening else "the connection ended before a response", now)
            return
        answer = Answer(status=self._status, headers=self._headers, body=b"".join(self._body))
        self._step(ResponseInput.END)
        if answer.body:
            self._owner.passes(Direction.RECEIVED, answer.body)
        if not self._owner.redirect(self, answer, now):
            self.taker.take_answer(answer, now)

    def receive_failure(self, reason: str, now: float) -> None:
        """Take in that the request could not be sent, or that its response broke off.

        Afterwards drain the endpoint.

        Args:
            reason: why, in words.
            now: the time.
        """
        self._owner.advance(now)
        if not self._is_over():
            self._end(reason, now)

    def abandon(self) -> None:
        """Take in that our side wants no response any more."""
        self._step(ResponseInput.LEFT)

    def __repr__(self) -> str:
        # Fields of the head may be secret.
        return f"ClientExchange({self.request.method} {self.url})"

    def _is_over(self) -> bool:
        return self._state is ResponseState.OVER or self.taker.exchange is not self

    def _take_events(self, events: EventReader, now: float) -> None:
        while not self._is_over() and (event := events.next_event()) is not None:
            if isinstance(event, Violation):
                self._break_off(event.text, now)
                return
            if event.data and event.event == "message":
                self._owner.passes(Direction.RECEIVED, event.data)
            self.taker.take_event(event, now)
        if not self._is_over():
            self.taker.take_position(events.last_event_id, events.retry)

    def _break_off(self, reason: str, now: float) -> None:
        self._owner.break_off(self)
        self._end(f"the response cannot be used: {reason}", now)

    def _end(self, reason: str, now: float) -> None:
        self._step(ResponseInput.END)
        self.taker.take_end(reason, now)

    def _step(self, happened: ResponseInput) -> None:
        self._state = RESPONSE[self._state][happened][1]


@attrs.frozen(kw_only=True, eq=False)
class OpenRequest(Errand):
    """Send a request of HTTP, and hand its response to the exchange."""

    exchange: ClientExchange
    """The request, and what takes its response."""


@attrs.frozen(kw_only=True, eq=False)
class AbortRequest(Errand):
    """Break off an exchange, so that the server sees that nobody reads any more: close its connection."""

    exchange: ClientExchange
    """The exchange; it is done."""
