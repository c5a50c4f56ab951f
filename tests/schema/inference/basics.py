"""The types that most handlers use: the schema of each, values that go in and out, and values that do not."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    Optional,
)

from tests.schema.inference.models import (
    CAT,
    DOG,
    NODE,
    NOON,
    OPTIONS,
    POINT,
    SOME_UUID,
    Cat,
    Colour,
    Dog,
    Kind,
    Level,
    Line,
    Node,
    Options,
    Picky,
    Point,
    Row,
)

from sansmcp.schema.inference.constraints import (
    Description,
    Ge,
    Gt,
    Le,
    Lt,
    MaxLength,
    MinLength,
    Pattern,
)

BASICS = [
    Row(
        type=str,
        schema={"type": "string"},
        pairs=[("", ""), ("ä", "ä")],
        refused=[(1, "expected a string, found 1"), (None, "expected a string, found null")],
        unfit=[(1, "expected a string, found 1")],
    ),
    Row(
        type=int,
        schema={"type": "integer"},
        pairs=[(0, 0), (-(10**40), -(10**40))],
        refused=[
            ("7", "expected an integer, found '7'"),
            (True, "expected an integer, found True"),
            (1.5, "expected an integer, found 1.5"),
        ],
        unfit=[(1.0, "expected an integer, found 1.0"), (True, "expected an integer, found True")],
    ),
    Row(
        type=float,
        schema={"type": "number"},
        pairs=[(0.5, 0.5), (-2.0, -2.0)],
        refused=[
            ("7", "expected a number, found '7'"),
            (False, "expected a number, found False"),
            (10**400, "expected a number that a float can hold"),
        ],
        unfit=[(float("nan"), "expected a number, found nan"), (False, "expected a number, found False")],
    ),
    Row(
        type=bool,
        schema={"type": "boolean"},
        pairs=[(True, True), (False, False)],
        refused=[(1, "expected true or false, found 1"), ("no", "expected true or false, found 'no'")],
        unfit=[(1, "expected true or false, found 1")],
    ),
    Row(type=None, schema={"type": "null"}, pairs=[(None, None)], refused=[(0, "expected null, found 0")]),
    Row(
        type=Any,
        schema={},
        pairs=[(None, None), ([1, {"a": 2.5}], [1, {"a": 2.5}])],
        refused=[],
        unfit=[(complex(1), "expected a JSON value, found 'complex'")],
    ),
    Row(
        type=dt.datetime,
        schema={"type": "string", "format": "date-time"},
        pairs=[("2026-07-28T12:00:00+00:00", NOON)],
        refused=[
            ("2026-07-28", "expected a date and time"),
            ("2026-02-30T00:00:00Z", "expected a date and time"),
            (1, "expected a date and time"),
        ],
        unfit=[(NOON.date(), "expected a date and time")],
    ),
    Row(
        type=dt.date,
        schema={"type": "string", "format": "date"},
        pairs=[("2026-07-28", dt.date(2026, 7, 28))],
        refused=[("20260728", "expected a date such as"), ("2026-W31-2", "expected a date such as")],
        unfit=[(NOON, "expected a date such as")],
    ),
    Row(
        type=dt.time,
        schema={"type": "string", "format": "time"},
        pairs=[("12:30:00", dt.time(12, 30))],
        refused=[("12:30", "expected a time such as"), ("25:00:00", "expected a time such as")],
    ),
    Row(
        type=uuid.UUID,
        schema={"type": "string", "format": "uuid"},
        pairs=[(str(SOME_UUID), SOME_UUID)],
        refused=[("{12345678-1234-5678-1234-567812345678}", "expected a UUID"), ("x", "expected a UUID")],
        unfit=[(str(SOME_UUID), "expected a UUID")],
    ),
    Row(
        type=bytes,
        schema={"type": "string", "contentEncoding": "base64"},
        pairs=[("AAEC", b"\0\1\2"), ("", b"")],
        refused=[
            ("AA", "expected bytes in base64"),
            ("AAEC\n", "expected bytes in base64"),
            ("ä", "expected bytes"),
        ],
    ),
    Row(
        type=Literal["a", "b"],
        schema={"type": "string", "enum": ["a", "b"]},
        pairs=[("a", "a")],
        refused=[
            ("c", "expected one of 'a', 'b', found 'c'"),
            (["a"], "expected one of"),
            ({}, "expected one of"),
        ],
        unfit=[("c", "expected one of 'a', 'b', found 'c'"), ([], "expected one of")],
    ),
    Row(
        type=Literal[1, "b", None],  # noqa: PYI061  # as a user may write it
        schema={"enum": [1, "b", None]},
        pairs=[(1, 1), ("b", "b"), (None, None)],
        refused=[(True, "expected one of 1, 'b', None, found True"), (1.5, "expected one of")],
        unfit=[(True, "expected one of")],
    ),
    Row(
        type=Literal["a"], schema={"type": "string", "const": "a"}, pairs=[("a", "a")], refused=[("b", "'a'")]
    ),
    Row(
        type=Colour,
        schema={"type": "string", "enum": ["red", "blue"]},
        pairs=[("red", Colour.RED)],
        refused=[("RED", "expected one of 'red', 'blue', found 'RED'")],
        unfit=[("red", "expected one of 'red', 'blue', found 'red'")],
    ),
    Row(
        type=Level,
        schema={"type": "integer", "enum": [1, 2]},
        pairs=[(1, Level.LOW)],
        refused=[("LOW", "expected one of 1, 2")],
    ),
    Row(
        type=Kind,
        schema={"type": "string", "enum": ["cat", "dog"]},
        pairs=[("cat", Kind.CAT)],
        refused=[("cow", "expected one of 'cat', 'dog'")],
    ),
    Row(
        type=list[int],
        schema={"type": "array", "items": {"type": "integer"}},
        pairs=[([], []), ([1, 2], [1, 2])],
        refused=[
            ({}, "expected an array, found an object"),
            ([1, "2"], "[1]: expected an integer, found '2'"),
        ],
        unfit=[("ab", "expected an array"), ([1, "2"], "[1]: expected an integer, found '2'")],
    ),
    Row(
        type=list,
        schema={"type": "array", "items": {}},
        pairs=[([1, "a"], [1, "a"])],
        refused=[(1, "an array")],
    ),
    Row(
        type=Sequence[str],
        schema={"type": "array", "items": {"type": "string"}},
        pairs=[(["a"], ["a"])],
        refused=[("a", "expected an array")],
    ),
    Row(
        type=tuple[int, ...],
        schema={"type": "array", "items": {"type": "integer"}},
        pairs=[([1, 2], (1, 2))],
        refused=[(["a"], "[0]: expected an integer")],
    ),
    Row(
        type=tuple[int, str],
        schema={
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
        pairs=[([1, "a"], (1, "a"))],
        refused=[
            ([1], "expected an array of 2 items"),
            ([1, 2], "[1]: expected a string"),
            ("1a", "expected an array of 2 items"),
        ],
        unfit=[((1,), "expected an array of 2 items"), ((1, 2), "[1]: expected a string")],
    ),
    Row(
        type=tuple[()],
        schema={"type": "array", "items": {}},
        pairs=[([], ())],
        refused=[(1, "an array")],
    ),
    Row(
        type=set[str],
        schema={"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        pairs=[(["a", "b", "c"], {"c", "b", "a"})],
        refused=[(["a", "a"], "expected items that differ")],
        unfit=[(["a"], "expected an array"), ({1}, "[0]: expected a string")],
    ),
    Row(
        type=frozenset[Any],
        schema={"type": "array", "items": {}, "uniqueItems": True},
        pairs=[([1, "a"], frozenset({"a", 1}))],
        refused=[([[]], "expected items that a set can hold")],
    ),
    Row(
        type=dict[str, int],
        schema={"type": "object", "additionalProperties": {"type": "integer"}},
        pairs=[({"a": 1}, {"a": 1})],
        refused=[([], "expected an object"), ({"a": "1"}, "a: expected an integer, found '1'")],
        unfit=[
            ([], "expected an object"),
            ({1: 1}, "expected names that are strings"),
            ({"a": "1"}, "a: expected an integer"),
        ],
    ),
    Row(type=dict, schema={"type": "object"}, pairs=[({"a": [1]}, {"a": [1]})], refused=[([], "an object")]),
    Row(
        type=Mapping[str, Any],
        schema={"type": "object"},
        pairs=[({"a": None}, {"a": None})],
        refused=[(1, "an object")],
    ),
    Row(
        type=Optional[int],  # noqa: UP045  # as a user may write it
        schema={"anyOf": [{"type": "integer"}, {"type": "null"}]},
        pairs=[(1, 1), (None, None)],
        refused=[("1", "expected an integer or null, found '1'")],
        unfit=[("1", "found '1'")],
    ),
    Row(
        type=int | float,
        schema={"anyOf": [{"type": "integer"}, {"type": "number"}]},
        pairs=[(1, 1), (1.0, 1.0), (0.5, 0.5)],
        refused=[("1", "expected an integer or a number")],
    ),
    Row(
        type=dt.date | str,
        schema={"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]},
        pairs=[("2026-07-28", dt.date(2026, 7, 28))],
        refused=[(1, "or a string, found 1")],
    ),
    Row(
        type=Cat | Dog,
        schema={"anyOf": [CAT, DOG]},
        pairs=[
            ({"kind": "cat", "lives": 7}, Cat("cat", 7)),
            ({"kind": "dog", "tricks": ["sit"]}, Dog("dog", ["sit"])),
        ],
        refused=[
            ({"kind": "cow"}, "expected an object (Cat) or an object (Dog)"),
            ("cat", "expected an object"),
        ],
        unfit=[(Cat("dog"), "kind: expected one of 'cat'"), (1, "expected Cat, found 1")],
    ),
    Row(
        type=Point | None,
        schema={"anyOf": [POINT, {"type": "null"}]},
        pairs=[(None, None), ({"x": 1, "y": 2}, Point(1, 2))],
        refused=[({"x": "1"}, "x: expected an integer, found '1'")],
    ),
    Row(
        type=Point,
        schema=POINT,
        pairs=[({"x": 1, "y": 2}, Point(1, 2))],
        refused=[
            ({}, "x: expected a value, found nothing"),
            ({"x": 1, "z": 2}, "z: expected one of the names x, y, found 'z'"),
            ([], "expected an object, found an array"),
        ],
        unfit=[
            ({"x": 1}, "expected Point, found an object"),
            (Point("1"), "x: expected an integer, found '1'"),
        ],
    ),
    Row(
        type=Line,
        schema={
            "type": "object",
            "properties": {"start": {"$ref": "#/$defs/Point"}, "end": {"$ref": "#/$defs/Point"}},
            "required": ["start", "end"],
            "additionalProperties": False,
            "$defs": {"Point": POINT},
        },
        pairs=[({"start": {"x": 1, "y": 2}, "end": {"x": 3, "y": 4}}, Line(Point(1, 2), Point(3, 4)))],
        refused=[({"start": {"x": 1}, "end": {"x": "3"}}, "end.x: expected an integer, found '3'")],
    ),
    Row(
        type=Node,
        schema={**NODE, "$defs": {"Node": NODE}},
        pairs=[({"value": 1, "children": [{"value": 2, "children": []}]}, Node(1, [Node(2)]))],
        refused=[({"value": 1, "children": [{"value": "2"}]}, "children[0].value: expected an integer")],
        unfit=[(Node(1, [Node("2")]), "children[0].value: expected an integer")],
    ),
    Row(
        type=Picky,
        schema={
            "type": "object",
            "properties": {"even": {"type": "integer"}},
            "required": ["even"],
            "additionalProperties": False,
        },
        pairs=[({"even": 2}, Picky(2))],
        refused=[({"even": 1}, "expected a valid Picky, found an object")],
    ),
    Row(
        type=Options,
        schema=OPTIONS,
        pairs=[
            ({"verbose": True}, {"verbose": True}),
            ({"verbose": True, "depth": 1}, {"verbose": True, "depth": 1}),
        ],
        refused=[
            ({"depth": 1}, "verbose: expected a value"),
            ({"verbose": True, "x": 1}, "x: expected one of"),
        ],
        unfit=[
            ({"depth": 1}, "verbose: expected a value, found nothing"),
            ({"verbose": 1}, "verbose: expected true or false"),
            ({"verbose": True, "x": 1}, "expected only members of Options"),
            (1, "expected Options, found 1"),
        ],
    ),
    Row(
        type=Annotated[int, Description("How many."), Ge(1), Le(10)],
        schema={"type": "integer", "minimum": 1, "maximum": 10, "description": "How many."},
        pairs=[(1, 1), (10, 10)],
        refused=[
            (0, "expected a number of at least 1, found 0"),
            (11, "expected a number of at most 10, found 11"),
            ("1", "expected an integer, found '1'"),
        ],
        unfit=[(0, "expected a number of at least 1, found 0")],
    ),
    Row(
        type=Annotated[float, Gt(0), Lt(1)],
        schema={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        pairs=[(0.5, 0.5)],
        refused=[(0, "expected a number greater than 0"), (1, "expected a number less than 1")],
    ),
    Row(
        type=Annotated[str, MinLength(1), MaxLength(3), Pattern("^[a-z]+$")],
        schema={"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]+$"},
        pairs=[("abc", "abc")],
        refused=[
            ("", "expected a length of at least 1, found ''"),
            ("abcd", "expected a length of at most 3, found 'abcd'"),
            ("A", "expected a text that matches '^[a-z]+$', found 'A'"),
        ],
    ),
    Row(
        type=Annotated[list[int], MinLength(1), MaxLength(2)],
        schema={"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        pairs=[([1], [1])],
        refused=[([], "expected a length of at least 1"), ([1, 2, 3], "expected a length of at most 2")],
    ),
    Row(
        type=Annotated[dict[str, int], MinLength(1), MaxLength(2)],
        schema={
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "minProperties": 1,
            "maxProperties": 2,
        },
        pairs=[({"a": 1}, {"a": 1})],
        refused=[({}, "expected a length of at least 1")],
    ),
    Row(
        type=list[Annotated[int, Description("One.")]],
        schema={"type": "array", "items": {"type": "integer", "description": "One."}},
        pairs=[([1], [1])],
        refused=[(["1"], "[0]: expected an integer")],
    ),
]
