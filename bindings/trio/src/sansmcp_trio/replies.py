"""What one task waits for and another piece of code hands over."""

from typing import Generic, TypeVar

import outcome
import trio

T = TypeVar("T")


class Reply(Generic[T]):
    """A value or an exception that comes later; one task may wait for it."""

    def __init__(self) -> None:
        self._came = trio.Event()
        self._outcome: outcome.Value[T] | outcome.Error | None = None

    def done(self) -> bool:
        """Say whether it has come."""
        return self._outcome is not None

    def set_result(self, value: T) -> None:
        """Hand the value over."""
        self.settle(outcome.Value(value))

    def set_exception(self, error: BaseException) -> None:
        """Hand an exception over."""
        self.settle(outcome.Error(error))

    def settle(self, outcome: outcome.Value[T] | outcome.Error) -> None:
        """Hand over what was captured."""
        self._outcome = outcome
        self._came.set()

    async def wait(self) -> T:
        """Wait for the value, and return it.

        Raises:
            BaseException: what was handed over in its place.
        """
        await self._came.wait()
        if self._outcome is None:
            raise AssertionError("unreachable: the event is set after the outcome")
        return self._outcome.unwrap()
