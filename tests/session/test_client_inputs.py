"""What a server says to a client: answers, questions of both eras, progress, log messages, changes."""

import pytest
from tests.session.ends import (
    MODERN,
    cancelled,
    drain,
    error,
    events,
    kinds,
    last_id,
    make_client,
    notification,
    open_client,
    request,
    response,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.session import (
    InputCancelled,
    LogReceived,
    MessageDropped,
    ProgressReceived,
    ProtocolViolated,
    RequestFailed,
    RequestLost,
    ResponseReceived,
    SessionLimits,
)
from sansmcp.wire import Request, Response

DONE = {"resultType": "complete", "content": []}


def calling(revision, *, progress=False, now=0.0, **options):
    client = open_client(revision, now=now, **options)
    handle = client.send_request("tools/call", {"name": "x"}, now, progress=progress)
    return client, handle, last_id(client)


# Answers


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_answer_that_nobody_waits_for_has_no_place(revision):
    client, handle, id_ = calling(revision)
    strays = [
        response(99, {}),
        response(str(id_), {}),
        error(99, -1),
        error(None, -32700),
        {"jsonrpc": "2.0", "error": {"code": 1, "message": "x"}},
    ]
    for stray in strays:
        tell(client, stray)
    assert kinds(client) == ["MessageDropped"] * 5
    tell(client, response(id_, DONE))
    tell(client, response(id_, DONE))
    answered, late = events(client)
    assert (answered.handle, type(late)) == (handle, MessageDropped)
    assert late.message == Response(id=id_, result=DONE)
    assert client.stats().dropped == 6


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "broken",
    [
        {"result": None},
        {"result": []},
        {"error": "boom"},
        {"error": {"code": 1.5, "message": "x"}},
        {"result": {}, "error": {"code": 1, "message": "x"}},
        {"result": {"content": 7}},
        {"result": {"content": [None]}},
        {"result": {"resultType": "complete"}},
    ],
)
def test_an_answer_that_cannot_be_used_ends_its_call_at_once_as_lost(revision, broken):
    client, _, id_ = calling(revision)
    tell(client, {"jsonrpc": "2.0", "id": id_, **broken})
    assert [type(event) for event in sorted(events(client), key=lambda event: type(event).__name__)] == [
        ProtocolViolated,
        RequestLost,
    ]
    assert (take(client), client.stats().calls_in_flight) == ([], 0)


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_unreadable_answer_to_nothing_is_a_breach_and_ends_nothing(revision):
    client, _, _ = calling(revision)
    tell(client, {"jsonrpc": "2.0", "id": 99, "result": 7})
    tell(client, {"jsonrpc": "2.0", "result": 7})
    assert kinds(client) == ["ProtocolViolated"] * 2
    assert client.stats().calls_in_flight == 1


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("code", [-32002, -32602, -32000, -32019, -1, 7])
def test_an_error_reaches_the_user_as_it_is_whatever_its_code(revision, code):
    client, handle, id_ = calling(revision)
    tell(client, error(id_, code, "no", {"uri": "r:1"}))
    assert events(client) == [
        RequestFailed(handle=handle, method="tools/call", code=code, message="no", data={"uri": "r:1"})
    ]


def test_a_list_item_that_does_not_fit_costs_that_item_unless_the_client_is_strict():
    tools = [
        {"name": "good", "inputSchema": {"type": "object"}},
        {"name": 7, "inputSchema": {"type": "object"}},
    ]
    for strict in (False, True):
        client = open_client("2025-11-25", strict=strict)
        client.send_request("tools/list", None, 0.0)
        tell(client, response(last_id(client), {"tools": tools}))
        violated, outcome = events(client)
        assert "tools" in violated.reason
        if strict:
            assert isinstance(outcome, RequestLost)
        else:
            assert [tool.name for tool in outcome.result.tools] == ["good"]


@pytest.mark.parametrize(
    ("result_type", "usable"),
    [
        ("complete", True),
        (None, False),
        ("task", False),
        ("", False),
        (7, False),
        ([], False),
        ("x" * 500, False),
    ],
)
def test_a_result_of_an_unknown_type_is_no_result(result_type, usable):
    client, _, id_ = calling(MODERN)
    tell(client, response(id_, {"resultType": result_type, "content": []}))
    *violated, outcome = events(client)
    assert isinstance(outcome, ResponseReceived if usable else RequestLost)
    assert [len(event.reason) < 200 for event in violated] == ([] if usable else [True])


def test_a_result_without_a_type_is_complete():
    client, _, id_ = calling(MODERN)
    tell(client, response(id_, {"content": []}))
    assert kinds(client) == ["ResponseReceived"]


# Requests of a server


@pytest.mark.parametrize("message", [request(7, "ping"), request(7, "roots/list"), request(7, "no/such")])
def test_a_modern_server_that_sends_a_request_is_reported_and_not_answered(message):
    client = open_client(MODERN)
    tell(client, message)
    tell(client, {"jsonrpc": "1.0", "id": 8, "method": "ping"})
    tell(client, b"nonsense")
    assert [(type(event), event.request_id) for event in events(client)] == [
        (ProtocolViolated, 7),
        (ProtocolViolated, 8),
        (ProtocolViolated, None),
    ]
    assert take(client) == []


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_ping_is_answered_without_a_handler(revision):
    client = open_client(revision)
    for id_ in (7, "7"):
        tell(client, request(id_, "ping"))
    assert (take(client), events(client)) == ([response(7, {}), response("7", {})], [])


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_of_a_legacy_server_is_answered_under_its_id_once(revision):
    client = open_client(revision)
    sampling = {"messages": [], "maxTokens": 1}
    for id_, method, params in [(7, "roots/list", None), ("7", "sampling/createMessage", sampling)]:
        tell(client, request(id_, method, params))
    roots, sample = events(client)
    assert (roots.message, sample.message.id) == (Request(id=7, method="roots/list"), "7")
    assert (roots.method, roots.params, roots.call) == ("roots/list", schema.ListRootsRequestParams(), None)
    assert (sample.method, sample.params) == (
        "sampling/createMessage",
        schema.CreateMessageRequestParams(messages=(), max_tokens=1),
    )
    client.provide_input(
        sample.handle, {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"}, 0.0
    )
    client.provide_input(roots.handle, schema.ListRootsResult(roots=(schema.Root(uri="file:///a"),)), 0.0)
    first, second = take(client)
    assert (first["id"], first["result"]["model"]) == ("7", "m")
    assert second == response(7, {"roots": [{"uri": "file:///a"}]})
    client.provide_input(roots.handle, schema.ListRootsResult(roots=()), 0.0)
    client.refuse_input(roots.handle, -1, "no", 0.0)
    assert (take(client), client.stats().requests_in_flight) == ([], 0)


def test_a_question_may_be_refused_with_any_error():
    client = open_client("2025-11-25")
    tell(client, request(7, "roots/list"))
    (asked,) = events(client)
    unchanged(client, lambda: client.refuse_input(asked.handle, -1, "no", 0.0, data=float("nan")))
    client.refuse_input(asked.handle, -1, "rejected", 0.0, data={"by": "user"})
    assert take(client) == [error(7, -1, "rejected", {"by": "user"})]


def test_an_answer_that_cannot_be_said_raises_and_changes_nothing():
    client = open_client("2025-11-25")
    tell(client, request(7, "roots/list"))
    (asked,) = events(client)
    for wrong in (
        7,
        {},
        {"roots": 7},
        schema.ElicitResult(action="accept"),
        schema.ListRootsResult(roots=(schema.Root(uri="\ud800"),)),
    ):
        unchanged(client, lambda wrong=wrong: client.provide_input(asked.handle, wrong, 0.0))
    client.provide_input(asked.handle, {"roots": []}, 0.0)
    assert take(client) == [response(7, {"roots": []})]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_that_this_client_cannot_answer_is_refused(revision):
    client = open_client(revision, capabilities=schema.ClientCapabilities())
    for id_, method in enumerate(
        ["roots/list", "sampling/createMessage", "elicitation/create", "tools/list", "no/such"]
    ):
        tell(client, request(id_, method))
    assert [answer["error"]["code"] for answer in take(client)] == [-32601] * 5
    assert kinds(client) == ["ProtocolViolated"] * 5


def test_a_question_in_a_mode_that_was_not_declared_is_refused_since_2025_11_25():
    only_form = schema.ClientCapabilities(
        elicitation=schema.ElicitationCapability(), sampling=schema.SamplingCapability()
    )
    url = {"mode": "url", "message": "?", "url": "https://example.com", "elicitationId": "e"}
    tools = {"messages": [], "maxTokens": 1, "tools": []}
    client = open_client("2025-11-25", capabilities=only_form)
    tell(client, request(1, "elicitation/create", url))
    tell(client, request(2, "sampling/createMessage", tools))
    assert [answer["error"]["code"] for answer in take(client)] == [-32602] * 2
    assert kinds(client) == ["ProtocolViolated"] * 2
    # An older revision knows no modes and no tools: the members mean nothing.
    older = open_client("2025-06-18", capabilities=only_form)
    tell(older, request(2, "sampling/createMessage", tools))
    assert kinds(older) == ["InputRequested"]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_whose_params_do_not_fit_is_refused(revision):
    client = open_client(revision)
    tell(client, request(7, "sampling/createMessage", {"messages": 7}))
    (refusal,) = take(client)
    assert (refusal["id"], refusal["error"]["code"]) == (7, -32602)
    assert kinds(client) == ["ProtocolViolated"]


@pytest.mark.parametrize("count", [2, 3, 200])
def test_questions_past_the_limit_are_refused_at_once_and_pings_are_answered(count):
    client = open_client("2025-11-25", limits=SessionLimits(requests_in_flight=2))
    for id_ in range(count):
        tell(client, request(id_, "roots/list"))
    assert kinds(client) == ["InputRequested"] * 2
    refusals = take(client)
    assert [(answer["id"], answer["error"]["code"]) for answer in refusals] == [
        (id_, -32603) for id_ in range(2, count)
    ]
    assert all("2 are in flight" in answer["error"]["message"] for answer in refusals)
    tell(client, request("p", "ping"))
    assert take(client) == [response("p", {})]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_duplicate_question_is_dropped_and_an_unreadable_one_does_not_take_its_answer(revision):
    client = open_client(revision)
    tell(client, request(7, "roots/list"))
    tell(client, request(7, "roots/list"))
    tell(client, {"jsonrpc": "1.0", "id": 7, "method": "roots/list"})
    asked, dropped, violated = events(client)
    assert (type(dropped), type(violated)) == (MessageDropped, ProtocolViolated)
    assert take(client) == []
    client.provide_input(asked.handle, {"roots": []}, 0.0)
    assert take(client) == [response(7, {"roots": []})]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_an_unreadable_request_of_a_legacy_server_is_answered_and_other_noise_is_not(revision):
    client = open_client(revision)
    tell(client, {"jsonrpc": "1.0", "id": 8, "method": "roots/list"})
    tell(client, b"log: started")
    tell(client, {"jsonrpc": "2.0", "method": 7})
    assert [(answer["id"], answer["error"]["code"]) for answer in take(client)] == [(8, -32600)]
    assert kinds(client) == ["ProtocolViolated"] * 3


def test_nothing_is_said_to_noise_before_the_era_is_known():
    client = make_client()
    client.connect(0.0)
    drain(client)
    tell(client, {"jsonrpc": "1.0", "id": 8, "method": "roots/list"})
    assert (take(client), kinds(client)) == ([], ["ProtocolViolated"])


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_that_is_withdrawn_is_told_and_its_answer_is_left_alone(revision):
    client = open_client(revision)
    tell(client, request(7, "roots/list"))
    (asked,) = events(client)
    tell(client, cancelled(7, "never mind"))
    assert events(client) == [InputCancelled(handle=asked.handle, reason="never mind")]
    client.provide_input(asked.handle, {"roots": []}, 0.0)
    tell(client, cancelled(7))
    assert (take(client), kinds(client)) == ([], ["MessageDropped"])


def test_questions_end_with_the_connection():
    client = open_client("2025-11-25")
    tell(client, request(7, "roots/list"))
    (asked,) = events(client)
    client.receive_eof(0.0)
    assert events(client)[0] == InputCancelled(handle=asked.handle, reason="the peer closed the connection")
    assert client.stats().requests_in_flight == 0


# Progress of what the server asked for


def report(value, token="t"):  # noqa: S107 - a token of progress
    return schema.ProgressNotificationParams(progress_token=token, progress=value)


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_client_tells_progress_of_a_question_that_asked_for_it_and_it_rises(revision):
    client = open_client(revision, limits=SessionLimits(progress_interval=1.0, progress_burst=1))
    tell(client, request(7, "roots/list", {"_meta": {"progressToken": "t"}}))
    tell(client, request(8, "roots/list"))
    first, _ = events(client)
    for value in (0.1, 0.2, 0.3):
        client.notify("notifications/progress", report(value), 0.0)
    assert [message["params"]["progress"] for message in take(client)] == [0.1]
    assert "must rise" in unchanged(client, lambda: client.notify("notifications/progress", report(0.3), 0.0))
    assert "no question" in unchanged(
        client, lambda: client.notify("notifications/progress", report(1, "other"), 0.0)
    )
    assert "no question" in unchanged(
        client, lambda: client.notify("notifications/progress", report(1, 7), 0.0)
    )
    client.provide_input(first.handle, {"roots": []}, 0.0)
    told, answer = take(client)
    assert (told["params"]["progress"], answer["id"]) == (0.3, 7)
    assert "no question" in unchanged(client, lambda: client.notify("notifications/progress", report(1), 0.0))
    assert client.next_deadline() is None


def test_progress_that_is_held_is_forgotten_with_its_question():
    client = open_client("2025-11-25", limits=SessionLimits(progress_interval=1.0, progress_burst=1))
    tell(client, request(7, "roots/list", {"_meta": {"progressToken": 7}}))
    for value in (1, 2):
        client.notify("notifications/progress", report(value, 7), 0.0)
    drain(client)
    assert client.next_deadline() == 1.0
    tell(client, cancelled(7))
    assert (client.next_deadline(), take(client)) == (None, [])
    tell(client, request(8, "roots/list", {"_meta": {"progressToken": 7}}))
    for value in (1, 2):
        client.notify("notifications/progress", report(value, 7), 0.0)
    drain(client)
    client.handle_timeout(1.0)
    assert [message["params"]["progress"] for message in take(client)] == [2]


# Progress that the server tells


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_reaches_its_call_and_what_does_not_rise_or_has_no_call_is_reported(revision):
    client, handle, id_ = calling(revision, progress=True)
    params = {"progressToken": id_, "progress": 0.5, "total": 2, "message": "half"}
    tell(client, notification("notifications/progress", params))
    assert events(client) == [
        ProgressReceived(
            handle=handle, progress=0.5, total=2, message=None if revision == "2024-11-05" else "half"
        )
    ]
    for value in (0.5, 0.4):
        tell(client, notification("notifications/progress", {"progressToken": id_, "progress": value}))
    assert kinds(client) == ["ProtocolViolated"] * 2
    for token in (99, str(id_), ""):
        tell(client, notification("notifications/progress", {"progressToken": token, "progress": 1}))
    assert kinds(client) == ["MessageDropped"] * 3
    for token in (True, None, 1.5):
        tell(client, notification("notifications/progress", {"progressToken": token, "progress": 1}))
    assert kinds(client) == ["ProtocolViolated"] * 3
    tell(client, response(id_, DONE))
    tell(client, notification("notifications/progress", {"progressToken": id_, "progress": 1}))
    assert kinds(client) == ["ResponseReceived", "MessageDropped"]


def test_progress_of_a_call_that_did_not_ask_for_it_has_no_place():
    client, _, id_ = calling("2025-11-25")
    tell(client, notification("notifications/progress", {"progressToken": id_, "progress": 1}))
    assert kinds(client) == ["MessageDropped"]


def test_no_two_calls_in_flight_have_the_same_token():
    client = open_client(MODERN)
    for _ in range(5):
        client.send_request("tools/call", {"name": "x"}, 0.0, progress=True)
    tokens = [message["params"]["_meta"]["progressToken"] for message in take(client)]
    assert len(set(tokens)) == 5


# Log messages and other notifications


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_log_message_is_told_and_any_value_may_be_its_data(revision):
    client = open_client(revision)
    for data in (None, "text", {"a": [1]}):
        tell(client, notification("notifications/message", {"level": "error", "logger": "l", "data": data}))
    assert events(client) == [
        LogReceived(level="error", data=data, logger="l") for data in (None, "text", {"a": [1]})
    ]
    tell(client, notification("notifications/message", {"level": "loud", "data": 1}))
    assert kinds(client) == ["ProtocolViolated"]


def test_a_log_message_may_come_before_the_answer_to_initialize_and_nothing_else():
    client = make_client(revisions=["2025-11-25"])
    client.connect(0.0)
    tell(client, notification("notifications/message", {"level": "info", "data": 1}))
    tell(client, notification("notifications/tools/list_changed"))
    tell(client, request(7, "roots/list"))
    assert kinds(client) == ["LogReceived", "ProtocolViolated", "ProtocolViolated"]


def test_a_notification_that_has_no_event_of_its_own_is_told_and_an_unknown_one_is_dropped():
    client = open_client("2025-11-25")
    tell(client, notification("notifications/elicitation/complete", {"elicitationId": "e"}))
    (told,) = events(client)
    assert (told.method, told.params.elicitation_id, told.message.params) == (
        "notifications/elicitation/complete",
        "e",
        {"elicitationId": "e"},
    )
    tell(client, notification("notifications/unknown"))
    tell(client, notification("notifications/roots/list_changed"))
    assert kinds(client) == ["MessageDropped"] * 2


def test_events_come_in_the_order_of_the_wire():
    client = open_client("2025-11-25")
    for number in range(1000):
        tell(client, notification("notifications/message", {"level": "info", "data": number}))
    assert [event.data for event in events(client)] == list(range(1000))


def test_arrays_are_read_in_the_one_revision_that_has_them():
    log = notification("notifications/message", {"level": "info", "data": 1})
    for revision in REVISIONS:
        client, _, id_ = calling(revision)
        tell(client, [response(id_, DONE), log, request("p", "ping"), 7])
        if revision == "2025-03-26":
            assert kinds(client) == ["ResponseReceived", "LogReceived", "ProtocolViolated"]
            assert take(client) == [response("p", {})]
        else:
            assert [(type(event), event.code) for event in events(client)] == [(ProtocolViolated, -32600)]
            assert take(client) == []
