"""Streamable HTTP, as a client speaks it in both eras: one endpoint, POST, GET and DELETE.

In the legacy era a session id goes with every request after `initialize`, and nothing is sent after it
until `notifications/initialized` was accepted. In the modern era each POST stands alone.

Source: 2025-03-26 to 2026-07-28, Streamable HTTP.
"""

import re
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from sansmcp.errors import LocalProtocolError
from sansmcp.http.client.answers import (
    error_in,
    is_of_the_legacy_era,
    is_of_the_modern_era,
    message_in,
    told_by,
)
from sansmcp.http.client.exchange import Answer
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.notes import Note
from sansmcp.http.client.streams import Stream
from sansmcp.http.heads import Headers
from sansmcp.http.mirrored import mirrored_headers
from sansmcp.schema import LATEST_MODERN, LEGACY_REVISIONS, MODERN_REVISIONS
from sansmcp.session import Cancel, DetectionState, Send
from sansmcp.values import JSON, RequestId, Word
from sansmcp.wire import (
    Batch,
    Message,
    Notification,
    Request,
    Response,
    Violation,
    encode,
)

_SESSION_ID: Final = re.compile(r"[!-~]+")
_POSTED: Final = (
    ("accept", "application/json, text/event-stream"),
    ("content-type", "application/json"),
)
_HEARD: Final = (("accept", "text/event-stream"),)
_INITIALIZED: Final = "notifications/initialized"


class Gate(Word):
    """Whether messages of a legacy session may be sent."""

    OPEN = "open"
    """They may."""
    HANDSHAKE = "handshake"
    """`initialize` has no answer yet, or `notifications/initialized` was not accepted yet."""


class StreamableOwner(Protocol):
    """What Streamable HTTP is spoken for."""

    def session_gone(self, reason: str, now: float) -> None:
        """Open the legacy session anew: the server has ended it."""

    def connection_gone(self, reason: str, now: float) -> None:
        """End the connection: there is no way forward."""

    def progressed(self) -> None:
        """Take in that a call was answered."""


class Streamable:
    """One session's way over Streamable HTTP.

    Args:
        owner: what it is spoken for.
        exchanges: where exchanges are opened.
        timeout: seconds to wait until a message without an answer is accepted.
    """

    def __init__(self, owner: StreamableOwner, exchanges: Exchanges, *, timeout: float) -> None:
        self._owner = owner
        self._exchanges = exchanges
        self._session = exchanges.session
        self._timeout = timeout
        self._gate = Gate.OPEN
        self._waiting: deque[Send] = deque()
        self._session_id: str | None = None
        self._streams: dict[RequestId, Stream] = {}
        self._notes: dict[Note, None] = {}
        self._standalone: Stream | None = None
        self._may_listen = True

    @property
    def session_id(self) -> str | None:
        """The id of the legacy session, where it has one."""
        return self._session_id

    # Out

    def send(self, action: Send, now: float) -> None:
        """Send a message, or keep it until the handshake is over."""
        method = "" if isinstance(action.message, Batch) else getattr(action.message, "method", "")
        if method == "server/discover":
            self._gate = Gate.OPEN
        elif method == "initialize":
            self.forget_session()
            self._gate = Gate.HANDSHAKE
        elif self._gate is Gate.HANDSHAKE and method != _INITIALIZED:
            self._waiting.append(action)
            return
        self._post(action, method, now)

    def cancel(self, action: Cancel, now: float) -> None:
        """Give up a request: its exchange is closed, and a legacy server is told."""
        for waiting in self._waiting:
            if isinstance(waiting.message, Request) and waiting.message.id == action.request_id:
                self._waiting.remove(waiting)
                return
        stream = self._streams.pop(action.request_id, None)
        if stream is not None:
            stream.requests.pop(action.request_id, None)
            if not stream.requests:
                stream.drop()
        if self._session.revision in LEGACY_REVISIONS:
            params: dict[str, JSON] = {"requestId": action.request_id}
            if action.reason is not None:
                params["reason"] = action.reason
            message = Notification(method="notifications/cancelled", params=params)
            self.send(Send(message=message, data=encode(message)), now)

    def end(self, ended: Callable[[], None]) -> Note | None:
        """Break off everything, and tell the server that the session is over.

        Args:
            ended: called when it has heard of it, or will not.

        Returns:
            What waits for that; None if there is nothing to be told.
        """
        session_id, revision = self._session_id, self._session.revision
        self.forget_session()
        if session_id is None:
            return None
        note = Note(lambda _now: ended(), lambda _answer, _reason, _now: ended())
        self._exchanges.open(note, "DELETE", self._session_lines(session_id, revision))
        return note

    def forget_session(self) -> None:
        """Break off everything that belongs to the session, and forget its id."""
        for stream in tuple(self._streams.values()):
            stream.drop()
        self._streams.clear()
        if self._standalone is not None:
            self._standalone.drop()
            self._standalone = None
        for note in self._notes:
            self._exchanges.abort(note)
            self._exchanges.deadlines.disarm(note)
        self._notes.clear()
        self._waiting.clear()
        self._session_id = None
        self._may_listen = True
        self._gate = Gate.OPEN

    def _post(self, action: Send, method: str, now: float) -> None:
        message = action.message
        modern = method == "server/discover" or (
            method != "initialize" and self._session.revision in MODERN_REVISIONS
        )
        items = message.messages if isinstance(message, Batch) else (message,)
        requests = {item.id: item.method for item in items if isinstance(item, Request)}
        try:
            lines = self._modern_lines(message) if modern else self._legacy_lines(method)
        except LocalProtocolError as error:
            for request_id in requests:
                self.lose(request_id, str(error), now)
            return
        if requests:
            stream = Stream(
                self,
                self._exchanges,
                sent=action,
                requests=requests,
                session_id=None if modern or method == "initialize" else self._session_id,
                resumable=not modern,
            )
            self._streams.update(dict.fromkeys(requests, stream))
            self._exchanges.open(stream, "POST", (*_POSTED, *lines), action.data)
            if method == "server/discover":
                self._bound(stream, now)
        else:
            self._post_note(action, method, lines, now)

    def _bound(self, stream: Stream, now: float) -> None:
        """Wait for the answer to a probe as long as for any other; silence says nothing of an era."""

        def too_late() -> None:
            stream.give_up(f"there was no answer within {self._timeout} s", self._exchanges.now)

        self._exchanges.wait(stream, now + self._timeout, "the server's era is asked for", too_late)

    def _post_note(self, action: Send, method: str, lines: tuple[tuple[str, str], ...], now: float) -> None:
        what = method or "an answer"
        session_id = self._session_id

        def over() -> None:
            self._notes.pop(note, None)
            self._exchanges.release(note)
            self._exchanges.deadlines.disarm(note)

        def accepted(at: float) -> None:
            over()
            if method == _INITIALIZED:
                self._open_gate(at)

        def refused(answer: Answer | None, reason: str, at: float) -> None:
            over()
            if answer is not None and answer.status == 404 and session_id is not None:
                self._gone(session_id, f"{reason} to {what}", at)
            elif method == _INITIALIZED:
                self._owner.connection_gone(f"{what} was not accepted: {reason}", at)
            else:
                self._exchanges.report(f"{what} was not accepted: {reason}")

        def too_late() -> None:
            self._exchanges.abort(note)
            refused(None, f"there was no response within {self._timeout} s", self._exchanges.now)

        note = Note(accepted, refused)
        self._notes[note] = None
        self._exchanges.open(note, "POST", (*_POSTED, *lines), action.data)
        self._exchanges.wait(note, now + self._timeout, f"{what} is to be accepted", too_late)

    def _open_gate(self, now: float) -> None:
        self._gate = Gate.OPEN
        waiting, self._waiting = self._waiting, deque()
        self._listen()
        for action in waiting:
            self.send(action, now)

    # Headers

    def _modern_lines(self, message: Message | Batch) -> tuple[tuple[str, str], ...]:
        if isinstance(message, Request | Notification):
            return mirrored_headers(message, LATEST_MODERN)
        raise AssertionError("unreachable: a modern client sends requests and notifications only")

    def _legacy_lines(self, method: str) -> tuple[tuple[str, str], ...]:
        if method == "initialize":
            return ()
        return self._session_lines(self._session_id, self._session.revision)

    def _session_lines(self, session_id: str | None, revision: str | None) -> tuple[tuple[str, str], ...]:
        lines: list[tuple[str, str]] = []
        if revision is not None and revision >= "2025-06-18":
            lines.append(("mcp-protocol-version", revision))
        if session_id is not None:
            lines.append(("mcp-session-id", session_id))
        return tuple(lines)

    # In

    def deliver(self, message: Message | Batch | Violation, now: float) -> None:
        """Hand a message to the session."""
        if isinstance(message, Violation):
            self._session.receive_violation(message, now)
        else:
            self._session.receive_message(message, now)
            if isinstance(message, Response) and self._gate is Gate.OPEN:
                self._owner.progressed()

    def lose(self, request_id: RequestId, reason: str, now: float) -> None:
        """Tell the session that no answer to a request can come."""
        self._session.receive_rejection(request_id, reason, now, era_evidence=False)

    def stream_over(self, stream: Stream, reason: str, now: float) -> None:
        """Forget a stream that has ended."""
        del now
        self._exchanges.deadlines.disarm(stream)
        if stream is self._standalone:
            self._standalone = None
            self._may_listen = False
            if stream.has_begun:
                self._exchanges.report(f"what the server says by itself is not heard any more: {reason}")
        if stream.sent is not None:
            for request_id, found in tuple(self._streams.items()):
                if found is stream:
                    del self._streams[request_id]

    def answered(self, stream: Stream, answer: Answer, now: float) -> None:
        """Take the response to a POST that is no stream."""
        if answer.status == 404 and stream.session_id is not None:
            self._gone(stream.session_id, f"the server answered with the status {answer.status}", now)
            return
        if not 200 <= answer.status < 300:
            self._refused(stream, answer, now)
            return
        message = message_in(answer, self._exchanges.limits.messages) if answer.status == 200 else None
        self.begun(stream, answer.headers, now)
        if message is not None and stream.requests:
            stream.take_message(message, now)
        if stream.requests:
            stream.give_up(_unanswered(answer), now)

    def _refused(self, stream: Stream, answer: Answer, now: float) -> None:
        request_id, method = next(iter(stream.requests.items()))
        error = error_in(answer, self._exchanges.limits.messages, request_id)
        reason = told_by(answer, error)
        of_modern = is_of_the_modern_era(answer, error)
        probing = method == "server/discover" and self._session.detection is DetectionState.PROBING
        is_answer = not probing or (of_modern and answer.status != 404)
        if error is not None and len(stream.requests) == 1 and is_answer:
            stream.take_message(error, now)
            return
        evidence = is_of_the_legacy_era(answer, error)
        requests = tuple(stream.requests)
        stream.requests.clear()
        self.stream_over(stream, reason, now)
        for refused_id in requests:
            self._session.receive_rejection(refused_id, f"{method}: {reason}", now, era_evidence=evidence)

    # The legacy session

    def begun(self, stream: Stream, headers: Headers, now: float) -> None:
        """Take in that a request is being answered: the answer to `initialize` names the session."""
        session_id = headers.get("mcp-session-id")
        if session_id is None or "initialize" not in stream.requests.values():
            return
        if _SESSION_ID.fullmatch(session_id) is None or len(headers.all("mcp-session-id")) > 1:
            stream.give_up(f"expected one session id of printable ASCII, found {session_id!r:.80}", now)
        else:
            self._session_id = session_id

    def _gone(self, session_id: str, reason: str, now: float) -> None:
        """Take in that the server has ended a session: the one of now, or one that was given up before."""
        if session_id == self._session_id:
            self.forget_session()
            self._owner.session_gone(f"{reason}: the session is gone", now)

    def _listen(self) -> None:
        """Open the standalone stream: what the server says by itself comes there."""
        if self._standalone is None and self._may_listen:
            self._standalone = Stream(
                self,
                self._exchanges,
                sent=None,
                requests={},
                session_id=self._session_id,
                resumable=True,
            )
            self.resume(self._standalone)

    def resume(self, stream: Stream) -> None:
        """Open the GET that goes on with a stream."""
        lines = self._session_lines(stream.session_id, self._session.revision)
        if stream.event_id is not None:
            lines = (*lines, ("last-event-id", stream.event_id))
        self._exchanges.open(stream, "GET", (*_HEARD, *lines))

    def resuming_refused(self, stream: Stream, answer: Answer, now: float) -> None:
        """Take the response to a GET that is no stream."""
        reason = f"the server answered a GET with the status {answer.status}"
        # A server without such streams may say 404 as well; a POST will tell.
        if answer.status == 404 and stream.session_id is not None and stream.has_begun:
            self._gone(stream.session_id, reason, now)
        elif answer.status in {409, 429} or answer.status >= 500:
            stream.try_again(reason, now)
        else:
            stream.give_up(reason, now)


def _unanswered(answer: Answer) -> str:
    kind = (answer.headers.get("content-type") or "none")[:80]
    if answer.status != 200:
        return f"the server answered with the status {answer.status}, and no answer can come"
    return f"the response has no answer in it; its content type is {kind}"
