"""Answers of a server of HTTP/1.1 that come before the request is complete."""

import pytest
from tests.bindings.h11.serving import (
    LEGACY,
    MODERN,
    Serving,
    call,
    call_body,
    fields_for,
    post,
    session_for,
)

from sansmcp_h11 import ConnectionLimits


def test_a_body_that_is_too_long_is_refused_at_once_and_dropped_within_a_bound():
    serving = Serving(connection_limits=ConnectionLimits(rest_bytes=1000))
    connection = serving.open()
    connection.send(post(b"", [*fields_for(MODERN), ("Content-Length", "5242880")], length=False))
    answer = connection.response()
    assert (answer.status, answer.field("connection")) == (413, "close")
    assert not connection.closed
    connection.send(b"a" * 1000)
    assert not connection.closed
    connection.send(b"a")
    assert connection.closed
    assert connection.read() == b""


def test_a_body_that_is_too_long_by_its_chunks_is_refused_once_that_is_known():
    serving = Serving()
    connection = serving.open()
    fields = [*fields_for(MODERN), ("Transfer-Encoding", "chunked")]
    connection.send(post(b"", fields, length=False))
    piece = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    for _ in range(64):
        connection.send(piece)
    assert connection.read() == b""
    connection.send(piece)
    assert connection.response().status == 413
    for _ in range(5):
        connection.send(piece)
    assert connection.closed
    assert serving.called == []


@pytest.mark.parametrize("ends", [True, False])
def test_the_rest_of_a_refused_request_is_read_for_the_connections_sake(ends):
    serving = Serving(connection_limits=ConnectionLimits(rest_time=2))
    connection = serving.open()
    data = post(call_body(), fields_for(MODERN), target="/other")
    connection.send(data[:-10])
    answer = connection.response()
    assert (answer.status, answer.field("connection")) == (404, None)
    assert not connection.closed
    if ends:
        connection.send(data[-10:] + call())
        assert connection.response().status == 200
        assert not connection.closed
    else:
        serving.at(1.9)
        assert not connection.closed
        serving.at(2)
        assert connection.closed
        assert connection.read() == b""


def test_a_connection_is_idle_once_the_rest_of_a_request_has_come():
    serving = Serving(connection_limits=ConnectionLimits(idle=60))
    connection = serving.open()
    data = post(call_body(), fields_for(MODERN), target="/other")
    connection.send(data[:-10])
    serving.at(1)
    connection.send(data[-10:])
    serving.at(60.9)
    assert not connection.closed
    serving.at(61)
    assert connection.closed


def test_the_rest_of_a_request_may_be_too_long_at_once():
    serving = Serving(connection_limits=ConnectionLimits(rest_bytes=100))
    connection = serving.open()
    data = post(b"a" * 1000, fields_for(MODERN), target="/other")
    connection.send(data[:-500])
    connection.send(data[-500:])
    assert connection.closed


def test_a_rest_that_is_malformed_ends_the_connection_without_a_second_answer():
    serving = Serving()
    fields = [*fields_for(MODERN), ("Transfer-Encoding", "chunked")]
    connection = serving.open().send(post(b"5\r\nhello", fields, target="/other", length=False))
    assert connection.response().status == 404
    connection.send(b"XX")
    assert connection.closed
    assert connection.read() == b""


def test_a_session_that_is_idle_ends_though_no_connection_says_anything():
    serving = Serving()
    session_for(serving, LEGACY[-1])
    assert serving.endpoint.endpoint.sessions == 1
    serving.at(1799)
    assert serving.endpoint.endpoint.sessions == 1
    serving.at(1801)
    assert serving.endpoint.endpoint.sessions == 0
    assert serving.endpoint.links == ()


def test_the_rest_of_a_request_is_read_before_its_connection_closes():
    serving = Serving()
    connection = serving.open()
    data = post(call_body(), [*fields_for(MODERN), ("Connection", "close")], target="/other")
    connection.send(data[:-10])
    assert connection.response().field("connection") == "close"
    assert not connection.closed
    connection.send(data[-10:])
    assert connection.closed
