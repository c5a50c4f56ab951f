"""Values that are written as text: what their schemas say, and the way there and back."""

import base64
import binascii
import datetime as dt
import inspect
import re
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

import attrs

from sansmcp.values import JSON, Value

Parse: TypeAlias = Callable[[str], JSON]
"""Makes a value of a text, or raises ValueError."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TextFormat(Value):
    """How the values of a type are written as text."""

    keywords: Mapping[str, JSON]
    """What the schema says beside `type: string`."""
    expected: str
    """What it is called in errors."""
    parse: Parse
    """Reads a text, or raises ValueError."""
    write: Callable[[JSON], str]
    """Writes a value, or raises ValueError."""
    is_open: bool = False
    """Whether values of derived classes are meant too."""

    def has(self, cls: type, value: JSON) -> bool:
        """Say whether a value is one of a type's."""
        return isinstance(value, cls) if self.is_open else type(value) is cls


def _matching(pattern: str, parse: Parse) -> Parse:
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str) -> JSON:
        if compiled.fullmatch(text) is None:
            raise ValueError(text)
        return parse(text)

    return read


def _bytes(text: str) -> bytes:
    return binascii.a2b_base64(text.encode(), strict_mode=True)


def _write_number(value: JSON) -> str:
    if not value.is_finite():
        raise ValueError(value)
    return format(value, "f")


# ISO 8601 without years and months, whose length depends on when they begin.
_DURATION: Final = re.compile(
    r"([+-])?P(?=.)(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?=.)(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{1,6}))?S)?)?",
    re.ASCII,
)


def _duration(text: str) -> dt.timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    sign, *numbers, fraction = found.groups("0")
    weeks, days, hours, minutes, seconds = map(int, numbers)
    try:
        length = dt.timedelta(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            microseconds=int(fraction.ljust(6, "0")),
        )
    except OverflowError as error:
        raise ValueError(text) from error
    return -length if sign == "-" else length


def _write_duration(value: dt.timedelta) -> str:
    sign, length = ("-", -value) if value.days < 0 else ("", value)
    fraction = f".{length.microseconds:06}".rstrip("0") if length.microseconds else ""
    return f"{sign}P{length.days}DT{length.seconds}{fraction}S"


# What fromisoformat takes beyond RFC 3339 (basic format, week dates) is refused.
_DATE: Final = r"\d{4}-\d\d-\d\d"
_TIME: Final = r"\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?"
_UUID: Final = r"[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}"
# The whole text, whichever dialect of expressions reads it.
DECIMAL_PATTERN: Final = r"^-?[0-9]{1,1000}(\.[0-9]{1,1000})?$"

_FORMATS: Final[Mapping[type, TextFormat]] = {
    dt.datetime: TextFormat(
        keywords={"format": "date-time"},
        expected="a date and time such as '2026-07-28T12:30:00Z'",
        parse=_matching(rf"{_DATE}[Tt ]{_TIME}", lambda text: dt.datetime.fromisoformat(text.upper())),
        write=dt.datetime.isoformat,
    ),
    dt.date: TextFormat(
        keywords={"format": "date"},
        expected="a date such as '2026-07-28'",
        parse=_matching(_DATE, dt.date.fromisoformat),
        write=dt.date.isoformat,
    ),
    dt.time: TextFormat(
        keywords={"format": "time"},
        expected="a time such as '12:30:00Z'",
        parse=_matching(_TIME, lambda text: dt.time.fromisoformat(text.upper())),
        write=dt.time.isoformat,
    ),
    dt.timedelta: TextFormat(
        keywords={"format": "duration"},
        expected="a duration such as 'P1DT2H30M'",
        parse=_duration,
        write=_write_duration,
    ),
    uuid.UUID: TextFormat(
        keywords={"format": "uuid"}, expected="a UUID", parse=_matching(_UUID, uuid.UUID), write=str
    ),
    bytes: TextFormat(
        keywords={"contentEncoding": "base64"},
        expected="bytes in base64",
        parse=_bytes,
        write=lambda value: base64.b64encode(value).decode(),
    ),
}


@lru_cache(maxsize=256)
def text_format(cls: JSON) -> TextFormat | None:
    """Return how the values of a type are written as text, or None if they are not.

    Whoever names some of the types has imported their modules; nobody else shall pay for that, so they
    are known by their names, and paths by their protocol.
    """
    known = _FORMATS.get(cls)
    if known is not None:
        return known
    if hasattr(cls, "__fspath__") and not inspect.isabstract(cls):
        return TextFormat(
            keywords={},
            expected="a path",
            parse=cls,
            write=lambda value: str(value.__fspath__()),
            is_open=True,
        )
    match cls.__module__, cls.__qualname__:
        case "decimal", "Decimal":
            return TextFormat(
                keywords={"pattern": DECIMAL_PATTERN},
                expected="a decimal number in a text, such as '12.50'",
                parse=_matching(DECIMAL_PATTERN, cls),
                write=_write_number,
            )
        case "ipaddress", "IPv4Address":
            expected = "an IPv4 address such as '127.0.0.1'"
            return TextFormat(keywords={"format": "ipv4"}, expected=expected, parse=cls, write=str)
        case "ipaddress", "IPv6Address":
            expected = "an IPv6 address such as '::1'"
            return TextFormat(keywords={"format": "ipv6"}, expected=expected, parse=cls, write=str)
        case _:
            return None
