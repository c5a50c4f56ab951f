"""From JSON to Python, as strictly as the schema says."""

import datetime as dt
import decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.schema.inference.table import TABLE, Picky, cases

from sansmcp.schema import SchemaError
from sansmcp.schema.inference.reading import ObjectReader, reader_of
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.writing import writer_of


def read(annotation, document):
    return reader_of(shape_of(annotation))(document, None)


@pytest.mark.parametrize(("annotation", "document", "value"), cases("pairs"))
def test_what_fits_is_read(annotation, document, value):
    found = read(annotation, document)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("annotation", "document", "said"), cases("refused"))
def test_what_does_not_fit_is_refused_with_place_and_reason(annotation, document, said):
    with pytest.raises(SchemaError) as caught:
        read(annotation, document)
    assert said in str(caught.value)


def test_a_number_without_fraction_is_an_integer_and_an_integer_is_a_number():
    assert read(int, 7.0) == 7
    assert type(read(int, 7.0)) is int
    assert type(read(float, 7)) is float


def test_a_time_may_end_in_a_small_z():
    assert read(dt.datetime, "2026-07-28t12:00:00z").hour == 12


def test_arguments_are_read_by_name():
    reader = ObjectReader(
        [
            RecordField(name="a", attribute="a", annotation=int, required=True),
            RecordField(name="b", attribute="b", annotation=float, required=False, default=1.0),
        ]
    )
    assert reader.read({"a": 1, "b": 2}) == {"a": 1, "b": 2.0}
    assert reader.read({"a": 1}) == {"a": 1}
    with pytest.raises(SchemaError, match=r"^c: expected one of the names a, b, found 'c'$"):
        reader.read({"a": 1, "c": 2})
    with pytest.raises(SchemaError, match=r"^a: expected a value, found nothing$"):
        reader.read({"b": 1})


def test_an_object_without_members_takes_no_names():
    with pytest.raises(SchemaError, match=r"^self: expected one of the names \(none\), found 'self'$"):
        ObjectReader([]).read({"self": 1})


def test_a_choice_of_numbers_knows_no_fractions():
    assert read(Literal[1, 2], 1.0) == 1
    assert type(read(Literal[1, 2], 1.0)) is int
    assert read(Literal[1, "a"] | list[int], 1.0) == 1


# Formats are announced and are not part of what a schema accepts; nor is what a class of the user's own
# says, or that a set of Python's holds no lists.
APART = (bytes, Picky, frozenset[Any])
AGREEING = [row for row in TABLE if "format" not in str(row.schema) and row.type not in APART]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from([0.5, 1.0, 2.0, -0.0])
    | st.sampled_from(["", "a", "b", "abc", "cat", "dog", "red", "1"])
)
NAMES = st.sampled_from(
    ["a", "x", "y", "kind", "lives", "tricks", "start", "end", "value", "children", "verbose"]
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("row", AGREEING, ids=lambda row: str(row.type))
@given(document=DOCUMENTS)
def test_the_schema_accepts_what_is_read_and_nothing_else(row, document):
    try:
        read(row.type, document)
    except SchemaError:
        fits = False
    else:
        fits = True
    assert Draft202012Validator(row.schema).is_valid(document) is fits


@pytest.mark.parametrize("row", AGREEING, ids=lambda row: str(row.type))
@given(document=DOCUMENTS)
def test_what_is_read_can_be_written_and_fits_again(row, document):
    try:
        value = read(row.type, document)
    except SchemaError:
        return
    written = writer_of(shape_of(row.type))(value)
    assert Draft202012Validator(row.schema).is_valid(written)
    assert read(row.type, written) == value


def test_names_that_are_written_in_two_ways_are_refused():
    assert read(dict[decimal.Decimal, int], {"1.0": 1}) == {decimal.Decimal(1): 1}
    with pytest.raises(SchemaError, match="expected names that differ, found an object"):
        read(dict[decimal.Decimal, int], {"1.0": 1, "1": 2})
