"""How a client learns what its server speaks (2026-07-28, stdio, Backward Compatibility, and Versioning)."""

import itertools

import pytest
from tests.session.ends import (
    INITIALIZED,
    MODERN,
    SERVER,
    connecting,
    discover_result,
    drain,
    error,
    events,
    fallen_back,
    given_up,
    handshaking,
    initialize_result,
    kinds,
    make_client,
    make_server,
    open_client,
    probing,
    request,
    response,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS, Era
from sansmcp.session import (
    CallHandle,
    CallRequest,
    DetectionState,
    Disconnected,
    Finding,
    Phase,
    ProtocolViolated,
    Timeouts,
)

DISCONNECTED = "Disconnected"
LEGACY_PEER = "2025-11-25"


# The handshake


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_initialize_names_version_capabilities_and_client_and_initialized_follows_at_once(revision):
    client, (hello,) = connecting(
        revisions=[revision],
        capabilities=schema.ClientCapabilities(roots=schema.RootsCapability(list_changed=True)),
    )
    assert hello["params"] == {
        "protocolVersion": revision,
        "capabilities": {"roots": {"listChanged": True}},
        "clientInfo": {"name": "client", "version": "1"},
    }
    result = {**initialize_result(hello["id"], revision)["result"], "instructions": "be kind"}
    tell(client, response(hello["id"], result))
    assert take(client) == [INITIALIZED]
    (connected,) = events(client)
    assert (connected.revision, connected.era, connected.instructions) == (revision, Era.LEGACY, "be kind")
    assert connected.server_info == SERVER
    assert connected.capabilities.tools == schema.ToolsCapability(list_changed=True)
    assert (client.revision, client.phase, client.detection) == (
        revision,
        Phase.OPERATING,
        DetectionState.LEGACY,
    )
    assert client.server_capabilities == connected.capabilities
    assert client.finding == Finding(
        revision=revision, capabilities=connected.capabilities, server_info=SERVER, instructions="be kind"
    )


def subsets(revisions):
    return [
        subset for size in range(1, len(revisions) + 1) for subset in itertools.combinations(revisions, size)
    ]


@pytest.mark.parametrize("ours", subsets(LEGACY_REVISIONS), ids="+".join)
def test_the_latest_version_is_offered_and_any_answer_that_we_speak_is_accepted(ours):
    for answered in (*REVISIONS, "1999-01-01"):
        client, (hello,) = connecting(revisions=ours)
        assert hello["params"]["protocolVersion"] == max(ours)
        tell(client, initialize_result(hello["id"], answered))
        if answered in ours:
            assert events(client)[0].revision == client.revision == answered
        else:
            ended = given_up(client)
            assert (
                ended.reason
                == f"no common version: this side speaks {', '.join(sorted(ours))}; the server {answered}"
            )


@pytest.mark.parametrize(
    "answer", [{}, {"protocolVersion": 7}, {"protocolVersion": []}, {"protocolVersion": LEGACY_PEER}]
)
def test_an_answer_to_initialize_that_cannot_be_used_ends_the_connection(answer):
    client, id_ = handshaking()
    tell(client, response(id_, answer))
    violated, ended = events(client)
    assert isinstance(violated, ProtocolViolated)
    assert "cannot be used" in ended.reason


def test_an_initialize_that_is_refused_ends_the_connection_with_the_servers_words():
    client, id_ = handshaking()
    tell(client, error(id_, -32603, "not today"))
    assert given_up(client).reason == "the server refused initialize: not today (-32603)"


def test_an_initialize_that_gets_no_answer_ends_the_connection_and_is_never_cancelled():
    client, _ = handshaking(timeouts=Timeouts(request=7.0))
    assert client.next_deadline() == 7.0
    client.handle_timeout(6.9)
    assert events(client) == []
    client.handle_timeout(7.0)
    assert given_up(client).reason == "initialize was not answered within its timeout"


def test_the_handshake_cannot_be_cancelled_by_its_handle_either():
    client, _ = handshaking()
    with pytest.raises(LocalProtocolError, match="never cancelled"):
        client.cancel(CallHandle(1), 0.0)
    assert take(client) == []
    asking, _ = probing()
    asking.cancel(CallHandle(1), 0.0)
    assert (take(asking), asking.detection) == ([], DetectionState.PROBING)


def test_a_client_is_silent_until_initialize_is_answered_but_for_pings():
    client, id_ = handshaking()
    for command in (
        lambda: client.send_request("tools/list", None, 0.0),
        lambda: client.send_batch([CallRequest(method="tools/list")], 0.0),
        lambda: client.notify("notifications/roots/list_changed", None, 0.0),
        lambda: client.listen(schema.SubscriptionFilter(), 0.0),
        lambda: client.set_log_level("info", 0.0),
        lambda: client.connect(0.0),
    ):
        assert "handshaking" in unchanged(client, command)
    ping = client.ping(0.0)
    assert [message["method"] for message in take(client)] == ["ping"]
    tell(client, response(2, {}))
    (answered,) = events(client)
    assert answered.handle == ping
    tell(client, initialize_result(id_, LEGACY_PEER))
    assert kinds(client) == ["Connected"]


def test_a_session_connects_once_and_needs_a_revision():
    client, _ = handshaking()
    assert "connects once" in unchanged(client, lambda: client.connect(0.0))
    for make in (make_client, make_server):
        with pytest.raises(LocalProtocolError, match="at least one"):
            make(revisions=[])
        with pytest.raises(LocalProtocolError, match="1999-01-01"):
            make(revisions=["2025-11-25", "1999-01-01"])


@pytest.mark.parametrize("level", ["loud", "", 7, []])
def test_a_level_that_does_not_exist_is_not_asked_for(level):
    with pytest.raises(LocalProtocolError, match="log_level: expected one of debug, info, "):
        make_client(log_level=level)


# The probe


def test_a_client_of_both_eras_asks_first_with_everything_a_modern_request_says():
    client, (probe,) = connecting(capabilities=schema.ClientCapabilities(), log_level="error")
    assert probe["method"] == "server/discover"
    assert probe["params"]["_meta"] == {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "client", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/logLevel": "error",
    }
    assert (client.detection, client.revision, client.finding) == (DetectionState.PROBING, None, None)
    for command in (lambda: client.send_request("tools/list", None, 0.0), lambda: client.ping(0.0)):
        unchanged(client, command)


def test_a_result_means_modern():
    client, id_ = probing()
    info = {
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "server", "version": "1"}},
        "instructions": "be kind",
    }
    answer = discover_result(id_, [*REVISIONS, "2099-01-01"])
    tell(client, {**answer, "result": {**answer["result"], **info}})
    (connected,) = events(client)
    assert (connected.revision, connected.era) == (MODERN, Era.MODERN)
    assert (connected.server_info, connected.instructions) == (SERVER, "be kind")
    assert client.finding == Finding(
        revision=MODERN, capabilities=connected.capabilities, server_info=SERVER, instructions="be kind"
    )
    assert (take(client), client.next_deadline(), client.phase) == ([], None, Phase.NEW)


CODES = [
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
    -32000,
    -32001,
    -32002,
    -32003,
    -32004,
    -32042,
    -1,
    0,
    1,
    404,
]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("data", [None, {"supported": [MODERN]}])
def test_any_error_that_is_none_of_the_modern_ones_means_legacy(code, data):
    client, id_ = probing()
    tell(client, error(id_, code, "what?", data))
    hello = fallen_back(client)
    assert hello["params"]["protocolVersion"] == LEGACY_PEER
    tell(client, initialize_result(hello["id"], "2024-11-05"))
    assert events(client)[0].revision == "2024-11-05"


def test_silence_means_legacy_and_the_probe_is_not_cancelled():
    client, id_ = probing(timeouts=Timeouts(probe=3.0))
    assert client.next_deadline() == 3.0
    client.handle_timeout(3.0)
    hello = fallen_back(client)
    # An answer that is late has no place, whatever it says.
    tell(client, discover_result(id_), 3.1)
    assert kinds(client) == ["MessageDropped"]
    tell(client, initialize_result(hello["id"], "2025-03-26"), 3.2)
    assert events(client)[0].revision == "2025-03-26"


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"supportedVersions": 7},
        7,
        {"resultType": "input_required", "requestState": "s"},
        {"resultType": "odd"},
    ],
)
def test_an_answer_to_the_probe_that_cannot_be_used_means_legacy(broken):
    client, id_ = probing()
    tell(client, {"jsonrpc": "2.0", "id": id_, "result": broken})
    assert kinds(client) == ["ProtocolViolated"]
    fallen_back(client)


@pytest.mark.parametrize(
    ("theirs", "offered"),
    [
        (["2025-06-18"], "2025-06-18"),
        (["2024-11-05", "2025-03-26"], "2025-03-26"),
        (["2025-11-25", "x"], "2025-11-25"),
    ],
)
def test_a_list_of_legacy_versions_leads_to_the_newest_of_them(theirs, offered):
    client, id_ = probing()
    tell(client, discover_result(id_, theirs))
    assert fallen_back(client)["params"]["protocolVersion"] == offered
    refused, id_ = probing()
    tell(refused, error(id_, -32022, "no", {"supported": theirs, "requested": MODERN}))
    assert fallen_back(refused)["params"]["protocolVersion"] == offered


@pytest.mark.parametrize("theirs", [[], ["2099-01-01"], ["x" * 100] * 50])
def test_no_common_version_ends_the_connection_with_both_lists(theirs):
    for answer in (discover_result, lambda id_, versions: error(id_, -32022, "no", {"supported": versions})):
        client, id_ = probing()
        tell(client, answer(id_, theirs))
        ended = given_up(client)
        assert ended.reason.startswith("no common version: this side speaks 2024-11-05, ")
        assert (theirs[0][:20] if theirs else "none") in ended.reason
        assert len(ended.reason) < 600
        assert not ended.while_probing


@pytest.mark.parametrize("code", [-32020, -32021])
def test_a_refusal_of_the_modern_era_means_modern_and_ends_the_connection(code):
    client, id_ = probing()
    tell(client, error(id_, code, "no way"))
    assert given_up(client).reason == "the server refused server/discover: no way"


def test_a_client_that_speaks_the_modern_revision_alone_probes_too_and_fails_with_a_reason():
    client, id_ = probing(revisions=[MODERN])
    tell(client, error(id_, -32601, "what?"))
    assert (
        given_up(client).reason
        == f"the server speaks none of {MODERN}: it answered server/discover with 'what?' (-32601)"
    )
    silent, _ = probing(revisions=[MODERN])
    silent.handle_timeout(5.0)
    assert "was not answered" in given_up(silent).reason


def test_a_legacy_server_may_ping_during_the_probe():
    client, _ = probing()
    tell(client, request("p", "ping"))
    assert (take(client), events(client)) == ([response("p", {})], [])


# The end of input at every stage


@pytest.mark.parametrize(
    ("start", "while_probing"),
    [
        (make_client, False),
        (lambda: probing()[0], True),
        (lambda: handshaking()[0], False),
        (lambda: open_client(LEGACY_PEER), False),
        (lambda: open_client(MODERN), False),
    ],
    ids=["new", "probing", "handshaking", "legacy", "modern"],
)
def test_the_end_of_input_ends_a_client_at_every_stage(start, while_probing):
    client = start()
    drain(client)
    client.receive_eof(1.0)
    client.receive_eof(2.0)
    client.close(2.0)
    ended = given_up(client)
    assert ended == Disconnected(reason="the peer closed the connection", while_probing=while_probing)


def test_a_server_that_ends_after_it_refused_the_probe_has_ended_because_of_it():
    client, id_ = probing()
    tell(client, error(id_, -32601))
    fallen_back(client)
    client.receive_eof(0.1)
    assert given_up(client).while_probing


def test_to_close_while_probing_is_our_own_doing():
    for start in (probing, handshaking):
        client, _ = start()
        client.close(1.0)
        client.close(1.0)
        ended = given_up(client)
        assert (ended.reason, ended.while_probing) == ("this side closed the connection", False)


def test_a_server_that_ended_while_probing_is_connected_to_when_told_to_be_legacy():
    finding = Finding(revision=LEGACY_PEER, capabilities=schema.ServerCapabilities())
    client, (hello,) = connecting(finding=finding)
    assert hello["method"] == "initialize"
    tell(client, initialize_result(hello["id"], LEGACY_PEER))
    assert kinds(client) == ["Connected"]


# What a modern server says to initialize


@pytest.mark.parametrize("code", [-32601, -32022, -32600])
def test_a_slow_modern_server_that_names_its_versions_is_asked_again_once(code):
    client, _ = probing()
    client.handle_timeout(5.0)
    hello = fallen_back(client)
    tell(client, error(hello["id"], code, "no", {"supported": [MODERN]}), 5.1)
    (probe,) = take(client)
    assert probe["method"] == "server/discover"
    tell(client, discover_result(probe["id"]), 5.2)
    assert events(client)[0].revision == MODERN


def test_a_server_that_contradicts_itself_is_not_asked_for_ever():
    client, id_ = probing()
    for _ in range(2):
        tell(client, error(id_, -32601))
        hello = fallen_back(client)
        tell(client, error(hello["id"], -32022, "no", {"supported": [MODERN]}))
        again = take(client)
        if again == ["close"]:
            break
        id_ = again[0]["id"]
    assert events(client)[0].reason == "the server refused initialize: no (-32022)"


@pytest.mark.parametrize("data", [None, {"supported": ["2025-06-18"]}, {"supported": 7}, [MODERN]])
def test_an_error_to_initialize_that_names_no_modern_version_ends_the_connection(data):
    client, id_ = probing()
    tell(client, error(id_, -32601))
    hello = fallen_back(client)
    tell(client, error(hello["id"], -32602, "no", data))
    assert "refused initialize" in given_up(client).reason


def test_a_legacy_client_does_not_go_modern():
    client, id_ = handshaking()
    tell(client, error(id_, -32601, f"this server speaks {MODERN}", {"supported": [MODERN]}))
    assert MODERN in given_up(client).reason
