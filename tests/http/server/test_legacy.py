"""Sessions of legacy clients: how they open and end, whose they are, and what is refused in them.

Source: 2025-03-26 to 2025-11-25, Transports, Session Management.
"""

import json

import pytest
from tests.http.server.exchanging import Exchanging, LegacyClient
from tests.http.server.offered import served

from sansmcp.http import LATER, Authorize, Headers, HttpLimits, Refused, RequestHead
from sansmcp.session import (
    KeepAlive,
    MessageDropped,
    ProtocolViolated,
    RequestCancelled,
)

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
NEWEST = "2025-11-25"
ASKABLE = {"elicitation": {}}


def kinds(world: Exchanging) -> list[str]:
    return [type(event).__name__ for _, event in world.events]


@pytest.mark.parametrize("revision", LEGACY)
def test_a_session_opens_serves_and_ends(revision: str) -> None:
    world = Exchanging(served())
    client = world.handshake(revision)
    assert len(client.opened.headers["mcp-session-id"]) == 32
    assert client.opened.json["result"]["protocolVersion"] == revision
    assert client.ask("ping").json["result"] == {}
    assert client.call("echo", {"x": "hi"}, call_id="a").json["id"] == "a"
    assert client.delete().status == 200
    assert client.delete().status == 404
    assert client.listen().status == 404
    assert client.ask("ping").status == 404
    assert kinds(world) == [
        "SessionOpened",
        "ClientInitialized",
        "RequestReceived",
        "SessionEnded",
        "Disconnected",
    ]


@pytest.mark.parametrize("revision", LEGACY)
def test_a_request_without_its_session_is_refused(revision: str) -> None:
    world = Exchanging(served())
    world.handshake(revision)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    reply = world.post(call)
    assert reply.status == 400
    assert "Mcp-Session-Id is missing" in reply.json["error"]["message"]
    assert world.post(call, ("Mcp-Session-Id", "0" * 32)).status == 404
    assert world.request("DELETE", []).status == 400


@pytest.mark.parametrize(
    ("version", "status"),
    [("2025-11-25", 200), ("2025-06-18", 200), ("1999-01-01", 400), ("x", 400), (None, 200)],
)
def test_the_version_in_the_header_of_a_session(version: str | None, status: int) -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    fields = [("Mcp-Session-Id", client.opened.headers["mcp-session-id"])]
    if version is not None:
        fields.append(("MCP-Protocol-Version", version))
    assert world.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, *fields).status == status
    expected = status if status == 400 else 200
    assert world.request("DELETE", fields).status == expected
    twice = world.post(
        {"jsonrpc": "2.0", "id": 1, "method": "ping"}, *fields[:1], *[("MCP-Protocol-Version", NEWEST)] * 2
    )
    assert twice.status == 400


def test_no_session_is_kept_of_an_initialize_that_was_refused() -> None:
    world = Exchanging(served())
    for params in ({}, {"protocolVersion": 7}, {"protocolVersion": NEWEST}):
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        reply = world.post(message)
        assert (reply.status, reply.json["error"]["code"]) == (200, -32602)
        assert "mcp-session-id" not in reply.headers
    assert world.endpoint.sessions == 0
    assert world.endpoint.stats.alone == 0


def test_what_comes_before_the_session_is_ready_is_refused() -> None:
    world = Exchanging(served())
    params = {"protocolVersion": NEWEST, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    opened = world.post(
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, ("MCP-Protocol-Version", "odd")
    )
    client = LegacyClient(world, NEWEST, opened)
    assert client.ask("tools/list").json["error"]["code"] == -32600
    again = client.ask("initialize", params)
    assert again.json["error"]["code"] == -32600
    assert world.endpoint.sessions == 1


def test_a_request_whose_id_is_in_flight_is_refused() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.holds = True
    first = client.call("echo", {"x": "hi"}, call_id=7)
    second = client.call("echo", {"x": "hi"}, call_id=7)
    assert (second.status, second.json["id"]) == (400, 7)
    other = client.call("echo", {"x": "hi"}, call_id="7")
    world.go_on()
    assert (first.json["id"], other.json["id"]) == (7, "7")


def test_an_answer_that_belongs_to_nothing_is_dropped() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    assert client.send({"jsonrpc": "2.0", "id": 99, "result": {}}).status == 202
    assert [type(event) for _, event in world.events][-1] is MessageDropped


def test_a_client_that_goes_away_cancels_nothing() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.holds = True
    reply = client.call("echo", {"x": "hi"})
    world.drop(reply)
    assert not [event for _, event in world.events if isinstance(event, RequestCancelled)]
    world.go_on()
    assert client.ask("ping").status == 200


def test_a_cancelled_request_has_no_answer_and_its_response_ends() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.holds = True
    reply = client.call("echo", {"x": "hi"}, call_id=4)
    assert client.notify("notifications/cancelled", {"requestId": 4}).status == 202
    assert reply.ended
    assert reply.messages == []
    world.go_on()
    assert reply.messages == []
    short = Exchanging(served(), responses="json")
    client = short.handshake(NEWEST)
    short.holds = True
    reply = client.call("echo", {"x": "hi"}, call_id=4)
    client.notify("notifications/cancelled", {"requestId": 4})
    assert (reply.status, reply.body) == (202, b"")


def test_deleting_a_session_ends_its_exchanges_first() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    listener = client.listen()
    world.holds = True
    waiting = client.call("echo", {"x": "hi"})
    assert client.delete().status == 200
    # The client knows that the session is gone: to tell it by 404 makes clients of others fail as they close.
    assert (waiting.status, waiting.messages, waiting.ended) == (200, [], True)
    assert listener.ended
    assert kinds(world)[-3:] == ["RequestCancelled", "SessionEnded", "Disconnected"]
    assert world.endpoint.next_deadline() is None
    world.go_on()
    assert world.endpoint.sessions == 0


def test_a_deleted_session_of_answers_alone_ends_its_exchanges_with_no_answer() -> None:
    world = Exchanging(served(), responses="json")
    client = world.handshake(NEWEST)
    world.holds = True
    waiting = client.call("echo", {"x": "hi"})
    assert client.delete().status == 200
    assert (waiting.status, waiting.body) == (202, b"")


# A server's own requests


def test_a_question_goes_out_on_the_stream_of_its_call_and_is_answered_by_another_post() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST, capabilities=ASKABLE)
    listener = client.listen()
    reply = client.call("asks", call_id=1)
    (question,) = reply.messages
    assert question["method"] == "elicitation/create"
    assert not reply.ended
    answer = {
        "jsonrpc": "2.0",
        "id": question["id"],
        "result": {"action": "accept", "content": {"word": "yes"}},
    }
    assert client.send(answer).status == 202
    assert reply.messages[1]["result"]["content"][0]["text"] == "yes"
    assert reply.ended
    assert listener.messages == []


def test_a_question_is_withdrawn_with_its_call() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST, capabilities=ASKABLE)
    reply = client.call("asks", call_id=1)
    client.notify("notifications/cancelled", {"requestId": 1, "reason": "enough"})
    withdrawn = reply.messages[1]
    assert withdrawn["method"] == "notifications/cancelled"
    assert withdrawn["params"] == {"requestId": reply.messages[0]["id"], "reason": "enough"}
    assert reply.ended


@pytest.mark.parametrize("settings", [{"sessions": False}, {"responses": "json"}])
def test_where_no_question_reaches_the_client_the_tool_fails_at_once(settings: dict) -> None:
    world = Exchanging(served(), **settings)
    client = world.handshake(NEWEST, capabilities=ASKABLE)
    reply = client.call("asks")
    assert reply.status == 200
    told = reply.json if reply.headers["content-type"] == "application/json" else reply.messages[-1]
    assert told["result"]["isError"] if "result" in told else told["error"]["code"]


# Arrays of 2025-03-26


def test_an_array_of_calls_is_answered_by_an_array() -> None:
    world = Exchanging(served())
    client = world.handshake("2025-03-26")
    call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo", "arguments": {"x": "hi"}}}
    notice = {"jsonrpc": "2.0", "method": "notifications/custom"}
    reply = client.send(
        [{**call, "id": 1}, notice, {**call, "id": 2}, {"jsonrpc": "2.0", "id": 3, "method": 7}]
    )
    assert reply.status == 200
    assert {answer["id"] for answer in reply.json} == {1, 2, 3}
    assert client.send([notice, notice]).status == 202
    assert client.send([{"jsonrpc": "2.0", "id": 9, "result": {}}]).status == 202
    assert client.send([1, 2]).status == 400
    twins = client.send([{**call, "id": 1}, {**call, "id": 1}])
    assert (twins.status, twins.json["id"]) == (400, 1)
    first = client.send([{"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {}}])
    assert first.json[0]["error"]["code"] == -32600


def test_the_answers_of_an_array_come_as_events_where_something_comes_before() -> None:
    world = Exchanging(served())
    client = world.handshake("2025-03-26")
    call = {
        "jsonrpc": "2.0",
        "method": "tools/call",
        "params": {"name": "count", "_meta": {"progressToken": 1}},
    }
    reply = client.send([{**call, "id": 1}, {"jsonrpc": "2.0", "id": 2, "method": "ping"}])
    assert reply.messages[0]["method"] == "notifications/progress"
    assert {answer["id"] for answer in reply.messages[1]} == {1, 2}
    assert reply.ended


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_other_revisions_have_no_arrays(revision: str) -> None:
    for settings in ({}, {"sessions": False}):
        world = Exchanging(served(), **settings)
        client = world.handshake(revision)
        reply = client.send([{"jsonrpc": "2.0", "id": 1, "method": "ping"}])
        assert (reply.status, reply.json["error"]["code"]) == (400, -32600)


# Sessions off


@pytest.mark.parametrize("revision", LEGACY)
def test_without_sessions_each_request_stands_alone(revision: str) -> None:
    world = Exchanging(served(), sessions=False)
    client = world.handshake(revision)
    assert "mcp-session-id" not in client.opened.headers
    assert client.call("echo", {"x": "hi"}).json["result"]["content"][0]["text"] == "hi"
    told = client.call("talk", {"times": 2}, call_id=2)
    assert [message.get("method") for message in told.messages] == ["notifications/message"] * 2 + [None]
    assert client.send({"jsonrpc": "2.0", "id": 99, "result": {}}).status == 202
    assert client.ask("nope/x").json["error"]["code"] == -32601
    assert world.endpoint.sessions == 0
    assert world.endpoint.stats.alone == 0


def test_without_sessions_a_client_that_goes_away_cancels_nothing() -> None:
    world = Exchanging(served(), sessions=False)
    client = world.handshake(NEWEST)
    world.holds = True
    reply = client.call("talk")
    world.drop(reply)
    assert "RequestCancelled" not in kinds(world)
    assert world.endpoint.stats.alone == 1
    world.go_on()
    assert world.endpoint.stats.alone == 0
    assert kinds(world)[-1] == "ExchangeEnded"
    assert reply.actions == []


def test_without_sessions_a_version_that_nobody_says_is_the_first_with_this_transport() -> None:
    world = Exchanging(served(), sessions=False)
    assert world.post([{"jsonrpc": "2.0", "id": 1, "method": "ping"}]).json[0]["result"] == {}
    newer = Exchanging(served(revisions=("2025-06-18", "2025-11-25")), sessions=False)
    assert newer.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}).json["result"] == {}


# How many, and for how long


def test_there_are_as_many_sessions_as_the_limit_says() -> None:
    world = Exchanging(served(), http_limits=HttpLimits(sessions=3))
    clients = [world.handshake(NEWEST) for _ in range(3)]
    params = {"protocolVersion": NEWEST, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    more = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    for _ in range(10):
        assert world.post(more).status == 503
    assert clients[0].ask("ping").status == 200
    assert clients[1].delete().status == 200
    assert world.post(more).status == 200


def test_a_session_ends_exactly_when_it_was_idle_for_too_long() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.wait(1000.0)
    assert client.ask("ping").status == 200
    world.wait(1799.999)
    assert world.endpoint.sessions == 1
    world.wait(0.001)
    assert world.endpoint.sessions == 0
    assert kinds(world)[-2:] == ["SessionEnded", "Disconnected"]
    assert client.ask("ping").status == 404
    assert world.endpoint.next_deadline() is None


def test_a_late_timer_lets_nobody_use_a_session_that_is_over() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.now = 1800.0
    assert client.ask("ping").status == 404


def test_a_session_with_work_or_a_stream_in_flight_never_ends() -> None:
    world = Exchanging(served())
    listening, working = world.handshake(NEWEST), world.handshake(NEWEST)
    stream = listening.listen()
    world.holds = True
    reply = working.call("echo", {"x": "hi"})
    world.drop(reply)
    world.wait(10_000.0)
    assert world.endpoint.sessions == 2
    world.drop(stream)
    world.go_on()
    world.wait(1799.0)
    assert world.endpoint.sessions == 2
    world.wait(1.0)
    assert world.endpoint.sessions == 0


def test_a_question_that_nobody_is_there_to_answer_keeps_no_session() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST, capabilities={"elicitation": {}})
    asked = client.call("asks")
    world.wait(10_000.0)
    assert world.endpoint.sessions == 1
    world.drop(asked)
    world.wait(1799.0)
    assert world.endpoint.sessions == 1
    world.wait(1800.0)
    assert world.endpoint.sessions == 0
    assert kinds(world)[-2:] == ["SessionEnded", "Disconnected"]


# Whose they are


def verify(head: RequestHead) -> str | Refused | None:
    token = head.headers.get("authorization")
    if token is None:
        return Refused(status=401, reason="no token", headers=(("www-authenticate", "Bearer"),))
    return token


def test_a_session_is_nobody_elses() -> None:
    world = Exchanging(served(), verify=verify)
    mine, other = ("Authorization", "A"), ("Authorization", "B")
    client = world.handshake(NEWEST, mine)
    named = [field for field in client.headers if field != mine]
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    stolen = world.post(ping, *named, other)
    unknown = world.post(ping, ("Mcp-Session-Id", "0" * 32), other)
    assert (stolen.status, stolen.body) == (404, unknown.body)
    listen = ("Accept", "text/event-stream")
    assert world.request("GET", [listen, *named, other]).status == 404
    assert world.request("DELETE", [*named, other]).status == 404
    nobody = world.post(ping, *named)
    assert (nobody.status, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert client.ask("ping").status == 200
    assert client.call("echo", {"x": "hi"}).status == 200


def test_who_sent_a_request_may_be_found_out_later() -> None:
    world = Exchanging(served(), verify=lambda _: LATER)
    world.holds_errands = True
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    replies = [world.post(message) for _ in range(4)]
    errands = [errand for errand in world.errands if isinstance(errand, Authorize)]
    assert [reply.actions for reply in replies] == [[], [], [], []]
    world.endpoint.authorize(errands[0].exchange, "A", world.now)
    world.endpoint.refuse(errands[1].exchange, Refused(status=403, reason="no"), world.now)
    world.drop(replies[2])
    world.endpoint.authorize(errands[2].exchange, "A", world.now)
    world.endpoint.refuse(errands[2].exchange, Refused(status=403, reason="no"), world.now)
    world.endpoint.perform(errands[3])(world.now)
    world.settle()
    assert [reply.status for reply in replies if reply.actions] == [400, 403, 500]
    head = RequestHead(method="POST", target="/mcp", headers=Headers([("Host", "localhost")]))
    assert world.endpoint.open_exchange(head, world.now).state.value == "answered"


def test_who_sent_a_request_may_be_known_before_its_body_is() -> None:
    world = Exchanging(served(), verify=lambda _: LATER)
    world.holds_errands = True
    fields = [("Host", "localhost"), ("Content-Type", "application/json"), ("Accept", "*/*")]
    head = RequestHead(method="POST", target="/mcp", headers=Headers(fields))
    exchange = world.endpoint.open_exchange(head, world.now)
    world.endpoint.authorize(exchange, "A", world.now)
    exchange.receive_data(b"{}", world.now)
    exchange.receive_eof(world.now)
    assert exchange.actions()[0].status == 400  # type: ignore[union-attr]


# Pings


def test_a_session_is_pinged_only_where_it_hears_it() -> None:
    keep_alive = KeepAlive(interval=20.0, timeout=20.0)
    world = Exchanging(served(), keep_alive=keep_alive)
    client = world.handshake(NEWEST)
    world.wait(200.0)
    assert world.endpoint.sessions == 1
    stream = client.listen()
    world.wait(25.0)
    assert [message["method"] for message in stream.messages] == ["ping"]
    assert client.send({"jsonrpc": "2.0", "id": stream.messages[0]["id"], "result": {}}).status == 202
    world.wait(60.0)
    assert stream.ended
    assert world.endpoint.sessions == 0
    assert client.ask("ping").status == 404
    assert [event for _, event in world.events if isinstance(event, ProtocolViolated)]


@pytest.mark.parametrize("more", [0, 1, 100 * 1024])
def test_what_a_client_says_of_itself_is_bounded(more: int) -> None:
    world = Exchanging(served(), http_limits=HttpLimits(opening_bytes=1024))
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "", "version": "1"}}
    params["clientInfo"]["name"] = "c" * (1024 - len(json.dumps(params, separators=(",", ":"))) + more)
    reply = world.post({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": params})
    assert reply.status == (413 if more else 200)
    assert reply.json["id"] == 7
    assert world.endpoint.sessions == (0 if more else 1)
