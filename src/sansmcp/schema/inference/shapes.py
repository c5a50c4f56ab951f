"""What annotations mean as JSON: every type that a handler may use, as one of a few shapes.

This module only says what there is; `json_schemas`, `reading` and `writing` walk over the shapes, for
the schema, for arguments and for results.
"""

import collections
import enum
import types
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    assert_never,
    get_args,
    get_origin,
)

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Constraint, Header, MaxLength, MinLength, Pattern
from sansmcp.schema.inference.models import Mode, is_model, model_schema, read_model, write_model
from sansmcp.schema.inference.notes import notes_of
from sansmcp.schema.inference.records import RecordField, fields_of, is_record
from sansmcp.schema.inference.texts import TextFormat, text_format
from sansmcp.schema.inference.vocabulary import PLAIN, TypeSchema, Vocabulary
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
    """What it is in Python."""
    format: TextFormat = attrs.field(eq=False, repr=False)
    """How it is written."""


def _kinds_of(shape: "ChoiceShape") -> tuple[type, ...]:
    return tuple(type(value) for value in shape.values)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChoiceShape(Value):
    """One of some values: a Literal or an Enum."""

    values: tuple[str | int | float | bool | None, ...]
    """The values as JSON."""
    members: tuple[JSON, ...]
    """What each stands for in Python."""
    kinds: tuple[type, ...] = attrs.field(
        init=False, repr=False, default=attrs.Factory(_kinds_of, takes_self=True)
    )
    """The types of the values: 1 and True are equal."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ArrayShape(Value):
    """An array of any length."""

    item: "Shape"
    """What each item is."""
    container: type
    """list, tuple, set, frozenset or deque."""


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
    name: "Shape | None" = None
    """What each name is, where it is more than a text."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RecordShape(Value):
    """An object with fields."""

    cls: type
    """An attrs class, a dataclass, a NamedTuple or a TypedDict."""
    arguments: tuple["Shape", ...] = ()
    """What its type variables stand for."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of the types of its fields."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OpaqueShape(Value):
    """A value of a type that brings its own schema: a model of pydantic's, or one that the user gave."""

    cls: type
    """What it is in Python."""
    schema: Callable[[Mode], dict[str, JSON]] = attrs.field(eq=False, repr=False)
    """Returns its schema; the outermost object is the caller's."""
    read: Callable[[JSON], JSON] | None = attrs.field(eq=False, repr=False)
    """Makes a value of JSON that fits the schema, or raises SchemaError or ValueError."""
    write: Callable[[JSON], JSON] | None = attrs.field(eq=False, repr=False)
    """Makes JSON of a value, or raises SchemaError or ValueError."""
    inner: "Shape | None" = None
    """What the type means otherwise; it reads and writes where no function does."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """Who gave the schema; nobody for a model."""


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
    header: str | None = None
    """The end of the name of the header that repeats it."""


Shape: TypeAlias = (
    AnyShape
    | ScalarShape
    | TextShape
    | ChoiceShape
    | ArrayShape
    | TupleShape
    | MappingShape
    | RecordShape
    | OpaqueShape
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

_CONTAINERS: Final[Mapping[JSON, type]] = {
    list: list,
    collections.deque: collections.deque,
    Sequence: list,
    MutableSequence: list,
    Iterable: list,
    tuple: tuple,
    set: set,
    AbstractSet: frozenset,
    frozenset: frozenset,
}
_MAPPINGS: Final = frozenset({dict, Mapping, MutableMapping})


@attrs.frozen(kw_only=True, eq=False)
class _Scope:
    """What names mean where an annotation stands."""

    vocabulary: Vocabulary
    variables: Mapping[JSON, Shape]
    around: RecordShape | None = None


def shape_of(annotation: JSON, vocabulary: Vocabulary = PLAIN) -> Shape:
    """Return what an annotation means.

    Args:
        annotation: a type, or what stands for one.
        vocabulary: what is known of types beside.

    Raises:
        LocalProtocolError: JSON has nothing for it.
    """
    # Nothing is cached by annotation: `int | str` equals `str | int`, and their order counts here.
    return _bounded(annotation, _Scope(vocabulary=vocabulary, variables={}))


@lru_cache(maxsize=1024)
def record_fields(shape: RecordShape) -> tuple[tuple[RecordField, Shape], ...]:
    """Return the fields of a record, each with what it means.

    Raises:
        LocalProtocolError: JSON has nothing for one of them.
    """
    scope = _Scope(
        vocabulary=shape.vocabulary,
        variables=_variables(shape.cls, shape.arguments, shape.vocabulary),
        around=shape,
    )
    return tuple((field, _field_shape(field, scope)) for field in fields_of(shape.cls))


@lru_cache(maxsize=1024)
def field_shapes(shape: RecordShape) -> Mapping[str, Shape]:
    """Return what the fields of a record mean, by name.

    Raises:
        LocalProtocolError: JSON has nothing for one of them.
    """
    return {field.name: inner for field, inner in record_fields(shape)}


def field_shape(field: RecordField) -> Shape:
    """Return what the annotation of a field means.

    Raises:
        LocalProtocolError: JSON has nothing for it; the text names the field.
    """
    return _field_shape(field, _Scope(vocabulary=field.vocabulary, variables={}))


def _field_shape(field: RecordField, scope: _Scope) -> Shape:
    try:
        return _bounded(field.annotation, scope)
    except LocalProtocolError as error:
        raise LocalProtocolError(f"{field.name}: {error}") from error


def _variables(cls: type, arguments: tuple[Shape, ...], vocabulary: Vocabulary) -> dict[JSON, Shape]:
    """Return what the type variables of a class and of its bases stand for."""
    parameters: tuple[JSON, ...] = getattr(cls, "__parameters__", ())
    variables = dict(zip(parameters, arguments, strict=False))
    for base in getattr(cls, "__orig_bases__", ()):
        origin: JSON = get_origin(base)
        if isinstance(origin, type) and is_record(origin):
            scope = _Scope(vocabulary=vocabulary, variables=variables)
            inner = tuple(_shape(argument, scope) for argument in get_args(base))
            variables = {**_variables(origin, inner, vocabulary), **variables}
    return variables


def _bounded(annotation: JSON, scope: _Scope) -> Shape:
    try:
        return _shape(annotation, scope)
    except RecursionError as error:
        raise LocalProtocolError(f"{annotation!r:.80} is an alias that holds itself; use a class") from error


def _shape(annotation: JSON, scope: _Scope) -> Shape:
    if annotation is Any or annotation is object:
        return AnyShape()
    if annotation is None:
        return ScalarShape(cls=types.NoneType)
    if isinstance(annotation, TypeVar):
        return _variable(annotation, scope)
    if annotation is Self and scope.around is not None:
        return scope.around
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__, scope)
    if type(annotation).__name__ == "TypeAliasType":
        return _shape(annotation.__value__, scope)
    origin: JSON = get_origin(annotation)
    if type(origin).__name__ == "TypeAliasType":
        variables = dict(
            zip(origin.__parameters__, (_shape(a, scope) for a in get_args(annotation)), strict=True)
        )
        return _shape(origin.__value__, attrs.evolve(scope, variables={**scope.variables, **variables}))
    if origin is Annotated:
        return _noted(annotation, scope)
    if origin is Literal:
        return _choice(get_args(annotation), get_args(annotation))
    if origin is Final:
        return _shape(get_args(annotation)[0], scope)
    if origin is Union or origin is types.UnionType:
        return UnionShape(members=tuple(_shape(member, scope) for member in get_args(annotation)))
    if origin is not None:
        return _generic(annotation, origin, scope)
    if isinstance(annotation, type):
        is_bare = annotation in _CONTAINERS or annotation in _MAPPINGS
        return _generic(annotation, annotation, scope) if is_bare else _class(annotation, scope)
    raise _unknown(annotation)


def _variable(variable: TypeVar, scope: _Scope) -> Shape:
    known = scope.variables.get(variable)
    if known is not None:
        return known
    if variable.__constraints__:
        return UnionShape(members=tuple(_shape(member, scope) for member in variable.__constraints__))
    return AnyShape() if variable.__bound__ is None else _shape(variable.__bound__, scope)


def _noted(annotation: JSON, scope: _Scope) -> Shape:
    inner, *notes = get_args(annotation)
    description, constraints = notes_of(notes)
    header = next((note.name for note in notes if isinstance(note, Header)), None)
    if description is None and header is None and not constraints:
        return _shape(inner, scope)
    shape = _shape(inner, scope)
    _check_constraints(shape, constraints)
    return NotedShape(inner=shape, description=description, constraints=constraints, header=header)


def _check_constraints(shape: Shape, constraints: Iterable[Constraint]) -> None:
    """Refuse what says nothing of a scalar: it would stand there as if it were checked."""
    if isinstance(shape, ScalarShape):
        for constraint in constraints:
            fitting = (str,) if isinstance(constraint, MinLength | MaxLength | Pattern) else (int, float)
            if shape.cls not in fitting:
                wanted = " or ".join(kind.__name__ for kind in fitting)
                raise LocalProtocolError(
                    f"{constraint!r:.80} says nothing of {SCALARS[shape.cls]}; expected it beside {wanted}"
                )


def _choice(values: Iterable[JSON], members: Iterable[JSON]) -> Shape:
    plain = tuple(value.value if isinstance(value, enum.Enum) else value for value in values)
    if not all(value is None or type(value) in {str, int, float, bool} for value in plain):
        raise LocalProtocolError(f"a choice of {plain!r:.80} cannot be said in JSON; expected texts, numbers")
    return ChoiceShape(values=plain, members=tuple(members))


def _generic(annotation: JSON, origin: JSON, scope: _Scope) -> Shape:
    arguments = get_args(annotation)
    if origin in _MAPPINGS:
        value = _shape(arguments[1], scope) if arguments else AnyShape()
        return MappingShape(value=value, name=_name(arguments[0], scope) if arguments else None)
    if is_record(origin):
        shapes = tuple(_shape(argument, scope) for argument in arguments)
        return RecordShape(cls=origin, arguments=shapes, vocabulary=scope.vocabulary)
    container = _CONTAINERS.get(origin)
    if container is None:
        raise _unknown(annotation)
    if container is tuple and arguments and arguments[-1] is not Ellipsis:
        return TupleShape(items=tuple(_shape(item, scope) for item in arguments))
    return ArrayShape(item=_shape(arguments[0], scope) if arguments else AnyShape(), container=container)


def _name(annotation: JSON, scope: _Scope) -> Shape | None:
    """Return what the names of an object are, or None for texts of any kind."""
    shape = _shape(annotation, scope)
    if not _is_text(shape):
        raise LocalProtocolError(
            f"{annotation!r:.80} is no name in JSON; expected str, or what is written as a text"
        )
    return None if isinstance(shape, AnyShape | ScalarShape) else shape


def _is_text(shape: Shape) -> bool:
    match shape:
        case AnyShape() | TextShape():
            return True
        case ScalarShape():
            return shape.cls is str
        case ChoiceShape():
            return all(kind is str for kind in shape.kinds)
        case NotedShape():
            return _is_text(shape.inner)
        case UnionShape():
            return all(_is_text(member) for member in shape.members)
        case ArrayShape() | TupleShape() | MappingShape() | RecordShape() | OpaqueShape():
            return False
    assert_never(shape)


def _class(annotation: type, scope: _Scope) -> Shape:
    custom = scope.vocabulary.types.get(annotation)
    if custom is not None:
        return _custom(annotation, custom, scope)
    if annotation in SCALARS:
        return ScalarShape(cls=annotation)
    if issubclass(annotation, enum.Enum):
        return _choice(annotation, annotation)
    kind: JSON = annotation
    text = text_format(kind)
    if text is not None:
        return TextShape(cls=annotation, format=text)
    if is_model(annotation):
        return OpaqueShape(
            cls=annotation,
            schema=lambda mode: model_schema(annotation, mode),
            read=lambda value: read_model(annotation, value),
            write=lambda value: write_model(annotation, value),
        )
    if is_record(annotation):
        return RecordShape(cls=annotation, vocabulary=scope.vocabulary)
    raise _unknown(annotation)


def _custom(cls: type, custom: TypeSchema, scope: _Scope) -> Shape:
    others = {other: given for other, given in scope.vocabulary.types.items() if other is not cls}
    try:
        inner = _class(cls, attrs.evolve(scope, vocabulary=attrs.evolve(scope.vocabulary, types=others)))
        if isinstance(inner, RecordShape):
            # Now, where the author sees it.
            record_fields(inner)
    except LocalProtocolError:
        if custom.read is None and custom.write is None:
            raise LocalProtocolError(
                f"schemas: {cls.__name__} has a schema, but nothing reads or writes it; "
                "give TypeSchema(schema, read=..., write=...)"
            ) from None
        inner = None
    return OpaqueShape(
        cls=cls,
        schema=lambda _mode: dict(custom.schema),
        read=custom.read,
        write=custom.write,
        inner=inner,
        vocabulary=scope.vocabulary,
    )


def _unknown(annotation: JSON) -> LocalProtocolError:
    return LocalProtocolError(
        f"{annotation!r:.80} has no place in JSON; expected scalars, containers, enums, literals, unions, "
        "attrs classes, dataclasses, NamedTuples, TypedDicts, models of pydantic's, or a schema given by hand"
    )
