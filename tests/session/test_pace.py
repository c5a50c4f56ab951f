"""How often something may pass: a burst at once, then one an interval, on the clock that is given."""

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
    notification,
    open_client,
    open_server,
    request,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import SessionLimits
from sansmcp.session.pace import LogGate, Pace, Report, check_rise


def spend(pace, now):
    """Let one pass if it may; say whether it did."""
    if pace.next_at(now) > now:
        return False
    pace.spend(now)
    return True


def test_a_burst_passes_at_once_and_then_one_an_interval():
    pace = Pace(0.5, 3)
    assert [spend(pace, 10.0) for _ in range(5)] == [True, True, True, False, False]
    assert pace.next_at(10.0) == 10.5
    assert [spend(pace, 10.5) for _ in range(2)] == [True, False]
    assert pace.next_at(10.6) == 11.0


def test_what_is_not_used_comes_back_up_to_the_burst():
    pace = Pace(1.0, 2)
    assert [spend(pace, 0.0) for _ in range(3)] == [True, True, False]
    assert [spend(pace, 100.0) for _ in range(3)] == [True, True, False]


def test_a_burst_of_one_is_one_an_interval_to_the_instant():
    pace = Pace(0.1, 1)
    now = 1000.0
    for _ in range(100):
        assert spend(pace, now)
        assert not spend(pace, now)
        now = pace.next_at(now)
    assert now == pytest.approx(1010.0)


def test_what_came_back_counts_whether_or_not_it_was_asked_for_first():
    pace = Pace(1.0, 2)
    for now in (0.0, 0.0, 10.0, 10.0):
        pace.spend(now)
    assert pace.next_at(10.0) == 11.0
    assert not pace.is_idle(11.0)
    assert pace.is_idle(12.0)


def test_an_interval_of_nothing_is_no_limit():
    pace = Pace(0.0, 1)
    assert all(spend(pace, 5.0) for _ in range(100))


def test_a_pace_is_idle_when_its_whole_burst_is_there():
    pace = Pace(1.0, 2)
    assert pace.is_idle(0.0)
    pace.spend(0.0)
    assert not pace.is_idle(0.5)
    assert pace.is_idle(1.0)


def test_log_messages_of_each_kind_have_a_pace_of_their_own_and_are_counted():
    gate = LogGate(1.0, 2)
    assert [gate.pass_one("a", 0.0) for _ in range(4)] == [0, 0, None, None]
    assert gate.pass_one("b", 0.0) == 0
    assert gate.pass_one("a", 1.0) == 2
    assert gate.pass_one("a", 1.0) is None
    assert gate.pass_one("a", 5.0) == 1


def test_a_program_that_makes_up_names_of_loggers_does_not_fill_the_memory():
    gate = LogGate(1.0, 1)
    for number in range(1024):
        assert gate.pass_one(number, float(number)) == 0
    assert gate.pass_one(1023, 1023.0) is None
    # Those that are idle are forgotten first, and the one that has kept something back is kept.
    assert gate.pass_one("new", 1023.5) == 0
    assert gate.pass_one(1023, 1024.0) == 1
    crowded = LogGate(1000.0, 1)
    for number in range(1024):
        crowded.pass_one(number, 0.0)
    crowded.pass_one(0, 0.0)
    # With nothing idle all are forgotten: a bound is a bound.
    assert crowded.pass_one("new", 0.0) == 0
    assert crowded.pass_one(0, 0.0) == 0


def test_a_report_rises_or_the_call_is_wrong():
    report = Report(token="t", number=1, pace=Pace(1.0, 1))
    check_rise(report, 0.5)
    for value in (0.5, 0.4, -1.0):
        with pytest.raises(LocalProtocolError, match="must rise"):
            check_rise(report, value)
    check_rise(report, 0.6)
    assert report.last == 0.6


# Progress through sessions: 2024-11-05 to 2026-07-28, Progress, Behavior Requirements


def server_with_call(revision, **options):
    server = open_server(revision, **options)
    tell(server, call_of(revision, 1, progressToken="t"))
    drain(server)
    return server


def report(server, value, now, *, related=1):
    params = schema.ProgressNotificationParams(progress_token="t", progress=value)
    server.notify("notifications/progress", params, now, related=related)


def told(session):
    return [
        message["params"]["progress"]
        for message in take(session)
        if isinstance(message, dict) and message.get("method") == "notifications/progress"
    ]


SLOW = SessionLimits(progress_interval=1.0, progress_burst=2)


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_past_the_burst_is_held_and_the_newest_value_is_sent_when_it_may(revision):
    server = server_with_call(revision, limits=SLOW)
    for value in range(6):
        report(server, value, 10.0)
    assert told(server) == [0, 1]
    assert (server.next_deadline(), server.deadline_reason()) == (11.0, "progress was held back")
    server.handle_timeout(10.9)
    assert told(server) == []
    server.handle_timeout(11.0)
    assert told(server) == [5]
    assert server.next_deadline() is None


def test_progress_that_is_held_goes_out_before_the_answer():
    server = server_with_call(MODERN, limits=SLOW)
    for value in range(4):
        report(server, value, 10.0)
    server.respond(1, schema.CallToolResult(content=()), 10.0)
    sent = take(server)
    assert [message["params"]["progress"] for message in sent[:-1]] == [0, 1, 3]
    assert sent[-1]["id"] == 1
    assert server.next_deadline() is None


def test_progress_that_is_held_goes_out_before_an_error_and_before_a_question():
    for command in ("fail", "ask"):
        server = server_with_call(MODERN, limits=SLOW)
        for value in range(4):
            report(server, value, 10.0)
        if command == "fail":
            server.fail(1, -32603, "no", 10.0)
        else:
            server.require_input(1, {}, 10.0, request_state="s")
        sent = take(server)
        assert [message["params"]["progress"] for message in sent[:-1]] == [0, 1, 3]
        assert sent[-1]["id"] == 1


def test_progress_that_is_held_is_not_sent_after_a_cancellation():
    server = server_with_call(MODERN, limits=SLOW)
    for value in range(4):
        report(server, value, 10.0)
    drain(server)
    tell(server, cancelled(1), 10.0)
    server.handle_timeout(100.0)
    assert (told(server), server.next_deadline()) == ([], None)


def test_by_default_sixteen_values_pass_at_once_and_then_twenty_a_second():
    server = server_with_call(MODERN)
    for value in range(100):
        report(server, value, 10.0)
    assert told(server) == list(range(16))
    server.handle_timeout(10.05)
    assert told(server) == [99]


def test_two_requests_with_one_token_each_have_their_own_report():
    server = open_server("2025-11-25", limits=SLOW)
    for id_ in (1, 2):
        tell(server, call_of("2025-11-25", id_, progressToken="t"))
    drain(server)
    for id_ in (1, 2):
        for value in range(3):
            report(server, value, 10.0, related=id_)
    keys = [action.key for action in server.actions()]
    assert len(set(keys)) == 2
    server.handle_timeout(11.0)
    assert told(server) == [2, 2]


@pytest.mark.parametrize("revision", REVISIONS)
def test_log_messages_past_the_burst_are_counted_and_the_count_is_told(revision):
    limits = SessionLimits(log_interval=1.0, log_burst=2)
    server = open_server(revision, limits=limits)
    if revision == MODERN:
        tell(server, call_of(revision, 1, **{"io.modelcontextprotocol/logLevel": "info"}))
    else:
        tell(server, request("level", "logging/setLevel", {"level": "info"}))
        tell(server, call_of(revision, 1))
    drain(server)

    def log(data, now, logger="a"):
        params = schema.LoggingMessageNotificationParams(level="info", data=data, logger=logger)
        server.notify("notifications/message", params, now, related=1)

    def logged():
        return [(message["params"]["logger"], message["params"]["data"]) for message in take(server)]

    for number in range(5):
        log(number, 10.0)
    log("other", 10.0, logger="b")
    assert logged() == [("a", 0), ("a", 1), ("b", "other")]
    log("late", 11.0)
    assert logged() == [("a", "3 messages were left out here: there were too many at once"), ("a", "late")]
    log("later", 12.0)
    assert logged() == [("a", "later")]


# Notifications of the peer


@pytest.mark.parametrize("count", [1, 2, 3, 4, 300])
def test_notifications_of_a_client_are_bounded_and_what_ends_something_is_not(count):
    limits = SessionLimits(notification_burst=3, notification_interval=1.0)
    server = make_server(limits=limits)
    tell(server, initialize(0, "2025-11-25", {"roots": {"listChanged": True}}))
    for _ in range(3):
        tell(server, notification("notifications/unknown"), 0.0)
    tell(server, INITIALIZED, 0.0)
    tell(server, request(1, "tools/call", {"name": "tool"}), 0.0)
    drain(server)
    for _ in range(count):
        tell(server, notification("notifications/roots/list_changed"), 100.0)
    received = kinds(server)
    assert received == ["NotificationReceived"] * min(count, 3) + ["MessageDropped"] * (count - 3)
    assert server.stats().notifications_received == 4 + count
    tell(server, cancelled(1), 100.0)
    assert kinds(server) == ["RequestCancelled"]
    tell(server, notification("notifications/roots/list_changed"), 102.0)
    assert kinds(server) == ["NotificationReceived"]


def test_notifications_of_a_server_are_bounded_and_an_acknowledgement_is_not():
    limits = SessionLimits(notification_burst=2, notification_interval=1.0)
    client = open_client(MODERN, limits=limits)
    handle = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    id_ = last_id(client)
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": id_}}
    log = notification("notifications/message", {"level": "info", "data": 1})
    for _ in range(3):
        tell(client, log)
    assert kinds(client) == ["LogReceived", "LogReceived", "MessageDropped"]
    acknowledged = {"notifications": {"toolsListChanged": True}, **meta}
    tell(client, notification("notifications/subscriptions/acknowledged", acknowledged))
    assert events(client)[0].handle == handle
    tell(client, cancelled(id_))
    assert kinds(client) == ["SubscriptionEnded"]
