"""Waiting for something on this side, in each colour: by a call that is never sent."""

from collections.abc import Awaitable, Callable, Generator
from typing import TypeAlias, TypeVar

from sansmcp.client.calls import Call
from sansmcp.client.feeds import Feed
from sansmcp.values import JSON

T = TypeVar("T")

Pause: TypeAlias = Callable[[], Awaitable[None]]
"""Gives way to other tasks where a runtime wants that of whatever is awaited; elsewhere it does nothing."""


def take_blocking(feed: Feed[T], what: str, call: Callable[[Call[None]], None]) -> T:
    """Wait for the next thing of a feed and return it.

    Args:
        feed: the feed.
        what: what one waits for, for errors.
        call: makes a call and waits for its value.

    Raises:
        FeedEnded: nothing more comes.
    """
    while (item := feed.next()) is None:
        call(_wake_up(feed, what))
    return item


def take_awaited(
    feed: Feed[T], what: str, call: Callable[[Call[None]], Awaitable[None]]
) -> Generator[JSON, JSON, T]:
    """Wait for the next thing of a feed and return it: the same to be driven by a loop.

    Args:
        feed: the feed.
        what: what one waits for, for errors.
        call: makes a call; its value is awaited.

    Raises:
        FeedEnded: nothing more comes.
    """
    while (item := feed.next()) is None:
        yield from call(_wake_up(feed, what)).__await__()
    return item


class Awaited(Awaitable[T]):
    """A generator as something to be awaited: a coroutine without its colour.

    Args:
        steps: begins it.
    """

    def __init__(self, steps: Callable[[], Generator[JSON, JSON, T]]) -> None:
        self._steps: Callable[[], Generator[JSON, JSON, T]] = steps

    def __await__(self) -> Generator[JSON, JSON, T]:
        return self._steps()


def after(pause: Pause, steps: Callable[[], Generator[JSON, JSON, T]]) -> Awaitable[T]:
    """Return something to be awaited that gives way first, and is left as it was if it is cancelled there.

    Args:
        pause: gives way.
        steps: begins what is done then.
    """

    def both() -> Generator[JSON, JSON, T]:
        yield from pause().__await__()
        return (yield from steps())

    return Awaited(both)


def at_once(value: T) -> Awaitable[T]:
    """Return something that gives a value as soon as it is awaited.

    Args:
        value: the value.
    """

    def steps() -> Generator[JSON, JSON, T]:
        yield from ()
        return value

    return Awaited(steps)


def _wake_up(feed: Feed[T], what: str) -> Call[None]:
    return Call(method=what, read=lambda _: None, locally=feed.wait)
