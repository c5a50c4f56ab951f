"""What an older peer is told, and what it cannot be told (the table of downgrades)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.schema.official import mapped, merged, validator
from tests.schema.strategies import instances

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    REVISIONS,
    AudioContent,
    CallToolResult,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    EnumOption,
    GetPromptResult,
    Icon,
    Implementation,
    InputRequiredResult,
    LegacyTitledEnumSchema,
    ListToolsResult,
    PromptMessage,
    RequestedSchema,
    ResourceLink,
    SamplingMessage,
    StringSchema,
    TextContent,
    TitledEnumItems,
    TitledMultiSelectEnumSchema,
    TitledSingleSelectEnumSchema,
    Tool,
    ToolExecution,
    ToolResultContent,
    ToolUseContent,
    UntitledEnumItems,
    UntitledMultiSelectEnumSchema,
    UntitledSingleSelectEnumSchema,
    blocks_of,
    codec_for,
)
from sansmcp.schema.downgrade import DOWNGRADES, downgrade_of

A, B, C, D, E = REVISIONS


def send(revision, value):
    return codec_for(revision).unstructure(value)


def refusal(revision, value):
    with pytest.raises(LocalProtocolError) as caught:
        send(revision, value)
    return str(caught.value)


# What the newest revision can say, an older one is told in its own words, or nothing is.
RESULTS = [CallToolResult, GetPromptResult, ListToolsResult]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("cls", RESULTS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_any_result_of_the_newest_revision_is_valid_in_every_other(revision, cls, data):
    written = send(revision, data.draw(instances(cls, E)))
    schema = merged(revision, mapped(revision)[cls.__name__][1])
    assert [error.message for error in validator(revision, schema).iter_errors(written)] == []


def test_sound_becomes_a_text_that_names_its_type_and_size():
    sound = AudioContent(data="UklGRiQ=", mime_type="audio/wav", meta={"a": 1}, extra={"x-b": 2})
    assert send(A, CallToolResult(content=(sound,))) == {
        "content": [{"type": "text", "text": "[audio: audio/wav, 5 bytes]", "x-b": 2}]
    }
    assert send(A, sound)["text"] == "[audio: audio/wav, 5 bytes]"
    assert send(A, PromptMessage(role="user", content=sound))["content"]["type"] == "text"
    assert send(A, SamplingMessage(role="user", content=sound))["content"]["type"] == "text"
    assert send(B, CallToolResult(content=(sound,)))["content"][0]["type"] == "audio"


@pytest.mark.parametrize("revision", [A, B])
def test_a_link_becomes_a_text_with_title_and_uri(revision):
    titled = ResourceLink(uri="file:///a", name="a", title="The letter a")
    plain = ResourceLink(uri="file:///b", name="b")
    assert send(revision, CallToolResult(content=(titled, plain)))["content"] == [
        {"type": "text", "text": "The letter a: file:///a"},
        {"type": "text", "text": "b: file:///b"},
    ]
    assert send(C, titled)["type"] == "resource_link"


@pytest.mark.parametrize("revision", [A, B])
def test_structured_content_is_left_out_before_2025_06_18(revision):
    assert send(revision, CallToolResult(content=(), structured_content=[1])) == {"content": []}


@pytest.mark.parametrize("revision", [C, D])
@pytest.mark.parametrize("value", [None, 0, "", [], True, 1.5, [{"a": 1}]])
def test_structured_content_that_is_no_object_is_wrapped_before_2026_07_28(revision, value):
    result = CallToolResult(content=(), structured_content=value)
    assert send(revision, result) == {"content": [], "structuredContent": {"result": value}}
    assert send(E, result)["structuredContent"] == value


@pytest.mark.parametrize("revision", [C, D])
def test_structured_content_that_is_an_object_or_absent_stays_as_it_is(revision):
    assert send(revision, CallToolResult(content=(), structured_content={}))["structuredContent"] == {}
    assert send(revision, CallToolResult(content=())) == {"content": []}


def test_structured_content_of_a_tool_result_is_wrapped_in_2025_11_25():
    result = ToolResultContent(tool_use_id="1", content=(), structured_content=[1])
    assert send(D, result)["structuredContent"] == {"result": [1]}
    assert send(E, result)["structuredContent"] == [1]


@pytest.mark.parametrize("revision", [C, D])
def test_an_output_schema_that_is_for_no_object_is_wrapped_before_2026_07_28(revision):
    tool = Tool(name="a", input_schema={"type": "object"}, output_schema={"type": "array"})
    assert send(revision, tool)["outputSchema"] == {
        "type": "object",
        "properties": {"result": {"type": "array"}},
        "required": ["result"],
    }
    assert send(E, tool)["outputSchema"] == {"type": "array"}
    assert "outputSchema" not in send(B, tool)


@pytest.mark.parametrize("revision", [A, B, C, D])
def test_properties_that_are_booleans_become_objects_before_2026_07_28(revision):
    schema = {"type": "object", "properties": {"any": True, "none": False, "text": {"type": "string"}}}
    tool = Tool(name="a", input_schema=schema)
    assert send(revision, tool)["inputSchema"]["properties"] == {
        "any": {},
        "none": {"not": {}},
        "text": {"type": "string"},
    }
    assert send(E, tool)["inputSchema"] == schema


@pytest.mark.parametrize("revision", [A, B, C, D])
def test_an_input_schema_that_a_legacy_peer_would_reject_is_refused(revision):
    for schema in ({"type": "object", "required": "a"}, {"type": "object", "properties": []}):
        tool = Tool(name="a", input_schema=schema)
        assert "inputSchema: expected a JSON Schema" in refusal(revision, tool)
        assert send(E, tool)["inputSchema"] == schema


@pytest.mark.parametrize("revision", [A, B, C])
@pytest.mark.parametrize(
    "block", [ToolUseContent(id="1", name="a", input={}), ToolResultContent(tool_use_id="1", content=())]
)
def test_tools_in_sampling_are_refused_before_2025_11_25(revision, block):
    message = SamplingMessage(role="user", content=block)
    assert "content: expected something that" in refusal(revision, message)
    tool = Tool(name="a", input_schema={"type": "object"})
    params = CreateMessageRequestParams(messages=(), max_tokens=1, tools=(tool,))
    assert "tools: expected no tools before 2025-11-25" in refusal(revision, params)
    assert send(D, params)["tools"]


@pytest.mark.parametrize("revision", [A, B, C])
def test_one_block_of_sampling_leaves_its_array_and_several_are_refused_before_2025_11_25(revision):
    text = TextContent(text="a")
    for value in (
        SamplingMessage(role="user", content=(text,)),
        CreateMessageResult(role="user", content=(text,), model="m"),
        SamplingMessage(role="user", content=text),
    ):
        assert send(revision, value)["content"] == {"type": "text", "text": "a"}
    for content in ((), (text, text)):
        several = SamplingMessage(role="user", content=content)
        assert "content: expected one block before 2025-11-25" in refusal(revision, several)
    assert send(D, SamplingMessage(role="user", content=(text,)))["content"] == [
        {"type": "text", "text": "a"}
    ]


def test_blocks_are_the_same_whichever_way_they_were_written():
    text = TextContent(text="a")
    assert blocks_of(text) == blocks_of((text,)) == (text,)


def form(schema):
    return ElicitRequestFormParams(message="", requested_schema=RequestedSchema(properties={"a": schema}))


def field(revision, schema):
    return send(revision, form(schema))["requestedSchema"]["properties"]["a"]


def test_a_choice_of_one_is_told_in_the_only_way_that_2025_06_18_knows():
    titled = TitledSingleSelectEnumSchema(
        title="T", description="D", one_of=(EnumOption(const="a", title="A"),), default="a", extra={"x-a": 1}
    )
    assert field(C, titled) == {
        "type": "string",
        "title": "T",
        "description": "D",
        "enum": ["a"],
        "enumNames": ["A"],
        "x-a": 1,
    }
    untitled = UntitledSingleSelectEnumSchema(title="T", description="D", enum=("a",), default="a")
    assert field(C, untitled) == {"type": "string", "title": "T", "description": "D", "enum": ["a"]}
    assert field(C, LegacyTitledEnumSchema(enum=("a",), default="a")) == {"type": "string", "enum": ["a"]}
    assert field(C, StringSchema(default="a")) == {"type": "string"}
    assert field(D, titled)["oneOf"] == [{"const": "a", "title": "A"}]


@pytest.mark.parametrize(
    "schema",
    [
        UntitledMultiSelectEnumSchema(items=UntitledEnumItems(enum=("a",))),
        TitledMultiSelectEnumSchema(items=TitledEnumItems(any_of=(EnumOption(const="a", title="A"),))),
    ],
)
def test_a_choice_of_several_cannot_be_told_to_2025_06_18(schema):
    assert "requestedSchema.properties.a: expected something that 2025-06-18 has" in refusal(C, form(schema))
    assert field(D, schema)["type"] == "array"


def test_a_page_cannot_be_told_to_2025_06_18_nor_several_values_in_an_answer():
    assert "expected something that 2025-06-18 has" in refusal(C, ElicitRequestURLParams(message="", url=""))
    answer = ElicitResult(action="accept", content={"a": ("b",)})
    assert "content.a: expected a string or a number or true or false" in refusal(C, answer)
    assert send(D, answer)["content"] == {"a": ["b"]}


def test_a_page_needs_its_id_in_2025_11_25_and_has_none_later():
    assert "elicitationId: expected a value" in refusal(D, ElicitRequestURLParams(message="", url=""))
    page = ElicitRequestURLParams(message="", url="", elicitation_id="1")
    assert send(D, page)["elicitationId"] == "1"
    assert "elicitationId" not in send(E, page)


@pytest.mark.parametrize("revision", [A, B, C, D])
def test_what_belongs_to_2026_07_28_is_left_out_or_refused_before(revision):
    assert send(revision, ListToolsResult(tools=(), ttl_ms=5, cache_scope="public")) == {"tools": []}
    assert "expected something that" in refusal(revision, InputRequiredResult(request_state="x"))


@pytest.mark.parametrize("revision", [A, B, C, E])
def test_how_a_tool_may_be_run_is_said_in_2025_11_25_only(revision):
    tool = Tool(name="a", input_schema={"type": "object"}, execution=ToolExecution(task_support="optional"))
    assert "execution" not in send(revision, tool)
    assert send(D, tool)["execution"] == {"taskSupport": "optional"}


@pytest.mark.parametrize("revision", [A, B, C])
def test_icons_and_what_came_with_them_are_left_out_before_2025_11_25(revision):
    program = Implementation(
        name="a", version="1", description="D", website_url="https://example.com", icons=(Icon(src="data:,"),)
    )
    assert send(revision, program) == {"name": "a", "version": "1"}
    assert send(D, program).keys() == {"name", "version", "description", "websiteUrl", "icons"}


def test_a_downgrade_ends_with_the_revision_that_needs_none():
    for cls, (limit, _) in DOWNGRADES.items():
        assert [downgrade_of(cls, revision) is not None for revision in REVISIONS] == [
            revision < limit for revision in REVISIONS
        ]
    assert downgrade_of(TextContent, A) is None
