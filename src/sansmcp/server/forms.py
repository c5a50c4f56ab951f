"""Forms: what a user is asked to fill in, made from a type, and the type made from what was filled in.

Source: 2025-06-18 and later, Elicitation, Requested Schema: a flat object of texts, numbers, booleans and
choices.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_MODERN, SchemaError, codec_for, validator_of
from sansmcp.schema.inference.json_schemas import object_schema, schema_of
from sansmcp.schema.inference.reading import Hook, ObjectReader, reader_of
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import OpaqueShape, RecordShape, shape_of
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.inlining import inlined
from sansmcp.values import JSON, Value

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
_NULL: Final = {"type": "null"}
_FORMATS: Final = frozenset({"email", "uri", "date", "date-time"})


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Form(Value):
    """How to ask for a value of a type."""

    requested: schema.RequestedSchema
    """What the client shows."""
    read: Callable[[Mapping[str, JSON]], JSON]
    """Makes the value from what was filled in, or raises SchemaError."""


@lru_cache(maxsize=256)
def form_of(type_: JSON, vocabulary: Vocabulary = PLAIN) -> Form:
    """Return the form that asks for a value of a type.

    Args:
        type_: a class with fields, or the type of a single value.
        vocabulary: what is known of types beside.

    Raises:
        LocalProtocolError: a form cannot ask for it.
    """
    shape = shape_of(type_, vocabulary)
    written, read = inlined(schema_of(shape, "validation")), reader_of(shape)
    if not isinstance(shape, RecordShape | OpaqueShape) or written.get("type") != "object":
        field = RecordField(
            name=VALUE, attribute=VALUE, annotation=type_, required=True, vocabulary=vocabulary
        )
        written, read = object_schema((field,)), _single_reader((field,))
    properties, needed = written.get("properties", {}), written.get("required", ())
    empty = {name: None for name in needed if _takes_null(properties[name])}
    required = [name for name in needed if name not in empty]
    properties = {name: _form_field(written) for name, written in properties.items()}
    flat = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return Form(requested=_requested(type_, flat), read=_reader(read, empty))


def form_given(requested: schema.RequestedSchema) -> Form:
    """Return a form that was written by hand: its value is what was filled in, by field.

    Args:
        requested: the form.
    """
    written = codec_for(LATEST_MODERN).unstructure(requested)

    def read(content: Mapping[str, JSON]) -> JSON:
        validator_of(written).validate(content)
        return content

    return Form(requested=requested, read=read)


def _requested(type_: JSON, flat: JSON) -> schema.RequestedSchema:
    try:
        requested = codec_for(LATEST_MODERN).structure(schema.RequestedSchema, flat)
    except SchemaError as error:
        raise _not_askable(type_, str(error)) from error
    for name, field in requested.properties.items():
        if field.extra:
            raise _not_askable(type_, f"{name}: {next(iter(field.extra))} has no place beside its type")
    return requested


def _not_askable(type_: JSON, why: str) -> LocalProtocolError:
    return LocalProtocolError(
        f"{type_!r:.80}: a form has texts, numbers, booleans and choices of texts; {why}"
    )


def _reader(read: Hook, empty: Mapping[str, JSON]) -> Callable[[Mapping[str, JSON]], JSON]:
    # A field that may be null is one that may be left empty.
    return lambda content: read({**empty, **content}, None)


def _single_reader(fields: tuple[RecordField, ...]) -> Hook:
    reader = ObjectReader(fields)
    return lambda content, _type: reader.read(content)[VALUE]


def _takes_null(written: Mapping[str, JSON]) -> bool:
    return _NULL in written.get("anyOf", ())


def _form_field(written: Mapping[str, JSON]) -> dict[str, JSON]:
    others = [member for member in written.get("anyOf", ()) if member != _NULL]
    if len(others) == 1:
        written = {**others[0], **written}
    field = {name: value for name, value in written.items() if name in _KEYWORDS}
    if "const" in written:
        field["enum"] = [written["const"]]
    if field.get("format", "date") not in _FORMATS:
        del field["format"]
    if field.get("default", "") is None:
        del field["default"]
    return field
