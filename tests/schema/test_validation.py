"""Values checked against schemas of our own and of a peer's.

Source: 2025-11-25 and later, Base Protocol, JSON Schema Usage; 2026-07-28, `$ref` Resolution.
"""

import builtins
import contextlib
import re
import socket
import time
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry

from sansmcp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sansmcp.schema import Author, SchemaError, SchemaLimits, validator_of


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
        (
            {"patternProperties": {"^x-": {}}, "additionalProperties": False},
            {"x-a": 1, "b": 2},
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
        validator_of(schema).validate(value)
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
        validator_of(schema)


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
        validator_of(schema)


def test_a_reference_that_leads_to_itself_is_refused():
    with pytest.raises(LocalProtocolError, match="leads to itself"):
        validator_of({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})


# Bounds, whoever wrote the schema or the value


def doubling(levels):
    """Return a schema whose check costs twice as much with each level."""
    definitions = {"d0": {"type": "object"}}
    for level in range(1, levels + 1):
        definitions[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    return {"$ref": f"#/$defs/d{levels}", "$defs": definitions}


def nested(levels):
    """Return a schema of so many levels."""
    schema = {"type": "object"}
    for _ in range(levels - 1):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    ("author", "fault"), [(Author.USER, LocalProtocolError), (Author.PEER, RemoteProtocolError)]
)
def test_a_schema_past_a_bound_is_the_fault_of_its_author(author, fault):
    validator_of(nested(32), author=author)
    for levels in (33, 60):
        with pytest.raises(fault, match="deeper than 32 schemas"):
            validator_of(nested(levels), author=author)
    validator_of({"anyOf": [{}] * 1999}, author=author)
    for count in (2000, 200_000):
        with pytest.raises(fault, match="holds more than 2000 schemas"):
            validator_of({"anyOf": [{}] * count}, author=author)
    validator_of({"anyOf": [True] * 1999}, author=author)
    for keyword in ("anyOf", "$defs", "patternProperties"):
        held = [True] * 2000 if keyword == "anyOf" else {f"a{number}": True for number in range(2000)}
        with pytest.raises(fault, match="holds more than 2000 schemas"):
            validator_of({keyword: held}, author=author)
    with pytest.raises(fault, match="expected JSON"):
        validator_of({"enum": [object()]}, author=author)


def test_names_past_a_bound_are_refused_before_they_are_compared():
    names = [f"a{number}" for number in range(10_001)]
    validator_of({"required": names[1:]}, author=Author.PEER)
    many = {name: ["b"] for name in names[:5001]}
    for schema in (
        {"required": names},
        {"required": names * 20},
        {"type": names},
        {"dependentRequired": many},
        {"$schema": "http://json-schema.org/draft-07/schema", "dependencies": many},
        {"$vocabulary": {f"https://{name}": True for name in names}},
    ):
        with pytest.raises(RemoteProtocolError, match="holds more than 10000 names"):
            validator_of(schema, author=Author.PEER)


def test_chains_of_references_by_long_pointers_are_followed_once():
    place = "/x" * 50
    chain = {f"c{number}": {"$ref": f"#{place}/c{number + 1}"} for number in range(29)}
    tree = {**chain, "c29": {"type": "string"}}
    for _ in range(50):
        tree = {"x": tree}
    schema = {**tree, "allOf": [{"$ref": f"#{place}/c0"}] * 1900}
    before = time.process_time()
    validator_of(schema, author=Author.PEER)
    # A guard against work without a bound, not a timing: without it this takes half a minute.
    assert time.process_time() - before < 10


HOSTILE = [
    (doubling(30), {}),
    (doubling(30), 1),
    ({"items": {"anyOf": [{"type": "null"}] * 1000}}, list(range(1000))),
    ({"anyOf": [{"type": "null"}] * 1000}, [["text"] * 100] * 50),
    ({"items": {"enum": [[0] * 100] * 1000}}, [[0] * 99 + [1]] * 1000),
    ({"items": {"required": [str(number) for number in range(10_000)]}}, [{}] * 1000),
    ({"uniqueItems": True}, [[number] for number in range(100_000)]),
    ({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}, {}),
    ({"unevaluatedProperties": False, "allOf": [{"$ref": "#"}]}, {"a": 1}),
    (
        {"unevaluatedItems": False, "if": {"$ref": "#/$defs/x"}, "$defs": {"x": {"anyOf": [{"$ref": "#"}]}}},
        [1],
    ),
    ({**doubling(25), "unevaluatedProperties": False}, {"a": 1}),
    ({"pattern": "^(a+)+$"}, "a" * 2_000_000 + "!"),
]


@pytest.mark.parametrize(("schema", "value"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_check_that_takes_too_much_work_ends_with_an_error(schema, value):
    validator = validator_of(schema, author=Author.PEER)
    with pytest.raises(SchemaError, match="expected a value that is checked in 100000 steps, found"):
        validator.validate(value)


def test_a_hostile_check_ends_soon():
    validators = [(validator_of(schema, author=Author.PEER), value) for schema, value in HOSTILE]
    for validator, value in validators:
        before = time.process_time()
        with contextlib.suppress(SchemaError):
            validator.validate(value)
        # A guard against work without a bound, not a timing: most end within some tenths of a second.
        assert time.process_time() - before < 10


def test_the_bounds_may_be_set():
    limits = SchemaLimits(depth=2, subschemas=3, steps=10)
    with pytest.raises(LocalProtocolError, match="deeper than 2 schemas"):
        validator_of(nested(3), limits=limits)
    with pytest.raises(LocalProtocolError, match="more than 3 schemas"):
        validator_of({"anyOf": [{}] * 3}, limits=limits)
    schema = {"items": {"type": "integer"}, "multipleOf": 2}
    validator_of(schema, limits=limits).validate([1] * 5)
    with pytest.raises(SchemaError, match="checked in 10 steps"):
        validator_of(schema, limits=limits).validate([1] * 50)


def test_large_values_that_are_honest_are_checked():
    row = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "size": {"type": "integer"},
            "tags": {"items": {"type": "string"}},
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    rows = [{"name": f"n{number}", "size": number, "tags": ["a", "b"]} for number in range(5000)]
    validator = validator_of({"type": "array", "items": row})
    validator.validate(rows)
    rows[-1]["size"] = "large"
    with pytest.raises(SchemaError):
        validator.validate(rows)


def test_deep_values_of_a_recursive_schema_are_checked():
    tree = {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
            }
        },
    }
    good, bad = None, 7
    for _ in range(60):
        good, bad = {"next": good}, {"next": bad}
    validator = validator_of(tree, author=Author.PEER)
    validator.validate(good)
    with pytest.raises(SchemaError):
        validator.validate(bad)


def test_integers_and_texts_of_any_kind_are_compared_in_linear_time():
    # These hash alike in Python.
    alike = [number * ((1 << 61) - 1) for number in range(20_000)]
    validator_of({"uniqueItems": True}).validate(alike)
    for twice in (
        [1, 1.0],
        [2**100, float(2**100)],
        [{"a": [1]}, {"a": [1.0]}],
        ["a", "a"],
        [None, None],
        [0.5, 0.5],
    ):
        with pytest.raises(SchemaError, match="expected items that differ"):
            validator_of({"uniqueItems": True}).validate(twice)
    validator_of({"uniqueItems": True}).validate([1, True, 0, False, "1", None, [1], [True], {}, 0.5])
    validator_of({"uniqueItems": False}).validate([1, 1])
    validator_of({"uniqueItems": True}).validate({"a": 1})


@pytest.mark.parametrize(
    ("divisor", "fitting", "unfit"),
    [
        (0.1, [0.3, 1, 1e300, "x", True], [0.25]),
        (3, [9, 9.0, 3 * 10**400], [1, 1e-300]),
        (1e-300, [1e300], []),
    ],
)
def test_multiples_are_those_of_the_numbers_as_they_are_written(divisor, fitting, unfit):
    validator = validator_of({"multipleOf": divisor}, author=Author.PEER)
    for value in fitting:
        validator.validate(value)
    for value in unfit:
        with pytest.raises(SchemaError, match=f"expected a multiple of {divisor}"):
            validator.validate(value)


# Patterns


def test_a_pattern_of_a_peer_that_is_not_linear_is_told_and_not_checked():
    schema = {
        "properties": {"a": {"pattern": "(?=x)y"}, "b": {"pattern": "^b$"}},
        "patternProperties": {"(?!q)": {"type": "null"}, "^n": {"type": "null"}},
        "additionalProperties": False,
        "unevaluatedProperties": False,
    }
    validator = validator_of(schema, author=Author.PEER)
    assert sorted(validator.unchecked_patterns) == ["(?!q)", "(?=x)y"]
    validator.validate({"a": "anything", "b": "b", "n": None, "other": 1})
    with pytest.raises(SchemaError, match="b: expected a text that matches"):
        validator.validate({"b": "c"})
    with pytest.raises(SchemaError, match="n1: expected the type 'null', found 1"):
        validator.validate({"n1": 1})


def test_a_pattern_of_the_users_is_any_that_python_knows():
    validator = validator_of({"pattern": r"(?=x)\w(\d)\1"})
    assert validator.unchecked_patterns == ()
    validator.validate("x11")
    with pytest.raises(SchemaError):
        validator.validate("x12")
    with pytest.raises(LocalProtocolError, match=r"the pattern '\('"):
        validator_of({"pattern": "("})
    assert validator_of({"pattern": "("}, author=Author.PEER).unchecked_patterns == ("(",)


# Engines that count nothing, and sockets


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **doubling(30)},
        {"$schema": "http://json-schema.org/draft-07/schema#", **doubling(30)},
        {
            "allOf": [
                {"$schema": "https://json-schema.org/draft/2020-12/schema#", **doubling(3)},
                doubling(30),
            ]
        },
    ],
)
def test_a_named_dialect_is_no_way_out_of_the_bounds(schema):
    if "allOf" in schema:
        schema["$defs"] = doubling(30)["$defs"]
    with pytest.raises(SchemaError, match="steps"):
        validator_of(schema, author=Author.PEER).validate({})


def test_one_schema_has_one_dialect():
    with pytest.raises(LocalProtocolError, match="has another \\$schema"):
        validator_of({"items": {"$schema": "http://json-schema.org/draft-07/schema#"}})


def test_lists_of_names_that_are_none_are_refused_before_they_are_compared():
    mixed = [{"a": number} for number in range(5000)]
    for schema in (
        {"required": [[number] for number in range(50_000)]},
        {"type": [[1], {}] * 20_000},
        {"dependentRequired": {"a": mixed}},
        {"$schema": "http://json-schema.org/draft-07/schema", "dependencies": {"a": mixed}},
    ):
        with pytest.raises(RemoteProtocolError, match="expected strings"):
            validator_of(schema, author=Author.PEER)


@pytest.mark.parametrize(
    ("schema", "fitting", "unfit"),
    [
        ({"$ref": "#/components/a", "components": {"a": {"type": "integer"}}}, 1, "1"),
        ({"$ref": "#/x/0/y", "x": [{"y": {"$ref": "#/x/1"}}, {"const": 1}]}, 1, 2),
        ({"$id": "urn:a", "$ref": "#/$defs/b", "$defs": {"b": {"const": 1}}}, 1, 2),
        (
            {
                "unevaluatedProperties": False,
                "$ref": "#/$defs/b",
                "$defs": {"b": {"properties": {"a": True}}},
            },
            {"a": 1},
            {"c": 1},
        ),
        (
            {
                "unevaluatedProperties": {"type": "null"},
                "properties": {"p": True},
                "anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 1}}}, True],
                "dependentSchemas": {"d": {"properties": {"e": True}}, "none": {"properties": {"f": True}}},
                "if": {"properties": {"i": {"const": 1}}, "required": ["i"]},
                "then": {"properties": {"t": True}},
                "else": {"properties": {"l": True}},
            },
            {"p": 1, "a": 1, "b": 1, "d": None, "e": 1, "i": 1, "t": 1, "x": None},
            {"f": 1},
        ),
        (
            {"unevaluatedProperties": False, "if": {"required": ["a"]}, "else": {"properties": {"b": {}}}},
            {"b": 1},
            {"a": 1},
        ),
        (
            {"unevaluatedProperties": False, "allOf": [{"additionalProperties": {"type": "null"}}]},
            {"a": None},
            {"a": 1},
        ),
        ({"unevaluatedItems": False, "prefixItems": [{}], "contains": {"const": 1}}, [0, 1, 1], [0, 1, 2]),
        (
            {"unevaluatedItems": False, "anyOf": [{"items": {"const": 1}}, {"prefixItems": [{}]}]},
            [1, 1],
            [2, 1],
        ),
        ({"unevaluatedItems": {"const": 0}}, [0, 0], [0, 1]),
        ({"unevaluatedItems": False, "anyOf": [True, {"prefixItems": [{}]}]}, [0], [0, 1]),
        ({"unevaluatedProperties": False, "patternProperties": {"^a": {}}}, {"ab": 0}, {"b": 1}),
        (
            {
                "allOf": [{"$ref": "#/x/properties/a"}, {"$ref": "#/x"}, {"$ref": "#/x/properties/a"}],
                "x": {"properties": {"a": {"type": "object"}}},
            },
            {"a": {}},
            {"a": 1},
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "additionalProperties": {"type": "null"},
                "dependencies": {"a": ["b"]},
            },
            {"a": None, "b": None},
            {"a": None},
        ),
        (
            {
                "$id": "urn:root",
                "$ref": "#a",
                "$defs": {
                    "a": {
                        "$anchor": "a",
                        "properties": {"x": True, "deep": {"$ref": "#a"}},
                        "unevaluatedProperties": False,
                        "$dynamicRef": "#b",
                    },
                    "b": {"$dynamicAnchor": "b", "properties": {"y": True}},
                },
            },
            {"x": 1, "y": 1, "deep": {"y": 2}},
            {"z": 1},
        ),
    ],
)
def test_references_lead_and_what_nothing_looks_at_is_refused(schema, fitting, unfit):
    validator = validator_of(schema)
    validator.validate(fitting)
    for value in (1, []):
        with contextlib.suppress(SchemaError):
            validator.validate(value)
    with pytest.raises(SchemaError):
        validator.validate(unfit)


@pytest.mark.parametrize(
    "schema",
    [
        {"additionalItems": {"$ref": None, "pattern": 7}},
        *(
            {"$schema": "http://json-schema.org/draft-07/schema", **unknown}
            for unknown in (
                {"$dynamicRef": None},
                {"$dynamicAnchor": []},
                {"$defs": {"a": {"pattern": 7}}},
                {"prefixItems": [{"patternProperties": 7}]},
                {"unevaluatedProperties": {"$ref": 7}},
            )
        ),
    ],
)
def test_what_a_dialect_does_not_know_may_be_anything(schema):
    validator_of(schema, author=Author.PEER).validate({"a": [1, 2]})


def test_what_a_dialect_does_not_know_is_checked_where_a_reference_leads_to_it():
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema",
        "$ref": "#/$defs/a",
        "$defs": {"a": {"type": "integer", "$dynamicRef": 7}, "b": {"pattern": 7}},
    }
    assert refusal(schema, "1") == "expected the type 'integer', found '1'"
    with pytest.raises(RemoteProtocolError, match="7 is not of type 'string'"):
        validator_of({**schema, "$ref": "#/$defs/b"}, author=Author.PEER)


def test_a_reference_to_what_is_no_schema_is_refused():
    with pytest.raises(LocalProtocolError, match="leads to what is no schema"):
        validator_of({"$ref": "#/x", "x": [1]})
    with pytest.raises(LocalProtocolError, match="is not valid under any"):
        validator_of({"$ref": "#/x", "x": {"type": 7}})


def test_no_schema_opens_a_socket_or_a_file(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError((arguments, options))

    validator_of({"type": "integer"}).validate(1)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    for address in (
        "http://canary.invalid/x.json",
        "https://json-schema.org/draft/2019-09/schema",
        "file:///etc/hosts",
    ):
        for schema in ({"$ref": address}, {"items": {"$dynamicRef": address}}, {"$schema": address}):
            for author in Author:
                with pytest.raises(ProtocolError):
                    validator_of(schema, author=author)
        within = {"$id": address, "$ref": "#/$defs/a", "$defs": {"a": {"$id": "other", "type": "integer"}}}
        validator_of(within, author=Author.PEER).validate(1)


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
