"""Both ends against each other: bytes, time, ends and leaks."""

import attrs
import pytest

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, REVISIONS, Era, Kind, Side, era_of
from sansmcp.session import (
    Disconnected,
    KeepAlive,
    LinkState,
    ProtocolViolated,
    RequestLost,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    SessionEnded,
    Timeouts,
)
from sansmcp.testing import (
    Line,
    byte_by_byte,
    connected_pair,
    pieces_of,
    whole,
)

DONE = schema.CallToolResult(content=())


def start_call(pair, **options):
    handle = pair.client.send_request("tools/call", {"name": "add"}, pair.now, **options)
    pair.settle()
    return handle


# Connecting


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("probing", [False, True])
@pytest.mark.parametrize("cut", [whole, byte_by_byte, pieces_of(7)])
def test_a_pair_is_connected_in_any_revision_whether_it_was_told_or_found(revision, probing, cut):
    pair = connected_pair(revision, probing=probing, cut=cut)
    assert pair.client.revision == revision
    assert (pair.client_events, pair.server_events) == ([], [])
    assert ("server/discover" in pair.transcript[0].text) == (probing or era_of(revision) is Era.MODERN)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_same_calls_give_the_same_bytes_and_events_however_the_bytes_are_cut(revision):
    runs = []
    for cut in (whole, byte_by_byte, pieces_of(13)):
        events = []
        pair = connected_pair(revision, cut=cut, on_client_event=events.append, on_server_event=events.append)
        start_call(pair)
        pair.server.respond(pair.server_events[-1].request_id, DONE, pair.now)
        pair.close_client()
        runs.append((events, pair.transcript))
    assert runs[0] == runs[1] == runs[2]


def test_a_pair_that_does_not_connect_is_a_failure_that_shows_the_lines():
    odd = attrs.evolve(METHODS.lookup("initialize", "2025-11-25", Side.CLIENT, Kind.REQUEST), result=int)
    with pytest.raises(
        AssertionError, match=r"expected one connection in 2025-11-25, found \[\]: .*initialize"
    ):
        connected_pair("2025-11-25", methods=METHODS.extended(odd))


# Bytes


def test_the_transcript_says_who_sent_each_line():
    pair = connected_pair("2024-11-05")
    assert [line.sender for line in pair.transcript] == ["C", "S", "C"]
    assert pair.transcript[2] == ("C", '{"jsonrpc":"2.0","method":"notifications/initialized"}')
    assert pair.lines_of("C") == [pair.transcript[0].text, pair.transcript[2].text]


def test_events_are_kept_until_they_are_taken():
    pair = connected_pair("2025-11-25")
    start_call(pair)
    assert pair.server_events == pair.take_server_events()
    assert pair.server_events == []
    assert pair.take_client_events() == []


def test_whoever_is_told_of_an_event_may_answer_at_once():
    def serve(event):
        if isinstance(event, RequestReceived):
            pair.server.respond(event.request_id, DONE, pair.now)

    pair = connected_pair("2025-11-25", on_server_event=serve)
    start_call(pair)
    assert [type(event) for event in pair.client_events] == [ResponseReceived]


def test_ends_that_never_come_to_rest_are_a_failure():
    def echo(event):
        if isinstance(event, ResponseReceived):
            pair.client.ping(pair.now)

    pair = connected_pair("2025-11-25", on_client_event=echo)
    pair.client.ping(pair.now)
    with pytest.raises(AssertionError, match="the ends do not come to rest; the last lines are"):
        pair.settle()


def test_bytes_of_ones_own_reach_the_server_after_what_the_client_has_sent():
    pair = connected_pair("2025-11-25")
    pair.client.ping(pair.now)
    pair.send_as_client(b'{"half')
    pair.settle()
    pair.send_as_client(b' a line"\n')
    pair.settle()
    assert [type(event) for event in pair.take_server_events()] == [ProtocolViolated]
    assert pair.lines_of("C")[-2:] == ['{"jsonrpc":"2.0","id":2,"method":"ping"}', '{"half a line"']


def test_bytes_of_ones_own_reach_the_client_after_what_the_server_has_sent():
    pair = connected_pair("2025-11-25")
    pair.server.ping(pair.now)
    pair.send_as_server(b"nonsense\n")
    pair.settle()
    assert [type(event) for event in pair.client_events] == [ProtocolViolated]
    assert [line.sender for line in pair.transcript[-3:]] == ["S", "S", "C"]


# Time


def test_time_stands_still_until_it_is_let_pass():
    pair = connected_pair("2025-11-25", start=100.0)
    start_call(pair)
    assert (pair.now, pair.next_deadline()) == (100.0, 160.0)
    pair.advance(59.5)
    assert (pair.now, pair.client_events) == (159.5, [])


def test_each_deadline_on_the_way_is_met_in_its_turn():
    def note(event):
        if isinstance(event, RequestTimedOut):
            met.append((pair.now, event.handle))

    met = []
    pair = connected_pair("2025-11-25", on_client_event=note)
    late, soon = start_call(pair, timeout=7.0), start_call(pair, timeout=2.0)
    pair.advance(100)
    assert met == [(2.0, soon), (7.0, late)]
    assert pair.now == 100.0


def test_a_deadline_is_due_when_its_time_has_come():
    pair = connected_pair("2025-11-25")
    start_call(pair, timeout=2.0)
    pair.advance(2.0)
    assert [type(event) for event in pair.client_events] == [RequestTimedOut]


@pytest.mark.parametrize(
    ("pinging", "keep_alive"),
    [("C", {"client_keep_alive": KeepAlive()}), ("S", {"server_keep_alive": KeepAlive()})],
)
def test_the_deadlines_of_either_end_are_met(pinging, keep_alive):
    pair = connected_pair("2025-11-25", **keep_alive)
    pair.advance(60)
    pings = [line.sender for line in pair.transcript if '"method":"ping"' in line.text]
    assert pings == [pinging] * 3


def test_what_comes_of_a_deadline_may_be_awaited():
    pair = connected_pair("2025-11-25")
    start_call(pair, timeout=30)
    pair.run_until(lambda: pair.client_events)
    assert pair.now == 30.0


def test_what_is_so_already_takes_no_time():
    pair = connected_pair("2025-11-25")
    start_call(pair, timeout=30)
    pair.run_until(lambda: pair.server_events)
    assert pair.now == 0.0


def test_what_never_comes_is_a_failure():
    pair = connected_pair("2025-11-25")
    with pytest.raises(AssertionError, match=r"nothing happens within 3600\.0 s; the next deadline is None"):
        pair.run_until(lambda: False)
    start_call(pair, timeout=30)
    with pytest.raises(AssertionError, match=r"nothing happens within 10 s; the next deadline is 30\.0"):
        pair.run_until(lambda: False, within=10)


def test_a_deadline_that_comes_again_and_again_is_a_failure_that_says_what_it_is_for():
    def again(event):
        if isinstance(event, RequestTimedOut):
            start()

    def start():
        pair.client.send_request("tools/call", {"name": "add"}, pair.now, timeout=0.0)

    pair = connected_pair("2025-11-25", on_client_event=again)
    start()
    with pytest.raises(
        AssertionError, match=r"time stands still at 0\.0; the deadlines are for .*tools/call"
    ):
        pair.advance(1)


def test_time_never_goes_back():
    with pytest.raises(LocalProtocolError, match=r"advance\(-1\): time moves forward only"):
        connected_pair("2025-11-25").advance(-1)


# Ends


def test_the_client_closes_and_the_server_sees_the_end():
    pair = connected_pair("2025-11-25")
    pair.close_client()
    assert [type(event) for event in pair.client_events] == [Disconnected]
    assert [type(event) for event in pair.server_events] == [SessionEnded, Disconnected]
    pair.check_ends_empty()


def test_the_server_closes_and_the_client_sees_the_end():
    pair = connected_pair("2025-11-25")
    pair.close_server()
    assert [type(event) for event in pair.client_events] == [Disconnected]
    pair.check_ends_empty()


def test_the_output_of_the_client_may_end_while_it_still_reads():
    pair = connected_pair("2025-11-25")
    pair.client.send_request("tools/call", {"name": "add"}, pair.now)
    pair.end_client_output()
    assert (pair.server.link, pair.client.link) == (LinkState.DRAINING, LinkState.OPEN)
    [request] = [event for event in pair.take_server_events() if isinstance(event, RequestReceived)]
    pair.server.respond(request.request_id, DONE, pair.now)
    pair.settle()
    assert isinstance(pair.client_events[0], ResponseReceived)
    pair.check_ends_empty()


def test_the_output_of_the_server_may_end_while_it_still_reads():
    pair = connected_pair("2025-11-25")
    start_call(pair)
    pair.end_server_output()
    assert [type(event) for event in pair.client_events] == [RequestLost, Disconnected]
    assert pair.server.link is LinkState.DRAINING


def test_a_line_that_the_end_cut_short_is_in_the_transcript():
    pair = connected_pair("2025-11-25")
    pair.send_as_client(b'{"jsonrpc":')
    pair.end_client_output()
    assert Line("C", '{"jsonrpc":') in pair.transcript


def test_what_is_under_way_is_lost_when_the_connection_breaks():
    pair = connected_pair("2025-11-25")
    pair.client.send_request("tools/call", {"name": "add"}, pair.now)
    pair.break_off()
    assert "tools/call" not in pair.transcript[-1].text
    assert [type(event) for event in pair.client_events] == [RequestLost, Disconnected]
    assert [type(event) for event in pair.server_events] == [SessionEnded, Disconnected]
    pair.check_ends_empty()


def test_what_is_left_after_the_end_is_named():
    pair = connected_pair("2025-11-25")
    start_call(pair)
    with pytest.raises(AssertionError) as caught:
        pair.check_ends_empty()
    assert str(caught.value) == (
        "left after the end: client: calls_in_flight=1; client: link=open; "
        "client: deadline=60.0 (tools/call (2) has no answer); "
        "server: requests_in_flight=1; server: link=open"
    )


def test_work_that_was_never_handed_back_is_left_after_the_end():
    pair = connected_pair("2025-11-25", timeouts=Timeouts(end_of_input=0.5))
    start_call(pair)
    pair.close_client()
    pair.advance(1)
    request = pair.server_events[0].request_id
    with pytest.raises(AssertionError, match=r"left after the end: server: requests_in_flight=1$"):
        pair.check_ends_empty()
    pair.server.fail(request, -32603, "stopped", pair.now)
    pair.check_ends_empty()
