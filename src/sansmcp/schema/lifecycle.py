"""How two sides meet: the legacy handshake, and the modern discovery."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from sansmcp.schema.base import CacheScope, Implementation
from sansmcp.schema.capabilities import ClientCapabilities, ServerCapabilities
from sansmcp.schema.members import Meta, Milliseconds, RequestMeta, Span, member
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InitializeRequestParams(Value):
    """The first words of a legacy client."""

    SPAN: ClassVar[Span] = Span(until="2025-11-25")

    protocol_version: str
    """The revision that it would like to speak."""
    capabilities: ClientCapabilities
    """What it can do."""
    client_info: Implementation
    """Which program it is."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InitializeResult(Value):
    """The answer of a legacy server."""

    SPAN: ClassVar[Span] = Span(until="2025-11-25")

    protocol_version: str
    """The revision to speak, which need not be the one that was offered."""
    capabilities: ServerCapabilities
    """What the server can do."""
    server_info: Implementation
    """Which program it is."""
    instructions: str | None = None
    """How to use it, for the model."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DiscoverResult(Value):
    """What a modern server says about itself."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    supported_versions: tuple[str, ...]
    """The revisions that it speaks."""
    capabilities: ServerCapabilities
    """What it can do."""
    instructions: str | None = None
    """How to use it, for the model."""
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
