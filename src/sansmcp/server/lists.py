"""Lists of what a server offers, page by page."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.server.caching import CacheHints
from sansmcp.server.context import Context
from sansmcp.server.cursors import Cursors, refused
from sansmcp.server.peer import Peer
from sansmcp.server.registry import Registry
from sansmcp.server.shelves import Offer, Shelf
from sansmcp.server.targets import Target
from sansmcp.session import ChangeKind, RequestReceived
from sansmcp.values import JSON

PAGE_SIZE: Final = 250
"""How many items a page has by default: 16 000 of them are on the 64 pages that a client walks. Precedent:
go-sdk's 1000."""

# A message has 4 MiB at most. A revision before the newest takes some bytes more to say the same.
PAGE_BYTES: Final = 3 * 1024 * 1024
"""How many bytes of items a page has, if it has more than one."""

Inlines: TypeAlias = Callable[[Peer], bool]
"""Says whether a client reads no `$ref`, so that it is shown definitions where they are used."""

_LISTS: Final[dict[str, tuple[str, ChangeKind, Callable[..., JSON]]]] = {
    "tools/list": ("tools", ChangeKind.TOOLS, schema.ListToolsResult),
    "prompts/list": ("prompts", ChangeKind.PROMPTS, schema.ListPromptsResult),
    "resources/list": ("resources", ChangeKind.RESOURCES, schema.ListResourcesResult),
    "resources/templates/list": (
        "resource_templates",
        ChangeKind.RESOURCES,
        schema.ListResourceTemplatesResult,
    ),
}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Page(Target):
    """Answers a request for a page of one list."""

    shelf: Shelf[JSON]
    """What there is."""
    kind: ChangeKind
    """What tells that it changed."""
    member: str
    """What the result calls the items."""
    result: Callable[..., JSON]
    """Makes the result."""
    size: int
    """How many items a page has."""
    cursors: Cursors | None
    """Seals where it ends; without it a page has everything."""
    principal: str | None
    """Whom the client was found to be."""
    inlines: Inlines | None
    """Says whether a client reads no references; None where nothing holds any, or nobody is asked."""

    def call(self, event: RequestReceived, _context: Context | None, /) -> JSON:
        """Return the page.

        Raises:
            RpcError: the cursor is none of this list.
        """
        offers, cursor, cursors = self._shown(event), event.params.cursor, self.cursors
        if cursors is None:
            if cursor is not None:
                raise refused()
            return self.result(**{self.member: tuple(offer.definition for offer in offers)})
        start = 0
        if cursor is not None:
            after = cursors.open(self.name, cursor)
            # What was registered later stands later: whatever was there all the time is listed once.
            start = bisect_right([offer.position for offer in self.shelf.enabled.values()], after)
        page = _cut(islice(offers, start, start + self.size))
        more = start + len(page) < len(self.shelf.enabled)
        return self.result(
            **{self.member: tuple(offer.definition for offer in page)},
            next_cursor=cursors.seal(self.name, page[-1].position) if more else None,
        )

    def _shown(self, event: RequestReceived) -> Iterable[Offer[JSON]]:
        offers = self.shelf.enabled.values()
        if self.inlines is not None and self.inlines(Peer(event, self.principal)):
            return (offer.inlined for offer in offers)
        return offers

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the page."""
        return value


def _cut(offers: Iterable[Offer[JSON]]) -> list[Offer[JSON]]:
    """Return as many of the first items as fit a page, at least one where there is one."""
    page: list[Offer[JSON]] = []
    room = PAGE_BYTES
    for offer in offers:
        room -= offer.size
        if page and room < 0:
            break
        page.append(offer)
    return page


class Lists:
    """What answers the four lists of a server.

    Args:
        page_size: how many items a page has.
        hints: how long pages may be kept; those of one list have one hint, so that they can be put together.
        inlines: says which clients read no references in the schemas of tools; None where nobody is asked.

    Raises:
        LocalProtocolError: a page has no items.
    """

    def __init__(self, page_size: int, hints: CacheHints, inlines: Inlines | None) -> None:
        if type(page_size) is not int or page_size < 1:
            raise LocalProtocolError(f"page_size: expected a whole number from 1, found {page_size!r:.80}")
        self._page_size = page_size
        self._hints = hints
        self._inlines = inlines

    def target(
        self, method: str, registry: Registry, cursors: Cursors | None, principal: str | None
    ) -> Page | None:
        """Return what answers a list, or None if the method is none.

        Args:
            method: the method.
            registry: what there is.
            cursors: seals where pages end; without it there is one page.
            principal: whom the client was found to be.
        """
        known = _LISTS.get(method)
        if known is None:
            return None
        shelf, kind, result = known
        hint = self._hints.of(method)

        def page(**members: JSON) -> JSON:
            return result(**members, ttl_ms=hint.ttl_ms, cache_scope=hint.scope)

        return Page(
            name=method,
            shelf=registry.shelf(shelf),
            kind=kind,
            member=shelf,
            result=page,
            size=self._page_size,
            cursors=cursors,
            principal=principal,
            inlines=self._inlines if kind is ChangeKind.TOOLS else None,
        )
