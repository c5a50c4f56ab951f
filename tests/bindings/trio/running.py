"""What the tests of the trio binding share."""

from collections.abc import Awaitable, Callable

import trio
from trio.testing import MockClock


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test on the real clock."""

    async def guarded() -> None:
        with trio.fail_after(60):
            await work()

    trio.run(guarded)


def run_in_no_time(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test on a clock that jumps to the next deadline when nothing else can happen."""
    trio.run(work, clock=MockClock(autojump_threshold=0))
