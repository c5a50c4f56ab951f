"""Heads of requests as WSGI tells them: names have lost their case and their spelling, lines are joined."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias
from urllib.parse import quote

import attrs

from sansmcp.http import Headers, RequestHead
from sansmcp.values import JSON

Environ: TypeAlias = Mapping[str, JSON]
"""What the server says of a request."""

# Servers join lines of one name, and lines whose names differ in `-` and `_`, with a comma. None of these
# holds one, so what has one came in several lines; told apart again they are refused as such.
_SINGLE: Final = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "host",
        "last-event-id",
        "mcp-method",
        "mcp-protocol-version",
        "mcp-session-id",
        "origin",
    }
)


_KEPT: Final = "/%!$&'()*+,;=:@-._~"
"""What stands for itself in a path."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EnvironHead(RequestHead):
    """The head of a request that came by WSGI."""

    environ: Environ
    """What the server, and what stands before the application, say of it."""


def head_of(environ: Environ) -> EnvironHead:
    """Return the head of a request."""
    query: str = environ.get("QUERY_STRING", "")
    # Bytes are spelled as the characters of ISO 8859-1.
    mount = quote(environ.get("SCRIPT_NAME", "").encode("latin-1"), safe=_KEPT)
    target = mount + quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=_KEPT)
    return EnvironHead(
        method=environ["REQUEST_METHOD"],
        target=f"{target}?{query}" if query else target,
        headers=Headers(_lines(environ)),
        mount=mount,
        environ=environ,
    )


def _lines(environ: Environ) -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        name = _name_of(key)
        if name is None or (value == "" and not key.startswith("HTTP_")):
            continue
        if name in _SINGLE:
            for part in value.split(","):
                yield name, part.strip()
        else:
            yield name, value


def _name_of(key: str) -> str | None:
    if key.startswith("HTTP_"):
        key = key[5:]
        # Some servers say these twice.
        if key in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            return None
    elif key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        return None
    return key.lower().replace("_", "-")
