"""Handlers that wait until what they said is about to be written, over HTTP too."""

import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served

from sansmcp.session import RequestCancelled, RequestDrained


def drained(world: Exchanging) -> list[object]:
    return [event.request_id for _, event in world.events if isinstance(event, RequestDrained)]


@pytest.mark.parametrize("revision", ["2025-03-26", "2025-11-25", "2026-07-28"])
def test_a_handler_waits_for_a_reader_that_is_slow(revision: str) -> None:
    world = Exchanging(served())
    world.holds = True
    if revision == "2026-07-28":
        reply = world.call("echo", {"x": "hi"}, **{"io.modelcontextprotocol/logLevel": "info"})
    else:
        reply = world.handshake(revision).call("echo", {"x": "hi"})
    reply.is_read = False
    session = world.events[-1][0]
    session.notify("notifications/message", {"level": "info", "data": "x"}, world.now, related=1)
    session.drain(1, world.now)
    world.settle()
    assert drained(world) == []
    assert session.unsent_bytes(1) > 0
    reply.actions += reply.exchange.actions()
    world.settle()
    assert drained(world) == [1]
    assert session.unsent_bytes(1) == 0


def test_nobody_waits_for_a_client_that_is_gone() -> None:
    world = Exchanging(served())
    client = world.handshake("2025-11-25")
    world.holds = True
    reply = client.call("echo", {"x": "hi"})
    session = world.events[-1][0]
    world.drop(reply)
    session.notify("notifications/message", {"level": "info", "data": "x"}, world.now, related=1)
    session.drain(1, world.now)
    world.settle()
    assert drained(world) == [1]


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("revision", ["2025-03-26", "2025-11-25"])
def test_a_handler_that_waits_for_a_client_goes_on_without_it(revision: str, *, is_known: bool) -> None:
    world = Exchanging(served())
    client = world.handshake(revision)
    world.holds = True
    reply = client.call("echo", {"x": "hi"})
    session = world.events[-1][0]
    if is_known:
        session.notify("notifications/message", {"level": "info", "data": "heard"}, world.now, related=1)
        world.settle()
    reply.is_read = False
    session.notify("notifications/message", {"level": "info", "data": "unheard"}, world.now, related=1)
    session.drain(1, world.now)
    world.settle()
    assert drained(world) == []
    world.drop(reply)
    assert drained(world) == [1]
    assert session.unsent_bytes(1) == 0
    if is_known:
        # It was kept for the client, which knows where it was.
        again = client.listen(reply.events[-1].event_id)
        assert [message["params"]["data"] for message in again.messages] == ["unheard"]


def test_a_handler_that_waits_for_a_modern_client_is_given_up_with_it() -> None:
    world = Exchanging(served())
    world.holds = True
    reply = world.call("echo", {"x": "hi"}, **{"io.modelcontextprotocol/logLevel": "info"})
    reply.is_read = False
    session = world.events[-1][0]
    session.notify("notifications/message", {"level": "info", "data": "x"}, world.now, related=1)
    session.drain(1, world.now)
    world.settle()
    world.drop(reply)
    assert [event.request_id for _, event in world.events if isinstance(event, RequestCancelled)] == [1]
