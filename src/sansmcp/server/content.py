"""Blocks of content from plain Python: text, pictures, sound, resources."""

import base64
import hashlib
import json
from typing import Final, TypeGuard

from sansmcp import schema
from sansmcp.schema import ContentBlock
from sansmcp.values import JSON

BLOCKS: Final = (
    schema.TextContent,
    schema.ImageContent,
    schema.AudioContent,
    schema.ResourceLink,
    schema.EmbeddedResource,
)
"""The classes of blocks."""

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def image(
    data: bytes, mime_type: str, *, annotations: schema.Annotations | None = None
) -> schema.ImageContent:
    """Return a picture.

    Args:
        data: its bytes.
        mime_type: its media type, such as `image/png`.
        annotations: hints about how to use it.
    """
    return schema.ImageContent(data=base64_of(data), mime_type=mime_type, annotations=annotations)


def audio(
    data: bytes, mime_type: str, *, annotations: schema.Annotations | None = None
) -> schema.AudioContent:
    """Return sound; a client of 2024-11-05 gets a text that names it.

    Args:
        data: its bytes.
        mime_type: its media type, such as `audio/wav`.
        annotations: hints about how to use it.
    """
    return schema.AudioContent(data=base64_of(data), mime_type=mime_type, annotations=annotations)


def embedded(
    uri: str,
    contents: str | bytes,
    *,
    mime_type: str | None = None,
    annotations: schema.Annotations | None = None,
) -> schema.EmbeddedResource:
    """Return a resource with its contents.

    Args:
        uri: which resource it is.
        contents: a text, or bytes.
        mime_type: its media type; by default that of plain text, or of bytes of any kind.
        annotations: hints about how to use it.

    Source: Prompts, Embedded Resources, which asks for a media type.
    """
    if mime_type is None:
        mime_type = "text/plain" if isinstance(contents, str) else "application/octet-stream"
    resource = contents_of(uri, contents, mime_type)
    return schema.EmbeddedResource(resource=resource, annotations=annotations)


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


def is_block(value: JSON) -> TypeGuard[ContentBlock]:
    """Say whether a value is a block of content."""
    return isinstance(value, BLOCKS)


def blocks_of(value: JSON) -> tuple[ContentBlock, ...] | None:
    """Return what a value is as content, or None if it is data.

    Nothing is no content, text and blocks are themselves, bytes become an embedded resource that is named
    by their hash (RFC 6920), and a list is content if a block is in it and nothing but blocks and texts.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (schema.TextContent(text=str.__str__(value)),)
    if is_block(value):
        return (value,)
    if isinstance(value, bytes):
        digest = base64.urlsafe_b64encode(hashlib.sha256(value).digest()).decode().rstrip("=")
        return (embedded(f"ni:///sha-256;{digest}", value, mime_type="application/octet-stream"),)
    if isinstance(value, list | tuple) and any(is_block(item) for item in value):
        blocks = [schema.TextContent(text=item) if isinstance(item, str) else item for item in value]
        return tuple(blocks) if all(is_block(block) for block in blocks) else None
    return None
