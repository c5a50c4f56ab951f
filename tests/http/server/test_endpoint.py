"""An endpoint over HTTP: which era a request belongs to, and what becomes of it."""

import pytest
from tests.http.server.exchanging import Exchanging

from sansmcp.server import Context, Server

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")


def served() -> Server:
    server = Server("tested", version="1")

    @server.tool(blocks=False)
    def echo(x: str) -> str:
        return x

    @server.tool(blocks=False)
    def talk(*, ctx: Context) -> str:
        ctx.progress(1)
        return "told"

    return server


def test_a_modern_call_is_answered_in_json() -> None:
    world = Exchanging(served())
    reply = world.call("echo", {"x": "hi"})
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["result"]["content"] == [{"type": "text", "text": "hi"}]
    assert reply.ended
    assert world.endpoint.stats.alone == 0


def test_a_modern_call_that_tells_something_first_is_answered_by_events() -> None:
    world = Exchanging(served())
    reply = world.call("talk", progressToken="t")
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-accel-buffering"] == "no"
    assert [message.get("method", "answer") for message in reply.messages] == [
        "notifications/progress",
        "answer",
    ]
    assert [event.event_id for event in reply.events] == [None, None]
    assert reply.ended


@pytest.mark.parametrize("revision", LEGACY)
def test_a_legacy_client_opens_a_session_and_calls_in_it(revision: str) -> None:
    world = Exchanging(served())
    client = world.handshake(revision)
    assert world.endpoint.sessions == 1
    assert client.call("echo", {"x": "hi"}).json["result"]["content"][0]["text"] == "hi"
    told = client.call("talk", token="t", call_id=2)
    assert [message.get("id") for message in told.messages] == [None, 2]
    assert client.delete().status == 200
    assert world.endpoint.sessions == 0
    assert client.call("echo", {"x": "hi"}).status == 404
