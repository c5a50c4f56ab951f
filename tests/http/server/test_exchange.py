"""One request and its response: its body, its time, and who goes away."""

import json

import pytest
from tests.http.server.exchanging import BOTH, MODERN, Exchanging, meta
from tests.http.server.offered import served

from sansmcp.http import (
    LATER,
    ExchangeState,
    Headers,
    HttpLimits,
    MemoryEventStore,
    RequestHead,
    ServerExchange,
)
from sansmcp.session import AnswerDropped, ExchangeEnded, ProtocolViolated, RequestCancelled

FIELDS = (
    ("Host", "localhost"),
    ("Content-Type", "application/json"),
    ("Accept", BOTH),
    ("MCP-Protocol-Version", MODERN),
    ("Mcp-Method", "tools/call"),
    ("Mcp-Name", "echo"),
)
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
CALL = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "echo", "arguments": {"x": "hi"}, "_meta": meta()},
    }
).encode()


class Slow(MemoryEventStore):
    """A store that is no memory of the endpoint's own."""


def opened(world: Exchanging) -> ServerExchange:
    head = RequestHead(method="POST", target="/mcp", headers=Headers(FIELDS))
    exchange = world.endpoint.open_exchange(head, world.now)
    world.settle()
    return exchange


def status(exchange: ServerExchange) -> int:
    return exchange.actions()[0].status  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [1, 7, len(CALL)])
def test_how_the_body_is_cut_changes_nothing(size: int) -> None:
    world = Exchanging(served())
    exchange = opened(world)
    for start in range(0, len(CALL), size):
        exchange.receive_data(CALL[start : start + size], 0.0)
        world.settle()
    assert exchange.state is ExchangeState.RECEIVING
    exchange.receive_eof(0.0)
    world.settle()
    assert status(exchange) == 200
    assert exchange.done


def test_a_byte_order_mark_before_the_body_is_skipped_and_only_one() -> None:
    world = Exchanging(served())
    for marks, expected in ((1, 200), (2, 400)):
        exchange = opened(world)
        exchange.receive_data(b"\xef\xbb\xbf" * marks + CALL, 0.0)
        exchange.receive_eof(0.0)
        world.settle()
        assert status(exchange) == expected


@pytest.mark.parametrize(("more", "expected"), [(0, 200), (1, 413), (100_000, 413)])
def test_a_body_may_be_as_long_as_the_limit_says(more: int, expected: int) -> None:
    world = Exchanging(served(), http_limits=HttpLimits(body_bytes=len(CALL) + 10))
    exchange = opened(world)
    exchange.receive_data(CALL + b" " * (10 + more), 0.0)
    exchange.receive_data(b"", 0.0)
    exchange.receive_eof(0.0)
    world.settle()
    assert status(exchange) == expected
    world.settle()
    assert exchange.done


def test_a_body_that_takes_too_long_is_refused_at_the_deadline() -> None:
    world = Exchanging(served())
    exchange = opened(world)
    assert exchange.next_deadline() == 30.0
    exchange.receive_data(CALL[:5], 29.0)
    exchange.handle_timeout(29.9)
    assert exchange.state is ExchangeState.RECEIVING
    # A byte does not give it more time.
    assert exchange.next_deadline() == 30.0
    exchange.handle_timeout(30.0)
    assert exchange.next_deadline() is None
    head = exchange.actions()[0]
    assert (head.status, head.close) == (408, True)  # type: ignore[union-attr]
    world.settle()
    assert [event.reason for _, event in world.events if isinstance(event, ProtocolViolated)] == [
        "the body took more than 30 s"
    ]


@pytest.mark.parametrize("ends", [True, False])
def test_a_late_timer_lets_no_late_body_in(ends: bool) -> None:
    world = Exchanging(served())
    exchange = opened(world)
    exchange.receive_data(CALL, 1.0)
    if ends:
        exchange.receive_eof(30.0)
    else:
        exchange.receive_data(b" ", 30.0)
    assert status(exchange) == 408


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", -32700), (b"{", -32700), (b"[]", -32600), (b"7", -32600), (b'{"jsonrpc":"2.0"}', -32600)],
)
def test_what_cannot_be_read_is_refused_without_an_id(body: bytes, code: int) -> None:
    world = Exchanging(served())
    reply = world.request("POST", FIELDS[1:], body)
    assert reply.status == 400
    assert reply.json["error"]["code"] == code
    assert "id" not in reply.json


def test_an_unreadable_message_is_refused_with_its_id_where_that_can_be_read() -> None:
    world = Exchanging(served())
    reply = world.request("POST", FIELDS[1:], b'{"jsonrpc":"2.0","id":"a","method":7}')
    assert (reply.status, reply.json["id"]) == (400, "a")


def test_before_2025_11_25_an_error_without_an_id_has_null() -> None:
    world = Exchanging(served())
    client = world.handshake("2025-06-18")
    fields = [("Content-Type", "application/json"), ("Accept", BOTH), *client.headers]
    assert world.request("POST", fields, b"{").json["id"] is None
    older = world.handshake("2025-03-26")
    fields = [("Content-Type", "application/json"), ("Accept", BOTH), *older.headers]
    assert world.request("POST", fields, b"{").json["id"] is None


def test_a_modern_client_that_goes_away_gives_its_request_up() -> None:
    world = Exchanging(served())
    world.holds = True
    reply = world.call("echo", {"x": "hi"})
    world.drop(reply)
    assert reply.exchange.done
    kinds = [type(event) for _, event in world.events]
    assert kinds[-2:] == [RequestCancelled, ExchangeEnded]
    world.go_on()
    assert reply.actions == []
    assert not [event for _, event in world.events if isinstance(event, AnswerDropped)]
    assert world.endpoint.stats.alone == 0
    world.drop(reply)


def test_a_client_that_goes_away_before_its_body_is_there_costs_nothing() -> None:
    world = Exchanging(served())
    exchange = opened(world)
    exchange.receive_data(CALL[:5], 0.0)
    exchange.receive_disconnect(0.0)
    exchange.receive_data(CALL[5:], 0.0)
    exchange.receive_eof(0.0)
    exchange.handle_timeout(40.0)
    world.settle()
    assert exchange.done
    assert exchange.actions() == []
    assert world.events == []


def test_what_was_answered_is_not_taken_back_when_the_client_goes_away() -> None:
    world = Exchanging(served())
    exchange = opened(world)
    exchange.receive_data(CALL, 0.0)
    exchange.receive_eof(0.0)
    world.settle()
    assert status(exchange) == 200
    exchange.receive_disconnect(1.0)
    world.settle()
    assert [type(event) for _, event in world.events][-1] is ExchangeEnded


def test_a_response_is_kept_open_by_comments() -> None:
    world = Exchanging(served())
    world.holds = True
    reply = world.call("echo", {"x": "hi"})
    world.wait(14.9)
    assert reply.actions == []
    world.wait(0.1)
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.body == b":\n\n"
    world.wait(30.0)
    assert reply.body == b":\n\n" * 3
    world.go_on()
    assert reply.messages[0]["result"]["content"][0]["text"] == "hi"
    assert reply.ended


def test_an_unread_response_gets_no_comments() -> None:
    world = Exchanging(served())
    world.holds = True
    reply = world.call("echo", {"x": "hi"})
    reply.is_read = False
    world.wait(100.0)
    assert len(reply.exchange.actions()) == 2


def test_a_response_in_one_piece_is_never_begun_by_a_comment() -> None:
    world = Exchanging(served(), responses="json")
    world.holds = True
    reply = world.call("echo", {"x": "hi"})
    world.wait(100.0)
    assert reply.actions == []
    world.go_on()
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_request_that_is_complete_is_not_late_however_long_its_session_is_looked_up(method: str) -> None:
    store = Slow()
    client = Exchanging(served(), event_store=store).handshake("2025-11-25")
    world = Exchanging(served(), seed=7, event_store=store)
    world.holds_errands = True
    fields = [("Content-Type", "application/json"), ("Accept", BOTH), *client.headers]
    reply = world.request(method, fields, PING if method == "POST" else None)
    assert reply.exchange.next_deadline() is None
    world.wait(100.0)
    assert reply.actions == []
    reply.exchange.handle_timeout(world.now)
    world.do_errands()
    assert reply.status == 200


def test_a_request_that_is_not_complete_is_late_though_its_sender_is_being_found_out() -> None:
    world = Exchanging(served(), verify=lambda _: LATER)
    world.holds_errands = True
    fields = [("Host", "localhost"), ("Content-Type", "application/json"), ("Accept", BOTH)]
    head = RequestHead(method="POST", target="/mcp", headers=Headers(fields))
    exchange = world.endpoint.open_exchange(head, world.now)
    assert exchange.next_deadline() == 30.0
    exchange.handle_timeout(30.0)
    assert exchange.actions()[0].status == 408  # type: ignore[union-attr]
