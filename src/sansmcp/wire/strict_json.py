"""JSON as strictly as two machines must agree on it: bytes to values and back.

What is read and refused is a function of the bytes alone: not of how deep the caller's stack is, not
of sys.set_int_max_str_digits. What is written is compact, and what is read back is the same.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from sansmcp.values import JSON
from sansmcp.wire.bounds import has_longer_number, has_more_nodes, is_deeper
from sansmcp.wire.limits import DEFAULT_LIMITS, Limits
from sansmcp.wire.stackless import (
    NotJSONError,
    finite_float,
    read_without_stack,
    refuse_constant,
    skip_whitespace,
    syntax_error,
    unique_object,
    write_without_stack,
)

_READER: Final = json.JSONDecoder(
    object_pairs_hook=unique_object, parse_float=finite_float, parse_constant=refuse_constant
)
# Half of a surrogate pair without the other, as escapes; pairs of backslashes must be gone.
_LONE_SURROGATE: Final = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)
# What json makes of a member name that is a number, a boolean or null.
_COERCED_NAME: Final = re.compile(r'"(?:-?[0-9][0-9.e+-]*+|true|false|null)":')


def read(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> JSON:
    """Read one JSON text.

    Raises:
        NotJSONError: it is not JSON in UTF-8 (RFC 8259), exceeds a limit, or says what two parsers may
            read differently: a member name twice, a number that overflows, half a surrogate pair.
    """
    if len(raw) > limits.max_message_bytes:
        raise NotJSONError(f"longer than {limits.max_message_bytes} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotJSONError(f"not UTF-8: byte {raw[error.start]:#04x} at offset {error.start}") from None
    _check_bounds(raw, limits)
    start = 0 if text.startswith("{") else skip_whitespace(text, 0)
    try:
        value, end = _READER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise syntax_error(text, error.pos) from None
    except NotJSONError:
        raise
    except (RecursionError, ValueError):
        # The caller is deep in the stack, or the process allows fewer digits than we do.
        value, end = read_without_stack(text, start)
    if end != len(text):
        end = skip_whitespace(text, end)
        if end != len(text):
            raise syntax_error(text, end)
    return value


def _check_bounds(raw: bytes, limits: Limits) -> None:
    if is_deeper(raw, limits.max_depth, limits.max_nodes):
        raise NotJSONError(f"more than {limits.max_depth} arrays and objects are open at once")
    if has_more_nodes(raw, limits.max_nodes):
        raise NotJSONError(f"more than {limits.max_nodes} values")
    if has_longer_number(raw, limits.max_digits):
        raise NotJSONError(f"a number has more than {limits.max_digits} digits in a row")
    if b"\\u" in raw and _LONE_SURROGATE.search(raw.replace(b"\\\\", b"__")):
        raise NotJSONError("half of a surrogate pair")


def write(value: JSON) -> bytes:
    """Write a value as compact JSON in UTF-8, without a newline.

    Any Mapping is an object, and a tuple an array.

    Raises:
        LocalProtocolError: JSON cannot say it, or we would not read it: a member name that is no
            string, NaN, half a surrogate pair, more depth or digits than the default limits.
    """
    try:
        text = _WRITER.encode(value)
        raw = text.encode()
    except (TypeError, ValueError, RecursionError):
        return write_without_stack(value).encode()
    if _is_doubtful(text, raw):
        return write_without_stack(value).encode()
    return raw


def _is_doubtful(text: str, raw: bytes) -> bool:
    return (
        _COERCED_NAME.search(text) is not None
        or is_deeper(raw, DEFAULT_LIMITS.max_depth, len(raw))
        or has_longer_number(raw, DEFAULT_LIMITS.max_digits)
    )


def _object(value: object) -> dict[JSON, JSON]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


# What holds itself is found by the depth of what it makes: looking for it in each value costs a third more.
_WRITER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=_object
)
