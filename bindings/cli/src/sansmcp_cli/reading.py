"""Values as people type them: by the types that are expected, or as JSON."""

import json
from collections.abc import Sequence

from sansmcp.values import JSON


def read_json(text: str) -> JSON:
    """Read a JSON value.

    Args:
        text: the value.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is too deep") from None


def read_value(text: str, kinds: Sequence[str]) -> JSON:
    """Read a value as one of the types that are expected.

    Where a string is allowed, or nothing is known, the text is the value.

    Args:
        text: what was typed.
        kinds: the types, by their names in JSON Schema.

    Raises:
        ValueError: it is none of them; the error says what was expected.
    """
    if not kinds or "string" in kinds:
        return text
    # As people type them.
    word = text.lower() if text.lower() in {"true", "false", "null"} else text
    try:
        value = read_json(word)
    except ValueError:
        raise ValueError(f"expected {_expected(kinds)}, found {text!r}") from None
    if not any(_is_of(value, kind) for kind in kinds):
        raise ValueError(f"expected {_expected(kinds)}, found {text!r}")
    return value


def _is_of(value: JSON, kind: str) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return type(value) is int
        case "number":
            return type(value) in (int, float)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return kind == "null" and value is None


def _expected(kinds: Sequence[str]) -> str:
    words = {
        "boolean": "true or false",
        "integer": "an integer",
        "number": "a number",
        "array": "a JSON array such as [1, 2]",
        "object": 'a JSON object such as {"a": 1}',
    }
    return " or ".join(words.get(kind, kind) for kind in kinds)


def _refuse(constant: str) -> JSON:
    raise ValueError(f"JSON has no {constant}")
