"""Sampling: a server asks the client's model to go on with a conversation."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from sansmcp.schema.base import Role
from sansmcp.schema.content import SamplingMessageContentBlock
from sansmcp.schema.members import Fraction, Meta, RequestMeta, member
from sansmcp.schema.tasks import TaskMetadata
from sansmcp.schema.tools import Tool, ToolChoice
from sansmcp.values import JSON, Value

SamplingContent: TypeAlias = SamplingMessageContentBlock | tuple[SamplingMessageContentBlock, ...]
"""One block or several; a peer before 2025-11-25 can only be told one."""


def blocks_of(content: SamplingContent) -> tuple[SamplingMessageContentBlock, ...]:
    """Return the content of a message as blocks, whichever way it was written."""
    return content if isinstance(content, tuple) else (content,)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SamplingMessage(Value):
    """One message to or from a model."""

    role: Role
    """Who says it."""
    content: SamplingContent = attrs.field(
        metadata=member(before={"2025-11-25": SamplingMessageContentBlock})
    )
    """What is said."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ModelHint(Value):
    """A hint about which model to take."""

    name: str | None = None
    """A part of a model's name; the client may take an equivalent of another family."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ModelPreferences(Value):
    """What matters in the choice of a model; the client decides."""

    hints: tuple[ModelHint, ...] | None = None
    """Models to take, the first that fits before the others."""
    cost_priority: Fraction | None = None
    """How much a low price matters, from 0 to 1."""
    speed_priority: Fraction | None = None
    """How much a quick answer matters, from 0 to 1."""
    intelligence_priority: Fraction | None = None
    """How much ability matters, from 0 to 1."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CreateMessageRequestParams(Value):
    """The request that the client's model say something."""

    messages: tuple[SamplingMessage, ...]
    """The conversation so far."""
    max_tokens: int
    """How long the answer may be, in tokens."""
    model_preferences: ModelPreferences | None = None
    """Which model to take."""
    system_prompt: str | None = None
    """What to tell the model before the conversation; the client may change it or leave it out."""
    include_context: Literal["none", "thisServer", "allServers"] | None = None
    """Whose context to add; more than `none` needs the client's capability `sampling.context`."""
    temperature: float | None = None
    """How freely to choose words."""
    stop_sequences: tuple[str, ...] | None = None
    """Texts that end the answer."""
    metadata: Mapping[str, JSON] | None = None
    """What the model's provider is to be told; its format is the provider's."""
    tools: tuple[Tool, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Tools that the model may call; needs the client's capability `sampling.tools`."""
    tool_choice: ToolChoice | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Whether the model may, must or must not call them."""
    task: TaskMetadata | None = attrs.field(
        default=None, metadata=member(since="2025-11-25", until="2025-11-25")
    )
    """The wish to run this as a task."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CreateMessageResult(Value):
    """What the client's model said."""

    role: Role
    """Who says it."""
    content: SamplingContent = attrs.field(
        metadata=member(before={"2025-11-25": SamplingMessageContentBlock})
    )
    """What is said."""
    model: str
    """The model that said it."""
    stop_reason: str | None = None
    """Why it stopped: `endTurn`, `stopSequence`, `maxTokens`, `toolUse` or a provider's word."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
