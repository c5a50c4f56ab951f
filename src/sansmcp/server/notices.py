"""What a session has yet to tell its client of what changed."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Protocol

from sansmcp.session import Change, ChangeKind
from sansmcp.values import JSON

LISTS = (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES)
"""The changes of lists."""


class Offered(Protocol):
    """What is offered at one instant, as far as changes of it go."""

    @property
    def number(self) -> int:
        """How many changes there were."""
        ...

    @property
    def log(self) -> tuple[Change, ...]:
        """The last of these changes."""
        ...

    @property
    def completed(self) -> tuple[str, ...]:
        """The last pages that are done, by the ids of their questions."""
        ...

    def shown(self, kind: ChangeKind) -> JSON:
        """Return what the lists show whose changes are of a kind; equal where they show the same."""
        ...


class Notices:
    """What of the changes of a server a client was told.

    Args:
        offered: returns what is offered now.
    """

    def __init__(self, offered: Callable[[], Offered]) -> None:
        self._offered = offered
        # Only of lists that somebody wants to hear of: it keeps alive what was offered long ago.
        self._told: dict[ChangeKind, Offered] = {}
        self._number: int | None = None
        self._doubted: set[ChangeKind] = set()

    def hear_of(self, kinds: Iterable[ChangeKind], offered: Offered) -> None:
        """Take note of the lists that the client wants to hear of; those that it wanted before go on.

        Args:
            kinds: the changes of these lists, and no others.
            offered: what was offered when it began to.
        """
        self._told = {kind: self._told.get(kind, offered) for kind in kinds}
        if self._number is None:
            self._number = offered.number

    def skip_to(self, number: int) -> None:
        """Take note that of the first so many changes none is for the client, unless it was told already."""
        if self._number is not None:
            self._number = max(self._number, number)

    @property
    def is_behind(self) -> bool:
        """Whether there were changes since the client was told last."""
        return self._number is not None and self._offered().number != self._number

    def shown(self, kind: ChangeKind, offered: Offered) -> None:
        """Take note that the client is shown a list.

        Args:
            kind: which one.
            offered: as it is in this.
        """
        # It may be as it was before when the burst ends, but the client has seen something else.
        told = self._told.get(kind)
        if told is not None and _differs(told, offered, kind):
            self._doubted.add(kind)

    def take(self, subscribed: AbstractSet[str]) -> Iterable[Change]:
        """Return what is to be told now: each list whose end differs from its beginning, and each resource.

        Args:
            subscribed: the resources that somebody wants to hear of.
        """
        now = self._offered()
        told, doubted, self._doubted = self._told, self._doubted, set()
        changes = [
            Change(kind=kind)
            for kind in LISTS
            if kind in told and (kind in doubted or _differs(told[kind], now, kind))
        ]
        self._told = dict.fromkeys(told, now)
        missed, self._number = now.number - (self._number or 0), now.number
        if missed > len(now.log):
            # What is no longer in the log may have been any of them.
            updated = sorted(subscribed)
        else:
            logged = dict.fromkeys(change.uri for change in now.log[len(now.log) - missed :])
            updated = [uri for uri in logged if uri is not None and uri in subscribed]
        return [*changes, *(Change(kind=ChangeKind.RESOURCE, uri=uri) for uri in updated)]


def _differs(before: Offered, now: Offered, kind: ChangeKind) -> bool:
    return before is not now and before.shown(kind) != now.shown(kind)
