"""From the events of a session to values and exceptions: once, for every binding."""

from typing import TypeAlias, TypeVar, assert_never

from sansmcp import errors
from sansmcp.client.calls import Call
from sansmcp.session import events

T = TypeVar("T")

Failure: TypeAlias = events.RequestFailed | events.RequestTimedOut | events.RequestLost
"""The three ways in which a call ends without a result."""

Outcome: TypeAlias = events.ResponseReceived | Failure
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
    if isinstance(outcome, events.ResponseReceived):
        return call.read(outcome.result)
    raise exception_of(outcome)


def exception_of(failure: Failure) -> errors.CallEnded:
    """Return the exception of the same name.

    Args:
        failure: the event that ended a call.
    """
    match failure:
        case events.RequestFailed():
            return errors.RequestFailed(failure.code, failure.message, failure.data, method=failure.method)
        case events.RequestTimedOut():
            return errors.RequestTimedOut(failure.reason)
        case events.RequestLost():
            return errors.RequestLost(f"{failure.method}: {failure.reason}")
        case _:
            assert_never(failure)
