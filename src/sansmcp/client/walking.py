"""Walks over pages that a client makes on its own account, inside its connection."""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from sansmcp.client.calls import Call
from sansmcp.client.outcomes import Outcome, value_of
from sansmcp.client.pages import Page, Walk
from sansmcp.errors import SansmcpError
from sansmcp.values import JSON

PageT = TypeVar("PageT", bound=Page)

React: TypeAlias = Callable[[Outcome, float], None]
"""Takes the outcome of a call, and the time, on the session's thread."""

Ask: TypeAlias = Callable[[Call[JSON], React, float], None]
"""Makes a call of the client's own; raises as `Call.send` does."""


class Walking(Generic[PageT]):
    """Asks for page after page.

    Args:
        steps: the walk.
        ask: makes a call.
        take: takes each page.
        end: told of the end, once: with None if all is well, and the time.
    """

    def __init__(
        self,
        steps: Walk[PageT],
        *,
        ask: Ask,
        take: Callable[[PageT], None],
        end: Callable[[SansmcpError | None, float], None],
    ) -> None:
        self._steps = steps
        self._ask = ask
        self._take: Callable[[PageT], None] = take
        self._end = end

    def begin(self, now: float) -> None:
        """Ask for the first page; afterwards the driver settles."""
        self._go_on(None, now)

    def _go_on(self, page: PageT | None, now: float) -> None:
        try:
            call = next(self._steps) if page is None else self._steps.send(page)
            self._ask(call, lambda outcome, later: self._took(call, outcome, later), now)
        except StopIteration:
            self._end(None, now)
        except SansmcpError as error:
            self._end(error, now)

    def _took(self, call: Call[PageT], outcome: Outcome, now: float) -> None:
        try:
            page = value_of(call, outcome)
        except SansmcpError as error:
            self._end(error, now)
            return
        self._take(page)
        self._go_on(page, now)
