"""The laws that every session keeps, whatever is said to it and whatever is asked of it.

Time is an argument and never turns back; nothing that a peer sends raises; what our side does wrong
raises and changes nothing; a local failure is never taken for the peer's error; unknown members survive;
equal inputs give equal outputs.
"""

import contextlib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import (
    INITIALIZED,
    META,
    MODERN,
    call_of,
    cancelled,
    discover_result,
    drain,
    error,
    events,
    initialize,
    initialize_result,
    kinds,
    make_client,
    make_server,
    modern,
    notification,
    open_client,
    open_server,
    request,
    response,
    take,
    tell,
)

from sansmcp import errors, schema, session
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, REVISIONS
from sansmcp.session import (
    CallRequest,
    Change,
    ChangeKind,
    Disconnected,
    KeepAlive,
    LinkState,
    RequestTimedOut,
    SessionLimits,
)

# What peers say: legal, illegal, and half-legal messages

names = st.sampled_from(
    [
        "a",
        "name",
        "uri",
        "level",
        "cursor",
        "arguments",
        "requestId",
        "progressToken",
        "progress",
        "roots",
        "content",
    ]
    + [
        "notifications",
        "toolsListChanged",
        "resourceSubscriptions",
        "protocolVersion",
        "capabilities",
        "clientInfo",
    ]
    + [
        "resultType",
        "inputRequests",
        "requestState",
        "supported",
        "supportedVersions",
        "data",
        "code",
        "message",
    ]
    + [f"io.modelcontextprotocol/{name}" for name in ("protocolVersion", "clientCapabilities", "clientInfo")]
    + [f"io.modelcontextprotocol/{name}" for name in ("logLevel", "subscriptionId", "serverInfo")]
)
scalars = (
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from([0.5, "", "a", "7", "info", *REVISIONS])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)
methods = st.sampled_from([*sorted({method.name for method in METHODS.methods}), "no/such", ""])
objects = st.dictionaries(names, values, max_size=4)
meta = st.sampled_from([META, {**META, "progressToken": 7}, {}, {"progressToken": "t"}]) | objects
params = st.builds(lambda members, meta: {**members, "_meta": meta}, objects, meta) | values
ids = st.integers(0, 5) | st.sampled_from(["a", "1", "", None, True, 1.5])
good = st.sampled_from(
    [
        initialize(1, "2025-11-25", {"roots": {"listChanged": True}}),
        initialize(2, "2025-03-26"),
        INITIALIZED,
        request(1, "tools/call", {"name": "x", "_meta": {"progressToken": 1}}),
        request("1", "ping"),
        cancelled(1),
        cancelled("1"),
        modern(3, "tools/call", {"name": "x"}),
        modern(4, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}),
        modern(5, "server/discover"),
        request(2, "roots/list"),
        request(2, "sampling/createMessage", {"messages": [], "maxTokens": 1}),
        notification("notifications/progress", {"progressToken": 2, "progress": 1}),
        notification("notifications/message", {"level": "info", "data": 1}),
        notification("notifications/tools/list_changed"),
        response(1, {}),
        response(2, {"tools": []}),
        error(1, -32601),
        error(2, -1),
        initialize_result(1, "2025-06-18"),
        initialize_result(2, "2025-11-25"),
        discover_result(1),
        discover_result(1, ["2025-06-18"]),
        error(1, -32022, "no", {"supported": ["2025-06-18"]}),
        response(2, {"resultType": "input_required", "requestState": "s"}),
        response(2, {"resultType": "input_required", "inputRequests": {"k": {"method": "roots/list"}}}),
        response(3, {"roots": []}),
    ]
)
wild = st.one_of(
    st.builds(
        lambda id_, method, params: {"jsonrpc": "2.0", "id": id_, "method": method, "params": params},
        ids,
        methods,
        params,
    ),
    st.builds(lambda method, params: {"jsonrpc": "2.0", "method": method, "params": params}, methods, params),
    st.builds(lambda id_, result: {"jsonrpc": "2.0", "id": id_, "result": result}, ids, values),
    st.builds(
        lambda id_, failure: {"jsonrpc": "2.0", "id": id_, "error": failure},
        ids,
        values
        | st.fixed_dictionaries(
            {"code": st.integers(-32800, -31900), "message": st.just("x")}, optional={"data": values}
        ),
    ),
    objects,
)
messages = st.one_of(good, wild, st.lists(good | wild, max_size=4), st.binary(max_size=12))

# What happens to a session: a message, or the end, or time, or a command

# Most of what happens is legal and happens soon, or no script would get anywhere.
moments = st.sampled_from([0.0, 0.0, 0.0, 0.1, 1.0, 1.0, -5.0, 4.0, 30.0, 70.0])
legal = st.tuples(st.just("say"), good)
commands = st.tuples(st.just("command"), st.integers(0, 30))
ends = st.tuples(st.sampled_from(["eof", "close", "time", "time", "time"]), st.just(0))
inputs = st.one_of(
    legal, legal, legal, commands, commands, commands, st.tuples(st.just("say"), messages), ends
)
scripts = st.lists(st.tuples(inputs, moments), min_size=5, max_size=30)
starts = st.sampled_from(["new", *REVISIONS])


def make_either(role, start):
    limits = SessionLimits(requests_in_flight=2, backlog=1, subscriptions=2, input_rounds=2)
    options = {"limits": limits, "keep_alive": KeepAlive()}
    if role == "server":
        return make_server(**options) if start == "new" else open_server(start, **options)
    return make_client(**options) if start == "new" else open_client(start, **options)


ASK = {"k": schema.InputRequest(method="roots/list")}
PROGRESS = {"progressToken": 1, "progress": 1}
SERVER_COMMANDS = [
    *(lambda server, now, id_=id_: server.respond(id_, {"content": []}, now) for id_ in (1, "1", 3, 4)),
    lambda server, now: server.respond(1, {"content": object()}, now),
    lambda server, now: server.fail(1, -32603, "no", now),
    lambda server, now: server.fail(3, -32000, "no", now),
    lambda server, now: server.require_input(1, ASK, now),
    lambda server, now: server.require_input(3, {}, now, request_state="s"),
    lambda server, now: server.require_input(3, {}, now),
    lambda server, now: server.notify("notifications/progress", PROGRESS, now, related=1),
    lambda server, now: server.notify("notifications/progress", {"progress": "x"}, now, related=1),
    lambda server, now: server.notify("notifications/message", {"level": "error", "data": 1}, now),
    lambda server, now: server.notify("no/such", {}, now),
    lambda server, now: server.publish(Change(kind=ChangeKind.TOOLS), now),
    lambda server, now: server.publish(Change(kind=ChangeKind.RESOURCE), now),
    lambda server, now: server.end_subscription(4, now),
    lambda server, now: server.ping(now),
    lambda server, now: server.receive_cancel(1, now),
]
CLIENT_COMMANDS = [
    lambda client, now: client.connect(now),
    lambda client, now: client.send_request("tools/call", {"name": "x"}, now, progress=True),
    lambda client, now: client.send_request("tools/call", {"name": 7}, now),
    lambda client, now: client.send_request("no/such", None, now),
    lambda client, now: client.send_batch(
        [CallRequest(method="tools/list"), CallRequest(method="no/such")], now
    ),
    lambda client, now: client.send_batch([CallRequest(method="tools/list")] * 2, now),
    *(lambda client, now, handle=handle: client.cancel(handle, now) for handle in (1, 2, 3)),
    lambda client, now: client.listen(
        schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("r:1",)), now
    ),
    *(
        lambda client, now, handle=handle: client.provide_input(handle, {"roots": []}, now)
        for handle in (1, 2)
    ),
    lambda client, now: client.provide_input(1, {"roots": 7}, now),
    lambda client, now: client.refuse_input(1, -1, "no", now),
    lambda client, now: client.notify("notifications/roots/list_changed", None, now),
    lambda client, now: client.notify("notifications/progress", PROGRESS, now),
    lambda client, now: client.set_log_level("info", now),
    lambda client, now: client.set_log_level("loud", now),
    lambda client, now: client.ping(now),
]


def figures(end):
    return end.stats(), end.next_deadline(), end.deadline_reason(), end.phase, end.link, end.revision


def play(role, start, script):
    """Play a script, check the laws at each step, and return all that came out."""
    end, out = make_either(role, start), []
    commands = SERVER_COMMANDS if role == "server" else CLIENT_COMMANDS
    end.handle_timeout(latest := 0.0)
    for (what, said), moment in script:
        latest = max(latest, moment)
        match what:
            case "say":
                tell(end, said, moment)
            case "eof":
                end.receive_eof(moment)
            case "close":
                end.close(moment)
            case "time":
                end.handle_timeout(moment)
            case "command":
                # What is due is done first; after that a command that raises must change nothing.
                end.handle_timeout(moment)
                out += [repr(events(end)), [getattr(action, "data", action) for action in end.actions()]]
                before = figures(end)
                try:
                    commands[said % len(commands)](end, moment)
                except LocalProtocolError as failure:
                    out.append(str(failure))
                    assert (events(end), end.actions(), figures(end)) == ([], [], before)
        found, actions = events(end), end.actions()
        out += [repr(found), [getattr(action, "data", action) for action in actions], figures(end)]
        ended = [number for number, event in enumerate(found) if isinstance(event, Disconnected)]
        assert ended in ([], [len(found) - 1])
        deadline = end.next_deadline()
        assert deadline is None or deadline > latest
    end.close(1000.0)
    end.handle_timeout(2000.0)
    out.append(repr(events(end)))
    assert end.link is LinkState.CLOSED
    return out


@pytest.mark.parametrize("role", ["client", "server"])
@given(start=starts, script=scripts)
def test_whatever_is_said_and_asked_nothing_raises_but_our_own_mistakes_which_change_nothing(
    role, start, script
):
    out = play(role, start, script)
    assert sum(str(item).count("Disconnected(") for item in out) == 1


@pytest.mark.parametrize("role", ["client", "server"])
@given(start=starts, script=scripts)
def test_equal_inputs_give_equal_outputs(role, start, script):
    assert play(role, start, script) == play(role, start, script)


# Law 1


@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_timeout_that_is_not_due_does_nothing_at_any_time(role, revision):
    end = make_either(role, revision)
    if role == "client":
        end.send_request("tools/call", {"name": "x"}, 0.0)
        drain(end)
    before = figures(end)
    for now in (0.0, -100.0, 5.0, 5.0, 4.0, 19.9):
        end.handle_timeout(now)
        assert (events(end), end.actions(), figures(end)) == ([], [], before)


@pytest.mark.parametrize("number", range(len(SERVER_COMMANDS)))
def test_a_command_of_a_server_first_does_what_is_due(number):
    server = open_server("2025-11-25")
    tell(server, call_of("2025-11-25", 1, progressToken=1))
    tell(server, modern(3, "tools/call", {"name": "x"}))
    server.close(0.0)
    drain(server)
    # The grace period ended at 5, though nobody said so.
    with contextlib.suppress(LocalProtocolError):
        SERVER_COMMANDS[number](server, 6.0)
    assert kinds(server) == ["RequestCancelled", "RequestCancelled", "SessionEnded", "Disconnected"]
    assert take(server) == ["close"]


@pytest.mark.parametrize("number", range(len(CLIENT_COMMANDS)))
def test_a_command_of_a_client_first_does_what_is_due(number):
    client = open_client("2025-11-25")
    handle = client.send_request("tools/call", {"name": "x"}, 0.0)
    drain(client)
    with contextlib.suppress(LocalProtocolError):
        CLIENT_COMMANDS[number](client, 60.0)
    assert events(client)[0] == RequestTimedOut(
        handle=handle, method="tools/call", reason="tools/call was not answered within its timeout"
    )


def test_an_older_time_counts_as_the_latest_one():
    server = open_server("2025-11-25", now=100.0)
    tell(server, call_of("2025-11-25", 1), 50.0)
    server.receive_eof(20.0)
    assert server.next_deadline() == 100.5
    client = open_client("2025-11-25", now=100.0)
    client.ping(0.0, timeout=1.0)
    assert client.next_deadline() == 101.0


# Law 6


def test_a_local_failure_has_no_code_and_is_another_event_and_another_exception():
    for name in ("RequestTimedOut", "RequestLost"):
        assert {field.name for field in attrs.fields(getattr(session, name))} == {
            "handle",
            "method",
            "reason",
        }
        assert not hasattr(getattr(errors, name)("x"), "code")
    assert "code" in {field.name for field in attrs.fields(session.RequestFailed)}
    client = open_client(MODERN)
    for _ in range(2):
        client.send_request("tools/call", {"name": "x"}, 0.0, timeout=1.0)
    client.send_request("tools/call", {"name": "x"}, 0.0)
    drain(client)
    client.handle_timeout(1.0)
    client.receive_eof(2.0)
    assert kinds(client) == ["RequestTimedOut", "RequestTimedOut", "RequestLost", "Disconnected"]
    assert all(isinstance(action, tuple) or action == "close" for action in take(client))


# Law 9

unknown = st.dictionaries(
    st.sampled_from(["acme/a", "com.example/b", "x-c"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
        max_leaves=5,
    ),
    max_size=3,
)


@pytest.mark.parametrize("revision", REVISIONS)
@given(in_params=unknown, in_meta=unknown, in_envelope=unknown, in_result=unknown, in_result_meta=unknown)
def test_what_no_revision_knows_survives_the_way_through_both_sessions(
    revision, in_params, in_meta, in_envelope, in_result, in_result_meta
):
    client, server = open_client(revision), open_server(revision)
    client.send_request("tools/call", {"name": "x", **in_params, "_meta": in_meta}, 0.0)
    (call,) = take(client)
    tell(server, {**call, **in_envelope})
    (received,) = events(server)
    assert received.params.extra == in_params
    assert in_meta.items() <= (received.params.meta or {}).items()
    assert received.message.extra == in_envelope
    server.respond(
        received.request_id, schema.CallToolResult(content=(), meta=in_result_meta, extra=in_result), 0.0
    )
    (answer,) = take(server)
    tell(client, answer)
    (outcome,) = events(client)
    assert outcome.result.extra == in_result
    assert in_result_meta.items() <= outcome.result.meta.items()
