"""Schemas without references: the same values fit before and after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import SchemaError, validator_of
from sansmcp.schema.inlining import inlined

LEAF = {"type": "object", "properties": {"size": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object"}, {"type": "object"}),
        (
            {
                "items": {"$ref": "#/$defs/a"},
                "prefixItems": [{}, {"$ref": "#/$defs/a"}],
                "$defs": {"a": LEAF},
            },
            {"items": LEAF, "prefixItems": [{}, LEAF]},
        ),
        (
            {"properties": {"x": {"$ref": "#/$defs/a", "description": "An x."}}, "$defs": {"a": LEAF}},
            {"properties": {"x": {**LEAF, "description": "An x."}}},
        ),
        (
            {
                "properties": {"x": {"$ref": "#/$defs/a", "required": ["b"], "allOf": [{}]}},
                "$defs": {"a": LEAF},
            },
            {"properties": {"x": {"required": ["b"], "allOf": [{}, LEAF]}}},
        ),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": LEAF}},
            {"items": LEAF},
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "items": {"$ref": "#/definitions/a", "minimum": 3},
                "definitions": {"a": LEAF},
            },
            {"$schema": "http://json-schema.org/draft-07/schema#", "items": LEAF},
        ),
        (
            {
                "items": {"$ref": "#/$defs/n"},
                "$defs": {
                    "n": {"properties": {"next": {"$ref": "#/$defs/n"}, "leaf": {"$ref": "#/$defs/l"}}},
                    "l": LEAF,
                },
            },
            {
                "items": {"$ref": "#/$defs/n"},
                "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}, "leaf": LEAF}}},
            },
        ),
        (
            {
                "$ref": "#/$defs/a",
                "$defs": {
                    "a": {"items": {"$ref": "#/$defs/b"}},
                    "b": {"items": {"$ref": "#/$defs/a"}},
                    "c": {},
                },
            },
            {
                "$ref": "#/$defs/a",
                "$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}},
            },
        ),
    ],
)
def test_definitions_stand_where_they_are_used(schema, expected):
    assert inlined(schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a/properties/b", "$defs": {"a": {"properties": {"b": {}}}}},
        {"$ref": "#/$defs/a", "$defs": {"a": True}},
        {"$ref": "#/$defs/a", "$defs": {}},
        {"properties": {"a": {"$ref": "#"}}},
        {"items": {"$anchor": "a"}, "$ref": "#a"},
        {"$id": "https://example.com/a", "$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"properties": {"a": {"$dynamicRef": "#a"}}, "$defs": {"a": {"$dynamicAnchor": "a"}}},
    ],
)
def test_what_depends_on_where_it_stands_is_left(schema):
    assert inlined(schema) == schema


def test_a_schema_that_would_grow_without_measure_is_refused():
    definitions = {"d0": {"type": "object"}}
    for level in range(1, 31):
        definitions[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    with pytest.raises(LocalProtocolError, match="would hold more than 2000 schemas; leave them in"):
        inlined({"$ref": "#/$defs/d30", "$defs": definitions})


NAMES = st.sampled_from(["a", "b"])
REFERENCES = st.sampled_from([{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}])
SCHEMAS = st.recursive(
    st.sampled_from([{"type": "integer"}, {"type": "object"}, {}, {"const": "a"}]) | REFERENCES,
    lambda inner: (
        st.builds(lambda schema: {"items": schema, "type": "array"}, inner)
        | st.builds(lambda schemas: {"anyOf": schemas}, st.lists(inner, min_size=1, max_size=2))
        | st.builds(lambda schemas: {"properties": schemas}, st.dictionaries(NAMES, inner, max_size=2))
        | st.builds(lambda schema, reference: {**schema, **reference}, inner, REFERENCES)
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    st.sampled_from([1, "a", None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)


@given(root=SCHEMAS, one=SCHEMAS, two=SCHEMAS, value=VALUES)
def test_the_same_values_fit_before_and_after(root, one, two, value):
    schema = {**root, "$defs": {"a": one, "b": two}}
    try:
        before = validator_of(schema)
    except LocalProtocolError as error:
        assert "leads to itself" in str(error)  # noqa: PT017
        return
    after = validator_of(inlined(schema))
    assert fits(after, value) == fits(before, value)


def fits(validator, value):
    try:
        validator.validate(value)
    except SchemaError as error:
        return "steps" if "steps" in str(error) else False
    return True
