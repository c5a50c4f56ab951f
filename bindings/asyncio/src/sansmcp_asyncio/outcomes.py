"""Running a handler: whatever it returns or raises becomes the one outcome of its request."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from sansmcp.values import JSON

Outcome: TypeAlias = Callable[[float], None]
"""Hands an outcome to its session; it is told the time, on the session's thread."""


class Runnable(Protocol):
    """A handler with its arguments, of a server or of a client."""

    def call(self) -> JSON:
        """Run the handler; return what it returns, or its coroutine."""

    def succeed(self, value: JSON, now: float, /) -> None:
        """Hand over what it returned."""

    def raised(self, error: BaseException, now: float, /) -> None:
        """Hand over what it raised."""


def outcome_of(invocation: Runnable) -> Outcome:
    """Run a `def` handler and return its outcome."""
    try:
        value = invocation.call()
    except BaseException as error:  # noqa: BLE001  # whatever a handler raises is its request's outcome
        return partial(invocation.raised, error)
    return partial(invocation.succeed, value)


async def awaited_outcome_of(invocation: Runnable) -> Outcome:
    """Run an `async def` handler and return its outcome."""
    try:
        value = await invocation.call()
    except BaseException as error:  # noqa: BLE001  # whatever a handler raises is its request's outcome
        return partial(invocation.raised, error)
    return partial(invocation.succeed, value)
