"""Models of pydantic's, with the schema and the validation that they bring."""

import datetime as dt
import subprocess
import sys
from typing import Annotated, Optional

import attrs
import pydantic
import pytest
from jsonschema import Draft202012Validator

from sansmcp.schema import SchemaError
from sansmcp.schema.inference.json_schemas import schema_of
from sansmcp.schema.inference.reading import reader_of
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.writing import plain, writer_of


class Place(pydantic.BaseModel):
    """Where it is."""

    name: str = pydantic.Field(min_length=1, description="What people call it.")
    seen: dt.date | None = None


class Tree(pydantic.BaseModel):
    value: int
    left: Optional["Tree"] = None


class Journey(pydantic.BaseModel):
    start: Place
    end: Place

    @pydantic.model_validator(mode="after")
    def _differ(self):
        if self.start == self.end:
            raise ValueError("start and end are one place")
        return self


class Aliased(pydantic.BaseModel):
    size: Annotated[int, pydantic.Field(alias="theSize", ge=1)]


@attrs.frozen
class Trip:
    journey: Journey
    tree: Tree
    places: list[Place]


def read(annotation, document):
    return reader_of(shape_of(annotation))(document, None)


@pytest.mark.parametrize(
    "annotation", [Place, Tree, Journey, Aliased, Trip, list[Place], Tree | None, dict[str, Journey]]
)
def test_a_model_has_a_valid_schema_whose_references_lead_somewhere(annotation):
    for mode in ("validation", "serialization"):
        written = schema_of(shape_of(annotation), mode)
        Draft202012Validator.check_schema(written)
        Draft202012Validator(written).is_valid({"start": {}, "value": 1, "left": {"value": 1}})
        assert "$ref" not in written


def test_definitions_of_several_models_stand_side_by_side():
    written = schema_of(shape_of(Trip))
    assert sorted(written["$defs"]) == ["Place", "Tree"]
    document = {
        "journey": {"start": {"name": "a", "seen": None}, "end": {"name": "b", "seen": "2026-07-28"}},
        "tree": {"value": 1, "left": {"value": 2, "left": None}},
        "places": [{"name": "c", "seen": None}],
    }
    trip = read(Trip, document)
    assert trip.journey.end.seen == dt.date(2026, 7, 28)
    assert trip.tree.left.value == 2
    assert writer_of(shape_of(Trip))(trip) == document
    assert plain(trip) == document


def test_the_schema_and_the_validators_of_a_model_hold_both():
    with pytest.raises(SchemaError, match=r"^tree\.value: expected the type 'integer', found '7'$"):
        read(
            Trip,
            {"journey": {"start": {"name": "a"}, "end": {"name": "b"}}, "tree": {"value": "7"}, "places": []},
        )
    with pytest.raises(SchemaError, match="start and end are one place"):
        read(Journey, {"start": {"name": "a"}, "end": {"name": "a"}})
    with pytest.raises(SchemaError, match=r"^seen: expected what Place takes"):
        read(Place, {"name": "a", "seen": "yesterday"})
    assert read(Aliased, {"theSize": 2}).size == 2
    assert writer_of(shape_of(Aliased))(Aliased(theSize=2)) == {"theSize": 2}


def test_a_member_of_a_union_may_be_a_model():
    assert read(Place | int, {"name": "a"}) == Place(name="a")
    assert read(Place | Tree, {"value": 1}) == Tree(value=1)
    assert read(Place | int, 1) == 1
    with pytest.raises(SchemaError, match="expected the type 'object', found 7"):
        read(Annotated[Place, "A place."], 7)


def test_what_is_no_instance_is_not_written():
    with pytest.raises(SchemaError, match="expected Place, found an object"):
        writer_of(shape_of(Place))({"name": "a"})

    class Odd(pydantic.BaseModel, arbitrary_types_allowed=True):
        thing: object = None

    with pytest.raises(SchemaError, match="a Odd that JSON can say"):
        writer_of(shape_of(Odd))(Odd(thing=object()))


def test_pydantic_is_not_imported_for_others():
    code = "import sansmcp, sys; sys.exit('pydantic' in sys.modules or 'jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
