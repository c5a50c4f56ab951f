"""What annotations mean as JSON, and which have no meaning there."""

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, List, Literal, NewType, Optional, Union  # noqa: UP035

import pytest
from typing_extensions import TypeAliasType

from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.constraints import Description, Ge
from sansmcp.schema.inference.shapes import (
    AnyShape,
    ArrayShape,
    ChoiceShape,
    MappingShape,
    NotedShape,
    RecordShape,
    ScalarShape,
    TupleShape,
    UnionShape,
    field_shapes,
    shape_of,
)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0


INT, STR, NULL = ScalarShape(cls=int), ScalarShape(cls=str), ScalarShape(cls=NoneType)
UserId = NewType("UserId", int)


@pytest.mark.parametrize(
    ("annotation", "shape"),
    [
        (Any, AnyShape()),
        (object, AnyShape()),
        (None, NULL),
        (int, INT),
        (UserId, INT),
        (TypeAliasType("Alias", int), INT),
        (Literal["a", 1], ChoiceShape(values=("a", 1), members=("a", 1))),
        (Literal[Colour.RED], ChoiceShape(values=("red",), members=(Colour.RED,))),
        (Colour, ChoiceShape(values=("red", "blue"), members=(Colour.RED, Colour.BLUE))),
        (Optional[int], UnionShape(members=(INT, NULL))),  # noqa: UP045
        (Union[str, int], UnionShape(members=(STR, INT))),  # noqa: UP007
        (str | int, UnionShape(members=(STR, INT))),
        (int | str, UnionShape(members=(INT, STR))),
        (list, ArrayShape(item=AnyShape(), container=list)),
        (List, ArrayShape(item=AnyShape(), container=list)),  # noqa: UP006
        (list[int], ArrayShape(item=INT, container=list)),
        (Sequence[int], ArrayShape(item=INT, container=list)),
        (tuple[int, ...], ArrayShape(item=INT, container=tuple)),
        (tuple[int, str], TupleShape(items=(INT, STR))),
        (frozenset[int], ArrayShape(item=INT, container=frozenset)),
        (dict, MappingShape(value=AnyShape())),
        (dict[str, int], MappingShape(value=INT)),
        (Mapping[str, int], MappingShape(value=INT)),
        (Point, RecordShape(cls=Point)),
        (Annotated[int, 7], INT),
        (Annotated[int, "How many."], NotedShape(inner=INT, description="How many.", constraints=())),
        (Annotated[int, Ge(1)], NotedShape(inner=INT, description=None, constraints=(Ge(1),))),
        (
            Annotated[int, Description("first"), Ge(1), Description("last")],
            NotedShape(inner=INT, description="last", constraints=(Ge(1),)),
        ),
        (Annotated[int, [1], Description("x")], NotedShape(inner=INT, description="x", constraints=())),
    ],
)
def test_an_annotation_has_a_shape(annotation, shape):
    assert shape_of(annotation) == shape


def test_the_shapes_of_fields_are_known_by_name():
    assert field_shapes(RecordShape(cls=Point)) == {"x": INT, "y": INT}


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (complex, "has no place in JSON"),
        (type, "has no place in JSON"),
        (type[int], "has no place in JSON"),
        ([int], "has no place in JSON"),
        ("int", "has no place in JSON"),
        (list[complex], "has no place in JSON"),
        (dict[tuple[str], str], "is no name in JSON"),
        (dict[int, str], "is no name in JSON; expected str, or what is written as a text"),
        (Literal[b"x"], "cannot be said in JSON"),
        (enum.Enum("Shapes", {"ROUND": (1, 2)}), "cannot be said in JSON"),
    ],
)
def test_what_json_has_nothing_for_is_refused(annotation, said):
    with pytest.raises(LocalProtocolError, match=re.escape(said)):
        shape_of(annotation)


def test_an_alias_that_holds_itself_is_refused():
    class TypeAliasType:
        @property
        def __value__(self):
            return list[self]

    with pytest.raises(LocalProtocolError, match="an alias that holds itself"):
        shape_of(TypeAliasType())
