"""Changes on a server as iterators, one for each colour."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar

from sansmcp import schema
from sansmcp.client.calls import Call
from sansmcp.client.feeds import FeedEnded
from sansmcp.client.listening import Wish
from sansmcp.client.waiting import Pause, after, at_once, take_awaited, take_blocking
from sansmcp.session import Change
from sansmcp.values import JSON

T = TypeVar("T")

_OPENED: Final = "a wait for a subscription"
_CHANGED: Final = "a wait for changes"


class Wishes(Protocol):
    """Takes wishes in and out; see `Listening`."""

    def add(self, wish: Wish) -> None:
        """Take in what somebody wants to hear."""

    def remove(self, wish: Wish) -> None:
        """Tell somebody nothing more."""

    def leave(self, wish: Wish) -> None:
        """Take in that nobody looks at a wish any more; it may be called at any time."""


class _Changes(Generic[T]):
    """What both colours share.

    Args:
        wanted: what to be told of.
        wishes: where that is said.
        read: makes what is handed out of a change.
    """

    def __init__(
        self, wanted: schema.SubscriptionFilter, wishes: Wishes, read: Callable[[Change], T]
    ) -> None:
        self._wish: Final = Wish(wanted)
        self._wishes: Final = wishes
        self._read: Callable[[Change], T] = read
        self._is_open = False

    @property
    def honoured(self) -> schema.SubscriptionFilter | None:
        """What the server agreed to tell; it may be less than was asked for. None until it has said so."""
        return self._wish.honoured

    def close(self) -> None:
        """Stop: whoever iterates comes to the end. It may be called again, from any thread or task."""
        self._is_open = True
        self._wishes.remove(self._wish)

    def __del__(self) -> None:
        # The loop was left without a word; whatever this thread is about, it must not wait.
        self._wishes.leave(self._wish)

    def _open(self) -> None:
        if not self._is_open:
            self._is_open = True
            self._wishes.add(self._wish)


class BlockingChanges(_Changes[T], Iterator[T]):
    """Changes for a plain `for`; use it in `with`, or call `close`, to stop listening.

    Entering it waits until the server agreed. Without `with` the first look at it asks the server, and a loop
    that is left by `break` or an exception stops listening once nothing refers to this any more: on CPython
    at once, and the server hears of it when next something happens on the connection.
    Iterating ends with RequestLost when the server or the connection ends it.

    Args:
        wanted: what to be told of.
        wishes: where that is said.
        read: makes what is handed out of a change.
        call: makes a call and waits for its value.
    """

    def __init__(
        self,
        wanted: schema.SubscriptionFilter,
        wishes: Wishes,
        read: Callable[[Change], T],
        call: Callable[[Call[None]], None],
    ) -> None:
        super().__init__(wanted, wishes, read)
        self._call = call

    def __enter__(self) -> Self:
        self._open()
        try:
            if self.honoured is None:
                take_blocking(self._wish.opened, _OPENED, self._call)
        except FeedEnded:
            # It was closed meanwhile, so there is nothing to iterate over.
            return self
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __next__(self) -> T:
        self._open()
        try:
            return self._read(take_blocking(self._wish.changes, _CHANGED, self._call))
        except FeedEnded:
            raise StopIteration from None


class AwaitableChanges(_Changes[T], AsyncIterator[T]):
    """Changes for `async for`; use it in `async with`, or call `close`, to stop listening.

    Entering it waits until the server agreed. Without `async with` the first look at it asks the server, and
    a loop that is left by `break` or an exception stops listening once nothing refers to this any more: on
    CPython at once, and the server hears of it when next something happens on the connection.
    Iterating ends with RequestLost when the server or the connection ends it.

    Args:
        wanted: what to be told of.
        wishes: where that is said.
        read: makes what is handed out of a change.
        call: makes a call; its value is awaited.
        pause: gives way to other tasks, where the runtime wants that.
    """

    def __init__(
        self,
        wanted: schema.SubscriptionFilter,
        wishes: Wishes,
        read: Callable[[Change], T],
        call: Callable[[Call[None]], Awaitable[None]],
        pause: Pause,
    ) -> None:
        super().__init__(wanted, wishes, read)
        self._call = call
        self._pause = pause

    def __aenter__(self) -> Awaitable[Self]:
        return after(self._pause, self._entering)

    def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        self.close()
        return at_once(None)

    def __anext__(self) -> Awaitable[T]:
        return after(self._pause, self._coming)

    def _entering(self) -> Generator[JSON, JSON, Self]:
        self._open()
        try:
            if self.honoured is None:
                yield from take_awaited(self._wish.opened, _OPENED, self._call)
        except FeedEnded:
            # It was closed meanwhile, so there is nothing to iterate over.
            return self
        except BaseException:
            self.close()
            raise
        return self

    def _coming(self) -> Generator[JSON, JSON, T]:
        self._open()
        try:
            change = yield from take_awaited(self._wish.changes, _CHANGED, self._call)
        except FeedEnded:
            raise StopAsyncIteration from None
        return self._read(change)


def uri_of(change: Change) -> str:
    """Return which resource changed."""
    return change.uri or ""
