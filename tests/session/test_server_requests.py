"""The requests of a client at its server: limits, order, cancellation, the end (all revisions)."""

import json

import attrs
import pytest
from tests.session.ends import (
    INITIALIZED,
    MODERN,
    call_of,
    cancelled,
    drain,
    events,
    initialize,
    kinds,
    last_id,
    make_server,
    modern,
    notification,
    open_server,
    request,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    AnswerDropped,
    Change,
    ChangeKind,
    Disconnected,
    LinkState,
    Phase,
    RequestCancelled,
    RequestReceived,
    Send,
    SessionEnded,
    SessionLimits,
    Timeouts,
)

DONE = schema.CallToolResult(content=())


def call(server, revision, id_, method="tools/call", now=0.0):
    tell(server, call_of(revision, id_, method), now)


def received(server):
    return [event.request_id for event in events(server) if isinstance(event, RequestReceived)]


# Limits: at the limit, one past it, far past it


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("count", [3, 4, 5, 6, 300])
def test_requests_past_the_limit_wait_and_past_the_backlog_they_are_refused(revision, count):
    server = open_server(revision, limits=SessionLimits(requests_in_flight=3, backlog=2))
    for id_ in range(count):
        call(server, revision, id_)
    waiting, refused = min(count - 3, 2), max(count - 5, 0)
    assert received(server) == [0, 1, 2]
    refusals = take(server)
    assert [(answer["id"], answer["error"]["code"]) for answer in refusals] == [
        (5 + n, -32603) for n in range(refused)
    ]
    assert all("3 are in flight and 2 wait" in answer["error"]["message"] for answer in refusals)
    stats = server.stats()
    assert (stats.requests_in_flight, stats.requests_waiting) == (3, waiting)
    for id_ in range(min(count, 5)):
        server.respond(id_, DONE, 0.0)
        started = [id_ + 3] if id_ + 3 < min(count, 5) else []
        assert received(server) == started
    assert [answer["id"] for answer in take(server)] == list(range(min(count, 5)))
    assert (server.stats().requests_in_flight, server.stats().requests_waiting) == (0, 0)


def test_by_default_a_thousand_are_in_flight_and_a_thousand_wait():
    server = open_server(MODERN)
    for id_ in range(2001):
        call(server, MODERN, id_)
    assert len(received(server)) == 1000
    (refusal,) = take(server)
    assert (
        refusal["error"]["message"] == "too many requests: 1000 are in flight and 1000 wait; try again later"
    )
    assert server.stats().requests_waiting == 1000


def test_the_backlog_is_bounded_in_bytes_too():
    size = len(json.dumps(call_of(MODERN, 10)))
    server = open_server(MODERN, limits=SessionLimits(requests_in_flight=1, backlog_bytes=2 * size))
    for id_ in range(10, 14):
        call(server, MODERN, id_)
    assert [answer["id"] for answer in take(server)] == [13]
    assert (server.stats().requests_waiting, server.stats().bytes_waiting) == (2, 2 * size)
    tell(server, cancelled(11))
    assert (server.stats().requests_waiting, server.stats().bytes_waiting) == (1, size)
    call(server, MODERN, 14)
    assert take(server) == [("end", 11)]


def test_answers_cancellations_and_pings_go_on_past_every_limit():
    server = open_server("2025-11-25", limits=SessionLimits(requests_in_flight=1, backlog=1))
    server.ping(0.0)
    ping = last_id(server)
    for id_ in (1, 2, 3):
        call(server, "2025-11-25", id_)
    drain(server)
    tell(server, response(ping, {}))
    tell(server, request("p", "ping"))
    tell(server, cancelled(2))
    tell(server, cancelled(1))
    assert kinds(server) == ["ResponseReceived", "RequestCancelled"]
    assert take(server) == [response("p", {}), ("end", 2), ("end", 1)]


def test_a_request_that_was_cancelled_counts_until_its_work_is_handed_back():
    server = open_server(MODERN, limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, 2):
        call(server, MODERN, id_)
    tell(server, cancelled(1))
    assert kinds(server) == ["RequestReceived", "RequestCancelled"]
    server.respond(1, DONE, 0.0)
    dropped, started = events(server)
    assert (dropped, started.request_id) == (AnswerDropped(request_id=1), 2)
    assert take(server) == [("end", 1)]
    assert server.stats().requests_in_flight == 1


@pytest.mark.parametrize("count", [3, 4, 300])
def test_subscriptions_past_the_limit_are_refused_before_an_acknowledgement(count):
    server = make_server(limits=SessionLimits(subscriptions=3))
    for id_ in range(count):
        tell(server, modern(id_, "subscriptions/listen", {"notifications": {}}))
    said = take(server)
    assert [message.get("method") for message in said[:3]] == ["notifications/subscriptions/acknowledged"] * 3
    assert [(answer["id"], answer["error"]["code"]) for answer in said[3:]] == [
        (id_, -32603) for id_ in range(3, count)
    ]
    assert server.stats().subscriptions == 3


def test_subscriptions_do_not_count_as_requests_in_flight():
    server = make_server(limits=SessionLimits(requests_in_flight=1, backlog=0))
    for id_ in range(5):
        tell(server, modern(id_, "subscriptions/listen", {"notifications": {}}))
    call(server, MODERN, "a")
    assert kinds(server) == ["SubscriptionOpened"] * 5 + ["RequestReceived"]


# Order


@pytest.mark.parametrize("revision", REVISIONS)
def test_requests_run_at_once_and_ordered_methods_one_by_one(revision):
    server = open_server(revision, ordered=frozenset({"tools/call", "prompts/list"}))
    for id_, method in [
        (1, "tools/call"),
        (2, "tools/list"),
        (3, "prompts/list"),
        (4, "tools/call"),
        (5, "tools/list"),
    ]:
        call(server, revision, id_, method)
    assert received(server) == [1, 2, 5]
    server.respond(2, {}, 0.0)
    assert received(server) == []
    server.respond(1, DONE, 0.0)
    assert received(server) == [3]
    server.fail(3, -32603, "no", 0.0)
    assert received(server) == [4]
    call(server, revision, 6)
    assert received(server) == []
    server.respond(4, DONE, 0.0)
    assert received(server) == [6]


def test_a_cancelled_request_gives_its_turn_away_when_its_work_is_handed_back():
    server = open_server(MODERN, ordered=frozenset({"tools/call"}))
    for id_ in (1, 2, 3):
        call(server, MODERN, id_)
    tell(server, cancelled(1))
    tell(server, cancelled(2))
    assert kinds(server) == ["RequestReceived", "RequestCancelled"]
    server.respond(1, DONE, 0.0)
    assert received(server) == [3]


def test_an_ordered_request_that_waits_does_not_hold_up_the_others():
    limits = SessionLimits(requests_in_flight=2)
    server = open_server(MODERN, limits=limits, ordered=frozenset({"tools/call"}))
    for id_, method in [(1, "tools/call"), (2, "tools/call"), (3, "tools/list"), (4, "tools/list")]:
        call(server, MODERN, id_, method)
    assert received(server) == [1, 3]
    server.respond(3, {}, 0.0)
    assert received(server) == [4]
    server.respond(1, DONE, 0.0)
    assert received(server) == [2]


# Cancellation


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_cancellation_stops_the_handler_and_tells_its_reason(revision):
    server = open_server(revision)
    call(server, revision, 1)
    drain(server)
    tell(server, cancelled(1, "the user left"))
    assert events(server) == [RequestCancelled(request_id=1, reason="the user left")]
    assert take(server) == [("end", 1)]
    # Nothing more is said for it: no progress, no log message, no answer.
    progress = schema.ProgressNotificationParams(progress_token="t", progress=1)
    server.notify("notifications/progress", progress, 0.0, related=1)
    log = schema.LoggingMessageNotificationParams(level="error", data="x")
    server.notify("notifications/message", log, 0.0, related=1)
    tell(server, cancelled(1))
    server.fail(1, -32603, "no", 0.0)
    assert (events(server), take(server)) == ([AnswerDropped(request_id=1)], [])
    stats = server.stats()
    assert (stats.requests_in_flight, stats.requests_waiting) == (0, 0)
    tell(server, cancelled(1))
    assert kinds(server) == ["MessageDropped"]


def test_a_client_that_goes_away_cancels_as_a_message_would():
    server = open_server(MODERN)
    call(server, MODERN, 1)
    tell(server, modern(2, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    drain(server)
    for id_ in (1, 2, 404):
        server.receive_cancel(id_, 0.0)
    stopped, closed = events(server)
    assert stopped == RequestCancelled(request_id=1, reason="the client went away")
    assert (closed.subscription_id, closed.reason) == (2, "the client went away")
    assert take(server) == [("end", 1), ("end", 2)]
    server.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    assert take(server) == []


def test_a_request_that_waits_can_be_cancelled_and_no_handler_hears_of_it():
    server = open_server(MODERN, limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, 2):
        call(server, MODERN, id_)
    drain(server)
    tell(server, cancelled(2))
    assert (events(server), take(server)) == ([], [("end", 2)])
    server.respond(1, DONE, 0.0)
    assert (events(server), server.stats().requests_waiting) == ([], 0)


# Ends: DRAINING takes no new work, what runs may finish within the grace period


def test_the_end_of_input_gives_what_was_read_half_a_second_and_then_it_is_over():
    server = open_server("2025-11-25", limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, 2):
        call(server, "2025-11-25", id_)
    drain(server)
    server.receive_eof(10.0)
    assert (server.link, events(server), server.next_deadline()) == (LinkState.DRAINING, [], 10.5)
    assert server.deadline_reason() == "requests in flight may finish"
    server.respond(1, DONE, 10.4)
    assert received(server) == [2]
    assert [answer["id"] for answer in take(server)] == [1]
    server.handle_timeout(10.5)
    why = "the peer closed the connection"
    assert events(server) == [
        RequestCancelled(request_id=2, reason=why),
        SessionEnded(reason=why),
        Disconnected(reason=why),
    ]
    assert take(server) == ["close"]
    assert server.next_deadline() is None


def test_a_request_that_waits_for_the_place_of_a_cancelled_one_keeps_the_connection_open():
    server = open_server(MODERN, limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, 2):
        call(server, MODERN, id_)
    tell(server, cancelled(1))
    drain(server)
    server.receive_eof(0.0)
    assert server.link is LinkState.DRAINING
    server.respond(1, DONE, 0.1)
    server.respond(2, DONE, 0.2)
    assert kinds(server) == ["AnswerDropped", "RequestReceived", "Disconnected"]


def test_a_server_with_nothing_in_flight_ends_at_once():
    for end in ("receive_eof", "close"):
        server = open_server(MODERN)
        getattr(server, end)(0.0)
        assert (kinds(server), take(server)) == (["Disconnected"], ["close"])
        assert server.link is LinkState.CLOSED


def test_the_last_answer_ends_a_draining_server():
    server = open_server(MODERN)
    call(server, MODERN, 1)
    drain(server)
    server.receive_eof(0.0)
    server.respond(1, DONE, 0.1)
    answer, close = take(server)
    assert (answer["id"], close) == (1, "close")
    assert kinds(server) == ["Disconnected"]


def test_a_cancellation_ends_a_draining_server():
    for end in ("receive_eof", "close"):
        server = open_server(MODERN)
        call(server, MODERN, 1)
        drain(server)
        getattr(server, end)(0.0)
        tell(server, cancelled(1), 0.1)
        assert kinds(server) == ["RequestCancelled", "Disconnected"]
        assert take(server) == [("end", 1), "close"]
        # The handler comes back after the end: there is nobody to tell.
        server.respond(1, DONE, 0.2, cause=ValueError("late"))
        assert (events(server), take(server), server.stats().requests_in_flight) == ([], [], 0)


def test_close_refuses_what_waits_and_what_comes_and_gives_what_runs_five_seconds():
    server = open_server("2025-11-25", limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, 2):
        call(server, "2025-11-25", id_)
    drain(server)
    server.close(100.0)
    server.close(101.0)
    assert server.next_deadline() == 105.0
    call(server, "2025-11-25", 3, now=102.0)
    refusals = take(server)
    assert [(answer["id"], answer["error"]) for answer in refusals] == [
        (id_, {"code": -32603, "message": "the server is closing"}) for id_ in (2, 3)
    ]
    server.receive_eof(103.0)
    assert server.next_deadline() == 105.0
    server.handle_timeout(105.0)
    assert kinds(server) == ["RequestCancelled", "SessionEnded", "Disconnected"]


def test_the_grace_periods_can_be_set():
    timeouts = Timeouts(close=1.0, end_of_input=2.0)
    for end, seconds in (("close", 1.0), ("receive_eof", 2.0)):
        server = open_server(MODERN, timeouts=timeouts)
        call(server, MODERN, 1)
        getattr(server, end)(0.0)
        assert server.next_deadline() == seconds


def test_an_array_is_refused_entry_by_entry_while_the_server_closes():
    server = open_server("2025-03-26")
    call(server, "2025-03-26", 1)
    drain(server)
    server.close(0.0)
    tell(server, [request(2, "tools/list"), request(3, "ping")])
    (answers,) = take(server)
    assert [(answer["id"], answer["error"]["code"]) for answer in answers] == [(2, -32603), (3, -32603)]


def test_the_end_of_input_ends_requests_that_wait_for_the_clients_answers():
    server = open_server("2025-11-25", limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, 2):
        call(server, "2025-11-25", id_)
    server.require_input(1, {"k": schema.InputRequest(method="roots/list")}, 0.0)
    question = last_id(server)
    drain(server)
    server.receive_eof(0.0)
    # Nobody can answer the first any more; the second, which waited for its place, may still be answered.
    assert received(server) == [2]
    assert take(server) == [("cancel", question, "the peer closed the connection")]
    server.respond(2, DONE, 0.1)
    assert kinds(server) == ["SessionEnded", "Disconnected"]


def test_requests_that_wait_for_answers_end_with_the_grace_period():
    server = open_server("2025-11-25")
    call(server, "2025-11-25", 1)
    server.require_input(1, {"k": schema.InputRequest(method="roots/list")}, 0.0)
    question = last_id(server)
    drain(server)
    server.close(0.0)
    assert server.link is LinkState.DRAINING
    server.handle_timeout(5.0)
    assert kinds(server) == ["SessionEnded", "Disconnected"]
    assert take(server) == [("cancel", question, "this side closed the connection"), "close"]


def test_subscriptions_end_with_the_connection():
    server = open_server("2025-11-25")
    tell(server, request(1, "resources/subscribe", {"uri": "a"}))
    tell(server, modern(2, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    drain(server)
    server.receive_eof(0.0)
    modern_one, legacy_one, ended, _ = events(server)
    assert (modern_one.subscription_id, legacy_one.subscription_id) == (2, None)
    assert legacy_one.filter.resource_subscriptions == ("a",)
    assert isinstance(ended, SessionEnded)
    assert (take(server), server.stats().subscriptions) == (["close"], 0)


def test_close_gives_each_subscription_its_closing_result_after_the_cancellation():
    server = make_server()
    for id_ in (1, "1"):
        tell(server, modern(id_, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    drain(server)
    server.close(0.0)
    said = take(server)
    why = "this side closed the connection"
    assert [said[0], said[2], said[4]] == [("cancel", 1, why), ("cancel", "1", why), "close"]
    for result, id_ in ((said[1], 1), (said[3], "1")):
        assert result["id"] == id_
        assert result["result"]["resultType"] == "complete"
        assert result["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == id_
    assert kinds(server) == ["SubscriptionClosed", "SubscriptionClosed", "Disconnected"]


def test_nothing_happens_after_the_end():
    server = open_server("2025-11-25")
    call(server, "2025-11-25", 1)
    drain(server)
    server.close(0.0)
    server.handle_timeout(5.0)
    drain(server)
    before = server.stats()
    tell(server, request(2, "ping"), 6.0)
    tell(server, b"nonsense", 6.0)
    server.receive_cancel(1, 6.0)
    server.receive_eof(6.0)
    server.close(6.0)
    server.handle_timeout(100.0)
    server.publish(Change(kind=ChangeKind.TOOLS), 6.0)
    server.end_subscription(404, 6.0)
    assert (events(server), take(server), server.stats()) == ([], [], before)
    with pytest.raises(LocalProtocolError, match="ping"):
        server.ping(6.0)


# What a session says of itself


def test_the_figures_of_a_session_say_what_it_holds_and_what_it_has_counted():
    server = open_server("2025-11-25", limits=SessionLimits(requests_in_flight=1))
    sizes = []
    for message in (
        call_of("2025-11-25", 1),
        call_of("2025-11-25", 2),
        request(3, "resources/subscribe", {"uri": "a"}),
        notification("notifications/roots/list_changed"),
        cancelled(404),
        {"jsonrpc": "1.0", "id": 9, "method": "x"},
    ):
        sizes.append(len(json.dumps(message)))
        tell(server, message)
    server.ping(0.0)
    stats = server.stats()
    assert (stats.phase, stats.link) == (Phase.OPERATING, LinkState.OPEN)
    assert (stats.requests_in_flight, stats.requests_waiting, stats.bytes_waiting) == (1, 1, sizes[1])
    assert (stats.calls_in_flight, stats.subscriptions) == (1, 1)
    # The handshake and `initialized` came before.
    assert (stats.messages_received, stats.notifications_received) == (8, 3)
    assert (stats.violations, stats.dropped) == (1, 1)
    sent = [action for action in server.actions() if isinstance(action, Send)]
    assert stats.messages_sent == 1 + len(sent)
    assert attrs.asdict(stats)["bytes_sent"] > sum(len(action.data) for action in sent)


def test_a_session_says_what_its_limits_are():
    limits = SessionLimits(requests_in_flight=7)
    assert make_server(limits=limits).limits == limits
    assert make_server().limits == SessionLimits()


def test_bytes_received_are_those_of_the_messages():
    server = make_server()
    messages = [initialize(0, "2025-11-25"), INITIALIZED, request(1, "ping")]
    for message in messages:
        tell(server, message)
    assert server.stats().bytes_received == sum(len(json.dumps(message)) for message in messages)
    assert server.stats().bytes_sent == sum(len(action.data) for action in server.actions())
