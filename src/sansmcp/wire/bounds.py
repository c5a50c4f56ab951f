"""Whether a JSON text exceeds a bound, found out from its bytes before anything is built from them.

Each function is exact for a text that is JSON, and for one that is not it is exact for the part a
parser reads before it gives up. All are linear, and the steps taken once per byte run in C: each
starts with counts that settle nearly every message, and looks closer only where those do not.
"""

import re
from itertools import accumulate
from typing import Final

_BRACKETS_AND_QUOTES: Final = b'[]{}"'
_OTHER_BYTES: Final = bytes(byte for byte in range(256) if byte not in _BRACKETS_AND_QUOTES)
# Read as signed bytes: 1 for a level more, -1 for a level less.
_LEVELS: Final = bytes(0x01 if byte in b"[{" else 0xFF if byte in b"]}" else 0 for byte in range(256))
_SAMPLES: Final = 64
_CHUNK_BYTES: Final = 64 * 1024
_SHORT: Final = 4096


def is_deeper(raw: bytes, depth: int, nodes: int) -> bool:
    """Say whether more than `depth` arrays and objects are open at once.

    Args:
        raw: a JSON text in UTF-8.
        depth: the most that may be open.
        nodes: a text with more values than this is refused anyway, so it is not read on for its depth.
    """
    if not _has_more(raw, b"[", b"{", depth):
        return False
    marks = _without_escapes(raw).translate(None, _OTHER_BYTES)
    # Two quotes side by side are a string that closes and the next that opens, or one that holds no
    # bracket: without them the rest stays inside or outside of strings as it was.
    outside = _outside_strings(marks.replace(b'""', b""))
    levels = outside.translate(_LEVELS, b"_")[: 2 * nodes]
    return max(accumulate(memoryview(levels).cast("b")), default=0) > depth


def has_more_nodes(raw: bytes, nodes: int) -> bool:
    """Say whether there are more than `nodes` values, containers included and member names not."""
    if len(raw) <= nodes or 1 + raw.count(b"[") + raw.count(b"{") + raw.count(b",") <= nodes:
        return False
    outside = _outside_strings(_without_escapes(raw)).translate(None, b" \t\r\n")
    openers = outside.count(b"[") + outside.count(b"{")
    empty = outside.count(b"[]") + outside.count(b"{}")
    # A container holds one value more than it has commas, unless it is empty; the root is held by none.
    return 1 + outside.count(b",") + openers - empty > nodes


def has_longer_number(raw: bytes, digits: int) -> bool:
    """Say whether a number has more than `digits` digits in a row, which int() needs squared time for."""
    if len(raw) <= digits:
        return False
    # A run this long is met by as many samples in a row; only a text that may have one is searched.
    stride = max(1, (digits + 1) // _SAMPLES)
    if re.search(rb"[0-9]{%d}" % min(_SAMPLES, digits + 1), raw[::stride]) is None:
        return False
    outside = _outside_strings(_without_escapes(raw))
    return re.search(rb"(?<![0-9])[0-9]{%d}" % (digits + 1), outside) is not None


def _has_more(raw: bytes, one: bytes, other: bytes, most: int) -> bool:
    """Say whether two bytes occur more than `most` times."""
    if len(raw) < _SHORT:
        return raw.count(one) + raw.count(other) > most
    # Counting reads all of a long text at a tenth of the speed of a search, which may stop early.
    for byte in (one, other):
        at = raw.find(byte)
        while at >= 0:
            most -= 1
            if most < 0:
                return True
            at = raw.find(byte, at + 1)
    return False


def _without_escapes(raw: bytes) -> bytes:
    # From left to right, so that of a run of backslashes the pairs go first: what is left of it
    # escapes the byte that follows.
    if b"\\" not in raw:
        return raw
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"")


def _outside_strings(text: bytes) -> bytes:
    # What is not in strings, with a mark in the place of each. In chunks, since a list of all pieces
    # may take twenty times the memory of the text.
    kept: list[bytes] = []
    is_inside = 0
    for start in range(0, len(text), _CHUNK_BYTES):
        pieces = text[start : start + _CHUNK_BYTES].split(b'"')
        kept.append(b"_".join(pieces[is_inside::2]))
        is_inside = (is_inside + len(pieces) - 1) % 2
        if is_inside:
            kept.append(b"_")
    return b"".join(kept)
