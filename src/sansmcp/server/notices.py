"""What a session has yet to tell its client of what changed."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Protocol

from sansmcp.session import Change, ChangeKind
from sansmcp.values import JSON

_LISTS = (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES)


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
        self._told = offered()
        self._doubted: set[ChangeKind] = set()

    @property
    def is_behind(self) -> bool:
        """Whether there were changes since the client was told last."""
        return self._offered().number != self._told.number

    def shown(self, kind: ChangeKind, offered: Offered) -> None:
        """Take note that the client is shown a list.

        Args:
            kind: which one.
            offered: as it is in this.
        """
        # It may be as it was before when the burst ends, but the client has seen something else.
        if _differs(self._told, offered, kind):
            self._doubted.add(kind)

    def take(self, subscribed: AbstractSet[str]) -> Iterable[Change]:
        """Return what is to be told now: each list whose end differs from its beginning, and each resource.

        Args:
            subscribed: the resources that somebody wants to hear of.
        """
        before, now = self._told, self._offered()
        doubted, self._doubted = self._doubted, set()
        self._told = now
        changes = [Change(kind=kind) for kind in _LISTS if kind in doubted or _differs(before, now, kind)]
        missed = now.number - before.number
        if missed > len(now.log):
            # What is no longer in the log may have been any of them.
            updated = sorted(subscribed)
        else:
            logged = dict.fromkeys(change.uri for change in now.log[len(now.log) - missed :])
            updated = [uri for uri in logged if uri is not None and uri in subscribed]
        return [*changes, *(Change(kind=ChangeKind.RESOURCE, uri=uri) for uri in updated)]


def _differs(before: Offered, now: Offered, kind: ChangeKind) -> bool:
    return before is not now and before.shown(kind) != now.shown(kind)
