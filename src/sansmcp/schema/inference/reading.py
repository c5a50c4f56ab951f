"""From JSON to Python: the arguments of handlers, and the answers of users to forms.

It is as strict as the schema that was announced: nothing is coerced, so that "7" is no integer and true
is none either; 7.0 is one, as JSON Schema says, and an integer is a number.
"""

import binascii
import datetime as dt
import re
import types
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias, assert_never

from cattrs import Converter

from sansmcp.schema import SchemaError
from sansmcp.schema.inference.checks import check_of
from sansmcp.schema.inference.records import RecordField, fields_of, is_record, is_typed_dict
from sansmcp.schema.inference.shapes import (
    SCALARS,
    TEXT_FORMATS,
    AnyShape,
    ArrayShape,
    ChoiceShape,
    MappingShape,
    NotedShape,
    RecordShape,
    ScalarShape,
    Shape,
    TextShape,
    TupleShape,
    UnionShape,
    field_shape,
)
from sansmcp.schema.inference.unions import chooser_of
from sansmcp.values import ABSENT, JSON

Hook: TypeAlias = Callable[[JSON, JSON], JSON]
"""Reads a value, or raises SchemaError; the second argument is cattrs' own."""

Entry: TypeAlias = tuple[str, type | None, Hook]
"""How to read a member: the parameter it becomes, the type that fits as it is, and what reads any other."""


def reader_of(shape: Shape) -> Hook:
    """Return what reads the values of a shape, and refuses others."""
    match shape:
        case AnyShape():
            return _keep
        case ScalarShape():
            return _SCALAR_HOOKS[shape.cls]
        case TextShape():
            return _text(shape.cls)
        case ChoiceShape():
            return _choice(shape)
        case ArrayShape():
            return _array(shape)
        case TupleShape():
            return _tuple(shape)
        case MappingShape():
            return _mapping(shape)
        case RecordShape():
            return _CONVERTER.get_structure_hook(shape.cls)
        case UnionShape():
            return _union(shape)
        case NotedShape():
            return _noted(shape)
    assert_never(shape)


class ObjectReader:
    """Reads the members of an object into the arguments of a call.

    Args:
        fields: what may be there.
    """

    def __init__(self, fields: Iterable[RecordField]) -> None:
        fields = tuple(fields)
        self._entries: dict[str, Entry] = {}
        for field in fields:
            shape = field_shape(field)
            exact = shape.cls if isinstance(shape, ScalarShape) and shape.cls is not float else None
            self._entries[field.name] = (field.name, exact, reader_of(shape))
        self._required = frozenset(field.name for field in fields if field.required)

    def read(self, value: Mapping[str, JSON]) -> dict[str, JSON]:
        """Return the arguments.

        Raises:
            SchemaError: a member does not fit, is missing, or is unknown.
        """
        entry_of = self._entries.get
        members: dict[str, JSON] = {}
        name = ""
        try:
            for name, item in value.items():
                entry = entry_of(name)
                if entry is None:
                    raise self._unknown(name)
                members[name] = item if type(item) is entry[1] else entry[2](item, None)
        except SchemaError as error:
            error.under(name)
            raise
        if not self._required <= members.keys():
            missing = next(name for name in self._entries if name in self._required - members.keys())
            raise SchemaError("a value", ABSENT).under(missing)
        return members

    def _unknown(self, name: str) -> SchemaError:
        return SchemaError(f"one of the names {', '.join(self._entries) or '(none)'}", name)


def _keep(value: JSON, _type: JSON) -> JSON:
    return value


def _exactly(cls: type) -> Hook:
    expected = SCALARS[cls]

    def scalar(value: JSON, _type: JSON) -> JSON:
        if type(value) is not cls:
            raise SchemaError(expected, value)
        return value

    return scalar


def _integer(value: JSON, _type: JSON) -> JSON:
    if type(value) is int:
        return value
    # JSON Schema (2020-12, Core, section 4.2.3): a number without a fraction is an integer.
    if type(value) is float and value.is_integer():
        return int(value)
    raise SchemaError(SCALARS[int], value)


def _number(value: JSON, _type: JSON) -> JSON:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise SchemaError("a number that a float can hold", value) from None
    raise SchemaError(SCALARS[float], value)


_SCALAR_HOOKS: Final[Mapping[type, Hook]] = {
    str: _exactly(str),
    bool: _exactly(bool),
    types.NoneType: _exactly(types.NoneType),
    int: _integer,
    float: _number,
}

# What fromisoformat takes beyond RFC 3339 (basic format, week dates) is refused.
_DATE: Final = r"\d{4}-\d\d-\d\d"
_TIME: Final = r"\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?"


def _matching(pattern: str, parse: Callable[[str], JSON]) -> Callable[[str], JSON]:
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str) -> JSON:
        if compiled.fullmatch(text) is None:
            raise ValueError(text)
        return parse(text)

    return read


_TEXTS: Final[Mapping[type, Callable[[str], JSON]]] = {
    dt.datetime: _matching(rf"{_DATE}[Tt ]{_TIME}", lambda text: dt.datetime.fromisoformat(text.upper())),
    dt.date: _matching(_DATE, dt.date.fromisoformat),
    dt.time: _matching(_TIME, lambda text: dt.time.fromisoformat(text.upper())),
    uuid.UUID: _matching(r"[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}", uuid.UUID),
    bytes: lambda text: binascii.a2b_base64(text.encode(), strict_mode=True),
}


def _text(cls: type) -> Hook:
    parse, expected = _TEXTS[cls], TEXT_FORMATS[cls][1]

    def text(value: JSON, _type: JSON) -> JSON:
        if type(value) is not str:
            raise SchemaError(expected, value)
        try:
            return parse(value)
        except ValueError:
            raise SchemaError(expected, value) from None

    return text


def _choice(shape: ChoiceShape) -> Hook:
    pairs = zip(shape.values, shape.members, strict=True)
    members = {(_kind(value), value): member for value, member in pairs}
    expected = "one of " + ", ".join(repr(value) for value in shape.values)

    def choice(value: JSON, _type: JSON) -> JSON:
        # The type first: a list is in no table, and asking raises.
        key = None if type(value) in {dict, list} else (_kind(value), value)
        if key not in members:
            raise SchemaError(expected, value)
        return members[key]

    return choice


def _kind(value: JSON) -> type:
    """Return the JSON type of a scalar: 1 and 1.0 are the same number, and True is none."""
    return float if type(value) is int else type(value)


def _array(shape: ArrayShape) -> Hook:
    inner, container = reader_of(shape.item), shape.container
    unique = container in {set, frozenset}

    def array(value: JSON, _type: JSON) -> JSON:
        if type(value) is not list:
            raise SchemaError("an array", value)
        items: list[JSON] = []
        try:
            # What was read before a fault stays, and counts the items up to it.
            items.extend(inner(item, None) for item in value)
        except SchemaError as error:
            error.under(len(items))
            raise
        if container is list:
            return items
        try:
            made = container(items)
        except TypeError:
            raise SchemaError("items that a set can hold", value) from None
        if unique and len(made) != len(items):
            raise SchemaError("items that differ", value)
        return made

    return array


def _tuple(shape: TupleShape) -> Hook:
    inner = tuple(reader_of(item) for item in shape.items)
    expected = f"an array of {len(inner)} items"

    def fixed(value: JSON, _type: JSON) -> JSON:
        if type(value) is not list or len(value) != len(inner):
            raise SchemaError(expected, value)
        items: list[JSON] = []
        try:
            items.extend(read(item, None) for read, item in zip(inner, value, strict=True))
        except SchemaError as error:
            error.under(len(items))
            raise
        return tuple(items)

    return fixed


def _mapping(shape: MappingShape) -> Hook:
    inner = reader_of(shape.value)

    def mapping(value: JSON, _type: JSON) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        name = ""
        try:
            members: dict[str, JSON] = {}
            for name, item in value.items():
                members[name] = inner(item, None)
        except SchemaError as error:
            error.under(name)
            raise
        return members

    return mapping


def _union(shape: UnionShape) -> Hook:
    hooks = tuple(reader_of(member) for member in shape.members)
    choose = chooser_of(shape)

    def union(value: JSON, _type: JSON) -> JSON:
        return hooks[choose(value)](value, None)

    return union


def _noted(shape: NotedShape) -> Hook:
    inner, checks = reader_of(shape.inner), tuple(check_of(constraint) for constraint in shape.constraints)

    def noted(value: JSON, _type: JSON) -> JSON:
        read = inner(value, None)
        for check in checks:
            if not check.holds(read):
                raise SchemaError(check.expected, value)
        return read

    return noted


def _record(cls: type) -> Hook:
    readers: list[ObjectReader] = []
    typed_dict = is_typed_dict(cls)

    def record(value: JSON, _type: JSON) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        # The fields are looked up when the first value comes: a record may hold itself.
        if not readers:
            readers.append(ObjectReader(fields_of(cls)))
        members = readers[0].read(value)
        if typed_dict:
            return members
        try:
            return cls(**members)
        except (TypeError, ValueError):
            # A validator of the class's own said no; what it said is not for the peer.
            raise SchemaError(f"a valid {cls.__name__}", value) from None

    return record


_CONVERTER: Final = Converter()
_CONVERTER.register_structure_hook_factory(is_record, _record)
