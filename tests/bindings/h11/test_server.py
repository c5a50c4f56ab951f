"""A server's connections: requests one after the other, whatever the cuts, and how connections end."""

import gc

import pytest
from tests.bindings.h11.serving import (
    HOST,
    LEGACY,
    MODERN,
    REVISIONS,
    Serving,
    call,
    call_body,
    chunked,
    fields_for,
    post,
    session_for,
)

from sansmcp.http import HttpLimits, ServerHttp
from sansmcp.session import ProtocolViolated
from sansmcp_h11 import ConnectionLimits, H11Server


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_connection_serves_one_request_after_the_other(revision):
    serving = Serving()
    session = session_for(serving, revision)
    connection = serving.open()
    for number in range(1, 4):
        connection.send(call(revision, session, request_id=number, x=f"n{number}"))
        answer = connection.response()
        assert answer.status == 200
        assert answer.message["id"] == number
        assert answer.message["result"]["content"][0]["text"] == f"n{number}"
        assert not connection.closed
    assert len(serving.endpoint.links) == (1 if revision == MODERN else 2)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("form", ["length", "chunks"])
def test_the_cuts_of_a_request_change_nothing(revision, form):
    body = call_body(revision, x="cut anywhere")
    found = set()
    for cut in (None, 1, 2, 3, 64, 401):
        serving = Serving()
        fields = fields_for(revision, session_for(serving, revision))
        if form == "chunks":
            fields.append(("Transfer-Encoding", "chunked"))
            data = post(chunked(body, 1, 20), fields, length=False)
        else:
            data = post(body, fields)
        connection = serving.open().send(data * 2, cut)
        received = connection.read()
        assert received.count(b"cut anywhere") == 2
        found.add(received)
    assert len(found) == 1


@pytest.mark.parametrize("at", range(1, 60, 7))
def test_a_request_in_two_pieces_is_one(at):
    serving = Serving()
    connection = serving.open()
    data = call()
    connection.send(data[: -at * 5]).send(data[-at * 5 :])
    assert connection.response().status == 200


def test_an_answer_after_something_else_comes_in_chunks_as_it_happens():
    serving = Serving()
    connection = serving.open()
    body = call_body(name="tell", x="hi").replace(b'"_meta": {', b'"_meta": {"progressToken": 7, ')
    connection.send(post(body, fields_for(MODERN, name="tell")))
    answer = connection.response()
    assert answer.field("content-type") == "text/event-stream"
    assert answer.field("transfer-encoding") == "chunked"
    assert answer.message["result"]["content"][0]["text"] == "hi"
    assert b'"progressToken":7' in answer.body
    connection.send(call())
    assert connection.response().status == 200


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_requests_that_do_not_wait_for_answers_are_answered_in_turn(pieces):
    serving = Serving()
    connection = serving.open()
    connection.send(call(name="slow", tag="first") + call(request_id=2) + call(request_id=3), pieces)
    assert connection.read() == b""
    assert serving.called == []
    serving.finish_slow()
    assert [answer.message["id"] for answer in connection.responses()] == [1, 2, 3]
    assert serving.called == ["slow", "echo", "echo"]
    assert not connection.closed


def test_requests_that_wait_are_bounded():
    serving = Serving(connection_limits=ConnectionLimits(pipelined_bytes=1000))
    connection = serving.open()
    connection.send(call(name="slow", tag="first"))
    connection.send(b"a" * 1000)
    connection.send(b"a")
    serving.finish_slow()
    answer = connection.response()
    assert answer.field("connection") == "close"
    assert connection.closed


def test_a_client_that_is_to_go_on_is_told_so_once():
    serving = Serving()
    connection = serving.open()
    body = call_body()
    head = post(body, [*fields_for(MODERN), ("Expect", "100-continue")]).removesuffix(body)
    connection.send(head)
    assert connection.read() == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.send(body[:5]).send(body[5:])
    assert connection.response().status == 200
    assert not connection.closed


def test_a_client_that_does_not_wait_is_not_told_to_go_on():
    serving = Serving()
    connection = serving.open()
    connection.send(post(call_body(), [*fields_for(MODERN), ("Expect", "100-continue")]))
    assert [answer.status for answer in connection.responses()] == [200]


def test_a_client_that_holds_back_nothing_is_not_told_to_go_on():
    serving = Serving()
    connection = serving.open()
    connection.send(post(b"", [("Host", HOST), ("Expect", "100-continue")], method="PUT"))
    answer = connection.response()
    assert (answer.status, answer.field("connection")) == (405, None)
    assert not connection.closed


def test_a_client_that_waits_for_a_refusal_gets_it_and_sends_nothing():
    serving = Serving()
    connection = serving.open()
    fields = [(name, value) for name, value in fields_for(MODERN) if name != "Host"]
    fields += [("Host", "evil.com"), ("Expect", "100-continue"), ("Content-Length", "50")]
    connection.send(post(b"", fields, length=False))
    answer = connection.response()
    assert (answer.status, answer.field("connection")) == (403, "close")


@pytest.mark.parametrize("expect", ["100-continue", "another"])
def test_an_old_client_is_answered_without_chunks_and_the_connection_ends(expect):
    serving = Serving()
    connection = serving.open()
    body = call_body(name="tell", x="hi").replace(b'"_meta": {', b'"_meta": {"progressToken": 7, ')
    fields = [*fields_for(MODERN, name="tell"), ("Expect", expect)]
    connection.send(post(body, fields, version="HTTP/1.0"))
    answer = connection.response()
    assert answer.field("connection") == "close"
    assert answer.field("transfer-encoding") is None
    assert answer.message["result"]["content"][0]["text"] == "hi"
    assert connection.closed


def test_a_client_that_wants_the_connection_closed_gets_it():
    serving = Serving()
    connection = serving.open().send(call(extra=[("Connection", "close")]))
    assert connection.response().field("connection") == "close"
    assert connection.closed
    connection.send(call())
    assert connection.read() == b""


def test_an_answer_to_head_has_no_body():
    serving = Serving()
    connection = serving.open()
    connection.send(post(b"", [("Host", HOST)], method="HEAD"))
    assert connection.response(method="HEAD").status == 405
    connection.send(call())
    assert connection.response().status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/other", 404),
        ("/", 404),
        ("*", 404),
        ("http://127.0.0.1:8000/mcp", 200),
        ("http://127.0.0.1:8000/other", 404),
        ("http://evil.example/mcp", 403),
        ("ftp://127.0.0.1:8000/mcp", 404),
    ],
)
def test_a_target_is_a_path_or_a_whole_url(target, status):
    serving = Serving()
    connection = serving.open().send(post(call_body(), fields_for(MODERN), target=target))
    assert connection.response().status == status


def test_a_request_to_tunnel_or_to_switch_is_a_request_like_any_other():
    serving = Serving()
    connection = serving.open()
    connection.send(b"CONNECT 127.0.0.1:8000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n")
    assert connection.response().status in {404, 405}
    connection.send(call(extra=[("Connection", "upgrade"), ("Upgrade", "h2c")]))
    assert connection.response().status == 200
    connection.send(call())
    assert connection.response().status == 200


# What lies around


def test_what_lies_between_a_link_and_its_driver_is_what_the_driver_gets():
    class Wrapped:
        def __init__(self, link):
            self.link = link

        def __getattr__(self, name):
            return getattr(self.link, name)

    serving = Serving(wrap_link=Wrapped)
    connection = serving.open()
    assert isinstance(connection.link, Wrapped)
    assert serving.endpoint.links == (connection.link,)
    connection.send(call())
    assert connection.response().status == 200


def test_the_endpoint_below_can_be_had():
    endpoint = Serving().endpoint
    assert isinstance(endpoint, H11Server)
    assert isinstance(endpoint.endpoint, ServerHttp)
    assert endpoint.deadlines is endpoint.endpoint.deadlines


def test_what_is_malformed_is_told_once():
    serving = Serving()
    serving.open().send(b"POST /mcp HTTP/1.1\nHost: a\n\n")
    (event,) = [event for event in serving.events if isinstance(event, ProtocolViolated)]
    assert event.reason == "a line of the head does not end with CR and LF"


@pytest.mark.parametrize(("revision", "sessions"), [(MODERN, True), (LEGACY[-1], True), (LEGACY[-1], False)])
def test_a_request_leaves_nothing_to_the_collector_of_cycles(revision, sessions):
    serving = Serving(sessions=sessions)
    session = session_for(serving, revision) if sessions else None
    connection = serving.open()

    def ask(number):
        connection.send(call(revision, session, request_id=number))
        assert connection.response().status == 200
        serving.events.clear()

    for number in range(1, 20):
        ask(number)
    gc.collect()
    gc.disable()
    try:
        for number in range(20, 30):
            ask(number)
        assert gc.collect() == 0
    finally:
        gc.enable()


# Too many connections


def test_who_comes_when_all_connections_are_taken_is_told_so_and_closed():
    serving = Serving(http_limits=HttpLimits(connections=2))
    first, second = serving.open(), serving.open()
    for _ in range(3):
        late = serving.open()
        answer = late.response()
        assert (answer.status, answer.field("connection")) == (503, "close")
        assert answer.body == b"2 connections are open; try again later\n"
        assert late.closed
        late.send(call()).end()
        assert late.read() == b""
    assert serving.violations() == ["2 connections are open; try again later"]
    assert len(serving.endpoint.links) == 2
    assert second.send(call()).response().status == 200
    first.end()
    assert serving.open().send(call()).response().status == 200
    assert serving.open().response().status == 503
    assert len(serving.violations()) == 2


def test_a_connection_that_is_turned_away_is_shown_to_who_looks_on():
    shown = []
    serving = Serving(
        http_limits=HttpLimits(connections=1), wrap_link=lambda link: shown.append(link) or link
    )
    serving.open()
    assert serving.open().response().status == 503
    assert len(shown) == 2
