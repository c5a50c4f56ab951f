"""The JSON Schema of every type a handler may use."""

from typing import Annotated

import attrs
import pytest
from jsonschema import Draft202012Validator
from tests.schema.inference.table import TABLE, Point, cases

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import MinLength
from sansmcp.schema.inference.json_schemas import object_schema, schema_of
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import shape_of


def field(name, annotation, **options):
    return RecordField(name=name, attribute=name, annotation=annotation, **{"required": True, **options})


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.type))
def test_a_type_has_its_schema(row):
    written = schema_of(shape_of(row.type))
    assert written == row.schema
    Draft202012Validator.check_schema(written)


@pytest.mark.parametrize(("annotation", "document", "value"), cases("pairs"))
def test_the_schema_accepts_what_fits(annotation, document, value):
    del value
    assert [*Draft202012Validator(schema_of(shape_of(annotation))).iter_errors(document)] == []


def test_arguments_are_an_object():
    fields = [field("a", int), field("b", str, required=False, default="x")]
    assert object_schema(fields) == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert object_schema([]) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_a_default_that_json_cannot_say_is_left_out():
    (written,) = object_schema([field("a", int, required=False, default=object())])["properties"].values()
    assert written == {"type": "integer"}


def test_a_type_that_json_cannot_say_is_refused_by_its_name():
    with pytest.raises(LocalProtocolError, match=r"^a: .*complex.* has no place in JSON"):
        object_schema([field("a", complex)])


def test_a_class_that_is_used_twice_is_defined_once():
    written = object_schema([field("a", Point), field("b", list[Point]), field("c", Point | None)])
    reference = {"$ref": "#/$defs/Point"}
    assert written["properties"] == {
        "a": reference,
        "b": {"type": "array", "items": reference},
        "c": {"anyOf": [reference, {"type": "null"}]},
    }
    assert list(written["$defs"]) == ["Point"]


def test_two_classes_of_one_name_have_two_definitions():
    def made(annotation):
        @attrs.frozen
        class Same:
            value: annotation

        return Same

    one, two = made(int), made(str)
    written = object_schema([field("a", tuple[one, two, one, two])])
    assert list(written["$defs"]) == ["Same", "Same2"]


def test_a_docstring_that_describes_what_is_not_there_is_overlooked():
    @attrs.frozen
    class Documented:
        """Say something.

        Attributes:
            there: A value.
            gone: None.
        """

        there: int

    assert schema_of(shape_of(Documented))["properties"] == {
        "there": {"type": "integer", "description": "A value."}
    }


def test_a_length_of_anything_is_the_length_of_a_text():
    assert schema_of(shape_of(Annotated[str | int, MinLength(1)]))["minLength"] == 1
