"""What constraints ask of a value."""

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.checks import check_of
from sansmcp.schema.inference.constraints import Ge, Gt, Le, Lt, MaxLength, MinLength, MultipleOf, Pattern


@pytest.mark.parametrize(
    ("constraint", "keeps", "breaks", "expected"),
    [
        (Ge(1), 1, 0, "a number of at least 1"),
        (Gt(1), 2, 1, "a number greater than 1"),
        (Le(1), 1, 2, "a number of at most 1"),
        (Lt(1), 0, 1, "a number less than 1"),
        (MinLength(1), "a", "", "a length of at least 1"),
        (MaxLength(1), [1], [1, 2], "a length of at most 1"),
        (MultipleOf(0.1), 0.3, 0.25, "a multiple of 0.1"),
        (MultipleOf(3), 9.0, 10, "a multiple of 3"),
        (Pattern("b"), "abc", "ac", "a text that matches 'b'"),
    ],
)
def test_a_constraint_is_a_rule_with_a_name(constraint, keeps, breaks, expected):
    check = check_of(constraint)
    assert check.expected == expected
    assert check.holds(keeps)
    assert not check.holds(breaks)


def test_what_is_no_regular_expression_is_refused():
    with pytest.raises(LocalProtocolError, match=r"Pattern\('\('\): "):
        check_of(Pattern("("))


@pytest.mark.parametrize("constraint", [Ge(1), MinLength(1), MultipleOf(2), Pattern("b")])
def test_a_constraint_says_nothing_of_values_of_other_types(constraint):
    assert check_of(constraint).holds(None)
    assert check_of(constraint).holds(True)


def test_a_divisor_is_greater_than_nothing():
    with pytest.raises(LocalProtocolError, match="expected a number greater than 0"):
        check_of(MultipleOf(0))
