"""Sessions and streams that go on in another process, by its store."""

import json

import pytest
from tests.http.server.exchanging import Exchanging, LegacyClient
from tests.http.server.offered import served
from tests.http.server.slow_stores import LEGACY, NEWEST, Slow, ids, said, session_of, slow

from sansmcp.http import HttpLimits, MemoryEventStore
from sansmcp.server import Context, Server
from sansmcp.session import Change, ChangeKind, ProtocolViolated, SessionLimits
from sansmcp.values import JSON


def restarted(store: MemoryEventStore, **settings: JSON) -> Exchanging:
    return Exchanging(served(), seed=7, event_store=store, **settings)


@pytest.mark.parametrize("kind", [MemoryEventStore, Slow])
def test_a_session_goes_on_with_another_process_that_has_its_store(kind: type[MemoryEventStore]) -> None:
    store = kind()
    first = Exchanging(served(), event_store=store)
    client = first.handshake(NEWEST, capabilities={"elicitation": {}})
    client.ask("logging/setLevel", {"level": "error"}, call_id=90)
    client.ask("resources/subscribe", {"uri": "data://watched"}, call_id=91)
    client.ask("resources/subscribe", {"uri": "data://other"}, call_id=92)
    client.ask("resources/unsubscribe", {"uri": "data://other"}, call_id=93)
    client.ask("resources/subscribe", {"uri": "data://watched"}, call_id=94)
    told = client.call("asks", call_id=95)
    assert len(told.messages) == 1
    listener = client.listen()
    session_of(first).notify("notifications/message", {"level": "error", "data": "late"}, first.now)
    first.settle()

    second = restarted(store)
    client.world = second
    assert client.ask("ping", call_id=1).json["result"] == {}
    session = session_of(second)
    assert session.stats().subscriptions == 1
    again = client.listen(ids(listener)[0])
    assert said(again) == ["late"]
    session.publish(Change(kind=ChangeKind.RESOURCE, uri="data://watched"), second.now)
    second.settle()
    assert again.messages[-1]["method"] == "notifications/resources/updated"
    # A call that nobody works on any more is answered at once.
    lost = client.listen(ids(told)[0])
    assert lost.messages[-1]["error"]["code"] == -32603
    assert lost.messages[-1]["id"] == 95
    assert lost.ended
    asked = client.call("asks", call_id=2)
    assert asked.messages[0]["method"] == "elicitation/create"


def test_a_listener_that_comes_without_an_id_after_a_restart_gets_a_new_stream() -> None:
    store = MemoryEventStore()
    first = Exchanging(served(), event_store=store)
    client = first.handshake(NEWEST)
    before = client.listen()
    client.world = restarted(store)
    after = client.listen()
    assert {*ids(before)} & {*ids(after)} == set()
    session_of(client.world).publish(Change(kind=ChangeKind.TOOLS), 0.0)
    client.world.settle()
    assert len(after.messages) == 1


def test_a_session_of_another_process_is_nobody_elses_and_counts() -> None:
    store = MemoryEventStore()
    mine, other = ("Authorization", "A"), ("Authorization", "B")

    def verify(head) -> str:  # type: ignore[no-untyped-def]
        return str(head.headers.get("authorization"))

    first = Exchanging(served(), event_store=store, verify=verify)
    client = first.handshake(NEWEST, mine)
    second = restarted(store, verify=verify)
    named = [field for field in client.headers if field != mine]
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert second.post(ping, *named, other).status == 404
    assert second.post(ping, *named, mine).status == 200
    full = restarted(store, verify=verify, http_limits=HttpLimits(sessions=1))
    full.handshake(NEWEST, mine)
    assert full.post(ping, *named, mine).status == 404


def test_a_deleted_session_is_forgotten_by_its_store() -> None:
    store = MemoryEventStore()
    first = Exchanging(served(), event_store=store)
    client = first.handshake(NEWEST)
    client.call("talk")
    assert store.size > 0
    client.delete()
    assert store.size == 0
    client.world = restarted(store)
    assert client.ask("ping").status == 404


def test_what_waits_for_a_listener_is_bounded_for_changes_too() -> None:
    world = Exchanging(served(), http_limits=HttpLimits(backlog=3))
    client = world.handshake(NEWEST)
    session = session_of(world)
    for number in range(6):
        uri = f"data://{number}"
        client.ask("resources/subscribe", {"uri": uri}, call_id=uri)
        session.publish(Change(kind=ChangeKind.RESOURCE, uri=uri), world.now)
        world.settle()
    session.publish(Change(kind=ChangeKind.RESOURCE, uri="data://5"), world.now)
    world.settle()
    told = client.listen()
    assert [message["params"]["uri"] for message in told.messages] == ["data://3", "data://4", "data://5"]


def test_a_store_that_fails_to_keep_a_session_says_so_and_the_session_goes_on() -> None:
    class Forgetful(Slow):
        """It keeps no sessions."""

        def store_session(self, session: str, record: bytes) -> None:
            """Fail."""
            raise OSError(f"read-only: {len(session)} and {len(record)} bytes")

    world, client = slow(Forgetful())
    assert client.ask("ping").status == 200
    reasons = [event.reason for _, event in world.events if isinstance(event, ProtocolViolated)]
    assert "read-only" in reasons[0]


def test_a_release_waits_for_what_was_said_before_to_be_stored() -> None:
    world, client = slow()
    world.holds_errands = True
    reply = client.call("rests", {"retry": 1.0})
    assert not reply.ended
    world.do_errands()
    assert reply.ended
    again = client.listen(ids(reply)[-1])
    world.do_errands()
    assert said(reply) + said(again) == ["before", "after", "rested"]


def test_a_session_without_levels_and_resources_is_continued_too() -> None:
    store = MemoryEventStore()
    first = Exchanging(served(), event_store=store)
    params = {"protocolVersion": NEWEST, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    opened = first.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    client = LegacyClient(restarted(store), NEWEST, opened)
    assert client.call("echo", {"x": "hi"}).json["result"]["content"][0]["text"] == "hi"


def test_what_a_command_asks_for_is_there_whatever_is_taken_first() -> None:
    world = Exchanging(served(), event_store=Slow())
    client = world.handshake(NEWEST)
    reply = client.listen()
    session = session_of(world)
    session.publish(Change(kind=ChangeKind.TOOLS), world.now)
    assert reply.exchange in world.endpoint.ready()
    assert reply.exchange.actions() == []
    session.publish(Change(kind=ChangeKind.RESOURCES), world.now)
    assert len(world.endpoint.actions()) == 1
    session.notify("notifications/message", {"level": "info", "data": 1}, world.now)
    assert world.endpoint.next_deadline() == 1800.0
    world.settle()


@pytest.mark.parametrize("revision", LEGACY)
def test_who_is_too_slow_to_read_even_the_head_gets_it_and_the_end(revision: str) -> None:
    world = Exchanging(served(), http_limits=HttpLimits(outbox_messages=20))
    reply = world.handshake(revision).call("talk", {"times": 50})
    assert [type(action).__name__ for action in reply.actions] == ["ResponseHead", "ResponseEnd"]
    assert reply.status == 200


def test_what_is_said_between_two_attempts_to_come_back_is_not_lost() -> None:
    world, client = slow()
    world.holds = True
    first = client.call("talk", {"times": 2})
    world.wait(15.0)
    world.drop(first)
    world.holds_errands = True
    world.drop(client.listen(ids(first)[-1]))
    world.go_on()
    second = client.listen(ids(first)[-1])
    world.do_errands()
    assert said(second) == ["turn 0", "turn 1", "told"]
    assert second.ended


def test_a_change_before_the_listener_of_an_earlier_process_is_back_is_numbered_after_the_others() -> None:
    store = Slow()
    world, client = slow(store)
    stream = client.listen()
    for number in range(3):
        session_of(world).notify("notifications/message", {"level": "info", "data": number}, world.now)
        world.settle()
    later = restarted(store)
    again = LegacyClient(later, NEWEST, client.opened)
    assert again.ask("ping", call_id=9).status == 200
    session_of(later).notify("notifications/message", {"level": "info", "data": "new"}, later.now)
    later.settle()
    resumed = again.listen(ids(stream)[-2])
    assert said(resumed) == [2, "new"]
    numbers = [int(event_id.rpartition("_")[2]) for event_id in ids(resumed)]
    assert numbers == [3, 4]


def test_who_is_still_to_hear_what_it_missed_is_not_released() -> None:
    server = Server("patient", version="1")

    @server.tool(blocks=False)
    def rests(*, ctx: Context) -> str:
        ctx.release()
        ctx.info("after")
        return "rested"

    world = Exchanging(server, event_store=Slow())
    client = world.handshake(NEWEST)
    world.holds = True
    first = client.call("rests")
    world.wait(15.0)
    world.drop(first)
    world.holds_errands = True
    second = client.listen(ids(first)[-1])
    world.go_on()
    world.do_errands()
    assert said(second) == ["after", "rested"]
    assert second.ended


class Recording(Slow):
    """A store that says what it was told last of a session."""

    record: bytes = b""

    def store_session(self, session: str, record: bytes) -> None:
        """Keep a session."""
        self.record = record
        super().store_session(session, record)


def test_what_a_session_refuses_is_not_kept_for_another_process() -> None:
    store = Recording()
    world = Exchanging(served(), event_store=store, limits=SessionLimits(subscriptions=2))
    client = world.handshake(NEWEST)
    for number in range(20):
        client.ask("resources/subscribe", {"uri": f"data://{number}"}, call_id=100 + number)
    client.ask("logging/setLevel", {"level": "x" * 1000}, call_id=99)
    record = json.loads(store.record)
    assert (record["level"], record["uris"]) == ("debug", ["data://0", "data://1"])


def test_what_an_array_subscribes_to_is_kept_for_another_process() -> None:
    store = Recording()
    client = Exchanging(served(), event_store=store).handshake("2025-03-26")
    params = {"uri": "data://watched"}
    client.send([{"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": params}])
    assert json.loads(store.record)["uris"] == ["data://watched"]


def test_a_session_that_ends_leaves_nothing_of_what_nobody_read() -> None:
    store = MemoryEventStore()
    client = Exchanging(served(), event_store=store).handshake(NEWEST)
    client.call("talk", {"times": 3}, is_read=False)
    client.delete()
    assert store.size == 0
