"""What constraints ask of a value: how it is called in an error, and whether a value keeps it."""

import re
from collections.abc import Callable
from typing import assert_never

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Constraint, Ge, Gt, Le, Lt, MaxLength, MinLength, Pattern
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Check(Value):
    """One rule for values that are already of the right type."""

    expected: str
    """What the rule asks for, as it stands after "expected"."""
    holds: Callable[[JSON], bool]
    """Says whether a value keeps it."""


def check_of(constraint: Constraint) -> Check:
    """Return the rule of a constraint.

    Raises:
        LocalProtocolError: a pattern is no regular expression.
    """
    match constraint:
        case Ge(bound):
            return Check(expected=f"a number of at least {bound}", holds=lambda value: value >= bound)
        case Gt(bound):
            return Check(expected=f"a number greater than {bound}", holds=lambda value: value > bound)
        case Le(bound):
            return Check(expected=f"a number of at most {bound}", holds=lambda value: value <= bound)
        case Lt(bound):
            return Check(expected=f"a number less than {bound}", holds=lambda value: value < bound)
        case MinLength(length):
            return Check(expected=f"a length of at least {length}", holds=lambda value: len(value) >= length)
        case MaxLength(length):
            return Check(expected=f"a length of at most {length}", holds=lambda value: len(value) <= length)
        case Pattern(regex):
            return _pattern(regex)
    assert_never(constraint)


def _pattern(regex: str) -> Check:
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise LocalProtocolError(f"Pattern({regex!r:.80}): {error}") from error
    return Check(
        expected=f"a text that matches {regex!r}", holds=lambda value: compiled.search(value) is not None
    )
