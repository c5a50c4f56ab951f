"""Hypothesis strategies for JSON documents, made from the official schemas and from nothing of ours."""

from hypothesis import strategies as st
from tests.schema.official import dereferenced, merged
from tests.schema.strategies import base64_texts, json_values, texts

SCALARS = {
    "string": texts,
    "integer": st.integers(-(2**53), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "null": st.none(),
}


MADE = {}
"""Strategies by the identity of their schema, which is kept so that no other gets its place in memory."""


def documents(revision, schema, unknown=None):
    """Return a strategy for the values of a schema.

    `unknown` is a strategy for the members that objects get beside those that the schema names; without it
    they get none.
    """
    key = revision, id(schema), unknown is None
    if key not in MADE:
        MADE[key] = schema, made(revision, schema, unknown)
    return MADE[key][1]


def made(revision, schema, unknown):
    """Make the strategy of `documents`."""
    if schema.get("$ref", "").endswith("/JSONValue"):
        return json_values
    schema = merged(revision, dereferenced(revision, schema))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([documents(revision, part, unknown) for part in schema["anyOf"]])
    found = schema.get("type", "object" if "properties" in schema else None)
    if found is None:
        return json_values
    return st.one_of(
        [typed(revision, schema, name, unknown) for name in ([found] if isinstance(found, str) else found)]
    )


def typed(revision, schema, name, unknown):
    """Return a strategy for the values of a schema of one type."""
    if name == "array":
        return st.lists(documents(revision, schema["items"], unknown), max_size=2)
    if name == "object":
        return objects(revision, schema, unknown)
    if name == "number" and "minimum" in schema:
        return st.floats(schema["minimum"], schema["maximum"]) | st.sampled_from([0, 1])
    if name == "integer" and "minimum" in schema:
        return st.integers(schema["minimum"], 2**53)
    return base64_texts if schema.get("format") == "byte" else SCALARS[name]


@st.composite
def objects(draw, revision, schema, unknown):
    """Draw an object: the members that the schema requires, some of the others, some it does not know."""
    drawn = {}
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if name in required or draw(st.booleans()):
            drawn[name] = draw(documents(revision, inner, unknown))
    more = schema.get("additionalProperties")
    if isinstance(more, dict) and more and "properties" not in schema:
        drawn |= draw(st.dictionaries(texts, documents(revision, more, unknown), max_size=2))
    elif unknown is not None:
        drawn |= draw(unknown)
    return drawn
