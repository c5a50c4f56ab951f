"""What tools return, as text."""

import json
from typing import assert_never

from sansmcp.schema import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceContents,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from sansmcp.values import ABSENT


def text_of(result: CallToolResult) -> str:
    """Write what a tool returned as text; what is no text is named.

    Args:
        result: what it returned.
    """
    if not result.content and result.structured_content is not ABSENT:
        return json.dumps(result.structured_content, ensure_ascii=False, indent=2)
    return "\n".join(_block(block) for block in result.content)


def size_of(data: str) -> int:
    """Return how many bytes a text in base64 stands for."""
    return len(data.rstrip("=")) * 3 // 4


def _block(block: ContentBlock) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return f"[{block.type}: {size_of(block.data)} bytes of {block.mime_type}; --json shows them]"
        case ResourceLink():
            return f"[resource {block.uri}: {block.title or block.name}]"
        case EmbeddedResource():
            return _contents(block.resource)
        case _:
            assert_never(block)


def _contents(contents: ResourceContents) -> str:
    match contents:
        case TextResourceContents():
            return contents.text
        case BlobResourceContents():
            kind = contents.mime_type or "no named type"
            return f"[resource {contents.uri}: {size_of(contents.blob)} bytes of {kind}; --json shows them]"
        case _:
            assert_never(contents)
