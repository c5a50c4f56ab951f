"""What the types of several subjects share, and params and results without members of their own."""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import attrs

from sansmcp.schema.members import Fraction, Meta, RequestMeta, Span, member
from sansmcp.values import JSON, Value

Role: TypeAlias = Literal["user", "assistant"]
"""Who says something in a conversation."""

Cursor: TypeAlias = str
"""Where the next page begins; opaque, and an empty string is a cursor too."""

CacheScope: TypeAlias = Literal["private", "public"]
"""Whether a cached result may be shown to anybody, or only to the principal that asked for it."""

LoggingLevel: TypeAlias = Literal[
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"
]
"""How grave a log record is, by the names of syslog (RFC 5424)."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Annotations(Value):
    """Hints about how to use a piece of content; nobody has to follow them."""

    audience: tuple[Role, ...] | None = None
    """Whom the content is for."""
    priority: Fraction | None = None
    """How much it matters, from 0, which may be left out, to 1, which may not."""
    last_modified: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """When it last changed, as an ISO 8601 time."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Icon(Value):
    """A picture that stands for something in a user interface."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    src: str
    """Where the picture is, as an https or data URI."""
    mime_type: str | None = None
    """Its media type, where the source does not say or says it wrongly."""
    sizes: tuple[str, ...] | None = None
    """The sizes it is meant for, such as `48x48`, or `any` for a scalable one."""
    theme: Literal["light", "dark"] | None = None
    """The background that it was drawn for."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Implementation(Value):
    """The name and version of a program that speaks the protocol; for display, never for decisions."""

    name: str
    """Its name for programs."""
    version: str
    """Its version."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    description: str | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """What it does."""
    website_url: str | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Its page on the web."""
    icons: tuple[Icon, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Pictures that stand for it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestParams(Value):
    """The params of a request that has none of its own."""

    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PaginatedRequestParams(Value):
    """The params of a request for one page of a list."""

    cursor: Cursor | None = None
    """Where the page begins; absent for the first page."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotificationParams(Value):
    """The params of a notification that has none of its own."""

    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Result(Value):
    """A result without members of its own."""

    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result: `complete`, `input_required`, or the word of an extension."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


EmptyResult: TypeAlias = Result
"""The answer to a request that only asks for something to be done."""
