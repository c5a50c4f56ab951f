"""The messages of JSON-RPC 2.0 as frozen values, and what stands in the place of one that is none.

A message knows its envelope and nothing of the protocol's vocabulary. Members of the envelope that
JSON-RPC does not name are kept in `extra` and come out again. `size` is the number of bytes that
were read for it, 0 for messages made here; it takes no part in comparison.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from sansmcp.values import ABSENT, JSON, Absent, RequestId, Value

_EXCERPT_CHARACTERS: Final = 80

NO_MEMBERS: Final[Mapping[str, JSON]] = MappingProxyType({})
"""The `extra` of a message that has none; shared, and not to be written to."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Request(Value):
    """A call that is to be answered.

    Args:
        id: what the answer will carry; unique among the sender's requests in flight.
        method: the name of the method.
        params: its parameters, None where the member is not there.
        extra: members that JSON-RPC does not name.
        size: bytes read for it.
    """

    id: RequestId
    method: str
    params: Mapping[str, JSON] | None = None
    extra: Mapping[str, JSON] = NO_MEMBERS
    size: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Notification(Value):
    """A message that is not answered.

    Args:
        method: the name of the method.
        params: its parameters, None where the member is not there.
        extra: members that JSON-RPC does not name.
        size: bytes read for it.
    """

    method: str
    params: Mapping[str, JSON] | None = None
    extra: Mapping[str, JSON] = NO_MEMBERS
    size: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Response(Value):
    """The answer to a request that went well.

    Args:
        id: the id of the request.
        result: what it came to.
        extra: members that JSON-RPC does not name.
        size: bytes read for it.
    """

    id: RequestId
    result: Mapping[str, JSON]
    extra: Mapping[str, JSON] = NO_MEMBERS
    size: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ErrorObject(Value):
    """Why a request was refused.

    Args:
        code: which kind of error; -32768 to -32000 are JSON-RPC's and MCP's.
        message: one sentence.
        data: more about it, ABSENT where the member is not there.
        extra: members that JSON-RPC does not name.
    """

    code: int
    message: str
    data: JSON | Absent = ABSENT
    extra: Mapping[str, JSON] = NO_MEMBERS


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ErrorResponse(Value):
    """The answer to a request that was refused, or to what could not be read.

    Args:
        id: the id of the request; None for `"id": null`, ABSENT where the member is not there.
        error: why.
        extra: members that JSON-RPC does not name.
        size: bytes read for it.
    """

    id: RequestId | Absent | None
    error: ErrorObject
    extra: Mapping[str, JSON] = NO_MEMBERS
    size: int = attrs.field(default=0, eq=False, repr=False)


Message: TypeAlias = Request | Notification | Response | ErrorResponse
"""One JSON-RPC message; closed, so that `match` may end in `assert_never`."""


class Shape(enum.Enum):
    """What an unreadable message would have been, as far as its member names tell."""

    REQUEST = "request"
    """It has a "method" and an "id"."""
    NOTIFICATION = "notification"
    """It has a "method" and no "id"."""
    RESPONSE = "response"
    """It has a "result" or an "error" and no "method"."""
    UNKNOWN = "unknown"
    """None of these, or no JSON object at all."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Violation(Value):
    """What came in the place of a message.

    Args:
        code: -32700 where it is not readable as JSON within the limits, -32600 where its envelope is none.
        text: what was found and what was expected.
        request_id: the id, where one was readable and is a string or an integer.
        shape: what it would have been.
        method: the method, where one was readable and is a string.
        excerpt: the first 80 characters of what came, for people.
    """

    code: int
    text: str
    request_id: RequestId | Absent = ABSENT
    shape: Shape = Shape.UNKNOWN
    method: str | None = None
    excerpt: str = ""


def make_excerpt(data: bytes | bytearray) -> str:
    """Show the start of what came: 80 characters, bytes that are no UTF-8 as escapes."""
    # A character has at most four bytes.
    return data[: 4 * _EXCERPT_CHARACTERS].decode(errors="backslashreplace")[:_EXCERPT_CHARACTERS]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Batch(Value):
    """A JSON array of messages; whether a revision allows it is not decided here.

    Args:
        messages: the items in order; one that is no message is a `Violation`.
        size: bytes read for all of it; each item's own size is an equal share, rounded up.
    """

    messages: tuple[Message | Violation, ...]
    size: int = attrs.field(default=0, eq=False, repr=False)
