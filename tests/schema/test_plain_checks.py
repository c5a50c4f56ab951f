"""The quick check of plain schemas says what jsonschema says, and knows where it must not speak."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from sansmcp.schema.plain_checks import plain_check

NAMES = st.sampled_from(["a", "b", "c"])
BOUNDS = st.sampled_from([-1, 0, 1, 1.5, 2])
SIZES = st.integers(0, 3)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])

LEAVES = st.one_of(
    st.just(True),
    st.just({}),
    st.builds(lambda one: {"type": one}, TYPES),
    st.builds(lambda some: {"type": some}, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
    st.builds(lambda some: {"enum": some}, st.lists(st.sampled_from(["a", "b", ""]), min_size=1)),
    st.just({"const": "a", "title": "A", "format": "uri"}),
    st.just({"$ref": "#/$defs/a"}),
    st.dictionaries(
        st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), BOUNDS, min_size=1
    ),
    st.dictionaries(st.sampled_from(["minLength", "maxLength", "minItems", "maxItems"]), SIZES, min_size=1),
)


def grown(inner):
    """Return the schemas that have others in them."""
    members = st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("object"),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, unique=True),
            "additionalProperties": inner | st.just(False),
            "items": inner,
            "maxItems": SIZES,
        },
    )
    return members | st.builds(
        lambda schema, is_first: {
            "anyOf": [{"type": "null"}, schema] if is_first else [schema, {"type": "null"}]
        },
        # A choice between null and null is one that jsonschema decides.
        inner.filter(lambda schema: schema != {"type": "null"}),
        st.booleans(),
    )


SCHEMAS = st.recursive(LEAVES, grown, max_leaves=6)
DEFINITIONS = st.recursive(LEAVES.filter(lambda schema: "$ref" not in repr(schema)), grown, max_leaves=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([1.0, 1.5, 2.0, -0.0, 1e300])
    | st.sampled_from(["", "a", "b", "abc", "abcd"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def quick(schema, definition=True):
    return plain_check(schema, lambda _reference: definition)


@given(schema=SCHEMAS, definition=DEFINITIONS, value=VALUES)
def test_it_says_what_jsonschema_says(schema, definition, value):
    check = quick(schema, definition)
    whole = {"$defs": {"a": definition}, "allOf": [schema]}
    assert check is not None
    assert check(value) is Draft202012Validator(whole, registry=Registry()).is_valid(value)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"items": False},
        {"not": {}},
        {"pattern": "a"},
        {"uniqueItems": True},
        {"enum": ["a", 1]},
        {"const": None},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": [{"type": "null"}]},
        {"anyOf": [{"type": "null"}, {"type": "null"}]},
        {"anyOf": [{"type": "null"}, {}], "type": "string"},
        {"anyOf": [{"type": "null"}, {}], "$ref": "#/$defs/a"},
        {"$ref": "#/$defs/a", "type": "string"},
        {"$id": "a:b"},
        {"no keyword": 1},
    ],
)
def test_what_is_not_plain_is_left_to_jsonschema(schema):
    assert quick(schema) is None


def test_a_schema_that_leads_to_itself_or_grows_without_end_is_not_plain():
    itself = {"$ref": "#"}
    assert quick(itself, itself) is None
    tree = {"properties": {name: {"$ref": "#/$defs/a"} for name in "abc"}}
    assert quick(tree, tree) is None
    assert quick({"properties": {f"p{number}": {} for number in range(498)}}) is not None
    assert quick({"properties": {f"p{number}": {} for number in range(499)}}) is None


def test_a_large_value_takes_a_time_that_one_can_wait_for():
    schema: object = {"type": "integer"}
    for _ in range(29):
        schema = {"anyOf": [schema, {"type": "null"}]}
    check = quick({"type": "array", "items": schema})
    begun = time.process_time()
    assert check([1] * 250_000)
    # A guard against another order of work; it takes some tenths of that.
    assert time.process_time() - begun < 20
