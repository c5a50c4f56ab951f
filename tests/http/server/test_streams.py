"""Streams of a session: who carries them, what waits, and what is asked for again.

Source: 2025-03-26 to 2025-11-25, Transports, Resumability and Redelivery.
"""

import json

import pytest
from tests.http.server.exchanging import Exchanging, LegacyClient, Reply
from tests.http.server.offered import served

from sansmcp.http import HttpLimits, MemoryEventStore, StoredEvent
from sansmcp.server import Context, Server
from sansmcp.session import Change, ChangeKind, ProtocolViolated, ServerSession, SessionLimits
from sansmcp.values import JSON

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
NEWEST = "2025-11-25"


def ids(reply: Reply) -> list[str]:
    return [event.event_id for event in reply.events if event.event_id is not None]


def said(reply: Reply) -> list[JSON]:
    """Return what each message says: the data of a log message, the text of a result."""
    found = []
    for message in reply.messages:
        if "result" in message:
            found.append(message["result"]["content"][0]["text"])
        else:
            found.append(message.get("params", {}).get("data", message.get("method")))
    return found


def session_of(world: Exchanging) -> ServerSession:
    return world.events[0][0]


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


# A store that takes its time, and one that fails


class Slow(MemoryEventStore):
    """A store that is no memory of the endpoint's own."""

    fails = False

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Keep an event."""
        if self.fails:
            raise OSError("the disk is full")
        super().store(session, stream, event)

    def load(self, session: str, stream: str, number: int) -> list[StoredEvent]:
        """Return events."""
        if self.fails:
            raise OSError("the disk is gone")
        return list(super().load(session, stream, number))

    def load_session(self, session: str) -> bytes | None:
        """Return a session."""
        if self.fails:
            raise OSError("the disk is gone")
        return super().load_session(session)


def slow(store: Slow | None = None) -> tuple[Exchanging, LegacyClient]:
    world = Exchanging(served(), event_store=store or Slow())
    return world, world.handshake(NEWEST)


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


# A server that is started anew


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
