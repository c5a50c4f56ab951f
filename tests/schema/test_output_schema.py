"""Output schemas for peers that know only objects: what was valid stays valid, wrapped."""

import copy

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansmcp.schema import output_is_wrapped, wrapped
from sansmcp.schema.output_schema import legacy_output_schema, without_booleans

TREE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"leaf": {"type": "integer"}, "node": {"anyOf": [{"$ref": "#/$defs/leaf"}, {"$ref": "#"}]}},
    "type": "array",
    "items": {"$ref": "#/$defs/node"},
}
SCHEMAS = [
    {"type": "integer"},
    {"type": ["object"], "required": ["x"]},
    {},
    {"type": ["object", "null"], "properties": {"a": {"type": "integer"}}},
    {"anyOf": [{"type": "object"}, {"type": "string"}]},
    TREE,
    {"type": "array", "items": {"$ref": "#"}},
    {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"$ref": "#/prefixItems/0"}},
    {"definitions": {"a": {"type": "string"}}, "$ref": "#/definitions/a"},
    {"$id": "https://example.com/tree", "$defs": {"a": {"type": "integer"}}, "items": {"$ref": "#/$defs/a"}},
    {"$defs": {"a": {"$anchor": "here", "type": "integer"}}, "items": {"$ref": "#here"}},
    {"enum": [{"$ref": "#"}, 1]},
    {"const": {"$ref": "#"}},
    {"properties": {"$ref": {"type": "integer"}, "const": {"$ref": "#"}}, "type": ["object", "array"]},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"type": "object", "required": ["x"]}}},
    {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"x": {"$ref": "#"}}}}},
    {"$ref": "#/$defs/a", "required": ["y"], "$defs": {"a": {"type": "object", "required": ["x"]}}},
    {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "object"}}},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$id": "https://example.com/a", "type": "object"}}},
    {"type": "object", "required": ["x"]},
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["x", "y"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "x", "y", "$ref", "const"]), inner)
    ),
    max_leaves=6,
)


def is_valid(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@settings(max_examples=60, deadline=None)
@given(value=VALUES)
def test_a_value_is_valid_where_it_was_and_wrapped_if_the_schema_is(schema, value):
    before = copy.deepcopy(schema)
    legacy = legacy_output_schema(schema)
    assert legacy["type"] == "object"
    assert schema == before
    told = wrapped(value) if output_is_wrapped(schema) else value
    assert is_valid(legacy, told) is is_valid(schema, value)


def test_a_wrapped_schema_does_not_allow_the_bare_value():
    assert not is_valid(legacy_output_schema({}), {"value": 1})


def test_a_root_that_refers_to_an_object_is_written_out():
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "required": ["x"]}}}
    assert not output_is_wrapped(schema)
    assert legacy_output_schema(schema) == {
        "type": "object",
        "required": ["x"],
        "$defs": {"a": {"type": "object", "required": ["x"]}},
    }


@pytest.mark.parametrize("required", [["y"], []])
def test_a_root_that_also_says_something_itself_keeps_its_reference(required):
    schema = {
        "$ref": "#/$defs/a",
        "required": required,
        "$defs": {"a": {"type": "object", "required": ["x"]}},
    }
    assert legacy_output_schema(schema) == {"type": "object", **schema}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$ref": "#/$defs/b", "$defs": {}},
        {"$ref": "#/$defs/a/b", "$defs": {"a": True}},
        {"$ref": "#"},
        {"$ref": 7},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/$defs/a", "$defs": {"a": True}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
    ],
    ids=str,
)
def test_a_root_that_refers_to_nothing_or_to_no_object_is_wrapped(schema):
    assert output_is_wrapped(schema)
    assert legacy_output_schema(schema)["required"] == ["result"]


def test_pointers_into_what_moved_move_along_and_others_stay():
    legacy = legacy_output_schema(TREE | {"contains": {"$ref": "https://example.com/other"}})
    assert legacy["$schema"] == TREE["$schema"]
    assert legacy["$defs"]["node"] == {"anyOf": [{"$ref": "#/$defs/leaf"}, {"$ref": "#/properties/result"}]}
    assert legacy["properties"]["result"] == {
        "type": "array",
        "items": {"$ref": "#/$defs/node"},
        "contains": {"$ref": "https://example.com/other"},
    }


def test_a_schema_without_boolean_properties_stays_the_same_object():
    for schema in ({"type": "object"}, {"properties": []}, {"properties": {"a": {}}}):
        assert without_booleans(schema) is schema
