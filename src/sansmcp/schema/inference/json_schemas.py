"""The JSON Schema (2020-12) of a shape.

Records are written where they are used; those that are used more than once, or within themselves, stand
in `$defs`. The same types give the same schema, member by member, in every process.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.header_parameters import KEYWORD as HEADER
from sansmcp.schema.inference.constraints import (
    Constraint,
    Ge,
    Gt,
    Le,
    Lt,
    MaxLength,
    MinLength,
    MultipleOf,
    Pattern,
)
from sansmcp.schema.inference.docstrings import documentation_of
from sansmcp.schema.inference.models import Mode
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
    record_fields,
)
from sansmcp.schema.inference.writing import plain
from sansmcp.values import ABSENT, JSON

_DEFINITIONS: Final = "#/$defs/"
_ALL_LENGTHS: Final = ("Length", "Items", "Properties")
_LENGTHS: Final[Mapping[JSON, tuple[str, ...]]] = {
    "string": ("Length",),
    "array": ("Items",),
    "object": ("Properties",),
}
_SCALAR_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


Definable: TypeAlias = RecordShape | OpaqueShape
"""What stands in `$defs` where it is used more than once."""


def object_schema(fields: Iterable[RecordField]) -> dict[str, JSON]:
    """Return the schema of an object with fields, such as the arguments of a function.

    Raises:
        LocalProtocolError: JSON has nothing for the type of a field.
    """
    return fields_schema((field, field_shape(field)) for field in fields)


def fields_schema(fields: Iterable[tuple[RecordField, Shape]]) -> dict[str, JSON]:
    """Return the schema of an object with fields, each of which has a shape.

    Raises:
        LocalProtocolError: JSON has nothing for the type of a field.
    """
    shaped = tuple(fields)
    counter: Counter[Definable] = Counter()
    for _, shape in shaped:
        _count(shape, counter)
    writer = _Writer(counter, "validation")
    return writer.with_definitions(writer.fields(shaped))


def schema_of(shape: Shape, mode: Mode = "serialization") -> dict[str, JSON]:
    """Return the schema of a shape; its root is never a reference.

    Args:
        shape: the shape.
        mode: whether it is for what comes in or what goes out, which models of pydantic's tell apart.

    Raises:
        LocalProtocolError: JSON has nothing for the type of a field.
    """
    counter: Counter[Definable] = Counter()
    _count(shape, counter)
    writer = _Writer(counter, mode)
    return writer.with_definitions(writer.root(shape))


def _count(shape: Shape, counter: Counter[Definable]) -> None:
    """Count how often each record is used; the fields of each are looked at once."""
    match shape:
        case RecordShape():
            counter[shape] += 1
            if counter[shape] == 1:
                for _, inner in record_fields(shape):
                    _count(inner, counter)
        case OpaqueShape():
            counter[shape] += 1
        case ArrayShape():
            _count(shape.item, counter)
        case MappingShape():
            _count(shape.value, counter)
        case NotedShape():
            _count(shape.inner, counter)
        case TupleShape():
            for item in shape.items:
                _count(item, counter)
        case UnionShape():
            for member in shape.members:
                _count(member, counter)
        case AnyShape() | ScalarShape() | TextShape() | ChoiceShape():
            pass
        case _:
            assert_never(shape)


class _Writer:
    def __init__(self, counter: Counter[Definable], mode: Mode) -> None:
        self._counter = counter
        self._mode: Mode = mode
        self._names: dict[Definable, str] = {}
        self._definitions: dict[str, JSON] = {}

    def with_definitions(self, root: dict[str, JSON]) -> dict[str, JSON]:
        return {**root, "$defs": self._definitions} if self._definitions else root

    def root(self, shape: Shape) -> dict[str, JSON]:
        written = self.body(shape) if isinstance(shape, RecordShape | OpaqueShape) else self.schema(shape)
        target = self._definitions.get(str(written.get("$ref")).removeprefix(_DEFINITIONS))
        # A model that holds itself refers to itself even at its root.
        return written if target is None or len(written) > 1 else dict(target)

    def schema(self, shape: Shape) -> dict[str, JSON]:
        match shape:
            case AnyShape():
                return {}
            case ScalarShape():
                return {"type": _SCALAR_TYPES[shape.cls]}
            case TextShape():
                return {"type": "string", **shape.format.keywords}
            case ChoiceShape():
                return _choice(shape)
            case ArrayShape():
                unique = {"uniqueItems": True} if shape.container in {set, frozenset} else {}
                return {"type": "array", "items": self.schema(shape.item), **unique}
            case TupleShape():
                return self._tuple(shape)
            case MappingShape():
                return self._mapping(shape)
            case RecordShape() | OpaqueShape():
                return self._reference(shape)
            case UnionShape():
                return {"anyOf": [self.schema(member) for member in shape.members]}
            case NotedShape():
                return self._noted(shape)
        assert_never(shape)

    def body(self, shape: Definable) -> dict[str, JSON]:
        if isinstance(shape, RecordShape):
            return self._record(shape)
        written = shape.schema(self._mode)
        inner: dict[str, JSON] = written.pop("$defs", {})
        names = {name: self._unique(name) for name in inner}
        for name, definition in inner.items():
            self._definitions[names[name]] = _renamed(definition, names)
        moved: dict[str, JSON] = _renamed(written, names)
        return moved

    def fields(self, fields: Iterable[tuple[RecordField, Shape]]) -> dict[str, JSON]:
        properties: dict[str, JSON] = {}
        required: list[str] = []
        for field, shape in fields:
            written = self.schema(shape)
            if field.required:
                required.append(field.name)
            elif field.default is not ABSENT:
                written = _with_default(written, field.default)
            properties[field.name] = written
        schema: dict[str, JSON] = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        schema["additionalProperties"] = False
        return schema

    def _record(self, shape: RecordShape) -> dict[str, JSON]:
        cls = shape.cls
        written = self.fields(record_fields(shape))
        docstring: str = vars(cls).get("__doc__") or ""
        # A dataclass and a NamedTuple without a docstring write their signature there.
        documentation = documentation_of("" if docstring.startswith(f"{cls.__name__}(") else docstring)
        for name, text in documentation.parameters.items():
            if name in written["properties"]:
                written["properties"][name].setdefault("description", text)
        if documentation.description is not None:
            return {"type": "object", "description": documentation.description, **written}
        return written

    def _reference(self, shape: Definable) -> dict[str, JSON]:
        if self._counter[shape] == 1:
            return self.body(shape)
        name = self._names.get(shape)
        if name is None:
            # The name is taken before the fields are read, which may refer to it.
            name = self._names[shape] = self._unique(shape.cls.__name__)
            self._definitions[name].update(self.body(shape))
        return {"$ref": f"{_DEFINITIONS}{name}"}

    def _unique(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._definitions:
            number += 1
            name = f"{wanted}{number}"
        self._definitions[name] = {}
        return name

    def _mapping(self, shape: MappingShape) -> dict[str, JSON]:
        value = self.schema(shape.value)
        names = {} if shape.name is None else {"propertyNames": self.schema(shape.name)}
        return {"type": "object", **names, **({"additionalProperties": value} if value else {})}

    def _tuple(self, shape: TupleShape) -> dict[str, JSON]:
        length = len(shape.items)
        items = [self.schema(item) for item in shape.items]
        prefix = {"prefixItems": items} if items else {}
        return {"type": "array", **prefix, "items": False, "minItems": length, "maxItems": length}

    def _noted(self, shape: NotedShape) -> dict[str, JSON]:
        written = dict(self.schema(shape.inner))
        for constraint in shape.constraints:
            for keyword, value in _keywords(constraint, written.get("type")):
                if keyword in written:
                    # One keyword stands once; the other value binds as well.
                    written.setdefault("allOf", []).append({keyword: value})
                else:
                    written[keyword] = value
        if shape.description is not None:
            written["description"] = shape.description
        if shape.header is not None and self._mode == "validation":
            written[HEADER] = shape.header
        return written


def _renamed(schema: JSON, names: Mapping[str, str]) -> JSON:
    """Return a schema whose references lead to the new names of its definitions."""
    if isinstance(schema, dict):
        return {
            name: _renamed_reference(value, names)
            if name == "$ref" and isinstance(value, str)
            else _renamed(value, names)
            for name, value in schema.items()
        }
    return [_renamed(item, names) for item in schema] if isinstance(schema, list) else schema


def _renamed_reference(reference: str, names: Mapping[str, str]) -> str:
    name, slash, rest = reference.removeprefix(_DEFINITIONS).partition("/")
    return f"{_DEFINITIONS}{names[name]}{slash}{rest}" if name in names else reference


def _choice(shape: ChoiceShape) -> dict[str, JSON]:
    kinds = dict.fromkeys(_SCALAR_TYPES[type(value)] for value in shape.values)
    typed: dict[str, JSON] = {"type": next(iter(kinds))} if len(kinds) == 1 else {}
    if len(shape.values) == 1:
        return {**typed, "const": shape.values[0]}
    return {**typed, "enum": list(shape.values)}


def _with_default(schema: dict[str, JSON], default: JSON) -> dict[str, JSON]:
    try:
        return {**schema, "default": plain(default)}
    except LocalProtocolError:
        # A sentinel of the user's: that the field is optional says it all.
        return schema


def _keywords(constraint: Constraint, kind: JSON) -> Iterator[tuple[str, JSON]]:
    match constraint:
        case Ge():
            yield "minimum", constraint.value
        case Gt():
            yield "exclusiveMinimum", constraint.value
        case Le():
            yield "maximum", constraint.value
        case Lt():
            yield "exclusiveMaximum", constraint.value
        case MinLength():
            yield from ((f"min{what}", constraint.value) for what in _LENGTHS.get(kind, _ALL_LENGTHS))
        case MaxLength():
            yield from ((f"max{what}", constraint.value) for what in _LENGTHS.get(kind, _ALL_LENGTHS))
        case MultipleOf():
            yield "multipleOf", constraint.value
        case Pattern():
            yield "pattern", constraint.regex
        case _:
            assert_never(constraint)
