"""Calls, questions and notifications of a client, on their way through middleware."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import attrs

from sansmcp.client.calls import Call
from sansmcp.client.feeds import Waiter
from sansmcp.client.handlers import InputInvocation
from sansmcp.client.pending import Pending
from sansmcp.session import (
    Chain,
    ChangeReceived,
    ClientSession,
    Deadlines,
    GivenUp,
    Incoming,
    IncomingNotification,
    IncomingRequest,
    InputRequested,
    LogReceived,
    Middleware,
    NotificationReceived,
    OutgoingRequest,
    ProgressReceived,
    Report,
    Severity,
    Start,
)
from sansmcp.session.attempts import Attempt
from sansmcp.session.in_order import InOrder, Item
from sansmcp.session.passing import Clock
from sansmcp.values import JSON

Heard: TypeAlias = NotificationReceived | LogReceived | ChangeReceived | ProgressReceived
"""What a server tells its client."""


class Inside:
    """Who waits for a call inside of middleware: it hears of the outcome on the session's thread.

    Args:
        chain: the middleware.
        session: the session that the call is made on.
    """

    def __init__(self, chain: Chain, session: ClientSession) -> None:
        self._chain = chain
        self._session = session

    def done(self) -> bool:
        """Say whether nobody waits any more."""
        return self._chain.is_over

    def set_result(self, value: JSON, /) -> None:
        """Take the value."""
        self._chain.returned(value, self._session.now)

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""
        self._chain.raised(error, self._session.now)


class WrappedCall:
    """A call with middleware around it; every time that one proceeds it is made anew.

    Args:
        call: the call.
        session: where it goes.
        layers: the middleware.
        deadlines: where delays are armed.
        make: makes a call without middleware.
        ended: takes what reads the outcome; None where nobody waits for it any more.
        now: the time.
    """

    def __init__(
        self,
        call: Call[JSON],
        session: ClientSession,
        *,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        make: Callable[[Call[JSON], Waiter, float], Pending | None],
        ended: Callable[[Callable[[], JSON] | None], None],
        now: float,
    ) -> None:
        self._call = call
        self._session = session
        self._make = make
        self._ended = ended
        self._chain = Chain(layers, deadlines, act=self._act, ended=self._take, now=now)
        self.inside: Pending | None = None
        """The call that is under way; None while there is none."""

    def begin(self) -> None:
        """Let the middleware have it."""
        self._chain.begin(
            OutgoingRequest(
                session=self._session,
                method=self._call.method,
                params=self._call.params,
                clock=self._chain.clock,
            )
        )

    def close(self) -> None:
        """End the middleware at once: nobody waits any more."""
        self._chain.close()

    def cancel(self, now: float) -> None:
        """Take in that no further call can be made: nothing is begun, and no delay goes on."""
        self._chain.cancel(now)

    def _act(self, message: OutgoingRequest, chain: Chain) -> None:
        call = attrs.evolve(self._call, method=message.method, params=message.params, read=_as_it_is)
        self.inside = self._make(call, Inside(chain, self._session), chain.now)
        if self.inside is None:
            # The session needs no answer.
            chain.returned(None, chain.now)

    def _take(self, value: JSON, error: BaseException | None, _middleware: str | None) -> None:
        self.inside = None
        if isinstance(error, GivenUp):
            self._ended(None)
        else:
            self._ended(partial(self._call.read, value) if error is None else partial(_raise, error))


class WrappedQuestion:
    """A question of the server with middleware around its handler.

    Args:
        event: the question.
        session: where it came from.
        layers: the middleware.
        deadlines: where delays are armed.
        resolve: finds who answers a question.
        start: runs a handler.
        report: takes what belongs into the log.
        ended: told that it is answered.
    """

    def __init__(
        self,
        event: InputRequested,
        session: ClientSession,
        *,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        resolve: Callable[[InputRequested, ClientSession], InputInvocation],
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
        self._is_cancelled = False
        self._chain = Chain(layers, deadlines, act=self._act, ended=self._take, now=session.now)

    def begin(self) -> None:
        """Let the middleware have it."""
        self._chain.begin(IncomingRequest(session=self._session, event=self._event, clock=self._chain.clock))

    def cancel(self) -> None:
        """Take in that the question was withdrawn: the handler is stopped, and no delay goes on."""
        self._is_cancelled = True
        attempt = self._attempt
        self._chain.cancel(self._session.now)
        if attempt is not None:
            attempt.end()

    def _act(self, message: IncomingRequest, chain: Chain) -> None:
        event: JSON = message.event
        self._attempt = Attempt(self._resolve(event, self._session), chain)
        self._attempt.begin(self._start)

    def _take(self, value: JSON, error: BaseException | None, middleware: str | None) -> None:
        invocation = self._resolve(self._event, self._session)
        if self._is_cancelled:
            invocation.cancel()
        self._ended()
        if error is None:
            invocation.deliver(value, self._chain.now)
        else:
            invocation.raised(error, self._chain.now)
        if invocation.failure is not None:
            what = (
                f"the handler of {self._event.method}" if middleware is None else f"middleware {middleware}"
            )
            text = f"{what} failed; {self._event.method} is answered with an error"
            self._report(Report(severity=Severity.ERROR, text=text, error=invocation.failure))


class Hearing:
    """Leads what a server tells through middleware, in the order in which it was told.

    Args:
        layers: the middleware.
        deadlines: where delays are armed.
        hear: takes what has passed, with the time.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        hear: Callable[[Heard, float], None],
        report: Callable[[Report], None],
    ) -> None:
        self._in_order = InOrder(layers, deadlines, report)
        self._hear = hear

    def put(self, session: ClientSession, event: Heard) -> None:
        """Take what was told."""

        def make(clock: Clock) -> Incoming:
            return IncomingNotification(session=session, event=event, clock=clock)

        def do(message: IncomingNotification, now: float) -> None:
            self._hear(message.event, now)

        def failed(error: BaseException, middleware: str | None, _now: float) -> None:
            method = IncomingNotification(session=session, event=event, clock=_no_clock).method
            self._in_order.tell(error, f"middleware {middleware} failed; {method} goes no further")

        self._in_order.put(None, Item(make=make, do=do, failed=failed, now=session.now))

    def close(self) -> None:
        """Drop what waits, and end the middleware."""
        self._in_order.close()


def _as_it_is(value: JSON) -> JSON:
    return value


def _raise(error: BaseException) -> JSON:
    raise error


def _no_clock() -> float:
    raise AssertionError("unreachable: nobody asks for the time of a message that is only named")
