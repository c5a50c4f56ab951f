"""Requests of the modern era: what each is refused for, and with which status.

Source: 2026-07-28, Streamable HTTP.
"""

import pytest
from tests.http.server.exchanging import MODERN, Exchanging, meta
from tests.http.server.offered import served

from sansmcp.server import Context, Server
from sansmcp.session import (
    Change,
    ChangeKind,
    ExchangeEnded,
    NotificationReceived,
    ProtocolViolated,
    SubscriptionClosed,
    SubscriptionOpened,
)
from sansmcp.values import JSON

VERSION = ("MCP-Protocol-Version", MODERN)
METHOD = ("Mcp-Method", "tools/call")
NAME = ("Mcp-Name", "echo")


def call(**changes: JSON) -> JSON:
    params = {"name": "echo", "arguments": {"x": "hi"}, "_meta": meta(), **changes}
    return {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params}


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ((VERSION, METHOD, NAME), 200, None),
        ((VERSION, NAME), 400, -32020),
        ((VERSION, METHOD), 400, -32020),
        ((METHOD, NAME), 400, -32020),
        ((VERSION, METHOD, ("Mcp-Name", "other")), 400, -32020),
        ((VERSION, METHOD, NAME, NAME), 400, -32020),
        ((VERSION, ("Mcp-Method", "tools/list"), NAME), 400, -32020),
        ((("MCP-Protocol-Version", "2025-11-25"), METHOD, NAME), 400, -32020),
        ((("MCP-Protocol-Version", "2027-01-01"), METHOD, NAME), 400, -32020),
        ((VERSION, METHOD, NAME, ("Mcp-Session-Id", "stale"), ("Last-Event-ID", "1")), 200, None),
    ],
)
def test_the_headers_of_a_call(fields: tuple[tuple[str, str], ...], status: int, code: int | None) -> None:
    world = Exchanging(served())
    reply = world.post(call(), *fields)
    assert reply.status == status
    assert reply.json.get("error", {}).get("code") == code
    assert reply.json["id"] == 5
    assert "mcp-session-id" not in reply.headers


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({}, 400, -32602),
        ({"io.modelcontextprotocol/protocolVersion": MODERN}, 400, -32602),
        (meta(**{"io.modelcontextprotocol/logLevel": "loud"}), 400, -32602),
    ],
)
def test_what_a_call_must_say_of_itself(said: JSON, status: int, code: int) -> None:
    world = Exchanging(served())
    reply = world.post(call(_meta=said), VERSION, METHOD, NAME)
    assert (reply.status, reply.json["error"]["code"]) == (status, code)
    assert [event.code for _, event in world.events if isinstance(event, ProtocolViolated)] == [code]


def test_a_version_that_is_not_spoken_is_refused_with_those_that_are() -> None:
    world = Exchanging(served())
    said = {**meta(), "io.modelcontextprotocol/protocolVersion": "2027-01-01"}
    reply = world.post(call(_meta=said), ("MCP-Protocol-Version", "2027-01-01"), METHOD, NAME)
    assert (reply.status, reply.json["error"]["code"]) == (400, -32022)
    assert reply.json["error"]["data"]["requested"] == "2027-01-01"
    assert not [event for _, event in world.events if isinstance(event, ProtocolViolated)]


def test_a_method_that_there_is_not_is_not_found() -> None:
    world = Exchanging(served())
    reply = world.modern("nope/x", {})
    assert (reply.status, reply.json["error"]["code"]) == (404, -32601)


def test_other_errors_are_answers() -> None:
    world = Exchanging(served())
    assert world.call("missing").status == 200
    assert world.modern("resources/read", {"uri": "data://none"}, ("Mcp-Name", "data://none")).status == 200


def test_a_capability_that_the_client_lacks_is_a_bad_request() -> None:
    world = Exchanging(served())
    reply = world.call("asks")
    assert (reply.status, reply.json["error"]["code"]) == (400, -32021)


def test_a_question_is_a_result_and_its_answer_another_request() -> None:
    world = Exchanging(served())
    able = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
    first = world.call("asks", **able)
    assert first.json["result"]["resultType"] == "input_required"
    (key,) = first.json["result"]["inputRequests"]
    params = {
        "name": "asks",
        "arguments": {},
        "_meta": meta(**able),
        "inputResponses": {key: {"action": "accept", "content": {"word": "yes"}}},
        "requestState": first.json["result"]["requestState"],
    }
    second = world.modern("tools/call", params, ("Mcp-Name", "asks"), call_id=2)
    assert second.json["result"]["content"][0]["text"] == "yes"


def test_an_initialize_that_is_modern_names_the_versions() -> None:
    world = Exchanging(served(revisions=(MODERN,)))
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    reply = world.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    assert (reply.status, reply.json["error"]["code"]) == (400, -32020)
    assert reply.json["error"]["data"] == {"supported": [MODERN]}
    # With everything that a modern request has, only the method is unknown.
    reply = world.modern("initialize", params)
    assert (reply.status, reply.json["error"]["code"]) == (404, -32601)
    assert reply.json["error"]["data"] == {"supported": [MODERN]}


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}},
        [{"jsonrpc": "2.0", "method": "notifications/custom"}],
    ],
)
def test_a_modern_client_sends_neither_answers_nor_arrays(message: JSON) -> None:
    world = Exchanging(served())
    assert world.post(message, VERSION).status == 400
    assert Exchanging(served(revisions=(MODERN,))).post(message).status == 400


def test_a_notification_is_taken_in_and_handled() -> None:
    world = Exchanging(served())
    world.holds = True
    reply = world.post({"jsonrpc": "2.0", "method": "notifications/custom"}, VERSION)
    assert (reply.status, reply.body) == (202, b"")
    assert [type(event) for _, event in world.events] == [NotificationReceived, ExchangeEnded]
    assert len(world.held) == 1
    world.go_on()
    assert world.endpoint.stats.alone == 0


def test_arguments_that_a_tool_wants_repeated_are_compared() -> None:
    server = Server("mirrors", version="1")
    schema = {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    }

    @server.tool(blocks=False, input_schema=schema)
    def place(arguments: JSON) -> str:
        return arguments["region"]

    world = Exchanging(server)
    params = {"name": "place", "arguments": {"region": "north"}, "_meta": meta()}
    for value, status in (("north", 200), ("south", 400)):
        fields = [("Mcp-Name", "place"), ("Mcp-Param-Region", value)]
        assert world.modern("tools/call", params, *fields).status == status
    nameless = world.modern("tools/call", {**params, "name": 7}, ("Mcp-Name", "7"))
    assert nameless.json["error"]["code"] in (-32602, -32020)
    without = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    assert world.post(without, VERSION, METHOD, NAME).json["error"]["code"] == -32602


def listen(world: Exchanging, call_id: JSON = 1, **wanted: JSON):
    params = {"notifications": wanted or {"toolsListChanged": True}, "_meta": meta()}
    return world.modern("subscriptions/listen", params, call_id=call_id)


def test_a_listener_is_acknowledged_and_told_until_it_goes_away() -> None:
    server = served()
    world = Exchanging(server)
    reply = listen(world)
    assert [message["method"] for message in reply.messages] == ["notifications/subscriptions/acknowledged"]
    server.tool(name="more", blocks=False)(lambda: "x")
    world.settle()
    world.wait(1.0)
    assert [message["method"] for message in reply.messages][1:] == ["notifications/tools/list_changed"]
    world.drop(reply)
    kinds = [type(event) for _, event in world.events]
    assert kinds[0] is SubscriptionOpened
    assert kinds[-2:] == [SubscriptionClosed, ExchangeEnded]
    server.tool(name="another", blocks=False)(lambda: "x")
    world.settle()
    world.wait(1.0)
    assert len(reply.messages) == 2


def test_many_changes_that_nobody_reads_are_one() -> None:
    server = served()
    world = Exchanging(server)
    reply = listen(world)
    reply.is_read = False
    (session,) = {session for session, _ in world.events}
    for _ in range(5000):
        session.publish(Change(kind=ChangeKind.TOOLS), world.now)
        world.settle()
    assert not reply.exchange.done
    reply.is_read = True
    session.publish(Change(kind=ChangeKind.TOOLS), world.now)
    world.settle()
    assert len(reply.messages) == 2


def test_a_listener_that_reads_too_little_is_cut_off() -> None:
    world = Exchanging(served())
    uris = [f"data://{number}" for number in range(1100)]
    reply = listen(world, resourceSubscriptions=uris)
    reply.is_read = False
    (session,) = {session for session, _ in world.events}
    for uri in uris:
        session.publish(Change(kind=ChangeKind.RESOURCE, uri=uri), world.now)
        world.settle()
    assert [type(event) for _, event in world.events][-1] is ExchangeEnded
    assert [type(action).__name__ for action in reply.exchange.actions()] == ["ResponseEnd"]
    assert reply.exchange.done


def test_where_responses_are_one_piece_nobody_listens_and_nothing_is_told_first() -> None:
    world = Exchanging(served(), responses="json")
    reply = listen(world)
    assert (reply.status, reply.json["error"]["code"]) == (404, -32601)
    told = world.call("count", {"times": 3}, progressToken="t")
    assert told.headers["content-type"] == "application/json"
    assert told.json["result"]["content"][0]["text"] == "counted"
    discovered = world.modern("server/discover", {})
    assert discovered.json["result"]["capabilities"] == {"resources": {}, "tools": {}}


def test_a_handler_may_wait_until_what_it_said_is_written() -> None:
    server = Server("patient", version="1")
    waited: list[str] = []

    @server.tool(blocks=False)
    def speak(*, ctx: Context) -> str:
        ctx.info("x")
        waited.append("said")
        return "done"

    world = Exchanging(server)
    reply = world.call("speak", **{"io.modelcontextprotocol/logLevel": "info"})
    assert [message.get("method") for message in reply.messages] == ["notifications/message", None]
    assert waited == ["said"]
