"""Calls as values: what goes over the wire, and what comes back (Tools, Prompts, Resources, Completion)."""

import json

import attrs
import pytest
from tests.client.toys import PROMPT, RESOURCE, TEMPLATE, TEXT, TOOL, PairClient

from sansmcp import schema
from sansmcp.client import (
    call_tool,
    complete,
    get_prompt,
    list_prompts,
    list_resource_templates,
    list_resources,
    list_tools,
    ping,
    read_resource,
    request,
    set_log_level,
)
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, REVISIONS, Kind, Method, Side
from sansmcp.session import MissingCapability
from sansmcp.testing import connected_pair

CONTENTS = schema.TextResourceContents(uri="config://app", text="a = 1")
MESSAGE = schema.PromptMessage(role="user", content=TEXT)

CALLS = {
    "tools/call": (
        call_tool("add", {"a": 2, "b": 3}),
        schema.CallToolResult(content=(TEXT,)),
        {"name": "add", "arguments": {"a": 2, "b": 3}},
    ),
    "tools/list": (list_tools("next"), schema.ListToolsResult(tools=(TOOL,)), {"cursor": "next"}),
    "prompts/list": (list_prompts(""), schema.ListPromptsResult(prompts=(PROMPT,)), {"cursor": ""}),
    "resources/list": (list_resources(), schema.ListResourcesResult(resources=(RESOURCE,)), None),
    "resources/templates/list": (
        list_resource_templates(),
        schema.ListResourceTemplatesResult(resource_templates=(TEMPLATE,)),
        None,
    ),
    "prompts/get": (
        get_prompt("greet", {"who": "you"}),
        schema.GetPromptResult(messages=(MESSAGE,)),
        {"name": "greet", "arguments": {"who": "you"}},
    ),
    "resources/read": (
        read_resource("config://app"),
        schema.ReadResourceResult(contents=(CONTENTS,)),
        {"uri": "config://app"},
    ),
    "completion/complete": (
        complete(schema.PromptReference(name="greet"), "who", "y", context={"lang": "en"}),
        schema.CompleteResult(completion=schema.Completion(values=("you",))),
        {
            "ref": {"type": "ref/prompt", "name": "greet"},
            "argument": {"name": "who", "value": "y"},
            "context": {"arguments": {"lang": "en"}},
        },
    ),
}


@pytest.mark.parametrize("method", CALLS)
def test_a_call_goes_out_as_its_method_and_comes_back_as_its_result(method):
    call, answer, params = CALLS[method]
    client = PairClient({method: lambda _: answer})
    assert client.call(call) == answer
    sent = json.loads(client.pair.lines_of("C")[-1])
    assert (sent["method"], sent.get("params")) == (method, params)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_tool_is_called_in_every_revision(revision):
    client = PairClient({"tools/call": lambda _: schema.CallToolResult(content=(TEXT,))}, revision)
    assert client.call(call_tool("add", {"a": 2, "b": 3})).content == (TEXT,)
    assert client.received[-1].params.arguments == {"a": 2, "b": 3}


def test_a_completion_without_context_says_nothing_of_one():
    answer = schema.CompleteResult(completion=schema.Completion(values=()))
    client = PairClient({"completion/complete": lambda _: answer})
    client.call(complete(schema.ResourceTemplateReference(uri="config://{name}"), "name", "a"))
    assert "context" not in json.loads(client.pair.lines_of("C")[-1])["params"]


def test_meta_of_the_caller_travels_beside_the_progress_token():
    client = PairClient({"tools/call": lambda _: schema.CallToolResult(content=())})
    client.call(call_tool("add", meta={"traceparent": "00-1"}, on_progress=lambda _: None))
    meta = json.loads(client.pair.lines_of("C")[-1])["params"]["_meta"]
    assert meta == {"traceparent": "00-1", "progressToken": 2}


def test_no_progress_is_asked_for_where_nobody_wants_to_hear_it():
    client = PairClient({"tools/call": lambda _: schema.CallToolResult(content=())})
    client.call(call_tool("add"))
    assert client.received[-1].progress_token is None


def test_the_timeout_and_the_maximum_of_a_call_reach_its_session():
    pair = connected_pair("2025-11-25")
    call_tool("slow", timeout=3.0).send(pair.client, pair.now)
    assert pair.client.next_deadline() == 3.0
    call_tool("slow", timeout=9.0, maximum=2.0).send(pair.client, pair.now)
    assert pair.client.next_deadline() == 2.0


def test_a_ping_is_answered_with_nothing():
    assert PairClient({}).call(ping()) is None


def test_the_timeout_of_a_ping_reaches_its_session():
    pair = connected_pair("2024-11-05")
    ping(timeout=1.5).send(pair.client, pair.now)
    assert pair.client.next_deadline() == 1.5


def test_a_ping_is_refused_in_the_modern_era_at_the_call():
    with pytest.raises(LocalProtocolError, match="the last revision that has it is 2025-11-25"):
        PairClient({}, "2026-07-28").call(ping())


def test_the_log_level_is_one_call_in_a_legacy_session():
    client = PairClient({})
    assert client.call(set_log_level("warning")) is None
    assert json.loads(client.pair.lines_of("C")[-1])["params"] == {"level": "warning"}


def test_the_log_level_travels_with_every_request_in_the_modern_era():
    client = PairClient({"tools/call": lambda _: schema.CallToolResult(content=())}, "2026-07-28")
    before = len(client.pair.transcript)
    assert client.call(set_log_level("warning")) is None
    assert len(client.pair.transcript) == before
    client.call(call_tool("add"))
    assert client.received[-1].log_level == "warning"


def test_the_log_level_may_be_set_by_hand_in_a_legacy_session():
    client = PairClient({})
    assert client.call(request("logging/setLevel", {"level": "error"})) == schema.EmptyResult()


def test_a_call_that_the_server_cannot_serve_is_refused_at_the_call():
    client = PairClient({}, server_capabilities=schema.ServerCapabilities())
    with pytest.raises(MissingCapability):
        client.call(call_tool("add"))


@attrs.frozen(kw_only=True)
class SumParams:
    numbers: tuple[int, ...]


@attrs.frozen(kw_only=True)
class SumResult:
    total: int


SUM = Method(name="acme/sum", kind=Kind.REQUEST, sender=Side.CLIENT, params=SumParams, result=SumResult)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_method_of_ones_own_has_typed_params_and_a_typed_result(revision):
    client = PairClient(
        {"acme/sum": lambda event: SumResult(total=sum(event.params.numbers))},
        revision,
        methods=METHODS.extended(SUM),
    )
    assert client.call(request("acme/sum", SumParams(numbers=(1, 2)), SumResult)) == SumResult(total=3)
    assert client.received[-1].params == SumParams(numbers=(1, 2))


def test_a_call_by_name_without_a_type_gives_what_the_method_table_says():
    client = PairClient({"tools/list": lambda _: schema.ListToolsResult(tools=(TOOL,))})
    assert client.call(request("tools/list")) == schema.ListToolsResult(tools=(TOOL,))


def test_a_result_of_another_type_than_the_caller_named_is_the_callers_mistake():
    client = PairClient({"tools/list": lambda _: schema.ListToolsResult(tools=())})
    with pytest.raises(
        LocalProtocolError, match="expected a result of type SumResult, found ListToolsResult"
    ):
        client.call(request("tools/list", {}, SumResult))


def test_one_call_may_be_sent_more_than_once():
    client = PairClient({"tools/call": lambda _: schema.CallToolResult(content=(TEXT,))})
    call = call_tool("add", {"a": 1})
    assert client.call(call) == client.call(call)
    assert len(client.received) == 2


def test_a_choice_that_there_is_not_is_refused_before_anything_is_sent():
    with pytest.raises(LocalProtocolError, match=r"^call_tool\(validate=...\): expected check, report"):
        call_tool("add", validate="no")
