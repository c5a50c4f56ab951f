"""One server in another: what it offers is offered there too, under a prefix, and changes with it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.server.ledger import Ledger
from sansmcp.server.registry import Mount, Registry
from sansmcp.server.shelves import Offer
from sansmcp.session import Change, ChangeKind
from sansmcp.values import JSON

# It becomes the first part of a path, and tools are named with it.
_PREFIX: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_SHELVES: Final = ("tools", "prompts", "resources", "resource_templates")


class MountHandle:
    """A server that is mounted in another; `Server.mount` returns it.

    Args:
        outer: what the outer server offers.
        inner: what the inner one offers.
        prefix: what stands before its names.
    """

    __slots__ = ("_end", "_outer", "_places", "_prefix")

    def __init__(self, outer: Ledger, inner: Ledger, prefix: str) -> None:
        if _PREFIX.fullmatch(prefix) is None:
            raise LocalProtocolError(
                f"mount: expected a prefix of 1 to 64 of A-Z, a-z, 0-9, '.', '-', found {prefix!r:.80}"
            )
        if inner is outer or _reaches(inner.registry, outer):
            raise LocalProtocolError("mount: expected another server, found one that this one is part of")
        self._outer = outer
        self._prefix = prefix
        self._places: Mapping[str, int] = {}
        outer.change(lambda registry: self._mounted(registry, inner))
        self._end = inner.subscribe(self._refresh)
        # What changed in between nobody has told.
        self._refresh()

    @property
    def prefix(self) -> str:
        """What stands before the names."""
        return self._prefix

    def remove(self) -> None:
        """Take everything of it away again; it may be said again."""
        self._end()
        self._outer.change(lambda registry: _unmounted(registry, self._places))

    def _mounted(self, registry: Registry, inner: Ledger) -> Registry:
        self._places = {name: registry.shelf(name).used for name in _SHELVES}
        mount = Mount(
            home=inner,
            prefix=self._prefix,
            registry=lambda: inner.registry,
            places=self._places,
            told=inner.registry.number,
            completed=inner.registry.completed,
        )
        for name in _SHELVES:
            shelf = registry.shelf(name)
            taken = [offer.key for offer in _offers(mount, name) if offer.key in shelf.offers]
            if taken:
                raise LocalProtocolError(
                    f"mount: there is a {shelf.kind} {taken[0]!r:.80} already; take another prefix"
                )
            fields: JSON = {name: attrs.evolve(shelf, used=shelf.used + 1)}
            registry = attrs.evolve(registry, **fields)
        return _taken_over(attrs.evolve(registry, mounts=(*registry.mounts, mount)), mount)

    def _refresh(self) -> None:
        self._outer.change(lambda registry: _refreshed(registry, self._places))


def _reaches(registry: Registry, outer: Ledger) -> bool:
    return any(mount.home is outer or _reaches(mount.registry(), outer) for mount in registry.mounts)


def _refreshed(registry: Registry, places: Mapping[str, int]) -> Registry:
    for mount in registry.mounts:
        if mount.places == places and _has_news(mount, mount.registry()):
            return _taken_over(registry, mount)
    return registry


def _has_news(mount: Mount, inner: Registry) -> bool:
    return inner.number != mount.told or inner.completed is not mount.completed


def _unmounted(registry: Registry, places: Mapping[str, int]) -> Registry:
    kept = tuple(mount for mount in registry.mounts if mount.places != places)
    if len(kept) == len(registry.mounts):
        return registry
    registry = attrs.evolve(registry, mounts=kept)
    for name in _SHELVES:
        registry = registry.with_shelf(name, registry.shelf(name).mounting(places[name], ()))
    return registry


def _taken_over(registry: Registry, mount: Mount) -> Registry:
    """Return a registry with what a mounted server offers now, and with its changes."""
    inner = mount.registry()
    told = attrs.evolve(mount, told=inner.number, completed=inner.completed)
    mounts = (told if known is mount else known for known in registry.mounts)
    registry = attrs.evolve(registry, mounts=tuple(mounts))
    for name in _SHELVES:
        old = registry.shelf(name)
        new = old.mounting(mount.places[name], _offers(mount, name))
        if list(old.offers.values()) != list(new.offers.values()):
            registry = registry.with_shelf(name, new)
    missed = inner.number - mount.told
    # Whoever changes it wakes us before the next change of theirs: its log reaches back to what was told.
    for change in inner.log[len(inner.log) - missed :]:
        if change.uri is not None:
            uri = mount.outer_uri(change.uri)
            registry = registry.with_change(Change(kind=ChangeKind.RESOURCE, uri=uri))
    return registry.with_completed(*(page for page in inner.completed if page not in mount.completed))


def _offers(mount: Mount, shelf: str) -> Iterator[Offer[JSON]]:
    """Return the items of a mounted server as they are offered here."""
    place, is_named = mount.places[shelf], shelf in ("tools", "prompts")
    for offer in mount.registry().shelf(shelf).offers.values():
        key = mount.outer_name(offer.key) if is_named else mount.outer_uri(offer.key)
        member = "name" if is_named else "uri" if shelf == "resources" else "uri_template"
        yield attrs.evolve(
            offer,
            key=key,
            definition=attrs.evolve(offer.definition, **{member: key}),
            source=offer.key,
            position=(place, *offer.position),
        )
