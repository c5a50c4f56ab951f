"""Results of tools as values of a type that the caller names, read as servers read arguments."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache

from sansmcp import schema
from sansmcp.errors import ResultInvalid, ToolFailed
from sansmcp.schema import SchemaError
from sansmcp.schema.inference.reading import Hook, reader_of
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.output_schema import WRAPPER
from sansmcp.values import ABSENT, JSON


def typed_reader(tool: str, result_type: JSON) -> Callable[[schema.CallToolResult], JSON]:
    """Return what makes a value of a type of a tool's result.

    Args:
        tool: the tool, for errors.
        result_type: the type.

    Returns:
        A function that raises ToolFailed for a result that is an error, and ResultInvalid for one that does
        not fit.

    Raises:
        LocalProtocolError: values of the type cannot be read.
    """
    read = _reader(result_type)

    def value(result: schema.CallToolResult) -> JSON:
        if result.is_error:
            raise ToolFailed(f"tool {tool!r:.80} failed: {_text_of(result):.1000}", result)
        try:
            if result.structured_content is not ABSENT:
                return _read(read, result.structured_content)
            return _read_text(read, _only_text(tool, result))
        except SchemaError as error:
            raise ResultInvalid(f"tool {tool!r:.80}: {error}", result) from error

    return value


@lru_cache(maxsize=256)
def _reader(result_type: JSON) -> Hook:
    return reader_of(shape_of(result_type))


def _read(read: Hook, said: JSON) -> JSON:
    try:
        return read(said, None)
    except SchemaError:
        # Before 2026-07-28 what is no object comes in one (see `sansmcp.schema.output_schema`).
        if isinstance(said, Mapping) and tuple(said) == (WRAPPER,):
            return read(said[WRAPPER], None)
        raise


def _read_text(read: Hook, text: str) -> JSON:
    """Read what a tool says to a model: JSON, or else a plain text."""
    try:
        said: JSON = json.loads(text)
    except (ValueError, RecursionError):
        return read(text, None)
    try:
        return read(said, None)
    except SchemaError as error:
        try:
            return read(text, None)
        except SchemaError:
            raise error from None


def _only_text(tool: str, result: schema.CallToolResult) -> str:
    """Return the one text of a result: before 2025-06-18, and from plain servers, there is nothing else."""
    match result.content:
        case (schema.TextContent(text=text),):
            return text
        case _:
            raise ResultInvalid(
                f"tool {tool!r:.80}: expected structuredContent or one text, "
                f"found {len(result.content)} blocks of content",
                result,
            )


def _text_of(result: schema.CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, schema.TextContent))
