"""Where a thread waits for an answer."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Answer(Generic[T]):
    """A value or an exception that one thread waits for; a signal may interrupt that."""

    __slots__ = ("_error", "_is_done", "_pending", "_value")

    def __init__(self) -> None:
        self._pending = threading.Lock()
        self._pending.acquire()
        self._is_done = False
        self._value: T | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Say whether it is there."""
        return self._is_done

    def set_result(self, value: T, /) -> None:
        """Take the value."""
        self._value = value
        self._finish()

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""
        self._error = error
        self._finish()

    def wait(self) -> T:
        """Wait for it, once, and return it or raise it."""
        self._pending.acquire()
        if self._error is not None:
            raise self._error
        value: T = self._value  # type: ignore[assignment]  # None only where T has it
        return value

    def _finish(self) -> None:
        self._is_done = True
        self._pending.release()
