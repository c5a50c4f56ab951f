"""From JSON to Python: the arguments of handlers, and the answers of users to forms.

It is as strict as the schema that was announced: nothing is coerced, so that "7" is no integer and true
is none either; 7.0 is one, as JSON Schema says, and an integer is a number.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.checks import check_of
from sansmcp.schema.inference.records import RecordField, is_typed_dict
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
    field_shape,
    record_fields,
)
from sansmcp.schema.inference.unions import candidates_of
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.schema_limits import Validator
from sansmcp.schema.validators import validator_of
from sansmcp.values import ABSENT, JSON

Seen: TypeAlias = dict[tuple[int, int], JSON]
"""What unions made of the objects and arrays of one document, by the value's id and the union's."""

Hook: TypeAlias = Callable[[JSON, Seen | None], JSON]
"""Reads a value, or raises SchemaError; the second argument is what was seen so far, or None."""

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
            return _text(shape)
        case ChoiceShape():
            return _choice(shape)
        case ArrayShape():
            return _array(shape)
        case TupleShape():
            return _tuple(shape)
        case MappingShape():
            return _mapping(shape)
        case RecordShape():
            return _record(shape)
        case OpaqueShape():
            return _opaque(shape)
        case UnionShape():
            return _union(shape)
        case NotedShape():
            return _noted(shape)
    assert_never(shape)


class ObjectReader:
    """Reads the members of an object into the arguments of a call.

    Args:
        fields: what may be there.
        shapes: what each is; by default what its annotation says.
    """

    def __init__(self, fields: Iterable[RecordField], shapes: Iterable[Shape] | None = None) -> None:
        fields = tuple(fields)
        self._entries: dict[str, Entry] = {}
        for field, shape in zip(fields, shapes or map(field_shape, fields), strict=True):
            exact = shape.cls if isinstance(shape, ScalarShape) and shape.cls is not float else None
            self._entries[field.name] = (field.name, exact, reader_of(shape))
        self._required = frozenset(field.name for field in fields if field.required)

    def read(self, value: Mapping[str, JSON], seen: Seen | None = None) -> dict[str, JSON]:
        """Return the arguments.

        Args:
            value: the object.
            seen: what unions made of the document so far.

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
                members[name] = item if type(item) is entry[1] else entry[2](item, seen)
        except SchemaError as error:
            error.under(name)
            raise
        if not self._required <= members.keys():
            missing = next(name for name in self._entries if name in self._required - members.keys())
            raise SchemaError("a value", ABSENT).under(missing)
        return members

    def _unknown(self, name: str) -> SchemaError:
        return SchemaError(f"one of the names {', '.join(self._entries) or '(none)'}", name)


def _keep(value: JSON, _seen: Seen | None) -> JSON:
    return value


def _exactly(cls: type) -> Hook:
    expected = SCALARS[cls]

    def scalar(value: JSON, _seen: Seen | None) -> JSON:
        if type(value) is not cls:
            raise SchemaError(expected, value)
        return value

    return scalar


def _integer(value: JSON, _seen: Seen | None) -> JSON:
    if type(value) is int:
        return value
    # JSON Schema (2020-12, Core, section 4.2.3): a number without a fraction is an integer.
    if type(value) is float and value.is_integer():
        return int(value)
    raise SchemaError(SCALARS[int], value)


def _number(value: JSON, _seen: Seen | None) -> JSON:
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


def _text(shape: TextShape) -> Hook:
    parse, expected = shape.format.parse, shape.format.expected

    def text(value: JSON, _seen: Seen | None) -> JSON:
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

    def choice(value: JSON, _seen: Seen | None) -> JSON:
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

    def array(value: JSON, seen: Seen | None) -> JSON:
        if type(value) is not list:
            raise SchemaError("an array", value)
        items: list[JSON] = []
        try:
            # What was read before a fault stays, and counts the items up to it.
            items.extend(inner(item, seen) for item in value)
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

    def fixed(value: JSON, seen: Seen | None) -> JSON:
        if type(value) is not list or len(value) != len(inner):
            raise SchemaError(expected, value)
        items: list[JSON] = []
        try:
            items.extend(read(item, seen) for read, item in zip(inner, value, strict=True))
        except SchemaError as error:
            error.under(len(items))
            raise
        return tuple(items)

    return fixed


def _mapping(shape: MappingShape) -> Hook:
    inner = reader_of(shape.value)
    read_name = _keep if shape.name is None else reader_of(shape.name)

    def mapping(value: JSON, seen: Seen | None) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        name = ""
        try:
            members: dict[JSON, JSON] = {}
            for name, item in value.items():
                members[read_name(name, seen)] = inner(item, seen)
        except SchemaError as error:
            error.under(name)
            raise
        if len(members) != len(value):
            raise SchemaError("names that differ", value)
        return members

    return mapping


def _opaque(shape: OpaqueShape) -> Hook:
    cls = shape.cls
    validator = validator_of(shape.schema("validation"), limits=shape.vocabulary.limits)
    read = shape.read
    if read is None:
        return _validated(shape, validator)

    def opaque(value: JSON, _seen: Seen | None) -> JSON:
        validator.validate(value)
        try:
            return read(value)
        except ValueError:
            # What it said is not for the peer.
            raise SchemaError(f"a valid {cls.__name__}", value) from None

    return opaque


def _validated(shape: OpaqueShape, validator: Validator) -> Hook:
    if shape.inner is None:
        raise LocalProtocolError(f"nothing reads {shape.cls.__name__}; give TypeSchema(schema, read=...)")
    inner = reader_of(shape.inner)

    def validated(value: JSON, seen: Seen | None) -> JSON:
        validator.validate(value)
        return inner(value, seen)

    return validated


def _union(shape: UnionShape) -> Hook:
    hooks = tuple(reader_of(member) for member in shape.members)
    candidates = candidates_of(shape)

    def union(value: JSON, seen: Seen | None) -> JSON:
        found = candidates(value)
        if len(found) == 1:
            return hooks[found[0]](value, seen)
        seen = {} if seen is None else seen
        key = (id(value), id(candidates))
        if key not in seen:
            seen[key] = _first(value, [hooks[index] for index in found], seen)
        outcome = seen[key]
        if isinstance(outcome, SchemaError):
            raise outcome.copy()
        return outcome

    return union


def _first(value: JSON, hooks: Iterable[Hook], seen: Seen) -> JSON:
    """Return what the first of some hooks makes of a value, or the fault of the one that came furthest."""
    faults: list[SchemaError] = []
    for hook in hooks:
        try:
            return hook(value, seen)
        except SchemaError as error:
            faults.append(error)
    return max(faults, key=lambda fault: fault.depth)


def _noted(shape: NotedShape) -> Hook:
    inner, checks = reader_of(shape.inner), tuple(check_of(constraint) for constraint in shape.constraints)

    def noted(value: JSON, seen: Seen | None) -> JSON:
        read = inner(value, seen)
        for check in checks:
            if not check.holds(value):
                raise SchemaError(check.expected, value)
        return read

    return noted


@lru_cache(maxsize=1024)
def _record(shape: RecordShape) -> Hook:
    cls = shape.cls
    readers: list[ObjectReader] = []
    typed_dict = is_typed_dict(cls)

    def record(value: JSON, seen: Seen | None) -> JSON:
        if type(value) is not dict:
            raise SchemaError("an object", value)
        # The fields are looked up when the first value comes: a record may hold itself.
        if not readers:
            fields = record_fields(shape)
            readers.append(ObjectReader((field for field, _ in fields), [inner for _, inner in fields]))
        members = readers[0].read(value, seen)
        if typed_dict:
            return members
        try:
            return cls(**members)
        except (TypeError, ValueError):
            # A validator of the class's own said no; what it said is not for the peer.
            raise SchemaError(f"a valid {cls.__name__}", value) from None

    return record
