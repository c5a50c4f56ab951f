"""What the head of a request says that decides about it before its body is read; all of it is pure."""

import re
from functools import lru_cache
from itertools import chain
from typing import Final

from sansmcp.http.heads import Headers, RequestHead
from sansmcp.http.media_types import EVENT_STREAM, JSON_TYPE, accepts, is_json
from sansmcp.http.refusals import Refused
from sansmcp.http.settings import HttpLimits, HttpOptions
from sansmcp.schema import INVALID_REQUEST, MODERN_REVISIONS, Revision
from sansmcp.values import Word

SESSION: Final = "mcp-session-id"
VERSION: Final = "mcp-protocol-version"
LAST_EVENT: Final = "last-event-id"

UNKNOWN_EVENT: Final = "Last-Event-ID names no event that is kept"
"""What is told of an event that is unknown, forgotten or somebody else's: nobody learns which."""

_SINGLE: Final = ("content-type", "authorization", "content-length", SESSION, LAST_EVENT)
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SESSION_ID: Final = re.compile(r"[0-9a-f]{32}")
_EVENT_ID: Final = re.compile(r"([0-9a-z-]{1,64})_(0|[1-9][0-9]{0,17})")


class Place(Word):
    """What of an endpoint a request is for."""

    ENDPOINT = "the endpoint"
    SSE = "the stream of HTTP+SSE"
    MESSAGES = "the messages of HTTP+SSE"


def check_sizes(head: RequestHead, limits: HttpLimits) -> Refused | None:
    """Return why the header fields are too many or too large; None if they are not."""
    lines = head.headers.lines
    size = sum(map(len, chain.from_iterable(lines)))
    if len(lines) <= limits.header_count and size <= limits.header_bytes:
        return None
    reason = (
        f"{len(lines)} header fields of {size} bytes; "
        f"expected at most {limits.header_count} of {limits.header_bytes} bytes"
    )
    return Refused(status=431, reason=reason, close=True)


def check_single(headers: Headers) -> Refused | None:
    """Return why a header field is there too often; None if none is."""
    for name in _SINGLE:
        if name in headers and len(headers.all(name)) > 1:
            return bad(f"{name} is there {len(headers.all(name))} times; expected it once")
    return None


def check_post(head: RequestHead, options: HttpOptions) -> Refused | None:
    """Return why the body of a POST is not read; None if it is."""
    headers = head.headers
    coding = ",".join(headers.all("content-encoding"))
    if coding.strip(" \t").lower() not in ("", "identity"):
        return _unsupported(f"Content-Encoding is {coding!r:.80}; expected none")
    kind = headers.get("content-type")
    if kind is None or not is_json(kind):
        return _unsupported(f"Content-Type is {kind!r:.80}; expected application/json in UTF-8")
    length = headers.get("content-length")
    if length is None:
        return None
    if _LENGTH.fullmatch(length) is None:
        return bad(f"Content-Length is {length!r:.80}; expected a number")
    limit = options.limits.body_bytes
    if int(length) > limit:
        reason = f"the body has {int(length)} bytes; expected at most {limit}"
        return Refused(status=413, reason=reason, code=INVALID_REQUEST, message=reason, close=True)
    return None


# A client says the same with every request.
@lru_cache(maxsize=32)
def check_accept(values: tuple[str, ...], *, answers_only: bool) -> Refused | None:
    """Return why no answer to a POST would be understood; None if one is."""
    wanted = (JSON_TYPE,) if answers_only else (JSON_TYPE, EVENT_STREAM)
    missing = [kind for kind in wanted if not accepts(values, kind)]
    return _not_acceptable(values, " and ".join(wanted)) if missing else None


def check_listener(head: RequestHead) -> Refused | None:
    """Return why a stream of events would not be understood by who asks for it; None if it is."""
    values = head.headers.all("accept")
    return None if accepts(values, EVENT_STREAM) else _not_acceptable(values, EVENT_STREAM)


def check_version(headers: Headers, revisions: tuple[Revision, ...]) -> Refused | None:
    """Return why the version of a legacy request is refused; None if it is not."""
    versions = headers.all(VERSION)
    if len(versions) > 1:
        return bad(f"MCP-Protocol-Version is there {len(versions)} times; expected it once")
    if versions and versions[0] not in revisions:
        return bad(f"MCP-Protocol-Version is {versions[0]!r:.80}; supported: {', '.join(revisions)}")
    return None


def is_modern_version(version: str | None) -> bool:
    """Say whether a version is one of the modern ones that there are."""
    return version in MODERN_REVISIONS


def read_event_id(value: str) -> tuple[str, int] | None:
    """Return the stream and the number that an event id names; None if it is none of ours."""
    found = _EVENT_ID.fullmatch(value)
    return None if found is None else (found[1], int(found[2]))


def bad(reason: str) -> Refused:
    """Refuse what is malformed, or does not belong here."""
    return Refused(status=400, reason=reason, code=INVALID_REQUEST, message=reason)


def not_allowed(*methods: str) -> Refused:
    """Refuse a method of HTTP."""
    allowed = ", ".join(methods)
    return Refused(
        status=405,
        reason=f"the method is not allowed; expected {allowed}",
        code=INVALID_REQUEST,
        message=f"Method not allowed; expected {allowed}",
        headers=(("allow", allowed),),
    )


def unknown_session() -> Refused:
    """Refuse a session that there is not, or that is somebody else's: nobody learns which."""
    text = "There is no such session; initialize a new one"
    return Refused(status=404, reason=text, code=INVALID_REQUEST, message=text)


def _unsupported(reason: str) -> Refused:
    return Refused(status=415, reason=reason, code=INVALID_REQUEST, message=reason)


def _not_acceptable(values: tuple[str, ...], wanted: str) -> Refused:
    reason = f"Accept is {', '.join(values)!r:.80}; expected {wanted}"
    return Refused(status=406, reason=reason, code=INVALID_REQUEST, message=reason)


def is_session_id(value: str) -> bool:
    """Say whether a value may be the id of a session: a store may make the name of a file of it.

    Args:
        value: what a client says.
    """
    return _SESSION_ID.fullmatch(value) is not None
