"""One run of a handler inside of middleware: what comes of it goes to the middleware, and nowhere else."""

from typing import Protocol

from sansmcp.session.chain import Chain
from sansmcp.session.running import Outcome, Runnable, Start, Stop
from sansmcp.values import JSON


class Settling(Runnable, Protocol):
    """A handler whose outcome can be made without being sent."""

    def settle(self, value: JSON, now: float, /) -> JSON:
        """Return the result that says what the handler returned.

        Raises:
            Exception: whatever the value does when it is read.
        """
        ...

    def settle_raised(self, now: float, /) -> None:
        """Take in that the handler raised."""


class Attempt:
    """One run of a handler; a binding takes it for the handler itself.

    Args:
        inner: the handler with its arguments.
        chain: the middleware around it.
    """

    def __init__(self, inner: Settling, chain: Chain) -> None:
        self._inner = inner
        self._chain = chain
        self._stop: Stop | None = None
        self._is_over = False

    @property
    def name(self) -> str:
        """What is run."""
        return self._inner.name

    @property
    def is_async(self) -> bool:
        """Whether `call` returns a coroutine that is to be awaited."""
        return self._inner.is_async

    @property
    def blocks(self) -> bool:
        """Whether `call` must not run on a loop's thread."""
        return self._inner.blocks

    def begin(self, start: Start) -> None:
        """Let a binding run the handler."""
        stop = start(self, self._finish)
        # A task may run before whoever made it has it.
        if not self._is_over:
            self._stop = stop

    def end(self) -> None:
        """Stop the handler, unless it is over; it may be said again."""
        if not self._is_over:
            self._inner.cancel()
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def call(self) -> JSON:
        """Run the handler; return what it returns, or its coroutine."""
        return self._inner.call()

    def cancel(self) -> None:
        """Tell the handler that nobody waits for its outcome any more."""
        self._inner.cancel()

    def succeed(self, value: JSON, now: float) -> None:
        """Hand over what it returned."""
        if self._chain.is_over:
            return
        try:
            result = self._inner.settle(value, now)
        except Exception as error:  # noqa: BLE001 - whatever a value does when it is read is its handler's fault
            self._chain.raised(error, now)
        else:
            self._chain.returned(result, now)

    def raised(self, error: BaseException, now: float) -> None:
        """Hand over what it raised."""
        if not self._chain.is_over:
            self._inner.settle_raised(now)
            self._chain.raised(error, now)

    def _finish(self, outcome: Outcome, now: float) -> None:
        self._is_over, self._stop = True, None
        outcome(now)
