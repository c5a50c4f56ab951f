"""The store of events that the page on HTTP shows: what it is given, another process finds."""

import importlib.util
from pathlib import Path
from types import ModuleType

import attrs
import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served

from sansmcp.http import EventStore, StoredEvent

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NEWEST = "2025-11-25"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@attrs.define
class Redis:
    """As much of Redis as the example asks for."""

    hashes: dict[str, dict[str, bytes]] = attrs.field(factory=dict)

    def hset(self, name: str, key: str, value: str | bytes) -> None:
        """Set a field of a hash."""
        self.hashes.setdefault(name, {})[key] = value if isinstance(value, bytes) else value.encode()

    def hget(self, name: str, key: str) -> bytes | None:
        """Return a field of a hash."""
        return self.hashes.get(name, {}).get(key)

    def delete(self, name: str) -> None:
        """Remove a hash."""
        self.hashes.pop(name, None)

    def expire(self, name: str, time: int) -> None:
        """Let a hash go after so many seconds."""
        assert name in self.hashes
        assert time == 1800


@pytest.fixture
def store() -> EventStore:
    return example("redis_event_store").RedisEventStore(Redis())


def test_events_are_found_from_the_one_that_is_named(store: EventStore) -> None:
    events = [
        StoredEvent(number=0, data=b"", awaited=(7, "seven")),
        StoredEvent(number=1, data='{"text":"\u2028 \xfc"}'.encode(), awaited=(7,)),
        StoredEvent(number=2, data=b"{}"),
    ]
    for event in events:
        store.store("a", "s-1", event)
    for number in range(3):
        assert list(store.load("a", "s-1", number)) == events[number:]
    for session, stream, number in (("a", "s-1", 3), ("a", "s-2", 0), ("b", "s-1", 0)):
        assert list(store.load(session, stream, number)) == []


def test_a_session_is_kept_and_forgotten_with_its_streams(store: EventStore) -> None:
    assert store.load_session("a") is None
    store.forget("a")
    store.store_session("a", b"\x00first")
    store.store_session("a", b"\x00second")
    store.store("a", "s", StoredEvent(number=0, data=b"{}"))
    assert store.load_session("a") == b"\x00second"
    store.forget("a")
    assert store.load_session("a") is None
    assert list(store.load("a", "s", 0)) == []


def test_a_client_goes_on_where_the_server_was_started_anew(store: EventStore) -> None:
    world = Exchanging(served(), event_store=store)
    client = world.handshake(NEWEST)
    told = client.call("talk", {"times": 2})
    first, *rest = told.events
    client.world = Exchanging(served(), seed=2, event_store=store)
    again = client.listen(first.event_id)
    assert again.status == 200
    assert again.events == rest
