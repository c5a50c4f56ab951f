"""Running a handler: whatever it returns or raises becomes the one outcome of its request."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from sansmcp.values import JSON

Outcome: TypeAlias = Callable[[float], None]
"""Hands the outcome of a handler to its session; it is told the time, on the session's thread."""

Finish: TypeAlias = Callable[[Outcome, float], None]
"""Takes the outcome of a handler and the time."""

Stop: TypeAlias = Callable[[], None]
"""Stops a handler as its runtime does that; it still has an outcome."""


class GivenUp(BaseException):
    """A handler was not run, since nobody waits for it any more; no exception of a handler's own."""


class Runnable(Protocol):
    """A handler with its arguments, of a server or of a client."""

    @property
    def name(self) -> str:
        """What is run, for logs and for the names of tasks."""
        ...

    @property
    def is_async(self) -> bool:
        """Whether `call` returns a coroutine that is to be awaited."""
        ...

    @property
    def blocks(self) -> bool:
        """Whether `call` must not run on a loop's thread."""
        ...

    def call(self) -> JSON:
        """Run the handler; return what it returns, or its coroutine."""

    def succeed(self, value: JSON, now: float, /) -> None:
        """Hand over what it returned."""

    def raised(self, error: BaseException, now: float, /) -> None:
        """Hand over what it raised."""

    def cancel(self) -> None:
        """Tell it that nobody waits for its outcome any more."""


class Start(Protocol):
    """Runs handlers in a binding's own colour."""

    def __call__(self, work: Runnable, finish: Finish, /) -> Stop | None:
        """Run a handler, at once or soon.

        Args:
            work: the handler.
            finish: takes its outcome, exactly once, on the session's thread; afterwards the driver settles.

        Returns:
            What stops it; None if it is over, or if nothing can stop it.
        """
        ...


def outcome_of(work: Runnable) -> Outcome:
    """Run a handler that is no coroutine and return its outcome.

    Args:
        work: the handler.
    """
    try:
        value = work.call()
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises is the outcome of its request
        return partial(work.raised, error)
    return partial(work.succeed, value)
