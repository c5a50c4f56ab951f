"""The JSON Schema (2020-12) of a shape.

Records are written where they are used; those that are used more than once, or within themselves, stand
in `$defs`. The same types give the same schema, member by member, in every process.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Constraint, Ge, Gt, Le, Lt, MaxLength, MinLength, Pattern
from sansmcp.schema.inference.docstrings import documentation_of
from sansmcp.schema.inference.records import RecordField, fields_of
from sansmcp.schema.inference.shapes import (
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
    field_shapes,
)
from sansmcp.schema.inference.writing import plain
from sansmcp.values import ABSENT, JSON

_SCALAR_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def object_schema(fields: Iterable[RecordField]) -> dict[str, JSON]:
    """Return the schema of an object with fields, such as the arguments of a function.

    Raises:
        LocalProtocolError: JSON has nothing for the type of a field.
    """
    fields = tuple(fields)
    counter: Counter[type] = Counter()
    for field in fields:
        _count(field_shape(field), counter)
    writer = _Writer(counter)
    return writer.with_definitions(writer.fields(fields))


def schema_of(shape: Shape) -> dict[str, JSON]:
    """Return the schema of a shape; its root is never a reference.

    Raises:
        LocalProtocolError: JSON has nothing for the type of a field.
    """
    counter: Counter[type] = Counter()
    _count(shape, counter)
    writer = _Writer(counter)
    root = writer.record(shape.cls) if isinstance(shape, RecordShape) else writer.schema(shape)
    return writer.with_definitions(root)


def _count(shape: Shape, counter: Counter[type]) -> None:
    """Count how often each record is used; the fields of each are looked at once."""
    match shape:
        case RecordShape():
            counter[shape.cls] += 1
            if counter[shape.cls] == 1:
                for inner in field_shapes(shape.cls).values():
                    _count(inner, counter)
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
    def __init__(self, counter: Counter[type]) -> None:
        self._counter = counter
        self._names: dict[type, str] = {}
        self._definitions: dict[str, JSON] = {}

    def with_definitions(self, root: dict[str, JSON]) -> dict[str, JSON]:
        return {**root, "$defs": self._definitions} if self._definitions else root

    def schema(self, shape: Shape) -> dict[str, JSON]:
        match shape:
            case AnyShape():
                return {}
            case ScalarShape():
                return {"type": _SCALAR_TYPES[shape.cls]}
            case TextShape():
                return {"type": "string", **TEXT_FORMATS[shape.cls][0]}
            case ChoiceShape():
                return _choice(shape)
            case ArrayShape():
                unique = {"uniqueItems": True} if shape.container in {set, frozenset} else {}
                return {"type": "array", "items": self.schema(shape.item), **unique}
            case TupleShape():
                return self._tuple(shape)
            case MappingShape():
                value = self.schema(shape.value)
                return {"type": "object", "additionalProperties": value} if value else {"type": "object"}
            case RecordShape():
                return self._reference(shape.cls)
            case UnionShape():
                return {"anyOf": [self.schema(member) for member in shape.members]}
            case NotedShape():
                return self._noted(shape)
        assert_never(shape)

    def record(self, cls: type) -> dict[str, JSON]:
        written = self.fields(fields_of(cls))
        docstring: str = vars(cls).get("__doc__") or ""
        # A dataclass without a docstring writes its signature there.
        documentation = documentation_of("" if docstring.startswith(f"{cls.__name__}(") else docstring)
        for name, text in documentation.parameters.items():
            if name in written["properties"]:
                written["properties"][name].setdefault("description", text)
        if documentation.description is not None:
            return {"type": "object", "description": documentation.description, **written}
        return written

    def fields(self, fields: Iterable[RecordField]) -> dict[str, JSON]:
        properties: dict[str, JSON] = {}
        required: list[str] = []
        for field in fields:
            written = self.schema(field_shape(field))
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

    def _reference(self, cls: type) -> dict[str, JSON]:
        if self._counter[cls] == 1:
            return self.record(cls)
        name = self._names.get(cls)
        if name is None:
            name = cls.__name__
            number = 1
            while name in self._definitions:
                number += 1
                name = f"{cls.__name__}{number}"
            self._names[cls] = name
            # The name is taken before the fields are read, which may refer to it.
            self._definitions[name] = {}
            self._definitions[name].update(self.record(cls))
        return {"$ref": f"#/$defs/{name}"}

    def _tuple(self, shape: TupleShape) -> dict[str, JSON]:
        length = len(shape.items)
        items = [self.schema(item) for item in shape.items]
        prefix = {"prefixItems": items} if items else {}
        return {"type": "array", **prefix, "items": False, "minItems": length, "maxItems": length}

    def _noted(self, shape: NotedShape) -> dict[str, JSON]:
        written = dict(self.schema(shape.inner))
        for constraint in shape.constraints:
            keyword, value = _keyword(constraint, written.get("type"))
            written[keyword] = value
        if shape.description is not None:
            written["description"] = shape.description
        return written


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


def _keyword(constraint: Constraint, kind: JSON) -> tuple[str, JSON]:
    match constraint:
        case Ge():
            return "minimum", constraint.value
        case Gt():
            return "exclusiveMinimum", constraint.value
        case Le():
            return "maximum", constraint.value
        case Lt():
            return "exclusiveMaximum", constraint.value
        case MinLength():
            return {"array": "minItems", "object": "minProperties"}.get(kind, "minLength"), constraint.value
        case MaxLength():
            return {"array": "maxItems", "object": "maxProperties"}.get(kind, "maxLength"), constraint.value
        case Pattern():
            return "pattern", constraint.regex
    assert_never(constraint)
