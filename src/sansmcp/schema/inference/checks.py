"""What constraints ask of a JSON value: how it is called in an error, and whether a value keeps it.

As in JSON Schema a constraint says nothing of values of other types.
"""

import re
from collections.abc import Callable
from typing import assert_never

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import (
    Constraint,
    Ge,
    Gt,
    Le,
    Lt,
    MaxLength,
    MinLength,
    MultipleOf,
    Pattern,
)
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Check(Value):
    """One rule for JSON values."""

    expected: str
    """What the rule asks for, as it stands after "expected"."""
    holds: Callable[[JSON], bool]
    """Says whether a value keeps it."""


def check_of(constraint: Constraint) -> Check:
    """Return the rule of a constraint.

    Raises:
        LocalProtocolError: a pattern is no regular expression, or a divisor is not greater than 0.
    """
    match constraint:
        case Ge(bound):
            return _of_numbers(f"a number of at least {bound}", lambda value: value >= bound)
        case Gt(bound):
            return _of_numbers(f"a number greater than {bound}", lambda value: value > bound)
        case Le(bound):
            return _of_numbers(f"a number of at most {bound}", lambda value: value <= bound)
        case Lt(bound):
            return _of_numbers(f"a number less than {bound}", lambda value: value < bound)
        case MinLength(length):
            return _of_lengths(f"a length of at least {length}", lambda value: len(value) >= length)
        case MaxLength(length):
            return _of_lengths(f"a length of at most {length}", lambda value: len(value) <= length)
        case MultipleOf(divisor):
            return _multiple_of(divisor)
        case Pattern(regex):
            return _pattern(regex)
    assert_never(constraint)


def _of_numbers(expected: str, holds: Callable[[JSON], bool]) -> Check:
    return Check(expected=expected, holds=lambda value: type(value) not in {int, float} or holds(value))


def _of_lengths(expected: str, holds: Callable[[JSON], bool]) -> Check:
    return Check(expected=expected, holds=lambda value: type(value) not in {str, list, dict} or holds(value))


def _multiple_of(divisor: float) -> Check:
    if divisor <= 0:
        raise LocalProtocolError(f"MultipleOf({divisor!r}): expected a number greater than 0")
    # It takes a while to import, and few ask for multiples.
    from decimal import Decimal  # noqa: PLC0415

    # As it is written: in binary 0.3 is no multiple of 0.1.
    upper, lower = Decimal(repr(divisor)).as_integer_ratio()

    def holds(value: JSON) -> bool:
        numerator, denominator = Decimal(repr(value)).as_integer_ratio()
        return not numerator * lower % (denominator * upper)

    return _of_numbers(f"a multiple of {divisor}", holds)


def _pattern(regex: str) -> Check:
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise LocalProtocolError(f"Pattern({regex!r:.80}): {error}") from error
    return Check(
        expected=f"a text that matches {regex!r}",
        holds=lambda value: type(value) is not str or compiled.search(value) is not None,
    )
