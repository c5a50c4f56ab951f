"""The tasks of one endpoint: a nursery inside a nursery, so that an end goes in order and faults come alone.

What cancels the body of the `async with` does not reach the tasks: links are to end well first, and
handlers are to hear of it from their sessions.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import trio


class Tasks:
    """The tasks of one endpoint; enter it with `async with`, whose end cancels what is left.

    An exception of the body comes out as itself, and so does one that a task raised: never in a group.
    """

    def __init__(self) -> None:
        self._around: AbstractAsyncContextManager[trio.Nursery, bool | None] | None = None
        self._nursery: trio.Nursery | None = None

    @property
    def nursery(self) -> trio.Nursery:
        """Where the tasks are."""
        if self._nursery is None:
            raise AssertionError("unreachable: it is entered before it is used")
        return self._nursery

    def start(self, work: Callable[[], Awaitable[object]], name: str) -> None:
        """Start a task; what it raises cancels all others and the body."""
        self.nursery.start_soon(work, name=name)

    async def __aenter__(self) -> Self:
        self._around = trio.open_nursery()
        outer = await self._around.__aenter__()
        with trio.CancelScope(shield=True):
            self._nursery = await outer.start(self._live)
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if self._around is None:
            raise AssertionError("unreachable: it is entered before it is left")
        self.nursery.cancel_scope.cancel()
        try:
            return await self._around.__aexit__(exception_type, exception, traceback)
        except BaseExceptionGroup as group:
            fault = _fault_in(group, exception)
        if fault is None or fault is exception:
            return False
        raise fault

    async def _live(self, task_status: trio.TaskStatus[trio.Nursery]) -> None:
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                task_status.started(nursery)
                await trio.sleep_forever()


def _fault_in(
    group: BaseExceptionGroup[BaseException], of_body: BaseException | None
) -> BaseException | None:
    """Return the one exception to raise: that of the body, else the first of a task; None to cancel."""
    of_tasks = list(_leaves(error for error in group.exceptions if error is not of_body))
    # The keys that interrupt must not be lost because something else went wrong as well.
    for error in of_tasks:
        if not isinstance(error, Exception):
            return error
    if of_body is not None and not isinstance(of_body, trio.Cancelled):
        return of_body
    return of_tasks[0] if of_tasks else None


def _leaves(errors: Iterable[BaseException]) -> Iterator[BaseException]:
    for error in errors:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error.exceptions)
        elif not isinstance(error, trio.Cancelled):
            yield error
