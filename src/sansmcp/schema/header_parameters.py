"""Arguments that a client repeats in headers: the annotation `x-mcp-header` in input schemas.

Source: 2026-07-28, Streamable HTTP, Custom Headers from Tool Parameters, Schema Extension.
"""

import re
from collections.abc import Mapping
from typing import Final

from sansmcp.schema.schema_limits import Author
from sansmcp.schema.subschemas import subschemas
from sansmcp.values import JSON

KEYWORD: Final = "x-mcp-header"
"""The annotation; its value is the end of the header's name."""

# RFC 9110, section 5.6.2: the characters of a token.
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TYPES: Final = ("string", "integer", "boolean")

Path = tuple[str, ...]


def header_parameters(schema: Mapping[str, JSON], *, author: Author = Author.USER) -> Mapping[str, Path]:
    """Return which arguments are repeated in headers: the end of each name, with the way to the argument.

    Args:
        schema: the input schema of a tool.
        author: who wrote it.

    Raises:
        LocalProtocolError: an annotation of the user's breaks a rule.
        RemoteProtocolError: one of a peer's does.
    """
    found: dict[str, Path] = {}
    taken: set[str] = set()
    waiting: list[tuple[Path | None, Mapping[str, JSON]]] = [((), schema)]
    while waiting:
        path, inner = waiting.pop()
        if KEYWORD in inner:
            name = inner[KEYWORD]
            fault = _fault(name, path, inner, taken)
            if fault is not None:
                raise author.fault(f"{KEYWORD} is {name!r:.80}; {fault}")
            found[name] = path or ()
            taken.add(name.lower())
        # Only a way of properties says where the argument is.
        waiting += [
            ((*path, str(place)) if keyword == "properties" and path is not None else None, deeper)
            for keyword, place, deeper in reversed(list(subschemas(inner)))
        ]
    return found


def _fault(name: JSON, path: Path | None, schema: Mapping[str, JSON], taken: set[str]) -> str | None:
    if not isinstance(name, str) or _TOKEN.fullmatch(name) is None:
        return "expected the characters of a header's name"
    if name.lower() in taken:
        return "expected names that differ in more than capitals"
    if not path:
        return "expected it on a property that only properties lead to"
    if schema.get("type") not in _TYPES:
        return f"expected it on a property of the type {' or '.join(_TYPES)}"
    return None
