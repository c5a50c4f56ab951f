"""What each side can do and declares."""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import attrs

from sansmcp.schema.members import Span, member
from sansmcp.schema.tasks import TASKS_SPAN
from sansmcp.values import JSON, Value

Settings: TypeAlias = Mapping[str, JSON]
"""The settings of something that is supported; empty means supported without settings."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RootsCapability(Value):
    """What a client can do about roots."""

    list_changed: bool | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """Whether it tells when they change."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SamplingCapability(Value):
    """What a client can do when its model is asked."""

    context: Settings | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """It can add the context of servers."""
    tools: Settings | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """It can let the model call tools."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElicitationCapability(Value):
    """How a client can ask its user; neither member means by forms only."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    form: Settings | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """By forms."""
    url: Settings | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """By pages on the web."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SamplingTaskRequests(Value):
    """What of sampling can be run as a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    create_message: Settings | None = None
    """Questions to the model can."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElicitationTaskRequests(Value):
    """What of elicitation can be run as a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    create: Settings | None = None
    """Questions to the user can."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolTaskRequests(Value):
    """What of tools can be run as a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    call: Settings | None = None
    """Calls can."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientTaskRequests(Value):
    """What a client can run as a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    sampling: SamplingTaskRequests | None = None
    """What of sampling."""
    elicitation: ElicitationTaskRequests | None = None
    """What of elicitation."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServerTaskRequests(Value):
    """What a server can run as a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    tools: ToolTaskRequests | None = None
    """What of tools."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientTasksCapability(Value):
    """What a client can do about tasks."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    list: Settings | None = None
    """It can list them."""
    cancel: Settings | None = None
    """It can give them up."""
    requests: ClientTaskRequests | None = None
    """What it can run as one."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServerTasksCapability(Value):
    """What a server can do about tasks."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    list: Settings | None = None
    """It can list them."""
    cancel: Settings | None = None
    """It can give them up."""
    requests: ServerTaskRequests | None = None
    """What it can run as one."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientCapabilities(Value):
    """What a client can do."""

    experimental: Mapping[str, Settings] | None = None
    """Things that are in no specification, by name."""
    roots: RootsCapability | None = None
    """It can say where a server may work."""
    sampling: SamplingCapability | None = None
    """It can ask a model."""
    elicitation: ElicitationCapability | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """It can ask its user."""
    tasks: ClientTasksCapability | None = attrs.field(
        default=None, metadata=member(since="2025-11-25", until="2025-11-25")
    )
    """It can run requests as tasks."""
    extensions: Mapping[str, Settings] | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """Extensions of the protocol, by their ids."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PromptsCapability(Value):
    """What a server can do about prompts."""

    list_changed: bool | None = None
    """Whether it tells when the list changes."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourcesCapability(Value):
    """What a server can do about resources."""

    subscribe: bool | None = None
    """Whether it can tell when one of them changes."""
    list_changed: bool | None = None
    """Whether it tells when the list changes."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolsCapability(Value):
    """What a server can do about tools."""

    list_changed: bool | None = None
    """Whether it tells when the list changes."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServerCapabilities(Value):
    """What a server can do."""

    experimental: Mapping[str, Settings] | None = None
    """Things that are in no specification, by name."""
    logging: Settings | None = None
    """It can send log records."""
    completions: Settings | None = attrs.field(default=None, metadata=member(since="2025-03-26"))
    """It can propose what to type; servers of 2024-11-05 need not say so."""
    prompts: PromptsCapability | None = None
    """It has prompts."""
    resources: ResourcesCapability | None = None
    """It has resources."""
    tools: ToolsCapability | None = None
    """It has tools."""
    tasks: ServerTasksCapability | None = attrs.field(
        default=None, metadata=member(since="2025-11-25", until="2025-11-25")
    )
    """It can run requests as tasks."""
    extensions: Mapping[str, Settings] | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """Extensions of the protocol, by their ids."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
