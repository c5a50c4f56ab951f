"""Which members of a union a JSON value may belong to.

They are found by looking at most two levels deep, at types, names and choices; mostly that leaves one.
Where it leaves several, `reading` tries them in order, each once for a value: without that, trying would
cost twice as much with each level of a recursive type, and whoever sends the value chooses the levels.
"""

from collections.abc import Callable
from typing import Final, TypeAlias, assert_never

from sansmcp.schema.inference.shapes import (
    SCALARS,
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
    field_shapes,
    record_fields,
)
from sansmcp.schema.mismatch import SchemaError
from sansmcp.values import JSON

Test: TypeAlias = Callable[[JSON], bool]

_LEVELS: Final = 2


def candidates_of(shape: UnionShape) -> Callable[[JSON], tuple[int, ...]]:
    """Return what finds the members of a union that a value may belong to, by their indices, in order.

    An integer is one before it is a number. What it returns raises SchemaError for a value that looks
    like none of them.
    """
    expected = expectation(shape)
    exact = {
        member.cls: (index,)
        for index, member in enumerate(shape.members)
        if isinstance(member, ScalarShape) and member.cls is not str
    }

    def candidates(value: JSON) -> tuple[int, ...]:
        alone = exact.get(type(value))
        if alone is not None:
            return alone
        alike = tuple(index for index, member in enumerate(shape.members) if _is_kind(value, member))
        fitting = tuple(index for index in alike if seems(value, shape.members[index], _LEVELS))
        if fitting:
            return fitting
        if len(alike) == 1:
            # Only one can be meant: let it say what is wrong.
            return alike
        raise SchemaError(expected, value)

    return candidates


def expectation(shape: Shape) -> str:
    """Say what a shape asks for, as it stands after "expected"."""
    match shape:
        case AnyShape():
            return "a JSON value"
        case ScalarShape():
            return SCALARS[shape.cls]
        case TextShape():
            return shape.format.expected
        case ChoiceShape():
            return "one of " + ", ".join(repr(value) for value in shape.values)
        case ArrayShape() | TupleShape():
            return "an array"
        case MappingShape():
            return "an object"
        case RecordShape():
            return f"an object ({shape.cls.__name__})"
        case OpaqueShape():
            return shape.cls.__name__
        case UnionShape():
            return " or ".join(dict.fromkeys(expectation(member) for member in shape.members))
        case NotedShape():
            return expectation(shape.inner)
    assert_never(shape)


def seems(value: JSON, shape: Shape, levels: int) -> bool:
    """Say whether a value looks like a shape, as far as some levels of it tell."""
    if not _is_kind(value, shape):
        return False
    match shape:
        case AnyShape() | ScalarShape() | TextShape() | OpaqueShape():
            return True
        case ChoiceShape():
            return any(_is_same(value, choice) for choice in shape.values)
        case ArrayShape():
            return levels == 0 or all(seems(item, shape.item, levels - 1) for item in value)
        case TupleShape():
            return len(value) == len(shape.items) and (
                levels == 0
                or all(seems(item, inner, levels - 1) for item, inner in zip(value, shape.items, strict=True))
            )
        case MappingShape():
            return levels == 0 or all(seems(item, shape.value, levels - 1) for item in value.values())
        case RecordShape():
            return _seems_record(value, shape, levels)
        case UnionShape():
            return any(seems(value, member, levels) for member in shape.members)
        case NotedShape():
            return seems(value, shape.inner, levels)
    assert_never(shape)


def _seems_record(value: JSON, shape: RecordShape, levels: int) -> bool:
    shapes = field_shapes(shape)
    if not value.keys() <= shapes.keys():
        return False
    if any(field.required and field.name not in value for field, _ in record_fields(shape)):
        return False
    return levels == 0 or all(seems(item, shapes[name], levels - 1) for name, item in value.items())


def _is_same(value: JSON, choice: JSON) -> bool:
    # True is no 1, though Python says so.
    return value == choice and (type(value) is bool) is (type(choice) is bool)


def _is_kind(value: JSON, shape: Shape) -> bool:
    """Say whether a value has the JSON type of a shape."""
    kind = type(value)
    match shape:
        case AnyShape() | OpaqueShape():
            return True
        case ScalarShape():
            number = shape.cls is float and kind is int
            return kind is shape.cls or number or (shape.cls is int and kind is float and value.is_integer())
        case TextShape():
            return kind is str
        case ChoiceShape():
            return any(
                kind is type(choice) or {kind, type(choice)} == {int, float} for choice in shape.values
            )
        case ArrayShape() | TupleShape():
            return kind is list
        case MappingShape() | RecordShape():
            return kind is dict
        case UnionShape():
            return any(_is_kind(value, member) for member in shape.members)
        case NotedShape():
            return _is_kind(value, shape.inner)
    assert_never(shape)
