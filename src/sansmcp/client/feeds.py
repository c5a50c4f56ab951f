"""What one side of a client hands over and the other side waits for: progress, changes, ends.

A feed knows no colour: whoever finds it empty leaves a waiter, and takes again once that is woken. What is
taken is taken at once, so that a wait that is interrupted loses nothing. Any thread may do anything.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from sansmcp.values import JSON

T = TypeVar("T")

# As many as the subscriptions of a peer: whoever is that far behind needs the newest.
MAX_WAITING: Final = 1024
"""How many things may wait in a feed; then the oldest are dropped."""


class Waiter(Protocol):
    """Where the outcome of a call goes: the futures of asyncio and of `concurrent.futures` are some."""

    def done(self) -> bool:
        """Say whether nobody waits any more."""
        ...

    def set_result(self, value: JSON, /) -> None:
        """Take the value."""

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""


class FeedEnded(Exception):  # no error: iterators make it theirs
    """Nothing more comes, and all is well."""


class Feed(Generic[T]):
    """Things in the order in which they came; what comes again while it still waits is there once."""

    def __init__(self) -> None:
        # Of all containers this one appends, and takes the first, in one step each: threads need no lock.
        self._items: OrderedDict[T, None] = OrderedDict()
        self._waiters: deque[Waiter] = deque()
        self._end: Callable[[], None] | None = None

    def push(self, item: T) -> None:
        """Hand something over; after the end it is dropped."""
        if self._end is None:
            self._items[item] = None
            if len(self._items) > MAX_WAITING:
                self.take()
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Say that nothing more comes; only the first word counts.

        Args:
            error: what whoever waits for more is told; None if all is well.
        """
        if self._end is None:

            def tell() -> None:
                if error is not None:
                    raise error

            self._end = tell
            self._wake()

    def take(self) -> T | None:
        """Return the oldest thing, or None if there is none."""
        try:
            return self._items.popitem(last=False)[0]
        except KeyError:
            return None

    def next(self) -> T | None:
        """Return the oldest thing; None if one has to wait for it.

        Raises:
            FeedEnded: nothing more comes.
            Exception: what the end was told with.
        """
        # Looked at first: what was pushed before the end is taken before it.
        end = self._end
        item = self.take()
        if item is None and end is not None:
            end()
            raise FeedEnded
        return item

    def wait(self, waiter: Waiter) -> None:
        """Wake a waiter, with None, as soon as there is something to take or the end has come."""
        # Left first, looked afterwards: what comes in between finds it.
        self._waiters.append(waiter)
        if self._items or self._end is not None:
            self._wake()

    def _wake(self) -> None:
        while self._waiters:
            try:
                waiter = self._waiters.popleft()
            except IndexError:  # pragma: no cover  # another thread was quicker
                return
            if not waiter.done():
                waiter.set_result(None)
