"""Lists that are read again by themselves when the server says that they have changed."""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.client import calls
from sansmcp.client.pages import Walk, walk
from sansmcp.client.walking import Ask, Walking
from sansmcp.errors import SansmcpError
from sansmcp.session import ChangeKind, Report, Severity
from sansmcp.session.deadlines import Deadlines
from sansmcp.values import JSON, Value

# The TypeScript SDK waits 300 ms for further changes.
LIST_DELAY: Final = 0.3
"""Seconds from a change of a list until it is read again, by default; changes in between are one."""

Listed: TypeAlias = schema.Tool | schema.Prompt | schema.Resource
"""What stands in a list."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListRefreshed(Value):
    """A list was read again, since it had changed."""

    kind: ChangeKind
    """Which list: TOOLS, PROMPTS or RESOURCES."""
    items: tuple[Listed, ...]
    """The whole list."""


class Refreshing:
    """Reads lists again, some time after the first of several changes; one list at a time is read once.

    Args:
        ask: makes a call.
        deadlines: where the delay is kept.
        delay: seconds from a change until the list is read.
        told: takes the list.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        *,
        ask: Ask,
        deadlines: Deadlines,
        delay: float,
        told: Callable[[ListRefreshed], None],
        report: Callable[[Report], None],
    ) -> None:
        self._ask = ask
        self._deadlines = deadlines
        self._delay = delay
        self._told = told
        self._report = report
        # What is waited for or read; True if it has changed again while it was read.
        self._again: dict[ChangeKind, bool] = {}

    def changed(self, kind: ChangeKind, now: float) -> None:
        """Take in that a list has changed; afterwards the driver settles."""
        if kind is ChangeKind.RESOURCE:
            return
        if kind in self._again:
            self._again[kind] = True
            return
        self._wait(kind, now)

    def end(self) -> None:
        """Take in that there is no connection any more."""
        for kind in self._again:
            self._deadlines.disarm((self, kind))
        self._again.clear()

    def _wait(self, kind: ChangeKind, now: float) -> None:
        self._again[kind] = False
        at = now + self._delay
        reason = f"the list of {kind.value} is read again"
        self._deadlines.arm((self, kind), at, reason, partial(self._read, kind, at))

    def _read(self, kind: ChangeKind, now: float) -> None:
        # What changed while it waited is read now.
        self._again[kind] = False
        items: list[Listed] = []

        def take(page: JSON) -> None:
            items.extend(getattr(page, kind.value))

        def end(error: SansmcpError | None, now: float) -> None:
            again = self._again.pop(kind, False)
            if error is None:
                self._told(ListRefreshed(kind=kind, items=tuple(items)))
            else:
                text = f"the list of {kind.value} could not be read again: {error}"
                self._report(Report(severity=Severity.WARNING, text=text))
            if again:
                self._wait(kind, now)

        Walking(_steps(kind), ask=self._ask, take=take, end=end).begin(now)


def _steps(kind: ChangeKind) -> Walk[JSON]:
    match kind:
        case ChangeKind.TOOLS:
            return walk(calls.list_tools)
        case ChangeKind.PROMPTS:
            return walk(calls.list_prompts)
        case _:
            return walk(calls.list_resources)
