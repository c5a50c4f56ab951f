"""The plain values of every floor."""

from sansmcp.session import Phase
from sansmcp.values import ABSENT


def test_what_is_absent_is_false_and_is_not_null() -> None:
    assert not ABSENT
    assert ABSENT is not None
    assert repr(ABSENT) == "ABSENT"


def test_words_are_found_by_identity_and_by_value() -> None:
    assert {Phase.NEW: 1}[Phase("new")] == 1
