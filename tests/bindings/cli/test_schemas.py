"""Schemas in words, and values as people type them."""

import pytest

from sansmcp.schema import Tool
from sansmcp_cli.reading import read_value
from sansmcp_cli.schemas import kinds_of, signature, type_text

ROOT = {"$defs": {"Pair": {"type": "array", "items": {"type": "integer"}}, "Loop": {"$ref": "#/$defs/Loop"}}}


@pytest.mark.parametrize(
    ("schema", "kinds", "text"),
    [
        ({"type": "integer"}, ("integer",), "integer"),
        ({"type": ["string", "null"]}, ("string", "null"), "string | null"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, ("number", "null"), "number | null"),
        ({"enum": ["a", 1, None]}, ("string", "integer", "null"), '"a" | 1 | null'),
        ({"const": True}, ("boolean",), "true"),
        ({"$ref": "#/$defs/Pair"}, ("array",), "array of integer"),
        ({"$ref": "#/$defs/Loop"}, (), "any"),
        ({"$ref": "#/nowhere"}, (), "any"),
        ({"$ref": "https://example.org/"}, (), "any"),
        (True, (), "any"),
        ({}, (), "any"),
        ({"type": 7}, (), "any"),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema, kinds, text) -> None:
    assert kinds_of(schema, ROOT) == kinds
    assert type_text(schema, ROOT) == text


def test_a_tool_is_written_as_a_call_with_what_it_must_be_given_first() -> None:
    schema = {
        "type": "object",
        "properties": {"b": {"type": "integer", "default": 1}, "a": {"type": "string"}, "c": True},
        "required": ["a"],
    }
    assert signature(Tool(name="t", input_schema=schema)) == "t(a: string, [b: integer = 1], [c: any])"
    assert signature(Tool(name="t", input_schema={"type": "object"})) == "t()"


@pytest.mark.parametrize(
    ("text", "kinds", "value"),
    [
        ("5", (), "5"),
        ("5", ("string", "integer"), "5"),
        ("5", ("integer",), 5),
        ("-1.5e3", ("number",), -1500.0),
        ("True", ("boolean",), True),
        ("null", ("integer", "null"), None),
        ("[1]", ("array",), [1]),
        ('{"a": 1}', ("object",), {"a": 1}),
    ],
)
def test_a_value_is_read_by_the_types_that_are_expected(text, kinds, value) -> None:
    found = read_value(text, kinds)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        ("x", ("integer",), "an integer"),
        ("1.5", ("integer",), "an integer"),
        ("true", ("number",), "a number"),
        ("1", ("boolean", "null"), "true or false or null"),
        ("1", ("array",), "a JSON array"),
        ("[1]", ("object",), "a JSON object"),
        ("NaN", ("number",), "a number"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_was_expected(text, kinds, expected) -> None:
    with pytest.raises(ValueError, match=f"expected {expected}.*found '"):
        read_value(text, kinds)
