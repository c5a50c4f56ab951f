"""What a server offers at one instant, as a value: each change makes a new one."""

from collections.abc import Mapping
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    METHODS,
    Kind,
    MethodTable,
    Side,
    resource_not_found_code,
)
from sansmcp.server.context import Context
from sansmcp.server.methods import MethodTarget, NotificationTarget, row_of
from sansmcp.server.prompts import PromptTarget
from sansmcp.server.resources import ResourceTarget
from sansmcp.server.targets import Refused, Target
from sansmcp.server.tools import ToolTarget
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Page(Target):
    """Answers with the one page that a list has."""

    result: JSON
    """The page."""

    def call(self, event: RequestReceived, _context: Context | None, /) -> JSON:
        """Return the page.

        Raises:
            RpcError: the request wants another page.
        """
        if event.params.cursor is not None:
            raise RpcError(INVALID_PARAMS, "the cursor is none of this server's; begin again without one")
        return self.result

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the page."""
        return value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Completions(Target):
    """Proposes nothing: 2024-11-05 lets clients ask though no capability was declared."""

    prompts: Mapping[str, PromptTarget]
    """The prompts there are."""

    def call(self, event: RequestReceived, _context: Context | None, /) -> JSON:
        """Return no proposals.

        Raises:
            RpcError: there is no such prompt.
        """
        ref = event.params.ref
        if isinstance(ref, schema.PromptReference) and ref.name not in self.prompts:
            raise RpcError(INVALID_PARAMS, f"there is no prompt {ref.name[:80]!r}")
        return schema.CompleteResult(completion=schema.Completion(values=()))

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return no proposals."""
        return value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Registry(Value):
    """What a server offers at one instant."""

    tools: Mapping[str, ToolTarget] = attrs.field(factory=dict)
    """The tools by name, in the order in which they were registered."""
    prompts: Mapping[str, PromptTarget] = attrs.field(factory=dict)
    """The prompts by name, in order."""
    resources: Mapping[str, ResourceTarget] = attrs.field(factory=dict)
    """The resources by URI, in order."""
    methods: Mapping[str, MethodTarget] = attrs.field(factory=dict)
    """The requests of one's own, by name."""
    notifications: Mapping[str, NotificationTarget | None] = attrs.field(factory=dict)
    """The notifications of one's own, by name; None for those that are only sent."""
    table: MethodTable = METHODS
    """The methods of the specification and one's own."""
    sendable: frozenset[str] = frozenset()
    """The names of the notifications of one's own."""
    fixed: Mapping[str, Target] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(lambda self: self.listed(), takes_self=True)
    )
    """What answers requests that name nothing registered, by method."""

    def listed(self) -> Mapping[str, Target]:
        """Return what answers lists, completions and methods of one's own."""
        tools = tuple(tool.definition for tool in self.tools.values())
        prompts = tuple(prompt.definition for prompt in self.prompts.values())
        resources = tuple(resource.definition for resource in self.resources.values())
        pages: Mapping[str, JSON] = {
            "tools/list": schema.ListToolsResult(tools=tools),
            "prompts/list": schema.ListPromptsResult(prompts=prompts),
            "resources/list": schema.ListResourcesResult(resources=resources),
            "resources/templates/list": schema.ListResourceTemplatesResult(resource_templates=()),
        }
        return {
            **{name: Page(name=name, result=page) for name, page in pages.items()},
            "completion/complete": Completions(name="completion/complete", prompts=self.prompts),
            **self.methods,
        }

    def with_tool(self, tool: ToolTarget) -> "Registry":
        """Return a registry with one more tool.

        Raises:
            LocalProtocolError: there is one of that name.
        """
        _check_new("tool", tool.name, self.tools)
        return attrs.evolve(self, tools={**self.tools, tool.name: tool})

    def with_prompt(self, prompt: PromptTarget) -> "Registry":
        """Return a registry with one more prompt.

        Raises:
            LocalProtocolError: there is one of that name.
        """
        _check_new("prompt", prompt.name, self.prompts)
        return attrs.evolve(self, prompts={**self.prompts, prompt.name: prompt})

    def with_resource(self, resource: ResourceTarget) -> "Registry":
        """Return a registry with one more resource.

        Raises:
            LocalProtocolError: there is one under that URI.
        """
        _check_new("resource", resource.definition.uri, self.resources)
        return attrs.evolve(self, resources={**self.resources, resource.definition.uri: resource})

    def with_method(self, method: MethodTarget) -> "Registry":
        """Return a registry with one more request of one's own.

        Raises:
            LocalProtocolError: there is one of that name, or the specification has it.
        """
        _check_new("method", method.name, self.methods)
        table = self.table.extended(row_of(method.name, Kind.REQUEST, Side.CLIENT))
        return attrs.evolve(self, methods={**self.methods, method.name: method}, table=table)

    def with_notification(self, name: str, target: NotificationTarget | None) -> "Registry":
        """Return a registry with one more notification of one's own.

        Raises:
            LocalProtocolError: there is one of that name, or the specification has it.
        """
        _check_new("notification", name, self.notifications)
        return attrs.evolve(
            self,
            notifications={**self.notifications, name: target},
            table=self.table.extended(row_of(name, Kind.NOTIFICATION, None)),
            sendable=self.sendable | {name},
        )

    def target(self, event: RequestReceived) -> Target:
        """Return what answers a request."""
        method = event.method
        if method == "tools/call":
            name = event.params.name
            return self.tools.get(name) or _unknown("tool", name)
        if method == "resources/read":
            uri = event.params.uri
            return self.resources.get(uri) or _not_found(event, uri)
        if method == "prompts/get":
            name = event.params.name
            return self.prompts.get(name) or _unknown("prompt", name)
        return self.fixed.get(method) or Refused(
            name=method, error=RpcError(METHOD_NOT_FOUND, f"nothing here answers {method[:80]!r}")
        )

    def async_names(self) -> tuple[str, ...]:
        """Return which registered functions are an `async def`, with what they are."""
        kinds: Mapping[str, Mapping[str, Target | NotificationTarget | None]] = {
            "tool": self.tools,
            "prompt": self.prompts,
            "resource": self.resources,
            "method": self.methods,
            "notification": self.notifications,
        }
        return tuple(
            f"{kind} {name!r}"
            for kind, targets in kinds.items()
            for name, target in targets.items()
            if target is not None and target.is_async
        )

    def capabilities(self) -> schema.ServerCapabilities:
        """Return what is true of a server that offers this.

        `listChanged` and `subscribe` are left out: changes are not told of yet.
        """
        targets: tuple[Target, ...] = (
            *self.tools.values(),
            *self.prompts.values(),
            *self.resources.values(),
            *self.methods.values(),
        )
        return schema.ServerCapabilities(
            # Only a context can log, so a server whose handlers have none never will.
            logging={} if any(target.wants_context for target in targets) else None,
            tools=schema.ToolsCapability() if self.tools else None,
            prompts=schema.PromptsCapability() if self.prompts else None,
            resources=schema.ResourcesCapability() if self.resources else None,
        )


EMPTY: Final = Registry()
"""What a new server offers."""


def _check_new(kind: str, name: str, known: Mapping[str, JSON]) -> None:
    if name in known:
        raise LocalProtocolError(f"there is a {kind} {name!r:.80} already")


def _unknown(kind: str, name: str) -> Target:
    return Refused(name=name, error=RpcError(INVALID_PARAMS, f"there is no {kind} {name[:80]!r}"))


def _not_found(event: RequestReceived, uri: str) -> Target:
    return Refused(name=uri, error=not_found(event, uri))


def not_found(event: RequestReceived, uri: str) -> RpcError:
    """Return the error that a resource does not exist, with the code of the request's revision."""
    code = resource_not_found_code(event.revision)
    return RpcError(code, f"there is no resource {uri[:80]!r}", {"uri": uri})
