"""Arguments that arrive as texts, as those of prompts and URIs do: each is read as its type asks for."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from sansmcp.schema.inference.reading import ObjectReader
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import (
    AnyShape,
    ArrayShape,
    ChoiceShape,
    MappingShape,
    NotedShape,
    OpaqueShape,
    RecordShape,
    ScalarShape,
    Shape,
    TextShape,
    TupleShape,
    UnionShape,
    field_shape,
)
from sansmcp.values import JSON
from sansmcp.wire.stackless import NotJSONError
from sansmcp.wire.strict_json import read


class TextsReader:
    """Reads texts into the arguments of a call.

    Args:
        fields: what may be there.
    """

    def __init__(self, fields: Iterable[RecordField]) -> None:
        fields = tuple(fields)
        self._shapes = {field.name: field_shape(field) for field in fields}
        self._reader = ObjectReader(fields)

    def read(self, texts: Mapping[str, str | list[str]]) -> dict[str, JSON]:
        """Return the arguments.

        A text is itself where the type takes texts, and else JSON. So are the items of a list.

        Raises:
            SchemaError: a value does not fit, is missing, or is unknown.
        """
        shapes = self._shapes
        return self._reader.read(
            {name: _value(text, shapes[name]) if name in shapes else text for name, text in texts.items()}
        )


def is_list(shape: Shape) -> bool:
    """Say whether a value of a shape may be a list."""
    match shape:
        case NotedShape():
            return is_list(shape.inner)
        case UnionShape():
            return any(is_list(member) for member in shape.members)
        case ArrayShape() | TupleShape():
            return True
        case _:
            return False


def takes_text(shape: Shape) -> bool:
    """Say whether a value of a shape may be written as a text."""
    match shape:
        case NotedShape():
            return takes_text(shape.inner)
        case UnionShape():
            return any(takes_text(member) for member in shape.members)
        case ChoiceShape():
            return any(type(value) is str for value in shape.values)
        case ScalarShape():
            return shape.cls is str
        case AnyShape() | TextShape():
            return True
        case OpaqueShape():
            return shape.schema("validation").get("type") == "string"
        case ArrayShape() | TupleShape() | MappingShape() | RecordShape():
            return False
    assert_never(shape)


def _value(text: str | list[str], shape: Shape) -> JSON:
    if isinstance(text, list):
        return [_value(item, inner) for item, inner in zip(text, _items(shape, len(text)), strict=True)]
    return text if takes_text(shape) else _parsed(text)


def _items(shape: Shape, count: int) -> tuple[Shape, ...]:
    """Return what the items of a list are, or that they may be anything where the list does not fit."""
    match shape:
        case NotedShape():
            return _items(shape.inner, count)
        case UnionShape():
            return _items(next(member for member in shape.members if is_list(member)), count)
        case ArrayShape():
            return (shape.item,) * count
        case TupleShape() if len(shape.items) == count:
            return shape.items
        case _:
            return (AnyShape(),) * count


def _parsed(text: str) -> JSON:
    """Read an argument that is no text; what is no JSON either is left to be refused."""
    try:
        return read(text.encode())
    except NotJSONError:
        return text
