"""Streams of a server whose store takes its time, or fails."""

from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served
from tests.http.server.slow_stores import NEWEST, Slow, ids, said, session_of, slow

from sansmcp.http import HttpLimits
from sansmcp.session import ProtocolViolated


def test_nothing_leaves_before_it_is_stored() -> None:
    world, client = slow()
    world.holds_errands = True
    reply = client.call("talk", {"times": 2})
    assert reply.body == b""
    for count in range(1, 5):
        world.endpoint.perform(world.errands.pop(0))(world.now)
        world.settle()
        assert len(reply.events) == count
    assert reply.ended
    assert world.errands == []


def test_what_could_not_be_stored_leaves_without_an_id() -> None:
    store = Slow()
    world, client = slow(store)
    store.fails = True
    reply = client.call("talk", {"times": 2})
    assert said(reply) == ["turn 0", "turn 1", "told"]
    assert ids(reply) == []
    assert reply.ended
    reasons = [event.reason for _, event in world.events if isinstance(event, ProtocolViolated)]
    assert "the disk is full" in reasons[0]


def test_what_cannot_be_loaded_is_not_there() -> None:
    store = Slow()
    world, client = slow(store)
    reply = client.call("talk")
    store.fails = True
    assert client.listen(ids(reply)[0]).status == 400
    assert (
        world.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, ("Mcp-Session-Id", "0" * 32)).status == 404
    )


def test_a_stream_may_be_taken_over_while_its_events_are_being_stored_or_loaded() -> None:
    world, client = slow()
    world.holds = True
    first = client.call("talk", {"times": 3})
    world.wait(15.0)
    world.holds_errands = True
    world.go_on()
    second = client.listen(ids(first)[0])
    third = client.listen(ids(first)[0])
    assert first.ended
    assert second.status == 409
    assert third.actions == []
    world.do_errands()
    assert said(third) == ["turn 0", "turn 1", "turn 2", "told"]
    assert said(first) == []
    assert third.ended


def test_a_listener_may_go_away_while_its_events_are_loaded() -> None:
    world, client = slow()
    first = client.listen()
    world.holds_errands = True
    second = client.listen(ids(first)[0])
    world.wait(20.0)
    assert second.actions == []
    world.drop(second)
    world.do_errands()
    assert second.actions == []
    world.holds_errands = False
    assert client.listen().status == 200


def test_a_listener_that_waits_for_its_events_for_too_long_is_refused() -> None:
    world = Exchanging(served(), event_store=Slow(), http_limits=HttpLimits(outbox_messages=5))
    client = world.handshake(NEWEST)
    first = client.listen()
    world.holds_errands = True
    second = client.listen(ids(first)[0])
    session = session_of(world)
    for number in range(6):
        session.notify("notifications/message", {"level": "info", "data": number}, world.now)
        world.settle()
    assert second.status == 503
    world.holds_errands = False
    world.do_errands()
    assert said(client.listen(ids(first)[0])) == list(range(6))


def test_a_stream_may_be_over_before_its_events_are_loaded() -> None:
    world, client = slow()
    world.holds = True
    first = client.call("talk", {"times": 2})
    world.wait(15.0)
    world.drop(first)
    world.holds_errands = True
    second = client.listen(ids(first)[0])
    assert client.notify("notifications/cancelled", {"requestId": 1}).status == 202
    world.drop(second)
    world.go_on()
    world.do_errands()
    assert second.messages == []
    assert client.ask("ping", call_id=3).status == 200


def test_a_session_may_end_while_its_events_are_stored_or_loaded() -> None:
    world, client = slow()
    first = client.listen()
    world.holds_errands = True
    told = client.call("talk", {"times": 2})
    second = client.listen(ids(first)[0])
    client.delete()
    assert (second.status, second.messages, second.ended) == (200, [], True)
    assert told.ended
    world.do_errands()
    assert told.messages == []
    assert world.endpoint.sessions == 0


def test_a_client_may_go_away_while_its_session_is_looked_up() -> None:
    world, _ = slow()
    world.holds_errands = True
    unknown = [("Mcp-Session-Id", "0" * 32), ("Accept", "*/*")]
    first, second = world.request("GET", unknown), world.request("GET", unknown)
    world.drop(first)
    assert len(world.errands) == 1
    world.do_errands()
    assert (first.actions, second.status) == ([], 404)
