"""Schemas given by hand.

Source: 2025-11-25 and later, Base Protocol, JSON Schema Usage; 2026-07-28, `$ref` Resolution.
"""

import re

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import SchemaError
from sansmcp.server.validation import Validator


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": "integer"}, "3", "expected the type 'integer', found '3'"),
        ({"enum": [1, 2]}, 3, "expected one of [1, 2], found 3"),
        ({"const": 1}, 3, "expected the value 1, found 3"),
        ({"minimum": 4}, 3, "expected a number of at least 4, found 3"),
        ({"maxLength": 2}, "abc", "expected at most 2 characters, found 'abc'"),
        ({"pattern": "^a"}, "b", "expected a text that matches '^a', found 'b'"),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "a: expected the type 'string', found 1"),
        ({"items": {"type": "string"}}, ["a", 1], "[1]: expected the type 'string', found 1"),
        (
            {"properties": {"a": {"items": {"required": ["b"]}}}},
            {"a": [{}]},
            "a[0].b: expected a value, found nothing",
        ),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "b": 2},
            "b: expected only members that the schema names, found 'b'",
        ),
        ({"not": {}}, 1, "expected what 'not' asks for, found 1"),
        ({"enum": ["x" * 300]}, 1, f"expected one of ['{'x' * 191}…, found 1"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, 1, "expected the type 'null', found 1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_place_and_reason(schema, value, said):
    assert refusal(schema, value) == said


def refusal(schema, value):
    try:
        Validator(schema).validate(value)
    except SchemaError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, {"anything": [1]}),
        ({"type": "object", "properties": {"a": True}}, {"a": 1}),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{}]}, [1]),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]}, [1, "a"]),
        ({"$id": "https://example.com/a", "$ref": "#/$defs/b", "$defs": {"b": {}}}, 1),
        ({"$id": "https://example.com/a", "$ref": "b", "$defs": {"x": {"$id": "b", "type": "integer"}}}, 1),
        ({"$dynamicRef": "#here", "$defs": {"x": {"$dynamicAnchor": "here"}}}, 1),
        ({"type": "object", "properties": {"child": {"$ref": "#"}}}, {"child": {"child": {}}}),
        ({"$ref": "#/$defs/yes", "$defs": {"yes": True}}, 1),
    ],
)
def test_a_value_that_fits_is_accepted(schema, value):
    assert refusal(schema, value) is None


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            {"$schema": "https://json-schema.org/draft/2019-09/schema"},
            "$schema is 'https://json-schema.org/draft/2",
        ),
        (
            {"$schema": "http://canary.invalid/meta", "type": "object"},
            "$schema is 'http://canary.invalid/meta'",
        ),
        ({"type": "whatever"}, "$.type"),
        ({"properties": []}, "$.properties"),
        ([], "expected an object, found []"),
        (True, "expected an object, found True"),
    ],
)
def test_what_is_no_schema_that_we_know_is_refused(schema, said):
    with pytest.raises(LocalProtocolError, match=re.escape(said)):
        Validator(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://canary.invalid/x.json"},
        {"$ref": "https://canary.invalid/x.json#/a"},
        {"$ref": "file:///etc/passwd"},
        {"$id": "http://canary.invalid/", "$ref": "y.json"},
        {"$dynamicRef": "http://canary.invalid/z"},
        {"properties": {"deep": {"items": {"anyOf": [{"$ref": "#/$defs/missing"}]}}}},
    ],
)
def test_what_leads_out_of_a_schema_is_refused_and_never_fetched(schema):
    with pytest.raises(LocalProtocolError, match="leads out of the schema; nothing is fetched"):
        Validator(schema)


def test_a_reference_that_leads_to_itself_is_refused():
    with pytest.raises(LocalProtocolError, match="leads to itself"):
        Validator({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})
