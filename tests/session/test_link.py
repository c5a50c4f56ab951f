"""A session over lines (stdio page of every revision): bytes in, bytes out, one writer."""

import json

import pytest
from tests.session.ends import (
    INITIALIZED,
    MODERN,
    call_of,
    cancelled,
    initialize,
    kinds,
    make_server,
    modern,
    open_client,
    open_server,
    request,
)

from sansmcp import schema
from sansmcp.schema import REVISIONS
from sansmcp.session import Change, ChangeKind, LineLink, Link
from sansmcp.wire import Limits


def lines(data):
    return [json.loads(line) for line in data.split(b"\n") if line]


def line(message):
    return json.dumps(message).encode() + b"\n"


def linked(server):
    link = LineLink(server)
    link.data_to_send()
    return link


def legacy_bytes():
    call = request(1, "tools/call", {"name": "tool"})
    return b"".join(line(message) for message in (initialize(0, "2025-11-25"), INITIALIZED, call))


def test_a_line_link_is_a_link():
    link: Link = LineLink(make_server())
    assert link.done is False


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_how_the_bytes_are_cut_changes_nothing(size):
    link = LineLink(make_server())
    data = legacy_bytes()
    for start in range(0, len(data), size):
        link.receive_data(data[start : start + size], 0.0)
    assert kinds(link.session) == ["SessionOpened", "ClientInitialized", "RequestReceived"]
    assert [message["id"] for message in lines(link.data_to_send())] == [0]
    assert link.data_to_send() == b""


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_message_is_one_line_without_a_newline_inside(revision):
    link = linked(open_server(revision))
    link.receive_data(line(call_of(revision, 1)), 0.0)
    text = schema.TextContent(text="two\nlines\r\n\u2028")
    link.session.respond(1, schema.CallToolResult(content=(text,)), 0.0)
    data = link.data_to_send()
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    assert lines(data)[0]["result"]["content"][0]["text"] == "two\nlines\r\n\u2028"


def test_a_cancellation_is_written_as_a_notification_in_its_place():
    client = open_client("2025-11-25")
    link = linked(client)
    first = client.send_request("tools/list", None, 0.0)
    client.cancel(first, 0.0, reason="enough")
    second = client.send_request("tools/list", None, 0.0)
    client.cancel(second, 0.0)
    said = lines(link.data_to_send())
    assert [message["method"] for message in said] == ["tools/list", "notifications/cancelled"] * 2
    assert [message["params"] for message in said[1::2]] == [
        {"requestId": 2, "reason": "enough"},
        {"requestId": 3},
    ]


def test_of_equal_keys_that_are_not_written_yet_the_newest_wins():
    link = linked(open_server(MODERN))
    link.receive_data(line(call_of(MODERN, 1, progressToken="t")), 0.0)

    def report(value):
        params = schema.ProgressNotificationParams(progress_token="t", progress=value)
        link.session.notify("notifications/progress", params, 0.0, related=1)

    for value in (1, 2, 3):
        report(value)
    assert [message["params"]["progress"] for message in lines(link.data_to_send())] == [3]
    report(4)
    link.session.respond(1, schema.CallToolResult(content=()), 0.0)
    said = lines(link.data_to_send())
    assert (said[0]["params"]["progress"], said[1]["id"]) == (4, 1)


def test_a_change_of_a_new_subscription_never_comes_before_its_acknowledgement():
    # The first of that id was given up while its messages were not written yet.
    link = linked(make_server())
    listen = line(modern(5, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    change = Change(kind=ChangeKind.TOOLS)
    link.receive_data(listen, 0.0)
    link.session.publish(change, 0.0)
    link.receive_data(line(cancelled(5)) + listen, 0.0)
    link.session.publish(change, 0.0)
    said = [message["method"].rsplit("/", 1)[1] for message in lines(link.data_to_send())]
    assert said == ["acknowledged", "list_changed", "acknowledged", "list_changed"]


def test_what_cannot_be_read_costs_one_message():
    link = LineLink(make_server(), Limits(max_message_bytes=200))
    link.receive_data(b"nonsense\n" + b"x" * 300 + b"\n" + line(modern(1, "server/discover"))[:10], 0.0)
    assert kinds(link.session) == ["ProtocolViolated", "ProtocolViolated"]
    refusals = lines(link.data_to_send())
    assert [(refusal["error"]["code"], "id" in refusal) for refusal in refusals] == [(-32700, False)] * 2


def test_the_end_of_input_ends_the_session_and_what_was_cut_off_is_told():
    link = linked(open_server("2025-11-25"))
    link.receive_data(line(request(1, "tools/call", {"name": "tool"}))[:-1], 0.0)
    link.receive_eof(0.0)
    link.receive_eof(0.0)
    assert kinds(link.session) == ["ProtocolViolated", "SessionEnded", "Disconnected"]
    assert link.done
    link.data_to_send()
    assert link.data_to_send() == b""


def test_the_clock_of_a_link_is_its_sessions():
    client = open_client("2025-11-25")
    link = LineLink(client)
    client.send_request("tools/list", None, 10.0)
    assert link.next_deadline() == 70.0
    link.handle_timeout(70.0)
    assert kinds(client) == ["RequestTimedOut"]
    assert link.next_deadline() is None


def test_what_must_not_be_written_is_not():
    link = linked(open_server("2025-11-25"))
    link.receive_data(line(request(1, "tools/call", {"name": "tool"})), 0.0)
    link.receive_data(line(cancelled(1)), 0.0)
    link.session.respond(1, schema.CallToolResult(content=()), 0.0)
    link.session.close(0.0)
    assert (link.data_to_send(), link.done) == (b"", True)


def test_what_is_read_after_the_end_was_said_is_dropped():
    link = LineLink(make_server())
    link.receive_data(line(modern(1, "tools/call", {"name": "tool"})), 0.0)
    # As a driver says it that cannot write any more, while its reader goes on.
    link.receive_eof(0.0, "nobody reads")
    kinds(link.session)
    link.receive_data(line(modern(2, "tools/call", {"name": "tool"})) + b"no\n", 0.0)
    link.receive_eof(0.0)
    assert kinds(link.session) == []
    link.handle_timeout(1.0)
    assert kinds(link.session) == ["RequestCancelled", "Disconnected"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("reset", "tcp://host:1: reset"),
        ("cannot connect to tcp://host:1: refused", "cannot connect to tcp://host:1: refused"),
    ],
)
def test_the_end_names_the_peer_once(reason, told):
    server = make_server()
    LineLink(server, peer="tcp://host:1").receive_eof(0.0, reason)
    assert [event.reason for event in iter(server.next_event, None)] == [told]
