"""Streams of a session: who carries them, what waits, and what is asked for again.

Source: 2025-03-26 to 2025-11-25, Transports, Resumability and Redelivery.
"""

import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served
from tests.http.server.slow_stores import LEGACY, NEWEST, ids, said, session_of

from sansmcp.http import HttpLimits, MemoryEventStore
from sansmcp.server import Context, Server
from sansmcp.session import Change, ChangeKind


@pytest.mark.parametrize("revision", LEGACY)
def test_events_are_numbered_in_their_stream_and_begin_with_an_id_on_the_newest(revision: str) -> None:
    world = Exchanging(served())
    client = world.handshake(revision)
    first, second = client.call("talk", {"times": 2}), client.call("talk", {"times": 2}, call_id=2)
    numbers = [event_id.rpartition("_")[2] for event_id in ids(first)]
    assert numbers == (["0", "1", "2", "3"] if revision == NEWEST else ["1", "2", "3"])
    assert not {*ids(first)} & {*ids(second)}
    assert (first.events[0].data == b"") is (revision == NEWEST)


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("goes_away", [True, False])
def test_each_message_comes_once_however_the_stream_is_cut(revision: str, *, goes_away: bool) -> None:
    whole = served()
    reply = Exchanging(whole).handshake(revision).call("talk", {"times": 4})
    expected = said(reply)
    for cut in range(1, len(ids(reply)) + 1):
        world = Exchanging(whole)
        client = world.handshake(revision)
        world.holds = True
        first = client.call("talk", {"times": 4})
        if goes_away:
            # The handler goes on while nobody listens; what it says is kept where the client had an id.
            first.exchange.handle_timeout(15.0)
            world.settle()
            world.go_on()
        else:
            world.go_on()
        seen = ids(first)[:cut]
        world.drop(first)
        resumed = client.listen(seen[-1])
        before = [message for event in first.events[:cut] if event.data for message in [event]]
        assert said(first)[: len(before)] + said(resumed) == expected
        assert resumed.ended
        assert ids(resumed) == ids(first)[cut:]


def test_what_is_said_while_nobody_listens_is_kept_for_who_comes_back() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.holds = True
    first = client.call("talk", {"times": 3})
    world.wait(15.0)
    assert [event.data for event in first.events] == [b""]
    world.drop(first)
    world.go_on()
    again = client.listen(ids(first)[-1])
    assert said(again) == ["turn 0", "turn 1", "turn 2", "told"]
    assert again.ended
    # And once more, as long as it is kept.
    assert said(client.listen(ids(again)[1])) == ["turn 2", "told"]
    assert said(client.listen(ids(again)[-1])) == []


def test_a_stream_nobody_knows_of_keeps_nothing() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.holds = True
    reply = client.call("talk", {"times": 3})
    world.drop(reply)
    world.go_on()
    world.holds = False
    assert client.call("echo", {"x": "hi"}).status == 200
    assert world.endpoint.store.size == 0  # type: ignore[union-attr]


def test_one_request_listens_at_a_time() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    first, second = client.listen(), client.listen()
    assert (first.status, second.status) == (200, 409)
    session_of(world).publish(Change(kind=ChangeKind.TOOLS), world.now)
    world.settle()
    assert [message["method"] for message in first.messages] == ["notifications/tools/list_changed"]
    world.drop(first)
    third = client.listen()
    assert third.status == 200
    assert third.messages == []


def test_a_listener_that_comes_back_takes_its_stream_over() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    first = client.listen()
    session = session_of(world)
    session.publish(Change(kind=ChangeKind.TOOLS), world.now)
    world.settle()
    second = client.listen(ids(first)[0])
    assert first.ended
    assert [message["method"] for message in second.messages] == ["notifications/tools/list_changed"]
    session.publish(Change(kind=ChangeKind.RESOURCES), world.now)
    world.settle()
    assert len(second.messages) == 2
    assert not second.ended


def test_changes_that_nobody_hears_are_one_when_somebody_comes() -> None:
    server = served()
    world = Exchanging(server)
    client = world.handshake(NEWEST)
    session = session_of(world)
    for _ in range(50):
        session.publish(Change(kind=ChangeKind.TOOLS), world.now)
        world.settle()
    session.publish(Change(kind=ChangeKind.RESOURCES), world.now)
    world.settle()
    reply = client.listen()
    assert [message["method"] for message in reply.messages] == [
        "notifications/tools/list_changed",
        "notifications/resources/list_changed",
    ]


@pytest.mark.parametrize("listens_first", [True, False])
def test_what_waits_for_a_listener_is_bounded(*, listens_first: bool) -> None:
    world = Exchanging(served(), http_limits=HttpLimits(backlog=10))
    client = world.handshake(NEWEST)
    session = session_of(world)
    known = None
    if listens_first:
        first = client.listen()
        known = ids(first)[-1]
        world.drop(first)
    for number in range(25):
        session.notify("notifications/message", {"level": "info", "data": number}, world.now)
        world.settle()
    reply = client.listen(known)
    numbers = said(reply)
    # With an id nothing is lost; without, the newest are there.
    assert numbers == (list(range(25)) if listens_first else list(range(15, 25)))


@pytest.mark.parametrize(
    "last",
    ["garbage", "_", "x_-1", "{stream}_99999999999999999999", "{stream}_99", "{stream}_01", "{other}_0"],
)
def test_an_event_that_is_not_there_is_refused_and_harms_nobody(last: str) -> None:
    world = Exchanging(served())
    client, stranger = world.handshake(NEWEST), world.handshake(NEWEST)
    stream = client.listen()
    other = stranger.listen()
    named = last.format(stream=ids(stream)[0].rpartition("_")[0], other=ids(other)[0].rpartition("_")[0])
    refused = client.listen(named)
    assert (refused.status, refused.json["error"]["code"]) == (400, -32600)
    assert not stream.ended
    assert not other.ended


def test_an_event_that_was_forgotten_is_refused() -> None:
    world = Exchanging(served(), event_store=MemoryEventStore(1500))
    client = world.handshake(NEWEST)
    told = client.call("talk", {"times": 10})
    assert client.listen(ids(told)[0]).status == 400
    assert said(client.listen(ids(told)[-2])) == ["told"]
    lost = Exchanging(served(), event_store=MemoryEventStore(0))
    client = lost.handshake(NEWEST)
    stream = client.listen()
    again = client.listen(ids(stream)[0])
    assert (again.status, stream.ended) == (400, True)
    assert client.listen().status == 200


def test_the_stream_of_a_call_is_not_ended_by_who_comes_without_its_id() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    world.holds = True
    reply = client.call("talk")
    name = "0"
    assert client.listen(f"{name}_0").status == 400
    world.go_on()
    assert reply.ended


def test_without_a_store_nothing_has_an_id_and_nothing_is_asked_for_again() -> None:
    world = Exchanging(served(), event_store=None)
    client = world.handshake(NEWEST)
    told = client.call("talk")
    assert ids(told) == []
    assert said(told) == ["turn 0", "told"]
    assert client.listen("a_1").status == 400
    rested = client.call("rests")
    assert said(rested) == ["before", "after", "rested"]
    stream = client.listen()
    session_of(world).publish(Change(kind=ChangeKind.TOOLS), world.now)
    world.settle()
    assert len(stream.messages) == 1
    world.holds = True
    lost = client.call("talk", call_id=3)
    world.drop(lost)
    world.go_on()
    assert client.ask("ping", call_id=4).status == 200


# Polling


def test_a_response_may_be_released_on_the_newest_and_goes_on_for_who_comes_back() -> None:
    world = Exchanging(served())
    client = world.handshake(NEWEST)
    reply = client.call("rests", {"retry": 2.5})
    assert reply.ended
    assert said(reply) == ["before", "after"]
    assert b"retry: 2500\n" in reply.body
    again = client.listen(ids(reply)[-1])
    assert said(again) == ["rested"]
    assert again.ended


def test_a_response_that_said_nothing_yet_may_be_released() -> None:
    server = Server("patient", version="1")

    @server.tool(blocks=False)
    def rest(*, ctx: Context) -> str:
        ctx.release()
        return "rested"

    world = Exchanging(server)
    client = world.handshake(NEWEST)
    reply = client.call("rest")
    assert (reply.status, said(reply)) == (200, [])
    assert b"retry: 3000\n" in reply.body
    assert said(client.listen(ids(reply)[-1])) == ["rested"]


@pytest.mark.parametrize("revision", LEGACY[:-1])
def test_no_response_is_released_on_older_revisions(revision: str) -> None:
    world = Exchanging(served())
    reply = world.handshake(revision).call("rests")
    assert said(reply) == ["before", "after", "rested"]


# Slow readers


@pytest.mark.parametrize("begins", [True, False])
def test_a_slow_reader_loses_its_response_and_not_its_stream(*, begins: bool) -> None:
    world = Exchanging(served(), http_limits=HttpLimits(outbox_messages=20))
    client = world.handshake(NEWEST)
    if begins:
        world.holds = True
        reply = client.call("talk", {"times": 50})
        world.wait(15.0)
        reply.is_read = False
        world.go_on()
        late = reply.exchange.actions()
    else:
        reply = client.call("talk", {"times": 50}, is_read=False)
        late = reply.exchange.actions()
        world.settle()
    assert [type(action).__name__ for action in late][-1] == "ResponseEnd"
    assert reply.exchange.done
    assert client.ask("ping", call_id=9).status == 200


def test_a_listener_that_reads_nothing_is_cut_and_comes_back_for_all() -> None:
    world = Exchanging(served(), http_limits=HttpLimits(outbox_messages=20, backlog=5))
    client = world.handshake(NEWEST)
    stream = client.listen()
    stream.is_read = False
    session = session_of(world)
    for number in range(60):
        session.notify("notifications/message", {"level": "info", "data": number}, world.now)
        world.settle()
    stream.actions += stream.exchange.actions()
    stream.is_read = True
    assert stream.ended
    assert said(client.listen(ids(stream)[-1])) == list(range(60))
