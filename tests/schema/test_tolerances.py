"""What is overlooked in a peer's results, and what is not."""

import pytest

from sansmcp.schema import (
    TOLERANCES,
    Annotations,
    CallToolResult,
    InputRequiredResult,
    ListPromptsResult,
    ListToolsResult,
    SchemaError,
    SubscriptionsListenResult,
    TextContent,
    Tolerance,
    Tool,
    codec_for,
)
from sansmcp.schema.tolerances import MAX_DROPPED
from sansmcp.values import ABSENT

MODERN = codec_for("2026-07-28")
LEGACY = codec_for("2025-11-25")
TOOL = {"name": "add", "inputSchema": {"type": "object"}}
LISTED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def failure(codec, type_, document):
    with pytest.raises(SchemaError) as caught:
        codec.structure(type_, document)
    return str(caught.value)


def test_each_tolerance_says_what_is_done():
    assert TOLERANCES.keys() == set(Tolerance)
    assert all(TOLERANCES.values())


def test_null_on_an_optional_member_of_a_result_counts_as_absent():
    document = {
        **LISTED,
        "nextCursor": None,
        "_meta": None,
        "tools": [{**TOOL, "title": None, "icons": None}],
    }
    result, dropped = MODERN.structure_reporting(ListToolsResult, document)
    assert result == ListToolsResult(tools=(Tool(name="add", input_schema={"type": "object"}),))
    assert dropped == ()
    with pytest.raises(SchemaError, match=r"nextCursor: expected a string, found null"):
        MODERN.structure(ListToolsResult, document)


def test_an_object_is_as_fixed_under_tolerance_as_without():
    block = {"type": "text", "text": "a", "annotations": None}
    older = codec_for("2025-03-26")
    document = {"content": [block, {**block, "_meta": 1}], "structuredContent": 1, "isError": None}
    result, dropped = older.structure_reporting(CallToolResult, document)
    assert result == CallToolResult(content=(TextContent(text="a"),) * 2)
    assert dropped == ()
    with pytest.raises(SchemaError, match="type: expected 'text', found 'image'"):
        LEGACY.structure_reporting(TextContent, {**block, "type": "image"})


def test_null_on_a_required_member_of_a_result_does_not():
    with pytest.raises(SchemaError, match=r"content: expected an array, found null"):
        MODERN.structure_reporting(CallToolResult, {"resultType": "complete", "content": None})


def test_null_that_is_a_value_stays_one_under_tolerance():
    document = {"content": [], "structuredContent": None, "isError": None}
    result, _ = MODERN.structure_reporting(CallToolResult, document)
    assert result.structured_content is None
    assert result.is_error is None
    older, _ = LEGACY.structure_reporting(CallToolResult, document)
    assert older.structured_content is ABSENT


def test_a_result_without_its_new_members_is_complete_stale_and_private():
    result, dropped = MODERN.structure_reporting(ListToolsResult, {"tools": []})
    assert (result.result_type, result.ttl_ms, result.cache_scope) == ("complete", 0, "private")
    assert dropped == ()
    assert failure(MODERN, ListToolsResult, {"tools": []}) == "ttlMs: expected an integer, found nothing"


def test_a_member_without_a_safe_default_may_not_be_missing():
    with pytest.raises(SchemaError, match="_meta: expected an object, found nothing"):
        MODERN.structure_reporting(SubscriptionsListenResult, {"resultType": "complete"})


def test_a_negative_time_counts_as_none():
    result, _ = MODERN.structure_reporting(ListToolsResult, {**LISTED, "tools": [], "ttlMs": -1})
    assert result.ttl_ms == 0
    assert failure(MODERN, ListToolsResult, {**LISTED, "tools": [], "ttlMs": -1}) == (
        "ttlMs: expected an integer of at least 0, found -1"
    )
    with pytest.raises(SchemaError, match="priority: expected a number from 0 to 1"):
        MODERN.structure_reporting(Annotations, {"priority": -1})


def test_an_object_that_does_not_fit_costs_its_item_and_is_reported():
    document = {**LISTED, "tools": [TOOL, {"name": 1}, {**TOOL, "icons": [{"src": "a"}, {"src": 2}]}]}
    result, dropped = MODERN.structure_reporting(ListToolsResult, document)
    assert [tool.name for tool in result.tools] == ["add", "add"]
    assert [icon.src for icon in result.tools[1].icons] == ["a"]
    assert [str(error) for error in dropped] == [
        "tools[1].name: expected a string, found 1",
        "tools[2].icons[1].src: expected a string, found 2",
    ]


@pytest.mark.parametrize("item", [None, 1, "add", []])
def test_what_is_no_object_costs_the_list_that_it_is_in(item):
    with pytest.raises(SchemaError, match=r"tools\[1\]: expected an object"):
        MODERN.structure_reporting(ListToolsResult, {**LISTED, "tools": [TOOL, item]})
    document = {**LISTED, "tools": [TOOL, {**TOOL, "icons": [item]}]}
    result, dropped = MODERN.structure_reporting(ListToolsResult, document)
    assert len(result.tools) == 1
    assert dropped[0].path == "tools[1].icons[0]"


def test_losses_inside_a_mapping_are_reported_with_their_path():
    question = {
        "method": "sampling/createMessage",
        "params": {"maxTokens": 1, "messages": [{"role": "user", "content": {"type": "smell"}}]},
    }
    result, dropped = MODERN.structure_reporting(InputRequiredResult, {"inputRequests": {"a": question}})
    assert result.input_requests["a"].params.messages == ()
    assert [error.path for error in dropped] == ["inputRequests.a.params.messages[0].content.type"]


@pytest.mark.parametrize(
    ("count", "is_read"), [(MAX_DROPPED, True), (MAX_DROPPED + 1, False), (20_000, False)]
)
def test_a_list_that_is_wrong_throughout_is_refused(count, is_read):
    document = {**LISTED, "prompts": [{"name": 1}] * count}
    if is_read:
        assert len(MODERN.structure_reporting(ListPromptsResult, document)[1]) == count
    else:
        with pytest.raises(SchemaError, match=rf"prompts\[{MAX_DROPPED}\].name"):
            MODERN.structure_reporting(ListPromptsResult, document)


def test_what_fits_no_type_at_all_is_refused_under_tolerance_too():
    for document in ([], {"content": [], "_meta": 1}, {"content": "text"}):
        with pytest.raises(SchemaError):
            LEGACY.structure_reporting(CallToolResult, document)
    with pytest.raises(SchemaError, match="type: expected 'text', found nothing"):
        LEGACY.structure_reporting(TextContent, {"text": ""})


def test_unknown_members_survive_tolerance():
    document = {**LISTED, "nextCursor": None, "tools": [{**TOOL, "x-a": 1}], "x-b": 2}
    result, _ = MODERN.structure_reporting(ListToolsResult, document)
    assert (result.extra, result.tools[0].extra) == ({"x-b": 2}, {"x-a": 1})


def test_a_strict_codec_overlooks_nothing():
    strict = codec_for("2026-07-28", strict=True)
    for document in (
        {"tools": []},
        {**LISTED, "tools": [], "nextCursor": None},
        {**LISTED, "tools": [], "ttlMs": -1},
        {**LISTED, "tools": [{}]},
    ):
        with pytest.raises(SchemaError):
            strict.structure_reporting(ListToolsResult, document)
    assert strict.structure_reporting(ListToolsResult, {**LISTED, "tools": []}) == (
        ListToolsResult(tools=()),
        (),
    )
