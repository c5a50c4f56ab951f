"""What resources are, lists of them, reading them and following their changes."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from sansmcp.schema.base import Annotations, CacheScope, Cursor, Icon
from sansmcp.schema.content import ResourceContents
from sansmcp.schema.input_required import InputResponses
from sansmcp.schema.members import Meta, Milliseconds, RequestMeta, Span, member
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Resource(Value):
    """Something that a server can be asked to read."""

    uri: str
    """What to read."""
    name: str
    """Its name for programs."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    description: str | None = None
    """What it holds, for the model."""
    mime_type: str | None = None
    """Its media type."""
    size: int | None = None
    """Its size in bytes, before any encoding."""
    icons: tuple[Icon, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Pictures that stand for it."""
    annotations: Annotations | None = None
    """Hints about how to use it."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceTemplate(Value):
    """A family of resources, whose URIs are made from a template."""

    uri_template: str
    """The template (RFC 6570)."""
    name: str
    """Its name for programs."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    description: str | None = None
    """What the resources hold, for the model."""
    mime_type: str | None = None
    """Their media type, where all have the same."""
    icons: tuple[Icon, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Pictures that stand for it."""
    annotations: Annotations | None = None
    """Hints about how to use them."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListResourcesResult(Value):
    """One page of the resources that a server has."""

    resources: tuple[Resource, ...]
    """The resources."""
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
class ListResourceTemplatesResult(Value):
    """One page of the templates that a server has."""

    resource_templates: tuple[ResourceTemplate, ...]
    """The templates."""
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
class ReadResourceRequestParams(Value):
    """The request to read a resource."""

    uri: str
    """What to read."""
    input_responses: InputResponses | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """Answers to what the server asked in an earlier round, under the server's keys."""
    request_state: str | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """What the server gave to be sent back, unread and unchanged."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReadResourceResult(Value):
    """What a resource holds; a folder may hold several contents."""

    contents: tuple[ResourceContents, ...]
    """The contents."""
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
class SubscribeRequestParams(Value):
    """The request to be told when a resource changes."""

    SPAN: ClassVar[Span] = Span(until="2025-11-25")

    uri: str
    """The resource."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnsubscribeRequestParams(Value):
    """The request to be told no longer."""

    SPAN: ClassVar[Span] = Span(until="2025-11-25")

    uri: str
    """The resource."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceUpdatedNotificationParams(Value):
    """The news that a resource changed and may be read again."""

    uri: str
    """What changed; it may lie below what was subscribed to."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
