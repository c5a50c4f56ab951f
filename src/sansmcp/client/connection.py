"""A client's side of a binding: who waits for which call, who answers the server, who is told of what.

The binding hands in each event and is asked to start handlers and to call listeners; everything else is
here, the same in every colour.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

import attrs

from sansmcp.client.calls import Call
from sansmcp.client.handlers import InputInvocation
from sansmcp.client.options import ClientOptions
from sansmcp.client.outcomes import Outcome as CallOutcome
from sansmcp.client.outcomes import value_of
from sansmcp.errors import NotConnected
from sansmcp.errors import RequestTimedOut as RequestTimedOutError
from sansmcp.session import (
    CallHandle,
    ChangeReceived,
    ClientEvent,
    ClientLines,
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
    Timeouts,
    call_listener,
    report_of,
)
from sansmcp.values import JSON

T = TypeVar("T")


class Waiter(Protocol):
    """Where the outcome of a call goes: the futures of asyncio and of `concurrent.futures` are some."""

    def done(self) -> bool:
        """Say whether nobody waits any more."""
        ...

    def set_result(self, value: JSON, /) -> None:
        """Take the value."""

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""


@attrs.define(eq=False)
class Pending:
    """A call that somebody waits for."""

    call: Call[JSON]
    """The call."""
    waiter: Waiter
    """Who waits."""
    handle: CallHandle | None = None
    """Its handle; None while it waits for a connection."""


class ClientConnection:
    """Hands every event to whom it concerns.

    Args:
        options: how the client is set up.
        endpoint: where calls are made.
        opened: waits for the connection to be made.
        start: runs a handler in the binding's colour.
        tell: calls a listener or a waiter, in order: at once, or as soon as no lock is held.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        options: ClientOptions,
        endpoint: ClientLines,
        *,
        opened: Waiter,
        start: Start,
        tell: Callable[[Callable[[], object]], object],
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
        self._answering: dict[InputHandle, tuple[InputInvocation, Stop | None]] = {}
        self._connected: Connected | None = None
        self._disconnected: Disconnected | None = None
        self._is_ready = False

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
        if self._disconnected is not None:
            raise NotConnected(self._disconnected.reason)
        pending = Pending(call, waiter)
        if not self._is_ready or self._endpoint.session.link is LinkState.CLOSED:
            self._wait(pending, now)
            return pending
        pending.handle = call.send(self._endpoint.session, now)
        if pending.handle is None:
            return None
        self._calls[pending.handle] = pending
        return pending

    def give_up(self, pending: Pending, now: float) -> None:
        """Give a call up and tell the server; one that has ended is left alone.

        Afterwards the driver settles.

        Args:
            pending: the call.
            now: the time.
        """
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
        act = partial(self._waited_too_long, pending)
        self._endpoint.deadlines.arm(pending, at, "a call waits for a connection", act)

    def _stop_waiting(self, pending: Pending) -> None:
        if pending in self._waiting:
            del self._waiting[pending]
            self._endpoint.deadlines.disarm(pending)

    def _waited_too_long(self, pending: Pending) -> None:
        self._stop_waiting(pending)
        words = f"{pending.call.method} was not sent within its timeout: the connection was not made again"
        self._tell(partial(_settle, pending.waiter, partial(_raise, RequestTimedOutError(words))))

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
        match event:
            case ResponseReceived() | RequestFailed() | RequestTimedOut() | RequestLost():
                self._finish(event)
            case ProgressReceived():
                pending = self._calls.get(event.handle)
                self._inform(None if pending is None else pending.call.on_progress, event)
            case InputRequested():
                self._answer(session, event)
            case InputCancelled():
                self._withdraw(event.handle)
            case LogReceived():
                self._inform(self._options.on_log, event)
            case ChangeReceived():
                self._inform(self._options.on_change, event)
            case Connected():
                self._open(session, event)
            case ConnectionLost():
                self._is_ready = False
                self._report(report_of(event))
            case Disconnected():
                self._end(event)
            case ProtocolViolated() | MessageDropped() if self._options.on_violation is not None:
                self._inform(self._options.on_violation, event)
            case _:
                self._report(report_of(event))

    def _open(self, session: ClientSession, event: Connected) -> None:
        self._connected = event
        self._is_ready = True
        if not self._opened.done():
            self._tell(partial(_settle, self._opened, lambda: event))
        if session.link is LinkState.CLOSED:
            # It was lost again at once: what waits may wait for the next one, or hears of the end.
            return
        for pending in tuple(self._waiting):
            self._stop_waiting(pending)
            self._send_waiting(pending, session)

    def _send_waiting(self, pending: Pending, session: ClientSession) -> None:
        try:
            pending.handle = pending.call.send(session, session.now)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the one who waits for the call
            self._tell(partial(_settle, pending.waiter, partial(_raise, error)))
            return
        if pending.handle is None:
            self._tell(partial(_settle, pending.waiter, partial(pending.call.read, None)))
        else:
            self._calls[pending.handle] = pending

    def _finish(self, event: CallOutcome) -> None:
        pending = self._calls.pop(event.handle, None)
        if pending is not None:
            self._tell(partial(_settle, pending.waiter, partial(value_of, pending.call, event)))

    def _end(self, event: Disconnected) -> None:
        self._disconnected = event
        self._is_ready = False
        self._report(report_of(event))
        refusal = partial(_raise, NotConnected(event.reason))
        self._tell(partial(_settle, self._opened, refusal))
        for pending in tuple(self._waiting):
            self._stop_waiting(pending)
            self._tell(partial(_settle, pending.waiter, refusal))

    # Questions of the server

    def _answer(self, session: ClientSession, event: InputRequested) -> None:
        invocation = self._options.handlers.resolve(event, session)
        # Entered first: the handler may have finished when `start` returns.
        self._answering[event.handle] = (invocation, None)
        stop = self._start(invocation, partial(self._answered, event.handle))
        if stop is not None and event.handle in self._answering:
            self._answering[event.handle] = (invocation, stop)

    def _answered(self, handle: InputHandle, outcome: Outcome, now: float) -> None:
        invocation, _ = self._answering.pop(handle, (None, None))
        outcome(now)
        if invocation is not None and invocation.failure is not None:
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

    # Listeners

    def _inform(self, listener: Callable[[T], object] | None, event: T) -> None:
        if listener is not None:
            self._tell(partial(call_listener, partial(listener, event), self._report))


def _settle(waiter: Waiter, read: Callable[[], JSON]) -> None:
    """Hand over what reading gives or raises, if anybody still waits."""
    if waiter.done():
        return
    try:
        value = read()
    except Exception as error:  # noqa: BLE001 - it belongs to the one who waits for the call
        waiter.set_exception(error)
    else:
        waiter.set_result(value)


def _raise(error: Exception) -> JSON:
    raise error
