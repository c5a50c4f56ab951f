"""Streamable HTTP, as a client speaks it in both eras: one endpoint, POST, GET and DELETE.

In the legacy era a session id goes with every request after `initialize`, and nothing is sent after it
until `notifications/initialized` was accepted. In the modern era each POST stands alone.

Source: 2025-03-26 to 2026-07-28, Streamable HTTP.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp.http.client.answers import (
    advice_on,
    error_in,
    is_legacy_evidence,
    is_modern_error,
    message_in,
    told_by,
)
from sansmcp.http.client.exchange import Answer
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.notes import Note
from sansmcp.http.client.streams import Stream
from sansmcp.http.client.ways import HEARD, POSTED, Way, WayOwner
from sansmcp.http.heads import Headers
from sansmcp.http.mirrored import mirrored_headers
from sansmcp.schema import LATEST_MODERN, MODERN_REVISIONS
from sansmcp.session import DetectionState, Send
from sansmcp.values import RequestId
from sansmcp.wire import Batch, Message, Notification, Request

_SESSION_ID: Final = re.compile(r"[!-~]+")
_FIRST_WITH_VERSION: Final = "2025-06-18"
_OF_A_HANDSHAKE: Final = frozenset({"server/discover", "initialize"})


class Streamable(Way):
    """One session's way over Streamable HTTP.

    Args:
        owner: whom it belongs to.
        exchanges: where exchanges are opened.
        timeout: seconds to wait until a message without an answer is accepted.
    """

    def __init__(self, owner: WayOwner, exchanges: Exchanges, *, timeout: float) -> None:
        super().__init__(owner, exchanges, timeout=timeout)
        self._streams: dict[RequestId, Stream] = {}
        self._standalone: Stream | None = None

    # Out

    def check(self, message: Request) -> None:
        """Check that a request can be said in headers.

        Raises:
            LocalProtocolError: it cannot.
        """
        if self._session.revision in MODERN_REVISIONS:
            self._modern_lines(message)

    def post_again(self, stream: Stream, now: float) -> None:
        """Send a modern request once more, with the headers that are right by now."""
        self._post(stream, modern=True, now=now)

    def end(self, ended: Callable[[Note], None]) -> Note | None:
        """Break off everything, and tell the server that the session is over."""
        token, lines = self._token, self._session_lines()
        self.forget_session()
        if token is None:
            return None
        note = Note(lambda _now: ended(note), lambda _answer, _reason, _now: ended(note))
        self._exchanges.open(note, "DELETE", lines)
        return note

    def forget_session(self) -> None:
        """Break off everything that belongs to the session, and forget its id."""
        super().forget_session()
        for stream in tuple(self._streams.values()):
            stream.drop()
        self._streams.clear()
        if self._standalone is not None:
            self._standalone.drop()
            self._standalone = None

    def _post_requests(self, action: Send, requests: Mapping[RequestId, str], now: float) -> None:
        methods = set(requests.values())
        modern = "server/discover" in methods or (
            "initialize" not in methods and self._session.revision in MODERN_REVISIONS
        )
        stream = Stream(
            self,
            self._exchanges,
            sent=action,
            requests=requests,
            token=None if modern else self._token,
            resumable=not modern,
        )
        self._streams.update(dict.fromkeys(requests, stream))
        self._post(stream, modern=modern, now=now)
        if "server/discover" in methods:
            self._bound(stream, now)

    def _post(self, stream: Stream, *, modern: bool, now: float) -> None:
        try:
            if modern:
                lines = self._modern_lines(stream.sent.message)
            else:
                lines = () if "initialize" in stream.requests.values() else self._session_lines()
        except LocalProtocolError as error:
            stream.give_up(str(error), now)
            return
        self._exchanges.open(stream, "POST", (*POSTED, *lines), stream.sent.data)

    def _bound(self, stream: Stream, now: float) -> None:
        """Wait for the answer to a probe as long as for any other; silence says nothing of an era."""

        def too_late() -> None:
            reason = f"server/discover: there was no answer within {self._timeout} s"
            stream.give_up(reason, self._exchanges.now)

        self._exchanges.wait(stream, now + self._timeout, "the server's era is asked for", too_late)

    def _open_note(self, note: Note, action: Send) -> None:
        modern = self._session.revision in MODERN_REVISIONS
        lines = self._modern_lines(action.message) if modern else self._session_lines()
        self._exchanges.open(note, "POST", (*POSTED, *lines), action.data)

    def _forget_request(self, request_id: RequestId) -> None:
        stream = self._streams.pop(request_id, None)
        if stream is not None:
            stream.requests.pop(request_id, None)
            if not stream.requests:
                stream.drop()

    def _modern_lines(self, message: Message | Batch) -> tuple[tuple[str, str], ...]:
        match message:
            case Request(method="tools/call", params={"name": str() as tool}):
                return mirrored_headers(message, LATEST_MODERN, self._owner.parameters_of(tool))
            case Request() | Notification():
                return mirrored_headers(message, LATEST_MODERN)
            case _:
                raise AssertionError("unreachable: a modern client sends requests and notifications")

    def _session_lines(self) -> tuple[tuple[str, str], ...]:
        """Return what a legacy request says of its session."""
        lines: list[tuple[str, str]] = []
        revision = self._session.revision
        if revision is not None and revision >= _FIRST_WITH_VERSION:
            lines.append(("mcp-protocol-version", revision))
        if self._token is not None:
            lines.append(("mcp-session-id", self._token))
        return tuple(lines)

    # In

    def stream_over(self, stream: Stream, reason: str, now: float) -> None:
        """Forget a stream that has ended."""
        del now
        self._exchanges.deadlines.disarm(stream)
        if stream is self._standalone:
            self._standalone = None
            if stream.has_begun:
                self._exchanges.report(f"what the server says by itself is not heard any more: {reason}")
        for request_id in [request_id for request_id, found in self._streams.items() if found is stream]:
            del self._streams[request_id]

    def answered(self, stream: Stream, answer: Answer, now: float) -> None:
        """Take the response to a POST that is no stream."""
        if self._ended(answer, stream.token, now):
            return
        if not 200 <= answer.status < 300:
            self._refused(stream, answer, now)
        else:
            self.begun(stream, answer.headers, now)
            message = message_in(answer, self._exchanges.limits.messages) if answer.status == 200 else None
            if message is not None and stream.requests:
                stream.take_message(message, now)
            if stream.requests:
                stream.give_up(_unanswered(answer), now)

    def _refused(self, stream: Stream, answer: Answer, now: float) -> None:
        request_id, method = next(iter(stream.requests.items()))
        error = error_in(answer, self._exchanges.limits.messages, request_id)
        if self._owner.refused(stream, answer, error, now):
            return
        if method == "server/discover" and self._session.detection is DetectionState.PROBING:
            # Whatever else a server says to the probe, only these tell that it knows the modern era; and
            # one that has no such method cannot be asked for its versions.
            is_answer = is_modern_error(answer, error) and answer.status != 404
        else:
            is_answer = len(stream.requests) == 1
        if error is not None and is_answer:
            stream.take_message(error, now)
            return
        evidence = is_legacy_evidence(answer, error)
        requests = stream.take_requests()
        self.stream_over(stream, "", now)
        advice = advice_on(answer) if error is None else ""
        for refused, name in requests.items():
            reason = told_by(answer, error)
            # A call says by itself which it is, and that the server let us in.
            reason = f"{name}: {reason}{advice}" if name in _OF_A_HANDSHAKE else reason
            self._session.receive_rejection(refused, reason, now, era_evidence=evidence)

    # The legacy session

    def begun(self, stream: Stream, headers: Headers, now: float) -> None:
        """Take in that a request is being answered: the answer to `initialize` names the session."""
        session_id = headers.get("mcp-session-id")
        if session_id is None or "initialize" not in stream.requests.values():
            return
        if _SESSION_ID.fullmatch(session_id) is None or len(headers.all("mcp-session-id")) > 1:
            stream.give_up(f"expected one session id of printable ASCII, found {session_id!r:.80}", now)
        else:
            self._token = session_id

    def _handshake_over(self) -> None:
        # What the server says by itself comes on a stream of its own.
        self._standalone = Stream(
            self, self._exchanges, sent=None, requests={}, token=self._token, resumable=True
        )
        self.resume(self._standalone)

    def resume(self, stream: Stream) -> None:
        """Open the GET that goes on with a stream."""
        lines = self._session_lines()
        if stream.event_id is not None:
            lines = (*lines, ("last-event-id", stream.event_id))
        self._exchanges.open(stream, "GET", (*HEARD, *lines))

    def resuming_refused(self, stream: Stream, answer: Answer, now: float) -> None:
        """Take the response to a GET that is no stream."""
        reason = f"a GET: {told_by(answer, None)}"
        # A server without such streams may say 404 as well; a POST will tell.
        if stream.has_begun and self._ended(answer, stream.token, now):
            return
        if answer.status in {409, 429} or answer.status >= 500:
            stream.try_again(reason, now)
        else:
            stream.give_up(reason, now)


def _unanswered(answer: Answer) -> str:
    if answer.status != 200:
        return f"{told_by(answer, None)}, and no answer can come"
    kind = (answer.headers.get("content-type") or "none")[:80]
    return f"the response has no answer in it; its content type is {kind}{advice_on(answer)}"
