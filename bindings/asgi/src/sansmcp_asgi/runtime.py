"""What the adapter needs of a loop, whichever runs it: asyncio or trio."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

import sansmcp_asyncio.runtime
from sansmcp.session import Stop


class Flag(Protocol):
    """Something to wait for, on the loop's thread."""

    def set(self) -> None:
        """Let all who wait go on, and all who are going to wait."""

    def clear(self) -> None:
        """Let those wait who are going to."""

    def is_set(self) -> bool:
        """Whether nobody waits."""
        ...

    def wait(self) -> Awaitable[object]:
        """Wait until it is set."""
        ...


class Runtime(Protocol):
    """One loop while it runs; `sansmcp_asyncio` and `sansmcp_trio` have one each."""

    @property
    def is_over(self) -> bool:
        """Whether nothing can run there any more."""
        ...

    def now(self) -> float:
        """Return the time of the loop's clock."""
        ...

    def flag(self) -> Flag:
        """Return something to wait for."""
        ...

    def spawn(self, work: Callable[[], Awaitable[object]], name: str) -> Stop:
        """Run something in a task that nobody waits for, and return what cancels it.

        It begins in any case, what it raises is written into the log, and it ends with the loop.
        """
        ...

    def wake(self, call: Callable[[], object]) -> None:
        """Call something on the loop's thread, soon and in order; from threads and signal handlers, too."""

    def sleep_until(self, at: float | None, work: Callable[[], Awaitable[object]]) -> Awaitable[bool]:
        """Wait until something has come to its end, or until a time: then it is cancelled.

        What is returned says whether it has come to its end.
        """
        ...

    def turn(self) -> Awaitable[None]:
        """Let everything else go on for once that can."""
        ...

    def in_thread(self, job: Callable[[], None]) -> None:
        """Run something that must not raise on a daemon thread, soon."""

    def release(self) -> None:
        """Let the threads end as soon as they have nothing to do."""

    def close(self, patience: float) -> Awaitable[None]:
        """Cancel every task but the one that calls, and wait so many seconds for them."""
        ...


def runtime_of_this_loop() -> Runtime:
    """Return the runtime of the loop that runs, be it asyncio's or trio's."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        # Who runs trio has it; nobody else needs it.
        import sansmcp_trio.runtime  # noqa: PLC0415

        return sansmcp_trio.runtime.Runtime()
    return sansmcp_asyncio.runtime.Runtime()


def loop_here() -> object:
    """Return what tells the loop that runs from every other one."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return trio.lowlevel.current_trio_token()
    return asyncio.get_running_loop()
