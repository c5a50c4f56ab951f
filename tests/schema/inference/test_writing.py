"""From Python to JSON, checked against what was promised."""

import datetime as dt
import decimal
import json
import uuid

import attrs
import pytest
from tests.schema.inference.table import Colour, Kind, Level, Point, cases

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import SchemaError
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.writing import plain, writer_of


def write(annotation, value):
    return writer_of(shape_of(annotation))(value)


@pytest.mark.parametrize(("annotation", "document", "value"), cases("pairs"))
def test_what_fits_is_written(annotation, document, value):
    assert write(annotation, value) == document


@pytest.mark.parametrize(("annotation", "value", "said"), cases("unfit"))
def test_what_does_not_fit_is_refused_with_place_and_reason(annotation, value, said):
    with pytest.raises(SchemaError) as caught:
        write(annotation, value)
    assert said in str(caught.value)


def test_an_integer_is_a_number_and_a_text_of_a_kind_is_a_text():
    assert write(float, 7) == 7
    assert type(write(str, Kind.CAT)) is str


def test_a_subclass_is_written_as_what_was_promised():
    @attrs.frozen
    class Higher(Point):
        z: int = 0

    assert write(Point, Higher(1, 2, 3)) == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ((1, [2]), [1, [2]]),
        ({"b", "a"}, ["a", "b"]),
        ({Kind.CAT: 1, Colour.RED: 2}, {"cat": 1, "red": 2}),
        (Level.HIGH, 2),
        (Kind.CAT, "cat"),
        (Colour.RED, "red"),
        (type("Text", (str,), {})("a"), "a"),
        (type("Number", (int,), {})(1), 1),
        (type("Fraction", (float,), {})(0.5), 0.5),
        (dt.date(2026, 7, 28), "2026-07-28"),
        (dt.time(12, 30), "12:30:00"),
        (dt.datetime(2026, 7, 28, tzinfo=dt.UTC), "2026-07-28T00:00:00+00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\0\1\2", "AAEC"),
        ([Point(1, 2)], [{"x": 1, "y": 2}]),
    ],
)
def test_a_value_without_promise_is_said_plainly(value, written):
    found = plain(value)
    assert found == written
    assert type(found) is type(written)
    json.dumps(found)


def test_what_is_said_plainly_shares_nothing():
    inner = {"a": [1]}
    found = plain([inner])
    inner["a"].append(2)
    assert found == [{"a": [1]}]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "nan cannot be said in JSON"),
        (float("-inf"), "cannot be said in JSON"),
        (object, "cannot be said in JSON"),
        (Point, "cannot be said in JSON"),
        ({1: 2}, "1 is no name in a JSON object"),
        ({Level.LOW: 2}, "1 is no name in a JSON object"),
    ],
)
def test_what_json_has_nothing_for_is_refused(value, said):
    with pytest.raises(LocalProtocolError, match=said):
        plain(value)


def test_a_value_that_holds_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(LocalProtocolError, match="deeper than 64 levels, or holds itself"):
        plain(value)


def test_64_levels_are_said_and_65_are_not():
    def nested(levels):
        value = 1
        for _ in range(levels):
            value = [value]
        return value

    assert plain(nested(64)) == nested(64)
    with pytest.raises(LocalProtocolError):
        plain(nested(65))


def test_what_a_text_cannot_say_is_refused():
    with pytest.raises(LocalProtocolError, match="cannot be said in JSON"):
        plain(decimal.Decimal("NaN"))
    assert plain(decimal.Decimal("1.50")) == "1.50"
