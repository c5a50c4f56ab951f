"""What annotations mean as JSON: every type that a handler may use, as one of a few shapes.

This module only says what there is; `json_schemas`, `reading` and `writing` walk over the shapes, for
the schema, for arguments and for results.
"""

import datetime as dt
import enum
import types
import uuid
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NewType, TypeAlias, Union, get_args, get_origin

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Constraint, Description
from sansmcp.schema.inference.records import RecordField, fields_of, is_record
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AnyShape(Value):
    """Any JSON value."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScalarShape(Value):
    """A text, a number, true or false, or null."""

    cls: type
    """str, int, float, bool or NoneType."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TextShape(Value):
    """A value that is written as text."""

    cls: type
    """A key of `TEXT_FORMATS`."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChoiceShape(Value):
    """One of some values: a Literal or an Enum."""

    values: tuple[str | int | float | bool | None, ...]
    """The values as JSON."""
    members: tuple[JSON, ...]
    """What each stands for in Python."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ArrayShape(Value):
    """An array of any length."""

    item: "Shape"
    """What each item is."""
    container: type
    """list, tuple, set or frozenset."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TupleShape(Value):
    """An array of a fixed length."""

    items: tuple["Shape", ...]
    """What each item is."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MappingShape(Value):
    """An object with any names."""

    value: "Shape"
    """What each member is."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RecordShape(Value):
    """An object with fields."""

    cls: type
    """An attrs class, a dataclass or a TypedDict."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnionShape(Value):
    """A value of one of several shapes."""

    members: tuple["Shape", ...]
    """The shapes."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotedShape(Value):
    """A value that is described, or must keep more than its shape."""

    inner: "Shape"
    """Its shape."""
    description: str | None
    """What it is, for the model."""
    constraints: tuple[Constraint, ...]
    """What it must keep."""


Shape: TypeAlias = (
    AnyShape
    | ScalarShape
    | TextShape
    | ChoiceShape
    | ArrayShape
    | TupleShape
    | MappingShape
    | RecordShape
    | UnionShape
    | NotedShape
)
"""What an annotation means."""

SCALARS: Final[Mapping[JSON, str]] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    types.NoneType: "null",
}
"""The scalar types, and what they are called in errors."""

TEXT_FORMATS: Final[Mapping[JSON, tuple[dict[str, JSON], str]]] = {
    dt.datetime: ({"format": "date-time"}, "a date and time such as '2026-07-28T12:30:00Z'"),
    dt.date: ({"format": "date"}, "a date such as '2026-07-28'"),
    dt.time: ({"format": "time"}, "a time such as '12:30:00Z'"),
    uuid.UUID: ({"format": "uuid"}, "a UUID"),
    bytes: ({"contentEncoding": "base64"}, "bytes in base64"),
}
"""The types that are written as text: the keywords of their schemas, and what they are called."""

_CONTAINERS: Final[Mapping[JSON, type]] = {
    list: list,
    Sequence: list,
    MutableSequence: list,
    Iterable: list,
    tuple: tuple,
    set: set,
    AbstractSet: frozenset,
    frozenset: frozenset,
}
_MAPPINGS: Final = frozenset({dict, Mapping, MutableMapping})


def shape_of(annotation: JSON) -> Shape:
    """Return what an annotation means.

    Raises:
        LocalProtocolError: JSON has nothing for it.
    """
    # Nothing is cached by annotation: `int | str` equals `str | int`, and their order counts here.
    try:
        return _shape(annotation)
    except RecursionError as error:
        raise LocalProtocolError(f"{annotation!r:.80} is an alias that holds itself; use a class") from error


@lru_cache(maxsize=1024)
def field_shapes(cls: type) -> Mapping[str, Shape]:
    """Return what the fields of a record mean, by name.

    Raises:
        LocalProtocolError: JSON has nothing for one of them.
    """
    return {field.name: field_shape(field) for field in fields_of(cls)}


def field_shape(field: RecordField) -> Shape:
    """Return what the annotation of a field means.

    Raises:
        LocalProtocolError: JSON has nothing for it; the text names the field.
    """
    try:
        return shape_of(field.annotation)
    except LocalProtocolError as error:
        raise LocalProtocolError(f"{field.name}: {error}") from error


def _shape(annotation: JSON) -> Shape:
    if annotation is Any or annotation is object:
        return AnyShape()
    if annotation is None:
        return ScalarShape(cls=types.NoneType)
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__)
    if type(annotation).__name__ == "TypeAliasType":
        return _shape(annotation.__value__)
    origin: JSON = get_origin(annotation)
    if origin is Annotated:
        return _noted(annotation)
    if origin is Literal:
        return _choice(get_args(annotation), get_args(annotation))
    if origin is Union or origin is types.UnionType:
        return UnionShape(members=tuple(_shape(member) for member in get_args(annotation)))
    if origin is not None:
        return _generic(annotation, origin)
    if isinstance(annotation, type):
        is_bare = annotation in _CONTAINERS or annotation in _MAPPINGS
        return _generic(annotation, annotation) if is_bare else _class(annotation)
    raise _unknown(annotation)


def _noted(annotation: JSON) -> Shape:
    inner, *notes = get_args(annotation)
    description = next((note.text for note in reversed(notes) if isinstance(note, Description)), None)
    constraints = tuple(note for note in notes if isinstance(note, Constraint))
    if description is None and not constraints:
        return _shape(inner)
    return NotedShape(inner=_shape(inner), description=description, constraints=constraints)


def _choice(values: Iterable[JSON], members: Iterable[JSON]) -> Shape:
    plain = tuple(value.value if isinstance(value, enum.Enum) else value for value in values)
    if not all(value is None or type(value) in {str, int, float, bool} for value in plain):
        raise LocalProtocolError(f"a choice of {plain!r:.80} cannot be said in JSON; expected texts, numbers")
    return ChoiceShape(values=plain, members=tuple(members))


def _generic(annotation: JSON, origin: JSON) -> Shape:
    arguments = get_args(annotation)
    if origin in _MAPPINGS:
        if arguments and arguments[0] is not str:
            raise LocalProtocolError(f"{annotation!r:.80}: the names in a JSON object are str")
        return MappingShape(value=_shape(arguments[1]) if arguments else AnyShape())
    container = _CONTAINERS.get(origin)
    if container is None:
        raise _unknown(annotation)
    if container is tuple and arguments and arguments[-1] is not Ellipsis:
        return TupleShape(items=tuple(_shape(item) for item in arguments))
    return ArrayShape(item=_shape(arguments[0]) if arguments else AnyShape(), container=container)


def _class(annotation: type) -> Shape:
    if annotation in SCALARS:
        return ScalarShape(cls=annotation)
    if annotation in TEXT_FORMATS:
        return TextShape(cls=annotation)
    if issubclass(annotation, enum.Enum):
        return _choice(annotation, annotation)
    if is_record(annotation):
        return RecordShape(cls=annotation)
    raise _unknown(annotation)


def _unknown(annotation: JSON) -> LocalProtocolError:
    return LocalProtocolError(
        f"{annotation!r:.80} has no place in JSON; expected scalars, containers, enums, literals, unions, "
        "attrs classes, dataclasses, TypedDicts, or a schema given by hand"
    )
