"""Which members of a union a value may belong to, and which one it is read as."""

import datetime as dt
import time
from typing import Annotated, Any, Literal

import attrs
import pytest
from tests.schema.inference.table import Options, Point

from sansmcp.schema import SchemaError
from sansmcp.schema.inference.constraints import Ge, Le
from sansmcp.schema.inference.reading import reader_of
from sansmcp.schema.inference.shapes import shape_of
from sansmcp.schema.inference.unions import candidates_of, expectation


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
    ("union", "value", "indices"),
    [
        (int | float, 1, (0,)),
        (float | int, 1, (1,)),
        (float | int, 1.5, (0,)),
        (bool | int, True, (0,)),
        (int | bool, True, (1,)),
        (int | str, 1.0, (0,)),
        (list[int] | list[str], ["a"], (1,)),
        (list[int] | list[str], [], (0, 1)),
        (tuple[int, int] | tuple[int, str], [1, "a"], (1,)),
        (tuple[int, int] | list[str], ["a"], (1,)),
        (dict[str, int] | dict[str, str], {"a": "b"}, (1,)),
        (dict[str, int] | Point, {"x": 1}, (0, 1)),
        (Point | dict[str, int], {"x": 1}, (0, 1)),
        (Point | dict[str, int], {"z": 1}, (1,)),
        (Options | Point, {"x": 1}, (1,)),
        (list[Options] | list[Point], [{"x": 1}], (1,)),
        (list[Point] | list[Options], [{"verbose": True}], (1,)),
        (list[Point] | dict[str, int], {}, (1,)),
        (Options | dict[str, int], {"depth": 1}, (1,)),
        (Options | Point, {"verbose": True}, (0,)),
        (Numbers | Texts, {"values": ["a"]}, (1,)),
        (str | Any, 1, (1,)),
        (Annotated[int, Ge(5)] | str, 1, (0,)),
        (list[int | str] | list[None], [None], (1,)),
        (list[int | str] | list[None], [1, "a"], (0,)),
        (list[dict[str, list[int]]] | list[dict[str, list[str]]], [{"a": ["b"]}], (0, 1)),
        (list[tuple[int]] | list[tuple[int, int]], [[1, 2]], (1,)),
    ],
)
def test_the_members_that_look_right_are_candidates(union, value, indices):
    assert candidates_of(shape_of(union))(value) == indices


def test_a_value_that_looks_like_none_is_refused_by_what_was_expected():
    with pytest.raises(SchemaError, match="expected an array, found an array"):
        candidates_of(shape_of(list[dict[str, int]] | list[Point]))([{"x": "a"}])
    with pytest.raises(SchemaError, match="expected an integer or an array, found 'a'"):
        candidates_of(shape_of(int | list[int]))("a")


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


@pytest.mark.parametrize(
    ("union", "document", "value"),
    [
        (dt.date | str, "2026-07-28", dt.date(2026, 7, 28)),
        (dt.date | str, "tomorrow", "tomorrow"),
        (Annotated[int, Ge(10)] | Annotated[int, Le(0)], -1, -1),
        (list[list[list[int]]] | list[list[list[str]]], [[["a"]]], [[["a"]]]),
        (list[dict[str, list[int]]] | list[dict[str, list[str]]], [{"a": ["b"]}], [{"a": ["b"]}]),
        (set[int] | list[int], [1, 1], [1, 1]),
        (Left | Right, {"child": {"child": None}}, Left(Left(None))),
    ],
)
def test_where_several_look_right_the_first_that_fits_is_taken(union, document, value):
    assert reader_of(shape_of(union))(document, None) == value


def test_the_fault_that_is_told_is_that_of_the_member_that_came_furthest():
    read = reader_of(shape_of(list[list[list[int]]] | list[list[list[str]]]))
    with pytest.raises(SchemaError, match=r"^\[0\]\[0\]\[1\]: expected an integer, found 'a'$"):
        read([[[1, "a"]]], None)


def test_what_a_union_was_found_to_be_is_known_the_second_time():
    inner = Annotated[int, Ge(10)] | Annotated[int, Le(0)]
    read = reader_of(shape_of(tuple[inner, list[list[int]]] | tuple[inner, list[list[str]]]))
    with pytest.raises(SchemaError, match=r"^\[0\]: expected a number of at least 10, found 5$"):
        read([5, [["a"]]], None)
    assert read([0, [["a"]]], None) == (0, [["a"]])
