"""What both transports over HTTP have in common on a client's side: order, and what only is to be accepted.

Source: 2024-11-05, HTTP with SSE; 2025-03-26 to 2026-07-28, Streamable HTTP.
"""

import abc
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

from sansmcp.http.client.exchange import Answer
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.notes import Note, UnacceptedAnswers
from sansmcp.http.client.streams import Stream
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.schema.header_parameters import Path
from sansmcp.session import Cancel, Send
from sansmcp.values import JSON, RequestId, Word
from sansmcp.wire import Batch, ErrorResponse, Message, Notification, Request, Response, Violation, encode

POSTED: Final = (
    ("accept", "application/json, text/event-stream"),
    ("content-type", "application/json"),
)
"""The fields of every POST."""
HEARD: Final = (("accept", "text/event-stream"),)
"""The fields of every GET."""
_INITIALIZED: Final = "notifications/initialized"
# An answer, whose method is empty, is waited for, and so is the end of a request.
_AT_ONCE: Final = frozenset({"", _INITIALIZED, "notifications/cancelled"})


class Gate(Word):
    """Whether messages of a legacy session may be sent."""

    OPEN = "open"
    """They may."""
    HANDSHAKE = "handshake"
    """`initialize` has no answer yet, or `notifications/initialized` was not accepted yet."""


class WayOwner(Protocol):
    """Whom a way to the server belongs to."""

    def session_gone(self, reason: str, now: float) -> None:
        """Open the legacy session anew: the server has ended it."""

    def connection_gone(self, reason: str, now: float) -> None:
        """End the connection: there is no way forward."""

    def listening_cut(self, reason: str) -> None:
        """Take in that a subscription is about to end for this reason, though the server has not ended it."""

    def progressed(self) -> None:
        """Take in that a call was answered."""

    def refused(self, stream: Stream, answer: Answer, error: ErrorResponse | None, now: float) -> bool:
        """Take in that the server refused requests; say whether something is done about it."""
        ...

    def parameters_of(self, tool: str) -> Mapping[str, Path] | None:
        """Return which arguments of a tool are repeated in headers."""
        ...


class Way(abc.ABC):
    """One session's way to its server.

    Args:
        owner: whom it belongs to.
        exchanges: where exchanges are opened.
        timeout: seconds to wait until a message without an answer is accepted.
    """

    def __init__(self, owner: WayOwner, exchanges: Exchanges, *, timeout: float) -> None:
        self._owner = owner
        self._exchanges = exchanges
        self._session = exchanges.session
        self._timeout = timeout
        self._gate = Gate.OPEN
        self._waiting: deque[Send] = deque()
        self._notes: dict[Note, str | None] = {}
        self._notifications: deque[Send] = deque()
        self._is_notifying = False
        self._answers = UnacceptedAnswers(exchanges.limits)
        self._token: str | None = None
        """What names the legacy session to the server; None where there is none."""

    # Out

    def send(self, action: Send, now: float) -> None:
        """Send a message, or keep it until the handshake is over; an answer past the limits is dropped."""
        dropped = self._answers.add(action)
        if dropped is None:
            self._send(action, now)
        else:
            self._exchanges.report(dropped)

    def _send(self, action: Send, now: float) -> None:
        method = method_of(action.message)
        if method == "server/discover":
            self._gate = Gate.OPEN
        elif method == "initialize":
            self.forget_session()
            self._gate = Gate.HANDSHAKE
        elif self._gate is Gate.HANDSHAKE and method != _INITIALIZED:
            self._waiting.append(action)
            return
        requests = requests_of(action.message)
        if requests:
            self._post_requests(action, requests, now)
        elif method in _AT_ONCE:
            self._post_note(action, now)
        else:
            self._notifications.append(action)
            self._notify(now)

    def cancel(self, action: Cancel, now: float) -> None:
        """Give up a request: nobody waits for its answer, and a legacy server is told."""
        for waiting in self._waiting:
            if action.request_id in requests_of(waiting.message):
                self._waiting.remove(waiting)
                return
        self._forget_request(action.request_id)
        if self._session.revision in LEGACY_REVISIONS:
            params: dict[str, JSON] = {"requestId": action.request_id}
            if action.reason is not None:
                params["reason"] = action.reason
            message = Notification(method="notifications/cancelled", params=params)
            self.send(Send(message=message, data=encode(message)), now)

    @abc.abstractmethod
    def end(self, ended: Callable[[Note], None]) -> Note | None:
        """Break off everything, and tell the server that the session is over.

        Args:
            ended: called when it has heard of it, or will not.

        Returns:
            What waits for that; None if there is nothing to be told.
        """

    def forget_session(self) -> None:
        """Break off everything that belongs to the session."""
        for note in self._notes:
            self._exchanges.abort(note)
            self._exchanges.deadlines.disarm(note)
        self._notes.clear()
        self._notifications.clear()
        self._is_notifying = False
        self._waiting.clear()
        self._answers.clear()
        self._token = None
        self._gate = Gate.OPEN

    @abc.abstractmethod
    def _post_requests(self, action: Send, requests: Mapping[RequestId, str], now: float) -> None:
        """Send what an answer is expected to."""

    @abc.abstractmethod
    def _open_note(self, note: Note, action: Send) -> None:
        """Send what is only to be accepted."""

    @abc.abstractmethod
    def _forget_request(self, request_id: RequestId) -> None:
        """Wait no longer for an answer."""

    @abc.abstractmethod
    def _handshake_over(self) -> None:
        """Take in that everything may be sent."""

    def _notify(self, now: float) -> None:
        """Send the next notification: one after the other, since two connections keep no order."""
        if self._notifications and not self._is_notifying:
            self._is_notifying = True
            action = self._notifications.popleft()
            self._post_note(action, now)

    def _post_note(self, action: Send, now: float) -> None:
        note = Note(
            lambda at: self._accepted(note, action, at),
            lambda answer, reason, at: self._not_accepted(note, action, answer, reason, at),
        )
        self._notes[note] = self._token
        self._open_note(note, action)
        what = f"{_name_of(action)} is to be accepted"
        self._exchanges.wait(note, now + self._timeout, what, partial(self._too_late, note))

    def _too_late(self, note: Note) -> None:
        self._exchanges.abort(note)
        note.take_end(f"there was no response within {self._timeout} s", self._exchanges.now)

    def _accepted(self, note: Note, action: Send, now: float) -> None:
        self._forget_note(note, action)
        if method_of(action.message) == _INITIALIZED:
            self._open_gate(now)
        self._go_on_notifying(action, now)

    def _not_accepted(self, note: Note, action: Send, answer: Answer | None, reason: str, now: float) -> None:
        token = self._forget_note(note, action)
        if answer is not None and self._ended(answer, token, now):
            return
        words = f"{_name_of(action)} was not accepted: {reason}"
        requests = requests_of(action.message)
        if method_of(action.message) == _INITIALIZED:
            self._owner.connection_gone(words, now)
        elif not requests:
            self._exchanges.report(words)
        for request_id, name in requests.items():
            self._forget_request(request_id)
            self.lose(request_id, name, words, now)
        self._go_on_notifying(action, now)

    def _forget_note(self, note: Note, action: Send) -> str | None:
        """Forget what was accepted or refused, and return the session that it belonged to."""
        self._answers.discard(action)
        self._exchanges.release(note)
        self._exchanges.deadlines.disarm(note)
        return self._notes.pop(note, None)

    def _go_on_notifying(self, action: Send, now: float) -> None:
        if isinstance(action.message, Notification) and action.message.method not in _AT_ONCE:
            self._is_notifying = False
            self._notify(now)

    def _open_gate(self, now: float) -> None:
        self._gate = Gate.OPEN
        waiting, self._waiting = self._waiting, deque()
        self._handshake_over()
        for action in waiting:
            self._send(action, now)

    # In

    def _ended(self, answer: Answer, token: str | None, now: float) -> bool:
        """Say whether a refusal tells that the server has ended the session; if so, act."""
        if answer.status != 404 or token is None:
            return False
        # What belonged to an earlier session was broken off with it.
        self.forget_session()
        self._owner.session_gone("the server has ended the session: it answered with the status 404", now)
        return True

    def deliver(self, message: Message | Batch | Violation, now: float) -> None:
        """Hand a message to the session."""
        if isinstance(message, Violation):
            self._session.receive_violation(message, now)
            return
        self._session.receive_message(message, now)
        if isinstance(message, Response) and self._gate is Gate.OPEN:
            self._owner.progressed()

    def lose(self, request_id: RequestId, method: str, reason: str, now: float) -> None:
        """Tell the session that no answer to a request can come."""
        if method == "subscriptions/listen":
            self._owner.listening_cut(reason)
        self._session.receive_rejection(request_id, reason, now, era_evidence=False)


def method_of(message: Message | Batch) -> str:
    """Return the method of a message; an empty text where it has none of its own."""
    return message.method if isinstance(message, Request | Notification) else ""


def requests_of(message: Message | Batch) -> dict[RequestId, str]:
    """Return the requests in what is sent, and their methods."""
    items = message.messages if isinstance(message, Batch) else (message,)
    return {item.id: item.method for item in items if isinstance(item, Request)}


def _name_of(action: Send) -> str:
    return method_of(action.message) or ", ".join(requests_of(action.message).values()) or "an answer"
