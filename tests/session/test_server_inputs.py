"""What a client says to a server (Lifecycle of 2024-11-05 to 2025-11-25; 2026-07-28, Versioning)."""

import itertools
import json

import pytest
from tests.session.ends import (
    CLIENT,
    INITIALIZED,
    MODERN,
    call_of,
    cancelled,
    drain,
    events,
    initialize,
    kinds,
    make_server,
    modern,
    open_server,
    request,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS, MODERN_REVISIONS, REVISIONS, Era
from sansmcp.session import Phase, SessionLimits, SessionOpened
from sansmcp.wire import decode

# The handshake


def subsets(revisions):
    return [
        subset for size in range(1, len(revisions) + 1) for subset in itertools.combinations(revisions, size)
    ]


@pytest.mark.parametrize("supported", subsets(LEGACY_REVISIONS), ids="+".join)
@pytest.mark.parametrize("modern_too", [False, True])
def test_every_offered_version_is_answered_with_itself_or_the_latest_legacy_one(supported, modern_too):
    revisions = supported + (MODERN_REVISIONS if modern_too else ())
    for offered in (*REVISIONS, "1999-01-01", "2099-01-01", ""):
        server = make_server(revisions=revisions)
        tell(server, initialize(1, offered))
        expected = offered if offered in supported else max(supported)
        assert take(server)[0]["result"]["protocolVersion"] == expected
        assert (server.revision, events(server)[0].revision) == (expected, expected)


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_initialize_is_answered_in_full_and_opens_a_session(revision):
    server = make_server(instructions="be kind")
    tell(server, initialize("a", revision, {"roots": {"listChanged": True}, "experimental": {"x": {}}}))
    answer = take(server)
    assert [message["id"] for message in answer] == ["a"]
    result = answer[0]["result"]
    assert result["protocolVersion"] == revision
    assert result["serverInfo"] == {"name": "server", "version": "1"}
    assert result["instructions"] == "be kind"
    assert set(result["capabilities"]) >= {"logging", "prompts", "resources", "tools"}
    assert ("completions" in result["capabilities"]) is (revision >= "2025-03-26")
    opened = SessionOpened(
        revision=revision,
        client_info=CLIENT,
        capabilities=schema.ClientCapabilities(
            roots=schema.RootsCapability(list_changed=True), experimental={"x": {}}
        ),
    )
    assert events(server) == [opened]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_nothing_but_ping_is_served_before_initialized_and_the_news_of_it_comes_once(revision):
    server = make_server()
    everything = [
        request(method, method, {"name": "x", "uri": "x", "level": "info"})
        for method in ("tools/list", "tools/call", "resources/subscribe", "logging/setLevel", "no/such")
    ]
    for stage in ("before initialize", "before initialized"):
        for message in everything:
            tell(server, message)
        assert [refusal["error"]["code"] for refusal in take(server)] == [-32600] * len(everything), stage
        assert kinds(server) == ["ProtocolViolated"] * len(everything)
        tell(server, request("p", "ping"))
        assert take(server) == [response("p", {})]
        if stage == "before initialize":
            tell(server, initialize(0, revision))
            drain(server)
    tell(server, INITIALIZED)
    assert kinds(server) == ["ClientInitialized"]
    tell(server, INITIALIZED)
    assert kinds(server) == ["ProtocolViolated"]
    tell(server, request(1, "tools/call", {"name": "x"}))
    assert kinds(server) == ["RequestReceived"]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_second_initialize_is_refused_and_the_first_one_counts(revision):
    server = open_server(revision, capabilities={"sampling": {}})
    other = initialize(5, LEGACY_REVISIONS[0], {"roots": {}})
    tell(server, other)
    assert [refusal["error"]["code"] for refusal in take(server)] == [-32600]
    tell(server, request(6, "tools/call", {"name": "x"}))
    violated, received = events(server)
    assert violated.code == -32600
    assert received.revision == revision
    assert received.capabilities == schema.ClientCapabilities(sampling=schema.SamplingCapability())


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"protocolVersion": 7, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}},
        {"protocolVersion": "2025-11-25", "clientInfo": {"name": "c", "version": "1"}},
        {"protocolVersion": "2025-11-25", "capabilities": {}},
        {"protocolVersion": "2025-11-25", "capabilities": [], "clientInfo": {"name": "c", "version": "1"}},
    ],
)
def test_an_initialize_that_does_not_fit_is_refused_and_may_be_said_again(params):
    server = make_server()
    tell(server, request(1, "initialize", params))
    assert take(server)[0]["error"]["code"] == -32602
    assert kinds(server) == ["ProtocolViolated"]
    tell(server, initialize(2, "2025-11-25"))
    assert kinds(server) == ["SessionOpened"]


# The modern era


def test_a_modern_request_needs_nothing_before_it_and_says_everything_itself():
    server = make_server()
    meta = {
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "2"},
        "io.modelcontextprotocol/logLevel": "error",
        "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        "traceparent": "00-1-2-01",
        "tracestate": "a=b",
        "baggage": "k=v",
        "progressToken": "t",
    }
    tell(server, modern(1, "tools/call", {"name": "x", "arguments": {"a": [1]}}, **meta))
    (received,) = events(server)
    assert (received.request_id, received.method, received.revision, received.era) == (
        1,
        "tools/call",
        MODERN,
        Era.MODERN,
    )
    assert received.capabilities == schema.ClientCapabilities(roots=schema.RootsCapability())
    assert received.client_info == schema.Implementation(name="c", version="2")
    assert (received.log_level, received.progress_token, received.round) == ("error", "t", 0)
    assert received.params.arguments == {"a": [1]}
    assert received.message.params["_meta"]["traceparent"] == "00-1-2-01"
    assert {key: received.params.meta[key] for key in ("traceparent", "tracestate", "baggage")} == {
        "traceparent": "00-1-2-01",
        "tracestate": "a=b",
        "baggage": "k=v",
    }
    assert take(server) == []


def test_discover_is_answered_without_a_handler():
    server = make_server(instructions="be kind", revisions=["2025-06-18", MODERN])
    tell(server, modern("d", "server/discover"))
    (answer,) = take(server)
    assert answer["id"] == "d"
    result = answer["result"]
    assert result["supportedVersions"] == [MODERN, "2025-06-18"]
    assert (result["resultType"], result["instructions"]) == ("complete", "be kind")
    assert (result["ttlMs"], result["cacheScope"]) == (0, "private")
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"] == {"name": "server", "version": "1"}
    assert events(server) == []


def test_a_modern_request_that_is_incomplete_is_a_breach_and_a_wrong_version_is_none():
    server = make_server()
    tell(server, request(1, "tools/list", {"_meta": {"io.modelcontextprotocol/protocolVersion": MODERN}}))
    assert take(server)[0]["error"]["code"] == -32602
    assert kinds(server) == ["ProtocolViolated"]
    tell(server, modern(2, "tools/list", **{"io.modelcontextprotocol/protocolVersion": "2099-01-01"}))
    (refusal,) = take(server)
    assert refusal["error"]["code"] == -32022
    assert refusal["error"]["data"] == {"supported": list(reversed(REVISIONS)), "requested": "2099-01-01"}
    assert events(server) == []


@pytest.mark.parametrize(
    "method", ["ping", "logging/setLevel", "resources/subscribe", "initialize", "no/such"]
)
def test_a_method_that_the_modern_era_does_not_have_is_not_found(method):
    server = make_server()
    tell(server, modern(1, method, {"level": "info", "uri": "x"}))
    assert take(server)[0]["error"]["code"] == -32601
    assert events(server) == []


def test_a_modern_only_server_tells_a_legacy_client_what_it_speaks():
    server = make_server(revisions=[MODERN])
    tell(server, initialize(1, "2025-11-25"))
    (refusal,) = take(server)
    assert refusal["error"]["code"] == -32601
    assert refusal["error"]["data"] == {"supported": [MODERN]}
    assert MODERN in refusal["error"]["message"]
    tell(server, request(2, "tools/list"))
    assert take(server)[0]["error"]["code"] == -32602
    tell(server, INITIALIZED)
    tell(server, request(3, "ping"))
    assert take(server)[0]["error"]["code"] == -32602
    assert server.phase is Phase.NEW


# Both eras in one session


def test_a_legacy_session_and_modern_requests_are_served_side_by_side():
    server = open_server("2025-06-18", capabilities={"sampling": {}})
    order = [(1, "2025-06-18"), ("1", MODERN), (2, MODERN), ("2", "2025-06-18")]
    for id_, revision in order:
        tell(server, call_of(revision, id_))
    received = events(server)
    assert [(event.request_id, event.revision) for event in received] == order
    assert [event.capabilities.sampling is not None for event in received] == [True, True, True, True]
    assert [event.capabilities.roots is not None for event in received] == [False, True, True, False]
    for id_, _ in order:
        server.respond(id_, schema.CallToolResult(content=(), structured_content={"a": 1}), 0.0)
    answers = take(server)
    assert [(answer["id"], "resultType" in answer["result"]) for answer in answers] == [
        (1, False),
        ("1", True),
        (2, True),
        ("2", False),
    ]


def test_nothing_is_inferred_from_earlier_modern_requests():
    server = make_server()
    tell(server, modern(1, "tools/call", {"name": "x"}))
    poor = {"io.modelcontextprotocol/clientCapabilities": {}}
    tell(server, modern(2, "tools/call", {"name": "x"}, **poor))
    first, second = events(server)
    assert first.capabilities.elicitation is not None
    assert second.capabilities == schema.ClientCapabilities()
    assert (server.revision, server.phase) == (None, Phase.NEW)


def test_who_the_client_says_it_is_changes_nothing():
    said = []
    for name in ("a", "ADMIN"):
        server = make_server()
        info = {"io.modelcontextprotocol/clientInfo": {"name": name, "version": "1"}}
        tell(server, modern(1, "tools/call", {"name": "x"}, **info))
        tell(server, modern(2, "server/discover", **info))
        (received,) = events(server)
        server.respond(1, schema.CallToolResult(content=()), 0.0)
        said.append((take(server), received.method, received.capabilities))
    assert said[0] == said[1]


# Requests


@pytest.mark.parametrize("revision", REVISIONS)
def test_ids_7_and_the_text_7_are_two_requests_and_a_duplicate_is_dropped(revision):
    server = open_server(revision)
    for id_ in (7, "7", 7, "7"):
        tell(server, call_of(revision, id_))
    found = events(server)
    assert [type(event).__name__ for event in found] == ["RequestReceived"] * 2 + ["MessageDropped"] * 2
    assert found[2].reason == "a request with the id 7 is in flight"
    assert [type(event.request_id) for event in found[:2]] == [int, str]
    tell(server, cancelled(7))
    assert [event.request_id for event in events(server)] == [7]
    assert take(server) == [("end", 7)]
    server.respond("7", schema.CallToolResult(content=()), 0.0)
    assert [answer["id"] for answer in take(server)] == ["7"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_id_is_free_again_once_its_request_was_answered(revision):
    server = open_server(revision)
    for _ in range(3):
        tell(server, call_of(revision, 7))
        assert kinds(server) == ["RequestReceived"]
        server.respond(7, schema.CallToolResult(content=()), 0.0)
        assert len(take(server)) == 1


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_whole_message_reaches_the_handler_with_its_unknown_members(revision):
    server = open_server(revision)
    call = call_of(
        revision, 1, params={"name": "x", "arguments": {"a": {"b": [None, 1.5]}}, "acme/new": {"deep": [1]}}
    )
    tell(server, {**call, "acme/envelope": True})
    (received,) = events(server)
    assert received.message == decode(json.dumps({**call, "acme/envelope": True}).encode())
    assert received.message.extra == {"acme/envelope": True}
    assert received.params.extra == {"acme/new": {"deep": [1]}}
    assert received.params.arguments == {"a": {"b": [None, 1.5]}}


@pytest.mark.parametrize("revision", REVISIONS)
def test_params_that_do_not_fit_reach_no_handler(revision):
    server = open_server(revision)
    tell(server, call_of(revision, 1, params={"name": 7}))
    assert take(server)[0]["error"] == {
        "code": -32602,
        "message": "params of tools/call: name: expected a string, found 7",
    }
    assert [(event.code, event.request_id) for event in events(server)] == [(-32602, 1)]
    if revision != MODERN:
        tell(server, request(2, "tools/call"))
        assert take(server)[0]["error"]["code"] == -32602


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("token", [True, None, 1.5, [], {}])
def test_a_progress_token_of_another_type_is_refused(revision, token):
    server = open_server(revision)
    tell(server, call_of(revision, 1, progressToken=token))
    assert take(server)[0]["error"]["code"] == -32602


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_the_server_did_not_declare_is_not_found(revision):
    server = open_server(revision)
    nothing = make_server(capabilities=schema.ServerCapabilities())
    if revision != MODERN:
        tell(nothing, initialize(0, revision))
        tell(nothing, INITIALIZED)
        drain(nothing)
    reference = {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": ""}}
    for method in ("tools/list", "prompts/list", "resources/list", "completion/complete"):
        tell(nothing, call_of(revision, method, method, reference))
    codes = [answer["error"]["code"] for answer in take(nothing) if "error" in answer]
    # 2024-11-05 has completion without a capability for it.
    assert codes == [-32601] * (3 if revision == "2024-11-05" else 4)
    assert kinds(nothing) == (["RequestReceived"] if revision == "2024-11-05" else [])
    tell(server, call_of(revision, 1, "tools/list"))
    assert kinds(server) == ["RequestReceived"]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_ping_is_answered_at_once_even_past_every_limit(revision):
    server = open_server(revision, limits=SessionLimits(requests_in_flight=1, backlog=0))
    for id_ in range(3):
        tell(server, call_of(revision, id_))
    drain(server)
    tell(server, request("p", "ping"))
    assert (take(server), events(server)) == ([response("p", {})], [])


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_the_level_of_logging_is_kept_without_a_handler_and_checked(revision):
    server = open_server(revision)
    tell(server, request(1, "logging/setLevel", {"level": "warning"}))
    assert (take(server), events(server)) == ([response(1, {})], [])
    tell(server, call_of(revision, 2))
    assert events(server)[0].log_level == "warning"
    for level in ("loud", "WARNING", None, 7, []):
        tell(server, request(3, "logging/setLevel", {"level": level}))
        assert take(server)[0]["error"]["code"] == -32602
    tell(server, call_of(revision, 4))
    assert events(server)[-1].log_level == "warning"


# Subscriptions to resources in the legacy era


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_resources_that_a_legacy_client_subscribes_to_are_kept_for_the_user(revision):
    server = open_server(revision, limits=SessionLimits(subscriptions=2))
    for id_, uri in enumerate(["a", "b", "a"]):
        tell(server, request(id_, "resources/subscribe", {"uri": uri}))
    assert take(server) == [response(id_, {}) for id_ in range(3)]
    assert [event.filter.resource_subscriptions for event in events(server)] == [("a",), ("b",)]
    tell(server, request(3, "resources/subscribe", {"uri": "c"}))
    assert take(server)[0]["error"] == {"code": -32603, "message": "too many subscriptions: 2 are open"}
    for id_, uri in enumerate(["a", "a"]):
        tell(server, request(id_, "resources/unsubscribe", {"uri": uri}))
    assert take(server) == [response(id_, {}) for id_ in range(2)]
    (closed,) = events(server)
    assert (closed.subscription_id, closed.filter.resource_subscriptions) == (None, ("a",))
    assert closed.reason == "the client unsubscribed"
    assert server.stats().subscriptions == 1
