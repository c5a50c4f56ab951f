"""What a server's own side asks of its session: answers, questions, notifications, subscriptions."""

import json

import pytest
from tests.session.ends import (
    MODERN,
    drain,
    error,
    events,
    make_server,
    modern,
    open_server,
    response,
    server_with_call,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.session import Change, ChangeKind, HandlerFailed, RequestTimedOut

DONE = schema.CallToolResult(content=(schema.TextContent(text="done"),))
TOOLS, PROMPTS, RESOURCES = (
    Change(kind=kind) for kind in (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES)
)


# Answers


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("id_", [1, "1", 0, ""])
def test_an_answer_goes_out_under_the_id_of_its_request_in_its_type(revision, id_):
    server = server_with_call(revision, id_)
    server.respond(id_, DONE, 0.0)
    (action,) = server.actions()
    answer = json.loads(action.data)
    assert (answer["id"], type(answer["id"])) == (id_, type(id_))
    assert (action.related, action.key) == (id_, None)
    assert answer["result"]["content"] == [{"type": "text", "text": "done"}]
    assert set(answer) == {"jsonrpc", "id", "result"}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_result_may_be_a_json_object(revision):
    server = server_with_call(revision)
    server.respond(1, {"content": [], "acme/new": [1]}, 0.0)
    result = take(server)[0]["result"]
    assert result["acme/new"] == [1]
    assert result.get("resultType") == ("complete" if revision == MODERN else None)


def test_a_modern_result_names_its_server_and_keeps_its_own_meta():
    server = server_with_call(MODERN)
    server.respond(1, schema.CallToolResult(content=(), meta={"a": 1}), 0.0)
    assert take(server)[0]["result"]["_meta"] == {
        "io.modelcontextprotocol/serverInfo": {"name": "server", "version": "1"},
        "a": 1,
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_error_reaches_the_peer_as_it_was_given(revision):
    server = server_with_call(revision, 1, 2)
    server.fail(1, 4711, "no such luck", 0.0, data={"why": [1]})
    server.fail(2, -32603, "broken", 0.0, data=None)
    first, second = take(server)
    assert first == {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": 4711, "message": "no such luck", "data": {"why": [1]}},
    }
    assert second["error"] == {"code": -32603, "message": "broken", "data": None}


RESERVED = [-32768, -32701, -32699, -32604, -32599, -32100, -32042, -32023, -32019, -32002, -32000]


@pytest.mark.parametrize("code", RESERVED)
def test_a_code_that_the_modern_era_reserves_and_does_not_define_is_refused_locally(code):
    server = server_with_call(MODERN)
    assert f"reserves the code {code}" in unchanged(server, lambda: server.fail(1, code, "no", 0.0))
    legacy = server_with_call("2025-11-25")
    legacy.fail(1, code, "no", 0.0)
    assert take(legacy)[0]["error"]["code"] == code


@pytest.mark.parametrize(
    "code", [-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022, -31999, -32769, -1, 0, 1]
)
def test_a_code_that_is_defined_or_free_is_sent(code):
    server = server_with_call(MODERN)
    server.fail(1, code, "no", 0.0)
    assert take(server)[0]["error"]["code"] == code


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_cannot_be_said_raises_at_the_call_and_something_else_may_be_answered(revision):
    server = server_with_call(revision)
    for result in ({"x": float("nan")}, {"x": "\ud800"}, {"x": object()}, 7, "text", [1]):
        unchanged(server, lambda result=result: server.respond(1, result, 0.0))
    unchanged(server, lambda: server.fail(1, -32603, "no", 0.0, data=float("inf")))
    server.respond(1, DONE, 0.0)
    assert len(take(server)) == 1


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_answer_to_what_is_not_in_flight_raises_and_says_what_is(revision):
    server = server_with_call(revision, 1, "b")
    said = unchanged(server, lambda: server.respond(2, DONE, 0.0))
    assert said == "respond(2): the request is not in flight; in flight: 1, 'b' (state: open)"
    assert "fail('1')" in unchanged(server, lambda: server.fail("1", -32603, "no", 0.0))
    assert "require_input(2)" in unchanged(
        server, lambda: server.require_input(2, {}, 0.0, request_state="s")
    )
    server.respond(1, DONE, 0.0)
    server.respond("b", DONE, 0.0)
    drain(server)
    assert "in flight: none" in unchanged(server, lambda: server.respond(1, DONE, 0.0))


def test_a_handler_that_failed_is_an_event_with_what_it_raised():
    server = server_with_call(MODERN, 1, 2)
    first, second = ValueError("secret"), KeyError("secret")
    server.fail(1, -32603, "it failed", 0.0, cause=first)
    server.respond(2, schema.CallToolResult(content=(), is_error=True), 0.0, cause=second)
    assert events(server) == [
        HandlerFailed(request_id=1, method="tools/call", name="tool", error=first),
        HandlerFailed(request_id=2, method="tools/call", name="tool", error=second),
    ]
    assert "secret" not in json.dumps(take(server))


# Pings


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_ping_to_a_legacy_client_has_one_outcome(revision):
    server = open_server(revision)
    first, second, third = (server.ping(10.0) for _ in range(3))
    ids = [message["id"] for message in take(server)]
    assert server.next_deadline() == 70.0
    tell(server, response(ids[0], {}), 11.0)
    tell(server, error(ids[1], -32601), 11.0)
    server.handle_timeout(70.0)
    answered, failed, timed_out = events(server)
    assert (answered.handle, failed.handle, timed_out.handle) == (first, second, third)
    assert isinstance(timed_out, RequestTimedOut)
    assert take(server) == [("cancel", ids[2], "timed out")]


def test_a_modern_client_is_not_pinged():
    server = make_server()
    tell(server, modern(1, "tools/call", {"name": "x"}))
    drain(server)
    assert "only a legacy session" in unchanged(server, lambda: server.ping(0.0))
