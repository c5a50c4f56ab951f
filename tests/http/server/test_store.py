"""Where events are kept."""

import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served

from sansmcp.errors import LocalProtocolError
from sansmcp.http import MemoryEventStore, StoredEvent


def stored(store: MemoryEventStore, session: str, stream: str, count: int, size: int = 100) -> None:
    for number in range(count):
        store.store(session, stream, StoredEvent(number=number, data=b"x" * size))


def test_events_are_loaded_from_the_one_that_is_named() -> None:
    store = MemoryEventStore()
    stored(store, "a", "s", 5)
    assert [event.number for event in store.load("a", "s", 2)] == [2, 3, 4]
    assert [event.number for event in store.load("a", "s", 4)] == [4]
    for session, stream, number in (("a", "s", 5), ("a", "t", 0), ("b", "s", 0)):
        assert store.load(session, stream, number) == ()


@pytest.mark.parametrize(("limit", "kept"), [(4 * 400, 4), (4 * 400 - 1, 3), (400, 1), (399, 0), (0, 0)])
def test_the_oldest_go_where_there_is_no_room(limit: int, kept: int) -> None:
    store = MemoryEventStore(limit)
    stored(store, "a", "s", 10)
    assert store.size == kept * 400
    found = [number for number in range(10) if store.load("a", "s", number)]
    assert found == list(range(10 - kept, 10))


def test_a_stream_goes_without_the_others_of_its_session() -> None:
    store = MemoryEventStore(800)
    stored(store, "a", "s", 1)
    stored(store, "a", "t", 2)
    assert store.load("a", "s", 0) == ()
    assert len(store.load("a", "t", 0)) == 2


def test_memory_stays_within_the_limit_however_many_sessions_come_and_go() -> None:
    store = MemoryEventStore(10_000)
    for session in range(500):
        stored(store, str(session), "s", 3)
        store.store_session(str(session), b"known")
        assert store.size <= 10_000
    assert store.load_session("7") == b"known"
    for session in range(500):
        store.forget(str(session))
    assert store.size == 0
    assert store.load_session("7") is None
    store.forget("never")


def test_a_limit_is_a_number_of_bytes() -> None:
    with pytest.raises(LocalProtocolError, match="limit: expected bytes from 0, found -1"):
        MemoryEventStore(-1)


@pytest.mark.parametrize("told", ["../../secrets", "0" * 31, "0" * 33, "A" * 32, "x"])
def test_a_store_is_asked_for_no_session_whose_id_was_never_made(told: str) -> None:
    class Shared(MemoryEventStore):
        """A store that is no memory of the endpoint's own."""

    world = Exchanging(served(), event_store=Shared())
    world.holds_errands = True
    assert world.request("GET", [("Mcp-Session-Id", told), ("Accept", "*/*")]).status == 404
    assert world.errands == []
