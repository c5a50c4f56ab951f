"""The regular part of ECMAScript's expressions, as programs of a machine that never goes back.

A program is a list of places. A place takes one character and leads to the next one, or leads on without
a character, or says that all is found.

Source: ECMA-262, section 22.2.1.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from sansmcp.values import JSON

Program: TypeAlias = list[tuple[str, JSON]]
"""Places by number: what each is, and what it needs."""

Ranges: TypeAlias = tuple[tuple[str, str], ...]
"""Characters, from and to."""

CHARACTER: Final = "character"
"""Takes one: whether all but these, and where ranges begin and end, in order and apart."""
JUMP: Final = "jump"
"""Leads on to other places."""
AT_START: Final = "at start"
"""Leads on before the first character."""
AT_END: Final = "at end"
"""Leads on after the last character."""
MATCH: Final = "match"
"""All is found."""

# RE2 allows a repetition of 1000 and nested groups to 1000; a place is some 100 bytes here.
_MAX_PLACES: Final = 1000
_MAX_GROUPS: Final = 32

_DIGIT: Final[Ranges] = (("0", "9"),)
_WORD: Final[Ranges] = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
# ECMA-262, sections 12.2 and 12.3: white space and line terminators.
_SPACE: Final[Ranges] = (
    ("\t", "\r"),
    (" ", " "),
    ("\u00a0", "\u00a0"),
    ("\u1680", "\u1680"),
    ("\u2000", "\u200a"),
    ("\u2028", "\u2029"),
    ("\u202f", "\u202f"),
    ("\u205f", "\u205f"),
    ("\u3000", "\u3000"),
    ("\ufeff", "\ufeff"),
)
_LINE_ENDS: Final[Ranges] = (("\n", "\n"), ("\r", "\r"), ("\u2028", "\u2029"))
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_LAST: Final = chr(0x10FFFF)

_COUNT: Final = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}", re.ASCII)
_HEX: Final = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")
_GROUP: Final = re.compile(r"\((?:\?:|\?<[A-Za-z_]\w*>)?(?!\?)", re.ASCII)

_Node: TypeAlias = Callable[["_Writer"], None]


class NotRegularError(Exception):
    """The expression is not understood here; it may be a good one."""


def program_of(pattern: str) -> Program | None:
    """Return the program of an expression, or None if it is not understood here."""
    try:
        node = _Parser(pattern).whole()
        writer = _Writer()
        node(writer)
        writer.add(MATCH, None)
    except NotRegularError:
        return None
    return writer.program


class _Writer:
    def __init__(self) -> None:
        self.program: Program = []

    def add(self, kind: str, argument: JSON) -> int:
        if len(self.program) >= _MAX_PLACES:
            raise NotRegularError
        self.program.append((kind, argument))
        return len(self.program) - 1

    def next(self) -> int:
        return len(self.program)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._groups = 0

    def whole(self) -> _Node:
        node = self._alternatives()
        if self._at < len(self._pattern):
            raise NotRegularError
        return node

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise NotRegularError
        self._at += 1
        return character

    def _alternatives(self) -> _Node:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _either(options)

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._peek() not in {"", "|", ")"}:
            nodes.append(self._quantified())
        return _all_of(nodes)

    def _quantified(self) -> _Node:
        anchor = {"^": AT_START, "$": AT_END}.get(self._peek())
        if anchor is not None:
            self._at += 1
            return lambda writer: _void(writer.add(anchor, None))
        node = self._atom()
        least, most = self._quantifier()
        # How greedy it is changes where a match ends, not whether there is one.
        if (least, most) != (1, 1) and self._peek() == "?":
            self._at += 1
        return _repeated(node, least, most)

    def _quantifier(self) -> tuple[int, int | None]:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        found = simple.get(self._peek())
        if found is not None:
            self._at += 1
            return found
        count = _COUNT.match(self._pattern, self._at)
        if count is None:
            return 1, 1
        self._at = count.end()
        least = int(count[1])
        most = least if count[2] is None else int(count[3]) if count[3] else None
        if most is not None and most < least:
            raise NotRegularError
        return least, most

    def _atom(self) -> _Node:
        group = _GROUP.match(self._pattern, self._at)
        if group is not None:
            return self._group(group.end())
        character = self._take()
        if character == "[":
            return self._bracket()
        if character == ".":
            return _character(_LINE_ENDS, negated=True)
        if character == "\\":
            return _character(self._escape())
        if character in "(){}*+?]":
            raise NotRegularError
        return _character(((character, character),))

    def _group(self, start: int) -> _Node:
        self._groups += 1
        if self._groups > _MAX_GROUPS:
            raise NotRegularError
        self._at = start
        node = self._alternatives()
        # Only the end of the group ends them, or that of the expression, where nothing can be taken.
        self._take()
        return node

    def _escape(self) -> Ranges:
        number = _HEX.match(self._pattern, self._at)
        if number is not None:
            self._at = number.end()
            character = chr(int(number[1] or number[2], 16))
            return ((character, character),)
        character = self._take()
        known = _CLASSES.get(character.lower())
        if known is not None:
            return known if character.islower() else _others(known)
        if character.isalnum() and character not in _CONTROLS:
            raise NotRegularError
        if character == "0" and self._peek().isdigit():
            raise NotRegularError
        character = _CONTROLS.get(character, character)
        return ((character, character),)

    def _bracket(self) -> _Node:
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[tuple[str, str]] = []
        while self._peek() != "]":
            first = self._member()
            if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in {"]", ""}:
                ranges += first
                continue
            self._at += 1
            ranges.append(_span(first, self._member()))
        self._at += 1
        return _character(tuple(ranges), negated=negated)

    def _member(self) -> Ranges:
        character = self._take()
        if character != "\\":
            return ((character, character),)
        if self._peek() == "b":
            self._at += 1
            return (("\b", "\b"),)
        return self._escape()


def _void(_value: JSON) -> None:
    """Return nothing."""


def _span(first: Ranges, last: Ranges) -> tuple[str, str]:
    (low, end), (start, high) = first[0], last[0]
    if len(first) != 1 or len(last) != 1 or low != end or start != high or low > high:
        raise NotRegularError
    return low, high


def _others(ranges: Ranges) -> Ranges:
    """Return the characters that are in none of some ranges, which come in order and apart."""
    found: list[tuple[str, str]] = []
    low = "\0"
    for first, last in ranges:
        found.append((low, chr(ord(first) - 1)))
        low = chr(ord(last) + 1)
    return (*found, (low, _LAST))


def _character(ranges: Ranges, *, negated: bool = False) -> _Node:
    # In order, so that a class of a thousand ranges takes no longer than one of ten.
    lows: list[str] = []
    highs: list[str] = []
    for low, high in sorted(ranges):
        if highs and low <= highs[-1]:
            highs[-1] = max(highs[-1], high)
        else:
            lows.append(low)
            highs.append(high)
    return lambda writer: _void(writer.add(CHARACTER, (negated, lows, highs)))


def _all_of(nodes: Iterable[_Node]) -> _Node:
    def write(writer: _Writer) -> None:
        for node in nodes:
            node(writer)

    return write


def _either(options: list[_Node]) -> _Node:
    def write(writer: _Writer) -> None:
        ways: list[int] = []
        ends: list[list[int]] = []
        writer.add(JUMP, ways)
        for option in options:
            ways.append(writer.next())
            option(writer)
            end: list[int] = []
            writer.add(JUMP, end)
            ends.append(end)
        for end in ends:
            end.append(writer.next())

    return write


def _repeated(node: _Node, least: int, most: int | None) -> _Node:
    def write(writer: _Writer) -> None:
        before = writer.next()
        for _ in range(least):
            node(writer)
            if writer.next() == before:
                # It is empty, and so it is however often; repeated within itself that would never end.
                return
        if most is None:
            ways: list[int] = []
            start = writer.add(JUMP, ways)
            ways.append(writer.next())
            node(writer)
            writer.add(JUMP, [start])
            ways.append(writer.next())
            return
        skips: list[list[int]] = []
        for _ in range(most - least):
            skip = [writer.next() + 1]
            writer.add(JUMP, skip)
            skips.append(skip)
            node(writer)
        for skip in skips:
            skip.append(writer.next())

    return write
