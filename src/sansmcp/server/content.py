"""Content from plain Python: text, pictures, sound, links to resources and resources themselves.

What a tool, a prompt or a resource may return says `docs/guide/content.md` in one line each.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import ContentBlock, ResourceLink
from sansmcp.values import JSON, Value

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


@attrs.frozen(eq=False, repr=False)
class Text(Value):
    """Text with hints; a `str` alone is text, too."""

    text: str
    """The text."""
    annotations: schema.Annotations | None = attrs.field(default=None, kw_only=True)
    """Hints about how to use it."""
    meta: Mapping[str, JSON] | None = attrs.field(default=None, kw_only=True)
    """What travels beside it; not before 2025-06-18."""

    @property
    def block(self) -> schema.TextContent:
        """It as the protocol says it."""
        return schema.TextContent(text=self.text, annotations=self.annotations, meta=self.meta)


def _bytes(instance: Value, _attribute: "attrs.Attribute[bytes]", data: JSON) -> None:
    if not isinstance(data, bytes):
        raise LocalProtocolError(
            f"{type(instance).__name__}: expected bytes, found {type(data).__name__}; "
            "give the bytes as they are, base64 is made of them here"
        )


@attrs.frozen(eq=False, repr=False)
class Image(Value):
    """A picture."""

    data: bytes = attrs.field(repr=False, validator=_bytes)
    """Its bytes."""
    mime_type: str
    """Its media type, such as `image/png`."""
    annotations: schema.Annotations | None = attrs.field(default=None, kw_only=True)
    """Hints about how to use it."""
    meta: Mapping[str, JSON] | None = attrs.field(default=None, kw_only=True)
    """What travels beside it; not before 2025-06-18."""

    @property
    def block(self) -> schema.ImageContent:
        """It as the protocol says it."""
        return schema.ImageContent(
            data=base64_of(self.data), mime_type=self.mime_type, annotations=self.annotations, meta=self.meta
        )


@attrs.frozen(eq=False, repr=False)
class Audio(Value):
    """Sound; a client of 2024-11-05 gets a text that names it."""

    data: bytes = attrs.field(repr=False, validator=_bytes)
    """Its bytes."""
    mime_type: str
    """Its media type, such as `audio/wav`."""
    annotations: schema.Annotations | None = attrs.field(default=None, kw_only=True)
    """Hints about how to use it."""
    meta: Mapping[str, JSON] | None = attrs.field(default=None, kw_only=True)
    """What travels beside it; not before 2025-06-18."""

    @property
    def block(self) -> schema.AudioContent:
        """It as the protocol says it."""
        return schema.AudioContent(
            data=base64_of(self.data), mime_type=self.mime_type, annotations=self.annotations, meta=self.meta
        )


@attrs.frozen(eq=False, repr=False)
class Embedded(Value):
    """A resource with its contents, in the middle of other content."""

    uri: str
    """Which resource it is."""
    contents: str | bytes = attrs.field(repr=False)
    """What it holds."""
    mime_type: str | None = None
    """Its media type; by default that of plain text, or of bytes of any kind."""
    annotations: schema.Annotations | None = attrs.field(default=None, kw_only=True)
    """Hints about how to use it."""
    meta: Mapping[str, JSON] | None = attrs.field(default=None, kw_only=True)
    """What travels beside it; not before 2025-06-18."""

    @property
    def block(self) -> schema.EmbeddedResource:
        """It as the protocol says it.

        Source: Prompts, Embedded Resources, which asks for a media type.
        """
        default = "text/plain" if isinstance(self.contents, str) else "application/octet-stream"
        resource = contents_of(self.uri, self.contents, self.mime_type or default)
        return schema.EmbeddedResource(resource=resource, annotations=self.annotations, meta=self.meta)


Content: TypeAlias = Text | Image | Audio | Embedded | ContentBlock
"""What is content by itself, beside texts and bytes."""

CONTENT: Final = (
    Text,
    Image,
    Audio,
    Embedded,
    ResourceLink,
    schema.TextContent,
    schema.ImageContent,
    schema.AudioContent,
    schema.EmbeddedResource,
)
"""The classes of content."""


def contents_of(uri: str, contents: str | bytes, mime_type: str | None) -> schema.ResourceContents:
    """Return the contents of a resource, as text or in base64."""
    if isinstance(contents, str):
        return schema.TextResourceContents(uri=uri, text=contents, mime_type=mime_type)
    return schema.BlobResourceContents(uri=uri, blob=base64_of(contents), mime_type=mime_type)


def base64_of(data: bytes) -> str:
    """Return bytes as base64, as the protocol writes them."""
    return base64.b64encode(data).decode()


def text_of(value: JSON) -> str:
    """Return the one text that stands for a JSON value: compact, in its own order."""
    if type(value) is int:
        return int.__repr__(value)
    return _encode(value)


def block_of(value: JSON) -> ContentBlock | None:
    """Return the block that a value is by itself, or None if it is none."""
    match value:
        case Text() | Image() | Audio() | Embedded():
            return value.block
        case (
            schema.TextContent()
            | schema.ImageContent()
            | schema.AudioContent()
            | schema.ResourceLink()
            | schema.EmbeddedResource()
        ):
            return value
        case _:
            return None


def blocks_of(value: JSON) -> tuple[ContentBlock, ...] | None:
    """Return what a value is as content, or None if it is data.

    Nothing is no content, text and blocks are themselves, bytes become an embedded resource that is named
    by their hash (RFC 6920), and a list is content if a block is in it and nothing but blocks and texts.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (schema.TextContent(text=str.__str__(value)),)
    if isinstance(value, bytes):
        digest = base64.urlsafe_b64encode(hashlib.sha256(value).digest()).decode().rstrip("=")
        return (Embedded(f"ni:///sha-256;{digest}", value).block,)
    block = block_of(value)
    if block is not None:
        return (block,)
    if isinstance(value, list | tuple) and any(isinstance(item, CONTENT) for item in value):
        blocks = [
            schema.TextContent(text=item) if isinstance(item, str) else block_of(item) for item in value
        ]
        found = tuple(block for block in blocks if block is not None)
        return found if len(found) == len(blocks) else None
    return None
