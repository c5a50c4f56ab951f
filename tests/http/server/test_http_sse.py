"""HTTP+SSE, the transport of 2024-11-05.

Source: 2024-11-05, Transports, HTTP with SSE.
"""

import json

import pytest
from tests.http.server.exchanging import MODERN, Exchanging, Reply, meta
from tests.http.server.offered import served

from sansmcp.errors import LocalProtocolError
from sansmcp.http import HttpLimits, HttpOptions, Refused, RequestHead
from sansmcp.session import Change, ChangeKind, Disconnected, RequestCancelled, Timeouts
from sansmcp.values import JSON

JSON_TYPE = ("Content-Type", "application/json")
ASKABLE = {"elicitation": {}}


def open_stream(world: Exchanging, target: str = "/sse", *fields: tuple[str, str]) -> Reply:
    return world.request("GET", [("Accept", "text/event-stream"), *fields], target=target)


def address(stream: Reply) -> str:
    first = stream.events[0]
    assert first.event == "endpoint"
    return first.data.decode()


def send(world: Exchanging, stream: Reply, message: JSON, *fields: tuple[str, str]) -> Reply:
    return world.request("POST", [JSON_TYPE, *fields], json.dumps(message).encode(), target=address(stream))


def shake(world: Exchanging, stream: Reply, *fields: tuple[str, str]) -> None:
    params = {
        "protocolVersion": "2024-11-05",
        "capabilities": ASKABLE,
        "clientInfo": {"name": "old", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    assert send(world, stream, message, *fields).status == 202
    assert (
        send(world, stream, {"jsonrpc": "2.0", "method": "notifications/initialized"}, *fields).status == 202
    )


def messages(stream: Reply) -> list[JSON]:
    assert {event.event for event in stream.events[1:]} <= {"message"}
    return [json.loads(event.data) for event in stream.events[1:]]


def call(name: str, call_id: JSON = 1, **arguments: JSON) -> JSON:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": call_id, "method": "tools/call", "params": params}


@pytest.mark.parametrize("more", [0, 1])
def test_what_a_client_says_of_itself_is_bounded(more: int) -> None:
    world = Exchanging(served(), http_sse=True, http_limits=HttpLimits(opening_bytes=1024))
    stream = open_stream(world)
    params = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "", "version": "1"}}
    params["clientInfo"]["name"] = "c" * (1024 - len(json.dumps(params, separators=(",", ":"))) + more)
    reply = send(world, stream, {"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": params})
    assert reply.status == (413 if more else 202)
    assert len(messages(stream)) == 1 - more
    # Whoever said too much may say less.
    if more:
        shake(world, stream)
        assert len(messages(stream)) == 1


def test_it_is_off_unless_asked_for() -> None:
    world = Exchanging(served())
    assert open_stream(world).status == 404
    assert world.request("POST", [JSON_TYPE], b"{}", target="/messages").status == 404


def test_a_client_is_told_where_to_send_messages_and_answered_on_its_stream() -> None:
    world = Exchanging(served(), http_sse=True)
    stream = open_stream(world)
    assert stream.headers["content-type"] == "text/event-stream"
    assert address(stream).startswith("/messages?session_id=")
    shake(world, stream)
    assert send(world, stream, call("echo", x="hi")).body == b""
    opened, answered = messages(stream)
    assert opened["result"]["protocolVersion"] == "2024-11-05"
    assert answered["result"]["content"][0]["text"] == "hi"
    assert world.endpoint.sessions == 1
    world.handshake("2025-11-25")
    assert world.call("echo", {"x": "hi"}).status == 200


def test_a_server_tells_and_withdraws_on_the_stream() -> None:
    world = Exchanging(served(), http_sse=True)
    stream = open_stream(world)
    shake(world, stream)
    session = world.events[0][0]
    session.publish(Change(kind=ChangeKind.TOOLS), world.now)
    world.settle()
    assert messages(stream)[-1]["method"] == "notifications/tools/list_changed"
    session.ping(world.now)
    world.settle()
    assert messages(stream)[-1]["method"] == "ping"
    world.wait(60.0)
    assert messages(stream)[-1]["method"] == "notifications/cancelled"
    assert b":\n\n" in stream.body


def test_messages_without_a_stream_are_refused() -> None:
    world = Exchanging(served(), http_sse=True)
    stream = open_stream(world)
    ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for target in ("/messages", "/messages?session_id=" + "0" * 32, "/messages?session_id=x"):
        assert world.request("POST", [JSON_TYPE], ping, target=target).status == 404
    assert world.request("POST", [], ping, target=address(stream)).status == 415
    assert world.request("POST", [JSON_TYPE], b"{", target=address(stream)).status == 400
    assert world.request("GET", [], target="/messages").status == 405
    assert world.request("POST", [JSON_TYPE], ping, target="/sse").status == 405
    assert world.request("GET", [("Accept", "text/html")], target="/sse").status == 406
    modern = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta()}}
    assert send(world, stream, modern, ("MCP-Protocol-Version", MODERN)).status == 400


def test_a_stream_is_nobody_elses() -> None:
    def verify(head: RequestHead) -> str | Refused:
        token = head.headers.get("authorization")
        return Refused(status=401, reason="no token") if token is None else token

    world = Exchanging(served(), http_sse=True, verify=verify)
    mine, other = ("Authorization", "A"), ("Authorization", "B")
    assert open_stream(world).status == 401
    stream = open_stream(world, "/sse", mine)
    shake(world, stream, mine)
    assert send(world, stream, call("echo", x="hi"), other).status == 404
    assert send(world, stream, call("echo", x="hi")).status == 401


def test_the_session_lasts_as_long_as_the_stream() -> None:
    world = Exchanging(served(), http_sse=True, timeouts=Timeouts(end_of_input=0.5))
    stream = open_stream(world)
    shake(world, stream)
    world.wait(10_000.0)
    assert world.endpoint.sessions == 1
    world.holds = True
    send(world, stream, call("echo", x="hi"))
    world.drop(stream)
    assert world.endpoint.sessions == 0
    assert send(world, stream, call("echo", x="hi")).status == 404
    world.wait(0.5)
    kinds = [type(event) for _, event in world.events]
    assert kinds[-1] is Disconnected
    assert RequestCancelled in kinds
    assert world.endpoint.next_deadline() is None


def test_it_ends_with_the_server() -> None:
    world = Exchanging(served(), http_sse=True)
    stream, other = open_stream(world), open_stream(world)
    shake(world, stream)
    world.holds = True
    send(world, stream, call("echo", x="hi"))
    world.endpoint.close(world.now)
    world.settle()
    assert other.ended
    assert not stream.ended
    world.go_on()
    assert messages(stream)[-1]["result"]["content"][0]["text"] == "hi"
    assert stream.ended
    assert world.endpoint.sessions == 0


def test_a_slow_reader_loses_its_session() -> None:
    world = Exchanging(served(), http_sse=True, http_limits=HttpLimits(outbox_messages=10, sessions=1))
    stream = open_stream(world)
    shake(world, stream)
    assert open_stream(world).status == 503
    session = world.events[0][0]
    stream.is_read = False
    for number in range(12):
        session.notify("notifications/message", {"level": "info", "data": number}, world.now)
        world.settle()
    assert world.endpoint.sessions == 1
    send(
        world, stream, {"jsonrpc": "2.0", "id": 2, "method": "logging/setLevel", "params": {"level": "debug"}}
    )
    for number in range(30):
        session.notify("notifications/message", {"level": "info", "data": number}, world.now)
        world.settle()
    assert world.endpoint.sessions == 0
    assert [type(action).__name__ for action in stream.exchange.actions()] == ["ResponseEnd"]


def test_its_paths_are_settable_and_follow_where_the_endpoint_is_mounted() -> None:
    world = Exchanging(served(), http_sse=True, sse_path="/old", messages_path="/old/send")
    assert address(open_stream(world, "/old")).startswith("/old/send?session_id=")
    mounted = Exchanging(served(), http_sse=True, path=None)
    stream = open_stream(mounted, "/prefix/sse?x=1")
    assert address(stream).startswith("/prefix/messages?session_id=")
    shake(mounted, stream)


def test_it_needs_responses_that_are_streams() -> None:
    for settings, streams in (({"responses": "json"}, True), ({}, False)):
        with pytest.raises(LocalProtocolError, match="http_sse=True"):
            HttpOptions.of({"http_sse": True, **settings}, streams=streams)
    with pytest.raises(LocalProtocolError, match="sse_path"):
        HttpOptions.of({"sse_path": "sse"})


def test_many_changes_that_nobody_reads_are_one_and_cost_no_session() -> None:
    world = Exchanging(served(), http_sse=True, http_limits=HttpLimits(outbox_messages=10))
    stream = open_stream(world)
    shake(world, stream)
    session = world.events[0][0]
    stream.is_read = False
    for _ in range(50):
        session.publish(Change(kind=ChangeKind.TOOLS), world.now)
        world.settle()
    assert world.endpoint.sessions == 1
    stream.actions += stream.exchange.actions()
    assert [message.get("method") for message in messages(stream)][1:] == ["notifications/tools/list_changed"]


def test_a_request_that_is_cancelled_is_not_answered() -> None:
    world = Exchanging(served(), http_sse=True)
    stream = open_stream(world)
    shake(world, stream)
    world.holds = True
    send(world, stream, call("echo", x="hi"))
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert send(world, stream, cancelled).status == 202
    world.go_on()
    assert len(messages(stream)) == 1


def test_a_server_of_2024_11_05_alone_is_reached_by_it_and_by_nothing_else() -> None:
    server = served(revisions=("2024-11-05",))
    with pytest.raises(LocalProtocolError, match="http_sse=True"):
        Exchanging(server)
    world = Exchanging(server, http_sse=True)
    stream = open_stream(world)
    shake(world, stream)
    send(world, stream, call("echo", x="hi"))
    assert messages(stream)[-1]["result"]["content"][0]["text"] == "hi"
