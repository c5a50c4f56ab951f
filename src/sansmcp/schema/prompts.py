"""What prompts are, lists of them, and what they say."""

from collections.abc import Mapping

import attrs

from sansmcp.schema.base import CacheScope, Cursor, Icon, Role
from sansmcp.schema.content import ContentBlock
from sansmcp.schema.input_required import InputResponses
from sansmcp.schema.members import Meta, Milliseconds, RequestMeta, member
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PromptArgument(Value):
    """Something that a prompt can be given."""

    name: str
    """Its name for programs."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    description: str | None = None
    """What it is for."""
    required: bool | None = None
    """Whether it must be given."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Prompt(Value):
    """A conversation that a server has ready, to be filled in."""

    name: str
    """Its name for programs."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    description: str | None = None
    """What it is for."""
    icons: tuple[Icon, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Pictures that stand for it."""
    arguments: tuple[PromptArgument, ...] | None = None
    """What it can be given."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListPromptsResult(Value):
    """One page of the prompts that a server has."""

    prompts: tuple[Prompt, ...]
    """The prompts."""
    next_cursor: Cursor | None = None
    """Where the next page begins; absent on the last."""
    ttl_ms: Milliseconds = attrs.field(
        default=0, metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How long it may be kept, in milliseconds."""
    cache_scope: CacheScope = attrs.field(
        default="private", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """Whom a kept copy may be shown to."""
    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GetPromptRequestParams(Value):
    """The request for what a prompt says."""

    name: str
    """The prompt."""
    arguments: Mapping[str, str] | None = None
    """What it is given."""
    input_responses: InputResponses | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """Answers to what the server asked in an earlier round, under the server's keys."""
    request_state: str | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """What the server gave to be sent back, unread and unchanged."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PromptMessage(Value):
    """One message of a prompt."""

    role: Role
    """Who says it."""
    content: ContentBlock
    """What is said."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GetPromptResult(Value):
    """What a prompt says."""

    description: str | None = None
    """What it is for."""
    messages: tuple[PromptMessage, ...]
    """The conversation."""
    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
