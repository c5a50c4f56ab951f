"""Responses of every kind, sessions that end, order in the handshake, and questions of a legacy server.

Source: adversarial case client-stream-ends; 2025-03-26 to 2025-11-25, Session Management; features T17, T18.
"""

import pytest
from tests.http.client.streamable import REVISIONS, connected
from tests.http.client.talking import DONE, MODERN, MODERN_DONE, Talk, message_of

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.http import Headers, HttpClientLimits
from sansmcp.session import (
    CallRequest,
    ProtocolViolated,
    RequestFailed,
    RequestLost,
    ResponseReceived,
)
from sansmcp.wire import Limits


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (202, None, None, "status 202"),
        (204, None, None, "status 204"),
        (200, b"<p>", "text/html", "text/html"),
        (200, b"", "application/json", "cannot be read|no answer"),
        (200, None, None, "none"),
        (200, b"{}", "application/json", "no answer"),
        (200, b'{"jsonrpc":"2.0","id":99,"result":{}}', "application/json", "no answer"),
        (200, b'{"jsonrpc":"2.0","id":', "application/json", "no answer"),
        (200, b"{}", "application/json; charset=utf-16", "utf-16"),
        (500, None, None, "status 500"),
        (502, b"<p>", "text/html", "status 502"),
        (401, None, None, "status 401"),
        (302, None, None, "status 302"),
    ],
)
def test_a_response_without_an_answer_ends_the_call_at_once(revision, status, body, kind, words):
    talk = connected(revision)
    handle, exchange = talk.call()
    talk.answer(exchange, status, body, kind=kind)
    (lost,) = talk.told(RequestLost)
    assert lost.handle == handle
    assert any(word in lost.reason for word in words.split("|"))


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_empty_stream_ends_the_call_at_once(revision):
    talk = connected(revision)
    handle, exchange = talk.call()
    talk.stream(exchange)
    talk.end(exchange)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_an_error_in_the_body_is_the_servers_answer(revision, status):
    talk = connected(revision)
    handle, exchange = talk.call()
    talk.error(exchange, status, -32602, "bad argument")
    (failed,) = talk.told(RequestFailed)
    assert (failed.handle, failed.code, failed.message) == (handle, -32602, "bad argument")


@pytest.mark.parametrize("request_id", [None, "server-error", 77])
def test_an_error_of_a_refused_request_is_that_requests(request_id):
    talk = connected("2025-11-25")
    handle, exchange = talk.call()
    talk.error(exchange, 400, -32600, "no", request_id=request_id)
    assert [event.handle for event in talk.told(RequestFailed)] == [handle]


def test_a_byte_order_mark_before_a_body_is_skipped():
    talk = connected(MODERN)
    handle, exchange = talk.call()
    body = b'\xef\xbb\xbf{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}'
    talk.answer(exchange, 200, body)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


@pytest.mark.parametrize("cut", ["body", "event", "line"])
@pytest.mark.parametrize("past", [0, 1, 100])
def test_a_response_past_the_limit_is_broken_off(cut, past):
    limits = HttpClientLimits(messages=Limits(max_message_bytes=1000))
    talk = connected(MODERN, limits=limits)
    handle, exchange = talk.call()
    answer = b'{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}'
    answer += b" " * (1000 - len(answer) + past)
    if cut == "body":
        talk.answer(exchange, 200, answer)
    else:
        talk.stream(exchange, b"data: " + answer + (b"\n\n" if cut == "event" else b""))
        if cut == "line" and not past:
            talk.push(exchange, b"\n\n")
    talk.drain()
    if past:
        (lost,) = talk.told(RequestLost)
        assert lost.handle == handle
        assert "longer than 1000 bytes" in lost.reason
        assert talk.aborted == [exchange]
    else:
        assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
    assert exchange.done


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x" * 200])
def test_a_coded_body_is_refused(coding):
    talk = connected(MODERN)
    _handle, exchange = talk.call()
    assert exchange.request.headers.get("accept-encoding") == "identity"
    exchange.receive_head(
        200, Headers([("content-type", "application/json"), ("content-encoding", coding)]), 0.0
    )
    (lost,) = talk.told(RequestLost)
    assert "content coding" in lost.reason
    assert talk.aborted == [exchange]
    exchange.receive_data(b"x", 0.0)
    exchange.receive_eof(0.0)
    assert talk.told(RequestLost) == []


def test_identity_is_no_coding():
    talk = connected(MODERN)
    handle, exchange = talk.call()
    talk.result(exchange, MODERN_DONE, headers=(("content-encoding", "Identity"),))
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_an_interim_response_changes_nothing():
    talk = connected(MODERN)
    handle, exchange = talk.call()
    exchange.receive_head(103, Headers([("link", "x")]), 0.0)
    talk.result(exchange, MODERN_DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_a_connection_that_ends_before_the_head_loses_the_call():
    talk = connected(MODERN)
    _, exchange = talk.call()
    talk.end(exchange)
    assert [event.reason for event in talk.told(RequestLost)] == ["the connection ended before a response"]


# Headers of the user


def test_the_users_fields_go_with_every_request_and_are_never_shown():
    talk = Talk(("2025-11-25",), headers={"Authorization": "Bearer secret", "X-Empty": ""})
    listening = talk.connect_legacy(get=200)
    _, call = talk.call()
    talk.client.close(0.0)
    for exchange in (listening, call, talk.take()):
        assert exchange.request.headers.get("authorization") == "Bearer secret"
        assert exchange.request.headers.get("x-empty") == ""
        assert "secret" not in repr(exchange)
        assert "secret" not in repr(exchange.request)


@pytest.mark.parametrize(
    "headers",
    [
        {"": "x"},
        {"two words": "x"},
        {"x\r\ny": "x"},
        {"X": "secret\r\nX-Evil: 1"},
        {"X": " secret"},
        {"X": "secret\xe9"},
        {"X": 7},
        {7: "x"},
        {"Host": "secret"},
        {"content-LENGTH": "1"},
        {"Mcp-Session-Id": "secret"},
        {"Mcp-Param-Region": "secret"},
    ],
)
def test_fields_that_cannot_be_said_are_refused_without_their_value(headers):
    with pytest.raises(LocalProtocolError, match="headers") as caught:
        Talk(headers=headers)
    assert "secret" not in str(caught.value)


def test_a_call_that_is_answered_before_its_end_is_carried_out_is_over():
    talk = connected("2025-11-25")
    handle, exchange = talk.call()
    talk.session.cancel(handle, 0.0)
    # Both happen before anybody drains.
    talk.result(exchange, DONE)
    assert message_of(talk.take())["method"] == "notifications/cancelled"
    assert talk.told(ResponseReceived) == []
    assert talk.aborted == []


def test_of_calls_that_wait_for_the_handshake_one_may_be_given_up():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take())
    initialized = talk.take()
    talk.session.send_request("tools/call", {"name": "first"}, 0.0)
    handle = talk.session.send_request("tools/call", {"name": "second"}, 0.0)
    talk.drain()
    talk.session.cancel(handle, 0.0)
    talk.drain()
    talk.answer(initialized, 202)
    _, call = talk.take_all()
    assert message_of(call)["params"]["name"] == "first"


def test_one_call_of_an_array_may_be_given_up():
    talk = connected("2025-03-26")
    first, second = talk.session.send_batch(
        [CallRequest(method="tools/call", params={"name": name}) for name in ("one", "two")], 0.0
    )
    post = talk.take()
    talk.session.cancel(first, 0.0)
    assert message_of(talk.take())["method"] == "notifications/cancelled"
    assert talk.aborted == []
    talk.stream(post, {"jsonrpc": "2.0", "id": message_of(post)[1]["id"], "result": DONE})
    assert [event.handle for event in talk.told(ResponseReceived)] == [second]
    assert post.done


def test_what_comes_after_the_end_of_an_exchange_is_dropped():
    talk = connected(MODERN)
    _, exchange = talk.call()
    talk.result(exchange, MODERN_DONE)
    talk.told(ResponseReceived)
    exchange.receive_head(500, Headers(), 0.0)
    exchange.receive_data(b"x", 0.0)
    exchange.receive_failure("connection reset", 0.0)
    exchange.receive_eof(0.0)
    talk.drain()
    assert talk.events == []


def test_what_stands_between_callers_and_the_session_has_deadlines_here():
    talk = connected(MODERN)
    due = []
    talk.client.deadlines.arm("waiting", 5.0, "somebody waits", lambda: due.append(talk.now))
    talk.at(10.0)
    assert due == [5.0]


def test_notifications_go_out_one_after_the_other():
    able = schema.ClientCapabilities(roots=schema.RootsCapability(list_changed=True))
    talk = connected("2025-11-25", session={"capabilities": able})
    for _ in range(2):
        talk.session.notify("notifications/roots/list_changed", None, 0.0)
    first = talk.take()
    talk.answer(first, 400)
    talk.answer(talk.take(), 202)
    assert talk.take_all() == []
    assert len(talk.told(ProtocolViolated)) == 1
