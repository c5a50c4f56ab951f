"""Which member of a union a value belongs to, found without trying each in full."""

import time
from typing import Annotated, Any, Literal

import attrs
import pytest
from tests.schema.inference.table import Options, Point

from sansmcp.schema import SchemaError
from sansmcp.schema.inference.constraints import Ge
from sansmcp.schema.inference.reading import reader_of
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.unions import chooser_of, expectation


@attrs.frozen
class Left:
    child: "Left | Right | None" = None


@attrs.frozen
class Right:
    child: "Left | Right | None" = None


@attrs.frozen
class Numbers:
    values: list[int]


@attrs.frozen
class Texts:
    values: list[str]


@pytest.mark.parametrize(
    ("union", "value", "index"),
    [
        (int | float, 1, 0),
        (float | int, 1, 1),
        (float | int, 1.5, 0),
        (bool | int, True, 0),
        (int | bool, True, 1),
        (int | str, 1.0, 0),
        (list[int] | list[str], ["a"], 1),
        (list[int] | list[str], [], 0),
        (tuple[int, int] | tuple[int, str], [1, "a"], 1),
        (tuple[int, int] | list[str], ["a"], 1),
        (dict[str, int] | dict[str, str], {"a": "b"}, 1),
        (dict[str, int] | Point, {"x": 1}, 0),
        (Point | dict[str, int], {"x": 1}, 0),
        (Point | dict[str, int], {"z": 1}, 1),
        (Options | Point, {"x": 1}, 1),
        (list[Options] | list[Point], [{"x": 1}], 1),
        (list[Point] | list[Options], [{"verbose": True}], 1),
        (list[Point] | dict[str, int], {}, 1),
        (Options | dict[str, int], {"depth": 1}, 1),
        (Options | Point, {"verbose": True}, 0),
        (Numbers | Texts, {"values": ["a"]}, 1),
        (str | Any, 1, 1),
        (Annotated[int, Ge(5)] | str, 1, 0),
        (list[int | str] | list[None], [None], 1),
        (list[int | str] | list[None], [1, "a"], 0),
        (list[dict[str, list[int]]] | list[dict[str, list[str]]], [{"a": ["b"]}], 0),
        (list[tuple[int]] | list[tuple[int, int]], [[1, 2]], 1),
    ],
)
def test_the_first_member_that_looks_right_is_taken(union, value, index):
    assert chooser_of(shape_of(union))(value) == index


def test_a_value_that_looks_like_none_is_refused_by_what_was_expected():
    with pytest.raises(SchemaError, match="expected an array, found an array"):
        chooser_of(shape_of(list[dict[str, int]] | list[Point]))([{"x": "a"}])
    with pytest.raises(SchemaError, match="expected an integer or an array, found 'a'"):
        chooser_of(shape_of(int | list[int]))("a")


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Any, "a JSON value"),
        (bytes, "bytes in base64"),
        (Literal["a", 1], "one of 'a', 1"),
        (tuple[int], "an array"),
        (dict, "an object"),
        (Annotated[int | None, Ge(1)], "an integer or null"),
    ],
)
def test_a_shape_is_called_by_what_it_asks_for(annotation, expected):
    assert expectation(shape_of(annotation)) == expected


def test_a_recursive_union_costs_no_more_than_the_value_is_long():
    value = {"child": 1}
    for _ in range(60):
        value = {"child": value}
    read = reader_of(shape_of(Left | Right))
    before = time.process_time()
    with pytest.raises(SchemaError, match="child: expected"):
        read(value, None)
    # Trying both members at each level would take 2 ** 60 steps.
    assert time.process_time() - before < 5
