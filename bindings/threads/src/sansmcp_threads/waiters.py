"""Where a thread waits for an answer."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Answer(Generic[T]):
    """A value or an exception that one thread waits for; a signal may interrupt that."""

    __slots__ = ("_error", "_pending", "_value")

    def __init__(self) -> None:
        self._pending = threading.Lock()
        self._pending.acquire()
        self._value: T | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Say whether it is there."""
        return not self._pending.locked()

    def set_result(self, value: T, /) -> None:
        """Take the value."""
        self._value = value
        self._pending.release()

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""
        self._error = error
        self._pending.release()

    def wait(self) -> T:
        """Wait for it, and return it or raise it."""
        with self._pending:
            if self._error is not None:
                raise self._error
            value: T = self._value  # type: ignore[assignment]  # None only where T has it
            return value
