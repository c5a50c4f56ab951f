"""How long a server of HTTP/1.1 waits, and how its connections end."""

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

from sansmcp.session import RequestCancelled
from sansmcp_h11 import ConnectionLimits

# Time


@pytest.mark.parametrize("step", [1, 9, None])
def test_the_head_of_a_request_may_take_its_time_and_no_more(step):
    serving = Serving()
    connections = [serving.open() for _ in range(200)]
    other = serving.open()
    data = call()
    for second in range(10):
        serving.at(second)
        if step is not None and second % step == 0:
            for connection in connections:
                connection.send(data[second : second + 1])
        other.send(call(request_id=second))
        assert other.response().status == 200
    assert not any(connection.closed for connection in connections)
    serving.at(9.999)
    assert not any(connection.closed for connection in connections)
    serving.at(10)
    assert all(connection.closed for connection in connections)
    assert not other.closed
    answers = {connection.read()[:13] for connection in connections}
    assert answers == ({b""} if step is None else {b"HTTP/1.1 408 "})
    assert serving.endpoint.links == (other.link,)


def test_a_byte_that_comes_too_late_changes_nothing():
    serving = Serving()
    connection = serving.open().send(call()[:-5])
    late = serving.open().send(call()[:50])
    serving.now = 10.0
    late.send(call()[50:])
    assert late.response().status == 408
    assert late.closed
    connection.send(call()[-5:])
    assert connection.response().status == 200


def test_the_time_of_the_next_head_begins_with_its_first_byte():
    serving = Serving()
    connection = serving.open().send(call())
    assert connection.response().status == 200
    serving.at(50)
    connection.send(call()[:5])
    serving.at(59.9)
    assert not connection.closed
    serving.at(60)
    assert connection.closed
    assert connection.response().status == 408


def test_an_idle_connection_is_closed_at_its_time():
    serving = Serving(connection_limits=ConnectionLimits(idle=60))
    connection = serving.open()
    serving.at(5)
    connection.send(call())
    assert connection.response().status == 200
    serving.at(64.9)
    assert not connection.closed
    serving.at(65)
    assert connection.closed
    assert connection.read() == b""


def test_a_connection_is_not_idle_while_an_answer_is_due():
    serving = Serving(responses="json")
    connection = serving.open().send(call(name="slow", tag="long"))
    serving.at(500)
    assert not connection.closed
    serving.finish_slow()
    assert connection.response().status == 200
    serving.at(559)
    assert not connection.closed
    serving.at(560)
    assert connection.closed


def test_a_body_may_take_its_time_and_no_more():
    serving = Serving()
    connection = serving.open()
    data = call()
    connection.send(data[:-60])
    for second in range(1, 30):
        serving.at(second)
        connection.send(data[-61 + second : -60 + second])
    assert connection.read() == b""
    serving.at(30)
    answer = connection.response()
    assert (answer.status, answer.field("connection")) == (408, "close")
    serving.at(32)
    assert connection.closed
    assert serving.called == []


def test_a_long_answer_is_kept_alive_on_its_connection():
    serving = Serving()
    connection = serving.open().send(call(name="slow", tag="long"))
    serving.at(15)
    assert connection.read().startswith(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
    serving.at(30)
    assert connection.read().startswith(b"3\r\n:")
    serving.finish_slow()
    assert connection.read().endswith(b"\r\n0\r\n\r\n")
    assert not connection.closed


# Ends


def test_a_client_that_goes_away_cancels_what_runs_in_the_modern_era():
    serving = Serving()
    connection = serving.open().send(call(name="slow", tag="a"))
    connection.end("connection reset")
    assert connection.closed
    assert [event for event in serving.events if isinstance(event, RequestCancelled)]
    serving.finish_slow()
    assert connection.read() == b""
    connection.end()
    assert serving.endpoint.links == ()


def test_a_client_that_goes_away_cancels_nothing_in_a_session():
    serving = Serving()
    revision = LEGACY[-1]
    session = session_for(serving, revision)
    connection = serving.open().send(call(revision, session, name="slow", tag="a"))
    connection.end()
    assert not [event for event in serving.events if isinstance(event, RequestCancelled)]


def test_a_half_head_and_no_more_is_dropped_in_silence():
    serving = Serving()
    connection = serving.open().send(call()[:30])
    connection.end()
    assert connection.read() == b""
    assert serving.violations() == []


def test_closing_ends_idle_connections_at_once_and_others_with_their_answer():
    serving = Serving()
    fresh, idle, busy, partial = (serving.open() for _ in range(4))
    idle.send(call())
    idle.read()
    busy.send(call(name="slow", tag="last words"))
    partial.send(call()[:20])
    serving.endpoint.close(serving.now)
    serving.settle()
    assert (fresh.closed, idle.closed, busy.closed, partial.closed) == (True, True, False, True)
    serving.finish_slow()
    answer = busy.response()
    assert answer.message["result"]["content"][0]["text"] == "last words"
    assert answer.field("connection") == "close"
    assert busy.closed
    late = serving.open().send(call())
    answer = late.response()
    assert (answer.status, answer.field("connection")) == (503, "close")
    assert late.closed


def test_closing_does_not_wait_for_the_rest_of_a_request_that_was_answered():
    serving = Serving()
    connection = serving.open().send(post(call_body(), fields_for(MODERN), target="/other")[:-10])
    serving.endpoint.close(serving.now)
    serving.settle()
    assert connection.closed
