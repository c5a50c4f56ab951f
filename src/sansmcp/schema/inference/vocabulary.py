"""Types to which the user gives a schema of their own."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.schema_limits import DEFAULT_LIMITS, SchemaLimits
from sansmcp.schema.validators import validator_of
from sansmcp.values import JSON, Value


@attrs.frozen(eq=False, repr=False)
class TypeSchema(Value):
    """The schema of a type, and how its values are read and written.

    Where the functions are left out, the type must be one that can be read and written without them.
    """

    schema: Mapping[str, JSON]
    """The schema; it stands wherever the type does."""
    read: Callable[[JSON], object] | None = None
    """Makes a value of JSON that fits the schema; ValueError says that it is none nevertheless."""
    write: Callable[[JSON], object] | None = None
    """Makes JSON of a value."""


@attrs.frozen(kw_only=True, eq=False)
class Vocabulary:
    """What is known of types beside what their annotations say; two are the same only if they are one."""

    types: Mapping[type, TypeSchema]
    """The types with a schema of their own."""
    limits: SchemaLimits = DEFAULT_LIMITS
    """How large a schema may be that was given, and how much work it may make."""


PLAIN: Final = Vocabulary(types={})
"""Nothing but what annotations say."""


def vocabulary_of(
    schemas: Mapping[type, Mapping[str, JSON] | TypeSchema], limits: SchemaLimits = DEFAULT_LIMITS
) -> Vocabulary:
    """Return the vocabulary of some schemas; equal ones share it.

    Args:
        schemas: the schemas.
        limits: how large a schema may be that is given, and how much work it may make.

    Raises:
        LocalProtocolError: a key is no class, or a schema is none.
    """
    if not schemas and limits == DEFAULT_LIMITS:
        return PLAIN
    rows: list[tuple[type, str, JSON, JSON]] = []
    for cls, given in schemas.items():
        if not isinstance(cls, type):
            raise LocalProtocolError(f"schemas: expected classes, found {cls!r:.80}")
        told = given if isinstance(given, TypeSchema) else TypeSchema(given)
        validator_of(told.schema, limits=limits)
        rows.append((cls, json.dumps(told.schema), told.read, told.write))
    return _vocabulary(tuple(rows), limits)


@lru_cache(maxsize=64)
def _vocabulary(rows: tuple[tuple[type, str, JSON, JSON], ...], limits: SchemaLimits) -> Vocabulary:
    return Vocabulary(
        types={cls: TypeSchema(json.loads(text), read, write) for cls, text, read, write in rows},
        limits=limits,
    )
