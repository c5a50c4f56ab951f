"""Questions in results, and the retries that answer them (2026-07-28, Multi Round-Trip Requests)."""

import pytest
from tests.session.ends import (
    MODERN,
    drain,
    events,
    kinds,
    last_id,
    make_server,
    modern,
    open_client,
    response,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.schema import METHODS, Kind, Side
from sansmcp.session import InputRequested, RequestLost, ResponseReceived, SessionLimits

ROOTS = {"method": "roots/list"}
FORM = {
    "method": "elicitation/create",
    "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {}}},
}
SAMPLE = {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}
NO_ROOTS = schema.ListRootsResult(roots=())
DECLINED = schema.ElicitResult(action="decline")
SAID = schema.CreateMessageResult(role="assistant", content=schema.TextContent(text="x"), model="m")
DONE = {"resultType": "complete", "content": []}
PARAMS = {
    "tools/call": {"name": "tool"},
    "prompts/get": {"name": "prompt"},
    "resources/read": {"uri": "a:b"},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": "p"},
        "argument": {"name": "a", "value": ""},
    },
}
MAY_ASK = {"tools/call", "prompts/get", "resources/read"}
CALLABLE = sorted(
    method.name
    for method in METHODS.methods
    if method.kind is Kind.REQUEST
    and METHODS.lookup(method.name, MODERN, Side.CLIENT, Kind.REQUEST)
    and method.name not in {"server/discover", "subscriptions/listen"}
)


def asked(**members):
    return {"resultType": "input_required", **members}


def calling(client, method="tools/call", **params):
    """Let a client call; return the handle and the message."""
    handle = client.send_request(method, {**PARAMS.get(method, {}), **params}, 0.0)
    (message,) = take(client)
    return handle, message


# Where a server may ask, and for what


@pytest.mark.parametrize("method", CALLABLE)
def test_a_server_may_ask_in_three_methods_and_no_other(method):
    server = make_server()
    tell(server, modern(1, method, PARAMS.get(method)))
    drain(server)
    question = {"k": schema.InputRequest(method="roots/list")}
    if method in MAY_ASK:
        server.require_input(1, question, 0.0)
        assert take(server)[0]["result"]["resultType"] == "input_required"
    else:
        assert "cannot ask" in unchanged(server, lambda: server.require_input(1, question, 0.0))


@pytest.mark.parametrize("method", CALLABLE)
def test_a_client_takes_questions_in_three_methods_and_in_no_other(method):
    client = open_client(MODERN)
    handle, message = calling(client, method)
    tell(client, response(message["id"], asked(inputRequests={"k": ROOTS})))
    told = events(client)
    if method in MAY_ASK:
        assert [(event.method, event.call) for event in told] == [("roots/list", handle)]
    else:
        assert [type(event).__name__ for event in told] == ["ProtocolViolated", "RequestLost"]
        assert "cannot ask the client" in told[1].reason


def test_a_server_asks_for_something_or_is_refused():
    server = make_server()
    tell(server, modern(1, "tools/call", {"name": "tool"}))
    drain(server)
    assert "found neither" in unchanged(server, lambda: server.require_input(1, {}, 0.0))
    server.require_input(1, {}, 0.0, request_state="")
    assert take(server)[0]["result"]["requestState"] == ""


@pytest.mark.parametrize(
    ("members", "usable"),
    [
        ({}, False),
        ({"requestState": ""}, True),
        ({"requestState": "s"}, True),
        ({"inputRequests": {"k": ROOTS}}, True),
        ({"inputRequests": {}, "requestState": "s"}, True),
    ],
)
def test_a_result_that_asks_for_nothing_is_refused(members, usable):
    client = open_client(MODERN)
    _, message = calling(client)
    tell(client, response(message["id"], asked(**members)))
    told = kinds(client)
    assert ("ProtocolViolated" in told) is not usable
    assert ("RequestLost" in told) is not usable


@pytest.mark.parametrize("method", ["tools/call", "ping", "acme/ask", "server/discover", "roots/LIST"])
def test_only_three_kinds_of_questions_can_be_asked(method):
    server = make_server()
    tell(server, modern(1, "tools/call", {"name": "tool"}))
    drain(server)
    question = schema.InputRequest(method=method)
    unchanged(server, lambda: server.require_input(1, {"k": question}, 0.0))
    client = open_client(MODERN)
    _, message = calling(client)
    tell(client, response(message["id"], asked(inputRequests={"k": {"method": method}})))
    assert kinds(client) == ["ProtocolViolated", "RequestLost"]


def test_the_three_kinds_of_questions_can_be_asked():
    client = open_client(MODERN)
    _, message = calling(client)
    tell(client, response(message["id"], asked(inputRequests={"a": ROOTS, "b": FORM, "c": SAMPLE})))
    assert [event.method for event in events(client)] == [
        "roots/list",
        "elicitation/create",
        "sampling/createMessage",
    ]


def test_after_a_question_the_server_keeps_nothing_and_goes_on_without_a_retry():
    server = make_server(limits=SessionLimits(requests_in_flight=1, backlog=0))
    for id_ in range(3):
        tell(server, modern(id_, "tools/call", {"name": "tool"}))
        server.require_input(id_, {"k": schema.InputRequest(method="roots/list")}, 0.0, request_state="s")
        assert server.stats().requests_in_flight == 0
        assert server.next_deadline() is None
    server.close(0.0)
    assert kinds(server)[-1] == "Disconnected"


# What a client does


def test_a_client_retries_when_every_question_is_answered_and_not_before():
    client = open_client(MODERN)
    _, message = calling(client)
    tell(client, response(message["id"], asked(inputRequests={"a": ROOTS, "b": FORM, "c": SAMPLE})))
    roots, form, sample = events(client)
    client.provide_input(sample.handle, SAID, 0.0)
    client.provide_input(roots.handle, NO_ROOTS, 0.0)
    client.handle_timeout(10_000.0)
    assert take(client) == []
    client.provide_input(form.handle, DECLINED, 10_000.0)
    (retry,) = take(client)
    assert retry["method"] == "tools/call"
    assert retry["params"]["name"] == "tool"
    assert retry["params"]["inputResponses"] == {
        "a": {"roots": []},
        "b": {"action": "decline"},
        "c": {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"},
    }


STATES = ["", "s", " \t", '{"user":"admin"}', "x" * 10_000, "ümlaut \u2028 \U0001f600", "null", "7", "a\nb\0"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("with_question", [False, True])
def test_a_retry_carries_the_state_of_its_result_character_for_character(state, with_question):
    client = open_client(MODERN)
    _, message = calling(client)
    questions = {"inputRequests": {"k": ROOTS}} if with_question else {}
    tell(client, response(message["id"], asked(requestState=state, **questions)))
    for question in events(client):
        client.provide_input(question.handle, NO_ROOTS, 0.0)
    (retry,) = take(client)
    assert retry["params"]["requestState"] == state


@pytest.mark.parametrize("state", [7, {}, [], True])
def test_a_state_that_is_no_text_is_refused(state):
    client = open_client(MODERN)
    _, message = calling(client)
    tell(client, response(message["id"], asked(requestState=state)))
    assert kinds(client) == ["ProtocolViolated", "RequestLost"]


def test_a_retry_after_a_result_without_a_state_carries_none():
    client = open_client(MODERN)
    _, message = calling(client)
    tell(client, response(message["id"], asked(requestState="s1")))
    (second,) = take(client)
    assert second["params"]["requestState"] == "s1"
    tell(client, response(second["id"], asked(inputRequests={"k": ROOTS})))
    (question,) = events(client)
    client.provide_input(question.handle, NO_ROOTS, 0.0)
    (third,) = take(client)
    assert "requestState" not in third["params"]
    assert third["params"]["inputResponses"] == {"k": {"roots": []}}
    # The answers of one round are not said again in the next.
    tell(client, response(third["id"], asked(requestState="s3")))
    (fourth,) = take(client)
    assert "inputResponses" not in fourth["params"]
    assert fourth["params"]["requestState"] == "s3"


def test_every_retry_goes_out_under_a_new_id_and_the_call_stays_the_same():
    client = open_client(MODERN)
    handle, message = calling(client)
    seen = [message["id"]]
    for number in range(5):
        tell(client, response(seen[-1], asked(requestState=str(number))))
        # What comes under the old id now is too late.
        tell(client, response(seen[-1], DONE))
        assert kinds(client) == ["MessageDropped"]
        seen.append(last_id(client))
    assert len(set(seen)) == 6
    tell(client, response(seen[-1], DONE))
    (answered,) = events(client)
    assert isinstance(answered, ResponseReceived)
    assert answered.handle == handle


def test_answers_and_states_stay_with_their_own_request():
    client = open_client(MODERN)
    calls = [calling(client, arguments={"n": number}) for number in range(4)]
    questions = {}
    for number in (0, 1):
        result = asked(inputRequests={"same": ROOTS}, requestState=f"state {number}")
        tell(client, response(calls[number][1]["id"], result))
        (question,) = events(client)
        assert isinstance(question, InputRequested)
        assert question.call == calls[number][0]
        questions[number] = question
    _, fresh = calling(client, arguments={"n": 4})
    tell(client, response(calls[2][1]["id"], asked(requestState="state 2")))
    (second,) = take(client)
    for number in (1, 0):
        root = schema.Root(uri=f"file:///{number}")
        client.provide_input(questions[number].handle, schema.ListRootsResult(roots=(root,)), 0.0)
    first, zeroth = take(client)
    for number, retry in enumerate([zeroth, first, second]):
        assert retry["params"]["arguments"] == {"n": number}
        assert retry["params"]["requestState"] == f"state {number}"
    assert zeroth["params"]["inputResponses"] == {"same": {"roots": [{"uri": "file:///0"}]}}
    assert first["params"]["inputResponses"] == {"same": {"roots": [{"uri": "file:///1"}]}}
    for message in (second, fresh):
        assert "inputResponses" not in message["params"]
    assert "requestState" not in fresh["params"]


def test_a_call_that_is_never_answered_with_a_result_ends_all_the_same():
    client = open_client(MODERN, limits=SessionLimits(input_rounds=3))
    _, message = calling(client)
    for _ in range(3):
        tell(client, response(message["id"], asked(requestState="s")))
        (message,) = take(client)
    tell(client, response(message["id"], asked(requestState="s")))
    _, lost = events(client)
    assert isinstance(lost, RequestLost)
    assert take(client) == []
