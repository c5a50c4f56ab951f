"""From JSON to Python, as strictly as the schema says."""

import datetime as dt

import pytest
from tests.server.table import cases

from sansmcp.schema import SchemaError
from sansmcp.server.reading import ObjectReader, reader_of
from sansmcp.server.records import RecordField
from sansmcp.server.shapes import shape_of


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
