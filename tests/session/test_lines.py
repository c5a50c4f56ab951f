"""Endpoints over lines: they name the links that have something, and give every event in its order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import make_server
from tests.session.joined import Joined, client_lines, names, server_lines

from sansmcp import schema
from sansmcp.schema import REVISIONS
from sansmcp.session import ServerLines, ServerSession
from sansmcp.wire import Limits

# Which links are named


@pytest.mark.parametrize("revision", REVISIONS)
def test_whatever_the_ends_say_arrives_since_their_links_are_named(revision):
    both = Joined(client_lines(revisions=(revision,))).connect()
    both.take()
    both.call()
    assert names(both.take()) == ["ResponseReceived"]
    both.client.close(both.now)
    both.settle()
    assert names(both.take()) == ["Disconnected"]
    assert names(both.server_events)[-1] == "Disconnected"
    assert both.server.links == ()


def test_a_link_is_named_once_however_much_it_has_and_not_again_before_it_has_more():
    server = server_lines()
    link = server.accept(0.0)
    assert server.ready() == []
    link.receive_data(b"no\n" * 3, 0.0)
    assert server.ready() == [link]
    assert server.ready() == []
    link.data_to_send()
    assert server.ready() == []
    link.receive_data(b"no\n", 0.0)
    assert server.ready() == [link]


def test_only_the_links_that_have_something_are_named_in_the_order_they_got_it():
    server = server_lines()
    first, second, third = (server.accept(0.0) for _ in range(3))
    third.receive_data(b"no\n", 0.0)
    first.receive_data(b"no\n", 0.0)
    assert server.ready() == [third, first]
    second.receive_data(b"\n", 0.0)
    assert server.ready() == []


def test_a_link_that_is_touched_while_events_are_taken_is_named_and_its_event_comes():
    server = server_lines()
    first, second = server.accept(0.0), server.accept(0.0)
    first.receive_data(b"no\n", 0.0)
    assert server.ready() == [first]
    session, event = server.next_event()
    # Whoever takes an event may give commands, to this session and to others.
    session.close(0.0)
    second.receive_data(b"no\n", 0.0)
    assert server.ready() == [first, second]
    rest = list(iter(server.next_event, None))
    assert [session for session, _ in rest].count(session) == 1
    assert [type(event).__name__ for _, event in [(session, event), *rest]] == [
        "ProtocolViolated",
        "Disconnected",
        "ProtocolViolated",
    ]
    assert server.ready() == []


def test_an_event_that_comes_after_the_last_was_taken_is_not_lost():
    server = server_lines()
    link = server.accept(0.0)
    for _ in range(3):
        link.receive_data(b"no\n", 0.0)
        assert server.next_event() is not None
        assert server.next_event() is None
        assert server.ready() == [link]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["bad", "eof", "close", "time"])), max_size=20))
def test_every_event_of_every_session_comes_in_its_order(script):
    server = server_lines()
    links = [server.accept(0.0) for _ in range(4)]
    sessions = [link.session for link in links]
    expected, got = ([0] * 4 for _ in range(2))
    over = set()
    for number, what in script:
        match what:
            case "bad" if number not in over:
                links[number].receive_data(b"no\n", 0.0)
                expected[number] += 1
            case "eof" | "close":
                end = links[number].receive_eof if what == "eof" else sessions[number].close
                end(0.0)
                expected[number] += number not in over
                over.add(number)
            case _:
                links[number].handle_timeout(1.0)
        assert set(server.ready()) <= set(links)
    for session, _ in iter(server.next_event, None):
        got[sessions.index(session)] += 1
    assert got == expected
    assert len(server.links) == 4 - len(over)


def test_ten_thousand_idle_links_are_not_looked_at_when_one_has_something():
    looked_at = []

    class Session(ServerSession):
        def next_event(self):
            looked_at.append(self)
            return super().next_event()

    info = schema.Implementation(name="server", version="1")
    server = ServerLines(lambda: Session(info=info, capabilities=schema.ServerCapabilities()))
    links = [server.accept(0.0) for _ in range(10_000)]
    busy = links[5000]
    busy.receive_data(b"no\n", 0.0)
    session, _ = server.next_event()
    assert server.next_event() is None
    assert server.ready() == [busy]
    assert set(looked_at) == {session}


def test_what_is_put_around_a_link_is_what_the_driver_gets():
    wrapped = {}

    class Wrap:
        def __init__(self, link):
            wrapped[self] = link

        def __getattr__(self, name):
            return getattr(wrapped[self], name)

    server = server_lines()
    around = ServerLines(make_server, wrap_link=Wrap)
    link = around.accept(0.0)
    assert isinstance(link, Wrap)
    link.receive_data(b"no\n", 0.0)
    assert around.ready() == [link]
    client = client_lines(wrap_link=Wrap)
    client.connect(0.0)
    (dial,) = client.actions()
    assert isinstance(dial.link, Wrap)
    assert client.ready() == [dial.link]
    assert not isinstance(server.accept(0.0), Wrap)


def test_what_a_message_may_contain_is_said_for_every_link():
    server = ServerLines(make_server, limits=Limits(max_message_bytes=10))
    link = server.accept(0.0)
    link.receive_data(b"1" * 20, 0.0)
    _, event = server.next_event()
    assert "10" in event.reason


# A server


def test_a_server_has_nothing_to_do_beside_its_links():
    server = server_lines()
    server.accept(0.0)
    server.handle_timeout(1.0)
    assert (server.actions(), server.next_deadline(), server.ready()) == ((), None, [])


def test_each_peer_has_a_session_of_its_own_whose_time_begins_with_it():
    server = server_lines()
    server.accept(3.0)
    server.accept(4.0)
    assert [link.session.now for link in server.links] == [3.0, 4.0]


def test_to_close_a_server_ends_every_connection_and_may_be_said_again():
    server = server_lines()
    links = [server.accept(0.0) for _ in range(3)]
    server.close(0.0)
    server.close(0.0)
    assert server.ready() == links
    assert all(link.done for link in links)
    assert [type(event).__name__ for _, event in iter(server.next_event, None)] == ["Disconnected"] * 3
    assert server.links == ()
