"""Subscriptions are opened again under the same handles when a lost connection was made again."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import MODERN, make_server
from tests.session.joined import RESTART, Joined, client_lines, joined, names

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LEGACY_REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    ChangeReceived,
    Connected,
    ConnectionLost,
    Disconnected,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
    Restart,
    ServerLines,
    SessionLimits,
    SubscriptionAcknowledged,
    SubscriptionEnded,
    Timeouts,
)

WANTED = schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("a:b",))
ENDS = (ResponseReceived, RequestFailed, RequestTimedOut, RequestLost, SubscriptionEnded)
BOTH_ERAS = pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])


class Changing:
    """A server that is another one each time it is started."""

    def __init__(self, makes):
        self._makes = iter(makes)
        self._lines = ServerLines(self._make)

    def _make(self):
        return next(self._makes)()

    def __getattr__(self, name):
        return getattr(self._lines, name)


@BOTH_ERAS
def test_subscriptions_are_opened_again_under_the_same_handles(revision):
    both = joined(revision)
    handles = [both.listen(WANTED), both.listen(schema.SubscriptionFilter(prompts_list_changed=True))]
    before = both.take()
    assert names(before) == ["SubscriptionAcknowledged"] * 2
    both.lose()
    both.advance(0.0)
    events = both.take()
    assert names(events[:2]) == ["ConnectionLost", "Connected"]
    assert sorted(events[2:], key=lambda event: event.handle) == before
    assert [event.handle for event in before] == handles
    both.server_session.publish(Change(kind=ChangeKind.RESOURCE, uri="a:b"), both.now)
    both.settle()
    (change,) = both.take()
    assert change == ChangeReceived(
        change=Change(kind=ChangeKind.RESOURCE, uri="a:b"), handle=handles[0] if revision == MODERN else None
    )


@BOTH_ERAS
def test_subscriptions_survive_attempts_that_fail(revision):
    both = joined(revision)
    handle = both.listen(WANTED)
    both.take()
    both.reachable = False
    both.lose()
    both.advance(2.0)
    both.reachable = True
    both.advance(20.0)
    events = both.take()
    assert {"ConnectionLost", "Connected", "SubscriptionAcknowledged"} == set(names(events))
    assert events[-1] == SubscriptionAcknowledged(handle=handle, filter=WANTED)
    assert names(events).count("SubscriptionAcknowledged") == 1


@BOTH_ERAS
def test_subscriptions_end_when_the_connection_is_given_up(revision):
    both = joined(revision)
    handle = both.listen(WANTED)
    both.reachable = False
    both.lose()
    both.advance(100.0)
    events = both.take()
    ends = [event for event in events if isinstance(event, SubscriptionEnded)]
    assert [event.handle for event in ends] == [handle]
    assert names(events)[-2:] == ["SubscriptionEnded", "Disconnected"]


@BOTH_ERAS
def test_without_restart_a_subscription_ends_with_its_connection(revision):
    both = joined(revision, restart=None)
    handle = both.listen(WANTED)
    both.take()
    both.lose()
    assert both.take() == [
        SubscriptionEnded(handle=handle, reason="the server died"),
        Disconnected(reason="the server died"),
    ]


@BOTH_ERAS
def test_a_subscription_that_was_cancelled_is_not_opened_again(revision):
    both = joined(revision)
    both.client.session.cancel(both.listen(WANTED), both.now)
    both.client.cancel(both.listen(WANTED), both.now, reason="enough")
    both.settle()
    both.take()
    both.lose()
    both.advance(1.0)
    assert both.take_kinds() == ["ConnectionLost", "Connected"]


@BOTH_ERAS
def test_a_subscription_that_waits_to_be_opened_again_may_be_cancelled(revision):
    both = joined(revision)
    handle = both.listen(WANTED)
    both.reachable = False
    both.lose()
    both.advance(0.1)
    both.take()
    both.client.cancel(handle, both.now)
    both.reachable = True
    both.advance(10.0)
    assert set(both.take_kinds()) <= {"ConnectionLost", "Connected"}


def test_a_subscription_that_the_server_ended_is_not_opened_again():
    both = joined()
    handle = both.listen(WANTED)
    both.take()
    (subscription,) = [
        event.subscription_id for event in both.server_events if hasattr(event, "subscription_id")
    ]
    both.server_session.end_subscription(subscription, both.now)
    both.settle()
    assert both.take() == [SubscriptionEnded(handle=handle, reason="this side ended it")]
    both.lose()
    both.advance(1.0)
    assert both.take_kinds() == ["ConnectionLost", "Connected"]


def test_nor_is_one_that_it_ended_in_the_same_breath_as_the_connection():
    both = joined()
    handle = both.listen(WANTED)
    both.take()
    # Whether the events between are taken makes no difference.
    both.server.close(both.now)
    both.settle()
    both.advance(1.0)
    assert both.take()[:2] == [
        SubscriptionEnded(handle=handle, reason="this side closed the connection"),
        ConnectionLost(reason="the peer closed the connection", attempt=1, delay=0.0),
    ]


def test_a_subscription_that_the_server_refuses_the_next_time_has_ended():
    nothing = schema.ServerCapabilities()
    limits = SessionLimits(subscriptions=0)
    server = Changing([make_server, lambda: make_server(limits=limits, capabilities=nothing)])
    both = joined(server=server)
    handle = both.listen(WANTED)
    both.take()
    both.lose()
    both.advance(0.0)
    *_, end = both.take()
    assert (type(end), end.handle) == (SubscriptionEnded, handle)
    both.lose()
    both.advance(0.0)
    assert "SubscriptionEnded" not in both.take_kinds()


def test_a_subscription_that_is_not_acknowledged_the_next_time_has_ended():
    both = joined(timeouts=Timeouts(request=3.0))
    handle = both.listen(WANTED)
    both.take()
    both.lose()
    both.client.handle_timeout(0.0)
    # The server is dialled, and says nothing.
    both.client.actions()
    list(iter(both.client.next_event, None))
    link = both.client.ready()[-1]
    link.handle_timeout(3.0)
    found = [event for _, event in iter(both.client.next_event, None)]
    assert (
        SubscriptionEnded(handle=handle, reason="subscriptions/listen was not answered within its timeout")
        in found
    )
    assert not [event for event in found if type(event).__name__ == "RequestTimedOut"]


def test_a_subscription_that_cannot_be_said_the_next_time_has_ended():
    # A legacy server is asked for one resource at a time, a modern one for all of them at once.
    many = schema.SubscriptionFilter(resource_subscriptions=tuple(f"a:{number}" for number in range(200)))
    makes = [lambda: make_server(revisions=LEGACY_REVISIONS), lambda: make_server(revisions=(MODERN,))]
    client = client_lines(restart=RESTART, limits=SessionLimits(message_bytes=1200))
    both = Joined(client, Changing(makes)).connect()
    handle = both.listen(many)
    assert names(both.take()) == ["Connected", "SubscriptionAcknowledged"]
    both.lose()
    both.advance(0.0)
    *_, connected, ended = both.take()
    assert (type(connected), connected.revision) == (Connected, MODERN)
    assert (type(ended), ended.handle) == (SubscriptionEnded, handle)
    assert "at most 1200 are sent at once" in ended.reason


def test_a_connection_that_is_lost_as_soon_as_it_is_made_keeps_its_subscriptions():
    both = joined(LATEST_LEGACY)
    handle = both.listen(WANTED)
    both.take()
    both.lose()
    both.take()
    # Answer and end of the next connection are read before any event is taken.
    both.client.handle_timeout(0.0)
    (dial,) = both.client.actions()
    far = both.server.accept(0.0)
    far.receive_data(dial.link.data_to_send(), 0.0)
    dial.link.receive_data(far.data_to_send(), 0.0)
    dial.link.receive_eof(0.0, "it died again")
    both.settle()
    assert both.take_kinds() == ["Connected", "ConnectionLost"]
    both.advance(5.0)
    events = both.take()
    assert names(events) == ["Connected", "SubscriptionAcknowledged"]
    assert events[-1].handle == handle


def test_one_that_waits_for_its_first_acknowledgement_is_a_call_that_is_lost():
    both = joined()
    handle = both.client.session.listen(WANTED, both.now)
    both.lose()
    assert both.take() == [
        RequestLost(handle=handle, method="subscriptions/listen", reason="the server died"),
        ConnectionLost(reason="the server died", attempt=1, delay=0.0),
    ]


@BOTH_ERAS
def test_one_that_is_cancelled_before_its_end_was_heard_of_is_not_opened_again(revision):
    both = joined(revision)
    handle = both.listen(WANTED)
    both.take()
    for link in tuple(both.peers):
        link.receive_eof(both.now)
    both.peers.clear()
    both.client.cancel(handle, both.now)
    both.advance(1.0)
    assert both.take_kinds() == ["SubscriptionEnded", "ConnectionLost", "Connected"]


# Whatever happens


def perform(both, what, handles):
    """Do one thing to a client, as far as it is legal now."""
    match what:
        case "call" | "listen":
            with contextlib.suppress(LocalProtocolError):
                handle = both.call() if what == "call" else both.listen(WANTED)
                handles[handle] = what
        case "cancel" if handles:
            both.client.cancel(next(reversed(handles)), both.now)
            handles.popitem()
        case "lose" | "lose at once":
            for link in tuple(both.peers):
                link.receive_eof(both.now, "lost")
            both.peers.clear()
        case "leave":
            both.server.close(both.now)
        case "reachable" | "unreachable":
            both.reachable = what == "reachable"
        case "close":
            both.client.close(both.now)
        case _:
            both.advance({"tick": 0.0, "wait": 2.0}.get(what, 100.0))
    if what != "lose at once":
        both.settle()


COMMON = ["call", "listen", "lose", "tick"]
RARE = ["cancel", "lose at once", "leave", "close", "reachable", "unreachable", "wait", "pass"]
things = st.sampled_from([*COMMON, *COMMON, *RARE])


@BOTH_ERAS
@given(script=st.lists(things, max_size=25), answer=st.booleans())
def test_every_call_and_every_subscription_ends_once_and_the_connection_last(revision, script, answer):
    both = joined(revision, restart=Restart(attempts=2))
    both.answer = answer
    handles = {}
    for what in script:
        perform(both, what, handles)
    both.client.close(both.now)
    both.settle()
    both.advance(1000.0)
    events = both.take()
    ended = [event for event in events if isinstance(event, ENDS)]
    assert len({event.handle for event in ended}) == len(ended)
    # What was cancelled may have ended before.
    assert set(handles) <= {event.handle for event in ended}
    assert [number for number, event in enumerate(events) if isinstance(event, Disconnected)] == [
        len(events) - 1
    ]
    assert both.next_deadline() is None
    stats = both.client.session.stats()
    assert (stats.calls_in_flight, stats.subscriptions) == (0, 0)
