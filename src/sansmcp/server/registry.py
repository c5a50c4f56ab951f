"""What a server offers at one instant, as a value: each change makes a new one."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import RpcError
from sansmcp.schema import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    METHODS,
    MethodTable,
    resource_not_found_code,
)
from sansmcp.server.completions import Completer, completion_target
from sansmcp.server.context import Context
from sansmcp.server.methods import MethodTarget, NotificationTarget
from sansmcp.server.prompts import PromptTarget
from sansmcp.server.resources import ResourceTarget
from sansmcp.server.shelves import Shelf
from sansmcp.server.targets import Refused, Target
from sansmcp.server.templates import FilledTemplate, TemplateTarget
from sansmcp.server.tools import ToolTarget
from sansmcp.session import Change, ChangeKind, RequestReceived
from sansmcp.values import JSON, Value

MAX_LOG: Final = 1024
"""How many changes a registry remembers. Precedent: the backlog of a subscription."""

SHELVES: Final = ("tools", "prompts", "resources", "resource_templates", "methods", "notifications")
"""The fields of a registry that hold items."""

_NOTICES: Final = {
    "tools": ChangeKind.TOOLS,
    "prompts": ChangeKind.PROMPTS,
    "resources": ChangeKind.RESOURCES,
    "resource_templates": ChangeKind.RESOURCES,
}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Mount(Value):
    """Another server whose items are offered under a prefix."""

    home: object
    """Tells it from every other."""
    prefix: str
    """What stands before their names."""
    registry: "Callable[[], Registry]"
    """Returns what it offers now."""
    places: Mapping[str, int]
    """Where its items stand among ours, by kind."""
    told: int
    """How many of its changes were taken over."""
    completed: tuple[str, ...]
    """The pages that were done there when that was looked at last."""

    def outer_name(self, name: str) -> str:
        """Return what a name of its is called here."""
        return f"{self.prefix}_{name}"

    def outer_uri(self, uri: str) -> str:
        """Return what a URI of its is called here: the prefix is the first part of its path."""
        scheme, slashes, rest = _split(uri)
        return f"{scheme}{slashes}{self.prefix}/{rest}"

    def inner_uri(self, uri: str) -> str | None:
        """Return what it calls a URI of ours, or None if that is none of its."""
        scheme, slashes, rest = _split(uri)
        inner = rest.removeprefix(f"{self.prefix}/")
        return None if inner == rest else f"{scheme}{slashes}{inner}"


def _split(uri: str) -> tuple[str, str, str]:
    scheme, separator, rest = uri.partition("://")
    if separator:
        return scheme, separator, rest
    return uri.partition(":")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Mounted(Target):
    """Answers for a server that is mounted, and says where its resources are here."""

    mount: Mount
    """The server."""
    inner: Target
    """What answers there."""

    def call(self, event: RequestReceived, context: Context | None, /) -> JSON:
        """Run the user's code."""
        return self.inner.call(event, context)

    def answer(self, value: JSON, event: RequestReceived, /) -> JSON:
        """Return the result, under our URIs."""
        result = self.inner.answer(value, event)
        match result:
            case schema.ReadResourceResult():
                contents = (self._moved(content) for content in result.contents)
                return attrs.evolve(result, contents=tuple(contents))
            case schema.CallToolResult():
                return attrs.evolve(result, content=tuple(map(self._block, result.content)))
            case schema.GetPromptResult():
                messages = (
                    attrs.evolve(message, content=self._block(message.content)) for message in result.messages
                )
                return attrs.evolve(result, messages=tuple(messages))
            case _:
                return result

    def error_answer(self, text: str, /) -> schema.CallToolResult | None:
        """Return a result that says that it failed, or None where only an error can say so."""
        return self.inner.error_answer(text)

    def outer_uri(self, uri: str, /) -> str:
        """Return what a client calls a URI of the handler's."""
        return self.mount.outer_uri(self.inner.outer_uri(uri))

    def _moved(self, resource: JSON) -> JSON:
        return attrs.evolve(resource, uri=self.mount.outer_uri(resource.uri))

    def _block(self, block: schema.ContentBlock) -> schema.ContentBlock:
        """Return a block; what it names may be no resource of the server, and then stays what it is."""
        reads = self.mount.registry().reads
        if isinstance(block, schema.ResourceLink) and reads(block.uri):
            return attrs.evolve(block, uri=self.mount.outer_uri(block.uri))
        if isinstance(block, schema.EmbeddedResource) and reads(block.resource.uri):
            return attrs.evolve(block, resource=self._moved(block.resource))
        return block


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Registry(Value):
    """What a server offers at one instant."""

    tools: Shelf[ToolTarget] = attrs.field(factory=lambda: Shelf(kind="tool"))
    """The tools by name."""
    prompts: Shelf[PromptTarget] = attrs.field(factory=lambda: Shelf(kind="prompt"))
    """The prompts by name."""
    resources: Shelf[ResourceTarget] = attrs.field(factory=lambda: Shelf(kind="resource"))
    """The resources by URI."""
    resource_templates: Shelf[TemplateTarget] = attrs.field(factory=lambda: Shelf(kind="resource template"))
    """The resource templates by URI template."""
    methods: Shelf[MethodTarget] = attrs.field(factory=lambda: Shelf(kind="method"))
    """The requests of one's own, by name."""
    notifications: Shelf[NotificationTarget | None] = attrs.field(factory=lambda: Shelf(kind="notification"))
    """The notifications of one's own, by name; None answers those that are only sent."""
    mounts: tuple[Mount, ...] = ()
    """The servers whose items are offered here too."""
    number: int = 0
    """How many changes there were that clients may hear of."""
    log: tuple[Change, ...] = ()
    """The last of these changes; what is older is forgotten."""
    completed: tuple[str, ...] = ()
    """The last pages that users were sent to and are done with, by the ids of their questions."""
    logs: bool = False
    """Whether handlers log that take no context."""
    table: MethodTable = METHODS
    """The methods of the specification and one's own."""
    completer: Completer | None = None
    """What proposes values for every argument that nothing else completes."""

    def shelf(self, name: str) -> Shelf[JSON]:
        """Return the items of one kind.

        Args:
            name: the name of the field.
        """
        shelf: Shelf[JSON] = getattr(self, name)
        return shelf

    def with_shelf(self, name: str, shelf: Shelf[JSON]) -> "Registry":
        """Return a registry with other items of one kind.

        Args:
            name: the name of the field.
            shelf: the items.
        """
        fields: JSON = {name: shelf}
        changed = attrs.evolve(self, **fields)
        kind = _NOTICES.get(name)
        if kind is not None:
            return changed.with_change(Change(kind=kind))
        rows = (*changed.methods.offers.values(), *changed.notifications.offers.values())
        return attrs.evolve(changed, table=METHODS.extended(*(offer.definition for offer in rows)))

    def shown(self, kind: ChangeKind) -> JSON:
        """Return what the lists show whose changes are of a kind."""
        return [self.shelf(name).definitions() for name, known in _NOTICES.items() if known is kind]

    def with_change(self, change: Change) -> "Registry":
        """Return a registry in whose log there is one more change."""
        return attrs.evolve(self, number=self.number + 1, log=(*self.log[1 - MAX_LOG :], change))

    def with_completed(self, *elicitation_ids: str) -> "Registry":
        """Return a registry that knows of more pages which are done."""
        return attrs.evolve(self, completed=(*self.completed, *elicitation_ids)[-MAX_LOG:])

    @property
    def sendable(self) -> frozenset[str]:
        """The names of the notifications of one's own."""
        return frozenset(self.notifications.enabled)

    def route(self, event: RequestReceived) -> tuple[RequestReceived, Target]:
        """Return what answers a request, and the request as it is to be answered there."""
        if not self.mounts:
            return event, self.target(event)
        params = event.params
        changes: dict[str, JSON] = {}
        mount = None
        if event.method in ("tools/call", "prompts/get"):
            shelf = event.method.partition("/")[0]
            mount, changes["name"] = self._home(shelf, params.name)
        elif event.method == "completion/complete":
            if isinstance(params.ref, schema.PromptReference):
                mount, name = self._home("prompts", params.ref.name)
                changes["ref"] = attrs.evolve(params.ref, name=name)
            else:
                mount, uri = self._home("resource_templates", params.ref.uri)
                changes["ref"] = attrs.evolve(params.ref, uri=uri)
        elif event.method == "resources/read":
            return self._route_uri(event)
        if mount is None:
            return event, self.target(event)
        there, target = mount.registry().route(attrs.evolve(event, params=attrs.evolve(params, **changes)))
        return there, _mounted(mount, target)

    def _route_uri(self, event: RequestReceived) -> tuple[RequestReceived, Target]:
        uri = event.params.uri
        exact = self.resources.enabled.get(uri)
        if exact is None or len(exact.position) > 1:
            for mount in self.mounts:
                inner = mount.inner_uri(uri)
                if inner is not None:
                    params = attrs.evolve(event.params, uri=inner)
                    there, target = mount.registry().route(attrs.evolve(event, params=params))
                    if not isinstance(target, Refused):
                        return there, _mounted(mount, target)
        return event, self.target(event)

    def _home(self, shelf: str, key: str) -> tuple[Mount | None, str]:
        """Return the server that an item is mounted from, if it is, and its name there."""
        offer = self.shelf(shelf).enabled.get(key)
        if offer is None or len(offer.position) == 1:
            return None, key
        (mount,) = (mount for mount in self.mounts if mount.places[shelf] == offer.position[0])
        return mount, offer.source

    def target(self, event: RequestReceived) -> Target:
        """Return what answers a request."""
        method = event.method
        if method == "tools/call":
            name = event.params.name
            return self.tools.get(name) or _unknown("tool", name)
        if method == "resources/read":
            uri = event.params.uri
            return self.resources.get(uri) or self._filled(uri) or _not_found(event, uri)
        if method == "prompts/get":
            name = event.params.name
            return self.prompts.get(name) or _unknown("prompt", name)
        if method == "completion/complete":
            return self._completion(event)
        return self.methods.get(method) or Refused(
            name=method, error=RpcError(METHOD_NOT_FOUND, f"nothing here answers {method[:80]!r}")
        )

    def reads(self, uri: str) -> bool:
        """Say whether there is a resource under a URI, here or in a server that is mounted."""
        if uri in self.resources.enabled or self._filled(uri) is not None:
            return True
        inner = ((mount, mount.inner_uri(uri)) for mount in self.mounts)
        return any(there is not None and mount.registry().reads(there) for mount, there in inner)

    def _filled(self, uri: str) -> FilledTemplate | None:
        """Return the resource of the first template of its own that a URI fits."""
        own = (offer for offer in self.resource_templates.enabled.values() if len(offer.position) == 1)
        filled = (offer.target.filled(uri) for offer in own)
        return next((found for found in filled if found is not None), None)

    def _completion(self, event: RequestReceived) -> Target:
        ref, argument = event.params.ref, event.params.argument.name
        if isinstance(ref, schema.PromptReference):
            kind, name = "prompt", ref.name
        else:
            # A resource has nothing to complete, but asking is no mistake of the reference.
            kind, name = "resource" if ref.uri in self.resources.enabled else "resource template", ref.uri
        known = self.prompts.get(name) if kind == "prompt" else self.resource_templates.get(name)
        if known is None and kind != "resource":
            return _unknown(kind, name)
        arguments = () if known is None else known.arguments
        completer = None if known is None else known.completers.get(argument)
        return completion_target(event, f"{kind} {name[:80]!r}", arguments, completer or self.completer)

    def async_names(self) -> tuple[str, ...]:
        """Return which registered functions are an `async def`, with what they are."""
        handlers = tuple(
            f"{shelf.kind} {key!r}"
            for shelf in (self.shelf(name) for name in SHELVES)
            for key, offer in shelf.offers.items()
            if offer.target is not None and offer.target.is_async
        )
        completers = tuple(
            f"completer {completer.name!r}" for completer in self._completers() if completer.is_async
        )
        return handlers + completers

    def _completers(self) -> tuple[Completer, ...]:
        prompts = (offer.target.completers for offer in self.prompts.offers.values())
        templates = (offer.target.completers for offer in self.resource_templates.offers.values())
        every = tuple(each for found in (*prompts, *templates) for each in found.values())
        return every if self.completer is None else (*every, self.completer)

    @property
    def grounds(self) -> tuple[JSON, ...]:
        """What the capabilities follow from: where all of it is the very same, so are they."""
        return (
            self.tools,
            self.prompts,
            self.resources,
            self.resource_templates,
            self.methods,
            self.completer,
            self.logs,
        )

    def abilities(self) -> Mapping[str, bool]:
        """Return which capabilities follow from what there is, by their paths."""
        shelves = (self.tools, self.prompts, self.resources, self.resource_templates, self.methods)
        targets = [offer.target for shelf in shelves for offer in shelf.enabled.values()]
        return {
            # Only a context can log, or a bridge from the program's own log.
            "logging": self.logs or any(target.wants_context for target in targets),
            "completions": bool(self._completers()),
            "tools": bool(self.tools.enabled),
            "prompts": bool(self.prompts.enabled),
            "resources": bool(self.resources.enabled or self.resource_templates.enabled),
        }


def _mounted(mount: Mount, inner: Target) -> Target:
    return Mounted(
        name=inner.name,
        is_async=inner.is_async,
        blocks=inner.blocks,
        wants_context=inner.wants_context,
        vocabulary=inner.vocabulary,
        mount=mount,
        inner=inner,
    )


EMPTY: Final = Registry()
"""What a new server offers."""


def _unknown(kind: str, name: str) -> Target:
    return Refused(name=name, error=RpcError(INVALID_PARAMS, f"there is no {kind} {name[:80]!r}"))


def _not_found(event: RequestReceived, uri: str) -> Target:
    return Refused(name=uri, error=not_found(event, uri))


def not_found(event: RequestReceived, uri: str) -> RpcError:
    """Return the error that a resource does not exist, with the code of the request's revision."""
    code = resource_not_found_code(event.revision)
    return RpcError(code, f"there is no resource {uri[:80]!r}", {"uri": uri})
