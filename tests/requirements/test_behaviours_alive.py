"""Pings and progress: who is still there, and how far it is (Ping and Progress of each revision)."""

import pytest
from tests.session.ends import (
    INITIALIZED,
    MODERN,
    call_of,
    discover_result,
    drain,
    error,
    events,
    initialize,
    kinds,
    last_id,
    make_client,
    make_server,
    notification,
    open_client,
    open_server,
    request,
    response,
    result_of,
    take,
    tell,
)

from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.session import Disconnected, KeepAlive, ProtocolViolated

KEEP_ALIVE = KeepAlive(interval=20.0, timeout=5.0, failures=2)
legacy_revisions = pytest.mark.parametrize("revision", LEGACY_REVISIONS)
every_revision = pytest.mark.parametrize("revision", REVISIONS)
either_end = pytest.mark.parametrize("open_end", [open_client, open_server], ids=["client", "server"])


def pings(session):
    """Return the ids of the pings that were sent; nothing else may have been, lost pings given up aside."""
    said = [message for message in take(session) if not isinstance(message, tuple)]
    assert [message["method"] for message in said] == ["ping"] * len(said)
    return [message["id"] for message in said]


# Pings


@legacy_revisions
def test_a_server_answers_a_ping_with_an_empty_result_in_every_phase(revision):
    server = make_server()
    for stage in (None, initialize(0, revision), INITIALIZED, call_of(revision, 1)):
        if stage is not None:
            tell(server, stage)
            drain(server)
        for id_ in ("p", 7):
            tell(server, request(id_, "ping"))
            assert (take(server), events(server)) == ([response(id_, {})], [])


@legacy_revisions
def test_a_client_answers_a_ping_with_an_empty_result_in_every_phase(revision):
    client = make_client(revisions=(revision,))
    client.connect(0.0)
    offer = last_id(client)
    tell(client, request("p", "ping"))
    assert (take(client), events(client)) == ([response("p", {})], [])
    client = open_client(revision)
    client.send_request("tools/call", {"name": "tool"}, 0.0)
    tell(client, request("q", "roots/list"))
    drain(client)
    tell(client, request(offer, "ping", {}))
    assert (take(client), events(client)) == ([response(offer, {})], [])


# Keep-alive


@legacy_revisions
@either_end
def test_without_keep_alive_nobody_is_pinged(revision, open_end):
    session = open_end(revision)
    assert session.next_deadline() is None


@legacy_revisions
@either_end
@pytest.mark.parametrize(("interval", "timeout"), [(20.0, 5.0), (1.0, 0.5), (3600.0, 60.0)])
def test_silence_and_patience_are_settable(revision, open_end, interval, timeout):
    session = open_end(revision, keep_alive=KeepAlive(interval=interval, timeout=timeout))
    now = 0.0
    for _ in range(3):
        assert session.next_deadline() == now + interval
        assert "ping" in session.deadline_reason()
        now += interval
        session.handle_timeout(now)
        (id_,) = pings(session)
        assert session.next_deadline() == now + timeout
        tell(session, response(id_, {}), now)
    assert events(session) == []


@legacy_revisions
@either_end
def test_whatever_is_heard_puts_the_next_ping_off(revision, open_end):
    session = open_end(revision, keep_alive=KEEP_ALIVE)
    for now in (15.0, 30.0, 45.0):
        session.handle_timeout(now)
        tell(session, request("p", "ping"), now)
        assert take(session) == [response("p", {})]
    session.handle_timeout(64.0)
    assert take(session) == []
    session.handle_timeout(65.0)
    assert len(pings(session)) == 1


@legacy_revisions
def test_no_ping_is_sent_while_a_request_is_in_flight(revision):
    client = open_client(revision, keep_alive=KEEP_ALIVE)
    client.send_request("tools/call", {"name": "tool"}, 0.0, timeout=1000.0, maximum=1000.0)
    call = last_id(client)
    server = open_server(revision, keep_alive=KEEP_ALIVE)
    tell(server, call_of(revision, 1))
    drain(server)
    for session in (client, server):
        for now in range(0, 500, 7):
            session.handle_timeout(float(now))
        assert take(session) == []
    tell(client, response(call, result_of("tools/call", revision)), 500.0)
    client.handle_timeout(520.0)
    assert len(pings(client)) == 1


def test_a_modern_connection_has_no_pings():
    client = make_client(keep_alive=KEEP_ALIVE, revisions=[MODERN])
    client.connect(0.0)
    tell(client, discover_result(last_id(client)))
    server = make_server(keep_alive=KEEP_ALIVE)
    tell(server, call_of(MODERN, 1))
    assert (client.next_deadline(), server.next_deadline()) == (None, None)


@legacy_revisions
@either_end
@pytest.mark.parametrize("failures", [1, 2, 5])
def test_pings_without_an_answer_end_the_connection_and_each_is_an_event(revision, open_end, failures):
    keep_alive = KeepAlive(interval=20.0, timeout=5.0, failures=failures)
    session = open_end(revision, keep_alive=keep_alive)
    lost = []
    for _ in range(failures):
        session.handle_timeout(session.next_deadline())
        assert len(pings(session)) == 1
        session.handle_timeout(session.next_deadline())
        event, *rest = events(session)
        lost.append(event.reason)
        assert isinstance(event, ProtocolViolated)
        assert bool(rest) is (len(lost) == failures)
    assert lost == [f"a ping was not answered within 5.0 s ({n + 1} of {failures})" for n in range(failures)]
    assert rest[-1] == Disconnected(reason=f"the peer left {failures} pings unanswered")
    assert take(session)[-1] == "close"


@legacy_revisions
@either_end
def test_an_answer_between_lost_pings_begins_the_count_anew_and_an_error_is_one(revision, open_end):
    session = open_end(revision, keep_alive=KEEP_ALIVE)
    for answer in (lambda id_: response(id_, {}), lambda id_: error(id_, -32601)):
        session.handle_timeout(session.next_deadline())
        pings(session)
        session.handle_timeout(session.next_deadline())
        assert kinds(session) == ["ProtocolViolated"]
        due = session.next_deadline()
        session.handle_timeout(due)
        tell(session, answer(pings(session)[0]), due)
    assert events(session) == []
    assert session.link.value == "open"


# Progress, as a client hears it


def progress(token, value):
    return notification("notifications/progress", {"progressToken": token, "progress": value})


def calling(revision):
    """Return a client with a call that wants progress, the handle and the token."""
    client = open_client(revision)
    handle = client.send_request("tools/call", {"name": "tool"}, 0.0, progress=True)
    (message,) = take(client)
    return client, handle, message["params"]["_meta"]["progressToken"]


@every_revision
def test_progress_that_does_not_rise_is_dropped_with_an_event(revision):
    client, handle, token = calling(revision)
    for value, told in [
        (1, True),
        (1, False),
        (0.5, False),
        (-3, False),
        (1.25, True),
        (1.25, False),
        (2, True),
        (1.5, False),
    ]:
        tell(client, progress(token, value))
        (event,) = events(client)
        if told:
            assert (event.handle, event.progress) == (handle, value)
        else:
            assert isinstance(event, ProtocolViolated)
            assert "must rise" in event.reason
    assert take(client) == []


@every_revision
def test_progress_for_a_token_that_is_not_in_flight_is_dropped_with_an_event(revision):
    client, _, token = calling(revision)
    unheard = client.send_request("tools/list", None, 0.0)
    quiet = last_id(client)
    for stranger in (404, str(token), "t", quiet):
        tell(client, progress(stranger, 1))
        assert kinds(client) == ["MessageDropped"], stranger
    client.cancel(unheard, 0.0)
    tell(client, response(token, result_of("tools/call", revision)))
    assert kinds(client) == ["ResponseReceived"]
    tell(client, progress(token, 1))
    assert kinds(client) == ["MessageDropped"]


@every_revision
@pytest.mark.parametrize("token", [True, None, 1.5, [], {}])
def test_progress_for_what_is_no_token_is_reported(revision, token):
    client, _, _ = calling(revision)
    tell(client, progress(token, 1))
    assert kinds(client) == ["ProtocolViolated"]
