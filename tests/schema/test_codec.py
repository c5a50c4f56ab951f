"""Codecs: one per revision, each with the words of its revision only."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.schema.official import CLASSES
from tests.schema.strategies import instances, values

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    REVISIONS,
    DiscoverResult,
    Implementation,
    InitializeRequestParams,
    ListToolsResult,
    SchemaError,
    Task,
    codec_for,
)
from sansmcp.schema.members import Check, rows_of, span_of
from sansmcp.values import JSON

MODERN = codec_for("2026-07-28")
LEGACY = codec_for("2025-11-25")
TOOL = {"name": "add", "inputSchema": {"type": "object"}}
LISTED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def failure(codec, type_, document):
    with pytest.raises(SchemaError) as caught:
        codec.structure(type_, document)
    return str(caught.value)


def refusal(codec, value):
    with pytest.raises(LocalProtocolError) as caught:
        codec.unstructure(value)
    return str(caught.value)


def test_there_is_one_codec_per_revision_and_strictness():
    assert codec_for("2026-07-28") is MODERN
    assert (MODERN.revision, MODERN.strict) == ("2026-07-28", False)
    assert codec_for("2026-07-28", strict=True) is not MODERN
    assert codec_for("2026-07-28", strict=True).strict


OTHERS = [
    (revision, cls, row)
    for revision in REVISIONS
    for cls in CLASSES.values()
    if span_of(cls).covers(revision)
    for row in rows_of(cls)
    if not row.terms.span.covers(revision)
]


@pytest.mark.parametrize(("revision", "cls", "row"), OTHERS, ids=lambda value: getattr(value, "name", None))
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_members_of_other_revisions_are_neither_read_nor_kept_nor_sent(revision, cls, row, data):
    home = max(row.terms.span.since, span_of(cls).since)
    value = data.draw(instances(cls, revision))
    codec = codec_for(revision)
    written = codec.unstructure(value)
    foreign = data.draw(values(row.type_in(home), home))
    if row.name != "tools":  # they are refused instead
        assert codec.unstructure(attrs.evolve(value, **{row.attribute: foreign})) == written
    read = codec.structure(cls, {**written, row.name: [None]})
    assert getattr(read, row.attribute) == row.default
    assert row.name not in read.extra
    assert row.name not in codec.unstructure(read)


@pytest.mark.parametrize("revision", REVISIONS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_result_that_lost_members_to_an_older_revision_can_still_be_read(revision, data):
    value = data.draw(instances(ListToolsResult, "2026-07-28"))
    codec = codec_for(revision)
    assert codec.unstructure(codec.structure(ListToolsResult, codec.unstructure(value))) == codec.unstructure(
        value
    )


def test_types_of_other_revisions_are_refused_locally():
    with pytest.raises(LocalProtocolError, match="2025-11-25 has no DiscoverResult"):
        LEGACY.structure(DiscoverResult, {})
    with pytest.raises(LocalProtocolError, match="2026-07-28 has no InitializeRequestParams"):
        MODERN.structure_reporting(InitializeRequestParams, {})
    task = Task(task_id="", status="working", created_at="", last_updated_at="", ttl=1)
    assert refusal(MODERN, task) == (
        "cannot send Task in 2026-07-28: expected something that 2026-07-28 has, found 'Task'"
    )


@attrs.frozen(kw_only=True)
class Sum:
    """A type of an extension."""

    kind: ClassVar[Literal["sum"]] = "sum"
    numbers: tuple[float, ...]
    label: Annotated[str, "only for people", Check(expected="a word", holds=str.isalpha)] | None = None
    note: Annotated[str, "only for people"] | None = None
    mixed: Mapping[str, int] | Literal["none"] | JSON = None
    either: Mapping[str, int] | Literal["none"] | Annotated[int, "only for people"] = 0
    by: Implementation | None = None
    extra: Mapping[str, JSON] = attrs.field(factory=dict)


def test_a_class_made_like_ours_is_read_and_written_by_the_same_rules():
    document = {
        "kind": "sum",
        "numbers": [1, 2.5],
        "label": "a",
        "either": "none",
        "by": {"name": "x", "version": "1"},
    }
    value = LEGACY.structure(Sum, {**document, "x-more": None})
    assert value == Sum(
        numbers=(1, 2.5),
        label="a",
        either="none",
        by=Implementation(name="x", version="1"),
        extra={"x-more": None},
    )
    assert LEGACY.unstructure(value) == {**document, "x-more": None}
    assert LEGACY.unstructure(attrs.evolve(value, either={"a": 1}))["either"] == {"a": 1}
    assert failure(LEGACY, Sum, {**document, "label": "1"}) == "label: expected a word, found '1'"
    assert (
        failure(LEGACY, Sum, {**document, "either": {"a": "1"}}) == "either.a: expected an integer, found '1'"
    )
    assert failure(LEGACY, Sum, {**document, "either": 1.5}) == (
        "either: expected an object or one of 'none' or an integer, found 1.5"
    )
    assert LEGACY.structure(Sum, {**document, "mixed": [1], "note": "1"}).mixed == [1]
