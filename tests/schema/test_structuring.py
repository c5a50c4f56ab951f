"""Reading: nothing is coerced, and what does not fit is refused with its path."""

import pytest

from sansmcp.schema import (
    Annotations,
    CallToolRequestParams,
    CallToolResult,
    ClientCapabilities,
    CreateTaskResult,
    ElicitRequestParams,
    InputRequiredResult,
    LoggingMessageNotificationParams,
    ModelPreferences,
    PaginatedRequestParams,
    ProgressNotificationParams,
    RequestParams,
    Resource,
    SchemaError,
    Task,
    TextContent,
    Tool,
    codec_for,
)
from sansmcp.values import ABSENT

MODERN = codec_for("2026-07-28")
LEGACY = codec_for("2025-11-25")
TOOL = {"name": "add", "inputSchema": {"type": "object"}}
LISTED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


ONE_OF_THE_BLOCKS = "expected one of 'text', 'image', 'audio', 'resource_link', 'resource'"


def failure(codec, type_, document):
    with pytest.raises(SchemaError) as caught:
        codec.structure(type_, document)
    return str(caught.value)


def test_params_are_read_with_what_is_unknown_kept():
    params = LEGACY.structure(
        CallToolRequestParams,
        {"name": "add", "arguments": {"a": 1}, "x-more": [1], "_meta": {"progressToken": 7}},
    )
    assert params == CallToolRequestParams(
        name="add", arguments={"a": 1}, meta={"progressToken": 7}, extra={"x-more": [1]}
    )


def test_params_that_are_not_there_are_empty_ones():
    assert LEGACY.structure_params(PaginatedRequestParams, None) == PaginatedRequestParams()
    assert LEGACY.structure_params(PaginatedRequestParams, {"cursor": ""}).cursor == ""
    with pytest.raises(SchemaError, match="_meta: expected an object, found nothing"):
        MODERN.structure_params(PaginatedRequestParams, None)


@pytest.mark.parametrize(
    ("type_", "document", "text"),
    [
        (CallToolRequestParams, [], "expected an object, found an array"),
        (CallToolRequestParams, {}, "name: expected a string, found nothing"),
        (CallToolRequestParams, {"name": 1}, "name: expected a string, found 1"),
        (CallToolRequestParams, {"name": None}, "name: expected a string, found null"),
        (
            CallToolRequestParams,
            {"name": "a", "arguments": []},
            "arguments: expected an object, found an array",
        ),
        (
            CallToolRequestParams,
            {"name": "a", "arguments": None},
            "arguments: expected an object, found null",
        ),
        (TextContent, {"type": "image", "text": ""}, "type: expected 'text', found 'image'"),
        (TextContent, {"text": ""}, "type: expected 'text', found nothing"),
        (Resource, {"uri": "a", "name": "b", "size": 1.0}, "size: expected an integer, found 1.0"),
        (Resource, {"uri": "a", "name": "b", "size": True}, "size: expected an integer, found True"),
        (CallToolResult, {"content": [], "isError": 1}, "isError: expected true or false, found 1"),
        (CallToolResult, {"content": {}}, "content: expected an array, found an object"),
        (CallToolResult, {"content": [None]}, "content[0]: expected an object, found null"),
        (
            CallToolResult,
            {"content": [{"type": "text", "text": "a"}, {"type": "video"}]},
            f"content[1].type: {ONE_OF_THE_BLOCKS}, found 'video'",
        ),
        (
            CallToolResult,
            {"content": [{"type": []}]},
            f"content[0].type: {ONE_OF_THE_BLOCKS}, found an array",
        ),
        (
            CallToolResult,
            {"content": [{"type": "resource", "resource": {"uri": "a"}}]},
            "content[0].resource: expected an object with uri and text, or with uri and blob, found",
        ),
        (
            ProgressNotificationParams,
            {"progressToken": 1, "progress": "1"},
            "progress: expected a number, found '1'",
        ),
        (
            ProgressNotificationParams,
            {"progressToken": 1.5, "progress": 1},
            "progressToken: expected a string or an integer, found 1.5",
        ),
        (ModelPreferences, {"costPriority": 1.5}, "costPriority: expected a number from 0 to 1, found 1.5"),
        (
            Annotations,
            {"audience": ["model"]},
            "audience[0]: expected one of 'user', 'assistant', found 'model'",
        ),
        (Annotations, {"audience": [[]]}, "audience[0]: expected one of 'user', 'assistant', found an array"),
        (
            RequestParams,
            {"_meta": {"progressToken": None}},
            "_meta: expected progressToken to be a string or an integer, found an object",
        ),
        (
            Tool,
            {"name": "a", "inputSchema": {}},
            "inputSchema: expected a JSON Schema with type 'object' at its root",
        ),
        (ElicitRequestParams, {"mode": "voice"}, "mode: expected one of 'form', 'url', found 'voice'"),
        (ElicitRequestParams, [], "expected an object, found an array"),
        (Task, {"taskId": "1"}, "status: expected one of 'working', 'input_required'"),
        (
            ClientCapabilities,
            {"experimental": {"a": 1}},
            "experimental.a: expected an object, found 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(type_, document, text):
    assert failure(LEGACY, type_, document).startswith(text)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "inputRequests.a: expected an object, found an array"),
        (
            {"method": "tools/call"},
            "inputRequests.a.method: expected one of 'sampling/createMessage', 'elicitation/create', 'roots/",
        ),
        ({"method": 7}, "inputRequests.a.method: expected one of 'sampling/createMessage'"),
        ({"method": "elicitation/create"}, "inputRequests.a.params: expected an object, found nothing"),
        (
            {"method": "sampling/createMessage", "params": {"message": ""}},
            "inputRequests.a.params.messages: expected an array, found nothing",
        ),
    ],
)
def test_the_params_of_a_question_belong_to_its_method(document, text):
    assert failure(
        MODERN, InputRequiredResult, {"resultType": "", "inputRequests": {"a": document}}
    ).startswith(text)


def test_null_is_a_value_where_the_type_allows_it_and_not_the_same_as_absent():
    assert LEGACY.structure(LoggingMessageNotificationParams, {"level": "info", "data": None}).data is None
    assert "data" in failure(LEGACY, LoggingMessageNotificationParams, {"level": "info"})
    null = MODERN.structure(
        CallToolResult, {"resultType": "complete", "content": [], "structuredContent": None}
    )
    assert null.structured_content is None
    assert MODERN.unstructure(null)["structuredContent"] is None
    absent = MODERN.structure(CallToolResult, {"resultType": "complete", "content": []})
    assert absent.structured_content is ABSENT
    assert "structuredContent" not in MODERN.unstructure(absent)


def test_a_task_that_is_kept_for_ever_says_null():
    task = Task(task_id="1", status="working", created_at="", last_updated_at="", ttl=None)
    assert LEGACY.unstructure(task)["ttl"] is None
    assert LEGACY.structure(Task, LEGACY.unstructure(task)) == task
    assert LEGACY.unstructure(CreateTaskResult(task=task))["task"]["ttl"] is None


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_structured_content_is_an_object_before_2026_07_28(revision):
    assert failure(codec_for(revision), CallToolResult, {"content": [], "structuredContent": [1]}) == (
        "structuredContent: expected an object, found an array"
    )
