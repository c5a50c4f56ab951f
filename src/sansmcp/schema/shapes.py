"""What annotations mean in one revision: kinds of types, and which class of a union an object belongs to."""

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import attrs

from sansmcp.schema.members import Check, Row, constants_of, is_schema_type, rows_of, span_of
from sansmcp.schema.mismatch import SchemaError
from sansmcp.schema.revisions import Revision
from sansmcp.values import ABSENT, JSON

SCALARS: Final[Mapping[JSON, tuple[str, tuple[type, ...]]]] = {
    str: ("a string", (str,)),
    int: ("an integer", (int,)),
    float: ("a number", (float, int)),
    bool: ("true or false", (bool,)),
    NoneType: ("null", (NoneType,)),
}
"""What the scalar types are called, and which exact types of Python they take."""

Path: TypeAlias = tuple[str, ...]
"""Names of members, from the outside in."""


def is_any(annotation: JSON) -> bool:
    """Say whether an annotation is `JSON`."""
    return annotation is Any


def is_scalar(annotation: JSON) -> bool:
    """Say whether an annotation is a string, a number, a boolean or null."""
    return isinstance(annotation, type) and annotation in SCALARS


def is_annotated(annotation: JSON) -> bool:
    """Say whether an annotation carries checks."""
    origin: JSON = get_origin(annotation)
    return origin is Annotated


def is_literal(annotation: JSON) -> bool:
    """Say whether an annotation is a choice of strings."""
    origin: JSON = get_origin(annotation)
    return origin is Literal


def is_mapping(annotation: JSON) -> bool:
    """Say whether an annotation is a mapping from names."""
    origin: JSON = get_origin(annotation)
    return origin is Mapping


def is_tuple(annotation: JSON) -> bool:
    """Say whether an annotation is a tuple of any length."""
    origin: JSON = get_origin(annotation)
    return origin is tuple


def is_union(annotation: JSON) -> bool:
    """Say whether an annotation is a union."""
    return get_origin(annotation) in {Union, UnionType}


def rows_in(cls: type, revision: Revision) -> tuple[Row, ...]:
    """Return the members of a type that a revision knows."""
    return tuple(row for row in rows_of(cls) if row.terms.span.covers(revision))


def members_in(annotation: JSON, revision: Revision) -> tuple[JSON, ...]:
    """Return the types of a union that a revision knows."""
    return tuple(
        argument
        for argument in get_args(annotation)
        if not is_schema_type(argument) or span_of(argument).covers(revision)
    )


def expectation(annotation: JSON) -> str:
    """Say what a type asks for, as it stands after "expected"."""
    if is_scalar(annotation):
        return SCALARS[annotation][0]
    if is_annotated(annotation):
        return expectation(get_args(annotation)[0])
    if is_literal(annotation):
        return "one of " + ", ".join(repr(choice) for choice in get_args(annotation))
    if is_tuple(annotation):
        return "an array"
    if is_union(annotation):
        return " or ".join(dict.fromkeys(expectation(argument) for argument in get_args(annotation)))
    return "a JSON value" if is_any(annotation) else "an object"


def exact_type(annotation: JSON) -> type | None:
    """Return the one Python type whose every value fits as it is, if there is one."""
    if annotation in {str, int, bool}:
        exact: type = annotation
        return exact
    return dict if annotation == Mapping[str, Any] else None


def check_of(annotation: JSON) -> tuple[JSON, Check]:
    """Take a type with a check apart; an annotation that is for others asks for nothing."""
    base, *rest = get_args(annotation)
    checks = (item for item in rest if isinstance(item, Check))
    return base, next(checks, Check(expected="", holds=lambda _value: True))


def kinds(annotation: JSON) -> tuple[type, ...]:
    """Return the Python types of the JSON values that may fit a type."""
    if is_scalar(annotation):
        return SCALARS[annotation][1]
    if is_annotated(annotation):
        return kinds(get_args(annotation)[0])
    if is_literal(annotation):
        return (str,)
    if is_tuple(annotation):
        return (list,)
    return (str, int, float, bool, NoneType, list, dict) if is_any(annotation) else (dict,)


def _tag_values(cls: type, tag: str, revision: Revision) -> tuple[str, ...]:
    """Return the values of a member that mark a class, or nothing if it marks none."""
    constant = constants_of(cls).get(tag)
    if constant is not None:
        return (constant,)
    for row in rows_in(cls, revision):
        if row.name == tag and is_literal(row.type_in(revision)):
            return get_args(row.type_in(revision))
    return ()


def _needs(cls: type, revision: Revision) -> tuple[Path, ...]:
    """Return what an object must have to be of a class: its required members, and what they require."""
    needs: list[Path] = []
    for row in rows_in(cls, revision):
        if row.required(revision):
            needs.append((row.name,))
            if is_schema_type(row.annotation):
                needs.extend((row.name, *path) for path in _needs(row.annotation, revision))
    return tuple(needs)


def _has(value: JSON, path: Path) -> bool:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _by_shape(classes: tuple[type, ...], revision: Revision) -> Callable[[JSON], type]:
    """Tell classes apart by what their objects must have.

    Of the classes whose needs are met, the one that needs most is taken, then the one that knows most of
    the members that are there, then the first.
    """
    shapes = [(cls, _needs(cls, revision), {row.name for row in rows_in(cls, revision)}) for cls in classes]
    expected = "an object with " + ", or with ".join(
        " and ".join(".".join(path) for path in needs) for _, needs, _ in shapes
    )

    def choose(value: JSON) -> type:
        fitting = [shape for shape in shapes if all(_has(value, path) for path in shape[1])]
        if not fitting:
            raise SchemaError(expected, value)
        return max(fitting, key=lambda shape: (len(shape[1]), len(shape[2] & value.keys())))[0]

    return choose


def chooser(classes: tuple[type, ...], revision: Revision) -> Callable[[JSON], type]:
    """Tell classes apart by a member with a fixed value, and by shape where several share one.

    Returns:
        A function from an object to its class, which raises SchemaError for an object of none.
    """
    for tag in ("type", "mode"):
        table: dict[str, list[type]] = {}
        for cls in classes:
            for value in _tag_values(cls, tag, revision):
                table.setdefault(value, []).append(cls)
        if table:
            return _by_tag(tag, table, classes, revision)
    return _by_shape(classes, revision)


def _by_tag(
    tag: str, table: Mapping[str, list[type]], classes: tuple[type, ...], revision: Revision
) -> Callable[[JSON], type]:
    """Tell classes apart by the value of one member."""
    choices = {
        value: _by_shape(tuple(some), revision) if len(some) > 1 else some[0] for value, some in table.items()
    }
    # A class may do without its tag, as a form does without its mode.
    untagged = next((cls for cls in classes if tag in _optional_names(cls, revision)), None)
    expected = "one of " + ", ".join(repr(value) for value in choices)

    def choose(value: JSON) -> type:
        found = value.get(tag, ABSENT)
        if found is ABSENT and untagged is not None:
            return untagged
        choice = choices.get(found) if type(found) is str else None
        if choice is None:
            raise SchemaError(expected, found).under(tag)
        return choice if isinstance(choice, type) else choice(value)

    return choose


def _optional_names(cls: type, revision: Revision) -> frozenset[str]:
    return frozenset(row.name for row in rows_in(cls, revision) if not row.required(revision))


def has_default(row: Row) -> bool:
    """Say whether a missing member can be read as something other than None or ABSENT."""
    return row.default not in {attrs.NOTHING, None, ABSENT}
