"""Media types: whether a body is JSON, and what a client accepts.

Source: RFC 9110, sections 5.6, 8.3.1 and 12.5.1.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]++"
_QUOTED: Final = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+"'
_PARAMETERS: Final = rf"(?:[ \t]*+;[ \t]*+(?:{_WORD}=(?:{_WORD}|{_QUOTED}))?)*+"
_MEDIA_TYPE: Final = re.compile(rf"({_WORD}/{_WORD})({_PARAMETERS})[ \t]*+")
_PARAMETER: Final = re.compile(rf"({_WORD})=(?:({_WORD})|({_QUOTED}))")
_ESCAPED: Final = re.compile(r"\\(.)")
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
# What stands between commas, those in quotes left out.
_ITEM: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+"?)++')

JSON_TYPE: Final = "application/json"
"""The type of one message, or of a batch."""

EVENT_STREAM: Final = "text/event-stream"
"""The type of a stream of server-sent events."""


def is_json(value: str) -> bool:
    """Say whether a Content-Type is JSON in UTF-8.

    Args:
        value: the value of the field.
    """
    if value == JSON_TYPE:
        return True
    found = _MEDIA_TYPE.fullmatch(value.strip(" \t"))
    if found is None or found[1].lower() != JSON_TYPE:
        return False
    return all(
        charset.lower() == "utf-8" for name, charset in _parameters(found[2]) if name.lower() == "charset"
    )


def is_event_stream(value: str) -> bool:
    """Say whether a Content-Type is a stream of server-sent events; it is UTF-8 always.

    Args:
        value: the value of the field.
    """
    found = _MEDIA_TYPE.fullmatch(value.strip(" \t"))
    return found is not None and found[1].lower() == EVENT_STREAM


def accepts(values: Sequence[str], wanted: str) -> bool:
    """Say whether a client accepts a media type; where it says nothing, it accepts all.

    Args:
        values: the values of its Accept fields.
        wanted: the media type, in lower case.
    """
    return not values or _accepts(tuple(values), wanted)


# A client says the same with every request.
@lru_cache(maxsize=32)
def _accepts(values: tuple[str, ...], wanted: str) -> bool:
    # Of the ranges that hold it the narrowest counts, and of equal ones the kindest.
    widths = {wanted: 3, f"{wanted.partition('/')[0]}/*": 2, "*/*": 1}
    narrowest, accepted = 0, False
    for value in values:
        for media_range, is_wanted in _ranges(value):
            if media_range in widths and widths[media_range] >= narrowest:
                accepted = is_wanted or (accepted and widths[media_range] == narrowest)
                narrowest = widths[media_range]
    return accepted


def _ranges(value: str) -> Iterator[tuple[str, bool]]:
    for item in _ITEM.findall(value):
        found = _MEDIA_TYPE.fullmatch(item.strip(" \t"))
        if found is None:
            continue
        weights = [weight for name, weight in _parameters(found[2]) if name.lower() == "q"]
        if all(_WEIGHT.fullmatch(weight) is not None for weight in weights):
            yield found[1].lower(), all(weight.strip("0.") for weight in weights)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for name, plain, quoted in _PARAMETER.findall(text):
        yield name, plain or _ESCAPED.sub(r"\1", quoted[1:-1])
