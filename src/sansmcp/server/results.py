"""What a tool returns, as its result: content for a model, and the same as data where it is data.

A return annotation of text, blocks, bytes or nothing gives content alone. Any other gives an output
schema, structured content that fits it, and a text copy. Without an annotation the value decides, and
only objects become structured content.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

from sansmcp import schema
from sansmcp.schema import (
    LATEST_LEGACY,
    Revision,
    SchemaError,
    Validator,
    output_is_wrapped,
    validator_of,
    wrapped,
)
from sansmcp.schema.inference.plans import Inference, output_plan
from sansmcp.schema.inference.writing import plain
from sansmcp.server.content import CONTENT, blocks_of, text_of
from sansmcp.values import ABSENT, JSON

Results: TypeAlias = Callable[[JSON, Revision], schema.CallToolResult]
"""Makes the result of a tool from what its function returned; raises SchemaError or LocalProtocolError."""

_BLOCKS: Final = (*CONTENT, schema.CallToolResult)
_CONTENT: Final = (*_BLOCKS, str, bytes, NoneType, None)


def results_of(
    annotation: JSON, inference: Inference, *, validates: bool
) -> tuple[dict[str, JSON] | None, Results]:
    """Return the output schema of a return annotation, and what makes results.

    Args:
        annotation: what a function says it returns, or ABSENT.
        inference: how schemas are made of types.
        validates: whether results are checked.

    Raises:
        LocalProtocolError: JSON has nothing for it.
    """
    if annotation is str:
        return None, _text_result
    if annotation in {ABSENT, Any, object}:
        return None, _any_result
    if _is_content(annotation):
        return None, _content_result
    plan = output_plan(annotation, inference, validates=validates)
    wraps = output_is_wrapped(plan.schema)

    @cache
    def validator() -> Validator:
        # Made when a handler first makes its result itself, which few do.
        return validator_of(plan.schema, limits=inference.vocabulary.limits)

    def structured(value: JSON, revision: Revision) -> schema.CallToolResult:
        if isinstance(value, schema.CallToolResult):
            return _checked(value, validator().validate if validates else None)
        return _structured(plan.write(value), wraps=wraps and revision <= LATEST_LEGACY)

    return dict(plan.schema), structured


def raw_results(output_schema: Mapping[str, JSON], inference: Inference, *, validates: bool) -> Results:
    """Return what makes results that fit a schema given by hand.

    Args:
        output_schema: the schema.
        inference: how large it may be.
        validates: whether results are checked.

    Raises:
        LocalProtocolError: it is no schema.
    """
    validator = validator_of(output_schema, limits=inference.vocabulary.limits)
    check = validator.validate if validates else None
    wraps = output_is_wrapped(output_schema)

    def raw(value: JSON, revision: Revision) -> schema.CallToolResult:
        if isinstance(value, schema.CallToolResult):
            return _checked(value, check)
        data = plain(value)
        if check is not None:
            check(data)
        return _structured(data, wraps=wraps and revision <= LATEST_LEGACY)

    return raw


def _checked(made: schema.CallToolResult, check: Callable[[JSON], None] | None) -> schema.CallToolResult:
    """Return a result that a handler made itself, with content of its own beside the data it promised."""
    if check is not None and not made.is_error:
        if made.structured_content is ABSENT:
            raise SchemaError("structured content", ABSENT)
        check(made.structured_content)
    return made


def _structured(data: JSON, *, wraps: bool) -> schema.CallToolResult:
    # The codec wraps what is no object. Where a schema allows objects beside other values, they must be
    # wrapped too, or its wrapped form would not fit them.
    content = schema.TextContent(text=text_of(data))
    if wraps and type(data) is dict:
        data = wrapped(data)
    return schema.CallToolResult(content=(content,), structured_content=data)


def _text_result(value: JSON, _revision: Revision) -> schema.CallToolResult:
    if type(value) is not str:
        if isinstance(value, schema.CallToolResult):
            return value
        if not isinstance(value, str):
            raise SchemaError("a string", value)
        value = str.__str__(value)
    return schema.CallToolResult(content=(schema.TextContent(text=value),))


def _any_result(value: JSON, _revision: Revision) -> schema.CallToolResult:
    if isinstance(value, schema.CallToolResult):
        return value
    blocks = blocks_of(value)
    if blocks is not None:
        return schema.CallToolResult(content=blocks)
    data = plain(value)
    text = schema.TextContent(text=text_of(data))
    return schema.CallToolResult(content=(text,), structured_content=data if type(data) is dict else ABSENT)


def _content_result(value: JSON, revision: Revision) -> schema.CallToolResult:
    # Only where blocks are promised is an empty list no data but no blocks.
    if isinstance(value, list | tuple) and not value:
        return schema.CallToolResult(content=())
    return _any_result(value, revision)


def _is_content(annotation: JSON) -> bool:
    """Say whether an annotation is content, or allows blocks beside data."""
    if annotation in _CONTENT:
        return True
    origin: JSON = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is Annotated:
        return _is_content(arguments[0])
    if origin in {Union, UnionType} and all(_is_content(argument) for argument in arguments):
        return True
    return any(argument in _BLOCKS or _holds_blocks(argument) for argument in arguments)


def _holds_blocks(annotation: JSON) -> bool:
    return any(argument in _BLOCKS or _holds_blocks(argument) for argument in get_args(annotation))
