"""Deadlines of calls and keep-alive pings (Lifecycle, Timeouts; Ping), on the clock that is given."""

import math

import pytest
from tests.session.ends import (
    MODERN,
    drain,
    error,
    events,
    kinds,
    last_id,
    make_server,
    modern,
    notification,
    open_client,
    open_server,
    request,
    response,
    result_of,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.schema import REVISIONS
from sansmcp.session import Disconnected, KeepAlive, LinkState, ProtocolViolated, RequestTimedOut, Timeouts


def call(client, now=0.0, **options):
    handle = client.send_request("tools/call", {"name": "x"}, now, **options)
    return handle, last_id(client)


def progress(client, id_, value, now):
    tell(client, notification("notifications/progress", {"progressToken": id_, "progress": value}), now)


# Deadlines


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_call_times_out_at_its_deadline_and_the_server_is_told(revision):
    client = open_client(revision)
    handle, id_ = call(client, 100.0)
    assert (client.next_deadline(), client.deadline_reason()) == (
        160.0,
        f"tools/call ({handle}) has no answer",
    )
    client.handle_timeout(159.999)
    assert (events(client), take(client)) == ([], [])
    client.handle_timeout(160.0)
    assert events(client) == [
        RequestTimedOut(
            handle=handle, method="tools/call", reason="tools/call was not answered within its timeout"
        )
    ]
    assert take(client) == [("cancel", id_, "timed out")]
    assert (client.next_deadline(), client.deadline_reason()) == (None, None)
    tell(client, response(id_, result_of("tools/call", revision)), 161.0)
    assert kinds(client) == ["MessageDropped"]


def test_a_late_timer_never_changes_an_answer():
    client = open_client(MODERN)
    _, id_ = call(client)
    # Nobody woke the session up at 60; the answer at 61 is late all the same.
    tell(client, response(id_, {"content": []}), 61.0)
    assert kinds(client) == ["RequestTimedOut", "MessageDropped"]
    _, id_ = call(client, 100.0)
    tell(client, response(id_, {"content": []}), 159.9)
    client.handle_timeout(160.0)
    assert kinds(client) == ["ResponseReceived"]


def test_a_deadline_can_be_set_with_the_call_and_by_default_for_all():
    client = open_client(MODERN, timeouts=Timeouts(request=7.0, request_maximum=9.0))
    call(client)
    assert client.next_deadline() == 7.0
    call(client, timeout=3.0)
    assert client.next_deadline() == 3.0
    call(client, timeout=5.0, maximum=2.0)
    assert client.next_deadline() == 2.0
    call(client, timeout=0.0)
    assert client.next_deadline() == 0.0


def test_a_deadline_can_be_switched_off():
    client = open_client(MODERN)
    call(client, timeout=math.inf, maximum=math.inf)
    assert client.next_deadline() is None
    call(client, timeout=math.inf)
    assert client.next_deadline() == 600.0


def test_progress_moves_the_deadline_and_never_past_the_maximum():
    client = open_client("2025-11-25")
    handle, id_ = call(client, timeout=10.0, maximum=60.0, progress=True)
    for number in range(1, 12):
        progress(client, id_, number, 5.0 * number)
        assert client.next_deadline() == min(5.0 * number + 10.0, 60.0)
    progress(client, id_, 99, 59.9)
    assert client.next_deadline() == 60.0
    drain(client)
    client.handle_timeout(60.0)
    assert events(client)[0] == RequestTimedOut(
        handle=handle, method="tools/call", reason="tools/call was not answered within its maximum"
    )


def test_without_progress_a_call_has_its_timeout_and_no_more():
    client = open_client("2025-11-25")
    _, id_ = call(client, timeout=10.0, maximum=60.0, progress=True)
    progress(client, id_, 1, 9.0)
    progress(client, id_, 1, 18.0)
    assert kinds(client) == ["ProgressReceived", "ProtocolViolated"]
    client.handle_timeout(19.0)
    assert kinds(client) == ["RequestTimedOut"]


def test_the_clock_turns_back_for_nobody():
    client = open_client(MODERN, now=100.0)
    call(client, 50.0)
    assert client.next_deadline() == 160.0
    client.handle_timeout(-math.inf)
    tell(client, notification("notifications/message", {"level": "info", "data": 1}), 0.0)
    assert client.next_deadline() == 160.0
    client.handle_timeout(160.0)
    call(client, 1.0)
    assert client.next_deadline() == 220.0


def test_deadlines_are_met_in_their_order_whatever_the_order_of_the_calls():
    client = open_client(MODERN)
    handles = [call(client, timeout=seconds)[0] for seconds in (3.0, 1.0, 2.0)]
    client.handle_timeout(10.0)
    assert [event.handle for event in events(client)] == [handles[1], handles[2], handles[0]]


# Keep-alive


ENDS = [
    lambda **options: open_client("2025-11-25", **options),
    lambda **options: open_server("2025-11-25", **options),
]
EITHER = pytest.mark.parametrize("make", ENDS, ids=["client", "server"])


@EITHER
def test_keep_alive_is_off_unless_asked_for(make):
    assert make().next_deadline() is None


@EITHER
def test_after_silence_a_ping_is_sent_and_an_answer_starts_the_silence_anew(make):
    session = make(keep_alive=KeepAlive(), now=100.0)
    assert (session.next_deadline(), session.deadline_reason()) == (120.0, "the peer is silent: ping it")
    session.handle_timeout(120.0)
    (ping,) = take(session)
    assert ping["method"] == "ping"
    assert session.next_deadline() == 140.0
    tell(session, response(ping["id"], {}), 125.0)
    assert (events(session), session.next_deadline()) == ([], 145.0)
    session.handle_timeout(145.0)
    (ping,) = take(session)
    tell(session, error(ping["id"], -32601), 146.0)
    # An error is an answer too: the peer is there.
    assert (events(session), session.next_deadline()) == ([], 166.0)


@EITHER
def test_a_peer_that_leaves_a_ping_unanswered_is_given_up_within_forty_seconds(make):
    session = make(keep_alive=KeepAlive())
    session.handle_timeout(20.0)
    (ping,) = take(session)
    session.handle_timeout(40.0)
    *_, ended = found = events(session)
    assert [type(event) for event in found if isinstance(event, ProtocolViolated | Disconnected)] == [
        ProtocolViolated,
        Disconnected,
    ]
    assert ended.reason == "the peer left 1 pings unanswered"
    assert take(session) == [("cancel", ping["id"], "timed out"), "close"]
    assert session.next_deadline() is None


@EITHER
def test_a_lost_ping_under_the_threshold_is_told_and_closes_nothing(make):
    session = make(keep_alive=KeepAlive(interval=10.0, timeout=5.0, failures=3))
    now = 0.0
    for lost in range(1, 3):
        session.handle_timeout(now := now + 10.0)
        session.handle_timeout(now := now + 5.0)
        (told,) = events(session)
        assert told.reason == f"a ping was not answered within 5.0 s ({lost} of 3)"
    drain(session)
    session.handle_timeout(now := now + 10.0)
    tell(session, response(last_id(session), {}), now)
    # One answer, and the count starts anew.
    for _ in range(2):
        session.handle_timeout(now := now + 10.0)
        session.handle_timeout(now := now + 5.0)
    assert session.link is LinkState.OPEN
    session.handle_timeout(now := now + 10.0)
    session.handle_timeout(now := now + 5.0)
    assert session.link is LinkState.CLOSED


@EITHER
def test_any_message_counts_as_a_sign_of_life(make):
    session = make(keep_alive=KeepAlive())
    tell(session, notification("notifications/unknown"), 15.0)
    session.handle_timeout(20.0)
    assert (take(session), session.next_deadline()) == ([], 35.0)
    session.handle_timeout(35.0)
    assert len(take(session)) == 1


def test_no_ping_is_sent_while_a_call_of_ours_is_in_flight():
    client = open_client("2025-11-25", keep_alive=KeepAlive())
    _, id_ = call(client, 0.0, timeout=1000.0)
    for now in (20.0, 40.0, 60.0):
        client.handle_timeout(now)
    assert take(client) == []
    tell(client, response(id_, {"content": []}), 70.0)
    client.handle_timeout(89.0)
    assert take(client) == []
    client.handle_timeout(90.0)
    assert [message["method"] for message in take(client)] == ["ping"]


def test_no_ping_is_sent_while_a_question_waits_for_our_user():
    client = open_client("2025-11-25", keep_alive=KeepAlive())
    tell(client, request(7, "roots/list"), 0.0)
    (asked,) = events(client)
    client.handle_timeout(100.0)
    assert take(client) == []
    client.provide_input(asked.handle, {"roots": []}, 101.0)
    drain(client)
    client.handle_timeout(120.0)
    assert [message["method"] for message in take(client)] == ["ping"]


def test_no_ping_is_sent_while_a_request_of_the_client_is_worked_on():
    server = open_server("2025-11-25", keep_alive=KeepAlive())
    tell(server, request(1, "tools/call", {"name": "x"}), 0.0)
    drain(server)
    server.handle_timeout(20.0)
    server.handle_timeout(40.0)
    assert take(server) == []
    server.respond(1, schema.CallToolResult(content=()), 50.0)
    drain(server)
    server.handle_timeout(60.0)
    assert take(server) == []
    server.handle_timeout(70.0)
    assert [message["method"] for message in take(server)] == ["ping"]


def test_a_subscription_is_no_reason_not_to_ping():
    client = open_client("2025-11-25", keep_alive=KeepAlive())
    client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    client.handle_timeout(20.0)
    assert [message["method"] for message in take(client)] == ["ping"]


def test_a_modern_connection_is_not_pinged():
    client = open_client(MODERN, keep_alive=KeepAlive())
    server = make_server(keep_alive=KeepAlive())
    tell(server, modern(1, "server/discover"))
    assert (client.next_deadline(), server.next_deadline()) == (None, None)


@EITHER
def test_a_ping_in_flight_ends_with_the_connection_and_is_no_news(make):
    session = make(keep_alive=KeepAlive())
    session.handle_timeout(20.0)
    drain(session)
    session.receive_eof(21.0)
    assert "ProtocolViolated" not in kinds(session)
    assert session.next_deadline() is None


def test_a_server_that_closes_pings_no_more():
    server = open_server("2025-11-25", keep_alive=KeepAlive(), timeouts=Timeouts(close=100.0))
    tell(server, request(1, "tools/call", {"name": "x"}), 0.0)
    server.close(1.0)
    assert server.next_deadline() == 101.0
    server.handle_timeout(20.0)
    pings = [
        message for message in take(server) if isinstance(message, dict) and message.get("method") == "ping"
    ]
    assert pings == []


def test_pings_of_the_user_and_of_keep_alive_are_told_apart():
    client = open_client("2025-11-25", keep_alive=KeepAlive(interval=20.0, timeout=20.0))
    client.handle_timeout(20.0)
    drain(client)
    handle = client.ping(21.0, timeout=5.0)
    client.handle_timeout(26.0)
    assert [type(event) for event in events(client)] == [RequestTimedOut]
    client.handle_timeout(40.0)
    assert [type(event) for event in events(client)] == [ProtocolViolated, Disconnected]
    assert handle


def test_a_silence_is_measured_from_the_answer_that_a_draining_session_waits_for_no_more():
    # The answer to a keep-alive ping may come when the server is closing already.
    server = open_server("2025-11-25", keep_alive=KeepAlive())
    server.handle_timeout(20.0)
    id_ = last_id(server)
    tell(server, request(1, "tools/call", {"name": "x"}), 21.0)
    server.close(22.0)
    tell(server, response(id_, {}), 23.0)
    assert server.next_deadline() == 27.0
