"""What a server received, on its way through middleware to a handler and back."""

from collections.abc import Callable

from sansmcp.errors import LocalProtocolError
from sansmcp.server.invocation import Invocation, NotificationInvocation
from sansmcp.server.serving import ServedSession
from sansmcp.session import (
    Chain,
    Deadlines,
    GivenUp,
    IncomingNotification,
    IncomingRequest,
    Middleware,
    NotificationReceived,
    Report,
    RequestReceived,
    ServerSession,
    Severity,
    Start,
)
from sansmcp.session.attempts import Attempt
from sansmcp.values import ABSENT, JSON


class WrappedRequest:
    """A request with middleware around its handler; every time that one proceeds the handler runs.

    Args:
        event: the request.
        session: where it came from.
        layers: the middleware.
        deadlines: where delays are armed.
        resolve: finds what answers a request.
        start: runs a handler.
        report: takes what belongs into the log.
        ended: told that it is answered.
    """

    def __init__(
        self,
        event: RequestReceived,
        session: ServerSession,
        *,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        resolve: Callable[[RequestReceived], Invocation],
        start: Start,
        report: Callable[[Report], None],
        ended: Callable[[], None],
    ) -> None:
        self._event = event
        self._session = session
        self._resolve = resolve
        self._start = start
        self._report = report
        self._ended = ended
        self._attempt: Attempt | None = None
        self._invocation: Invocation | None = None
        self._is_cancelled = False
        self._is_closed = False
        self._chain = Chain(layers, deadlines, act=self._act, ended=self._take, now=session.now)

    def begin(self) -> None:
        """Let the middleware have it."""
        session = self._session
        principal = session.principal if isinstance(session, ServedSession) else None
        clock = self._chain.clock
        self._chain.begin(
            IncomingRequest(session=session, event=self._event, clock=clock, principal=principal)
        )

    def cancel(self) -> None:
        """Take in that nobody waits any more: the handler is stopped, and no delay goes on."""
        self._is_cancelled = True
        attempt = self._attempt
        self._chain.cancel(self._session.now)
        if attempt is not None:
            attempt.end()

    def drained(self) -> None:
        """Tell the handler that what it said is on its way."""
        if self._invocation is not None:
            self._invocation.drained()

    def close(self) -> None:
        """End the middleware at once: the session is gone."""
        self._is_closed = True
        self._chain.close()

    def _act(self, message: IncomingRequest, chain: Chain) -> None:
        event: JSON = message.event
        self._invocation = self._resolve(event)
        self._attempt = Attempt(self._invocation, chain)
        self._attempt.begin(self._start)

    def _take(self, value: JSON, error: BaseException | None, middleware: str | None) -> None:
        session = self._session
        if isinstance(session, ServedSession) and session.has_begun(self._event):
            # Whatever middleware makes of it, there is nothing to answer yet.
            session.respond(self._event.request_id, ABSENT, self._chain.now)
            if error is not None and not isinstance(error, GivenUp):
                text = f"middleware {middleware} failed after a subscription had begun, which goes on"
                self._report(Report(severity=Severity.ERROR, text=text, error=error))
            self._ended()
            return
        invocation = self._invocation or self._resolve(self._event)
        if self._is_cancelled:
            invocation.cancel()
        now = self._chain.now
        if value is None and error is None:
            error = LocalProtocolError(
                f"middleware around {self._event.method} returned None; expected a result: "
                "return what `yield from proceed(message)` gives"
            )
        if error is None:
            invocation.deliver(value, now, middleware=middleware)
        else:
            if self._is_closed and not isinstance(error, GivenUp):
                text = f"middleware {middleware} failed when its session was gone"
                self._report(Report(severity=Severity.ERROR, text=text, error=error))
            invocation.refuse(error, now, middleware=middleware)
        self._ended()


class WrappedNotification:
    """A notification with middleware around its handler.

    Args:
        event: the notification.
        session: where it came from.
        layers: the middleware.
        deadlines: where delays are armed.
        resolve: finds what takes a notification.
        start: runs a handler.
        report: takes what belongs into the log.
        ended: told that it is done with.
    """

    def __init__(
        self,
        event: NotificationReceived,
        session: ServerSession,
        *,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        resolve: Callable[[NotificationReceived], NotificationInvocation | None],
        start: Start,
        report: Callable[[Report], None],
        ended: Callable[[], None],
    ) -> None:
        self._event = event
        self._session = session
        self._resolve = resolve
        self._start = start
        self._report = report
        self._ended = ended
        self._attempt: Attempt | None = None
        self._chain = Chain(layers, deadlines, act=self._act, ended=self._take, now=session.now)

    def begin(self) -> None:
        """Let the middleware have it."""
        self._chain.begin(
            IncomingNotification(session=self._session, event=self._event, clock=self._chain.clock)
        )

    def close(self) -> None:
        """End the middleware at once, and stop the handler: the session is gone."""
        self._chain.close()
        if self._attempt is not None:
            self._attempt.end()

    def _act(self, message: IncomingNotification, chain: Chain) -> None:
        event: JSON = message.event
        invocation = self._resolve(event)
        if invocation is None:
            chain.returned(None, chain.now)
            return
        self._attempt = Attempt(invocation, chain)
        self._attempt.begin(self._start)

    def _take(self, _value: JSON, error: BaseException | None, middleware: str | None) -> None:
        if error is not None and not isinstance(error, GivenUp):
            what = self._event.method if middleware is None else f"middleware {middleware}"
            text = f"{what} failed; {self._event.method} goes no further"
            self._report(Report(severity=Severity.ERROR, text=text, error=error))
        self._ended()
