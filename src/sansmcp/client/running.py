"""A call that was started and goes on by itself: its progress as an iterator, its result, its end.

There is one class for each colour, which are the same but for how they wait.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

import attrs

from sansmcp.client.calls import Call
from sansmcp.client.feeds import Feed, FeedEnded
from sansmcp.client.waiting import Pause, after, at_once, take_awaited, take_blocking
from sansmcp.errors import CallCancelled
from sansmcp.session import ProgressReceived
from sansmcp.values import JSON

T = TypeVar("T")

_ENDED: Final = "a wait for a result"
_PROGRESSED: Final = "a wait for progress"


class Started(Generic[T]):
    """Where the progress and the outcome of a call are kept until somebody looks; it is a `Waiter`.

    Args:
        call: the call; who is told of its progress is told as well.
    """

    def __init__(self, call: Call[T]) -> None:
        self.call: Final[Call[T]] = attrs.evolve(call, on_progress=self._progressed)
        """The call as it is to be sent."""
        self.progress: Final[Feed[ProgressReceived]] = Feed()
        """What was told of its progress, and its end."""
        self.ended: Final[Feed[None]] = Feed()
        """Its end: nothing ever comes but that."""
        self._listener = call.on_progress
        self._value: T | None = None
        self._error: BaseException | None = None
        self._is_done = False

    def done(self) -> bool:
        """Say whether it has ended."""
        return self._is_done

    def set_result(self, value: T, /) -> None:
        """Take the value."""
        self._value = value
        self._finish()

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""
        self._error = error
        self._finish()

    def value(self) -> T:
        """Return the value of a call that has ended, or raise what it ended with."""
        if self._error is not None:
            raise self._error
        value: T = self._value  # type: ignore[assignment]  # None only where T has it
        return value

    def cancel(self) -> None:
        """Let it end as given up, if it has not ended."""
        if not self._is_done:
            self.set_exception(CallCancelled(f"{self.call.method}: this side gave the call up"))

    def _finish(self) -> None:
        self._is_done = True
        self.progress.end()
        self.ended.end()

    def _progressed(self, event: ProgressReceived) -> JSON:
        self.progress.push(event)
        return None if self._listener is None else self._listener(event)


class _Running(Generic[T]):
    """What both colours share.

    Args:
        started: where its outcome goes.
        give_up: gives the call up.
    """

    def __init__(self, started: Started[T], give_up: Callable[[], None]) -> None:
        self._started = started
        self._give_up = give_up

    def done(self) -> bool:
        """Say whether it has ended."""
        return self._started.done()

    def cancel(self) -> None:
        """Give the call up and tell the server; one that has ended is left alone.

        Whoever waits for its result gets `CallCancelled`. It may be called from any thread or task that may
        use the client.
        """
        self._give_up()
        self._started.cancel()


class BlockingRunning(_Running[T], Iterator[ProgressReceived]):
    """A call on its way: iterate for its progress, ask for its result; leaving `with` gives it up.

    Args:
        started: where its outcome goes.
        give_up: gives the call up.
        call: makes a call and waits for its value.
    """

    def __init__(
        self, started: Started[T], give_up: Callable[[], None], call: Callable[[Call[None]], None]
    ) -> None:
        super().__init__(started, give_up)
        self._call = call

    def result(self) -> T:
        """Wait for the value of the call and return it; it may be asked for again.

        Raises:
            CallEnded: as the call ended.
        """
        with suppress(FeedEnded):
            take_blocking(self._started.ended, _ENDED, self._call)
        return self._started.value()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    def __next__(self) -> ProgressReceived:
        try:
            return take_blocking(self._started.progress, _PROGRESSED, self._call)
        except FeedEnded:
            raise StopIteration from None


class AwaitableRunning(_Running[T], AsyncIterator[ProgressReceived]):
    """A call on its way: iterate for its progress, await its result; leaving `async with` gives it up.

    Args:
        started: where its outcome goes.
        give_up: gives the call up.
        call: makes a call; its value is awaited.
        pause: gives way to other tasks, where the runtime wants that.
    """

    def __init__(
        self,
        started: Started[T],
        give_up: Callable[[], None],
        call: Callable[[Call[None]], Awaitable[None]],
        pause: Pause,
    ) -> None:
        super().__init__(started, give_up)
        self._call = call
        self._pause = pause

    def result(self) -> Awaitable[T]:
        """Wait for the value of the call and return it; it may be asked for again.

        Raises:
            CallEnded: as the call ended.
        """
        return after(self._pause, self._ending)

    def __aenter__(self) -> Awaitable[Self]:
        return after(self._pause, self._entering)

    def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        self.cancel()
        return at_once(None)

    def __anext__(self) -> Awaitable[ProgressReceived]:
        return after(self._pause, self._coming)

    def _entering(self) -> Generator[JSON, JSON, Self]:
        yield from ()
        return self

    def _ending(self) -> Generator[JSON, JSON, T]:
        with suppress(FeedEnded):
            yield from take_awaited(self._started.ended, _ENDED, self._call)
        return self._started.value()

    def _coming(self) -> Generator[JSON, JSON, ProgressReceived]:
        try:
            return (yield from take_awaited(self._started.progress, _PROGRESSED, self._call))
        except FeedEnded:
            raise StopAsyncIteration from None
