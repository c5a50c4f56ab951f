"""Progress, log messages and other notifications of a server (Progress and Logging of every revision)."""

import json

import pytest
from tests.session.ends import (
    INITIALIZED,
    MODERN,
    all_revisions,
    call_of,
    drain,
    initialize,
    make_server,
    modern,
    open_server,
    request,
    server_with_call,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, REVISIONS, Kind, Method, Side

DONE = schema.CallToolResult(content=())


# Notifications


def progress(value, token="t"):  # noqa: S107 - a token of progress
    return schema.ProgressNotificationParams(progress_token=token, progress=value)


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_is_told_to_who_asked_for_it_and_rises(revision):
    server = server_with_call(revision)
    server.notify("notifications/progress", progress(0.5), 0.0, related=1)
    (action,) = server.actions()
    assert json.loads(action.data)["params"] == {"progressToken": "t", "progress": 0.5}
    assert action.related == 1
    for value in (0.5, 0.1):
        said = unchanged(
            server,
            lambda value=value: server.notify("notifications/progress", progress(value), 0.0, related=1),
        )
        assert "must rise" in said
    server.notify(
        "notifications/progress", {"progressToken": "t", "progress": 0.6, "message": "x"}, 0.0, related=1
    )
    assert take(server)[0]["params"].get("message") == (None if revision == "2024-11-05" else "x")


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_that_nobody_asked_for_is_not_told(revision):
    server = open_server(revision)
    tell(server, call_of(revision, 1))
    drain(server)
    server.notify("notifications/progress", progress(1), 0.0, related=1)
    assert take(server) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_names_the_token_of_a_request_in_flight(revision):
    server = server_with_call(revision)
    wrong = unchanged(
        server, lambda: server.notify("notifications/progress", progress(1, "other"), 0.0, related=1)
    )
    assert "the token of request 1 is 't', found 'other'" in wrong
    if revision == MODERN:
        tell(server, initialize("h", "2025-11-25"))
        tell(server, INITIALIZED)
        drain(server)
    assert "expected related=" in unchanged(
        server, lambda: server.notify("notifications/progress", progress(1), 0.0)
    )
    server.respond(1, DONE, 0.0)
    drain(server)
    after = unchanged(server, lambda: server.notify("notifications/progress", progress(2), 0.0, related=1))
    assert "request 1 is not in flight" in after


def test_progress_that_cannot_be_said_changes_nothing():
    server = server_with_call(MODERN)
    bad = schema.ProgressNotificationParams(progress_token="t", progress=1, message="\ud800")
    unchanged(server, lambda: server.notify("notifications/progress", bad, 0.0, related=1))
    unchanged(server, lambda: server.notify("notifications/progress", {"progress": 1}, 0.0, related=1))
    unchanged(
        server, lambda: server.notify("notifications/progress", schema.NotificationParams(), 0.0, related=1)
    )
    unchanged(server, lambda: server.notify("notifications/progress", 7, 0.0, related=1))
    server.notify("notifications/progress", progress(1), 0.0, related=1)
    assert len(take(server)) == 1


def log(level="info", **more):
    return {"level": level, "data": {"a": [1]}, **more}


LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]


@pytest.mark.parametrize("wanted", LEVELS)
def test_a_legacy_session_sends_log_messages_from_its_level_up_and_none_before_one_is_set(wanted):
    server = server_with_call("2025-06-18")
    for level in LEVELS:
        server.notify("notifications/message", log(level), 0.0)
    assert take(server) == []
    tell(server, request("l", "logging/setLevel", {"level": wanted}))
    drain(server)
    for level in LEVELS:
        server.notify("notifications/message", log(level), 0.0)
        server.notify("notifications/message", log(level), 0.0, related=1)
    heard = [(action.related, json.loads(action.data)["params"]["level"]) for action in server.actions()]
    assert heard == [(related, level) for level in LEVELS[LEVELS.index(wanted) :] for related in (None, 1)]


@pytest.mark.parametrize("wanted", [None, *LEVELS])
def test_a_modern_request_gets_log_messages_from_its_own_level_up_and_none_unasked(wanted):
    server = make_server()
    tell(
        server,
        modern(
            1,
            "tools/call",
            {"name": "x"},
            **({} if wanted is None else {"io.modelcontextprotocol/logLevel": wanted}),
        ),
    )
    tell(server, modern(2, "tools/call", {"name": "x"}))
    tell(server, modern(3, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    drain(server)
    for level in LEVELS:
        for id_ in (1, 2):
            server.notify("notifications/message", log(level), 0.0, related=id_)
    heard = [(action.related, json.loads(action.data)["params"]["level"]) for action in server.actions()]
    assert heard == [(1, level) for level in ([] if wanted is None else LEVELS[LEVELS.index(wanted) :])]
    assert "related=" in unchanged(server, lambda: server.notify("notifications/message", log(), 0.0))
    assert "3 is not in flight" in unchanged(
        server, lambda: server.notify("notifications/message", log(), 0.0, related=3)
    )


def test_a_level_of_a_legacy_session_does_not_count_for_modern_requests_nor_the_reverse():
    server = open_server("2025-11-25")
    tell(server, request("l", "logging/setLevel", {"level": "debug"}))
    tell(server, modern(1, "tools/call", {"name": "x"}))
    tell(server, modern(2, "tools/call", {"name": "x"}, **{"io.modelcontextprotocol/logLevel": "error"}))
    tell(server, call_of("2025-11-25", 3))
    drain(server)
    for id_ in (1, 2, 3):
        server.notify("notifications/message", log("info"), 0.0, related=id_)
    assert [action.related for action in server.actions()] == [3]


def test_what_the_server_did_not_declare_is_not_sent():
    server = server_with_call(MODERN, capabilities=None)
    bare = make_server(capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability()))
    tell(bare, modern(1, "tools/call", {"name": "x"}, **{"io.modelcontextprotocol/logLevel": "debug"}))
    drain(bare)
    assert "'logging'" in unchanged(bare, lambda: bare.notify("notifications/message", log(), 0.0, related=1))
    assert "no such notification" in unchanged(server, lambda: server.notify("no/such", {}, 0.0, related=1))


@pytest.mark.parametrize(
    ("method", "instead"),
    [
        ("notifications/tools/list_changed", "publish"),
        ("notifications/resources/updated", "publish"),
        ("notifications/cancelled", "end_subscription"),
        ("notifications/subscriptions/acknowledged", "the session sends it"),
    ],
)
@pytest.mark.parametrize("revision", REVISIONS)
def test_what_has_a_command_of_its_own_is_not_sent_by_hand(revision, method, instead):
    server = server_with_call(revision)
    assert instead in unchanged(server, lambda: server.notify(method, {}, 0.0, related=1))


ACME = METHODS.extended(
    Method(name="acme/note", kind=Kind.NOTIFICATION, sender=Side.SERVER, params=schema.NotificationParams)
)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_notification_of_ones_own_is_sent_with_its_request(revision):
    server = server_with_call(revision, methods=ACME)
    server.notify("acme/note", {"text": "hi", "_meta": {"traceparent": "00-1-2-01"}}, 0.0, related=1)
    (action,) = server.actions()
    assert action.related == 1
    assert json.loads(action.data) == {
        "jsonrpc": "2.0",
        "method": "acme/note",
        "params": {"_meta": {"traceparent": "00-1-2-01"}, "text": "hi"},
    }
    server.notify("acme/note", None, 0.0, related=1)
    assert "params" not in take(server)[0]


def test_an_elicitation_that_was_completed_elsewhere_is_told_in_the_one_revision_that_has_it():
    server = open_server("2025-11-25")
    params = schema.ElicitationCompleteNotificationParams(elicitation_id="e")
    server.notify("notifications/elicitation/complete", params, 0.0)
    assert take(server)[0]["params"] == {"elicitationId": "e"}
    for revision in all_revisions(without=["2025-11-25"]):
        other = server_with_call(revision)
        with pytest.raises(LocalProtocolError, match="no such notification"):
            other.notify("notifications/elicitation/complete", params, 0.0, related=1)
