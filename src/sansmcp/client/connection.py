"""A client's side of a binding: who waits for which call, who answers the server, who is told of what.

The binding hands in each event and is asked to start handlers and to call listeners; everything else is
here, the same in every colour.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sansmcp import schema
from sansmcp.client.calls import Call
from sansmcp.client.completions import Completions
from sansmcp.client.feeds import Waiter
from sansmcp.client.handlers import InputInvocation
from sansmcp.client.listening import Listening
from sansmcp.client.options import ClientOptions
from sansmcp.client.outcomes import Outcome as CallOutcome
from sansmcp.client.outcomes import exception_of
from sansmcp.client.pending import NOBODY, Pending, settle
from sansmcp.client.refreshing import ListRefreshed
from sansmcp.client.results import Results
from sansmcp.client.sending import OwnSession, Sending
from sansmcp.client.upkeep import Upkeep
from sansmcp.client.walking import React
from sansmcp.client.wrapping import Heard, Hearing, Inside, WrappedCall, WrappedQuestion
from sansmcp.errors import NotConnected
from sansmcp.errors import RequestFailed as RequestFailedError
from sansmcp.errors import RequestTimedOut as RequestTimedOutError
from sansmcp.session import (
    CallHandle,
    ChangeReceived,
    ClientEndpoint,
    ClientEvent,
    ClientSession,
    Connected,
    ConnectionLost,
    Disconnected,
    InputCancelled,
    InputHandle,
    InputRequested,
    LinkState,
    LogReceived,
    MessageDropped,
    NotificationReceived,
    Outcome,
    ProgressReceived,
    ProtocolViolated,
    Report,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
    Severity,
    Start,
    Stop,
    SubscriptionAcknowledged,
    SubscriptionEnded,
    Timeouts,
    call_listener,
    report_of,
)
from sansmcp.values import JSON

T = TypeVar("T")


class ClientConnection:
    """Hands every event to whom it concerns.

    Args:
        options: how the client is set up.
        endpoint: where calls are made.
        opened: waits for the connection to be made.
        start: runs a handler in the binding's colour.
        tell: calls a listener or a waiter, in order: at once, or as soon as no lock is held.
        post: runs a command on the session's thread, from any thread, and lets the driver settle.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        options: ClientOptions,
        endpoint: ClientEndpoint[ClientSession, ClientEvent],
        *,
        opened: Waiter,
        start: Start,
        tell: Callable[[Callable[[], object]], object],
        post: Callable[[Callable[[float], None]], None],
        report: Callable[[Report], None],
    ) -> None:
        self._options = options
        self._endpoint = endpoint
        self._opened = opened
        self._start = start
        self._tell = tell
        self._report = report
        self._calls: dict[CallHandle, Pending] = {}
        self._waiting: dict[Pending, None] = {}
        self._answering: dict[InputHandle, tuple[InputInvocation | WrappedQuestion, Stop | None]] = {}
        self._connected: Connected | None = None
        self._disconnected: Disconnected | None = None
        self._is_ready = False
        self._results = Results(
            cache=options.cache,
            validate=options.validate,
            schema_limits=options.schema_limits,
            timeouts=options.timeouts or Timeouts(),
            deadlines=endpoint.deadlines,
            ask=self._ask,
            report=report,
            hand_over=self._hand_over,
        )
        self._listening = Listening(endpoint, report=report, missed=self._missed)
        self._upkeep = Upkeep(
            options, endpoint, self._listening, ask=self._ask, post=post, told=self._refreshed, report=report
        )
        self._completions = Completions(endpoint.deadlines)
        self._wrapped: dict[WrappedCall, None] = {}
        self._sending: Sending | None = None
        self._hearing: Hearing | None = None
        if options.stack.received:
            self._hearing = Hearing(options.stack.received, endpoint.deadlines, self._hear, report)

    @property
    def connected(self) -> Connected:
        """What is known of the server.

        Raises:
            NotConnected: if nothing is known yet.
        """
        if self._connected is None:
            raise NotConnected("the connection is not made yet")
        return self._connected

    @property
    def disconnected(self) -> Disconnected | None:
        """How the connection ended; None while it lasts."""
        return self._disconnected

    @property
    def listening(self) -> Listening:
        """Who wants to hear of which change; after a command to it the driver settles."""
        return self._listening

    @property
    def completions(self) -> Completions:
        """Which of the pages that the user was sent to are done."""
        return self._completions

    # Calls

    def send(self, call: Call[T], waiter: Waiter, now: float) -> Pending | None:
        """Send a call, or keep it until a lost connection is made again.

        Afterwards the driver settles.

        Args:
            call: the call.
            waiter: where its outcome goes.
            now: the time.

        Returns:
            What `give_up` takes; None if the call is over, and its value is `call.read(None)`.

        Raises:
            NotConnected: if the connection has ended.
            LocalProtocolError: if the call is not legal.
        """
        if call.locally is not None:
            call.locally(waiter)
            return Pending(call, waiter)
        if self._options.stack.sent:
            return self._send_wrapped(call, waiter, now)
        return self._make(call, waiter, now)

    def _make(self, call: Call[JSON], waiter: Waiter, now: float) -> Pending | None:
        """Make a call without middleware."""
        pending = Pending(call, waiter)
        kept = self._results.kept(call, now, stale=self._disconnected is not None)
        if kept is not None:
            settle(waiter, partial(call.read, kept))
            return pending
        if self._disconnected is not None:
            raise NotConnected(f"{call.method}: {self._disconnected.reason}; connect again to make calls")
        if not self._is_ready or self._endpoint.session.link is LinkState.CLOSED:
            self._wait(pending, now)
            return pending
        return pending if self._send(pending, self._endpoint.session, now) else None

    def _send_wrapped(self, call: Call[JSON], waiter: Waiter, now: float) -> Pending:
        def ended(read: Callable[[], JSON] | None) -> None:
            self._wrapped.pop(wrapped, None)
            if read is None and self._disconnected is not None:
                read = partial(_raise, NotConnected(self._disconnected.reason))
            if read is not None:
                self._tell(partial(settle, waiter, read))

        wrapped = WrappedCall(
            call,
            self._endpoint.session,
            layers=self._options.stack.sent,
            deadlines=self._endpoint.deadlines,
            make=self._make,
            ended=ended,
            now=now,
        )
        self._wrapped[wrapped] = None
        wrapped.begin()
        if self._disconnected is not None:
            # No driver lets time pass any more, so nothing may wait for it.
            wrapped.cancel(now)
        return Pending(call, waiter, wrapped=wrapped)

    def _ask(self, call: Call[JSON], react: React, now: float) -> None:
        """Make a call of the client's own."""
        self._send(Pending(call, NOBODY, react=react), self._endpoint.session, now)

    def _send(self, pending: Pending, session: ClientSession, now: float) -> bool:
        """Send a call; say whether it will have an outcome."""
        pending.handle = pending.call.send(session, now)
        if isinstance(pending.call.params, schema.SetLevelRequestParams):
            self._upkeep.set_log_level(pending.call.params.level)
        if pending.handle is None:
            return False
        pending.sent = pending.heard = now
        self._results.sent(pending)
        self._calls[pending.handle] = pending
        return True

    def give_up(self, pending: Pending, now: float) -> None:
        """Give a call up and tell the server; one that has ended is left alone.

        Afterwards the driver settles.

        Args:
            pending: the call.
            now: the time.
        """
        if pending.wrapped is not None:
            inside = pending.wrapped.inside
            pending.wrapped.close()
            if inside is not None:
                self.give_up(inside, now)
            return
        self._stop_waiting(pending)
        if pending.handle is not None and self._calls.pop(pending.handle, None) is not None:
            self._endpoint.session.cancel(pending.handle, now, reason="the caller gave it up")

    # Calls that wait until a lost connection is made again

    def _wait(self, pending: Pending, now: float) -> None:
        self._waiting[pending] = None
        seconds = pending.call.timeout
        if seconds is None:
            seconds = (self._options.timeouts or Timeouts()).request
        at = now + seconds
        act = partial(self._waited_too_long, pending, at)
        self._endpoint.deadlines.arm(pending, at, "a call waits for a connection", act)

    def _stop_waiting(self, pending: Pending) -> None:
        if pending in self._waiting:
            del self._waiting[pending]
            self._endpoint.deadlines.disarm(pending)

    def _waited_too_long(self, pending: Pending, now: float) -> None:
        self._stop_waiting(pending)
        words = f"{pending.call.method} was not sent within its timeout: the connection was not made again"
        self._fail(pending, RequestTimedOutError(words), now)

    # Events

    def handle(self, session: ClientSession, event: ClientEvent) -> None:
        """Do what an event asks for; afterwards the driver settles.

        Args:
            session: where it came from.
            event: the event.
        """
        if self._options.on_event is not None:
            told = partial(self._options.on_event, session, event)
            self._tell(partial(call_listener, told, self._report))
        self._listening.settle(session.now)
        match event:
            case ResponseReceived() | RequestFailed() | RequestTimedOut() | RequestLost():
                self._finish(event, session.now)
            case ProgressReceived() | LogReceived() | ChangeReceived() | NotificationReceived():
                if isinstance(event, ChangeReceived):
                    # Whatever middleware makes of the news, what is kept is old.
                    self._results.changed(event.change)
                if self._hearing is None:
                    self._hear(event, session.now)
                else:
                    self._hearing.put(session, event)
            case InputRequested():
                self._answer(session, event)
            case InputCancelled():
                self._withdraw(event.handle)
            case SubscriptionAcknowledged():
                self._listening.acknowledged(event, session.now)
            case SubscriptionEnded():
                self._listening.ended(event)
            case Connected():
                self._open(session, event)
            case ConnectionLost():
                self._is_ready = False
                self._listening.lost()
                self._report(report_of(event))
            case Disconnected():
                self._end(event, session.now)
            case ProtocolViolated() | MessageDropped() if self._options.on_violation is not None:
                self._inform(self._options.on_violation, event)
            case _:
                self._report(report_of(event))

    def _hear(self, event: Heard, now: float) -> None:
        match event:
            case ProgressReceived():
                pending = self._calls.get(event.handle)
                if pending is not None:
                    pending.heard = now
                    self._inform(pending.call.on_progress, event)
            case LogReceived():
                self._inform(self._options.on_log, event)
            case ChangeReceived():
                self._changed(event, now)
            case _:
                self._completions.hear(event)
                self._inform(self._options.on_notification, event)

    def _open(self, session: ClientSession, event: Connected) -> None:
        self._connected = event
        self._is_ready = True
        self._wrap_sending(session)
        if not self._opened.done():
            self._tell(partial(settle, self._opened, lambda: event))
        if session.link is LinkState.CLOSED:
            # It was lost again at once: what waits may wait for the next one, or hears of the end.
            return
        self._upkeep.connected(session, event)
        for pending in tuple(self._waiting):
            self._stop_waiting(pending)
            self._send_waiting(pending, session)

    def _wrap_sending(self, session: ClientSession) -> None:
        if self._options.stack.sent and isinstance(session, OwnSession) and session.sending is None:
            if self._sending is not None:
                self._sending.close()
            deadlines = self._endpoint.deadlines
            self._sending = session.sending = Sending(
                session, self._options.stack.sent, deadlines, self._report
            )

    def _send_waiting(self, pending: Pending, session: ClientSession) -> None:
        try:
            has_outcome = self._send(pending, session, session.now)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the one who waits for the call
            self._settle(pending, partial(_raise, error))
            return
        if not has_outcome:
            self._settle(pending, partial(pending.call.read, None))

    def _finish(self, event: CallOutcome, now: float) -> None:
        pending = self._calls.pop(event.handle, None)
        if isinstance(event, ResponseReceived):
            if pending is not None:
                self._results.learn(pending, event, now)
        elif pending is None:
            self._listening.failed(event)
        else:
            self._results.failed(pending, event)
        if pending is None:
            return
        if pending.react is not None:
            pending.react(event, now)
        elif isinstance(event, ResponseReceived):
            self._results.take(pending, event, now)
        else:
            self._fail(pending, exception_of(event), now)

    def _hand_over(self, pending: Pending, event: ResponseReceived) -> None:
        self._settle(pending, partial(self._results.value, pending.call, event))

    def _fail(self, pending: Pending, error: Exception, now: float) -> None:
        """Tell whoever waits for a call that there is no result, unless an old one will do."""
        said_no = isinstance(error, RequestFailedError)
        kept = None if said_no else self._results.kept(pending.call, now, stale=True)
        read = partial(_raise, error) if kept is None else partial(pending.call.read, kept)
        self._settle(pending, read)

    def _settle(self, pending: Pending, read: Callable[[], JSON]) -> None:
        if isinstance(pending.waiter, Inside):
            # Middleware is on the session's thread, and this is it.
            settle(pending.waiter, read)
        else:
            self._tell(partial(settle, pending.waiter, read))

    def _end(self, event: Disconnected, now: float) -> None:
        self._disconnected = event
        self._is_ready = False
        self._report(report_of(event))
        error = NotConnected(event.reason)
        self._upkeep.end()
        self._listening.end(error)
        self._completions.end(error)
        refusal = partial(_raise, error)
        self._tell(partial(settle, self._opened, refusal))
        # First, so that nothing is tried again.
        for wrapped in tuple(self._wrapped):
            wrapped.cancel(now)
        for pending in tuple(self._waiting):
            self._stop_waiting(pending)
            self._settle(pending, refusal)
        if self._hearing is not None:
            self._hearing.close()
        if self._sending is not None:
            self._sending.close()

    # Questions of the server

    def _answer(self, session: ClientSession, event: InputRequested) -> None:
        if isinstance(session, OwnSession) and session.sending is not None:
            session.sending.expect(event)
        if self._options.stack.received:
            self._answer_wrapped(session, event)
            return
        invocation = self._options.handlers.resolve(event, session)
        # Entered first: the handler may have finished when `start` returns.
        self._answering[event.handle] = (invocation, None)
        stop = self._start(invocation, partial(self._answered, event.handle))
        if stop is not None and event.handle in self._answering:
            self._answering[event.handle] = (invocation, stop)

    def _answer_wrapped(self, session: ClientSession, event: InputRequested) -> None:
        wrapped = WrappedQuestion(
            event,
            session,
            layers=self._options.stack.received,
            deadlines=self._endpoint.deadlines,
            resolve=self._options.handlers.resolve,
            start=self._start,
            report=self._report,
            ended=partial(self._forget_question, event.handle),
        )
        self._answering[event.handle] = (wrapped, None)
        wrapped.begin()

    def _forget_question(self, handle: InputHandle) -> None:
        self._answering.pop(handle, None)

    def _answered(self, handle: InputHandle, outcome: Outcome, now: float) -> None:
        invocation, _ = self._answering.pop(handle, (None, None))
        outcome(now)
        if isinstance(invocation, InputInvocation) and invocation.failure is not None:
            self._report(
                Report(
                    severity=Severity.ERROR,
                    text=f"the handler of {invocation.name} failed",
                    error=invocation.failure,
                )
            )

    def _withdraw(self, handle: InputHandle) -> None:
        invocation, stop = self._answering.get(handle, (None, None))
        if invocation is not None:
            invocation.cancel()
        if stop is not None:
            stop()

    # Changes on the server

    def _changed(self, event: ChangeReceived, now: float) -> None:
        self._upkeep.changed(event.change, now)
        self._listening.hear(event.change)
        self._inform(self._options.on_change, event)

    def _missed(self) -> None:
        self._results.missed()
        self._upkeep.missed(self._endpoint.session.now)

    def _refreshed(self, refreshed: ListRefreshed) -> None:
        self._inform(self._options.on_list, refreshed)

    # Listeners

    def _inform(self, listener: Callable[[T], object] | None, event: T) -> None:
        if listener is not None:
            self._tell(partial(call_listener, partial(listener, event), self._report))


def _raise(error: Exception) -> JSON:
    raise error
