"""Output schemas and structured results for 2025-06-18 and 2025-11-25, which know only objects.

What is no object is wrapped, the schema and the value alike, as `{"result": value}`: the convention of
modelcontextprotocol/python-sdk.
"""

from collections.abc import Mapping
from typing import Final

from sansmcp.values import JSON

WRAPPER: Final = "result"
"""The property that holds a wrapped value."""

# Their values are data or names, not schemas: a "$ref" in there refers to nothing.
_DATA: Final = frozenset({"const", "enum", "default", "examples", "required", "$vocabulary"})
# Their values are schemas by name: a name is no keyword.
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# They stay at the root, so that pointers to them go on pointing there.
_HOISTED: Final = frozenset({"$schema", "$defs", "definitions"})
_POINTERS: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


def output_is_wrapped(schema: Mapping[str, JSON]) -> bool:
    """Say whether results under an output schema are wrapped for a peer that knows only objects.

    A server asks this to wrap an object too, where the tool's schema allows other values beside it.
    """
    return schema.get("type") not in ("object", ["object"]) and _target(schema) is None


def wrapped(value: JSON) -> dict[str, JSON]:
    """Wrap a structured result."""
    return {WRAPPER: value}


def legacy_output_schema(schema: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return an output schema with `type: object` at its root that says the same, wrapped if need be."""
    if schema.get("type") == "object":
        return schema
    if schema.get("type") == ["object"]:
        return {**schema, "type": "object"}
    target = _target(schema)
    if target is None:
        return _wrapped_schema(schema)
    siblings = {name: value for name, value in schema.items() if name != "$ref"}
    if "$id" in target or not siblings.keys().isdisjoint(target):
        return {"type": "object", **schema}
    return {**target, **siblings}


def without_booleans(schema: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return a schema whose properties are objects, as the legacy revisions want them.

    `true` is `{}` and `false` is `{"not": {}}` (JSON Schema 2020-12, Core, section 4.3.2).
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not any(type(value) is bool for value in properties.values()):
        return schema
    plain: dict[bool, JSON] = {True: {}, False: {"not": {}}}
    return {
        **schema,
        "properties": {
            name: plain[value] if type(value) is bool else value for name, value in properties.items()
        },
    }


def _target(schema: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Return the object schema that the root of a schema is a reference to, if it is one."""
    target: JSON = schema
    seen: set[str] = set()
    while isinstance(target, Mapping) and "$ref" in target and "type" not in target:
        reference = target["$ref"]
        if type(reference) is not str or not reference.startswith("#/") or reference in seen:
            return None
        seen.add(reference)
        target = _at(schema, reference)
    is_object = isinstance(target, Mapping) and target.get("type") == "object"
    return target if is_object else None


def _at(schema: JSON, pointer: str) -> JSON:
    """Follow a JSON pointer in a URI fragment; None if it leads nowhere."""
    for step in pointer.removeprefix("#/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        schema = schema.get(name) if isinstance(schema, Mapping) else None
    return schema


def _wrapped_schema(schema: Mapping[str, JSON]) -> dict[str, JSON]:
    hoisted = {name: value for name, value in schema.items() if name in _HOISTED}
    if "$id" in schema:
        # A resource of its own: its pointers start at its own root, wherever it stands.
        hoisted = {name: value for name, value in hoisted.items() if name == "$schema"}
        inner: JSON = schema
    else:
        hoisted = {name: _moved(value, name) for name, value in hoisted.items()}
        inner = _moved({name: value for name, value in schema.items() if name not in _HOISTED}, "")
    return {**hoisted, "type": "object", "properties": {WRAPPER: inner}, "required": [WRAPPER]}


def _moved(value: JSON, keyword: str) -> JSON:
    """Turn pointers to the old root into pointers to where it is now."""
    if isinstance(value, str) and keyword in _POINTERS:
        return _moved_pointer(value)
    if keyword in _DATA:
        return value
    if isinstance(value, Mapping):
        named = keyword in _NAMED
        return {name: _moved(inner, "" if named else name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(inner, "") for inner in value]
    return value


def _moved_pointer(pointer: str) -> str:
    head = pointer.removeprefix("#").split("/")
    stays = not pointer.startswith("#") or (len(head) > 1 and head[1] in _HOISTED) or (head[0] != "")
    return pointer if stays else f"#/properties/{WRAPPER}{pointer.removeprefix('#')}"
