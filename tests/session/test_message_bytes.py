"""How long a message may be: a command that would send a longer one is refused, and nothing changes."""

import pytest
from tests.session.ends import MODERN, call_of, drain, events, open_client, open_server, request, take, tell

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.session import CallRequest, Send, SessionLimits

LONG = "x" * 1000
ROOTS = schema.ListRootsResult(roots=(schema.Root(uri=f"file:///{LONG}"),))
QUESTION = schema.InputRequest(
    method="sampling/createMessage",
    params=schema.CreateMessageRequestParams(
        messages=(schema.SamplingMessage(role="user", content=schema.TextContent(text=LONG)),), max_tokens=1
    ),
)
ERAS = pytest.mark.parametrize("revision", ["2025-11-25", MODERN])


def respond(server):
    server.respond(7, schema.CallToolResult(content=(schema.TextContent(text=LONG),)), 0.0)


def fail(server):
    server.fail(7, -32603, LONG, 0.0)


def require_input(server):
    server.require_input(7, {"key": QUESTION}, 0.0)


def say(server):
    server.notify("notifications/message", {"level": "error", "data": LONG}, 0.0, related=7)


def progress(server):
    params = {"progressToken": "t", "progress": 1, "message": LONG}
    server.notify("notifications/progress", params, 0.0, related=7)


def server_with_call(revision, limit):
    server = open_server(revision, limits=SessionLimits(message_bytes=limit))
    meta = {"progressToken": "t"}
    if revision == MODERN:
        meta["io.modelcontextprotocol/logLevel"] = "debug"
    tell(server, call_of(revision, 7, **meta))
    if revision != MODERN:
        tell(server, request("level", "logging/setLevel", {"level": "debug"}))
    drain(server)
    return server


def client_asked(revision, limit):
    client = open_client(revision, limits=SessionLimits(message_bytes=limit))
    client.send_request("tools/call", {"name": "x"}, 0.0)
    (call,) = take(client)
    if revision == MODERN:
        asked = {"resultType": "input_required", "inputRequests": {"key": {"method": "roots/list"}}}
        tell(client, {"jsonrpc": "2.0", "id": call["id"], "result": asked})
    else:
        tell(client, request(1, "roots/list"))
    (asked,) = events(client)
    return client, asked.handle


def bytes_sent(session):
    return [len(action.data) for action in session.actions() if isinstance(action, Send)]


def assert_bounded(make, command):
    """Find out how long the message is; then let it be just short enough, one byte and far too long."""
    session, *rest = make(10**6)
    command(session, *rest)
    (size,) = bytes_sent(session)
    assert size > 1000
    session, *rest = make(size)
    command(session, *rest)
    assert bytes_sent(session) == [size]
    for limit in (size - 1, 500):
        session, *rest = make(limit)
        before = session.stats()
        with pytest.raises(LocalProtocolError, match=rf"has {size} bytes; at most {limit} are sent"):
            command(session, *rest)
        assert (bytes_sent(session), events(session), session.stats()) == ([], [], before)


@ERAS
@pytest.mark.parametrize("command", [respond, fail, require_input, say, progress])
def test_a_server_sends_no_message_above_the_limit(command, revision):
    assert_bounded(lambda limit: (server_with_call(revision, limit),), command)


@ERAS
def test_a_client_calls_with_no_message_above_the_limit(revision):
    assert_bounded(
        lambda limit: (open_client(revision, limits=SessionLimits(message_bytes=limit)),),
        lambda client: client.send_request("tools/call", {"name": LONG}, 0.0),
    )


@ERAS
def test_a_client_answers_with_no_message_above_the_limit(revision):
    assert_bounded(
        lambda limit: client_asked(revision, limit),
        lambda client, handle: client.provide_input(handle, ROOTS, 0.0),
    )


def test_the_answers_to_an_array_that_are_too_long_together_leave_one_by_one():
    size = 0
    for limit, count in ((10**6, 1), (None, 1), (-1, 2)):
        bound = limit if limit and limit > 0 else size + (limit or 0)
        server = open_server("2025-03-26", limits=SessionLimits(message_bytes=bound))
        tell(server, [request(7, "tools/call", {"name": "x"}), request(8, "tools/call", {"name": "x"})])
        respond(server)
        server.respond(8, {"content": []}, 0.0)
        sent = bytes_sent(server)
        assert len(sent) == count
        size = size or sent[0]


def test_calls_that_are_too_long_together_are_no_array():
    calls = [CallRequest(method="tools/call", params={"name": LONG})] * 2
    size = 0
    for limit, count in ((10**6, 1), (None, 1), (-1, 2)):
        bound = limit if limit and limit > 0 else size + (limit or 0)
        client = open_client("2025-03-26", limits=SessionLimits(message_bytes=bound))
        client.send_batch(calls, 0.0)
        sent = bytes_sent(client)
        assert len(sent) == count
        size = size or sent[0]


def test_four_mebibytes_are_sent_unless_something_else_is_said():
    server = server_with_call(MODERN, SessionLimits().message_bytes)
    with pytest.raises(LocalProtocolError, match="at most 4194304 are sent"):
        server.fail(7, 1, "x" * 4 * 1024 * 1024, 0.0)
    respond(server)
    assert len(take(server)) == 1
