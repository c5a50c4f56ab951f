"""What the tests of the asyncio binding share."""

import asyncio
import gc
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

from tests.bindings.looking import descriptors


class JumpingSelector(selectors.DefaultSelector):
    """A selector with a clock that jumps to the next deadline when nothing else can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time."""

    def __init__(self) -> None:
        self.selector = JumpingSelector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test on the real clock; it must leave no task, no transport and no descriptor."""
    before = descriptors()
    _run(asyncio.new_event_loop(), work)
    assert descriptors() == before


def run_in_no_time(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test on a clock that jumps: every wait of the loop is over at once."""
    _run(JumpingLoop(), work)


def turns() -> int:
    """Return how many turns a loop in virtual time has made."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    return loop.selector.turns


async def quiet() -> None:
    """Wait in virtual time until nothing can happen but what the clock brings."""
    assert isinstance(asyncio.get_running_loop(), JumpingLoop)
    await asyncio.sleep(1e-6)


async def until(moment: float) -> None:
    """Wait in virtual time until a moment of the clock of the loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    await asyncio.sleep(moment - loop.time())


def _run(loop: asyncio.AbstractEventLoop, work: Callable[[], Awaitable[None]]) -> None:
    told: list[dict[str, Any]] = []

    async def guarded() -> None:
        loop.set_exception_handler(lambda _loop, context: told.append(context))
        # A guard against hanging; in virtual time a day may pass.
        async with asyncio.timeout(10_000_000 if isinstance(loop, JumpingLoop) else 60):
            await work()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(guarded())
    # Faults that nobody took and transports that nobody closed are told by the collector.
    gc.collect()
    assert not told, told
