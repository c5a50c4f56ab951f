"""What one session of a server sends, on its way through middleware to the peer.

What belongs to one request goes out in the order in which it was said, and so does what belongs to none:
while middleware delays one message, those behind it wait.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import INTERNAL_ERROR
from sansmcp.session import (
    Change,
    Deadlines,
    Middleware,
    Outgoing,
    OutgoingError,
    OutgoingNotification,
    OutgoingQuestions,
    OutgoingResult,
    Report,
    RequestReceived,
    ServerSession,
)
from sansmcp.session.in_order import InOrder, Item
from sansmcp.session.passing import CHANGE_METHODS, Clock
from sansmcp.values import JSON, Absent, RequestId

FAILED: Final = "It failed; the reason stays with the server."
"""What the peer is told of an exception; what was raised is for the author alone."""

# As many as the exchanges of a session may have unwritten (design, Default limits).
_MOST_WAITING: Final = 1024
"""Notifications of one request that may wait behind one that middleware delays."""


class Sending:
    """Leads what a session sends through middleware.

    Args:
        session: the session.
        layers: the middleware.
        deadlines: where delays are armed.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        session: ServerSession,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        report: Callable[[Report], None],
    ) -> None:
        self._session = session
        self._in_order = InOrder(layers, deadlines, report)
        self._requests: dict[RequestId, RequestReceived] = {}

    def expect(self, event: RequestReceived) -> None:
        """Take note of a request that will have an answer."""
        self._requests[event.request_id] = event

    def forget(self, request_id: RequestId) -> None:
        """Take note that a request will have no answer of its own."""
        self._requests.pop(request_id, None)

    def request(self, request_id: RequestId) -> RequestReceived:
        """Return a request that has no answer yet.

        Raises:
            LocalProtocolError: there is none of that id.
        """
        event = self._requests.get(request_id)
        if event is None:
            raise LocalProtocolError(f"the request {request_id!r} is not in flight")
        return event

    def close(self) -> None:
        """Forget what has not gone out, and end the middleware: the session is gone."""
        self._in_order.close()

    # Commands: see those of `ServerSession`

    def respond(
        self, request_id: RequestId, result: JSON, now: float, cause: BaseException | None, blame: str | None
    ) -> None:
        """Answer with a result."""
        event = self.request(request_id)

        def make(clock: Clock) -> Outgoing:
            return OutgoingResult(session=self._session, result=result, request=event, clock=clock)

        def do(message: OutgoingResult, at: float) -> None:
            ServerSession.respond(
                self._session, request_id, message.result, at, cause=cause, middleware=blame
            )
            self._requests.pop(request_id, None)

        failed = partial(self._answer_failed, event)
        self._in_order.put(request_id, Item(make=make, do=do, failed=failed, now=now, is_answer=True))

    def fail(
        self,
        request_id: RequestId,
        error: tuple[int, str, JSON | Absent],
        now: float,
        cause: BaseException | None,
        blame: str | None,
    ) -> None:
        """Answer with an error."""
        event = self.request(request_id)
        code, text, data = error

        def make(clock: Clock) -> Outgoing:
            return OutgoingError(
                session=self._session, code=code, message=text, data=data, request=event, clock=clock
            )

        def do(message: OutgoingError, at: float) -> None:
            ServerSession.fail(
                self._session,
                request_id,
                message.code,
                message.message,
                at,
                data=message.data,
                cause=cause,
                middleware=blame,
            )
            self._requests.pop(request_id, None)

        failed = partial(self._answer_failed, event)
        self._in_order.put(request_id, Item(make=make, do=do, failed=failed, now=now, is_answer=True))

    def require_input(
        self,
        request_id: RequestId,
        requests: Mapping[str, schema.InputRequest],
        now: float,
        request_state: str | None,
    ) -> None:
        """Ask the client something."""
        event = self.request(request_id)

        def make(clock: Clock) -> Outgoing:
            return OutgoingQuestions(session=self._session, questions=requests, request=event, clock=clock)

        def do(message: OutgoingQuestions, at: float) -> None:
            ServerSession.require_input(
                self._session, request_id, message.questions, at, request_state=request_state
            )
            # With the answers it is received again.
            self._requests.pop(request_id, None)

        failed = partial(self._answer_failed, event)
        self._in_order.put(request_id, Item(make=make, do=do, failed=failed, now=now, is_answer=True))

    def notify(self, method: str, params: JSON, now: float, related: RequestId | None) -> None:
        """Send a notification."""
        event = None if related is None else self._requests.get(related)

        def make(clock: Clock) -> Outgoing:
            return OutgoingNotification(
                session=self._session, method=method, params=params, request=event, clock=clock
            )

        def do(message: OutgoingNotification, at: float) -> None:
            ServerSession.notify(self._session, message.method, message.params, at, related=related)

        if related is not None and self._in_order.waiting(related) >= _MOST_WAITING:
            self._session.leave_out(related, method, 1, now)
            return
        self._in_order.put(related, Item(make=make, do=do, failed=partial(self._lost, method), now=now))

    def drain(self, request_id: RequestId, now: float) -> None:
        """Ask for `RequestDrained` once what was said before is not held up by middleware any more."""

        def do(_message: JSON, at: float) -> None:
            ServerSession.drain(self._session, request_id, at)

        failed = partial(self._lost, "drain")
        self._in_order.put(request_id, Item(make=None, do=do, failed=failed, now=now))

    def release(self, request_id: RequestId, now: float, retry: float) -> None:
        """End the response to a request for now, once what was said before has gone out."""

        def do(_message: JSON, at: float) -> None:
            ServerSession.release(self._session, request_id, at, retry=retry)

        failed = partial(self._lost, "release")
        self._in_order.put(request_id, Item(make=None, do=do, failed=failed, now=now))

    def publish(self, change: Change, now: float) -> None:
        """Tell of a change."""
        method = CHANGE_METHODS[change.kind]

        def make(clock: Clock) -> Outgoing:
            return OutgoingNotification(session=self._session, method=method, params=change, clock=clock)

        def do(message: OutgoingNotification, at: float) -> None:
            ServerSession.publish(self._session, message.params, at)

        self._in_order.put(None, Item(make=make, do=do, failed=partial(self._lost, method), now=now))

    # What does not go out

    def _answer_failed(
        self, event: RequestReceived, error: BaseException, middleware: str | None, now: float
    ) -> None:
        """Answer all the same, past all middleware."""
        request_id = event.request_id
        self._requests.pop(request_id, None)
        try:
            if event.method == "tools/call":
                block = schema.TextContent(text=FAILED)
                failed = schema.CallToolResult(content=(block,), is_error=True)
                ServerSession.respond(
                    self._session, request_id, failed, now, cause=error, middleware=middleware
                )
            else:
                ServerSession.fail(
                    self._session, request_id, INTERNAL_ERROR, FAILED, now, cause=error, middleware=middleware
                )
        except LocalProtocolError as unsaid:
            self._in_order.tell(unsaid, f"{event.method} has no answer")

    def _lost(self, method: str, error: BaseException, middleware: str | None, _now: float) -> None:
        # Without middleware to blame: the server was told not to declare what this needs.
        if middleware is not None:
            self._in_order.tell(error, f"middleware {middleware} failed; {method} is not sent")
