"""Values checked against schemas of our own and of a peer's.

Source: 2025-11-25 and later, Base Protocol, JSON Schema Usage; 2026-07-28, `$ref` Resolution.
"""

import builtins
import contextlib
import re
import socket
import urllib.request

import pytest
from tests.schema.doubling import doubling

from sansmcp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sansmcp.schema import Author, SchemaError, validator_of


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
