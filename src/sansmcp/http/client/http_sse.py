"""HTTP with server-sent events as 2024-11-05 has it: a stream by GET, whose first event names where to POST.

Source: 2024-11-05, Transports, HTTP with SSE; 2025-03-26 to 2026-07-28, Backward Compatibility.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp.http.client.answers import advice_on, told_by
from sansmcp.http.client.exchange import Answer, Taker
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.notes import Note
from sansmcp.http.client.streams import answered_by
from sansmcp.http.client.ways import HEARD, POSTED, Way, WayOwner, method_of
from sansmcp.http.urls import Url
from sansmcp.session import DetectionState, Send
from sansmcp.values import RequestId
from sansmcp.wire import ServerSentEvent, decode

_FIRST_WITH_VERSION: Final = "2025-06-18"


class HttpSse(Way, Taker):
    """One session's way over HTTP+SSE.

    Args:
        owner: whom it belongs to.
        exchanges: where exchanges are opened.
        timeout: seconds to wait until a message is accepted.
        before: what was tried before, or why nothing was, for those who wait if there is no stream.
    """

    def __init__(self, owner: WayOwner, exchanges: Exchanges, *, timeout: float, before: str) -> None:
        super().__init__(owner, exchanges, timeout=timeout)
        self._before = before
        self._is_proven = False
        self._attempts = 0
        self._post_url: Url | None = None
        self._first: tuple[Send, ...] = ()
        self._requests: dict[RequestId, str] = {}

    # Out

    def end(self, ended: Callable[[Note], None]) -> Note | None:
        """Break off everything: the server sees its stream end."""
        del ended
        self.forget_session()
        return None

    def forget_session(self) -> None:
        """Break off everything that belongs to the session."""
        super().forget_session()
        self._exchanges.abort(self)
        self._exchanges.deadlines.disarm(self)
        self._post_url = None
        self._first = ()
        self._requests.clear()

    def _post_requests(self, action: Send, requests: Mapping[RequestId, str], now: float) -> None:
        self._requests.update(requests)
        if self._post_url is None:
            # Nothing but `initialize` is sent before the handshake is over.
            self._first = (action,)
            self._listen()
        else:
            self._post_note(action, now)

    def _listen(self) -> None:
        self._exchanges.open(self, "GET", HEARD)

    def _open_note(self, note: Note, action: Send) -> None:
        revision = None if method_of(action.message) == "initialize" else self._session.revision
        lines: tuple[tuple[str, str], ...] = POSTED
        if revision is not None and revision >= _FIRST_WITH_VERSION:
            lines = (*POSTED, ("mcp-protocol-version", revision))
        self._exchanges.open(note, "POST", lines, action.data, url=self._post_url)

    def _handshake_over(self) -> None:
        """What the server says by itself comes on the stream that is open."""

    def _forget_request(self, request_id: RequestId) -> None:
        self._requests.pop(request_id, None)

    # In

    def take_event(self, event: ServerSentEvent, now: float) -> None:
        """Take an event: first where to POST, then messages."""
        if self._post_url is None:
            self._begin(event, now)
        elif event.event == "message" and event.data:
            message = decode(event.data, self._exchanges.limits.messages)
            for request_id in answered_by(message):
                self._requests.pop(request_id, None)
            self.deliver(message, now)

    def take_answer(self, answer: Answer, now: float) -> None:
        """Take in that there is no stream."""
        advice = "" if self._is_proven else advice_on(answer)
        self.take_end(f"{told_by(answer, None)}{advice}", now)

    def take_end(self, reason: str, now: float) -> None:
        """Take in that there is no stream, or that it has ended, and the session with it."""
        reconnect = self._exchanges.limits.reconnect
        has_session = self._post_url is not None and self._session.detection is DetectionState.LEGACY
        if has_session:
            self.forget_session()
            self._owner.session_gone(f"the stream of the session has ended: {reason}", now)
        elif self._is_proven and self._post_url is None and self._attempts < reconnect.attempts:
            self._attempts += 1
            delay = reconnect.delay(self._attempts, self._exchanges.share())
            self._exchanges.wait(self, now + delay, "the stream of a session is opened again", self._listen)
        else:
            requests = dict(self._requests)
            why = reason if self._is_proven else f"{self._before}; and a GET there: {reason}"
            self.forget_session()
            for request_id, method in requests.items():
                self.lose(request_id, method, why, now)

    def _begin(self, event: ServerSentEvent, now: float) -> None:
        text = event.data.decode(errors="replace")
        try:
            url = self._exchanges.url.join(text) if event.event == "endpoint" else None
        except LocalProtocolError as error:
            self._refuse_stream(f"its first event names no URL; {error}", now)
            return
        if url is None:
            self._refuse_stream(f"its first event is {event.event[:80]!r}; expected 'endpoint'", now)
        elif url.origin != self._exchanges.url.origin:
            self._refuse_stream(
                f"its first event names {str(url)[:80]!r}; expected one on {self._exchanges.url.origin}",
                now,
            )
        else:
            self._post_url, self._token = url, str(url)
            self._is_proven, self._attempts = True, 0
            for action in self._first:
                self._post_note(action, now)

    def _refuse_stream(self, reason: str, now: float) -> None:
        self._exchanges.abort(self)
        self.take_end(reason, now)
