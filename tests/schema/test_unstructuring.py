"""Writing: what a peer would refuse is refused before it is sent."""

import enum
from types import MappingProxyType

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    Annotations,
    CallToolRequestParams,
    CallToolResult,
    CancelledNotificationParams,
    ClientCapabilities,
    CompleteResult,
    Completion,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitRequestURLParams,
    InputRequest,
    InputRequiredResult,
    ListToolsResult,
    LoggingMessageNotificationParams,
    RequestedSchema,
    RequestParams,
    Result,
    SchemaError,
    SubscriptionsListenResult,
    TextContent,
    Tool,
    codec_for,
)

MODERN = codec_for("2026-07-28")
LEGACY = codec_for("2025-11-25")
TOOL = {"name": "add", "inputSchema": {"type": "object"}}
LISTED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def refusal(codec, value):
    with pytest.raises(LocalProtocolError) as caught:
        codec.unstructure(value)
    return str(caught.value)


def test_members_are_written_in_a_stable_order_and_unknown_ones_last():
    result = CallToolResult(
        extra={"x-more": 1}, meta={}, content=(TextContent(text="a"),), structured_content={}, is_error=False
    )
    assert list(MODERN.unstructure(result)) == [
        "content",
        "structuredContent",
        "isError",
        "resultType",
        "_meta",
        "x-more",
    ]
    assert list(MODERN.unstructure(TextContent(text="a"))) == ["type", "text"]


def test_every_object_that_is_written_is_a_fresh_one():
    result = CallToolResult(content=(TextContent(text="a"),))
    MODERN.unstructure(result)["content"].clear()
    assert MODERN.unstructure(result)["content"] == [{"type": "text", "text": "a"}]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (TextContent(text=5), "text: expected a string, found 5"),
        (CallToolResult(content=(TextContent(text=5),)), "content[0].text: expected a string, found 5"),
        (
            CallToolResult(content=TextContent(text="")),
            "content: expected an array, found an instance of TextContent",
        ),
        (CallToolResult(content="text"), "content: expected an array, found 'text'"),
        (CallToolResult(content=("text",)), "content[0]: expected TextContent or ImageContent or"),
        (CallToolResult(content=(Result(),)), "content[0]: expected TextContent or ImageContent or"),
        (ListToolsResult(tools=(Result(),)), "tools[0]: expected Tool, found an instance of Result"),
        (Annotations(priority=2), "priority: expected a number from 0 to 1, found 2"),
        (Annotations(audience=("model",)), "audience[0]: expected one of 'user', 'assistant', found 'model'"),
        (ListToolsResult(tools=(), ttl_ms=-1), "ttlMs: expected an integer of at least 0, found -1"),
        (ListToolsResult(tools=(), ttl_ms=1.0), "ttlMs: expected an integer, found 1.0"),
        (CallToolRequestParams(name="a", arguments=[1]), "arguments: expected an object, found an array"),
        (
            RequestParams(meta={"progressToken": 1.5}),
            "_meta: expected progressToken to be a string or an integer",
        ),
        (
            CompleteResult(completion=Completion(values=("a",) * 101)),
            "completion.values: expected at most 100 values",
        ),
        (
            CompleteResult(completion=Completion(values="ab")),
            "completion.values: expected an array, found 'ab'",
        ),
        (CancelledNotificationParams(), "requestId: expected a value, found nothing"),
        (
            ClientCapabilities(experimental={"a": 1}),
            "experimental.a: expected an object, found 1",
        ),
        (ClientCapabilities(experimental=[]), "experimental: expected an object, found an array"),
        (
            InputRequiredResult(input_requests={"a": InputRequest(method="ping")}),
            "inputRequests.a.method: expected one of",
        ),
        (InputRequiredResult(input_requests={1: Result()}), "inputRequests.1: expected InputRequest"),
        (
            Tool(name="a", input_schema={"type": "array"}),
            "inputSchema: expected a JSON Schema with type 'object'",
        ),
    ],
)
def test_what_would_not_fit_is_refused_before_it_is_sent(value, text):
    assert refusal(MODERN, value).startswith(f"cannot send {type(value).__name__} in 2026-07-28: {text}")


def test_a_hundred_completions_may_be_sent_and_before_2026_07_28_more():
    hundred = CompleteResult(completion=Completion(values=("a",) * 100))
    more = CompleteResult(completion=Completion(values=("a",) * 101))
    assert len(MODERN.unstructure(hundred)["completion"]["values"]) == 100
    assert len(LEGACY.unstructure(more)["completion"]["values"]) == 101
    assert LEGACY.structure(CompleteResult, LEGACY.unstructure(more)) == more
    with pytest.raises(SchemaError, match=r"completion\.values: expected at most 100 values"):
        MODERN.structure(CompleteResult, {**LEGACY.unstructure(more), "resultType": "complete"})


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18", "2026-07-28"])
def test_a_cancellation_names_its_request_everywhere_but_in_2025_11_25(revision):
    assert "requestId" in refusal(codec_for(revision), CancelledNotificationParams(reason="late"))
    with pytest.raises(SchemaError, match="requestId: expected a string or an integer, found nothing"):
        codec_for(revision).structure(CancelledNotificationParams, {"reason": "late"})
    assert LEGACY.unstructure(CancelledNotificationParams(reason="late")) == {"reason": "late"}


def test_what_must_be_in_meta_is_left_to_the_sender():
    assert MODERN.unstructure(CallToolRequestParams(name="add")) == {"name": "add"}
    assert MODERN.unstructure(SubscriptionsListenResult()) == {"resultType": "complete"}


@pytest.mark.parametrize("name", ["name", "inputSchema", "execution"])
def test_a_member_that_some_revision_knows_is_not_smuggled_in_as_unknown(name):
    tool = Tool(name="add", input_schema={"type": "object"}, extra={"x-fine": 1, name: {}})
    assert refusal(MODERN, tool) == (
        f"cannot send Tool in 2026-07-28: extra: expected members that no revision knows, found '{name}'"
    )


def test_a_fixed_value_is_not_smuggled_in_as_unknown_either():
    assert "extra" in refusal(MODERN, TextContent(text="", extra={"type": "image"}))


class Level(enum.StrEnum):
    INFO = "info"


def test_subclasses_of_str_and_any_mapping_and_lists_are_written_as_plain_values():
    record = LoggingMessageNotificationParams(level=Level.INFO, logger=Level.INFO, data=None)
    written = MODERN.unstructure(record)
    assert written == {"level": "info", "logger": "info", "data": None}
    assert {type(written["level"]), type(written["logger"])} == {str}
    params = CallToolRequestParams(name="a", arguments=MappingProxyType({"a": 1}))
    assert type(MODERN.unstructure(params)["arguments"]) is dict
    assert MODERN.unstructure(CallToolResult(content=[TextContent(text="a")]))["content"] == [
        {"type": "text", "text": "a"}
    ]


def test_a_form_may_leave_out_that_it_is_one_and_comes_out_as_it_was():
    for mode in ({}, {"mode": "form"}):
        document = {**mode, "message": "who?", "requestedSchema": {"type": "object", "properties": {}}}
        params = MODERN.structure(ElicitRequestParams, document)
        assert params == ElicitRequestFormParams(
            message="who?", requested_schema=RequestedSchema(properties={}), **mode
        )
        assert MODERN.unstructure(params) == document
    page = MODERN.structure(ElicitRequestParams, {"mode": "url", "message": "", "url": "https://example.com"})
    assert page == ElicitRequestURLParams(message="", url="https://example.com")
