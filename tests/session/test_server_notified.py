"""What a client tells a server without wanting an answer."""

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    events,
    kinds,
    make_server,
    notification,
    open_server,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS, METHODS, REVISIONS, Kind, Method, Side

# Notifications


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_notification_is_never_answered_whatever_is_wrong_with_it(revision):
    server = open_server(revision)
    wrong = [
        notification("notifications/cancelled"),
        notification("notifications/cancelled", {"requestId": True}),
        notification("notifications/cancelled", {"requestId": 404}),
        notification("notifications/cancelled", {"requestId": 404, "reason": 7}),
        notification("notifications/roots/list_changed", {"_meta": 7}),
        notification("notifications/unknown"),
        notification("notifications/initialized"),
        notification("notifications/progress", {"progressToken": "t", "progress": 1}),
        notification("notifications/progress", {"progressToken": True, "progress": 1}),
        notification("tools/call", {"name": "x"}),
        notification("server/discover"),
    ]
    for message in wrong:
        tell(server, message)
        assert [kind in ("MessageDropped", "ProtocolViolated") for kind in kinds(server)] == [True], message
    assert take(server) == []


def test_a_notification_that_has_no_event_of_its_own_is_told_with_its_message():
    server = open_server("2025-11-25")
    tell(server, notification("notifications/roots/list_changed", {"_meta": {"a": 1}, "acme/new": 2}))
    (received,) = events(server)
    assert received.method == "notifications/roots/list_changed"
    assert received.params == schema.NotificationParams(meta={"a": 1}, extra={"acme/new": 2})
    assert received.message.params == {"_meta": {"a": 1}, "acme/new": 2}


ACME = METHODS.extended(
    Method(name="acme/note", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=schema.NotificationParams),
    Method(
        name="acme/sum",
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=schema.RequestParams,
        result=schema.Result,
    ),
)


@pytest.mark.parametrize("revision", REVISIONS)
def test_methods_and_notifications_of_ones_own_are_received_in_every_revision(revision):
    server = open_server(revision, methods=ACME)
    tell(server, call_of(revision, 1, "acme/sum", {"numbers": [1, 2]}))
    tell(server, notification("acme/note", {"text": "hi"}))
    received, told = events(server)
    assert (received.method, received.params.extra) == ("acme/sum", {"numbers": [1, 2]})
    assert (told.method, told.params.extra) == ("acme/note", {"text": "hi"})


def test_a_legacy_notification_before_initialize_is_a_breach_on_every_server():
    for revisions in (LEGACY_REVISIONS, REVISIONS):
        server = make_server(revisions=revisions)
        tell(server, notification("notifications/roots/list_changed"))
        assert kinds(server) == ["ProtocolViolated"]
    modern_only = make_server(revisions=[MODERN])
    tell(modern_only, notification("notifications/roots/list_changed"))
    assert kinds(modern_only) == ["MessageDropped"]
