"""From the events of a session to values and exceptions: once, for every binding."""

from typing import TypeAlias, TypeVar, assert_never

from sansmcp import errors, session
from sansmcp.client.calls import Call

T = TypeVar("T")

Failure: TypeAlias = session.RequestFailed | session.RequestTimedOut | session.RequestLost
"""The three ways in which a call ends without a result."""

Outcome: TypeAlias = session.ResponseReceived | Failure
"""How a call ends; each call has exactly one, unless it was cancelled."""


def value_of(call: Call[T], outcome: Outcome) -> T:
    """Return what the caller of a call gets, or raise what it is told instead.

    Args:
        call: the call.
        outcome: the event that ended it.

    Raises:
        RequestFailed: the server answered with an error.
        RequestTimedOut: no answer came in time.
        RequestLost: no answer can come any more.
        LocalProtocolError: the caller named another type of result than the method table of the session.
    """
    if isinstance(outcome, session.ResponseReceived):
        return call.read(outcome.result)
    raise exception_of(outcome)


def exception_of(failure: Failure) -> errors.CallEnded:
    """Return the exception of the same name.

    Args:
        failure: the event that ended a call.
    """
    match failure:
        case session.RequestFailed():
            return errors.RequestFailed(failure.code, failure.message, failure.data, method=failure.method)
        case session.RequestTimedOut():
            return errors.RequestTimedOut(failure.reason)
        case session.RequestLost():
            return errors.RequestLost(f"{failure.method}: {failure.reason}")
        case _:
            assert_never(failure)
