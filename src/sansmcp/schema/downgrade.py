"""What is told to a peer whose revision has no word for it.

Nothing in the specification asks for this. Peers overlook unknown members, which is why newer members are
simply left out; but an unknown kind of content, or a schema that is none for them, breaks them. So each row
below puts a value into words that the older revision has, or refuses it where there are none.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from sansmcp.schema.content import AudioContent, ResourceLink, TextContent, ToolResultContent
from sansmcp.schema.elicitation import (
    LegacyTitledEnumSchema,
    TitledSingleSelectEnumSchema,
    UntitledSingleSelectEnumSchema,
)
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.output_schema import legacy_output_schema, without_booleans, wrapped
from sansmcp.schema.revisions import Revision
from sansmcp.schema.sampling import CreateMessageRequestParams, CreateMessageResult, SamplingMessage
from sansmcp.schema.tool_calls import CallToolResult
from sansmcp.schema.tools import Tool
from sansmcp.values import ABSENT, JSON

Downgrade: TypeAlias = Callable[[JSON], JSON]
"""Puts a value into the words of an older revision, or raises SchemaError."""


def audio_as_text(block: AudioContent) -> TextContent:
    """Name the sound by its type and size."""
    size = len(block.data.rstrip("=")) * 3 // 4
    return TextContent(
        text=f"[audio: {block.mime_type}, {size} bytes]",
        annotations=block.annotations,
        meta=block.meta,
        extra=block.extra,
    )


def resource_link_as_text(link: ResourceLink) -> TextContent:
    """Name the resource by its title and URI."""
    return TextContent(
        text=f"{link.title or link.name}: {link.uri}",
        annotations=link.annotations,
        meta=link.meta,
        extra=link.extra,
    )


def with_one_block(message: SamplingMessage | CreateMessageResult) -> SamplingMessage | CreateMessageResult:
    """Take a single block out of its array; refuse several."""
    content: JSON = message.content
    if not isinstance(content, tuple | list):
        return message
    if len(content) != 1:
        raise SchemaError("one block before 2025-11-25", content).under("content")
    return attrs.evolve(message, content=content[0])


def without_tools(params: CreateMessageRequestParams) -> CreateMessageRequestParams:
    """Refuse tools: the client would not know that it is to call any."""
    if params.tools is not None:
        raise SchemaError("no tools before 2025-11-25", params.tools).under("tools")
    return params


def with_structured_object(
    result: CallToolResult | ToolResultContent,
) -> CallToolResult | ToolResultContent:
    """Wrap a structured result that is no object."""
    if result.structured_content is ABSENT or isinstance(result.structured_content, Mapping):
        return result
    return attrs.evolve(result, structured_content=wrapped(result.structured_content))


def with_object_schemas(tool: Tool) -> Tool:
    """Write the schemas of a tool as the legacy revisions want them."""
    given, output = tool.input_schema, tool.output_schema
    # What is no mapping is left to be refused.
    if isinstance(given, Mapping):
        given = without_booleans(given)
    if isinstance(output, Mapping):
        output = without_booleans(legacy_output_schema(output))
    if given is tool.input_schema and output is tool.output_schema:
        return tool
    return attrs.evolve(tool, input_schema=given, output_schema=output)


def titled_as_names(schema: TitledSingleSelectEnumSchema) -> LegacyTitledEnumSchema:
    """Write the labels of a choice beside its values."""
    return LegacyTitledEnumSchema(
        title=schema.title,
        description=schema.description,
        enum=tuple(option.const for option in schema.one_of),
        enum_names=tuple(option.title for option in schema.one_of),
        extra=schema.extra,
    )


def untitled_as_names(schema: UntitledSingleSelectEnumSchema) -> LegacyTitledEnumSchema:
    """Write a choice without labels."""
    return LegacyTitledEnumSchema(
        title=schema.title, description=schema.description, enum=schema.enum, extra=schema.extra
    )


DOWNGRADES: Final[Mapping[type, tuple[Revision, Downgrade]]] = {
    AudioContent: ("2025-03-26", audio_as_text),
    ResourceLink: ("2025-06-18", resource_link_as_text),
    SamplingMessage: ("2025-11-25", with_one_block),
    CreateMessageResult: ("2025-11-25", with_one_block),
    CreateMessageRequestParams: ("2025-11-25", without_tools),
    TitledSingleSelectEnumSchema: ("2025-11-25", titled_as_names),
    UntitledSingleSelectEnumSchema: ("2025-11-25", untitled_as_names),
    CallToolResult: ("2026-07-28", with_structured_object),
    ToolResultContent: ("2026-07-28", with_structured_object),
    Tool: ("2026-07-28", with_object_schemas),
}
"""For a type: the first revision that needs no downgrade of it, and the downgrade for all before."""


def downgrade_of(cls: type, revision: Revision) -> Downgrade | None:
    """Return what must be done to an object of a type before a peer of a revision is told."""
    row = DOWNGRADES.get(cls)
    return row[1] if row is not None and revision < row[0] else None
