"""Messages of any kind: arrays, errors, kinds of results, `_meta` (Base Protocol of each revision)."""

import re

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    error,
    events,
    kinds,
    last_id,
    make_client,
    modern,
    notification,
    open_client,
    open_server,
    request,
    response,
    result_of,
    take,
    tell,
)
from tests.transcripts.reading import lines_of
from tests.transcripts.registry import GOLDEN

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, METHODS, REVISIONS
from sansmcp.session import CallRequest, RequestFailed, RequestLost
from sansmcp.testing import connected_pair
from sansmcp.values import ABSENT

TOOL = {"name": "tool"}
every_revision = pytest.mark.parametrize("revision", REVISIONS)


def calling(client, method="tools/call", params=None):
    """Let a client call; return the handle and the id on the wire."""
    handle = client.send_request(method, TOOL if method == "tools/call" else params, 0.0)
    return handle, last_id(client)


def written_by_us(revision):
    """Yield the messages of all golden transcripts of a revision that our own ends wrote."""
    for path in sorted((GOLDEN / revision).glob("*.txt")):
        for line in lines_of(path.read_text(encoding="utf-8")):
            if not line.by_hand:
                yield from line.messages


# Notifications and arrays


@every_revision
def test_a_client_answers_no_notification_whatever_is_wrong_with_it(revision):
    client = open_client(revision)
    names = {method.name for method in METHODS.methods} | {"notifications/acme", ""}
    for name in sorted(names):
        for params in (None, {}, {"requestId": True}, {"progressToken": [], "progress": "x"}, {"_meta": 7}):
            tell(client, notification(name, params))
            events(client)
    tell(client, {"jsonrpc": "2.0", "method": 7})
    tell(client, {"jsonrpc": "1.0", "method": "notifications/message"})
    assert take(client) == []


def test_a_client_takes_an_array_apart():
    client = open_client("2025-03-26")
    first, second = client.send_batch([CallRequest(method="tools/list")] * 2, 0.0)
    (sent,) = take(client)
    ids = [message["id"] for message in sent]
    tell(
        client,
        [
            response(ids[1], {"tools": []}),
            notification("notifications/tools/list_changed"),
            request("p", "ping"),
            error(ids[0], -32603),
            7,
        ],
    )
    told = events(client)
    assert [type(event).__name__ for event in told] == [
        "ResponseReceived",
        "ChangeReceived",
        "RequestFailed",
        "ProtocolViolated",
    ]
    assert (told[0].handle, told[2].handle) == (second, first)
    assert take(client) == [response("p", {})]


@pytest.mark.parametrize("revision", [revision for revision in REVISIONS if revision != "2025-03-26"])
def test_a_client_refuses_an_array_where_the_revision_has_none(revision):
    client = open_client(revision)
    _, id_ = calling(client)
    tell(client, [response(id_, result_of("tools/call", revision)), request("p", "ping")])
    assert (kinds(client), take(client)) == (["ProtocolViolated"], [])


def test_a_client_puts_no_initialize_into_an_array():
    client = open_client("2025-03-26")
    with pytest.raises(LocalProtocolError, match=r"use connect\(\)"):
        client.send_batch([CallRequest(method="tools/list"), CallRequest(method="initialize")], 0.0)
    assert take(client) == []
    fresh = make_client(revisions=("2025-03-26",))
    with pytest.raises(LocalProtocolError):
        fresh.send_batch([CallRequest(method="tools/list")], 0.0)
    fresh.connect(0.0)
    (first,) = take(fresh)
    assert first["method"] == "initialize"


# Errors


OLD_RANGE = list(range(-32019, -31999))


@every_revision
@pytest.mark.parametrize("code", OLD_RANGE)
def test_a_code_of_the_old_range_is_passed_on_and_means_nothing(revision, code):
    client = open_client(revision)
    for data in (None, {"supported": ["2024-11-05"], "requested": revision}, {"requiredCapabilities": {}}):
        handle, id_ = calling(client)
        tell(client, error(id_, code, "as it was said", data))
        assert events(client) == [
            RequestFailed(
                handle=handle,
                method="tools/call",
                code=code,
                message="as it was said",
                data=ABSENT if data is None else data,
            )
        ]
    # Nothing else follows from it: no retry, no other version, no end.
    assert (take(client), client.revision, client.link.value) == ([], revision, "open")


SENTENCE = re.compile(r"[^\n\r]{1,300}")
BETWEEN_SENTENCES = re.compile(r"[.!?]\s+[A-Z]")


def check_sentence(message):
    """Check that a message is one sentence, and a short one."""
    assert SENTENCE.fullmatch(message), message
    assert not BETWEEN_SENTENCES.search(message), message


@every_revision
def test_the_message_of_every_error_in_a_transcript_is_one_short_sentence(revision):
    errors = [message["error"] for message in written_by_us(revision) if "error" in message]
    assert len(errors) > 20
    for found in errors:
        check_sentence(found["message"])


HUGE = "Aaa. Bbb! " * 1000


@every_revision
def test_the_message_of_an_error_stays_short_whatever_the_peer_says(revision):
    server = open_server(revision)
    hostile = [
        call_of(revision, 1, HUGE),
        call_of(revision, 2, params={"name": [HUGE]}),
        call_of(revision, 3, params={"name": "tool", HUGE: 1, "arguments": HUGE}),
        {"jsonrpc": HUGE, "id": 4, "method": HUGE},
        {"jsonrpc": "2.0", "id": 5, "method": [HUGE]},
        modern(6, "tools/call", TOOL, **{"io.modelcontextprotocol/protocolVersion": HUGE}),
        modern(7, "tools/call", TOOL, **{"io.modelcontextprotocol/clientCapabilities": HUGE}),
        modern(8, "tools/call", TOOL, **{"io.modelcontextprotocol/clientCapabilities": {"roots": HUGE}}),
        modern(9, "tools/call", TOOL, **{"io.modelcontextprotocol/logLevel": HUGE}),
        request(10, "initialize", {"protocolVersion": HUGE}),
    ]
    for message in hostile:
        tell(server, message)
        (answer,) = take(server)
        assert SENTENCE.fullmatch(answer["error"]["message"]), answer


# Kinds of results


@pytest.mark.parametrize("method", ["tools/call", "tools/list", "prompts/list", "resources/list"])
@pytest.mark.parametrize("result_type", ["task", "Complete", "", "acme/x", 7, None, True, [], {}])
def test_a_result_of_an_unknown_type_is_no_result(method, result_type):
    client = open_client(MODERN)
    handle, id_ = calling(client, method)
    good = {
        "content": [],
        "tools": [],
        "prompts": [],
        "resources": [],
        "ttlMs": 0,
        "cacheScope": "private",
    }
    tell(client, response(id_, {**good, "resultType": result_type}))
    violated, lost = events(client)
    assert "resultType" in violated.reason
    assert isinstance(lost, RequestLost)
    assert (lost.handle, take(client)) == (handle, [])


@every_revision
def test_a_result_without_a_type_is_complete(revision):
    client = open_client(revision)
    for method, result in (
        ("tools/call", {"content": []}),
        ("tools/list", {"tools": []}),
        ("prompts/list", {"prompts": []}),
        ("resources/list", {"resources": []}),
        ("resources/templates/list", {"resourceTemplates": []}),
    ):
        handle, id_ = calling(client, method)
        tell(client, response(id_, result))
        (answered,) = events(client)
        assert (answered.handle, answered.result.result_type) == (handle, "complete")


# `_meta`


RESERVED = {
    "io.modelcontextprotocol/unheard-of": {"deep": [1, None]},
    "dev.mcp/x": "text",
    "mcp/": 7,
    "modelcontextprotocol.io/y": None,
    "acme.example/own": [True],
}


@every_revision
def test_reserved_keys_that_mean_nothing_pass_both_ways_unchanged(revision):
    pair = connected_pair(revision)
    handle = pair.client.send_request("tools/call", {"name": "tool", "_meta": RESERVED}, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    assert {key: received.params.meta[key] for key in RESERVED} == RESERVED
    pair.server.respond(received.request_id, schema.CallToolResult(content=(), meta=RESERVED), pair.now)
    pair.settle()
    (answered,) = pair.take_client_events()
    assert answered.handle == handle
    assert {key: answered.result.meta[key] for key in RESERVED} == RESERVED


TRACE = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
    "tracestate": "vendorname1=opaqueValue1,vendorname2=opaqueValue2",
    "baggage": "userId=alice,serverNode=DF%2028,isProduction=false",
}


@every_revision
def test_the_keys_of_a_trace_travel_from_caller_to_handler_unchanged(revision):
    pair = connected_pair(revision)
    for method, params in (("tools/call", TOOL), ("tools/list", {}), ("resources/read", {"uri": "a:b"})):
        pair.client.send_request(method, {**params, "_meta": TRACE}, pair.now)
        pair.settle()
        (received,) = pair.take_server_events()
        assert {key: received.params.meta[key] for key in TRACE} == TRACE
        assert {key: received.message.params["_meta"][key] for key in TRACE} == TRACE


MODERN_KEYS = {
    "protocolVersion",
    "clientCapabilities",
    "clientInfo",
    "logLevel",
    "serverInfo",
    "subscriptionId",
}
LABEL = r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
KEY = re.compile(rf"(?:{LABEL}(?:\.{LABEL})*/)?(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?")


def metas(value):
    """Yield each `_meta` anywhere in a value."""
    if isinstance(value, dict):
        if isinstance(value.get("_meta"), dict):
            yield value["_meta"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from metas(item)


@every_revision
def test_the_keys_of_meta_that_we_write_have_the_form_of_the_specification(revision):
    keys = {key for message in written_by_us(revision) for meta in metas(message) for key in meta}
    assert keys >= {"progressToken"}
    assert [key for key in keys if not KEY.fullmatch(key)] == []
    ours = {key for key in keys if not key.startswith("acme.")}
    if revision in LEGACY_REVISIONS:
        # A client of both eras also says what it is where it asks for the era of a server.
        ours -= {f"io.modelcontextprotocol/{name}" for name in MODERN_KEYS}
        assert ours == {"progressToken"}
    else:
        assert ours == {"progressToken"} | {f"io.modelcontextprotocol/{name}" for name in MODERN_KEYS}


# Params and content


BAD_PARAMS = [
    ("tools/call", {}),
    ("tools/call", {"name": 7}),
    ("tools/call", {"name": "tool", "arguments": []}),
    ("tools/list", {"cursor": 7}),
    ("prompts/get", {"name": None}),
    ("prompts/get", {"name": "p", "arguments": {"a": 1}}),
    ("resources/read", {"uri": ["a:b"]}),
    ("resources/list", {"cursor": {}}),
    ("completion/complete", {}),
    ("completion/complete", {"ref": {"type": "ref/prompt"}, "argument": {"name": "a", "value": ""}}),
    ("completion/complete", {"ref": {"type": "ref/other"}, "argument": {"name": "a", "value": ""}}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a"}}),
    (
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": 7}},
    ),
]


@every_revision
@pytest.mark.parametrize(("method", "params"), BAD_PARAMS)
def test_params_that_do_not_fit_their_method_reach_no_handler(revision, method, params):
    server = open_server(revision)
    tell(server, call_of(revision, 1, method, params))
    (answer,) = take(server)
    assert (answer["id"], answer["error"]["code"]) == (1, -32602)
    assert kinds(server) == ["ProtocolViolated"]


@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_the_meta_of_tools_in_sampling_comes_back_as_it_went(revision):
    cached = {"acme.example/cache": {"key": [1, None]}}
    use = schema.ToolUseContent(id="1", name="add", input={}, meta=cached)
    found = schema.ToolResultContent(tool_use_id="1", content=(), meta=cached)
    messages = (
        schema.SamplingMessage(role="assistant", content=(use,)),
        schema.SamplingMessage(role="user", content=(found,)),
    )
    pair = connected_pair(revision)
    pair.client.send_request("tools/call", TOOL, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    params = schema.CreateMessageRequestParams(messages=messages, max_tokens=1)
    question = schema.InputRequest(method="sampling/createMessage", params=params)
    pair.server.require_input(received.request_id, {"k": question}, pair.now)
    pair.settle()
    (asked,) = pair.take_client_events()
    assert [message.content[0].meta for message in asked.params.messages] == [cached, cached]
    said = schema.CreateMessageResult(role="assistant", content=use, model="m")
    pair.client.provide_input(asked.handle, said, pair.now)
    pair.settle()
    (again,) = pair.take_server_events()
    assert again.input_responses["k"].content.meta == cached
