"""Pydantic's models, which bring a schema and a validation of their own.

They are known by what their classes have: pydantic is never imported here.
"""

import json
from typing import Final, Literal, TypeAlias

from sansmcp.schema.mismatch import SchemaError
from sansmcp.values import JSON

Mode: TypeAlias = Literal["validation", "serialization"]
"""Whether a schema is for what comes in or for what goes out."""

_MARKS: Final = ("__pydantic_validator__", "model_json_schema", "model_validate_json", "model_dump")


def is_model(annotation: JSON) -> bool:
    """Say whether a type is a model of pydantic's."""
    return isinstance(annotation, type) and all(hasattr(annotation, mark) for mark in _MARKS)


def model_schema(cls: JSON, mode: Mode) -> dict[str, JSON]:
    """Return the schema that a model has, with its definitions in `$defs`."""
    schema: dict[str, JSON] = cls.model_json_schema(mode=mode)
    return schema


def read_model(cls: JSON, value: JSON) -> JSON:
    """Return the instance of a model that a JSON value says, which fits the model's schema.

    Raises:
        SchemaError: the model has something against it.
    """
    text = json.dumps(value)
    try:
        return cls.model_validate_json(text)
    except ValueError as error:
        raise _as_schema_error(cls, error) from None


def write_model(cls: JSON, value: JSON) -> JSON:
    """Return what an instance of a model says in JSON.

    Raises:
        SchemaError: it is none, or holds what JSON cannot say.
    """
    if not isinstance(value, cls):
        raise SchemaError(cls.__name__, value)
    model: JSON = value
    try:
        return model.model_dump(mode="json", by_alias=True)
    except ValueError:
        raise SchemaError(f"a {cls.__name__} that JSON can say", value) from None


def _as_schema_error(cls: JSON, error: JSON) -> SchemaError:
    """Say what the first of pydantic's errors says: where, and what it expected there."""
    first = error.errors(include_url=False)[0]
    fault = SchemaError(f"what {cls.__name__} takes ({first['msg']})", first["input"])
    for step in reversed(first["loc"]):
        fault.under(step)
    return fault
