"""Where schemas stand within a schema; what is no schema is passed over, so nothing here raises.

Source: 2020-12, Core, sections 10 and 11; draft-07, Validation, section 6.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from sansmcp.values import JSON

Step: TypeAlias = tuple[str, str | int | None, JSON]
"""The keyword, the name or index in it if it holds several, and the schema."""

_ONE: Final = (
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_LISTED: Final = ("allOf", "anyOf", "items", "oneOf", "prefixItems")
_NAMED: Final = (
    "$defs",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
)


def subschemas(schema: Mapping[str, JSON]) -> Iterator[Step]:
    """Return the schemas that stand directly in a schema; true and false are left out."""
    for keyword, value in schema.items():
        if keyword in _ONE and isinstance(value, Mapping):
            yield keyword, None, value
        elif keyword in _LISTED and isinstance(value, list | tuple):
            yield from ((keyword, index, inner) for index, inner in enumerate(value) if _is_schema(inner))
        elif keyword in _NAMED and isinstance(value, Mapping):
            yield from ((keyword, name, inner) for name, inner in value.items() if _is_schema(inner))


def count_booleans(schema: Mapping[str, JSON]) -> int:
    """Return how many schemas in the lists and objects of a schema are true or false."""
    held = (schema.get(keyword) for keyword in {*_LISTED, *_NAMED})
    inner = (value.values() if isinstance(value, Mapping) else value for value in held)
    return sum(isinstance(one, bool) for value in inner if isinstance(value, Iterable) for one in value)


def _is_schema(value: JSON) -> bool:
    return isinstance(value, Mapping)
