"""What a client leaves unread: answers wait, and then its requests do (limits of `SessionLimits`)."""

import json

import pytest
from tests.session.ends import MODERN, call_of, cancelled, events, open_server, take, tell

from sansmcp import schema
from sansmcp.schema import REVISIONS
from sansmcp.session import RequestDrained, RequestReceived, SessionLimits

DONE = schema.CallToolResult(content=())


def call(server, revision, id_):
    tell(server, call_of(revision, id_, "tools/call"))


def received(server):
    return [event.request_id for event in events(server) if isinstance(event, RequestReceived)]


@pytest.mark.parametrize("revision", REVISIONS)
def test_requests_wait_while_answers_are_not_taken_and_go_on_when_they_are(revision):
    server = open_server(revision, limits=SessionLimits(unsent_bytes=1000, backlog=2))
    call(server, revision, 1)
    long = schema.CallToolResult(content=(schema.TextContent(text="x" * 1000),))
    server.respond(1, long, 0.0)
    for id_ in (2, 3, 4):
        call(server, revision, id_)
    assert received(server) == [1]
    tell(server, cancelled(3))
    answer, refusal, _ = take(server)
    assert answer["id"] == 1
    assert refusal["error"]["message"] == (
        "too many requests: more than 1000 bytes of answers were not read and 2 wait; try again later"
    )
    assert received(server) == [2]
    server.respond(2, DONE, 0.0)
    call(server, revision, 5)
    assert received(server) == [5]


@pytest.mark.parametrize(("size", "starts"), [(1000, True), (1001, False), (100_000, False)])
def test_as_many_bytes_as_the_limit_says_may_wait_to_be_written(size, starts):
    server = open_server(MODERN, limits=SessionLimits(unsent_bytes=1000))
    call(server, MODERN, 1)
    empty = schema.CallToolResult(content=(schema.TextContent(text=""),))
    server.respond(1, empty, 0.0)
    rest = size - len(json.dumps(take(server)[0], separators=(",", ":")))
    call(server, MODERN, 2)
    server.respond(2, schema.CallToolResult(content=(schema.TextContent(text="x" * rest),)), 0.0)
    call(server, MODERN, 3)
    assert received(server) == [1, 2, 3] if starts else [1, 2]


def test_what_is_taken_to_be_written_later_counts_until_it_is():
    server = open_server("2025-11-25", limits=SessionLimits(unsent_bytes=1000))
    call(server, "2025-11-25", 1)
    call(server, "2025-11-25", 2)
    assert received(server) == [1, 2]
    long = schema.CallToolResult(content=(schema.TextContent(text="x" * 1000),))
    server.respond(1, long, 0.0)
    server.drain(1, 0.0)
    taken = server.actions(is_written=False)
    size = len(taken[-1].data)
    assert server.unsent_bytes(1) == size
    call(server, "2025-11-25", 3)
    assert received(server) == []
    server.note_written(1, size - 10)
    told = events(server)
    assert [type(event) for event in told] == [RequestReceived]
    server.note_written(1, 10)
    told = events(server)
    assert [type(event) for event in told] == [RequestDrained]
    server.note_written(None, 0)
    assert server.unsent_bytes(1) == 0
