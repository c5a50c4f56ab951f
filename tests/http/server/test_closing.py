"""How an endpoint ends in good order."""

import pytest
from tests.http.server.exchanging import Exchanging, LegacyClient, meta
from tests.http.server.offered import served

from sansmcp.http import LATER, HttpLimits, MemoryEventStore
from sansmcp.session import ExchangeEnded, RequestCancelled, Timeouts

NEWEST = "2025-11-25"
UNPRIMED = HttpLimits(priming=15.0)


class Slow(MemoryEventStore):
    """A store that is no memory of the endpoint's own."""


def close(world: Exchanging) -> None:
    world.endpoint.close(world.now)
    world.settle()


def test_who_listens_is_told_at_once() -> None:
    world = Exchanging(served())
    params = {"notifications": {"toolsListChanged": True}, "_meta": meta()}
    modern = world.modern("subscriptions/listen", params)
    legacy = world.handshake(NEWEST).listen()
    close(world)
    assert modern.messages[-1]["id"] == 1
    assert "result" in modern.messages[-1]
    assert modern.ended
    assert legacy.ended
    assert world.endpoint.sessions == 0
    assert world.endpoint.stats.alone == 0
    close(world)


def test_what_runs_may_finish_in_time() -> None:
    world = Exchanging(served(), timeouts=Timeouts(close=5.0), http_limits=UNPRIMED)
    client = world.handshake(NEWEST)
    world.holds = True
    modern, legacy = world.call("echo", {"x": "hi"}), client.call("echo", {"x": "hi"})
    close(world)
    assert (modern.actions, legacy.actions) == ([], [])
    assert world.call("echo", {"x": "late"}).status == 503
    assert client.ask("ping").status == 503
    world.wait(3.0)
    world.go_on()
    for reply in (modern, legacy):
        assert reply.json["result"]["content"][0]["text"] == "hi"
    assert world.endpoint.sessions == 0
    assert world.endpoint.stats.alone == 0


def test_what_does_not_finish_in_time_is_given_up() -> None:
    world = Exchanging(served(), timeouts=Timeouts(close=5.0), http_limits=UNPRIMED)
    client = world.handshake(NEWEST)
    world.holds = True
    modern, legacy = world.call("echo", {"x": "hi"}), client.call("echo", {"x": "hi"})
    close(world)
    world.wait(4.99)
    assert not modern.actions
    world.wait(0.01)
    assert [reply.status for reply in (modern, legacy)] == [503, 503]
    assert all(reply.exchange.done for reply in (modern, legacy))
    assert len([event for _, event in world.events if isinstance(event, RequestCancelled)]) == 2
    assert world.endpoint.sessions == 0
    world.go_on()
    assert world.endpoint.next_deadline() is None


def test_a_request_that_nobody_waits_for_has_its_time_too() -> None:
    world = Exchanging(served(), sessions=False, timeouts=Timeouts(close=5.0))
    client = world.handshake(NEWEST)
    world.holds = True
    world.drop(client.call("echo", {"x": "hi"}))
    close(world)
    assert world.endpoint.stats.alone == 1
    world.wait(5.0)
    assert world.endpoint.stats.alone == 0
    assert isinstance(world.events[-1][1], ExchangeEnded)


def test_a_body_that_comes_after_the_end_has_begun_is_not_read() -> None:
    world = Exchanging(served())
    reply = world.call("echo", {"x": "hi"})
    head = reply.exchange.head
    exchange = world.endpoint.open_exchange(head, world.now)
    close(world)
    exchange.receive_data(b"{}", world.now)
    exchange.receive_eof(world.now)
    response = exchange.actions()[0]
    assert (response.status, response.close) == (503, True)  # type: ignore[union-attr]


@pytest.mark.parametrize("finishes", [True, False])
def test_a_server_that_stops_keeps_its_sessions_for_the_next_one(*, finishes: bool) -> None:
    store = MemoryEventStore()
    world = Exchanging(served(), event_store=store, timeouts=Timeouts(close=5.0))
    client = world.handshake(NEWEST)
    world.holds = True
    reply = client.call("talk")
    world.wait(15.0)
    world.drop(reply)
    close(world)
    if finishes:
        world.go_on()
    world.wait(5.0)
    assert world.endpoint.sessions == 0
    client.world = Exchanging(served(), seed=1, event_store=store)
    again = client.listen(reply.events[-1].event_id)
    assert again.ended
    assert again.messages[-1]["id"] == 1
    assert ("result" in again.messages[-1]) is finishes


@pytest.mark.parametrize("ends", [True, False])
def test_what_is_looked_up_while_it_ends_is_not_served_any_more(ends: bool) -> None:
    store = Slow()
    client = Exchanging(served(), event_store=store).handshake(NEWEST)
    world = Exchanging(served(), seed=7, event_store=store)
    again = LegacyClient(world, NEWEST, client.opened)
    world.holds_errands = True
    replies = [again.ask("ping"), again.listen(), again.delete()]
    if ends:
        close(world)
    world.do_errands()
    assert [reply.status for reply in replies] == ([503, 503, 503] if ends else [200, 200, 200])
    # The delete has ended the session, and the stream with it.
    assert all(reply.ended for reply in replies)
    assert world.endpoint.sessions == 0
    assert world.endpoint.next_deadline() is None


@pytest.mark.parametrize("target", ["/mcp", "/sse"])
def test_who_is_found_out_while_it_ends_is_not_served_any_more(target: str) -> None:
    world = Exchanging(served(), verify=lambda _: LATER, http_sse=True)
    world.holds_errands = True
    reply = world.request("GET", [("Accept", "text/event-stream")], target=target)
    close(world)
    world.endpoint.authorize(reply.exchange, "A", world.now)
    world.settle()
    assert (reply.status, world.endpoint.sessions) == (503, 0)
