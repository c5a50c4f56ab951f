"""Walking over the pages of a list: one procedure, and an iterator for each colour.

The walk yields the call for a page and is sent the page; it is written once and knows no colour.
The page that ends a walk badly is handed out first, and a page that did not come is asked for again
when the next item is wanted: what the server gave is not lost.

Source: Pagination, of every revision.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from sansmcp.client.calls import Call
from sansmcp.client.waiting import Pause, after
from sansmcp.errors import LocalProtocolError, RemoteProtocolError
from sansmcp.values import JSON

T = TypeVar("T")
ItemT = TypeVar("ItemT")
PageT = TypeVar("PageT", bound="Page")

# The TypeScript SDK stops after 64 pages too.
MAX_PAGES: Final = 64
"""How many pages of one list are asked for by default."""


class Page(Protocol):
    """A result that may name the page after it."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins; None on the last. An empty string is a cursor too."""


Walk: TypeAlias = Generator[Call[PageT], PageT, None]
"""Yields the call for a page, is sent the page, and ends after the last one."""


def walk(ask: Callable[[str | None], Call[PageT]], max_pages: int = MAX_PAGES) -> Walk[PageT]:
    """Ask for one page after the other.

    Args:
        ask: makes the call for the page that begins at a cursor.
        max_pages: how many pages to ask for.

    Returns:
        A procedure to be driven with `next`, then with `send` and the page it asked for.

    Raises:
        RemoteProtocolError: a cursor came twice, or there are more pages than that.
        LocalProtocolError: no page at all may be asked for.
    """
    if max_pages < 1:
        raise LocalProtocolError(f"max_pages: expected at least 1, found {max_pages!r}")
    cursor: str | None = None
    seen: set[str] = set()
    asked = 0
    while True:
        call = ask(cursor)
        page = yield call
        asked += 1
        cursor = page.next_cursor
        if cursor is None:
            return
        if cursor in seen:
            raise RemoteProtocolError(f"{call.method}: the server gave the cursor {cursor!r:.80} twice")
        if asked == max_pages:
            raise RemoteProtocolError(
                f"{call.method}: expected at most {asked} pages, found a cursor to more"
            )
        seen.add(cursor)


class _Items(Generic[PageT, ItemT]):
    """The items of the pages so far that were not handed out, and what to ask for next."""

    def __init__(self, steps: Walk[PageT], items_of: Callable[[PageT], tuple[ItemT, ...]]) -> None:
        self._steps = steps
        self._items_of = items_of
        self._page: PageT | None = None
        self._pending: Call[PageT] | None = None
        self._items: deque[ItemT] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def take(self) -> ItemT:
        """Hand out the next item."""
        return self._items.popleft()

    def next_call(self) -> Call[PageT] | None:
        """Return the call for the next page, the same until its page came; None after the last."""
        if self._pending is None:
            try:
                self._pending = next(self._steps) if self._page is None else self._steps.send(self._page)
            except StopIteration:
                return None
        return self._pending

    def receive(self, page: PageT) -> None:
        """Take in the page that was called for."""
        self._pending = None
        self._page = page
        self._items.extend(self._items_of(page))


class BlockingItems(Iterator[ItemT]):
    """The items of a list, page by page, for a plain `for`.

    Args:
        steps: the walk over the pages.
        items_of: reads the items off a page.
        call: makes a call and waits for its value.
    """

    def __init__(
        self,
        steps: Walk[PageT],
        items_of: Callable[[PageT], tuple[ItemT, ...]],
        call: Callable[[Call[PageT]], PageT],
    ) -> None:
        items = _Items(steps, items_of)
        self._items: _Items[JSON, ItemT] = items
        self._call: Callable[[Call[JSON]], JSON] = call

    def __next__(self) -> ItemT:
        while not self._items:
            call = self._items.next_call()
            if call is None:
                raise StopIteration
            self._items.receive(self._call(call))
        return self._items.take()


class AwaitableItems(AsyncIterator[ItemT]):
    """The items of a list, page by page, for `async for`; one task at a time may iterate.

    Args:
        steps: the walk over the pages.
        items_of: reads the items off a page.
        call: makes a call; its value is awaited.
        pause: gives way to other tasks, where the runtime wants that.
    """

    def __init__(
        self,
        steps: Walk[PageT],
        items_of: Callable[[PageT], tuple[ItemT, ...]],
        call: Callable[[Call[PageT]], Awaitable[PageT]],
        pause: Pause,
    ) -> None:
        items = _Items(steps, items_of)
        self._items: _Items[JSON, ItemT] = items
        self._call: Callable[[Call[JSON]], Awaitable[JSON]] = call
        self._pause = pause

    def __anext__(self) -> Awaitable[ItemT]:
        return after(self._pause, self._coming)

    def _coming(self) -> Generator[JSON, JSON, ItemT]:
        while not self._items:
            call = self._items.next_call()
            if call is None:
                raise StopAsyncIteration
            page = yield from self._call(call).__await__()
            self._items.receive(page)
        return self._items.take()
