"""A client's endpoint makes a lost connection again, on a new session.

T4: after an unexpected end, with back-off, at most five times without progress; calls in flight are lost.
Both ends are joined under a virtual clock.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import MODERN, make_client, make_server
from tests.session.joined import RESTART, Joined, client_lines, joined, names, server_lines

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LEGACY_REVISIONS, REVISIONS
from sansmcp.session import (
    ClientLines,
    Connected,
    ConnectionLost,
    Disconnected,
    Finding,
    RequestLost,
    Restart,
    ServerLines,
    SubscriptionEnded,
)
from sansmcp.testing import EVERY_SERVER_CAPABILITY

WANTED = schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("a:b",))
FOUND = Finding(revision=MODERN, capabilities=EVERY_SERVER_CAPABILITY)


def lost(both):
    """Return the events of the client that tell of connections that were lost."""
    return [event for event in both.take() if isinstance(event, ConnectionLost)]


# A client that connects


def test_a_client_asks_for_a_stream_once():
    client = client_lines()
    assert client.actions() == []
    client.connect(0.0)
    (dial,) = client.actions()
    assert (dial.address, client.ready(), client.actions()) == ("address", [dial.link], [])
    with pytest.raises(LocalProtocolError, match="once"):
        client.connect(0.0)
    assert client.actions() == []


def test_without_restart_the_end_is_the_end():
    both = joined(restart=None)
    handle = both.client.session.send_request("tools/call", {"name": "x"}, 0.0)
    both.lose()
    assert both.take() == [
        RequestLost(handle=handle, method="tools/call", reason="the server died"),
        Disconnected(reason="the server died"),
    ]
    both.advance(100.0)
    assert (both.take(), both.dials, both.client.next_deadline()) == ([], [0.0], None)


def test_a_stream_cannot_be_opened_again_so_restart_is_refused():
    with pytest.raises(LocalProtocolError, match="expected a command or an address, found a stream"):
        client_lines(restart=RESTART, dials_again=False)


def test_a_connection_that_was_never_made_is_not_made_again():
    client = client_lines(revisions=(MODERN,), restart=RESTART)
    both = Joined(client)
    both.reachable = False
    both.connect()
    assert both.take() == [Disconnected(reason="nobody listens", while_probing=True)]
    both.advance(100.0)
    assert (both.dials, both.take()) == ([0.0], [])


def test_nor_is_one_where_a_finding_says_all_and_the_server_has_said_nothing():
    both = Joined(client_lines(revisions=(MODERN,), finding=FOUND, restart=RESTART))
    both.reachable = False
    both.connect()
    assert names(both.take()) == ["Connected", "Disconnected"]
    both.advance(100.0)
    assert both.dials == [0.0]


def test_with_a_finding_that_the_server_has_proved_it_is_made_again():
    both = joined(finding=FOUND)
    both.call()
    both.lose()
    both.advance(0.0)
    assert names(both.take()) == ["ResponseReceived", "ConnectionLost", "Connected"]


# A client that makes a lost connection again


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_lost_connection_is_made_again_and_calls_in_flight_are_lost(revision):
    both = joined(revision)
    first = both.client.session
    handle = first.send_request("tools/call", {"name": "x"}, 0.0)
    both.lose()
    assert both.take() == [
        RequestLost(handle=handle, method="tools/call", reason="the server died"),
        ConnectionLost(reason="the server died", attempt=1, delay=0.0),
    ]
    assert both.client.is_restarting
    both.advance(0.0)
    (again,) = both.take()
    assert (type(again), again.revision) == (Connected, revision)
    assert not both.client.is_restarting
    assert both.client.session is not first
    both.call()
    assert names(both.take()) == ["ResponseReceived"]


def test_what_was_found_is_known_the_next_time():
    both = Joined(client_lines(restart=RESTART)).connect()
    both.lose()
    both.take()
    both.client.handle_timeout(0.0)
    # Nothing was asked: the server has not been dialled yet.
    assert isinstance(both.client.next_event()[1], Connected)
    assert both.client.session.finding.revision == MODERN


def test_the_first_attempt_is_made_at_once_and_each_further_one_waits_twice_as_long():
    both = joined()
    both.reachable = False
    both.lose()
    both.advance(100.0)
    assert both.dials == [0.0, 0.0, 0.375, 1.125, 2.625, 5.625]
    told = lost(both)
    assert [event.attempt for event in told] == [1, 2, 3, 4, 5]
    assert [event.delay for event in told] == [0.0, 0.375, 0.75, 1.5, 3.0]


def test_after_five_attempts_without_progress_it_gives_up_once():
    both = joined()
    both.reachable = False
    both.lose()
    both.advance(100.0)
    events = both.take()
    assert names(events).count("Disconnected") == 1
    assert events[-1] == Disconnected(reason="nobody listens")
    assert len(both.dials) == 1 + 5
    both.advance(1000.0)
    assert (both.take(), both.client.next_deadline(), both.client.is_restarting) == ([], None, False)


def test_an_answer_is_progress_and_a_handshake_alone_is_none():
    both = joined(LATEST_LEGACY)
    for _ in range(3):
        both.lose()
        both.advance(10.0)
    assert [event.attempt for event in lost(both)] == [1, 2, 3]
    both.call()
    both.lose()
    both.advance(10.0)
    assert [event.attempt for event in lost(both)] == [1]
    for _ in range(5):
        both.lose()
        both.advance(10.0)
    events = both.take()
    assert [event.attempt for event in events if isinstance(event, ConnectionLost)] == [2, 3, 4, 5]
    assert isinstance(events[-1], Disconnected)


def test_a_connection_that_has_lasted_is_progress_though_nobody_asked_for_anything():
    both = joined(LATEST_LEGACY)
    for _ in range(8):
        both.lose()
        both.advance(RESTART.most_delay + 1.0)
    assert [event.attempt for event in lost(both)] == [1] * 8


def test_a_dial_that_fails_after_long_is_none():
    both = joined()
    both.take()
    both.reachable = False
    both.hangs = 60.0
    both.lose()
    both.advance(1000.0)
    events = both.take()
    assert [event.attempt for event in events if isinstance(event, ConnectionLost)] == [1, 2, 3, 4, 5]
    assert isinstance(events[-1], Disconnected)


def test_an_error_is_an_answer_too():
    both = joined(LATEST_LEGACY)
    for _ in range(8):
        both.client.session.send_request("resources/read", {"uri": "no:such"}, both.now)
        both.answer = False
        both.settle()
        both.server_session.fail(both.server_events[-1].request_id, -32002, "no such", both.now)
        both.settle()
        both.lose()
        both.advance(10.0)
    assert {event.attempt for event in lost(both)} == {1}


@pytest.mark.parametrize(("byte", "share"), [(0, 0.0), (255, 1.0), (51, 0.2)])
def test_the_last_quarter_of_a_delay_is_left_to_chance(byte, share):
    both = joined(random=lambda count: bytes([byte]) * count)
    both.reachable = False
    both.lose()
    both.advance(0.0)
    assert [event.delay for event in lost(both)] == pytest.approx([0.0, 0.5 * (0.75 + 0.25 * share)])


@given(st.integers(0, 5000), st.floats(0.0, 1.0))
def test_no_delay_is_longer_than_the_most_or_shorter_than_the_one_of_an_earlier_attempt(attempt, share):
    restart = Restart(attempts=10_000)
    assert 0.0 <= restart.delay(attempt, share) <= restart.most_delay
    assert restart.delay(attempt, 0.0) <= restart.delay(attempt + 1, 0.0)


def test_a_connection_is_not_made_again_before_its_time():
    both = joined()
    both.reachable = False
    both.lose()
    both.advance(0.0)
    at = both.client.next_deadline()
    both.client.handle_timeout(at - 0.001)
    assert (both.client.actions(), both.client.next_deadline()) == ([], at)
    both.client.handle_timeout(at)
    assert len(both.client.actions()) == 1


def test_handles_are_never_used_twice_over_restarts():
    both = joined()
    handles = []
    for _ in range(4):
        handles += [both.call(), both.listen(WANTED)]
        both.lose()
        both.advance(10.0)
        handles.append(both.call())
    assert len(set(handles)) == len(handles)


# To close


def test_a_connection_that_was_closed_is_not_made_again():
    both = joined()
    both.client.close(0.0)
    both.settle()
    assert both.take() == [Disconnected(reason="this side closed the connection")]
    both.advance(100.0)
    assert (both.take(), both.dials) == ([], [0.0])


def test_to_close_while_it_waits_to_be_made_again_ends_it_once():
    both = joined()
    handle = both.listen(WANTED)
    both.reachable = False
    both.lose()
    both.advance(0.1)
    both.take()
    both.client.close(both.now)
    both.client.close(both.now)
    both.settle()
    subscription, end = both.take()
    assert (type(subscription), subscription.handle) == (SubscriptionEnded, handle)
    assert end == Disconnected(reason="this side closed the connection")
    both.advance(100.0)
    both.client.close(both.now)
    both.settle()
    assert (both.take(), len(both.dials), both.client.next_deadline()) == ([], 2, None)


def test_to_close_what_has_just_been_lost_lets_it_be():
    both = joined()
    for link in tuple(both.peers):
        link.receive_eof(0.0)
    both.peers.clear()
    # Its end was not taken yet.
    both.client.close(0.0)
    both.settle()
    assert names(both.take()) == ["Disconnected"]
    both.advance(100.0)
    assert both.dials == [0.0]


@pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])
def test_to_close_while_it_is_made_again_ends_it(revision):
    both = joined(revision)
    both.lose()
    both.take()
    both.client.handle_timeout(0.0)
    both.client.close(0.0)
    both.settle()
    assert names(both.take())[-1:] == ["Disconnected"]
    both.advance(100.0)
    assert both.dials == [0.0]


def test_what_is_closed_before_it_was_dialled_needs_no_stream():
    client = client_lines()
    client.connect(0.0)
    client.close(0.0)
    assert client.actions() == []
    assert [type(event) for _, event in iter(client.next_event, None)] == [Disconnected]


# Servers that exit when they are asked for their era


def until_asked(revisions=LEGACY_REVISIONS):
    """Return a server that ends when it gets anything before initialize."""
    server = server_lines(revisions=revisions)
    accept = server.accept

    def accept_and_watch(now):
        link = accept(now)
        receive = link.receive_data

        def receive_data(data, now):
            if b"server/discover" in data:
                link.session.close(now)
            else:
                receive(data, now)

        link.receive_data = receive_data
        return link

    server.accept = accept_and_watch
    return server


@pytest.mark.parametrize("restart", [None, RESTART])
def test_a_server_that_exits_when_it_is_asked_is_dialled_again_as_a_legacy_one(restart):
    both = Joined(client_lines(restart=restart), until_asked()).connect()
    (connected,) = both.take()
    assert (type(connected), connected.revision) == (Connected, LATEST_LEGACY)
    assert both.dials == [0.0, 0.0]
    both.call()
    assert names(both.take()) == ["ResponseReceived"]


def test_after_a_restart_such_a_server_is_not_asked_again():
    both = Joined(client_lines(restart=RESTART), until_asked()).connect()
    both.lose()
    both.advance(0.0)
    assert names(both.take()) == ["Connected", "ConnectionLost", "Connected"]
    assert len(both.dials) == 3


def test_a_server_that_exits_again_is_let_be():
    server = ServerLines(make_server)
    accept = server.accept

    def accept_and_exit(now):
        link = accept(now)
        link.session.close(now)
        return link

    server.accept = accept_and_exit
    both = Joined(client_lines(restart=RESTART), server).connect()
    assert both.take() == [Disconnected(reason="the peer closed the connection")]
    both.advance(100.0)
    assert both.dials == [0.0, 0.0]


def test_a_stream_that_leads_there_once_is_not_dialled_again():
    both = Joined(client_lines(dials_again=False), until_asked()).connect()
    (end,) = both.take()
    assert (end.while_probing, both.dials) == (True, [0.0])


def test_a_client_without_legacy_revisions_has_nothing_to_fall_back_on():
    both = Joined(client_lines(revisions=(MODERN,)), until_asked()).connect()
    assert (names(both.take()), both.dials) == (["Disconnected"], [0.0])


def test_a_server_that_could_not_be_reached_was_asked_nothing_and_is_dialled_once():
    both = Joined(client_lines())
    both.reachable = False
    both.connect()
    assert (names(both.take()), both.dials) == (["Disconnected"], [0.0])


def test_the_sessions_of_a_client_are_made_with_what_is_known():
    asked = []

    def open_session(**known):
        asked.append({name: value for name, value in known.items() if name != "handles"})
        return make_client(
            revisions=known["revisions"] or REVISIONS, finding=known["finding"], handles=known["handles"]
        )

    client = ClientLines(open_session, "address", revisions=REVISIONS, restart=RESTART, random=bytes)
    both = Joined(client, until_asked()).connect()
    both.lose()
    both.advance(0.0)
    finding = both.client.session.finding
    assert asked == [
        {"revisions": None, "finding": None},
        {"revisions": LEGACY_REVISIONS, "finding": None},
        {"revisions": None, "finding": finding},
    ]
    assert finding.revision == LATEST_LEGACY
