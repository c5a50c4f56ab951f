"""Notes beside types, our own and those of others."""

from typing import Annotated

import annotated_types
import pydantic
import pytest
from typing_extensions import Doc

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import (
    Description,
    Ge,
    Gt,
    Le,
    Lt,
    MaxLength,
    MinLength,
    MultipleOf,
    Pattern,
)
from sansmcp.schema.inference.json_schemas import schema_of
from sansmcp.schema.inference.notes import notes_of
from sansmcp.schema.inference.shapes import shape_of


@pytest.mark.parametrize(
    ("note", "description", "constraints"),
    [
        (Description("a"), "a", ()),
        ("a", "a", ()),
        (Doc("a"), "a", ()),
        (Ge(1), None, (Ge(1),)),
        (annotated_types.Ge(1), None, (Ge(1),)),
        (annotated_types.Gt(1), None, (Gt(1),)),
        (annotated_types.Le(1), None, (Le(1),)),
        (annotated_types.Lt(1.5), None, (Lt(1.5),)),
        (annotated_types.Interval(ge=1, lt=2), None, (Ge(1), Lt(2))),
        (annotated_types.MinLen(1), None, (MinLength(1),)),
        (annotated_types.MaxLen(1), None, (MaxLength(1),)),
        (annotated_types.Len(0, 2), None, (MaxLength(2),)),
        (annotated_types.MultipleOf(3), None, (MultipleOf(3),)),
        (annotated_types.Timezone("UTC"), None, ()),
        (pydantic.Field(description="a", ge=1, max_length=3), "a", (Ge(1), MaxLength(3))),
        (pydantic.Field(pattern="^a"), None, (Pattern("^a"),)),
        (7, None, ()),
        (object(), None, ()),
    ],
)
def test_a_note_is_understood_or_passed_over(note, description, constraints):
    assert notes_of([note]) == (description, constraints)


def test_the_last_description_counts():
    assert notes_of([Description("first"), "last"]) == ("last", ())


def test_notes_of_others_stand_in_schemas():
    annotation = Annotated[list[int], annotated_types.Len(1, 3), pydantic.Field(description="Some.")]
    assert schema_of(shape_of(annotation)) == {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 1,
        "maxItems": 3,
        "description": "Some.",
    }


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Annotated[str, Ge(1)], r"^Ge\(value=1\) says nothing of a string; expected it beside int or float$"),
        (Annotated[bool, Le(1)], "says nothing of true or false"),
        (
            Annotated[int, Pattern("a")],
            "says nothing of an integer; expected it beside str$",
        ),
        (Annotated[float, annotated_types.MinLen(1)], "says nothing of a number"),
    ],
)
def test_what_says_nothing_of_a_scalar_is_refused(annotation, said):
    with pytest.raises(LocalProtocolError, match=said):
        shape_of(annotation)


def test_what_says_something_of_one_member_may_stand_beside_a_union():
    assert schema_of(shape_of(Annotated[int | str, Ge(1)]))["minimum"] == 1
