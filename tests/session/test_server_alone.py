"""Requests of the legacy era that stand alone, links that carry answers only, and what exchanges need.

Source: 2025-03-26 to 2025-11-25, Streamable HTTP, where sessions are optional.
"""

import math

import pytest
from tests.session.ends import (
    INITIALIZED,
    MODERN,
    call_of,
    cancelled,
    events,
    initialize,
    kinds,
    make_server,
    modern,
    notification,
    open_server,
    request,
    server_with_call,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LEGACY_REVISIONS, REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    LinkState,
    MissingCapability,
    Phase,
    ProtocolViolated,
    RequestReceived,
    SessionLimits,
)

MODEL = schema.InputRequest(
    method="sampling/createMessage",
    params=schema.CreateMessageRequestParams(
        messages=(schema.SamplingMessage(role="user", content=schema.TextContent(text="Who?")),), max_tokens=9
    ),
)
CAN_ASK = schema.ClientCapabilities(sampling=schema.SamplingCapability(), roots=schema.RootsCapability())
EACH_LEGACY = pytest.mark.parametrize("revision", LEGACY_REVISIONS)


def alone(revision, **options):
    server = make_server()
    server.resume(revision, 0.0, **options)
    return server


def log(level="info"):
    return schema.LoggingMessageNotificationParams(level=level, data="x")


@EACH_LEGACY
def test_a_request_that_stands_alone_is_answered(revision):
    server = alone(revision)
    assert (server.phase, server.revision, events(server), take(server)) == (Phase.ALONE, revision, [], [])
    tell(server, call_of(revision, 1))
    (received,) = events(server)
    assert isinstance(received, RequestReceived)
    assert (received.revision, received.log_level, received.can_ask) == (revision, "info", False)
    assert server.has_in_flight(1)
    server.respond(1, {"content": []}, 0.0)
    assert take(server) == [{"jsonrpc": "2.0", "id": 1, "result": {"content": []}}]
    assert not server.has_in_flight(1)
    server.close(0.0)
    assert kinds(server) == ["Disconnected"]


@EACH_LEGACY
def test_what_a_client_says_beside_requests_is_taken_without_a_session(revision):
    server = alone(revision)
    tell(server, INITIALIZED)
    tell(server, request(1, "ping"))
    tell(server, notification("notifications/roots/list_changed"))
    assert kinds(server) == ["NotificationReceived"]
    assert take(server) == [{"jsonrpc": "2.0", "id": 1, "result": {}}]


@EACH_LEGACY
def test_log_messages_of_a_request_that_stands_alone_begin_at_info(revision):
    server = alone(revision)
    tell(server, call_of(revision, 1))
    for level in ("debug", "info", "error"):
        server.notify("notifications/message", log(level), 0.0, related=1)
    assert [message["params"]["level"] for message in take(server)] == ["info", "error"]
    quiet = alone(revision, log_level=None)
    tell(quiet, call_of(revision, 1))
    quiet.notify("notifications/message", log("error"), 0.0, related=1)
    assert take(quiet) == []


@EACH_LEGACY
def test_nothing_is_told_that_belongs_to_no_request_that_stands_alone(revision):
    server = alone(revision)
    server.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    assert take(server) == []
    text = unchanged(server, lambda: server.notify("notifications/message", log(), 0.0))
    assert "is not legal now" in text
    assert "alone" in text
    unchanged(server, lambda: server.ping(0.0))


@EACH_LEGACY
def test_a_client_without_a_session_is_asked_nothing_and_the_error_says_why(revision):
    server = alone(revision, capabilities=CAN_ASK, client_info=schema.Implementation(name="c", version="1"))
    tell(server, call_of(revision, 1))
    (received,) = events(server)
    assert received.capabilities == CAN_ASK
    assert received.client_info.name == "c"
    with pytest.raises(MissingCapability, match="nothing but answers reaches this client") as caught:
        server.require_input(1, {"who": MODEL}, 0.0)
    assert caught.value.path == "sampling"


@pytest.mark.parametrize("revision", REVISIONS)
def test_where_nothing_but_answers_goes_out_only_modern_clients_are_asked(revision):
    server = open_server(revision, answers_only=True)
    tell(server, call_of(revision, 1))
    (received,) = events(server)
    assert received.can_ask is (revision == MODERN)
    if received.can_ask:
        server.require_input(1, {"who": MODEL}, 0.0)
        assert take(server)[0]["result"]["resultType"] == "input_required"
    else:
        with pytest.raises(MissingCapability, match="questions need a session whose responses"):
            server.require_input(1, {"who": MODEL}, 0.0)


def test_a_session_that_began_is_not_resumed():
    server = open_server(LATEST_LEGACY)
    assert "resume() is not legal now" in unchanged(server, lambda: server.resume(LATEST_LEGACY, 0.0))
    again = alone(LATEST_LEGACY)
    unchanged(again, lambda: again.resume(LATEST_LEGACY, 0.0))
    tell(again, initialize(1, LATEST_LEGACY))
    assert take(again)[0]["error"]["code"] == -32600


@pytest.mark.parametrize(
    ("revisions", "revision", "ours"),
    [
        (REVISIONS, MODERN, "2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25"),
        (["2025-06-18", MODERN], "2025-03-26", "2025-06-18"),
        ([MODERN], "2025-06-18", "none"),
    ],
)
def test_only_a_legacy_revision_that_is_spoken_is_resumed(revisions, revision, ours):
    server = make_server(revisions=revisions)
    text = unchanged(server, lambda: server.resume(revision, 0.0))
    assert text == f"resume(): expected a legacy revision of {ours}, found {revision!r}"
    assert server.phase is Phase.NEW


# What is in flight


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_request_is_in_flight_while_it_is_worked_on_or_waits(revision):
    server = open_server(revision, limits=SessionLimits(requests_in_flight=1))
    for id_ in (1, "1", 2):
        tell(server, call_of(revision, id_))
    assert [server.has_in_flight(id_) for id_ in (1, "1", 2, 3)] == [True, True, True, False]
    server.respond(1, {"content": []}, 0.0)
    tell(server, cancelled(2))
    assert [server.has_in_flight(id_) for id_ in (1, "1", 2)] == [False, True, False]


def test_a_subscription_is_in_flight_until_it_ends():
    server = make_server()
    tell(server, modern("s", "subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    assert server.has_in_flight("s")
    server.end_subscription("s", 0.0)
    assert not server.has_in_flight("s")


# What the transport refused


def test_what_the_transport_refused_is_told_and_not_answered():
    server = make_server()
    server.note_violation("Host: 'evil' is not allowed", 0.0, code=-32600, request_id=7)
    (violated,) = events(server)
    assert isinstance(violated, ProtocolViolated)
    assert (violated.reason, violated.code, violated.request_id) == ("Host: 'evil' is not allowed", -32600, 7)
    assert (take(server), server.stats().violations) == ([], 1)
    server.close(0.0)
    events(server)
    server.note_violation("too late", 0.0)
    assert (events(server), server.link) == ([], LinkState.CLOSED)


# Polling


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("retry", [0, 2.5, 86_400])
def test_only_a_client_of_the_last_legacy_revision_is_let_go_to_come_back(revision, retry):
    server = server_with_call(revision, 1)
    server.release(1, 0.0, retry=retry)
    assert take(server) == ([("release", 1, retry)] if revision == LATEST_LEGACY else [])
    server.respond(1, {"content": []}, 0.0)
    assert len(take(server)) == 1


def test_what_is_not_in_flight_cannot_be_released():
    server = server_with_call(LATEST_LEGACY, 1)
    assert "release(2): the request is not in flight" in unchanged(server, lambda: server.release(2, 0.0))
    for retry in (-1, math.inf, math.nan, 86_400.5, None):
        text = unchanged(server, lambda retry=retry: server.release(1, 0.0, retry=retry))
        assert text == f"release(retry={retry!r}): expected seconds from 0 to 86400"
    tell(server, cancelled(1))
    take(server)
    server.release(1, 0.0)
    assert take(server) == []


def test_after_the_end_there_is_nothing_to_release():
    server = server_with_call(LATEST_LEGACY, 1)
    server.close(0.0)
    server.handle_timeout(60.0)
    take(server)
    server.release(1, 60.0)
    assert take(server) == []


def test_an_error_of_a_release_is_local():
    with pytest.raises(LocalProtocolError):
        make_server().release(1, 0.0)
