"""Schemas given by hand: checked when they are registered, and values checked against them.

Nothing is ever fetched for a schema: one that refers to something outside of itself is refused.

Source: 2025-11-25 and later, Base Protocol, JSON Schema Usage; 2026-07-28, `$ref` Resolution.
"""

from collections.abc import Mapping
from typing import Final

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError as NoSchemaError
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7, DRAFT202012

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import SchemaError
from sansmcp.values import ABSENT, JSON

_NEWEST: Final = "https://json-schema.org/draft/2020-12/schema"
_DIALECTS: Final[Mapping[str, tuple[JSON, JSON]]] = {
    _NEWEST: (Draft202012Validator, DRAFT202012),
    "http://json-schema.org/draft-07/schema": (Draft7Validator, DRAFT7),
}
_REFERENCES: Final = ("$ref", "$dynamicRef")

# jsonschema calls itself for each level; a schema that leads to itself would end in a RecursionError.
_MAX_REFERENCES_IN_A_ROW: Final = 32

_EXPECTED: Final[Mapping[str, str]] = {
    "additionalProperties": "only members that the schema names",
    "const": "the value {!r}",
    "enum": "one of {!r}",
    "exclusiveMaximum": "a number less than {}",
    "exclusiveMinimum": "a number greater than {}",
    "format": "the format {!r}",
    "maxItems": "at most {} items",
    "maxLength": "at most {} characters",
    "maximum": "a number of at most {}",
    "minItems": "at least {} items",
    "minLength": "at least {} characters",
    "minimum": "a number of at least {}",
    "multipleOf": "a multiple of {}",
    "pattern": "a text that matches {!r}",
    "type": "the type {!r}",
    "uniqueItems": "items that differ",
}
"""What a keyword asks for, as it stands after "expected"; the placeholder is the keyword's value."""


class Validator:
    """Checks values against one schema.

    Args:
        schema: the schema; `$schema` may name 2020-12, which is what it is without, or draft-07.

    Raises:
        LocalProtocolError: it is no schema, has another dialect, or refers to what is not in it.
    """

    def __init__(self, schema: JSON) -> None:
        if not isinstance(schema, Mapping):
            raise LocalProtocolError(f"schema: expected an object, found {schema!r:.80}")
        dialect = str(schema.get("$schema", _NEWEST)).rstrip("#")
        if dialect not in _DIALECTS:
            known = ", ".join(_DIALECTS)
            raise LocalProtocolError(f"schema: $schema is {dialect!r:.80}; expected one of {known}")
        engine, specification = _DIALECTS[dialect]
        try:
            engine.check_schema(schema)
        except NoSchemaError as error:
            raise LocalProtocolError(f"schema: {error.json_path}: {error.message:.200}") from error
        root: Resource[JSON] = specification.create_resource(schema)
        # An empty registry: without one, references to the network would be followed.
        registry: Registry[JSON] = Registry()
        _check_references(
            root, registry.with_resource(root.id() or "", root).crawl().resolver_with_root(root)
        )
        self._engine = engine(schema, registry=registry)

    def validate(self, value: JSON) -> None:
        """Check a value.

        Raises:
            SchemaError: it does not fit.
        """
        error = best_match(self._engine.iter_errors(value))
        if error is not None:
            raise _as_schema_error(error)


def _as_schema_error(error: ValidationError) -> SchemaError:
    keyword, path = str(error.validator), list(error.absolute_path)
    found: JSON = error.instance
    if keyword == "required":
        # jsonschema names the object; what is wrong is the member that is not there.
        required: JSON = error.validator_value
        missing = next(name for name in required if name not in found)
        return _under([*path, missing], SchemaError("a value", ABSENT))
    if keyword == "additionalProperties":
        known: JSON = error.schema
        unknown = next(name for name in found if name not in known.get("properties", ()))
        return _under([*path, unknown], SchemaError(_EXPECTED[keyword], unknown))
    template = _EXPECTED.get(keyword, f"what {keyword!r} asks for")
    expected = template.format(error.validator_value)
    return _under(path, SchemaError(expected if len(expected) <= 200 else f"{expected[:200]}…", found))


def _under(path: list[str | int], error: SchemaError) -> SchemaError:
    for step in reversed(path):
        error.under(step)
    return error


def _check_references(resource: JSON, resolver: JSON) -> None:
    contents = resource.contents
    if isinstance(contents, Mapping):
        for keyword in _REFERENCES:
            if keyword in contents:
                _check_reference(contents, keyword, resolver)
    for inner in resource.subresources():
        _check_references(inner, resolver.in_subresource(inner))


def _check_reference(contents: Mapping[str, JSON], keyword: str, resolver: JSON) -> None:
    reference = contents[keyword]
    for _ in range(_MAX_REFERENCES_IN_A_ROW):
        try:
            found = resolver.lookup(contents[keyword])
        except Unresolvable as error:
            raise LocalProtocolError(
                f"schema: {keyword} {reference!r:.80} leads out of the schema; nothing is fetched for it"
            ) from error
        contents, resolver = found.contents, found.resolver
        if not isinstance(contents, Mapping) or keyword not in contents:
            return
    raise LocalProtocolError(f"schema: {keyword} {reference!r:.80} leads to itself")
