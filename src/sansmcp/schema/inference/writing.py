"""From Python to JSON: what handlers return, checked against what they said they would return."""

import collections
import enum
import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.checks import check_of
from sansmcp.schema.inference.models import is_model, write_model
from sansmcp.schema.inference.records import fields_of, is_record, is_typed_dict
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
    record_fields,
)
from sansmcp.schema.inference.texts import text_format
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.validators import validator_of
from sansmcp.values import ABSENT, JSON

Hook: TypeAlias = Callable[[JSON], JSON]
"""Writes a value, or raises SchemaError."""

# What the wire allows; it also stops values that hold themselves.
MAX_DEPTH: Final = 64


def plain(value: JSON, depth: int = 0) -> JSON:
    """Return a fresh JSON value that says what a value says.

    Scalars, containers with str names, enums, datetimes, UUIDs, bytes (base64), attrs objects and
    dataclasses can be said. What it returns shares nothing with the value.

    Args:
        value: what to say.
        depth: how deep inside another value it stands.

    Raises:
        LocalProtocolError: JSON has nothing for it, or it is too deep.
    """
    kind: JSON = type(value)
    if value is None or kind in _EXACT:
        return value
    if depth >= MAX_DEPTH:
        raise LocalProtocolError(f"the value is deeper than {MAX_DEPTH} levels, or holds itself")
    if isinstance(value, dict):
        return {_name(name): plain(item, depth + 1) for name, item in dict.items(value)}
    if is_record(kind):
        return {field.name: plain(getattr(value, field.attribute), depth + 1) for field in fields_of(kind)}
    if isinstance(value, list | tuple | collections.deque):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return in_order(plain(item, depth + 1) for item in value)
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    return _plain_instance(value, kind)


def _plain_instance(value: JSON, kind: type) -> JSON:
    text = text_format(kind)
    try:
        if text is not None:
            return text.write(value)
        if is_model(kind):
            return write_model(kind, value)
    except (SchemaError, ValueError) as error:
        raise LocalProtocolError(f"{value!r:.80} cannot be said in JSON") from error
    if hasattr(value, "__await__"):
        raise LocalProtocolError(f"{value!r:.80} was not awaited; in an async def say await")
    raise LocalProtocolError(
        f"{value!r:.80} cannot be said in JSON; expected scalars, containers, enums, dates, attrs objects, "
        "dataclasses or models of pydantic's"
    )


def in_order(items: Iterable[JSON]) -> list[JSON]:
    """Return the items of a set in an order that is the same in every process."""
    return sorted(items, key=lambda item: (type(item).__name__, repr(item)))


def writer_of(shape: Shape) -> Hook:
    """Return what writes the values of a shape, and refuses others."""
    match shape:
        case AnyShape():
            return _any
        case ScalarShape():
            return _scalar(shape.cls)
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


def _any(value: JSON) -> JSON:
    try:
        return plain(value)
    except LocalProtocolError as error:
        raise SchemaError("a JSON value", type(value).__name__) from error


def _scalar(cls: type) -> Hook:
    expected = SCALARS[cls]

    def scalar(value: JSON) -> JSON:
        if type(value) is cls:
            return value
        if cls is str and isinstance(value, str):
            return str.__str__(value)
        raise SchemaError(expected, value)

    return _number if cls is float else scalar


def _number(value: JSON) -> JSON:
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return value
    raise SchemaError(SCALARS[float], value)


def _text(shape: TextShape) -> Hook:
    cls, form = shape.cls, shape.format

    def text(value: JSON) -> JSON:
        if not form.has(cls, value):
            raise SchemaError(form.expected, value)
        try:
            return form.write(value)
        except ValueError:
            raise SchemaError(form.expected, value) from None

    return text


def _choice(shape: ChoiceShape) -> Hook:
    pairs = zip(shape.members, shape.values, strict=True)
    values = {(type(member), member): value for member, value in pairs}
    expected = "one of " + ", ".join(repr(value) for value in shape.values)

    def choice(value: JSON) -> JSON:
        try:
            return values[type(value), value]
        except (KeyError, TypeError):
            raise SchemaError(expected, value) from None

    return choice


def _array(shape: ArrayShape) -> Hook:
    inner, container = writer_of(shape.item), shape.container
    fitting = (set, frozenset) if container in {set, frozenset} else (list, tuple, collections.deque)

    def array(value: JSON) -> JSON:
        if not isinstance(value, fitting):
            raise SchemaError("an array", value)
        written: list[JSON] = []
        try:
            # What was written before a fault stays, and counts the items up to it.
            written.extend(inner(item) for item in value)
        except SchemaError as error:
            error.under(len(written))
            raise
        return in_order(written) if container in {set, frozenset} else written

    return array


def _tuple(shape: TupleShape) -> Hook:
    inner = tuple(writer_of(item) for item in shape.items)
    expected = f"an array of {len(inner)} items"

    def fixed(value: JSON) -> JSON:
        if not isinstance(value, list | tuple) or len(value) != len(inner):
            raise SchemaError(expected, value)
        written: list[JSON] = []
        try:
            written.extend(write(item) for write, item in zip(inner, value, strict=True))
        except SchemaError as error:
            error.under(len(written))
            raise
        return written

    return fixed


def _mapping(shape: MappingShape) -> Hook:
    inner = writer_of(shape.value)
    write_name = _any if shape.name is None else writer_of(shape.name)

    def mapping(value: JSON) -> JSON:
        if not isinstance(value, dict):
            raise SchemaError("an object", value)
        written: dict[str, JSON] = {}
        for key, item in dict.items(value):
            name = write_name(key)
            if type(name) is not str:
                raise SchemaError("names that are strings", key)
            try:
                written[name] = inner(item)
            except SchemaError as error:
                error.under(name)
                raise
        return written

    return mapping


def _opaque(shape: OpaqueShape) -> Hook:
    validator = validator_of(shape.schema("serialization"))
    write = _given(shape)

    def opaque(value: JSON) -> JSON:
        written = write(value)
        validator.validate(written)
        return written

    return opaque


def _given(shape: OpaqueShape) -> Hook:
    name, write = shape.cls.__name__, shape.write
    if write is None:
        if shape.inner is None:
            raise LocalProtocolError(f"nothing writes {name}; give TypeSchema(schema, write=...)")
        return writer_of(shape.inner)

    def given(value: JSON) -> JSON:
        try:
            return plain(write(value))
        except (ValueError, LocalProtocolError):
            raise SchemaError(f"a {name} that JSON can say", value) from None

    return given


def _union(shape: UnionShape) -> Hook:
    inner = tuple(writer_of(member) for member in shape.members)

    def union(value: JSON) -> JSON:
        faults: list[SchemaError] = []
        for write in inner:
            try:
                return write(value)
            except SchemaError as error:
                faults.append(error)
        # The one that came furthest knows best what is wrong.
        raise max(faults, key=lambda fault: fault.depth)

    return union


def _noted(shape: NotedShape) -> Hook:
    inner, checks = writer_of(shape.inner), tuple(check_of(constraint) for constraint in shape.constraints)

    def noted(value: JSON) -> JSON:
        written = inner(value)
        for check in checks:
            if not check.holds(written):
                raise SchemaError(check.expected, value)
        return written

    return noted


@lru_cache(maxsize=1024)
def _record(shape: RecordShape) -> Hook:
    cls = shape.cls
    typed_dict = is_typed_dict(cls)
    lines: list[tuple[str, str, bool, Hook]] = []

    def record(value: JSON) -> JSON:
        # The fields are looked up when the first value comes: a record may hold itself.
        if not lines:
            lines.extend(
                (field.name, field.attribute, field.required, writer_of(inner))
                for field, inner in record_fields(shape)
            )
        if typed_dict:
            return _write_typed_dict(cls, lines, value)
        if not isinstance(value, cls):
            raise SchemaError(cls.__name__, value)
        written: dict[str, JSON] = {}
        name = ""
        try:
            for name, attribute, _, write in lines:
                written[name] = write(getattr(value, attribute))
        except SchemaError as error:
            error.under(name)
            raise
        return written

    return record


def _write_typed_dict(cls: type, lines: list[tuple[str, str, bool, Hook]], value: JSON) -> JSON:
    if not isinstance(value, dict):
        raise SchemaError(cls.__name__, value)
    written: dict[str, JSON] = {}
    for name, _, required, write in lines:
        item = dict.get(value, name, ABSENT)
        if item is ABSENT:
            if required:
                raise SchemaError("a value", ABSENT).under(name)
            continue
        try:
            written[name] = write(item)
        except SchemaError as error:
            error.under(name)
            raise
    if len(written) != len(value):
        unknown = next(name for name in value if name not in written)
        raise SchemaError(f"only members of {cls.__name__}", repr(unknown))
    return written


def _name(name: JSON) -> str:
    if isinstance(name, enum.Enum):
        name = name.value
    if not isinstance(name, str):
        raise LocalProtocolError(f"{name!r:.80} is no name in a JSON object; expected a str")
    return str.__str__(name)


_EXACT: Final = frozenset({str, int, bool})
