"""JSON read and written without recursion, and the rules of strictness that every parser here obeys.

The standard library's scanner and encoder recurse, so deep in the caller's stack they fail on what
they do elsewhere; and they convert integers as far as the process allows. What they leave undone is
done here: slower, with the same verdicts.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Final, NoReturn

from sansmcp.errors import LocalProtocolError
from sansmcp.values import JSON
from sansmcp.wire.limits import DEFAULT_LIMITS

# sys.set_int_max_str_digits goes no lower than 640.
_DIGITS_AT_ONCE: Final = 600
_NO_WHITESPACE: Final = re.compile(r"[^ \t\r\n]")
_SMALL: Final = 10**_DIGITS_AT_ONCE
_TOO_LONG: Final = 10**DEFAULT_LIMITS.max_digits
_STRINGS: Final = json.JSONEncoder(ensure_ascii=False)
_CLOSERS: Final = {"[": "]", "{": "}"}


class NotJSONError(ValueError):
    """A text is not JSON, or not the strict JSON that is read here; the message says why."""


def syntax_error(text: str, position: int) -> NotJSONError:
    """Make the error for a text that is no JSON from a position on."""
    if text[position : position + 1] in ("]", "}"):
        # CPython 3.13 began to report the comma before a bracket in the place of the bracket.
        before = text[:position].rstrip(" \t\r\n")
        if before.endswith(","):
            position = len(before) - 1
    found = text[position : position + 20]
    if not found:
        return NotJSONError(f"not JSON: the text ends at character {position}")
    return NotJSONError(f"not JSON from character {position} on: {found!r}")


def unique_object(members: list[tuple[str, JSON]]) -> dict[str, JSON]:
    """Build an object; raise NotJSONError if a member name occurs twice."""
    value = dict(members)
    if len(value) != len(members):
        seen: set[str] = set()
        names = map(itemgetter(0), members)
        name = next(names)
        while name not in seen:
            seen.add(name)
            name = next(names)
        raise NotJSONError(f"member name {name[:80]!r} occurs twice in one object")
    return value


def finite_float(literal: str) -> float:
    """Read a number with a fraction or an exponent; raise NotJSONError if it is too large."""
    value = float(literal)
    if math.isinf(value):
        raise NotJSONError(f"number {literal[:80]!r} is too large")
    return value


def refuse_constant(_literal: str) -> NoReturn:
    """Refuse NaN, Infinity and -Infinity, which are no JSON; not even a refusal says them."""
    raise NotJSONError("a number that is not finite is not JSON")


def skip_whitespace(text: str, position: int) -> int:
    """Find the first position from this one on that holds no JSON whitespace."""
    found = _NO_WHITESPACE.search(text, position)
    return len(text) if found is None else found.start()


def read_without_stack(text: str, position: int) -> tuple[JSON, int]:
    """Read the value that starts at a position; return it and the position after it.

    Raises:
        NotJSONError: it is not JSON.
    """
    # The containers that are open, an object as pairs; beside each the name of the member that is
    # being read, None in an array.
    containers: list[list[JSON]] = []
    names: list[str | None] = []
    while True:
        opener = text[position : position + 1]
        if opener in _CLOSERS:
            position = skip_whitespace(text, position + 1)
            if text[position : position + 1] != _CLOSERS[opener]:
                name = None
                if opener == "{":
                    name, position = _read_name(text, position)
                containers.append([])
                names.append(name)
                continue
            value: JSON = [] if opener == "[" else {}
            position += 1
        else:
            value, position = _read_scalar(text, position)
        value, position, is_complete = _attach(value, text, position, containers, names)
        if is_complete:
            return value, position


def _attach(
    value: JSON, text: str, position: int, containers: list[list[JSON]], names: list[str | None]
) -> tuple[JSON, int, bool]:
    # Puts a value that is complete into its container, and closes as many as end after it. Says
    # whether that was the last one; else the position is that of the next value.
    while containers:
        name = names[-1]
        containers[-1].append(value if name is None else (name, value))
        position = skip_whitespace(text, position)
        mark = text[position : position + 1]
        if mark == ",":
            position = skip_whitespace(text, position + 1)
            if name is not None:
                names[-1], position = _read_name(text, position)
            return None, position, False
        if mark != ("]" if name is None else "}"):
            raise syntax_error(text, position)
        position += 1
        names.pop()
        items = containers.pop()
        value = items if name is None else unique_object(items)
    return value, position, True


def _read_name(text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] != '"':
        raise syntax_error(text, position)
    name, position = _read_scalar(text, position)
    position = skip_whitespace(text, position)
    if text[position : position + 1] != ":":
        raise syntax_error(text, position)
    return name, skip_whitespace(text, position + 1)


def _read_scalar(text: str, position: int) -> tuple[JSON, int]:
    # The scanner recurses for containers only.
    try:
        return _SCALARS.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise syntax_error(text, error.pos) from None


def _integer(literal: str) -> int:
    if len(literal) <= _DIGITS_AT_ONCE:
        return int(literal)
    digits = literal.removeprefix("-")
    value = 0
    for start in range(0, len(digits), _DIGITS_AT_ONCE):
        part = digits[start : start + _DIGITS_AT_ONCE]
        value = value * 10 ** len(part) + int(part)
    return -value if literal.startswith("-") else value


_SCALARS: Final = json.JSONDecoder(
    parse_float=finite_float, parse_int=_integer, parse_constant=refuse_constant
)


def write_without_stack(value: JSON) -> str:
    """Write a value as compact JSON.

    Raises:
        LocalProtocolError: JSON cannot say it; the message names the path to the fault.
    """
    pieces: list[str] = []
    # What is still to be written of each open container and what closes it, and the name or the index
    # of the value at hand in each.
    containers: list[tuple[Iterator[tuple[JSON, JSON]], str]] = []
    path: list[JSON] = []
    while True:
        if isinstance(value, Mapping):
            pieces.append("{")
            containers.append((iter(value.items()), "}"))
        elif isinstance(value, (list, tuple)):
            pieces.append("[")
            containers.append((enumerate(value), "]"))
        else:
            pieces.append(_scalar_text(value, path))
        if len(containers) > DEFAULT_LIMITS.max_depth:
            raise _unsayable(path, f"more than {DEFAULT_LIMITS.max_depth} arrays and objects are open")
        while containers:
            entries, closer = containers[-1]
            entry = next(entries, None)
            if entry is not None:
                break
            pieces.append(closer)
            containers.pop()
            del path[len(containers) :]
        else:
            return "".join(pieces)
        name, value = entry
        path[len(containers) - 1 :] = [name]
        if pieces[-1] not in _CLOSERS:
            pieces.append(",")
        if closer == "}":
            pieces.append(f"{_name_text(path)}:")


def _name_text(path: list[JSON]) -> str:
    name = path[-1]
    if not isinstance(name, str):
        raise _unsayable(path[:-1], f"a member name is of type {type(name).__name__}; expected a string")
    return _string_text(name, path)


def _scalar_text(value: JSON, path: list[JSON]) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return _string_text(value, path)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer_text(value, path)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _unsayable(path, f"{value!r} is not JSON")
        return float.__repr__(value)
    raise _unsayable(path, f"a value of type {type(value).__name__} is not JSON")


def _string_text(value: str, path: list[JSON]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        found = value[error.start]
        raise _unsayable(path, f"lone surrogate {found!r} at character {error.start}") from None
    return _STRINGS.encode(value)


def _integer_text(value: int, path: list[JSON]) -> str:
    if abs(value) < _SMALL:
        return int.__repr__(value)
    if abs(value) >= _TOO_LONG:
        raise _unsayable(path, f"an integer has more than {DEFAULT_LIMITS.max_digits} digits")
    parts: list[str] = []
    rest = abs(value)
    while rest:
        rest, part = divmod(rest, _SMALL)
        parts.append(f"{part:0{_DIGITS_AT_ONCE}d}")
    digits = "".join(reversed(parts)).lstrip("0")
    return digits if value > 0 else f"-{digits}"


def _unsayable(path: list[JSON], fault: str) -> LocalProtocolError:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    # A path may hold what the message must not: keep it printable.
    where = ascii(where.removeprefix("."))[1:-1]
    return LocalProtocolError(f"{where[:80]}: {fault}" if where else fault)
