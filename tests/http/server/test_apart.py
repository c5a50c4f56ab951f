"""What one endpoint keeps apart: ids of two types, streams of two calls, sessions of two clients."""

import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served

from sansmcp import Server
from sansmcp.http import HttpLimits
from sansmcp.server import Context
from sansmcp.session import RequestCancelled, ServerSession, SessionLimits

NEWEST = "2025-11-25"
LEGACY = ("2025-03-26", "2025-06-18", NEWEST)


@pytest.mark.parametrize("revision", LEGACY)
def test_a_number_and_its_text_are_two_requests_and_giving_up_one_leaves_the_other(revision: str) -> None:
    world = Exchanging(served())
    client = world.handshake(revision)
    world.holds = True
    number, text = client.call("talk", call_id=7), client.call("talk", call_id="7")
    assert client.notify("notifications/cancelled", {"requestId": 7}).status == 202
    cancelled = [event for _, event in world.events if isinstance(event, RequestCancelled)]
    assert [event.request_id for event in cancelled] == [7]
    world.go_on()
    assert number.messages == []
    assert number.ended
    assert [message.get("id") for message in text.messages] == [None, "7"]


def test_records_go_to_the_stream_of_their_request_and_to_no_other() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    listening = client.listen()
    world.holds = True
    one, other = client.call("talk", call_id=1), client.call("count", call_id=2, token="t")
    world.go_on()
    assert [message.get("method") for message in one.messages] == ["notifications/message", None]
    assert [message.get("method") for message in other.messages] == ["notifications/progress", None]
    assert listening.messages == []


def test_who_subscribed_is_told_and_nobody_else() -> None:
    world = Exchanging(served())
    one, other = world.handshake(NEWEST), world.handshake(NEWEST)
    streams = [client.listen() for client in (one, other)]
    assert one.ask("resources/subscribe", {"uri": "data://watched"}).status == 200
    world.server.resource_updated("data://watched")
    world.settle()
    world.wait(1)
    told = [[message["method"] for message in stream.messages] for stream in streams]
    assert told == [["notifications/resources/updated"], []]


@pytest.mark.parametrize("sessions", [True, False])
def test_handles_of_state_lead_to_it_with_sessions_and_without(sessions: bool) -> None:
    server = Server("s", version="1")

    @server.tool(blocks=False)
    def keep(text: str, *, ctx: Context) -> str:
        return ctx.handles.new(text)

    @server.tool(blocks=False)
    def give(handle: str, *, ctx: Context) -> str:
        return str(ctx.handles.get(handle))

    world = Exchanging(server, sessions=sessions)
    client = world.handshake(NEWEST)
    handle = client.call("keep", {"text": "kept"}).json["result"]["content"][0]["text"]
    # It is the principal's, so that it is there in another session, and in the other era too.
    for reply in (
        world.handshake(NEWEST).call("give", {"handle": handle}),
        world.call("give", {"handle": handle}),
    ):
        assert reply.json["result"]["content"][0]["text"] == "kept"


def test_limits_are_those_of_a_session_and_counts_are_shown_for_each_and_for_all() -> None:
    world = Exchanging(served(), limits=SessionLimits(subscriptions=1), http_limits=HttpLimits(sessions=2))
    one, other = world.handshake(NEWEST), world.handshake(NEWEST)
    assert one.ask("resources/subscribe", {"uri": "data://watched"}).json["result"] == {}
    refused = one.ask("resources/subscribe", {"uri": "data://other"}, call_id=2)
    assert "too many subscriptions: 1 are open" in refused.json["error"]["message"]
    assert other.ask("resources/subscribe", {"uri": "data://watched"}).json["result"] == {}
    assert world.endpoint.stats.sessions == 2
    seen: list[ServerSession] = list(dict.fromkeys(session for session, _ in world.events))
    assert [session.stats().subscriptions for session in seen] == [1, 1]
