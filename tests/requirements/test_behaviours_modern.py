"""Requests that describe themselves, and what follows from that (2026-07-28, Base Protocol, `_meta`)."""

import pytest
from tests.session.ends import (
    MODERN,
    cancelled,
    discover_result,
    drain,
    error,
    events,
    kinds,
    last_id,
    make_client,
    make_server,
    modern,
    open_client,
    request,
    response,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, METHODS, Kind, Side, codec_for
from sansmcp.session import MissingCapability, RequestLost
from sansmcp.testing import EVERY_CLIENT_CAPABILITY, connected_pair

PREFIX = "io.modelcontextprotocol/"
PARAMS = {
    "tools/call": {"name": "tool"},
    "prompts/get": {"name": "prompt"},
    "resources/read": {"uri": "a:b"},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": "p"},
        "argument": {"name": "a", "value": ""},
    },
}
COMPLETE = {"resultType": "complete", "content": []}
REQUESTS = [
    method.name
    for method in METHODS.methods
    if method.kind is Kind.REQUEST and METHODS.lookup(method.name, MODERN, Side.CLIENT, Kind.REQUEST)
]


# What requests and results say of themselves


def said_by(client, method):
    """Let a client send a request, and return its `_meta`."""
    if method == "server/discover":
        client = make_client(revisions=[MODERN])
        client.connect(0.0)
    elif method == "subscriptions/listen":
        client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    else:
        client.send_request(method, PARAMS.get(method), 0.0)
    (message,) = take(client)
    assert message["method"] == method
    return message["params"]["_meta"]


@pytest.mark.parametrize("method", sorted(set(REQUESTS)))
def test_every_modern_request_says_its_version_its_capabilities_and_its_client(method):
    meta = said_by(open_client(MODERN), method)
    assert meta[f"{PREFIX}protocolVersion"] == MODERN
    assert meta[f"{PREFIX}clientCapabilities"] == codec_for(MODERN).unstructure(EVERY_CLIENT_CAPABILITY)
    assert {"roots", "sampling", "elicitation"} <= set(meta[f"{PREFIX}clientCapabilities"])
    assert meta[f"{PREFIX}clientInfo"] == {"name": "client", "version": "1"}


def test_a_retry_says_it_too():
    client = open_client(MODERN)
    client.send_request("tools/call", {"name": "tool"}, 0.0)
    asked = {"resultType": "input_required", "requestState": "s"}
    tell(client, response(last_id(client), asked))
    (retry,) = take(client)
    assert {f"{PREFIX}protocolVersion", f"{PREFIX}clientCapabilities", f"{PREFIX}clientInfo"} <= set(
        retry["params"]["_meta"]
    )


def test_every_modern_result_names_its_server():
    server = make_server()
    for id_ in (1, 2):
        tell(server, modern(id_, "tools/call", {"name": "tool"}))
    tell(server, modern(3, "server/discover"))
    tell(server, modern(4, "subscriptions/listen", {"notifications": {}}))
    server.respond(1, schema.CallToolResult(content=()), 0.0)
    server.require_input(2, {}, 0.0, request_state="s")
    server.end_subscription(4, 0.0)
    results = {
        message["id"]: message["result"]
        for message in take(server)
        if isinstance(message, dict) and "result" in message
    }
    assert set(results) == {1, 2, 3, 4}
    for result in results.values():
        assert result["_meta"][f"{PREFIX}serverInfo"] == {"name": "server", "version": "1"}


def test_who_the_server_says_it_is_changes_nothing():
    said = []
    for info in ({"name": "a", "version": "1"}, {"name": "ADMIN", "version": "9"}, "nonsense", None):
        client = make_client(revisions=[MODERN])
        client.connect(0.0)
        answer = discover_result(last_id(client))
        if info is not None:
            answer["result"]["_meta"] = {f"{PREFIX}serverInfo": info}
        tell(client, answer)
        (connected,) = events(client)
        client.send_request("tools/call", {"name": "tool"}, 0.0)
        said.append((connected.capabilities, take(client)))
    assert said[0] == said[1] == said[2] == said[3]


# Who may say what


def test_a_modern_server_has_no_way_to_send_a_request():
    pair = connected_pair(MODERN)
    pair.client.send_request("tools/call", {"name": "tool"}, pair.now)
    pair.settle()
    received = pair.take_server_events()[-1]
    with pytest.raises(LocalProtocolError, match="only a legacy session"):
        pair.server.ping(pair.now)
    for method in ("sampling/createMessage", "roots/list", "elicitation/create", "ping"):
        with pytest.raises(LocalProtocolError, match="no such notification"):
            pair.server.notify(method, {}, pair.now, related=received.request_id)
    question = schema.InputRequest(method="roots/list")
    pair.server.require_input(received.request_id, {"k": question}, pair.now)
    pair.settle()
    assert '"method"' not in pair.lines_of("S")[-1].partition('"inputRequests"')[0]


@pytest.mark.parametrize(
    "method", ["sampling/createMessage", "elicitation/create", "roots/list", "ping", "x"]
)
def test_a_request_of_a_modern_server_is_reported_and_not_answered(method):
    client = open_client(MODERN)
    tell(client, request(1, method, {"messages": [], "maxTokens": 1}))
    (violated,) = events(client)
    assert (type(violated).__name__, violated.request_id) == ("ProtocolViolated", 1)
    assert method in violated.reason
    assert take(client) == []


def test_a_modern_client_has_no_way_to_send_a_response():
    client = open_client(MODERN)
    client.send_request("tools/call", {"name": "tool"}, 0.0)
    question = {"resultType": "input_required", "inputRequests": {"k": {"method": "roots/list"}}}
    tell(client, response(last_id(client), question))
    (asked,) = events(client)
    client.provide_input(asked.handle, schema.ListRootsResult(roots=()), 0.0)
    (retry,) = take(client)
    assert retry["method"] == "tools/call"
    tell(client, response(retry["id"], question))
    (asked,) = events(client)
    client.refuse_input(asked.handle, -1, "no", 0.0)
    assert take(client) == []


@pytest.mark.parametrize("answer", [response(7, {"roots": []}), error(7, -1), error(None, -32700)])
def test_a_response_of_a_modern_client_is_reported(answer):
    server = make_server(revisions=[MODERN])
    tell(server, answer)
    assert (kinds(server), take(server)) == (["MessageDropped"], [])


def test_a_modern_server_cancels_subscriptions_and_nothing_else():
    server = make_server()
    tell(server, modern(1, "tools/call", {"name": "tool"}))
    tell(server, modern(2, "subscriptions/listen", {"notifications": {}}))
    drain(server)
    unchanged(server, lambda: server.end_subscription(1, 0.0))
    unchanged(server, lambda: server.notify("notifications/cancelled", {"requestId": 1}, 0.0, related=1))
    server.end_subscription(2, 0.0)
    server.close(0.0)
    server.handle_timeout(100.0)
    cancels = [action for action in take(server) if isinstance(action, tuple) and action[0] == "cancel"]
    assert [request_id for _, request_id, _ in cancels] == [2]


# Capabilities


def test_a_question_that_a_request_did_not_declare_is_refused_before_a_byte_is_written():
    server = make_server()
    poor = {f"{PREFIX}clientCapabilities": {}}
    tell(server, modern(1, "tools/call", {"name": "tool"}))
    tell(server, modern(2, "tools/call", {"name": "tool"}, **poor))
    drain(server)
    question = schema.InputRequest(method="roots/list")
    with pytest.raises(MissingCapability, match="roots"):
        server.require_input(2, {"k": question}, 0.0)
    assert take(server) == []
    server.require_input(1, {"k": question}, 0.0)
    assert len(take(server)) == 1


NEEDS = {
    "tools/list": "tools",
    "tools/call": "tools",
    "prompts/list": "prompts",
    "prompts/get": "prompts",
    "resources/list": "resources",
    "resources/read": "resources",
    "resources/templates/list": "resources",
    "completion/complete": "completions",
}


@pytest.mark.parametrize("revision", [*LEGACY_REVISIONS, MODERN])
def test_what_the_server_did_not_declare_is_refused_before_a_byte_is_written(revision):
    client = open_client(revision, server_capabilities={})
    needs = dict(NEEDS)
    if revision == "2024-11-05":
        del needs["completion/complete"]
    for method, capability in needs.items():
        with pytest.raises(MissingCapability, match=capability):
            client.send_request(method, PARAMS.get(method), 0.0)
    if revision != MODERN:
        for method, params in (
            ("logging/setLevel", {"level": "info"}),
            ("resources/subscribe", {"uri": "a:b"}),
        ):
            with pytest.raises(MissingCapability):
                client.send_request(method, params, 0.0)
    assert (take(client), events(client)) == ([], [])


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_question_that_the_client_did_not_declare_is_an_unknown_method(revision):
    client = open_client(revision, capabilities=schema.ClientCapabilities())
    for id_, method in enumerate(("roots/list", "sampling/createMessage", "elicitation/create", "x")):
        tell(client, request(id_, method, {"messages": [], "maxTokens": 1, "message": "?"}))
    assert [(answer["id"], answer["error"]["code"]) for answer in take(client)] == [
        (id_, -32601) for id_ in range(4)
    ]
    assert "InputRequested" not in kinds(client)


def test_a_client_that_is_asked_for_what_it_did_not_declare_asks_nobody():
    client = open_client(MODERN, capabilities=schema.ClientCapabilities())
    client.send_request("tools/call", {"name": "tool"}, 0.0)
    question = {"resultType": "input_required", "inputRequests": {"k": {"method": "roots/list"}}}
    tell(client, response(last_id(client), question))
    violated, lost = events(client)
    assert "not declared by this client: roots/list needs 'roots'" in violated.reason
    assert isinstance(lost, RequestLost)
    assert take(client) == []


@pytest.mark.parametrize(
    "asked", [{"resultType": "com.example/thing"}, {"resultType": "task", "taskId": "1"}]
)
def test_what_an_extension_adds_is_refused_where_it_was_not_declared_by_both(asked):
    client = open_client(MODERN, server_capabilities={"tools": {}, "extensions": {"com.example/thing": {}}})
    assert client.extensions == {}
    client.send_request("tools/call", {"name": "tool"}, 0.0)
    tell(client, response(last_id(client), asked))
    assert kinds(client) == ["ProtocolViolated", "RequestLost"]
    server = make_server()
    tell(server, modern(1, "com.example/thing"))
    assert take(server)[0]["error"]["code"] == -32601
    tell(server, cancelled(1))
    assert kinds(server) == ["MessageDropped"]


PAGE = {"mode": "url", "message": "?", "url": "https://example.com", "elicitationId": "e"}
FORM = {"message": "?", "requestedSchema": {"type": "object", "properties": {}}}
TOOLS_FOR_THE_MODEL = {"messages": [], "maxTokens": 1, "tools": []}
FORM_ONLY = schema.ClientCapabilities(
    elicitation=schema.ElicitationCapability(), sampling=schema.SamplingCapability()
)
PAGE_ONLY = schema.ClientCapabilities(elicitation=schema.ElicitationCapability(url={}))
BEYOND = [
    (FORM_ONLY, "elicitation/create", PAGE, "elicitation.url"),
    (PAGE_ONLY, "elicitation/create", FORM, "elicitation.form"),
    (FORM_ONLY, "sampling/createMessage", TOOLS_FOR_THE_MODEL, "sampling.tools"),
]


@pytest.mark.parametrize(("capabilities", "method", "params", "missing"), BEYOND)
def test_a_mode_that_the_client_did_not_declare_is_refused_with_the_error_for_params(
    capabilities, method, params, missing
):
    client = open_client("2025-11-25", capabilities=capabilities)
    tell(client, request(1, method, params))
    (answer,) = take(client)
    assert answer["error"] == {
        "code": -32602,
        "message": f"{method}: this client did not declare {missing!r}",
    }
    assert kinds(client) == ["ProtocolViolated"]
    able = open_client("2025-11-25")
    tell(able, request(1, method, params))
    assert (kinds(able), take(able)) == (["InputRequested"], [])


@pytest.mark.parametrize(("capabilities", "method", "params", "missing"), BEYOND)
@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_a_server_does_not_ask_in_a_mode_that_the_client_did_not_declare(
    revision, capabilities, method, params, missing
):
    codec = codec_for("2025-11-25")
    row = METHODS.lookup(method, "2025-11-25", Side.SERVER, Kind.REQUEST)
    question = schema.InputRequest(method=method, params=codec.structure(row.params, params))
    pair = connected_pair(revision, client_capabilities=capabilities)
    pair.client.send_request("tools/call", {"name": "tool"}, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    with pytest.raises(MissingCapability) as caught:
        pair.server.require_input(received.request_id, {"k": question}, pair.now)
    assert caught.value.path == missing
    said = len(pair.transcript)
    pair.settle()
    assert len(pair.transcript) == said
