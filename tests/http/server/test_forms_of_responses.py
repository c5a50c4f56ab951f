"""The setting that says which form responses have, and when those begin that may have either.

Source: 2026-07-28, Streamable HTTP, Sending Messages to the Server; 2025-11-25, the same.
"""

import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.test_endpoint import served

from sansmcp.http import HttpLimits, MemoryEventStore

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")


def test_with_streams_only_each_result_is_an_event() -> None:
    world = Exchanging(served(), responses="stream")
    reply = world.call("echo", {"x": "hi"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    (message,) = reply.messages
    assert message["result"]["content"][0]["text"] == "hi"
    assert reply.ended


def test_with_streams_only_an_error_of_a_handler_is_an_event_too() -> None:
    reply = Exchanging(served(), responses="stream").call("no such tool")
    assert reply.headers["content-type"] == "text/event-stream"
    assert [message["error"]["code"] for message in reply.messages] == [-32602]


@pytest.mark.parametrize(("method", "status", "code"), [("ping", 404, -32601), ("no/such", 404, -32601)])
def test_with_streams_only_an_error_with_a_status_of_its_own_keeps_it(
    method: str, status: int, code: int
) -> None:
    reply = Exchanging(served(), responses="stream").modern(method, {})
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    assert reply.json["error"]["code"] == code


def test_a_call_that_is_silent_for_long_can_be_come_back_to_before_it_says_anything() -> None:
    world = Exchanging(served())
    client = world.handshake(LEGACY[-1])
    world.holds = True
    reply = client.call("echo", {"x": "hi"})
    world.wait(0.99)
    assert reply.actions == []
    world.wait(0.01)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    (primed,) = reply.events
    assert (primed.data, reply.body.count(b":\n")) == (b"", 0)
    world.drop(reply)
    world.go_on()
    again = client.listen(primed.event_id)
    assert [message["result"]["content"][0]["text"] for message in again.messages] == ["hi"]
    assert again.ended


def test_a_call_that_is_answered_soon_has_its_response_in_one_piece() -> None:
    world = Exchanging(served())
    client = world.handshake(LEGACY[-1])
    world.holds = True
    reply = client.call("echo", {"x": "hi"})
    world.wait(0.9)
    world.go_on()
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("revision", "store", "at"),
    [(revision, MemoryEventStore(), 15.0) for revision in LEGACY[:-1]]
    + [(LEGACY[-1], None, 15.0), (LEGACY[-1], MemoryEventStore(), 4.0)],
)
def test_a_response_begins_early_only_where_its_client_could_come_back(
    revision: str, store: MemoryEventStore | None, at: float
) -> None:
    world = Exchanging(served(), event_store=store, http_limits=HttpLimits(priming=4.0))
    client = world.handshake(revision)
    world.holds = True
    reply = client.call("echo", {"x": "hi"})
    assert reply.exchange.next_deadline() == at
    world.wait(at - 0.1)
    assert reply.actions == []
    world.wait(0.1)
    assert reply.headers["content-type"] == "text/event-stream"


def test_a_quiet_response_begins_no_later_than_it_is_kept_open() -> None:
    world = Exchanging(served(), http_limits=HttpLimits(priming=20.0, keep_alive=5.0))
    client = world.handshake(LEGACY[-1])
    world.holds = True
    assert client.call("echo", {"x": "hi"}).exchange.next_deadline() == 5.0
