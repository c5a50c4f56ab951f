"""Heads of requests as ASGI tells them, and heads of responses as it wants them."""

from collections.abc import MutableMapping
from typing import Final, TypeAlias
from urllib.parse import quote

import attrs

from sansmcp.http import Headers, RequestHead, ResponseHead
from sansmcp.values import JSON

Scope: TypeAlias = MutableMapping[str, JSON]
"""What the server says of a request."""

AsgiMessage: TypeAlias = MutableMapping[str, JSON]
"""What the server and the application tell each other."""


_KEPT: Final = "/%!$&'()*+,;=:@-._~"
"""What stands for itself in a path."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScopedHead(RequestHead):
    """The head of a request that came by ASGI."""

    scope: Scope
    """What the server, and what stands before the application, say of it."""


def head_of(scope: Scope) -> ScopedHead:
    """Return the head of a request."""
    query: bytes = scope.get("query_string", b"")
    mount: str = scope.get("root_path", "")
    path: str = scope["path"]
    # Some leave the prefix out of the path.
    target = quote(path if path.startswith(mount) else mount + path, safe=_KEPT)
    return ScopedHead(
        method=scope["method"],
        target=f"{target}?{query.decode('latin-1')}" if query else target,
        headers=Headers(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        ),
        mount=quote(mount, safe=_KEPT),
        scope=scope,
    )


def start_of(head: ResponseHead, scope: Scope) -> AsgiMessage:
    """Return the message that begins a response."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in head.headers]
    # Later versions of HTTP have no such field.
    if head.close and scope.get("http_version", "1.1").startswith("1"):
        headers.append((b"connection", b"close"))
    return {"type": "http.response.start", "status": head.status, "headers": headers}
