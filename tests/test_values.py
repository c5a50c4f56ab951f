"""The plain values of every floor."""

import attrs

from sansmcp.session import Phase
from sansmcp.values import ABSENT, Value


def test_what_is_absent_is_false_and_is_not_null() -> None:
    assert not ABSENT
    assert ABSENT is not None
    assert repr(ABSENT) == "ABSENT"


def test_words_are_found_by_identity_and_by_value() -> None:
    assert {Phase.NEW: 1}[Phase("new")] == 1


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Point(Value):
    x: int
    note: str = attrs.field(default="", eq=False, repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Place(Value):
    x: int


def test_values_are_equal_when_they_are_of_one_class_and_hold_the_same() -> None:
    assert Point(x=1) == Point(x=1, note="not compared")
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Place(x=1)
    assert Point(x=1) != 1


def test_equal_values_are_one_key() -> None:
    assert {Point(x=1): "one"}[Point(x=1, note="not compared")] == "one"
    assert len({Point(x=1), Point(x=2), Place(x=1)}) == 3


def test_a_value_shows_what_it_holds() -> None:
    assert repr(Point(x=1, note="not shown")) == "Point(x=1)"
