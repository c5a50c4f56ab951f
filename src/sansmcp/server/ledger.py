"""What a server offers now, and how it becomes something else while any number of threads use it."""

from collections.abc import Callable
from typing import Final

from sansmcp.schema import Revision
from sansmcp.server.registry import EMPTY, Registry
from sansmcp.server.shelves import Offer, Position
from sansmcp.values import JSON

_NEXT: Final = "next"


class _Entry:
    """One registry in a row of such."""

    __slots__ = ("registry", "successor")

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.successor: dict[str, _Entry] = {}


class Ledger:
    """The registries of a server, each made from the one before it.

    There is no lock, so nobody ever waits, not even a signal handler that registers something while a
    registration is under way. Writers agree on the successor of each registry by `dict.setdefault`, which is
    one step in every interpreter, with and without a global lock; who loses begins again from the winner's.

    Args:
        revisions: in which revisions it must be possible to say what is registered.
    """

    def __init__(self, revisions: tuple[Revision, ...]) -> None:
        self.revisions = revisions
        """In which revisions it must be possible to say what is registered."""
        self._entry = _Entry(EMPTY)
        self._wakes: dict[object, Callable[[], object]] = {}

    @property
    def registry(self) -> Registry:
        """What is offered at this instant."""
        return self._newest().registry

    def change(self, step: Callable[[Registry], Registry]) -> Registry:
        """Replace what is offered, and wake who subscribed.

        Args:
            step: makes the new registry of the old one; it may be called again, and returns what it was
                given where nothing changes.

        Returns:
            The new registry.
        """
        while True:
            entry = self._newest()
            registry = step(entry.registry)
            if registry is entry.registry:
                return registry
            new = _Entry(registry)
            if entry.successor.setdefault(_NEXT, new) is new:
                break
        self._newest()
        for wake in self._wakes.copy().values():
            wake()
        return registry

    def add(self, shelf: str, offer: Offer[JSON]) -> Position:
        """Offer one more item, and return where it stands.

        Raises:
            LocalProtocolError: there is one of that name.
        """
        registry = self.change(
            lambda registry: registry.with_shelf(shelf, registry.shelf(shelf).adding(offer))
        )
        return registry.shelf(shelf).offers[offer.key].position

    def subscribe(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Call a function after each change, on the thread that made it.

        Args:
            wake: it must neither block nor raise, and may be called from any thread.

        Returns:
            What ends it; it may be called again.
        """
        token = object()
        self._wakes[token] = wake

        def end() -> None:
            self._wakes.pop(token, None)

        return end

    def _newest(self) -> _Entry:
        # A slow writer may have put back an older entry: the successors lead from it to the newest.
        entry = self._entry
        while (successor := entry.successor.get(_NEXT)) is not None:
            entry = self._entry = successor
        return entry
