"""What runs the handlers of a server for all the sessions of an endpoint, in the colour of a binding.

The binding hands in each event and is asked to start handlers; everything else about requests,
cancellations and notifications is here, the same in every colour.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.http import Authorize
from sansmcp.http.verifying import Verification
from sansmcp.server.interests import Interests
from sansmcp.server.invocation import Invocation, NotificationInvocation
from sansmcp.server.receiving import WrappedNotification, WrappedRequest
from sansmcp.server.runs import Outlet, Wait
from sansmcp.server.sending import Sending
from sansmcp.server.server import Server
from sansmcp.server.serving import ServedSession
from sansmcp.server.settings import ServeSettings
from sansmcp.session import (
    ClientInitialized,
    Deadlines,
    Disconnected,
    Errand,
    ExchangeEnded,
    NotificationReceived,
    Outcome,
    Report,
    RequestCancelled,
    RequestDrained,
    RequestReceived,
    ServerEvent,
    ServerSession,
    Severity,
    Stack,
    Start,
    Stop,
    SubscriptionClosed,
    SubscriptionOpened,
    call_listener,
    report_of,
)
from sansmcp.values import ABSENT, JSON, Absent, RequestId


def expect_server(found: JSON) -> None:
    """Check that what is to be served is a `Server`, which a type checker would have said.

    Args:
        found: what is to be served.

    Raises:
        LocalProtocolError: it is something else.
    """
    if not isinstance(found, Server):
        raise LocalProtocolError(
            f"serve: expected a sansmcp Server, found {type(found).__name__} {found!r:.80}; "
            "make one with Server('name', version='1.0')"
        )


def expect_tls(found: JSON) -> None:
    """Check that what shall make a server speak TLS can; its first client would find out otherwise.

    Args:
        found: an `ssl.SSLContext` for servers, or None for no TLS.

    Raises:
        LocalProtocolError: it is something else, or made for clients.
    """
    expected = "expected an ssl.SSLContext, or None for no TLS"
    if found is not None and not hasattr(found, "wrap_bio"):
        raise LocalProtocolError(f"ssl: {expected}, found {found!r:.80}")
    if getattr(getattr(found, "protocol", None), "name", None) == "PROTOCOL_TLS_CLIENT":
        raise LocalProtocolError(
            "ssl: expected a context for servers, found one for clients; make it with"
            " ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) and load_cert_chain"
        )


_Running: TypeAlias = Invocation | WrappedRequest
_Notified: TypeAlias = NotificationInvocation | WrappedNotification


@attrs.define(eq=False)
class _Work:
    """What is done for one session."""

    stack: Stack
    running: dict[RequestId, tuple[_Running, Stop | None]] = attrs.field(factory=dict)
    notifications: deque[_Notified] = attrs.field(factory=deque)
    notified: _Notified | None = None
    stop_notified: Stop | None = None
    is_notifying: bool = False
    is_over: bool = False
    leaves: ServerSession | None = None
    """The session, once it has ended and only its notifications are still handled."""


class ServerConnections:
    """Runs handlers for events.

    Args:
        server: what is offered.
        start: runs a handler in the binding's colour.
        outlet: gets at the sessions' thread.
        tell: calls a listener, in order: at once, or as soon as no lock is held.
        report: takes what belongs into the log.
        settings: who looks on, and how sessions are set up; see `ServeSettings`.
        deadlines: those of the endpoint, for middleware that waits.
        lifespan: what entering `Server.living` gave.
        wait: waits in a handler's colour, for `Context.drain`; None where the binding cannot.
    """

    def __init__(
        self,
        server: Server,
        *,
        start: Start,
        outlet: Outlet,
        tell: Callable[[Callable[[], object]], object],
        report: Callable[[Report], None],
        settings: ServeSettings,
        deadlines: Deadlines,
        lifespan: JSON | Absent = ABSENT,
        wait: Wait | None = None,
    ) -> None:
        self._server = server
        self._tell = tell
        self._on_event = settings.get("on_event")
        self._start = start
        self._outlet = outlet
        self._wait = wait
        self._report = report
        self._deadlines = deadlines
        self._lifespan = lifespan
        self._works: dict[ServerSession, _Work] = {}
        self._verifying: dict[Verification, Stop | None] = {}
        self._is_woken = False
        self._interests: Interests[ServerSession] = Interests(server.offered)
        self._unsubscribe = server.subscribe(self._wake)

    def handle(self, session: ServerSession, event: ServerEvent) -> None:
        """Do what an event asks for; afterwards the driver settles.

        Args:
            session: where it came from.
            event: the event.
        """
        ended = isinstance(event, ExchangeEnded)
        if self._on_event is not None and not ended:
            told = partial(self._on_event, session, event)
            self._tell(partial(call_listener, told, self._report))
        if not (ended or isinstance(event, Disconnected)):
            # From its first event on it is told of changes.
            self._work(session)
        match event:
            case RequestReceived():
                self._begin(session, event)
            case RequestDrained():
                drained, _ = self._work(session).running.get(event.request_id, (None, None))
                if drained is not None:
                    drained.drained()
            case RequestCancelled():
                self._cancel(self._work(session), event.request_id)
            case NotificationReceived():
                self._take_notification(session, event)
            case SubscriptionOpened() | SubscriptionClosed() | ClientInitialized():
                self._take_interest(session, event)
                self._report(report_of(event))
            case ExchangeEnded():
                # There is one for each request: nobody looks at them one by one.
                self._leave(session)
            case Disconnected():
                self._report(report_of(event))
                self.forget(session)
            case _:
                self._report(report_of(event))

    def takes(self, errand: Errand) -> bool:
        """Run what an errand asks for, if that is run like a handler; afterwards the driver settles.

        Args:
            errand: what the endpoint wants done.

        Returns:
            Whether it was; if not, somebody else is to do it.
        """
        work = errand.work if isinstance(errand, Authorize) else None
        if work is None:
            return False
        # Entered first: it may have finished when `start` returns.
        self._verifying[work] = None
        stop = self._start(work, partial(self._verified, work))
        if work in self._verifying:
            self._verifying[work] = stop
        return True

    def _verified(self, work: Verification, outcome: Outcome, now: float) -> None:
        self._verifying.pop(work, None)
        outcome(now)

    def _leave(self, session: ServerSession) -> None:
        """Forget a session that served one request; if that was a notification, once it was handled."""
        work = self._works.get(session)
        if work is not None and work.notified is not None:
            work.leaves = session
        else:
            self.forget(session)

    def forget(self, session: ServerSession) -> None:
        """Stop what still runs for a session that has ended; it may be said again."""
        work = self._works.pop(session, None)
        if work is not None:
            self._interests.forget(session)
            work.is_over = True
            work.notifications.clear()
            if work.stop_notified is not None:
                work.stop_notified()
            if isinstance(session, ServedSession) and session.sending is not None:
                session.sending.close()
            for request_id, (running, _) in tuple(work.running.items()):
                self._cancel(work, request_id)
                if isinstance(running, WrappedRequest):
                    running.close()

    def close(self) -> None:
        """Stop what still runs for any session, and tell none of changes any more."""
        self._unsubscribe()
        for session in tuple(self._works):
            self.forget(session)
        for stop in tuple(self._verifying.values()):
            if stop is not None:
                stop()

    def _work(self, session: ServerSession) -> _Work:
        work = self._works.get(session)
        if work is None:
            # It keeps the middleware that was there when it began.
            stack = self._server.stack
            work = self._works[session] = _Work(stack)
            if isinstance(session, ServedSession):
                session.interests = self._interests
                if stack.sent:
                    session.sending = Sending(session, stack.sent, self._deadlines, self._report)
        return work

    # Changes of what is offered

    def _wake(self) -> None:
        # On whatever thread something changed. One wake-up is enough for all changes before it is heard.
        if not self._is_woken:
            self._is_woken = True
            self._outlet(self._catch_up)

    def _catch_up(self, now: float) -> None:
        self._is_woken = False
        since, concerned = self._interests.take_concerned()
        for session in concerned:
            if isinstance(session, ServedSession):
                session.catch_up(now, since)

    def _take_interest(
        self, session: ServerSession, event: SubscriptionOpened | SubscriptionClosed | ClientInitialized
    ) -> None:
        match event:
            case SubscriptionOpened():
                self._interests.add(session, event.filter)
            case SubscriptionClosed():
                self._interests.remove(session, event.filter)
            case _ if isinstance(session, ServedSession):
                # Also while it has no channel: a client that comes back is to hear what it has missed, in
                # order and after a restart too, so a notice is numbered and kept when it is due.
                self._interests.add(session, session.lists_told)
            case _:
                pass

    # Requests

    def _begin(self, session: ServerSession, event: RequestReceived) -> None:
        work = self._work(session)
        running = work.running
        if isinstance(session, ServedSession) and session.sending is not None:
            session.sending.expect(event)
        if work.stack.received:
            self._begin_wrapped(session, event, work)
            return
        invocation = self._resolve(session, event)
        # Entered first: the handler may have finished when `start` returns.
        running[event.request_id] = (invocation, None)
        stop = self._start(invocation, partial(self._finish, running, event.request_id))
        if stop is not None and event.request_id in running:
            running[event.request_id] = (invocation, stop)

    def _resolve(self, session: ServerSession, event: RequestReceived) -> Invocation:
        return self._server.resolve(event, session, self._outlet, self._wait, self._lifespan)

    def _begin_wrapped(self, session: ServerSession, event: RequestReceived, work: _Work) -> None:
        wrapped = WrappedRequest(
            event,
            session,
            layers=work.stack.received,
            deadlines=self._deadlines,
            resolve=partial(self._resolve, session),
            start=self._start,
            report=self._report,
            ended=partial(self._forget_request, work, event.request_id),
        )
        work.running[event.request_id] = (wrapped, None)
        wrapped.begin()

    def _forget_request(self, work: _Work, request_id: RequestId) -> None:
        work.running.pop(request_id, None)

    def _finish(
        self,
        running: dict[RequestId, tuple[_Running, Stop | None]],
        request_id: RequestId,
        outcome: Outcome,
        now: float,
    ) -> None:
        running.pop(request_id, None)
        outcome(now)

    def _cancel(self, work: _Work, request_id: RequestId) -> None:
        invocation, stop = work.running.get(request_id, (None, None))
        if invocation is None:
            return
        invocation.cancel()
        if stop is not None:
            # Once only: a second time would interrupt what the handler does to end well.
            work.running[request_id] = (invocation, None)
            stop()

    # Notifications: one handler after the other, in the order they came

    def _take_notification(self, session: ServerSession, event: NotificationReceived) -> None:
        work = self._work(session)
        invocation: _Notified | None
        if work.stack.received:
            invocation = WrappedNotification(
                event,
                session,
                layers=work.stack.received,
                deadlines=self._deadlines,
                resolve=self._server.resolve_notification,
                start=self._start,
                report=self._report,
                ended=partial(self._go_on_notifying, work),
            )
        else:
            invocation = self._server.resolve_notification(event)
        if invocation is not None:
            work.notifications.append(invocation)
            self._notify(work)

    def _notify(self, work: _Work) -> None:
        if work.is_notifying:
            return
        work.is_notifying = True
        while work.notified is None and work.notifications:
            work.notified = invocation = work.notifications.popleft()
            if isinstance(invocation, WrappedNotification):
                stop: Stop | None = invocation.close
                invocation.begin()
            else:
                stop = self._start(invocation, partial(self._notified, work, invocation))
            if work.notified is invocation:
                work.stop_notified = stop
        work.is_notifying = False

    def _notified(
        self, work: _Work, invocation: NotificationInvocation, outcome: Outcome, now: float
    ) -> None:
        outcome(now)
        failure = invocation.failure
        # How a runtime stops a handler is no failure of it.
        if failure is not None and (isinstance(failure, Exception) or not work.is_over):
            text = f"{invocation.name} failed"
            self._report(Report(severity=Severity.ERROR, text=text, error=failure))
        self._go_on_notifying(work)

    def _go_on_notifying(self, work: _Work) -> None:
        work.notified = work.stop_notified = None
        self._notify(work)
        if work.leaves is not None and work.notified is None:
            self.forget(work.leaves)
