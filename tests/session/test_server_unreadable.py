"""What a server cannot read, and arrays (2025-03-26, Batching), answered as each revision wants it."""

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    cancelled,
    drain,
    error,
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
from sansmcp.schema import REVISIONS
from sansmcp.session import Phase, SessionLimits

# What cannot be read


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("message", "id_"),
    [
        ({"jsonrpc": "1.0", "id": 1, "method": "tools/list"}, 1),
        ({"id": "a", "method": "tools/list"}, "a"),
        ({"jsonrpc": "2.0", "id": 1, "method": 12}, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]}, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "result": {}}, 1),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_under_its_id(revision, message, id_):
    server = open_server(revision)
    tell(server, message)
    assert [(answer["id"], answer["error"]["code"]) for answer in take(server)] == [(id_, -32600)]
    assert [(event.request_id, event.code) for event in events(server)] == [(id_, -32600)]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "message",
    [
        b"nonsense",
        b"{",
        42,
        "x",
        None,
        {},
        {"jsonrpc": "2.0", "id": None, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": True, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 1},
        [],
    ],
)
def test_what_has_no_readable_id_is_answered_without_one_since_2025_11_25(revision, message):
    server = open_server(revision)
    tell(server, message)
    answers = take(server)
    assert len(events(server)) == 1
    if revision >= "2025-11-25":
        assert [("id" in answer, answer["error"]["code"] in (-32700, -32600)) for answer in answers] == [
            (False, True)
        ]
    else:
        assert answers == []


@pytest.mark.parametrize(
    ("revisions", "answered"), [(REVISIONS, 1), (("2025-11-25",), 1), (("2025-06-18",), 0)]
)
def test_before_the_handshake_the_newest_revision_of_the_server_decides(revisions, answered):
    server = make_server(revisions=revisions)
    tell(server, b"nonsense")
    assert len(take(server)) == answered
    assert kinds(server) == ["ProtocolViolated"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_unreadable_notification_or_answer_is_not_answered(revision):
    server = open_server(revision)
    for message in (
        {"jsonrpc": "2.0", "method": 7},
        {"jsonrpc": "2.0", "method": "x", "params": 7},
        {"jsonrpc": "2.0", "id": 1, "result": []},
        {"jsonrpc": "2.0", "id": 1, "error": "boom"},
        {"jsonrpc": "2.0", "result": {}},
    ):
        tell(server, message)
        assert (take(server), kinds(server)) == ([], ["ProtocolViolated"]), message


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_unreadable_request_does_not_take_the_answer_of_the_one_in_flight(revision):
    server = open_server(revision, limits=SessionLimits(requests_in_flight=1))
    for id_ in (7, 8):
        tell(server, call_of(revision, id_))
    if revision == MODERN:
        tell(server, modern(9, "subscriptions/listen", {"notifications": {}}))
    drain(server)
    for id_ in (7, 8) + ((9,) if revision == MODERN else ()):
        tell(server, {"jsonrpc": "1.0", "id": id_, "method": "tools/call"})
        assert (take(server), kinds(server)) == ([], ["ProtocolViolated"])
    server.respond(7, schema.CallToolResult(content=()), 0.0)
    assert [answer["id"] for answer in take(server)] == [7]


# Arrays


def test_an_array_is_answered_in_one_array_with_no_entry_for_notifications():
    server = open_server("2025-03-26")
    tell(
        server,
        [
            request(1, "ping"),
            notification("notifications/roots/list_changed"),
            request("b", "tools/call", {"name": "x"}),
            request(3, "no/such"),
        ],
    )
    assert kinds(server) == ["NotificationReceived", "RequestReceived"]
    assert take(server) == []
    server.respond("b", schema.CallToolResult(content=()), 0.0)
    (answers,) = take(server)
    assert [(answer["id"], "result" in answer) for answer in answers] == [(1, True), (3, False), ("b", True)]


def test_an_array_of_what_is_answered_at_once_is_answered_at_once():
    server = open_server("2025-03-26")
    tell(server, [request(1, "ping"), request(2, "ping")])
    assert take(server) == [[response(1, {}), response(2, {})]]


def test_an_array_of_notifications_is_not_answered():
    server = open_server("2025-03-26")
    tell(server, [notification("notifications/roots/list_changed"), cancelled(404)])
    assert (take(server), kinds(server)) == ([], ["NotificationReceived", "MessageDropped"])


def test_what_cannot_be_read_in_an_array_is_answered_within_it_where_it_has_an_id():
    server = open_server("2025-03-26")
    tell(
        server,
        [
            7,
            {"jsonrpc": "1.0", "id": 2, "method": "ping"},
            request(3, "ping"),
            {"jsonrpc": "2.0", "method": 1},
        ],
    )
    (answers,) = take(server)
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in answers] == [
        (2, -32600),
        (3, None),
    ]
    assert kinds(server) == ["ProtocolViolated"] * 3
    tell(server, [7, {}])
    assert (take(server), kinds(server)) == ([], ["ProtocolViolated"] * 2)


def test_an_array_that_is_too_long_is_not_answered():
    server = open_server("2025-03-26")
    tell(server, [request(id_, "ping") for id_ in range(1001)])
    assert (take(server), kinds(server)) == ([], ["ProtocolViolated"])


def test_a_request_of_an_array_that_is_cancelled_is_left_out_of_the_answer():
    server = open_server("2025-03-26")
    calls = [request(id_, "tools/call", {"name": "x"}) for id_ in (1, 2)]
    tell(server, calls)
    tell(server, cancelled(1))
    assert take(server) == [("end", 1)]
    server.respond(2, schema.CallToolResult(content=()), 0.0)
    assert [[answer["id"] for answer in answers] for answers in take(server)] == [[2]]
    server.respond(1, schema.CallToolResult(content=()), 0.0)
    assert take(server) == []
    tell(server, [request(3, "ping"), request(4, "tools/call", {"name": "x"}), cancelled(4)])
    assert take(server) == [("end", 4), [response(3, {})]]
    tell(server, [request(5, "ping"), request(6, "tools/call", {"name": "x"})])
    tell(server, cancelled(6))
    assert take(server) == [("end", 6), [response(5, {})]]


def test_answers_within_an_array_end_our_pings():
    server = open_server("2025-03-26")
    handle = server.ping(0.0)
    tell(server, [response(last_id(server), {}), error(99, 1)])
    answered, dropped = events(server)
    assert answered.handle == handle
    assert "99" in dropped.reason


def test_a_modern_request_within_an_array_is_refused_there():
    server = open_server("2025-03-26")
    tell(server, [modern(1, "tools/call", {"name": "x"}), request(2, "ping")])
    (answers,) = take(server)
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in answers] == [
        (1, -32600),
        (2, None),
    ]
    assert kinds(server) == ["ProtocolViolated"]


def test_initialize_within_an_array_is_refused():
    server = open_server("2025-03-26")
    tell(server, [initialize(1, "2025-03-26"), request(2, "ping")])
    (answers,) = take(server)
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in answers] == [
        (1, -32600),
        (2, None),
    ]


@pytest.mark.parametrize("revision", REVISIONS)
def test_arrays_are_refused_in_every_other_revision_and_empty_ones_in_all(revision):
    server = open_server(revision)
    array = [request(1, "ping"), request(2, "tools/call", {"name": "x"})]
    for message in [[]] + ([] if revision == "2025-03-26" else [array]):
        tell(server, message)
        assert [(type(event).__name__, event.code) for event in events(server)] == [
            ("ProtocolViolated", -32600)
        ]
        answers = take(server)
        assert [answer["error"]["code"] for answer in answers] == (
            [-32600] if revision >= "2025-11-25" else []
        )


def test_an_array_before_the_handshake_is_refused():
    server = make_server()
    tell(server, [initialize(1, "2025-03-26")])
    assert kinds(server) == ["ProtocolViolated"]
    assert server.phase is Phase.NEW


def test_what_comes_in_an_array_after_the_end_is_not_taken():
    server = open_server("2025-03-26")
    tell(server, request(1, "tools/call", {"name": "x"}))
    drain(server)
    server.close(0.0)
    tell(server, [request(2, "ping"), cancelled(1), notification("notifications/roots/list_changed"), 7])
    assert kinds(server) == ["RequestCancelled", "SessionEnded", "Disconnected"]
    ended, answers, close = take(server)
    assert (ended, [answer["id"] for answer in answers], close) == (("end", 1), [2], "close")


def test_what_is_finished_of_an_array_leaves_when_the_end_comes():
    server = open_server("2025-03-26")
    tell(server, [request(id_, "tools/call", {"name": "x"}) for id_ in (1, 2)])
    server.respond(1, {"content": []}, 0.0)
    server.close(0.0)
    assert take(server) == []
    server.handle_timeout(5.0)
    answers, close = take(server)
    assert ([answer["id"] for answer in answers], close) == ([1], "close")
