"""JSON Schemas as people read them, as far as names and types go."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from sansmcp.schema import Tool
from sansmcp.values import JSON

# Deep enough for a reference to an optional choice; a schema may refer to itself.
_DEPTH: Final = 8

_CHOICES: Final = 12
"""How many of the values to choose from are shown."""

_KINDS: Final[Mapping[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def kinds_of(schema: JSON, root: JSON, depth: int = _DEPTH) -> tuple[str, ...]:
    """Return the types that a schema allows, by their names in JSON Schema; none if it does not say.

    Args:
        schema: the schema of a value.
        root: the document that its references point into.
        depth: how many schemas inside each other are looked at.
    """
    if not isinstance(schema, Mapping) or depth == 0:
        return ()
    named = schema.get("type")
    if isinstance(named, str):
        return (named,)
    if isinstance(named, list):
        return tuple(kind for kind in named if isinstance(kind, str))
    if "const" in schema or isinstance(schema.get("enum"), list):
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return tuple(dict.fromkeys(_KINDS[type(value)] for value in values))
    inner = [_target(schema["$ref"], root)] if "$ref" in schema else _alternatives(schema)
    return tuple(dict.fromkeys(kind for one in inner for kind in kinds_of(one, root, depth - 1)))


def type_text(schema: JSON, root: JSON, depth: int = _DEPTH) -> str:
    """Say in a few words what a schema allows.

    Args:
        schema: the schema of a value.
        root: the document that its references point into.
        depth: how many schemas inside each other are looked at.
    """
    if not isinstance(schema, Mapping) or depth == 0:
        return "any"
    if isinstance(schema.get("enum"), list):
        choices = [json.dumps(value, ensure_ascii=False) for value in schema["enum"]]
        return " | ".join(choices[:_CHOICES]) + (" | ..." if len(choices) > _CHOICES else "")
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "$ref" in schema:
        return type_text(_target(schema["$ref"], root), root, depth - 1)
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        return f"array of {type_text(schema['items'], root, depth - 1)}"
    if "type" not in schema and (alternatives := _alternatives(schema)):
        return " | ".join(dict.fromkeys(type_text(one, root, depth - 1) for one in alternatives))
    return " | ".join(kinds_of(schema, root)) or "any"


def arguments_of(tool: Tool) -> Mapping[str, JSON]:
    """Return the schemas of a tool's arguments, by their names."""
    properties = tool.input_schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def required_of(tool: Tool) -> tuple[str, ...]:
    """Return the names of the arguments that a tool must be given."""
    required = tool.input_schema.get("required")
    return tuple(name for name in required if isinstance(name, str)) if isinstance(required, list) else ()


def signature(tool: Tool) -> str:
    """Write a tool as if it were called: its name, and its arguments with their types."""
    required = required_of(tool)
    names = sorted(arguments_of(tool), key=lambda name: name not in required)
    return f"{tool.name}({', '.join(_argument(tool, name) for name in names)})"


def input_lines(tool: Tool) -> Iterator[str]:
    """Explain the arguments of a tool, one a line."""
    arguments = arguments_of(tool)
    yield f"{tool.name} takes " + ("these arguments:" if arguments else "no arguments.")
    for name, schema in arguments.items():
        description = schema.get("description") if isinstance(schema, Mapping) else None
        yield f"  {_argument(tool, name)}" + (f"  {description}" if isinstance(description, str) else "")


def _argument(tool: Tool, name: str) -> str:
    schema = arguments_of(tool)[name]
    text = f"{name}: {type_text(schema, tool.input_schema)}"
    if name in required_of(tool):
        return text
    has_default = isinstance(schema, Mapping) and "default" in schema
    default = f" = {json.dumps(schema['default'], ensure_ascii=False)}" if has_default else ""
    return f"[{text}{default}]"


def _alternatives(schema: Mapping[str, JSON]) -> list[JSON]:
    for word in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(word), list):
            return list(schema[word])
    return []


def _target(reference: JSON, root: JSON) -> JSON:
    """Follow a reference inside the document; None if it leads nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
