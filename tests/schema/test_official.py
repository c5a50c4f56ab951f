"""Every type of the floor against every definition of the official schemas, both ways."""

import contextlib
import json
from typing import get_args

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.schema.documents import documents
from tests.schema.official import (
    CLASSES,
    definitions,
    dereferenced,
    is_listed,
    mapped,
    merged,
    unions,
    validator,
)
from tests.schema.strategies import is_plain, unknown_members, values

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS, SchemaError, TextContent, codec_for
from sansmcp.schema.members import constants_of, is_schema_type, span_of
from sansmcp.schema.shapes import is_any, is_mapping, is_tuple, rows_in

PAIRS = [(revision, name) for revision in REVISIONS for name in mapped(revision)]
UNIONS = [
    (revision, name)
    for revision in REVISIONS
    for name in unions(revision)
    if (revision, name) != ("2025-06-18", "EnumSchema")
]


def exactly(value):
    """Tell 1 from 1.0 and from True, which `==` does not."""
    return json.dumps(value, sort_keys=True)


def inner_objects(revision, cls, schema):
    """Yield a class and its schema, and those of all classes inside that have no definition."""
    yield cls, schema
    for row in rows_in(cls, revision):
        annotation = row.type_in(revision)
        inner = schema["properties"][row.name]
        if is_tuple(annotation):
            annotation, inner = get_args(annotation)[0], dereferenced(revision, inner)["items"]
        elif is_mapping(annotation):
            annotation, inner = (
                get_args(annotation)[1],
                dereferenced(revision, inner).get("additionalProperties", {}),
            )
        if is_schema_type(annotation) and "$ref" not in inner:
            yield from inner_objects(revision, annotation, inner)


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_definition_has_a_class_or_is_listed_as_needing_none(revision):
    assert [
        name for name in definitions(revision) if name not in mapped(revision) and not is_listed(name)
    ] == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_class_is_held_against_a_definition_of_every_revision_that_has_it(revision):
    reached = {
        inner
        for cls, schema in mapped(revision).values()
        for inner, _ in inner_objects(revision, cls, merged(revision, schema))
    }
    expected = {cls for cls in CLASSES.values() if span_of(cls).covers(revision)}
    # The legacy revisions answer a refused version with this data and have no definition for it; what a
    # question is made of is in three definitions.
    names = {cls.__name__ for cls in expected - reached}
    assert names <= {"UnsupportedProtocolVersionErrorData", "InputRequest"}
    assert reached <= expected


@pytest.mark.parametrize(("revision", "name"), PAIRS)
def test_a_class_has_the_members_of_its_definition_and_requires_the_same(revision, name):
    cls, schema = mapped(revision)[name]
    for inner, found in inner_objects(revision, cls, merged(revision, schema)):
        rows, constants = rows_in(inner, revision), set(constants_of(inner))
        required = {row.name for row in rows if row.required(revision)}
        assert {row.name for row in rows} | constants == set(found.get("properties", {})), inner
        assert required | constants == set(found.get("required", ())), inner


small = settings(
    # There are some four hundred pairs of a definition and a revision: half a dozen examples of each by
    # default, and about sixty under the profile that tries hard.
    max_examples=max(settings.default.max_examples // 160, 6),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize(("revision", "name"), PAIRS + UNIONS)
@small
@given(data=st.data())
def test_what_is_written_is_plain_and_valid_with_unknown_members_forbidden(revision, name, data):
    cls, schema = (mapped(revision) | unions(revision))[name]
    value = data.draw(values(cls, revision))
    written = codec_for(revision).unstructure(value)
    assert is_plain(written)
    assert [
        error.message for error in validator(revision, merged(revision, schema)).iter_errors(written)
    ] == []


GONE = object()
CHOICES = ("enum", "enumNames", "oneOf")
PROBES = (GONE, None, True, 7, 0.5, "zzz", [], {}, [None])


def places(document):
    """Yield each container of a document with a key in it; what is in `_meta` is for another floor."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for key, inner in members:
        yield document, key
        if isinstance(inner, dict | list) and key not in {"_meta", *CHOICES}:
            yield from places(inner)


def may_differ(key, probe):
    """Say whether we mean to be stricter or laxer than the schema about a change.

    A choice without its values would be a text field with unknown members; what must be in `_meta` is looked
    after by another floor.
    """
    return key in CHOICES or (key == "_meta" and (probe == {} or probe is GONE))


def fits(codec, type_, document):
    try:
        codec.structure(type_, document)
    except SchemaError:
        return False
    return True


SLIPS = (None, True, 7, 0.5, "zzz", {}, [None], ("zzz", 7), TextContent(text="zzz"))


def typed_rows(cls, revision):
    """Return the members of a class that cannot be just anything, in whichever revision."""
    rows = [row for row in rows_in(cls, revision) if row.name != "_meta"]
    return [row for row in rows if not is_any(row.type_in(REVISIONS[-1]))]


@pytest.mark.parametrize(
    ("revision", "name"),
    [(revision, name) for revision, name in PAIRS if typed_rows(mapped(revision)[name][0], revision)],
)
@small
@given(data=st.data())
def test_a_slip_in_an_attribute_is_refused_unless_what_is_written_is_valid(revision, name, data):
    cls, schema = mapped(revision)[name]
    row = data.draw(st.sampled_from(typed_rows(cls, revision)))
    slip = data.draw(st.sampled_from(SLIPS))
    value = attrs.evolve(data.draw(values(cls, revision)), **{row.attribute: slip})
    refusal = written = None
    try:
        written = codec_for(revision).unstructure(value)
    except LocalProtocolError as error:
        refusal = str(error)
    if refusal is None:
        assert is_plain(written)
        assert validator(revision, merged(revision, schema)).is_valid(written)
    else:
        assert refusal.startswith(f"cannot send {cls.__name__} in {revision}: {row.name}")


@pytest.mark.parametrize(("revision", "name"), PAIRS + UNIONS)
@small
@given(data=st.data())
def test_a_document_with_a_change_is_read_if_and_only_if_it_is_still_valid(revision, name, data):
    cls, schema = (mapped(revision) | unions(revision))[name]
    document = data.draw(documents(revision, schema, unknown_members))
    found = list(places(document))
    assume(found)
    place, key = data.draw(st.sampled_from(found))
    probe = data.draw(st.sampled_from(PROBES))
    assume(not may_differ(key, probe))
    if probe is GONE:
        del place[key]
    else:
        place[key] = probe
    codec, official = codec_for(revision), validator(revision, merged(revision, schema), strict=False)
    assert fits(codec, cls, document) is official.is_valid(document)
    # What tolerance makes of it, if anything, is valid again; and nothing but SchemaError comes out.
    with contextlib.suppress(SchemaError):
        assert official.is_valid(codec.unstructure(codec.structure_reporting(cls, document)[0]))


@pytest.mark.parametrize(("revision", "name"), PAIRS + UNIONS)
@small
@given(data=st.data())
def test_what_is_valid_is_read_and_comes_out_as_it_was(revision, name, data):
    cls, schema = (mapped(revision) | unions(revision))[name]
    document = data.draw(documents(revision, schema, unknown_members))
    codec = codec_for(revision)
    value = codec.structure(cls, document)
    assert exactly(codec.unstructure(value)) == exactly(document)
    assert codec.structure_reporting(cls, document) == (value, ())
