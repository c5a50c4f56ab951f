"""How types say what their members are."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import attrs

from sansmcp.schema import (
    CancelledNotificationParams,
    Check,
    ElicitRequestURLParams,
    RequestedSchema,
    Span,
    TextContent,
    Tool,
    member,
)
from sansmcp.schema.members import constants_of, is_schema_type, rows_of, span_of
from sansmcp.values import ABSENT, JSON, Absent


def row(cls, attribute):
    return next(row for row in rows_of(cls) if row.attribute == attribute)


def test_names_are_in_camel_case_but_for_meta_and_for_names_that_are_given():
    assert [found.name for found in rows_of(TextContent)] == ["text", "annotations", "_meta"]
    assert row(Tool, "input_schema").name == "inputSchema"
    assert row(RequestedSchema, "dialect").name == "$schema"


def test_a_class_variable_of_a_literal_is_a_member_with_a_fixed_value():
    assert constants_of(TextContent) == {"type": "text"}
    assert constants_of(ElicitRequestURLParams) == {"mode": "url"}
    assert constants_of(Tool) == {}


def test_a_span_covers_both_its_ends():
    span = Span(since="2025-03-26", until="2025-11-25")
    assert span.covers("2025-03-26")
    assert span.covers("2025-11-25")
    assert not span.covers("2024-11-05")
    assert not span.covers("2026-07-28")


def test_a_member_may_be_required_in_all_revisions_but_one():
    request_id = row(CancelledNotificationParams, "request_id")
    assert request_id.required("2025-06-18")
    assert not request_id.required("2025-11-25")
    assert request_id.required("2026-07-28")


def test_the_type_of_a_member_depends_on_the_revision_and_is_without_what_stands_for_absent():
    @attrs.frozen(kw_only=True)
    class Sample:
        many: int | str | None = attrs.field(default=None, metadata=member(before={"2025-06-18": int}))
        one: str | Absent = ABSENT
        plain: int | None
        counted: int = 0

    assert row(Sample, "many").type_in("2025-03-26") is int
    assert row(Sample, "many").type_in("2025-06-18") == int | str
    assert row(Sample, "one").type_in("2025-06-18") is str
    assert row(Sample, "plain").type_in("2025-06-18") == int | None
    assert row(Sample, "plain").absent() is attrs.NOTHING
    assert row(Sample, "counted").type_in("2025-06-18") is int
    assert row(Sample, "counted").absent() is attrs.NOTHING
    assert row(Sample, "many").absent() is None
    assert row(Sample, "one").absent() is ABSENT


def test_a_type_is_an_attrs_class_with_extra_and_knows_its_revisions():
    @attrs.frozen(kw_only=True)
    class Custom:
        SPAN: ClassVar[Span] = Span(since="2025-11-25")

        kind: ClassVar[Literal["custom"]] = "custom"
        limit: ClassVar[int] = 3
        extra: Mapping[str, JSON] = attrs.field(factory=dict)

    assert is_schema_type(Custom)
    assert constants_of(Custom) == {"kind": "custom"}
    assert span_of(Custom) == Span(since="2025-11-25")
    assert span_of(Tool) == Span()
    assert not is_schema_type(Check)
    assert not is_schema_type(int)
    assert not is_schema_type(Mapping[str, JSON])
