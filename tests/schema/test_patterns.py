"""Expressions of a peer's: the same verdicts as Python's, in linear time, or none.

Source: 2020-12, Validation, section 6.3.3; ECMA-262, section 22.2.
"""

import random
import re
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.schema.pattern_syntax import program_of
from sansmcp.schema.patterns import linear_matcher


def found(pattern, text):
    matcher = linear_matcher(pattern)
    assert matcher is not None, pattern
    return matcher(text, [].append)


@pytest.mark.parametrize(
    ("pattern", "fitting", "unfit"),
    [
        ("", ["", "x"], []),
        ("abc", ["abc", "xabcx"], ["ab", "acb"]),
        ("^abc$", ["abc"], ["abcd", "xabc", "abc\n"]),
        ("a|b", ["a", "xb"], ["c", ""]),
        ("^(?:a|bc)+$", ["a", "bca"], ["", "b"]),
        ("^(?<name>a)(b)$", ["ab"], ["a"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a{1,3}?$", ["a", "aaa"], ["", "aaaa"]),
        ("^a*?b+?c??$", ["b", "aabbc"], ["a"]),
        ("^(a*)*$", ["", "aaa"], ["b"]),
        ("^[a-c_-]+$", ["a-c_"], ["d"]),
        ("^[^a-c]$", ["d", "\n"], ["a", ""]),
        ("^[]$", [], ["", "a"]),
        (r"^[\d\]\\^.]+$", [r"1]\^."], ["a"]),
        (r"^[\b]$", ["\b"], ["b"]),
        (r"^\d\D\w\W\s\S$", ["1x_- y"], ["1x_-yy", "\u0661x_- y"]),
        (r"^\s$", ["\u00a0", "\u2028", "\ufeff", "\v"], ["\u200b"]),
        (r"^.$", ["\x85", "ä"], ["\n", "\r", "\u2028"]),
        (r"^\x41\u00e4\t\n\r\f\v\0$", ["Aä\t\n\r\f\v\0"], ["A"]),
        (r"^\.\/\-\$$", ["./-$"], ["a/-$"]),
        ("a$|^b", ["xa", "bx"], ["ax", "xb"]),
        ("^$", [""], ["a"]),
        ("^(|a)$", ["", "a"], ["b"]),
        ("^a{0}$", [""], ["a"]),
    ],
)
def test_an_expression_is_found_where_it_is(pattern, fitting, unfit):
    assert [text for text in fitting if not found(pattern, text)] == []
    assert [text for text in unfit if found(pattern, text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "a)",
        "(a",
        "[a",
        "[b-a]",
        r"[\d-z]",
        "*",
        "a{2,1}",
        "{1}",
        "x{",
        "a**",
        "\\",
        r"(a)\1",
        r"\01",
        r"\q",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "a{1001}",
        "(a{100}){100}",
        "(" * 33 + ")" * 33,
        "]",
    ],
)
def test_what_is_not_understood_has_no_program(pattern):
    assert program_of(pattern) is None


PIECES = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "1", "^", "$", "\\."]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=2).map(lambda options: f"({'|'.join(options)})")
        | st.tuples(
            inner.map(lambda piece: f"(?:{piece})"), st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{1,}"])
        ).map("".join)
    ),
    max_leaves=6,
)


@given(pattern=PIECES, text=st.text("ab1.", max_size=8))
def test_verdicts_are_those_of_python_where_the_two_mean_the_same(pattern, text):
    assert found(pattern, text) is (re.search(pattern, text, re.ASCII) is not None)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*b", "(.*)*x", "^(a|aa)+$", "(a*)*(b*)*c", "a?" * 30])
def test_no_expression_costs_more_than_the_text_is_long(pattern):
    spent = []
    matcher = linear_matcher(pattern)
    matcher("a" * 20_000 + "!", spent.append)
    assert sum(spent) < 5000


def test_a_repetition_of_nothing_is_nothing_however_deep():
    assert found("(((){9999}){9999}){9999}a", "a")
    assert not found("(?:(?:){9999}b){3}", "bb")


def test_a_class_of_many_ranges_takes_no_longer_than_a_small_one():
    letters = "".join(chr(0x4E00 + 2 * number) for number in range(10_000))
    matcher = linear_matcher(f"^[{letters}a-cb-e]{{400}}$")
    before = time.process_time()
    assert matcher(letters[-400:], lambda _: None)
    assert matcher("abcde" * 80, lambda _: None)
    assert not matcher(letters[-399:] + chr(0x4E01), lambda _: None)
    # A guard against work without a bound, not a timing.
    assert time.process_time() - before < 10


def test_an_expression_of_many_states_forgets_them_and_goes_on():
    matcher = linear_matcher("(a|b)*a(a|b){12}$")
    spent = []
    text = "".join(random.Random(7).choices("ab", k=20_000))
    assert matcher(f"{text}a{'b' * 12}", spent.append)
    assert not matcher(f"{text}b{'b' * 12}", spent.append)
    assert len(spent) > 10_000


def test_without_google_re2_a_word_boundary_is_not_checked(monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    linear_matcher.cache_clear()
    assert linear_matcher(r"\bword\b") is None


def test_with_google_re2_a_word_boundary_is_checked():
    pytest.importorskip("re2")
    linear_matcher.cache_clear()
    assert found(r"\bword\b", "a word here")
    assert not found(r"\bword\b", "swords")
    assert linear_matcher("(?=a)") is None
