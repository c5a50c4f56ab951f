"""Hypothesis strategies for the types of the floor: instances that a revision can say."""

import copy
import functools
from typing import get_args

from hypothesis import strategies as st

from sansmcp.schema import (
    CreateMessageRequestParams,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    InputRequest,
    ListRootsRequestParams,
    completion,
    content,
    members,
    tools,
)
from sansmcp.schema.members import is_schema_type
from sansmcp.schema.shapes import (
    is_annotated,
    is_any,
    is_literal,
    is_mapping,
    is_scalar,
    is_tuple,
    members_in,
    rows_in,
)

# Nothing here reads a text or looks into a JSON value, so that a handful of each is as good as any, and ten
# times as quick as to make them up.
texts = st.sampled_from(["", "a", "text", "name", "_meta", "é\u2028\U0001f600", "x" * 99])
base64_texts = st.sampled_from(["", "AA==", "+/8=", "AAEC" * 9])
integers = st.integers(-(2**53), 2**53)
numbers = st.floats(allow_nan=False, allow_infinity=False) | integers
json_values = st.sampled_from(
    [None, True, 0, -1.5, "", "a", [], {}, [1, [None, {"a": []}]], {"": 0.5, "type": {"type": "text"}}]
).map(copy.deepcopy)  # a test may change what it has drawn
json_objects = st.dictionaries(texts, json_values, max_size=2)
unknown_members = st.dictionaries(
    st.text("abc", min_size=1, max_size=3).map("x-{}".format), json_values, max_size=2
)
"""Members that no revision knows."""

SCALARS = {str: texts, int: integers, float: numbers, bool: st.booleans(), type(None): st.none()}

object_schemas = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "$schema": st.just("https://json-schema.org/draft/2020-12/schema"),
        "properties": st.dictionaries(texts, json_objects, max_size=2),
        "required": st.lists(texts, max_size=2),
        "minProperties": st.integers(0, 3),
    },
)

# Tables by `==`, since an annotation with a check is no key that everybody can hash.
CHECKED = (
    (members.Fraction, st.floats(0, 1) | st.integers(0, 1)),
    (members.Milliseconds, st.integers(0, 2**53)),
    (members.RequestMeta, json_objects),
    (content.Base64, base64_texts),
    (completion.CompletionValues, st.lists(texts, max_size=3).map(tuple)),
    (tools.ObjectSchema, object_schemas),
    (tools.PlainObjectSchema, object_schemas),
    (tools.OutputSchema, object_schemas | st.just({"type": "string"})),
)

MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/subscriptionId": 1,
}
"""What the schema of 2026-07-28 wants in some `_meta`; another floor puts it in."""


def values(annotation, revision):
    """Return a strategy for the values of a type, as the attributes hold them."""
    for known, strategy in CHECKED:
        if annotation == known:
            return strategy
    if is_any(annotation):
        return json_values
    if is_scalar(annotation):
        return SCALARS[annotation]
    if is_literal(annotation):
        return st.sampled_from(get_args(annotation))
    if is_annotated(annotation):
        raise AssertionError(annotation)
    if is_mapping(annotation):
        return st.dictionaries(texts, values(get_args(annotation)[1], revision), max_size=2)
    if is_tuple(annotation):
        return st.lists(values(get_args(annotation)[0], revision), max_size=2).map(tuple)
    if is_schema_type(annotation):
        return instances(annotation, revision)
    return st.one_of([values(member, revision) for member in members_in(annotation, revision)])


def attribute(row, revision):
    """Return a strategy for one attribute of an instance."""
    if row.name == "_meta" and row.required(revision):
        return st.just(MODERN_META)
    found = values(row.type_in(revision), revision)
    optional = not row.required(revision) and row.default is row.absent()
    return st.just(row.default) | found if optional else found


QUESTIONS = {
    "sampling/createMessage": (CreateMessageRequestParams,),
    "elicitation/create": (ElicitRequestFormParams, ElicitRequestURLParams),
    "roots/list": (ListRootsRequestParams,),
}


@st.composite
def questions(draw, revision):
    """Draw a question inside a result: its params belong to its method."""
    method = draw(st.sampled_from(list(QUESTIONS)))
    params = draw(st.one_of([instances(cls, revision) for cls in QUESTIONS[method]]))
    if method == "roots/list" and draw(st.booleans()):
        params = None
    return InputRequest(method=method, params=params)


@functools.cache
def instances(cls, revision, extra=None):
    """Return a strategy for the objects of a class that a revision can say."""
    if cls is InputRequest:
        return questions(revision)
    attributes = {row.attribute: attribute(row, revision) for row in rows_in(cls, revision)}
    if extra is not None:
        attributes["extra"] = extra
    return st.builds(cls, **attributes)


def is_plain(value):
    """Say whether a value is made of the plain types of JSON and nothing else."""
    if type(value) is dict:
        return all(type(name) is str and is_plain(inner) for name, inner in value.items())
    if type(value) is list:
        return all(is_plain(inner) for inner in value)
    return type(value) in {str, int, float, bool, type(None)}
