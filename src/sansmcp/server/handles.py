"""What a registration returns: by it the item is changed while clients are connected."""

import abc
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, TypeVar, Unpack

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, refuse_unknown
from sansmcp.schema import Method
from sansmcp.server.completions import Completer, Source
from sansmcp.server.ledger import Ledger
from sansmcp.server.offer_settings import (
    MethodChanges,
    PromptChanges,
    ResourceChanges,
    ResourceTemplateChanges,
    ToolChanges,
)
from sansmcp.server.offers import (
    method_offer,
    notification_offer,
    prompt_offer,
    resource_offer,
    template_offer,
    tool_offer,
)
from sansmcp.server.registry import Registry
from sansmcp.server.shelves import Offer, Position
from sansmcp.values import JSON

_SOURCES: Final = ("function", "source")


class Handle(abc.ABC):
    """An item that a server offers. Every method may be called from any thread.

    Args:
        ledger: what the server offers.
        shelf: where the item is.
        position: which one it is.
    """

    __slots__ = ("_ledger", "_position", "_shelf")

    def __init__(self, ledger: Ledger, shelf: str, position: Position) -> None:
        self._ledger = ledger
        self._shelf = shelf
        self._position = position

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Handle):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        found = self._ledger.registry.shelf(self._shelf).at(self._position)
        return f"<{type(self).__name__} {'removed' if found is None else repr(found.key)}>"

    @property
    def name(self) -> str:
        """The name, or the URI, that it has now.

        Raises:
            LocalProtocolError: it was removed.
        """
        return self._offer(self._ledger.registry).key

    @property
    def is_enabled(self) -> bool:
        """Whether clients see it; what was removed nobody sees."""
        found = self._ledger.registry.shelf(self._shelf).at(self._position)
        return found is not None and found.is_enabled

    def enable(self) -> None:
        """Show it to clients again, where it stood.

        Raises:
            LocalProtocolError: it was removed.
        """
        self._replace(lambda offer: attrs.evolve(offer, is_enabled=True))

    def disable(self) -> None:
        """Hide it from clients: to them there is no such item.

        Raises:
            LocalProtocolError: it was removed.
        """
        self._replace(lambda offer: attrs.evolve(offer, is_enabled=False))

    def remove(self) -> None:
        """Take it away for good; it may be said again."""

        def step(registry: Registry) -> Registry:
            shelf = registry.shelf(self._shelf)
            offer = shelf.at(self._position)
            if offer is None:
                return registry
            self._check_own(offer)
            return registry.with_shelf(self._shelf, shelf.removing(self._position))

        self._ledger.change(step)

    @abc.abstractmethod
    def _made(self, key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        """Return the item made anew of these, as if it were the first."""

    def _definition(self) -> JSON:
        return self._offer(self._ledger.registry).definition

    def _offer(self, registry: Registry) -> Offer[JSON]:
        shelf = registry.shelf(self._shelf)
        found = shelf.at(self._position)
        if found is None:
            raise LocalProtocolError(f"this {shelf.kind} was removed; register it again")
        return found

    def _check_own(self, offer: Offer[JSON]) -> None:
        if len(offer.position) > 1:
            raise LocalProtocolError(f"{offer.key!r:.80} is mounted from another server; change it there")

    def _replace(self, replaced: Callable[[Offer[JSON]], Offer[JSON]]) -> None:
        def step(registry: Registry) -> Registry:
            offer = self._offer(registry)
            self._check_own(offer)
            offer = replaced(offer)
            return registry.with_shelf(self._shelf, registry.shelf(self._shelf).replacing(offer))

        self._ledger.change(step)

    def _update(self, changes: Mapping[str, JSON], expected: type[JSON]) -> None:
        names = expected.__annotations__
        refuse_unknown("update", changes, names)
        said = {name: value for name, value in changes.items() if name not in _SOURCES}

        def replaced(old: Offer[JSON]) -> Offer[JSON]:
            (source,) = [changes[name] for name in _SOURCES if name in changes] or [old.source]
            # By default a name is the function's, and another function is no reason for another name.
            kept = {"name": old.definition.name} if "name" in names and source is not old.source else {}
            new = self._made(old.key, source, attrs.evolve(old.options, **{**kept, **said}))
            return attrs.evolve(new, position=old.position, is_enabled=old.is_enabled)

        self._replace(replaced)

    def _identity(self) -> tuple[int, str, Position]:
        return id(self._ledger), self._shelf, self._position


class Completable(Handle):
    """An item whose arguments are typed by somebody."""

    __slots__ = ()

    def complete(self, argument: str, source: Source | Completer) -> None:
        """Propose values for an argument, in place of what did so far; see `Server.add_completer`.

        Args:
            argument: which one.
            source: a function, or texts.

        Raises:
            LocalProtocolError: there is no such argument, or the item was removed.
        """

        def replaced(old: Offer[JSON]) -> Offer[JSON]:
            completers = {**old.options.completers, argument: source}
            new = self._made(old.key, old.source, attrs.evolve(old.options, completers=completers))
            return attrs.evolve(new, position=old.position, is_enabled=old.is_enabled)

        self._replace(replaced)


class ToolHandle(Handle):
    """A tool that a server offers; `Server.add_tool` returns it."""

    __slots__ = ()

    @property
    def definition(self) -> schema.Tool:
        """What lists show of it.

        Raises:
            LocalProtocolError: it was removed.
        """
        definition: schema.Tool = self._definition()
        return definition

    def update(self, **changes: Unpack[ToolChanges]) -> None:
        """Change the function or what is said of it; it stays where it stands in lists.

        Args:
            changes: what is another now; see `ToolChanges`.

        Raises:
            LocalProtocolError: as from `Server.add_tool`, or it was removed.
        """
        self._update(changes, ToolChanges)

    def _made(self, _key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        return tool_offer(source, options, self._ledger.revisions)


class PromptHandle(Completable):
    """A prompt that a server offers; `Server.add_prompt` returns it."""

    __slots__ = ()

    @property
    def definition(self) -> schema.Prompt:
        """What lists show of it.

        Raises:
            LocalProtocolError: it was removed.
        """
        definition: schema.Prompt = self._definition()
        return definition

    def update(self, **changes: Unpack[PromptChanges]) -> None:
        """Change the function or what is said of it; it stays where it stands in lists.

        Args:
            changes: what is another now; see `PromptChanges`.

        Raises:
            LocalProtocolError: as from `Server.add_prompt`, or it was removed.
        """
        self._update(changes, PromptChanges)

    def _made(self, _key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        return prompt_offer(source, options, self._ledger.revisions)


class ResourceHandle(Handle):
    """A resource that a server offers; `Server.add_resource` returns it."""

    __slots__ = ()

    @property
    def definition(self) -> schema.Resource:
        """What lists show of it.

        Raises:
            LocalProtocolError: it was removed.
        """
        definition: schema.Resource = self._definition()
        return definition

    def update(self, **changes: Unpack[ResourceChanges]) -> None:
        """Change the contents or what is said of them; the URI stays, and so does its place in lists.

        Args:
            changes: what is another now; see `ResourceChanges`.

        Raises:
            LocalProtocolError: as from `Server.add_resource`, or it was removed.
        """
        self._update(changes, ResourceChanges)

    def _made(self, key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        return resource_offer(key, source, options, self._ledger.revisions)


class ResourceTemplateHandle(Completable):
    """A resource template that a server offers; `Server.add_resource_template` returns it."""

    __slots__ = ()

    @property
    def definition(self) -> schema.ResourceTemplate:
        """What lists show of it.

        Raises:
            LocalProtocolError: it was removed.
        """
        definition: schema.ResourceTemplate = self._definition()
        return definition

    def update(self, **changes: Unpack[ResourceTemplateChanges]) -> None:
        """Change the function or what is said of it; the template stays, and so does its place in lists.

        Args:
            changes: what is another now; see `ResourceTemplateChanges`.

        Raises:
            LocalProtocolError: as from `Server.add_resource_template`, or it was removed.
        """
        self._update(changes, ResourceTemplateChanges)

    def _made(self, key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        return template_offer(key, source, options, self._ledger.revisions)


class MethodHandle(Handle):
    """A request of one's own that a server answers; `Server.add_method` returns it."""

    __slots__ = ()

    @property
    def definition(self) -> Method:
        """Its row in the method table.

        Raises:
            LocalProtocolError: it was removed.
        """
        definition: Method = self._definition()
        return definition

    def update(self, **changes: Unpack[MethodChanges]) -> None:
        """Change the function or whether it blocks.

        Args:
            changes: what is another now; see `MethodChanges`.

        Raises:
            LocalProtocolError: as from `Server.add_method`, or it was removed.
        """
        self._update(changes, MethodChanges)

    def _made(self, key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        return method_offer(key, source, options)


class NotificationHandle(MethodHandle):
    """A notification of one's own; `Server.add_notification` returns it."""

    __slots__ = ()

    def _made(self, key: str, source: JSON, options: JSON, /) -> Offer[JSON]:
        return notification_offer(key, source, options)


H_co = TypeVar("H_co", bound=Handle, covariant=True)


class Handles(Mapping[str, H_co], Generic[H_co]):
    """The handles of the items of one kind by name or URI, in order: what there is when one looks.

    Args:
        ledger: what the server offers.
        shelf: where the items are.
        handle: makes the handle of one.
    """

    __slots__ = ("_handle", "_ledger", "_shelf")

    def __init__(self, ledger: Ledger, shelf: str, handle: Callable[[Ledger, str, Position], H_co]) -> None:
        self._ledger = ledger
        self._shelf = shelf
        self._handle = handle

    def __getitem__(self, key: str) -> H_co:
        offer = self._ledger.registry.shelf(self._shelf).offers[key]
        return self._handle(self._ledger, self._shelf, offer.position)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ledger.registry.shelf(self._shelf).offers)

    def __len__(self) -> int:
        return len(self._ledger.registry.shelf(self._shelf).offers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r:.200})"
