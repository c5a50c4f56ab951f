"""Verdicts on any schema and any value."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry

from sansmcp.errors import RemoteProtocolError
from sansmcp.schema import Author, SchemaError, validator_of

# One validator for one schema


def test_equal_schemas_share_a_validator_and_later_changes_are_not_seen():
    schema = {"type": "integer", "x-mark": "shared"}
    validator = validator_of(schema)
    assert validator_of(dict(schema)) is validator
    assert validator_of(schema, author=Author.PEER) is not validator
    schema["type"] = "string"
    validator.validate(1)
    assert validator_of(schema) is not validator


NAMES = st.sampled_from(["a", "b"])
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            True,
            False,
            {"type": "integer"},
            {"type": ["string", "null"]},
            {"const": 1},
            {"enum": ["a", None]},
            {"minimum": 1},
            {"pattern": "^a"},
            {"required": ["a"]},
            {"maxItems": 1},
            {"uniqueItems": True},
            {"multipleOf": 2},
            {"$ref": "#/$defs/a"},
        ]
    ),
    lambda inner: (
        st.builds(
            lambda keyword, schema: {keyword: schema},
            st.sampled_from(
                [
                    "not",
                    "items",
                    "contains",
                    "additionalProperties",
                    "unevaluatedProperties",
                    "unevaluatedItems",
                    "propertyNames",
                    "if",
                ]
            ),
            inner,
        )
        | st.builds(
            lambda keyword, schemas: {keyword: schemas},
            st.sampled_from(["allOf", "anyOf", "oneOf", "prefixItems"]),
            st.lists(inner, min_size=1, max_size=2),
        )
        | st.builds(
            lambda keyword, schemas: {keyword: schemas},
            st.sampled_from(["properties", "dependentSchemas", "patternProperties"]),
            st.dictionaries(NAMES, inner, min_size=1, max_size=2),
        )
        | st.builds(
            lambda one, two: {**one, **two} if one not in (True, False) and two not in (True, False) else one,
            inner,
            inner,
        )
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 2.0, "a", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)


@given(schema=SCHEMAS.filter(lambda schema: isinstance(schema, dict)), definition=SCHEMAS, value=VALUES)
def test_verdicts_are_those_of_jsonschema(schema, definition, value):
    schema = {**schema, "$defs": {"a": definition}}
    try:
        validator = validator_of(schema, author=Author.PEER)
    except RemoteProtocolError as error:
        assert "leads to itself" in str(error)  # noqa: PT017
        return
    try:
        validator.validate(value)
    except SchemaError as error:
        fits = False
        if "steps" in str(error):
            return
    else:
        fits = True
    try:
        expected = Draft202012Validator(schema, registry=Registry()).is_valid(value)
    except RecursionError:
        return
    assert fits is expected


# Whatever a peer sends is a schema, or is refused

WORDS = st.sampled_from(
    [
        "",
        "#",
        "#/$defs/a",
        "#/$defs/~1%2F",
        "#a",
        "a",
        "http://[",
        "http://a.invalid/b",
        "urn:a",
        "//",
        "(",
        "[a-z]+",
        "^(a|b)*$",
        "object",
        "integer",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
    ]
)
KEYWORDS = st.sampled_from(
    sorted(
        {
            "$schema",
            "$id",
            "$ref",
            "$dynamicRef",
            "$anchor",
            "$dynamicAnchor",
            "$defs",
            "definitions",
            "x",
            "a",
        }
        | Draft202012Validator.VALIDATORS.keys()
        | Draft7Validator.VALIDATORS.keys()
    )
)
HOSTILE_SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.just(1e400) | st.sampled_from([0.1, -1.5]) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=12,
)


@given(schema=HOSTILE_SCHEMAS, value=HOSTILE_SCHEMAS.filter(lambda value: "inf" not in repr(value)))
def test_any_schema_of_a_peer_and_any_value_end_in_a_verdict(schema, value):
    try:
        validator = validator_of(schema, author=Author.PEER)
    except RemoteProtocolError:
        return
    with contextlib.suppress(SchemaError):
        validator.validate(value)


@given(
    schema=st.dictionaries(KEYWORDS, HOSTILE_SCHEMAS, max_size=4),
    value=HOSTILE_SCHEMAS.filter(lambda value: "inf" not in repr(value)),
)
def test_any_object_of_a_peer_and_any_value_end_in_a_verdict(schema, value):
    test_any_schema_of_a_peer_and_any_value_end_in_a_verdict.hypothesis.inner_test(schema, value)


@given(
    pattern=st.text(st.sampled_from("ab[]^$(|)*+?{},12\\dDwWsSbBxu0-.:<>=!kpP\n"), max_size=12),
    text=st.text("ab1\n", max_size=6),
)
def test_any_pattern_of_a_peer_ends_in_a_verdict(pattern, text):
    validator = validator_of({"pattern": pattern, "patternProperties": {pattern: {}}}, author=Author.PEER)
    with contextlib.suppress(SchemaError):
        validator.validate(text)
    with contextlib.suppress(SchemaError):
        validator.validate({text: 1})


@pytest.mark.parametrize("uri", ["http://[", "//["])
def test_a_schema_whose_uri_is_none_is_refused(uri):
    with pytest.raises(RemoteProtocolError, match="a URI in it is none"):
        validator_of({"$id": uri}, author=Author.PEER)
