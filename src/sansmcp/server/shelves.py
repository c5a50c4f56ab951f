"""The items of one kind that a server offers, in the order in which they were registered."""

import functools
from collections.abc import Iterable, Mapping
from typing import Generic, TypeAlias, TypeVar

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_MODERN, codec_for
from sansmcp.schema.inlining import inlined
from sansmcp.values import JSON, Value
from sansmcp.wire import Response, encode

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

Position: TypeAlias = tuple[int, ...]
"""Where an item stands in its list. It is never another's, and what is mounted has those of its home below
that of the mount."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Offer(Value, Generic[T_co]):
    """One item, and what it was made of."""

    key: str
    """Its name, or its URI."""
    target: T_co
    """What answers."""
    definition: JSON
    """What lists show of it."""
    source: JSON
    """The function or the value that it was made of."""
    options: JSON
    """What the user said of it."""
    position: Position = ()
    """Where it stands; a shelf says it."""
    is_enabled: bool = True
    """Whether clients see it."""

    @functools.cached_property
    def size(self) -> int:
        """How many bytes a list takes to show it, about; worked out when somebody first looks."""
        # The newest revision says the most.
        return len(encode(Response(id=0, result=codec_for(LATEST_MODERN).unstructure(self.definition))))

    @functools.cached_property
    def inlined(self) -> "Offer[T_co]":
        """The same tool with no `$ref` in its schemas; worked out when somebody first looks."""
        tool: schema.Tool = self.definition
        try:
            shown = attrs.evolve(
                tool,
                input_schema=inlined(tool.input_schema),
                output_schema=None if tool.output_schema is None else inlined(tool.output_schema),
            )
        except LocalProtocolError:
            # It would be too large.
            return self
        return attrs.evolve(self, definition=shown)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Shelf(Value, Generic[T]):
    """The items of one kind at one instant."""

    kind: str
    """What they are, in a word."""
    offers: Mapping[str, Offer[T]] = attrs.field(factory=dict)
    """All of them by name or URI, in order."""
    used: int = 0
    """How many positions were given away; none is given twice."""

    @functools.cached_property
    def enabled(self) -> Mapping[str, Offer[T]]:
        """Those that clients see, in order; worked out when somebody first looks."""
        return {key: offer for key, offer in self.offers.items() if offer.is_enabled}

    def get(self, key: str) -> T | None:
        """Return what answers under a name, or None if clients see none."""
        offer = self.enabled.get(key)
        return None if offer is None else offer.target

    def definitions(self) -> tuple[JSON, ...]:
        """Return what a list shows, in order."""
        return tuple(offer.definition for offer in self.enabled.values())

    def at(self, position: Position) -> Offer[T] | None:
        """Return the item at a position, or None if it was removed."""
        return next((offer for offer in self.offers.values() if offer.position == position), None)

    def mounting(self, place: int, offers: Iterable[Offer[T]]) -> "Shelf[T]":
        """Return a shelf with these items at a place, in place of those that were there.

        What has a name that is taken is left out: its home cannot know of ours.
        """
        kept = {
            key: offer
            for key, offer in self.offers.items()
            if len(offer.position) == 1 or offer.position[0] != place
        }
        merged = {**{offer.key: offer for offer in offers}, **kept}
        ordered = sorted(merged.values(), key=lambda offer: offer.position)
        return attrs.evolve(self, offers={offer.key: offer for offer in ordered})

    def adding(self, offer: Offer[T]) -> "Shelf[T]":
        """Return a shelf with one more item, the last.

        Raises:
            LocalProtocolError: there is one of that name.
        """
        self._check_free(offer.key)
        placed = attrs.evolve(offer, position=(self.used,))
        return attrs.evolve(self, offers={**self.offers, offer.key: placed}, used=self.used + 1)

    def replacing(self, offer: Offer[T]) -> "Shelf[T]":
        """Return a shelf with something else at the position of an item.

        Raises:
            LocalProtocolError: it has another name now, and another item has that name.
        """
        known = self.offers.get(offer.key)
        if known is None or known.position != offer.position:
            self._check_free(offer.key)
        kept = (offer if old.position == offer.position else old for old in self.offers.values())
        return attrs.evolve(self, offers={new.key: new for new in kept})

    def removing(self, position: Position) -> "Shelf[T]":
        """Return a shelf without what is at a position."""
        kept = {key: offer for key, offer in self.offers.items() if offer.position != position}
        return attrs.evolve(self, offers=kept)

    def _check_free(self, key: str) -> None:
        if key in self.offers:
            raise LocalProtocolError(
                f"there is a {self.kind} {key!r:.80} already; update or remove it, or take another name"
            )
