"""How a server asks its client: by results in 2026-07-28, by requests before."""

import json

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    cancelled,
    drain,
    error,
    events,
    kinds,
    last_id,
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
from sansmcp.schema import LEGACY_REVISIONS, METHODS, REVISIONS, Kind, Method, Side
from sansmcp.session import AnswerDropped, InputRefused, MissingCapability, SessionLimits

DONE = schema.CallToolResult(content=())


# Questions

ROOTS = schema.InputRequest(method="roots/list")
FORM = schema.InputRequest(
    method="elicitation/create",
    params=schema.ElicitRequestFormParams(
        message="?", requested_schema=schema.RequestedSchema(properties={})
    ),
)
SAMPLE = schema.InputRequest(
    method="sampling/createMessage", params=schema.CreateMessageRequestParams(messages=(), max_tokens=1)
)
URL = schema.InputRequest(
    method="elicitation/create",
    params=schema.ElicitRequestURLParams(message="?", url="https://example.com", elicitation_id="e"),
)


def test_a_modern_server_asks_by_an_input_required_result_and_keeps_nothing():
    server = server_with_call(MODERN)
    server.require_input(1, {"a": ROOTS, "b": FORM}, 0.0, request_state="s")
    (answer,) = take(server)
    assert answer["id"] == 1
    result = answer["result"]
    assert (result["resultType"], result["requestState"]) == ("input_required", "s")
    assert [(key, asked["method"]) for key, asked in result["inputRequests"].items()] == [
        ("a", "roots/list"),
        ("b", "elicitation/create"),
    ]
    assert all(set(asked) <= {"method", "params"} for asked in result["inputRequests"].values())
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "server"
    assert server.stats().requests_in_flight == 0
    # The retry is a request of its own.
    retry = {
        "name": "tool",
        "requestState": "s",
        "inputResponses": {"a": {"roots": []}, "b": {"action": "decline"}, "x": {"roots": []}},
    }
    tell(server, modern(2, "tools/call", retry))
    (again,) = events(server)
    assert (again.request_id, again.round, again.request_state) == (2, 0, "s")
    assert again.input_responses["a"] == schema.ListRootsResult(roots=())
    assert again.input_responses["b"] == schema.ElicitResult(action="decline")


def test_answers_of_a_modern_retry_that_do_not_fit_are_refused():
    server = make_server()
    for wrong in (7, [], {"a": 7}, {"a": {"action": "maybe"}}):
        tell(server, modern(2, "tools/call", {"name": "tool", "inputResponses": wrong}))
        assert take(server)[0]["error"]["code"] == -32602
        assert kinds(server) == ["ProtocolViolated"]


def test_a_state_alone_may_be_asked_for_in_the_modern_era():
    server = server_with_call(MODERN)
    server.require_input(1, {}, 0.0, request_state="")
    result = take(server)[0]["result"]
    assert result["requestState"] == ""
    assert "inputRequests" not in result


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_legacy_server_asks_by_requests_and_the_call_comes_again_with_the_answers(revision):
    server = server_with_call(revision)
    server.require_input(1, {"a": ROOTS, "b": SAMPLE}, 0.0, request_state="s")
    first, second = server.actions()
    assert (first.related, second.related) == (1, 1)
    asked = [json.loads(action.data) for action in (first, second)]
    assert [message["method"] for message in asked] == ["roots/list", "sampling/createMessage"]
    assert "params" not in asked[0]
    assert asked[1]["params"] == {"messages": [], "maxTokens": 1}
    assert server.next_deadline() is None
    tell(
        server,
        response(
            asked[1]["id"], {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"}
        ),
    )
    assert events(server) == []
    tell(server, response(asked[0]["id"], {"roots": [{"uri": "file:///a"}]}))
    (again,) = events(server)
    assert (again.request_id, again.round, again.request_state, again.method) == (1, 1, "s", "tools/call")
    assert again.input_responses["a"] == schema.ListRootsResult(roots=(schema.Root(uri="file:///a"),))
    assert again.input_responses["b"].model == "m"
    server.respond(1, DONE, 0.0)
    assert [answer["id"] for answer in take(server)] == [1]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_that_is_refused_or_answered_unreadably_is_answered_too(revision):
    server = server_with_call(revision)
    server.require_input(1, dict.fromkeys("abc", ROOTS), 0.0)
    ids = [message["id"] for message in take(server)]
    tell(server, error(ids[0], -1, "rejected", {"by": "user"}))
    tell(server, {"jsonrpc": "2.0", "id": ids[1], "result": 7})
    tell(server, response(ids[2], {"roots": 7}))
    *violated, again = events(server)
    assert [type(event).__name__ for event in violated] == ["ProtocolViolated"] * 2
    assert again.input_responses["a"] == InputRefused(code=-1, message="rejected", data={"by": "user"})
    assert again.input_responses["b"].code == -32600
    assert "cannot be read" in again.input_responses["b"].message
    assert "cannot be used" in again.input_responses["c"].message


def test_answers_of_the_last_round_are_those_that_come():
    server = server_with_call("2025-11-25")
    for round_ in range(3):
        server.require_input(1, {f"k{round_}": ROOTS}, 0.0)
        tell(server, response(last_id(server), {"roots": []}))
        (again,) = events(server)
        assert (again.round, set(again.input_responses)) == (round_ + 1, {f"k{round_}"})


def test_a_state_alone_brings_a_legacy_call_again_at_once():
    server = server_with_call("2025-11-25")
    server.require_input(1, {}, 0.0, request_state="s")
    (again,) = events(server)
    assert (again.round, again.request_state, again.input_responses) == (1, "s", {})
    assert take(server) == []


@pytest.mark.parametrize("rounds", [1, 10])
def test_a_legacy_call_may_ask_so_often_and_no_more(rounds):
    server = server_with_call("2025-11-25", limits=SessionLimits(input_rounds=rounds))
    for _ in range(rounds):
        server.require_input(1, {}, 0.0, request_state="s")
        drain(server)
    said = unchanged(server, lambda: server.require_input(1, {}, 0.0, request_state="s"))
    assert said == f"require_input(1): it has asked {rounds} times already, which is the limit"


def test_no_other_method_may_ask():
    for revision in REVISIONS:
        server = open_server(revision)
        tell(server, call_of(revision, 1, "tools/list"))
        drain(server)
        assert "tools/list cannot ask" in unchanged(
            server, lambda server=server: server.require_input(1, {"a": ROOTS}, 0.0)
        )


@pytest.mark.parametrize("method", ["prompts/get", "resources/read"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_prompts_and_resources_may_ask_too(revision, method):
    server = open_server(revision)
    tell(server, call_of(revision, 1, method, {"name": "p", "uri": "r:1"}))
    drain(server)
    server.require_input(1, {"a": ROOTS}, 0.0)
    assert len(take(server)) == 1


@pytest.mark.parametrize("revision", REVISIONS)
def test_neither_a_question_nor_a_state_is_no_question(revision):
    server = server_with_call(revision)
    assert "neither" in unchanged(server, lambda: server.require_input(1, {}, 0.0))


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("request_", "needed"), [(ROOTS, "roots"), (SAMPLE, "sampling"), (FORM, "elicitation")]
)
def test_what_the_client_did_not_declare_is_not_asked_for(revision, request_, needed):
    server = open_server(revision, capabilities={} if revision != MODERN else None)
    tell(
        server,
        call_of(
            revision, 1, **({"io.modelcontextprotocol/clientCapabilities": {}} if revision == MODERN else {})
        ),
    )
    drain(server)
    with pytest.raises(MissingCapability, match=needed) as caught:
        server.require_input(1, {"fine": request_}, 0.0)
    assert (events(server), take(server)) == ([], [])
    server.fail(1, -32021, str(caught.value), 0.0, data={"requiredCapabilities": caught.value.required})
    assert take(server)[0]["error"]["data"] == {"requiredCapabilities": {needed: {}}}


def test_what_an_older_revision_cannot_say_raises_before_any_question_is_sent():
    tools = schema.InputRequest(
        method="sampling/createMessage",
        params=schema.CreateMessageRequestParams(
            messages=(), max_tokens=1, tool_choice=schema.ToolChoice(), tools=()
        ),
    )
    everything = {"roots": {}, "sampling": {"tools": {}}, "elicitation": {"form": {}, "url": {}}}
    bad = schema.InputRequest(
        method="sampling/createMessage",
        params=schema.CreateMessageRequestParams(messages=(), max_tokens=1, metadata={"x": float("nan")}),
    )
    for revision, question in [
        ("2025-06-18", URL),
        ("2025-06-18", tools),
        ("2025-03-26", FORM),
        ("2025-11-25", bad),
    ]:
        server = server_with_call(revision, capabilities=everything)
        unchanged(
            server,
            lambda server=server, question=question: server.require_input(
                1, {"fine": ROOTS, "bad": question}, 0.0
            ),
        )
        server.require_input(1, {"fine": ROOTS}, 0.0)
        assert len(take(server)) == 1
    with_url = server_with_call("2025-11-25", capabilities=everything)
    with_url.require_input(1, {"url": URL}, 0.0)
    assert take(with_url)[0]["params"]["mode"] == "url"


ACME = METHODS.extended(
    Method(
        name="acme/ask",
        kind=Kind.REQUEST,
        sender=Side.SERVER,
        until="2025-11-25",
        params=schema.RequestParams,
        result=schema.Result,
    )
)


def test_a_question_of_ones_own_is_asked_where_the_table_has_it():
    question = schema.InputRequest(method="acme/ask", params=schema.RequestParams(extra={"x": 1}))
    server = server_with_call("2025-11-25", methods=ACME)
    server.require_input(1, {"a": question}, 0.0)
    (asked,) = take(server)
    assert (asked["method"], asked["params"]) == ("acme/ask", {"x": 1})
    tell(server, response(asked["id"], {"y": 2}))
    assert events(server)[0].input_responses["a"].extra == {"y": 2}
    plain = server_with_call("2025-11-25")
    said = unchanged(plain, lambda: plain.require_input(1, {"a": question}, 0.0))
    assert said == "require_input(1): 2025-11-25 has no acme/ask"


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_cancelled_call_withdraws_its_questions_and_their_late_answers_have_no_place(revision):
    server = server_with_call(revision)
    server.require_input(1, {"a": ROOTS, "b": ROOTS}, 0.0)
    ids = [message["id"] for message in take(server)]
    tell(server, response(ids[0], {"roots": []}))
    tell(server, cancelled(1, "enough"))
    assert take(server) == [("end", 1), ("cancel", ids[1], "enough")]
    assert events(server) == []
    tell(server, response(ids[1], {"roots": []}))
    assert kinds(server) == ["MessageDropped"]
    assert server.stats().requests_in_flight == 0
    assert "not in flight" in unchanged(server, lambda: server.respond(1, DONE, 0.0))


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_question_of_a_cancelled_call_is_dropped(revision):
    server = server_with_call(revision)
    tell(server, cancelled(1))
    drain(server)
    server.require_input(1, {"a": ROOTS}, 0.0)
    assert (events(server), take(server)) == ([AnswerDropped(request_id=1)], [])


def test_a_call_that_waits_for_answers_takes_no_answer_of_the_handler():
    server = server_with_call("2025-11-25")
    server.require_input(1, {"a": ROOTS}, 0.0)
    drain(server)
    for command in (lambda: server.respond(1, DONE, 0.0), lambda: server.require_input(1, {"b": ROOTS}, 0.0)):
        assert "waits for the client's answers" in unchanged(server, command)


def test_modern_calls_ask_at_their_own_count_of_rounds():
    server = make_server(limits=SessionLimits(input_rounds=1))
    for id_ in range(5):
        tell(server, modern(id_, "tools/call", {"name": "tool"}))
        server.require_input(id_, {}, 0.0, request_state="s")
    assert len(take(server)) == 5
