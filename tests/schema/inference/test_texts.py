"""Values that are written as text: there and back."""

import datetime as dt
import decimal
import pathlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.schema.inference.texts import text_format

VALUES = {
    dt.datetime: st.datetimes(timezones=st.just(dt.UTC)),
    dt.date: st.dates(),
    dt.time: st.times(),
    dt.timedelta: st.timedeltas(),
    uuid.UUID: st.uuids(),
    bytes: st.binary(),
    decimal.Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    pathlib.PurePosixPath: st.text("abc/.").map(pathlib.PurePosixPath),
}


@pytest.mark.parametrize("cls", VALUES)
@given(data=st.data())
def test_what_is_written_is_read_again(cls, data):
    value = data.draw(VALUES[cls])
    form = text_format(cls)
    assert form.has(cls, value)
    assert form.parse(form.write(value)) == value


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT0S", dt.timedelta()),
        ("P1DT2H30M", dt.timedelta(days=1, hours=2, minutes=30)),
        ("P2W", dt.timedelta(weeks=2)),
        ("PT1.5S", dt.timedelta(seconds=1.5)),
        ("-PT1M", dt.timedelta(minutes=-1)),
        ("+P1D", dt.timedelta(days=1)),
    ],
)
def test_a_duration_is_read(text, length):
    assert text_format(dt.timedelta).parse(text) == length


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1Y", "P1M", "1D", "PT1.S", "P1.5D", "P999999999W", "PT1S\n", "P\u0661D"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError):
        text_format(dt.timedelta).parse(text)


@pytest.mark.parametrize(
    "text", ["", "x", "1e5", "NaN", "Infinity", ".5", "1.", "+1", "1\n", "\u0661", "1" * 1001]
)
def test_what_is_no_decimal_number_is_refused(text):
    with pytest.raises(ValueError):
        text_format(decimal.Decimal).parse(text)


def test_a_decimal_number_that_is_none_is_not_written():
    with pytest.raises(ValueError):
        text_format(decimal.Decimal).write(decimal.Decimal("NaN"))


def test_other_types_are_not_written_as_text():
    assert text_format(int) is None
    assert text_format(complex) is None
