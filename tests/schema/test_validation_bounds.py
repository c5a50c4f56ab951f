"""Bounds of checks, whoever wrote the schema or the value."""

import contextlib
import time

import pytest
from tests.schema.doubling import doubling

from sansmcp.errors import LocalProtocolError, RemoteProtocolError
from sansmcp.schema import Author, SchemaError, SchemaLimits, validator_of


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
