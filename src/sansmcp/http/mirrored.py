"""What a modern request repeats of its body in header fields, so that others can route it unread.

Source: 2026-07-28, Streamable HTTP, Request Metadata.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp.http.heads import Headers
from sansmcp.schema import MODERN_REVISIONS, Revision
from sansmcp.schema.header_parameters import Path
from sansmcp.session.era import HeaderClaims
from sansmcp.values import JSON
from sansmcp.wire import Notification, Request

VERSION: Final = "mcp-protocol-version"
"""The field that names the revision."""
METHOD: Final = "mcp-method"
"""The field that names the method."""
NAME: Final = "mcp-name"
"""The field that names the tool, the prompt, the resource or the task."""
PARAMETER: Final = "mcp-param-"
"""How the names of fields begin that repeat arguments of a tool."""

_NAMED_BY: Final[Mapping[str, str]] = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
_CANONICAL_UNNAMED: Final[Mapping[str, str]] = {VERSION: "MCP-Protocol-Version", METHOD: "Mcp-Method"}
_CANONICAL: Final[Mapping[str, str]] = {**_CANONICAL_UNNAMED, NAME: "Mcp-Name"}
_FIRST_WITH_VERSION: Final[Revision] = "2025-06-18"

_PLAIN: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_READABLE: Final = re.compile(r"[\t -~]*")
_START, _END = "=?base64?", "?="
_INTEGER: Final = re.compile(r"(-?(?:0|[1-9][0-9]{0,30}))(?:\.0{0,30})?")
_MOST: Final = 2**53 - 1


def encode_value(text: str) -> str:
    """Write a text as the value of a header field, in base64 where it is not plain.

    Raises:
        LocalProtocolError: the text has half of a surrogate pair.
    """
    looks_encoded = text.startswith(_START) and text.endswith(_END)
    if _PLAIN.fullmatch(text) is not None and not looks_encoded:
        return text
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError(
            f"{text!r:.80} is to be repeated in a header; expected no halves of surrogate pairs"
        ) from None
    # An empty text too, since fields without a value get lost on the way.
    return f"{_START}{b64encode(raw).decode()}{_END}"


def decode_value(text: str) -> str | None:
    """Read the value of a header field; None if it has no valid characters or its base64 is not canonical."""
    text = text.strip(" \t")
    if _READABLE.fullmatch(text) is None:
        return None
    if not (text.startswith(_START) and text.endswith(_END)) or len(text) < len(_START) + len(_END):
        return text
    inner = text[len(_START) : -len(_END)]
    try:
        raw = b64decode(inner, validate=True)
        return raw.decode() if b64encode(raw).decode() == inner else None
    except (Error, UnicodeDecodeError):
        return None


def mirrored_headers(
    message: Request | Notification, revision: Revision, parameters: Mapping[str, Path] | None = None
) -> tuple[tuple[str, str], ...]:
    """Return the header fields that go with a message of a client.

    Args:
        message: the message.
        revision: the revision that is spoken.
        parameters: which arguments are repeated if it calls a tool: the end of each field's name, with the
            way to the argument.

    Raises:
        LocalProtocolError: what is to be repeated cannot be: an integer past 2^53-1, say.
    """
    if revision < _FIRST_WITH_VERSION or message.method == "initialize":
        return ()
    version = ("MCP-Protocol-Version", revision)
    if revision not in MODERN_REVISIONS:
        return (version,)
    if _PLAIN.fullmatch(message.method) is None:
        raise LocalProtocolError(
            f"the method is {message.method!r:.80}; expected printable ASCII, as it is repeated in a header"
        )
    fields = [version, ("Mcp-Method", message.method)]
    name = _name_of(message)
    if type(name) is str:
        fields.append(("Mcp-Name", encode_value(name)))
    if parameters:
        fields += _parameter_headers(message, parameters)
    return tuple(fields)


def _parameter_headers(
    message: Request | Notification, parameters: Mapping[str, Path]
) -> Iterator[tuple[str, str]]:
    for end, path in parameters.items():
        value = _argument(message, path)
        number = _integer(value)
        if number is not None and not -_MOST <= number <= _MOST:
            raise LocalProtocolError(
                f"the argument {'.'.join(path)} is an integer past 2^53-1, which many would round;"
                f" expected a smaller one, as it is repeated in the header Mcp-Param-{end}"
            )
        text = _text(value)
        if text is not None:
            yield f"Mcp-Param-{end}", encode_value(text)


def claims_of(
    headers: Headers, message: Request | Notification, parameters: Mapping[str, Path] | None = None
) -> HeaderClaims:
    """Say what the header fields of a request claim, and where its body says otherwise.

    A notification must not repeat anything; what it repeats is compared all the same.

    Args:
        headers: the header fields.
        message: the message in the body.
        parameters: which arguments of the tool it calls are repeated, as for `mirrored_headers`.
    """
    version = headers.get(VERSION)
    fault = _fault(headers, message)
    return HeaderClaims(
        version=None if version is None else version.strip(" \t"),
        fault=fault,
        conflict=_conflict(headers, message, parameters) if fault is None else None,
    )


def _fault(headers: Headers, message: Request | Notification) -> str | None:
    fields = _CANONICAL if message.method in _NAMED_BY else _CANONICAL_UNNAMED
    for field, shown in fields.items():
        values = headers.all(field)
        if len(values) == 1:
            if field == NAME and decode_value(values[0]) is None:
                return f"{shown} is {values[0]!r:.80}; expected printable ASCII, or UTF-8 in canonical base64"
        elif values:
            return f"{shown} is there {len(values)} times; expected it once"
        elif type(message) is Request:
            return f"{shown} is missing; expected it with every {message.method!r:.80}"
    return None


def _conflict(
    headers: Headers, message: Request | Notification, parameters: Mapping[str, Path] | None
) -> str | None:
    method = headers.get(METHOD)
    if method is not None and method.strip(" \t") != message.method:
        return _differs("Mcp-Method", method, message.method)
    name = headers.get(NAME)
    if name is not None and message.method in _NAMED_BY and decode_value(name) != _name_of(message):
        return _differs("Mcp-Name", name, _name_of(message))
    for end, path in parameters.items() if parameters else ():
        values = headers.all(PARAMETER + end.lower())
        value = _argument(message, path)
        if len(values) > 1:
            return f"Mcp-Param-{end} is there {len(values)} times; expected it once"
        if values and not _is_same(values[0], value):
            return _differs(f"Mcp-Param-{end}", values[0], value)
        if not values and _text(value) is not None:
            return f"Mcp-Param-{end} is missing; the body says {value!r:.80}"
    return None


def _differs(field: str, found: str, value: JSON) -> str:
    said = "nothing" if value is None else repr(value)[:80]
    return f"{field} is {found!r:.80}; the body says {said}"


def _is_same(found: str, value: JSON) -> bool:
    decoded = decode_value(found)
    if decoded is None:
        return False
    integer = _integer(value)
    if integer is None:
        return decoded == _text(value)
    # As numbers, and exactly: a float would lose digits.
    number = _INTEGER.fullmatch(decoded)
    return number is not None and int(number[1]) == integer


def _name_of(message: Request | Notification) -> JSON:
    key = _NAMED_BY.get(message.method)
    return None if key is None or message.params is None else message.params.get(key)


def _argument(message: Request | Notification, path: Path) -> JSON:
    value: JSON = None if message.params is None else message.params.get("arguments")
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _integer(value: JSON) -> int | None:
    if type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _text(value: JSON) -> str | None:
    """Return what a field says of an argument; None for what none can say, which fits no annotation."""
    if type(value) is bool:
        return "true" if value else "false"
    number = _integer(value)
    if number is not None:
        return str(number)
    return value if type(value) is str else None
