"""Blocks of content: what tools return, prompts say and models read; and the contents of resources."""

import binascii
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

import attrs

from sansmcp.schema.base import Annotations, Icon
from sansmcp.schema.members import Check, Meta, Span, member
from sansmcp.values import ABSENT, JSON, Absent, Value


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return True


Base64: TypeAlias = Annotated[str, Check(expected="bytes in base64 (RFC 4648, section 4)", holds=_is_base64)]
"""Bytes as text, with padding and without anything else between."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TextContent(Value):
    """Text to or from a model."""

    type: ClassVar[Literal["text"]] = "text"
    text: str
    """The text."""
    annotations: Annotations | None = None
    """Hints about how to use it."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ImageContent(Value):
    """A picture to or from a model."""

    type: ClassVar[Literal["image"]] = "image"
    data: Base64
    """The picture in base64."""
    mime_type: str
    """Its media type."""
    annotations: Annotations | None = None
    """Hints about how to use it."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AudioContent(Value):
    """Sound to or from a model. A peer of 2024-11-05 gets a text that names it instead."""

    SPAN: ClassVar[Span] = Span(since="2025-03-26")

    type: ClassVar[Literal["audio"]] = "audio"
    data: Base64
    """The sound in base64."""
    mime_type: str
    """Its media type."""
    annotations: Annotations | None = None
    """Hints about how to use it."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceLink(Value):
    """A resource that may be read, in place of its contents. A peer before 2025-06-18 gets a text instead."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    type: ClassVar[Literal["resource_link"]] = "resource_link"
    uri: str
    """What to read."""
    name: str
    """Its name for programs."""
    title: str | None = None
    """Its name for people."""
    description: str | None = None
    """What it holds."""
    mime_type: str | None = None
    """Its media type."""
    size: int | None = None
    """Its size in bytes, before any encoding."""
    icons: tuple[Icon, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Pictures that stand for it."""
    annotations: Annotations | None = None
    """Hints about how to use it."""
    meta: Meta | None = None
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TextResourceContents(Value):
    """The contents of a resource that is text."""

    uri: str
    """Which resource this is."""
    text: str
    """The text."""
    mime_type: str | None = None
    """Its media type."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BlobResourceContents(Value):
    """The contents of a resource that is not text."""

    uri: str
    """Which resource this is."""
    blob: Base64
    """The bytes in base64."""
    mime_type: str | None = None
    """Their media type."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside them."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


ResourceContents: TypeAlias = TextResourceContents | BlobResourceContents
"""The contents of a resource."""


def bytes_of(content: ImageContent | AudioContent | BlobResourceContents) -> bytes:
    """Return the bytes that a picture, a sound or the contents of a resource stand for.

    Raises:
        ValueError: they are no base64, which those that were sent to us always are.
    """
    return binascii.a2b_base64(
        content.blob if isinstance(content, BlobResourceContents) else content.data, strict_mode=True
    )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EmbeddedResource(Value):
    """A resource with its contents, in the middle of other content."""

    type: ClassVar[Literal["resource"]] = "resource"
    resource: ResourceContents
    """The contents."""
    annotations: Annotations | None = None
    """Hints about how to use them."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside them."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


ContentBlock: TypeAlias = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource
"""What a tool returns and a prompt says."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolUseContent(Value):
    """A model's wish to call a tool."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["tool_use"]] = "tool_use"
    id: str
    """What the result of the call refers to."""
    name: str
    """The tool."""
    input: Mapping[str, JSON]
    """Its arguments."""
    meta: Meta | None = None
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolResultContent(Value):
    """What came of a model's wish to call a tool."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["tool_result"]] = "tool_result"
    tool_use_id: str
    """Which wish this answers."""
    content: tuple[ContentBlock, ...]
    """What the tool returned, for the model."""
    structured_content: JSON | Absent = attrs.field(
        default=ABSENT, metadata=member(before={"2026-07-28": Mapping[str, JSON]})
    )
    """What the tool returned, for programs; null is a value."""
    is_error: bool | None = None
    """Whether the tool failed."""
    meta: Meta | None = None
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


SamplingMessageContentBlock: TypeAlias = (
    TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent
)
"""What a message to or from a model is made of."""
