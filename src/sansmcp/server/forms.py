"""Forms: what a user is asked to fill in, made from a type, and the type made from what was filled in.

Source: 2025-06-18 and later, Elicitation, Requested Schema: a flat object of texts, numbers, booleans and
choices.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import NoneType
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_MODERN, SchemaError, codec_for
from sansmcp.server.json_schemas import object_schema
from sansmcp.server.reading import ObjectReader, reader_of
from sansmcp.server.records import RecordField, fields_of, is_record
from sansmcp.server.shapes import ScalarShape, UnionShape, shape_of
from sansmcp.values import ABSENT, JSON

VALUE: Final = "value"
"""The field of a form that asks for one value only."""

# A field of a form knows no more; the rest is checked when the answer is there.
_KEYWORDS: Final = frozenset(
    {
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "title",
        "type",
    }
)
_FORMATS: Final = frozenset({"email", "uri", "date", "date-time"})


@attrs.frozen(kw_only=True)
class Form:
    """How to ask for a value of a type."""

    requested: schema.RequestedSchema
    """What the client shows."""
    read: Callable[[Mapping[str, JSON]], JSON]
    """Makes the value from what was filled in, or raises SchemaError."""


@lru_cache(maxsize=256)
def form_of(type_: JSON) -> Form:
    """Return the form that asks for a value of a type.

    Args:
        type_: a class with fields, or the type of a single value.

    Raises:
        LocalProtocolError: a form cannot ask for it.
    """
    if is_record(type_):
        fields, read = fields_of(type_), _record_reader(type_)
    else:
        fields = (RecordField(name=VALUE, attribute=VALUE, annotation=type_, required=True),)
        read = _single_reader(fields)
    written = object_schema(_without_null(field) for field in fields)
    properties = {name: _form_field(value) for name, value in written["properties"].items()}
    required = [field.name for field in fields if field.required and not _is_optional(field)]
    flat = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    try:
        requested = codec_for(LATEST_MODERN).structure(schema.RequestedSchema, flat)
    except SchemaError as error:
        raise LocalProtocolError(
            f"{type_!r:.80}: a form has texts, numbers, booleans and choices only; {error}"
        ) from error
    return Form(requested=requested, read=read)


def _record_reader(type_: type) -> Callable[[Mapping[str, JSON]], JSON]:
    hook = reader_of(shape_of(type_))
    # A field that may be null is one that may be left out.
    empty = {field.name: None for field in fields_of(type_) if field.required and _is_optional(field)}
    return lambda content: hook({**empty, **content}, None)


def _single_reader(fields: Iterable[RecordField]) -> Callable[[Mapping[str, JSON]], JSON]:
    (field,) = fields
    reader = ObjectReader(fields)
    empty = {VALUE: None} if _is_optional(field) else {}
    return lambda content: reader.read({**empty, **content})[VALUE]


def _is_optional(field: RecordField) -> bool:
    shape = shape_of(field.annotation)
    return isinstance(shape, UnionShape) and ScalarShape(cls=NoneType) in shape.members


def _without_null(field: RecordField) -> RecordField:
    if not _is_optional(field):
        return field
    union = None
    for member in field.annotation.__args__:
        if member is not NoneType:
            union = member if union is None else union | member
    return attrs.evolve(
        field, annotation=union, default=field.default if field.default is not None else ABSENT
    )


def _form_field(written: Mapping[str, JSON]) -> dict[str, JSON]:
    field = {name: value for name, value in written.items() if name in _KEYWORDS}
    if "const" in written:
        field["enum"] = [written["const"]]
    if field.get("format", "date") not in _FORMATS:
        del field["format"]
    return field
