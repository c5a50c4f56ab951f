"""Heads that were read, and bodies in chunks."""

import pytest
from tests.bindings.h11.serving import MODERN, Serving, call, call_body, fields_for, post

from sansmcp_h11.heads import HeadFault
from sansmcp_h11.requests import ChunkedBody, known_from


def head(*fields, first="POST /mcp HTTP/1.1"):
    return "\r\n".join([first, "Host: a", *fields, "", ""]).encode()


def test_what_a_head_says_of_the_body_and_the_connection_is_read_once():
    known = known_from(head("Content-Length: 12", "X: y"))
    assert (known.length, known.is_chunked, known.is_old, known.closes) == (12, False, False, False)
    assert (known.awaits_continue, known.is_secret) == (False, False)
    assert known.head.headers.get("x") == "y"
    known = known_from(head("Transfer-Encoding: Chunked", "Expect: 100-Continue"))
    assert (known.length, known.is_chunked, known.awaits_continue) == (0, True, True)


@pytest.mark.parametrize(
    ("field", "closes"),
    [
        ("Connection: close", True),
        ("Connection: keep-alive, Close", True),
        ("Connection: keep-alive", False),
        ("Connection: closed", False),
    ],
)
def test_a_head_may_want_the_connection_closed(field, closes):
    assert known_from(head(field)).closes is closes


def test_an_old_client_wants_every_connection_closed():
    known = known_from(head("Expect: 100-continue", first="GET /mcp HTTP/1.0"))
    assert (known.is_old, known.closes, known.awaits_continue) == (True, True, False)


@pytest.mark.parametrize("field", ["Authorization: Bearer a", "Cookie: a=b"])
def test_what_lets_somebody_in_is_known_as_such(field):
    assert known_from(head(field)).is_secret


@pytest.mark.parametrize(
    ("raw", "status"),
    [(head("Host: b"), 400), (head("Transfer-Encoding: br"), 501), (head(first="GET / HTTP/3.0"), 505)],
)
def test_a_head_that_is_refused_is_not_known(raw, status):
    found = known_from(raw)
    assert isinstance(found, HeadFault)
    assert found.status == status


def test_a_body_in_chunks_ends_before_what_comes_after_it():
    body = ChunkedBody(head("Transfer-Encoding: chunked"))
    body.receive_data(b"5\r\nhello\r\n0\r\n\r\nGET ")
    assert [body.next_piece(), body.next_piece()] == [b"hello", b""]
    assert body.rest == b"GET "


def test_a_body_that_is_broken_says_so():
    body = ChunkedBody(head("Transfer-Encoding: chunked"))
    body.receive_data(b"5\r\nhelloXX")
    assert body.next_piece() == b"hello"
    assert isinstance(body.next_piece(), HeadFault)
    body = ChunkedBody(head("Transfer-Encoding: chunked"))
    body.receive_data(b"")
    assert body.next_piece() is None
    body.receive_data(b"five\r\n")
    assert isinstance(body.next_piece(), HeadFault)


@pytest.mark.parametrize(
    "field", [("X-Number", "{}"), ("Authorization", "Bearer {}"), ("X-Long", "a" * 2000 + "{}")]
)
def test_more_heads_than_are_kept_are_read_all_the_same(field):
    serving = Serving()
    first, second = serving.open(), serving.open()
    for number in range(1100):
        name, value = field
        fields = [*fields_for(MODERN), (name, value.format(number % 1050))]
        for connection in (first, second):
            connection.send(post(call_body(x=str(number)), fields))
            answer = connection.response()
            assert answer.message["result"]["content"][0]["text"] == str(number)
        serving.events.clear()


def test_one_connection_does_not_take_on_what_another_has_said():
    serving = Serving()
    closing, going_on = serving.open(), serving.open()
    for _ in range(2):
        going_on.send(call())
        assert going_on.response().status == 200
    closing.send(call(extra=[("Connection", "close")]))
    assert closing.closed
    going_on.send(call())
    assert going_on.response().field("connection") is None
