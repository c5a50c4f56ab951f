"""Calls from their id to their end (Base Protocol, Cancellation and Lifecycle of each revision)."""

import itertools
import json
import math

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    cancelled,
    events,
    initialize_result,
    kinds,
    last_id,
    make_client,
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
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.session import (
    AnswerDropped,
    CallRequest,
    InputCancelled,
    MessageDropped,
    RequestCancelled,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Timeouts,
)
from sansmcp.testing import connected_pair

DONE = schema.CallToolResult(content=())
TOOL = {"name": "tool"}
every_revision = pytest.mark.parametrize("revision", REVISIONS)


def calling(client, now=0.0, **options):
    """Let a client call a tool; return the handle and the id on the wire."""
    handle = client.send_request("tools/call", TOOL, now, **options)
    return handle, last_id(client)


# Ids


@every_revision
def test_no_id_is_used_twice_however_the_calls_end(revision):
    client = open_client(revision)
    ids = []
    for number in range(50):
        handle, id_ = calling(client, float(number), timeout=0.5)
        ids.append(id_)
        match number % 4:
            case 0:
                tell(client, response(id_, result_of("tools/call", revision)), float(number))
            case 1:
                client.cancel(handle, float(number))
            case 2:
                # What is refused at the call takes no id along.
                with pytest.raises(LocalProtocolError):
                    client.send_request("tools/call", {"name": 7}, float(number))
            case _:
                pass
    assert len(set(ids)) == 50
    assert {type(id_) for id_ in ids} == {int}


@every_revision
def test_the_calls_in_flight_have_ids_of_their_own(revision):
    client = open_client(revision)
    for _ in range(30):
        client.send_request("tools/call", TOOL, 0.0, progress=True)
    if revision != MODERN:
        client.ping(0.0)
    client.send_batch([CallRequest(method="tools/list")] * 3, 0.0)
    client.listen(schema.SubscriptionFilter(resource_subscriptions=("a:b",)), 0.0)
    said = take(client)
    messages = [item for message in said for item in (message if isinstance(message, list) else [message])]
    ids = [message["id"] for message in messages]
    assert len(set(ids)) == len(ids) >= 34
    tokens = [
        message["params"]["_meta"]["progressToken"]
        for message in messages
        if "progressToken" in message.get("params", {}).get("_meta", {})
    ]
    assert len(tokens) == len(set(tokens)) == 30
    assert {type(token) for token in tokens} == {int}


@every_revision
def test_the_token_of_progress_is_the_sessions_to_choose(revision):
    client = open_client(revision)
    params = {"name": "tool", "_meta": {"progressToken": 1}}
    with pytest.raises(LocalProtocolError, match="the session chooses the progressToken"):
        client.send_request("tools/call", params, 0.0)
    assert take(client) == []


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_that_repeats_an_id_in_flight_is_dropped_with_an_event(revision):
    client = open_client(revision)
    for id_ in (7, "7", 7, "7"):
        tell(client, request(id_, "roots/list"))
    found = events(client)
    assert [type(event).__name__ for event in found] == ["InputRequested"] * 2 + ["MessageDropped"] * 2
    assert take(client) == []
    for question in found[:2]:
        client.provide_input(question.handle, schema.ListRootsResult(roots=()), 0.0)
    assert [answer["id"] for answer in take(client)] == [7, "7"]


# Deadlines


def every_call(client, now):
    """Make each kind of call that has a deadline, and return how many there are."""
    client.send_request("tools/call", TOOL, now)
    client.send_request("prompts/list", None, now)
    client.send_batch([CallRequest(method="tools/list")], now)
    client.listen(schema.SubscriptionFilter(resource_subscriptions=("a:b",)), now)
    if client.revision == MODERN:
        return 4
    client.ping(now)
    client.set_log_level("info", now)
    return 6


@every_revision
def test_every_request_has_a_deadline(revision):
    client = open_client(revision)
    made = every_call(client, 10.0)
    take(client)
    assert client.next_deadline() == 70.0
    client.handle_timeout(69.9)
    assert events(client) == []
    client.handle_timeout(70.0)
    told = events(client)
    over = [event for event in told if isinstance(event, RequestTimedOut)]
    # A legacy subscription to a resource is one of the session's own requests: it is not honoured then.
    assert len(told) == made
    assert len(over) == (made if revision == MODERN else made - 1)
    assert all("was not answered within its timeout" in event.reason for event in over)
    assert client.next_deadline() is None
    assert client.stats().calls_in_flight == 0


def test_a_probe_an_initialize_and_a_ping_of_a_server_have_deadlines_too():
    client = make_client()
    client.connect(0.0)
    assert client.next_deadline() == 5.0
    client.handle_timeout(5.0)
    assert client.next_deadline() == 65.0
    server = open_server("2025-11-25")
    server.ping(0.0)
    assert server.next_deadline() == 60.0


@every_revision
def test_a_deadline_can_be_switched_off(revision):
    for options in ({"timeout": math.inf, "maximum": math.inf}, None):
        forever = Timeouts(request=math.inf, request_maximum=math.inf)
        client = open_client(revision, **({"timeouts": forever} if options is None else {}))
        calling(client, **(options or {}))
        assert client.next_deadline() is None


@every_revision
def test_a_call_that_is_too_late_is_cancelled_and_waits_no_longer(revision):
    pair = connected_pair(revision)
    pair.client.send_request("tools/call", TOOL, pair.now, timeout=3.0)
    pair.settle()
    (received,) = pair.take_server_events()
    pair.advance(3.0)
    assert [type(event) for event in pair.take_client_events()] == [RequestTimedOut]
    assert pair.client.stats().calls_in_flight == 0
    assert json.loads(pair.lines_of("C")[-1]) == notification(
        "notifications/cancelled", {"requestId": received.request_id, "reason": "timed out"}
    )
    assert pair.take_server_events() == [RequestCancelled(request_id=received.request_id, reason="timed out")]


def test_neither_a_probe_nor_an_initialize_is_cancelled_when_it_is_too_late():
    client = make_client()
    client.connect(0.0)
    take(client)
    client.handle_timeout(5.0)
    assert [message["method"] for message in take(client)] == ["initialize"]
    client.handle_timeout(65.0)
    assert take(client) == ["close"]


@every_revision
def test_progress_moves_a_deadline_and_never_past_the_maximum(revision):
    client = open_client(revision)
    handle, id_ = calling(client, timeout=10.0, maximum=25.0, progress=True)
    for now in (9.0, 18.0, 24.0):
        params = {"progressToken": id_, "progress": now}
        tell(client, notification("notifications/progress", params), now)
        assert kinds(client) == ["ProgressReceived"]
        assert client.next_deadline() == min(now + 10.0, 25.0)
    client.handle_timeout(25.0)
    (over,) = events(client)
    assert over.handle == handle
    assert over.reason == "tools/call was not answered within its maximum"
    assert take(client) == [("cancel", id_, "timed out")]


def test_by_default_a_call_with_progress_ends_after_ten_minutes():
    client = open_client(MODERN)
    _, id_ = calling(client, progress=True)
    for now in range(50, 600, 50):
        params = {"progressToken": id_, "progress": now}
        tell(client, notification("notifications/progress", params), float(now))
    assert client.next_deadline() == 600.0


# Cancelling


@every_revision
def test_to_cancel_a_call_is_to_send_a_notification_with_its_id(revision):
    pair = connected_pair(revision)
    handle = pair.client.send_request("tools/call", TOOL, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    pair.client.cancel(handle, pair.now, reason="the user left")
    pair.settle()
    assert json.loads(pair.lines_of("C")[-1]) == notification(
        "notifications/cancelled", {"requestId": received.request_id, "reason": "the user left"}
    )
    assert pair.take_server_events() == [
        RequestCancelled(request_id=received.request_id, reason="the user left")
    ]
    assert (pair.take_client_events(), pair.client.stats().calls_in_flight) == ([], 0)


def outcomes(revision):
    """Yield how a call can be over, as functions that bring it about."""
    yield "answered", lambda client, _, id_: tell(client, response(id_, result_of("tools/call", revision)))
    yield "cancelled", lambda client, handle, _: client.cancel(handle, 0.0)
    yield "too late", lambda client, _, __: client.handle_timeout(60.0)
    yield "unreadable", lambda client, _, id_: tell(client, {"jsonrpc": "2.0", "id": id_, "result": 7})


@every_revision
def test_only_a_call_that_still_waits_can_be_cancelled(revision):
    for _, end in outcomes(revision):
        client = open_client(revision)
        handle, id_ = calling(client)
        end(client, handle, id_)
        take(client)
        events(client)
        client.cancel(handle, 60.0)
        assert (take(client), events(client)) == ([], [])
    client = open_client(revision)
    client.cancel(4711, 0.0)
    assert take(client) == []
    with pytest.raises(LocalProtocolError, match="by hand"):
        client.notify("notifications/cancelled", {"requestId": 4711}, 0.0)
    # What the server asks is not the client's to cancel.
    if revision != MODERN:
        tell(client, request(4711, "roots/list"))
        take(client)
        client.cancel(events(client)[0].handle, 0.0)
        assert take(client) == []


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_server_withdraws_the_questions_that_it_asked_and_no_others(revision):
    server = open_server(revision)
    tell(server, call_of(revision, 1))
    server.require_input(1, {"a": schema.InputRequest(method="roots/list")}, 0.0)
    question = last_id(server)
    events(server)
    tell(server, cancelled(1))
    assert take(server) == [("end", 1), ("cancel", question, None)]
    with pytest.raises(LocalProtocolError):
        server.notify("notifications/cancelled", {"requestId": 1}, 0.0)


@every_revision
def test_the_late_answer_to_a_call_that_was_given_up_is_dropped_with_an_event(revision):
    for name, end in outcomes(revision):
        client = open_client(revision)
        handle, id_ = calling(client)
        end(client, handle, id_)
        take(client)
        events(client)
        for late in (
            response(id_, result_of("tools/call", revision)),
            {"jsonrpc": "2.0", "id": id_, "error": {"code": -32603, "message": "no"}},
        ):
            tell(client, late, 61.0)
            (dropped,) = events(client)
            assert isinstance(dropped, MessageDropped), name
            assert f"{id_}, which is not in flight" in dropped.reason
        assert take(client) == []


ORDERS = [
    *itertools.permutations(["cancel", "respond", "move"]),
    ("cancel", "move", "respond", "move"),
    ("respond", "move", "cancel", "move"),
    ("cancel", "cancel", "respond"),
    ("respond", "cancel", "cancel"),
]


@every_revision
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_a_cancellation_and_an_answer_that_cross_end_the_call_once_on_each_side(revision, order):
    pair = connected_pair(revision)
    handle = pair.client.send_request("tools/call", TOOL, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    for step in (*order, "move"):
        if step == "move":
            pair.settle()
        elif step == "cancel":
            pair.client.cancel(handle, pair.now)
        else:
            pair.server.respond(received.request_id, DONE, pair.now)
    on_client, on_server = pair.take_client_events(), pair.take_server_events()
    answered = [event for event in on_client if isinstance(event, ResponseReceived)]
    late = [event for event in on_client if isinstance(event, MessageDropped)]
    stopped = [event for event in on_server if isinstance(event, RequestCancelled)]
    stray = [event for event in on_server if isinstance(event, MessageDropped)]
    unsent = [event for event in on_server if isinstance(event, AnswerDropped)]
    assert len(on_client) == len(answered) + len(late)
    assert len(on_server) == len(stopped) + len(stray) + len(unsent)
    # The user has an outcome or gave the call up; the handler's answer was sent or dropped, never both.
    gave_up = "cancel" in order and not answered
    assert len(answered) + gave_up == 1
    assert len(unsent) + len(late) + len(answered) == 1
    assert len(stopped) == len(unsent)
    assert pair.client.stats().calls_in_flight == pair.server.stats().requests_in_flight == 0
    again = pair.client.send_request("tools/call", TOOL, pair.now)
    pair.settle()
    pair.server.respond(pair.take_server_events()[-1].request_id, DONE, pair.now)
    pair.settle()
    assert [event.handle for event in pair.take_client_events()] == [again]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_the_reason_of_a_withdrawn_question_is_part_of_its_event(revision):
    client = open_client(revision)
    tell(client, request("q", "roots/list"))
    (question,) = events(client)
    tell(client, cancelled("q", "the call is over"))
    assert events(client) == [InputCancelled(handle=question.handle, reason="the call is over")]


@every_revision
def test_a_cancellation_that_means_nothing_is_dropped_by_a_client_too(revision):
    client = open_client(revision)
    handle, id_ = calling(client)
    for params in ({"requestId": 404}, {"requestId": id_}, {"requestId": True}, {"requestId": []}, {}, None):
        tell(client, notification("notifications/cancelled", params))
        assert kinds(client) in (["MessageDropped"], ["ProtocolViolated"]), params
    assert take(client) == []
    tell(client, response(id_, result_of("tools/call", revision)))
    (answered,) = events(client)
    assert answered.handle == handle


@every_revision
def test_a_cancellation_of_what_is_over_is_dropped_by_a_server(revision):
    pair = connected_pair(revision)
    pair.client.send_request("tools/call", TOOL, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    assert isinstance(received, RequestReceived)
    pair.server.respond(received.request_id, DONE, pair.now)
    pair.settle()
    said = len(pair.lines_of("S"))
    for params in (
        {"requestId": received.request_id},
        {"requestId": 404},
        {"requestId": None},
        {"reason": "x"},
    ):
        line = json.dumps(notification("notifications/cancelled", params)).encode()
        pair.send_as_client(line + b"\n")
        pair.settle()
        assert len(pair.take_server_events()) == 1
    assert len(pair.lines_of("S")) == said


def test_an_initialize_result_that_comes_too_late_is_dropped():
    client = make_client(revisions=("2025-11-25",))
    client.connect(0.0)
    id_ = last_id(client)
    client.handle_timeout(60.0)
    events(client)
    tell(client, initialize_result(id_, "2025-11-25"), 61.0)
    assert (events(client), take(client)) == ([], ["close"])
