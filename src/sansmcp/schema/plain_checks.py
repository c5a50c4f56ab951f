"""A quick way to see that a value fits, for schemas of the plain kind: types, members, items, enums, bounds.

Such a check only ever says yes or "not sure": whatever it does not pass, jsonschema decides and explains. It
looks at each part of a value once, so its work is bounded by the value, whoever wrote the schema: what would
have it look twice, such as a choice between two objects, is not plain.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from sansmcp.values import JSON

Check: TypeAlias = Callable[[JSON], bool]
"""Says whether a value certainly fits."""

Follow: TypeAlias = Callable[[str], JSON]
"""Returns the schema that a reference leads to."""

# References are followed wherever they stand, so two may make four, and one that leads to itself never ends.
_MOST: Final = 500
"""How many schemas a plain one may hold."""
_DEEPEST: Final = 32
"""How many of them may stand within one another."""

_NOTES: Final = frozenset(
    {
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "format",
        "$comment",
    }
)
"""The keywords that check nothing."""
_KNOWN: Final = _NOTES | {
    *("type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems"),
    *("maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("anyOf", "$ref", "$defs"),
}
_ALONE: Final = _NOTES | {"anyOf", "$ref", "$defs"}
"""What may stand beside `anyOf` or `$ref`, though not both."""

_OF_TYPE: Final[Mapping[str, Check]] = {
    "string": lambda value: type(value) is str,
    "integer": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
    "number": lambda value: type(value) is int or type(value) is float,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
}
_SIZES: Final = ("minLength", "maxLength", "minItems", "maxItems")
_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


class _NotPlainError(Exception):
    """The schema has something that only jsonschema knows."""


def plain_check(schema: JSON, follow: Follow) -> Check | None:
    """Return the quick check for a schema of 2020-12, or None if it is not of the plain kind.

    Args:
        schema: the schema; it was seen to be one.
        follow: looks up a reference in it.
    """
    try:
        return _Reading(follow).check(schema)
    except _NotPlainError:
        return None


class _Reading:
    def __init__(self, follow: Follow) -> None:
        self._follow = follow
        self._seen = self._depth = 0

    def check(self, schema: JSON) -> Check:
        self._seen += 1
        if schema is False or self._seen > _MOST or self._depth == _DEEPEST:
            raise _NotPlainError
        if schema is True:
            return _anything
        self._depth += 1
        check = self._check(schema)
        self._depth -= 1
        return check

    def _check(self, schema: Mapping[str, JSON]) -> Check:
        if not _KNOWN.issuperset(schema):
            raise _NotPlainError
        if "$ref" in schema or "anyOf" in schema:
            if not _ALONE.issuperset(schema) or ("$ref" in schema and "anyOf" in schema):
                raise _NotPlainError
            return (
                self._perhaps(schema["anyOf"])
                if "anyOf" in schema
                else self.check(self._follow(schema["$ref"]))
            )
        checks = list(self._checks(schema))
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(check(value) for check in checks)

    def _checks(self, schema: Mapping[str, JSON]) -> Iterator[Check]:
        if "type" in schema:
            yield _of_types(schema["type"])
        if "enum" in schema:
            yield _one_of(schema["enum"])
        if "const" in schema:
            yield _one_of([schema["const"]])
        if not schema.keys().isdisjoint(("properties", "required", "additionalProperties")):
            yield self._members(schema)
        if "items" in schema:
            yield _each(self.check(schema["items"]))
        if not schema.keys().isdisjoint(_SIZES):
            yield _size(*(schema.get(keyword) for keyword in _SIZES))
        if not schema.keys().isdisjoint(_BOUNDS):
            yield _bounds(*(schema.get(keyword) for keyword in _BOUNDS))

    def _perhaps(self, choices: list[JSON]) -> Check:
        """Check a choice between null and one other thing; others would be work beyond the value's size."""
        others = [choice for choice in choices if choice != {"type": "null"}]
        if len(choices) != 2 or len(others) != 1:
            raise _NotPlainError
        check = self.check(others[0])
        return lambda value: value is None or check(value)

    def _members(self, schema: Mapping[str, JSON]) -> Check:
        members = {name: self.check(inner) for name, inner in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        additional = schema.get("additionalProperties", True)
        other = None if additional is False else self.check(additional)

        def check(value: JSON) -> bool:
            if type(value) is not dict:
                return True
            for name in required:
                if name not in value:
                    return False
            for name, item in value.items():
                member = members.get(name, other)
                if member is None or not member(item):
                    return False
            return True

        return check


def _anything(_value: JSON) -> bool:
    return True


def _of_types(types: str | list[str]) -> Check:
    if isinstance(types, str):
        return _OF_TYPE[types]
    checks = [_OF_TYPE[name] for name in types]
    return lambda value: any(check(value) for check in checks)


def _one_of(choices: list[JSON]) -> Check:
    # Texts are what enums are made of, and in Python 1 is True.
    if not all(type(choice) is str for choice in choices):
        raise _NotPlainError
    known = frozenset(choices)
    return lambda value: type(value) is str and value in known


def _each(check: Check) -> Check:
    return lambda value: type(value) is not list or all(map(check, value))


def _size(shortest: JSON, longest: JSON, least: JSON, most: JSON) -> Check:
    texts, arrays = _between(shortest, longest), _between(least, most)

    def check(value: JSON) -> bool:
        if type(value) is str:
            return texts(len(value))
        return type(value) is not list or arrays(len(value))

    return check


def _bounds(minimum: JSON, maximum: JSON, above: JSON, below: JSON) -> Check:
    inclusive = _between(minimum, maximum)

    def check(value: JSON) -> bool:
        if type(value) is not int and type(value) is not float:
            return True
        return inclusive(value) and (above is None or value > above) and (below is None or value < below)

    return check


def _between(least: JSON, most: JSON) -> Check:
    return lambda value: (least is None or value >= least) and (most is None or value <= most)
