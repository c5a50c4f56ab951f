"""Types with a schema that the user gave."""

import attrs
import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import SchemaError
from sansmcp.schema.inference.json_schemas import schema_of
from sansmcp.schema.inference.reading import reader_of
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.vocabulary import PLAIN, TypeSchema, vocabulary_of
from sansmcp.schema.inference.writing import writer_of


class Money:
    def __init__(self, cents):
        self.cents = cents

    def __eq__(self, other):
        return self.cents == other.cents

    __hash__ = None


@attrs.frozen
class Invoice:
    total: Money
    parts: list[Money]


def read_money(value):
    if value == "0.00":
        raise ValueError("secret")
    return Money(round(float(value) * 100))


def write_money(value):
    return f"{value.cents / 100:.2f}"


MONEY = {"type": "string", "pattern": r"^\d+\.\d\d$"}


def test_a_type_of_the_users_has_the_schema_that_was_given_wherever_it_stands():
    vocabulary = vocabulary_of({Money: TypeSchema(MONEY, read=read_money, write=write_money)})
    shape = shape_of(Invoice, vocabulary)
    written = schema_of(shape)
    assert written["properties"]["total"] == {"$ref": "#/$defs/Money"}
    assert written["$defs"] == {"Money": MONEY}
    document = {"total": "3.50", "parts": ["1.00", "2.50"]}
    invoice = reader_of(shape)(document, None)
    assert invoice == Invoice(Money(350), [Money(100), Money(250)])
    assert writer_of(shape)(invoice) == document
    with pytest.raises(SchemaError, match=r"^parts\[0\]: expected a text that matches"):
        reader_of(shape)({"total": "3.50", "parts": ["1"]}, None)
    with pytest.raises(SchemaError, match=r"^total: expected a valid Money, found '0\.00'$"):
        reader_of(shape)({"total": "0.00", "parts": []}, None)


def test_a_type_that_is_known_anyway_is_read_and_written_as_ever():
    vocabulary = vocabulary_of({int: {"type": "integer", "minimum": 1}})
    shape = shape_of(list[int] | None, vocabulary)
    assert schema_of(shape)["anyOf"][0] == {"type": "array", "items": {"type": "integer", "minimum": 1}}
    assert reader_of(shape)([1, 2], None) == [1, 2]
    assert writer_of(shape)([1, 2]) == [1, 2]
    for use in (lambda: reader_of(shape)([0], None), lambda: writer_of(shape)([0])):
        with pytest.raises(SchemaError, match=r"^\[0\]: expected a number of at least 1, found 0$"):
            use()


def test_a_record_keeps_the_schema_that_was_given_for_it():
    vocabulary = vocabulary_of(
        {Invoice: {"type": "object", "$defs": {"x": {}}, "properties": {"a": {"$ref": "#/$defs/x"}}}}
    )
    with pytest.raises(LocalProtocolError, match="Invoice has a schema, but nothing reads or writes it"):
        shape_of(Invoice, vocabulary_of({Invoice: {"type": "object"}}))
    both = vocabulary_of({Money: TypeSchema(MONEY, read_money), **vocabulary.types})
    assert schema_of(shape_of(Invoice, both)) == {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/x"}},
        "$defs": {"x": {}},
    }


def test_a_direction_that_nothing_was_given_for_is_refused_when_it_is_needed():
    only_read = shape_of(Money, vocabulary_of({Money: TypeSchema(MONEY, read=read_money)}))
    only_write = shape_of(Money, vocabulary_of({Money: TypeSchema(MONEY, write=write_money)}))
    assert reader_of(only_read)("1.00", None) == Money(100)
    assert writer_of(only_write)(Money(100)) == "1.00"
    with pytest.raises(LocalProtocolError, match="nothing writes Money; give TypeSchema"):
        writer_of(only_read)
    with pytest.raises(LocalProtocolError, match="nothing reads Money; give TypeSchema"):
        reader_of(only_write)


def test_what_a_function_of_the_users_makes_is_checked():
    shape = shape_of(Money, vocabulary_of({Money: TypeSchema(MONEY, write=lambda value: value.cents)}))
    with pytest.raises(SchemaError, match="expected the type 'string', found 7"):
        writer_of(shape)(Money(7))
    shape = shape_of(Money, vocabulary_of({Money: TypeSchema(MONEY, write=lambda value: value)}))
    with pytest.raises(SchemaError, match="a Money that JSON can say"):
        writer_of(shape)(Money(7))


def test_equal_schemas_are_one_vocabulary():
    assert vocabulary_of({}) is PLAIN
    one, two = vocabulary_of({int: dict(MONEY)}), vocabulary_of({int: dict(MONEY)})
    assert one is two
    assert vocabulary_of({int: {}}) is not one


def test_what_is_no_type_or_no_schema_is_refused():
    with pytest.raises(LocalProtocolError, match="expected classes, found 'int'"):
        vocabulary_of({"int": {}})
    with pytest.raises(LocalProtocolError, match="schema: "):
        vocabulary_of({int: {"type": "nonsense"}})
