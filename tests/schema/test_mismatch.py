"""What an error says about a value that does not fit."""

import datetime as dt

import pytest

from sansmcp.errors import SansmcpError
from sansmcp.schema import SchemaError
from sansmcp.schema.mismatch import show
from sansmcp.values import ABSENT


def test_an_error_says_where_what_was_expected_and_what_was_found():
    error = SchemaError("an integer", "3").under("days").under("arguments")
    assert isinstance(error, SansmcpError)
    assert str(error) == "arguments.days: expected an integer, found '3'"
    assert (error.path, error.expected, error.found) == ("arguments.days", "an integer", "'3'")


def test_an_error_about_the_whole_has_no_path():
    error = SchemaError("an object", [])
    assert str(error) == "expected an object, found an array"
    assert not error.path


def test_indexes_and_odd_names_stand_in_brackets():
    error = SchemaError("a string", None).under("$ref").under("a b").under(0).under("content")
    assert error.path == "content[0]['a b'].$ref"
    assert SchemaError("a string", None).under("").path == "['']"


def test_a_long_name_is_cut():
    assert len(SchemaError("a string", None).under("n" * 1_000_000).path) < 100


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (ABSENT, "nothing"),
        (True, "True"),
        (1.5, "1.5"),
        ("it", "'it'"),
        ({"a": 1}, "an object"),
        ([1], "an array"),
        ((1,), "an array"),
        (2**100, "a very large integer"),
        (dt.timedelta(1), "an instance of timedelta"),
    ],
)
def test_a_value_is_shown_briefly(value, text):
    assert show(value) == text


def test_an_integer_that_python_will_not_print_is_only_named():
    assert show(10**5000) == "a very large integer"


def test_a_long_text_is_cut_at_eighty_characters():
    assert show("x" * 1000) == "'" + "x" * 78 + "…"
    assert len(show("\n" * 79)) == 80
