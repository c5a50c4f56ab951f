"""A server that asks faster than it takes answers makes no more than a bounded number of POSTs.

Source: adversarial case flood; design, limits.
"""

import pytest
from tests.http.client.talking import Talk, message_of

from sansmcp.http import HttpClientLimits
from sansmcp.session import ProtocolViolated, ResponseReceived


def ping(number, padding=0):
    return {"jsonrpc": "2.0", "id": f"{number}{'x' * padding}", "method": "ping"}


def flooded(pings, *, padding=0, **limits):
    """Return a client whose server has sent pings and accepts no answer, and the stream they came on."""
    talk = Talk(("2025-11-25",), limits=HttpClientLimits(**limits))
    listening = talk.connect_legacy(get=200)
    talk.push(listening, *(ping(number, padding) for number in range(pings)))
    return talk, listening


@pytest.mark.parametrize("pings", [10, 11, 1000])
def test_answers_past_the_limit_are_dropped_and_told(pings):
    talk, _ = flooded(pings, answers=10)
    dropped = talk.told(ProtocolViolated)
    assert len(talk.take_all()) == 10
    assert len(dropped) == pings - 10
    for event in dropped:
        assert event.reason.startswith("an answer was dropped: 10 of ")


@pytest.mark.parametrize("pings", [3, 4, 300])
def test_large_answers_count_by_their_bytes(pings):
    # Each is a little over 100 bytes: the third one still begins below the limit.
    talk, _ = flooded(pings, padding=100, answer_bytes=300)
    assert len(talk.take_all()) == 3
    assert len(talk.told(ProtocolViolated)) == pings - 3


@pytest.mark.parametrize("status", [202, 400, None])
def test_an_answer_that_was_accepted_or_refused_makes_room(status):
    talk, listening = flooded(3, answers=2)
    first, _ = talk.take_all()
    if status is None:
        first.receive_failure("connection reset", 0.0)
        talk.drain()
    else:
        talk.answer(first, status)
    talk.events.clear()
    talk.push(listening, ping(7))
    assert message_of(talk.take()) == {"jsonrpc": "2.0", "id": "7", "result": {}}
    assert talk.told(ProtocolViolated) == []


def test_pings_before_the_handshake_is_over_are_bounded_too():
    talk = Talk(("2025-11-25",), limits=HttpClientLimits(answers=10))
    talk.client.connect(0.0)
    initialize = talk.take()
    talk.stream(initialize, *(ping(number) for number in range(1000)))
    assert len(talk.told(ProtocolViolated)) == 990
    result = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "serverInfo": {"name": "server", "version": "1"},
    }
    talk.push(initialize, {"jsonrpc": "2.0", "id": message_of(initialize)["id"], "result": result})
    talk.answer(talk.take(), 202)
    posts = [exchange for exchange in talk.take_all() if exchange.request.method == "POST"]
    assert [message_of(post)["result"] for post in posts] == [{}] * 10


def test_a_session_that_was_opened_anew_owes_no_answers():
    talk, listening = flooded(3, answers=2)
    first, _ = talk.take_all()
    talk.answer(first, 404)
    talk.initialize(talk.take(), session_id="s-2")
    talk.answer(talk.take(), 202)
    listening = talk.take()
    talk.stream(listening, ping(8), ping(9))
    assert [message_of(post)["id"] for post in talk.take_all()] == ["8", "9"]


def test_calls_are_answered_in_the_middle_of_a_flood():
    talk, _ = flooded(1000, answers=10)
    talk.take_all()
    handle, exchange = talk.call()
    talk.result(exchange, {"content": []})
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
