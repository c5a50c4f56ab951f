"""Regular expressions of a peer: matched in time that grows with the text alone, or not at all.

What is understood is the part of ECMAScript's syntax that is regular: characters, classes, groups,
alternatives, repetition and the two anchors. It runs as a set of places in the expression that moves
over the text once, so no expression can make it go back. Lookaround, backreferences, word boundaries and
properties of Unicode are not understood; google-re2 takes some of those, where it is installed.

Source: 2020-12, Validation, section 6.3.3; ECMA-262, section 22.2; Thompson, "Regular Expression Search
Algorithm" (1968), for the method.
"""

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from sansmcp.schema.pattern_syntax import AT_END, AT_START, CHARACTER, MATCH, Program, program_of
from sansmcp.values import JSON

Spend: TypeAlias = Callable[[int], None]
"""Takes note of steps of work; it raises when there were too many."""

Matcher: TypeAlias = Callable[[str, Spend], bool]
"""Says whether an expression is found in a text."""

# A step is worth some microseconds.
_CHARACTERS_OF_A_STEP: Final = 16
_PLACES_OF_A_STEP: Final = 2

# RE2 starts anew past its memory for states, and so do we; 1000 states with ten ways out are about 1 MiB.
_MAX_TURNS_KEPT: Final = 10_000


class _State:
    """A set of places in a program, and where each character leads from it."""

    __slots__ = ("matches", "places", "turns")

    def __init__(self, places: frozenset[int], *, matches: bool) -> None:
        self.places = places
        self.matches = matches
        self.turns: dict[str, _State] = {}


class LinearPattern:
    """An expression that is matched without ever going back.

    Args:
        program: the expression, compiled.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._states: dict[frozenset[int], _State] = {}
        self._start = self._state(self._closure({0}, at_start=True, at_end=False))
        self._turns = 0

    def search(self, text: str, spend: Spend) -> bool:
        """Say whether the expression is found anywhere in a text."""
        spend(1 + len(text) // _CHARACTERS_OF_A_STEP)
        state = self._start
        for character in text:
            if state.matches:
                return True
            state = state.turns.get(character) or self._turn(state, character, spend)
        if state.matches:
            return True
        return MATCH in self._kinds(self._closure(state.places, at_start=not text, at_end=True))

    def _turn(self, state: _State, character: str, spend: Spend) -> _State:
        spend(1 + len(state.places) // _PLACES_OF_A_STEP)
        if self._turns >= _MAX_TURNS_KEPT:
            # Another thread may go on with a state that is forgotten; it leads to the same ends.
            self._states = {}
            self._start.turns = {}
            self._turns = 0
        reached = {place + 1 for place in state.places if self._takes(place, character)}
        # A match may begin at every character.
        following = self._state(self._closure({0, *reached}, at_start=False, at_end=False))
        state.turns[character] = following
        self._turns += 1
        return following

    def _takes(self, place: int, character: str) -> bool:
        kind, argument = self._program[place]
        if kind != CHARACTER:
            return False
        negated, lows, highs = argument
        before = bisect_right(lows, character)
        return (before > 0 and character <= highs[before - 1]) is not negated

    def _closure(self, places: set[int] | frozenset[int], *, at_start: bool, at_end: bool) -> frozenset[int]:
        """Return all places that are reached from some without a character."""
        seen: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            kind, argument = self._program[place]
            if kind == AT_START:
                waiting += [place + 1] if at_start else []
            elif kind == AT_END:
                waiting += [place + 1] if at_end else []
            elif kind not in {CHARACTER, MATCH}:
                waiting += argument
        return frozenset(seen)

    def _state(self, places: frozenset[int]) -> _State:
        known = self._states.get(places)
        if known is None:
            known = self._states[places] = _State(places, matches=MATCH in self._kinds(places))
        return known

    def _kinds(self, places: frozenset[int]) -> set[str]:
        return {self._program[place][0] for place in places}


@lru_cache(maxsize=256)
def linear_matcher(pattern: str) -> Matcher | None:
    """Return what looks for an expression of a peer's, or None where nothing can do so in linear time."""
    program = program_of(pattern)
    return _re2_matcher(pattern) if program is None else LinearPattern(program).search


def _re2_matcher(pattern: str) -> Matcher | None:
    # It is optional, and few expressions need it.
    try:
        import re2  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415
    except ImportError:
        return None
    engine: JSON = re2
    options = engine.Options()
    options.log_errors = False
    try:
        compiled = engine.compile(pattern, options=options)
    except engine.error:
        return None

    def search(text: str, spend: Spend) -> bool:
        spend(1 + len(text) // _CHARACTERS_OF_A_STEP)
        return compiled.search(text) is not None

    return search
