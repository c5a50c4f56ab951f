"""How a client finds out what a server speaks (2026-07-28, Versioning; stdio, Backward Compatibility)."""

import pytest
from tests.session.ends import (
    MODERN,
    discover_result,
    error,
    events,
    initialize_result,
    kinds,
    last_id,
    make_client,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.session import (
    ClientSession,
    Connected,
    Disconnected,
    Finding,
    ResponseReceived,
    ServerSession,
)
from sansmcp.testing import CLIENT_INFO, EVERY_SERVER_CAPABILITY, SERVER_INFO, Pair

VERSION = "io.modelcontextprotocol/protocolVersion"


def connecting(**options):
    """Return a client that has said its first message, and that message."""
    client = make_client(**options)
    client.connect(0.0)
    (first,) = take(client)
    return client, first


def finding(revision):
    """Return what a client may have been told of a server."""
    return Finding(revision=revision, capabilities=EVERY_SERVER_CAPABILITY)


# The probe


@pytest.mark.parametrize("legacy", [(), *(LEGACY_REVISIONS[:end] for end in range(1, 5))])
def test_whoever_speaks_the_modern_revision_asks_for_the_era_before_anything_else(legacy):
    client, first = connecting(revisions=(*legacy, MODERN))
    assert first["method"] == "server/discover"
    assert first["params"]["_meta"][VERSION] == MODERN
    for command in (
        lambda: client.send_request("tools/list", None, 0.0),
        lambda: client.listen(schema.SubscriptionFilter(), 0.0),
        lambda: client.notify("notifications/roots/list_changed", None, 0.0),
        lambda: client.ping(0.0),
    ):
        with pytest.raises(LocalProtocolError):
            command()
    assert take(client) == []


def test_a_legacy_only_client_asks_for_no_era():
    _, first = connecting(revisions=LEGACY_REVISIONS)
    assert first["method"] == "initialize"


CODES = [-32601, -32602, -32600, -32603, -32700, -32000, -32001, -32002, -32004, -32099, -1, 0, 1, 404]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("data", [None, {"supported": [MODERN], "requested": MODERN}, "text"])
def test_any_error_that_is_none_of_the_modern_ones_leads_to_initialize(code, data):
    client, first = connecting(revisions=REVISIONS)
    tell(client, error(first["id"], code, data=data))
    (second,) = take(client)
    assert (second["method"], second["params"]["protocolVersion"]) == ("initialize", "2025-11-25")
    tell(client, initialize_result(second["id"], "2025-06-18"))
    assert [event.revision for event in events(client)] == ["2025-06-18"]


@pytest.mark.parametrize("code", [-32020, -32021, -32022])
def test_an_error_that_only_a_modern_server_has_leads_to_no_initialize(code):
    client, first = connecting(revisions=REVISIONS)
    tell(client, error(first["id"], code, "not like this", {"requiredCapabilities": {"roots": {}}}))
    assert events(client) == [Disconnected(reason="the server refused server/discover: not like this")]
    assert take(client) == ["close"]


@pytest.mark.parametrize("answer", [{"result": {"hello": 1}}, {"result": []}, {"error": "what?"}])
def test_an_answer_that_cannot_be_used_leads_to_initialize(answer):
    client, first = connecting(revisions=REVISIONS)
    tell(client, {"jsonrpc": "2.0", "id": first["id"], **answer})
    assert take(client)[0]["method"] == "initialize"


def test_silence_leads_to_initialize_and_the_probe_is_not_cancelled():
    client, _ = connecting(revisions=REVISIONS)
    client.handle_timeout(5.0)
    (second,) = take(client)
    assert second["method"] == "initialize"


@pytest.mark.parametrize("reply", ["error", "silence", "versions"])
def test_a_modern_only_client_fails_with_a_reason_at_a_legacy_server(reply):
    client, first = connecting(revisions=(MODERN,))
    if reply == "error":
        tell(client, error(first["id"], -32601, "no such method"))
    elif reply == "versions":
        tell(client, error(first["id"], -32022, data={"supported": ["2025-06-18"], "requested": MODERN}))
    else:
        client.handle_timeout(5.0)
    (gone,) = events(client)
    assert isinstance(gone, Disconnected)
    assert MODERN in gone.reason
    assert {"error": "no such method", "silence": "not answered", "versions": "2025-06-18"}[reply] in (
        gone.reason
    )
    assert take(client) == ["close"]


# Versions


@pytest.mark.parametrize("supported", [["2025-06-18"], ["1999-01-01", "2024-11-05", "2025-06-18"]])
def test_a_refused_version_is_followed_by_the_newest_that_both_speak(supported):
    client, first = connecting(revisions=REVISIONS)
    tell(client, error(first["id"], -32022, data={"supported": supported, "requested": MODERN}))
    (second,) = take(client)
    assert (second["method"], second["params"]["protocolVersion"]) == ("initialize", "2025-06-18")


@pytest.mark.parametrize("supported", [["1999-01-01"], [], ["2099-01-01", "x"]])
def test_a_refused_version_without_one_that_both_speak_ends_the_connection_with_a_reason(supported):
    client, first = connecting(revisions=REVISIONS)
    tell(client, error(first["id"], -32022, data={"supported": supported, "requested": MODERN}))
    (gone,) = events(client)
    assert isinstance(gone, Disconnected)
    assert gone.reason.startswith("no common version: this side speaks 2024-11-05")
    assert gone.reason.endswith(", ".join(supported) or "none")


def test_a_call_whose_version_is_refused_is_sent_once_more_in_one_that_both_speak():
    client = make_client(revisions=REVISIONS, finding=finding(MODERN))
    client.connect(0.0)
    handle = client.send_request("tools/list", None, 0.0)
    refused = {"supported": ["2025-06-18"], "requested": MODERN}
    tell(client, error(last_id(client), -32022, data=refused))
    probe = last_id(client)
    tell(client, error(probe, -32022, data=refused))
    tell(client, initialize_result(last_id(client), "2025-06-18"))
    again = take(client)[-1]
    assert again["method"] == "tools/list"
    assert "_meta" not in again.get("params", {})
    tell(client, response(again["id"], {"tools": []}))
    *_, answered = events(client)
    assert isinstance(answered, ResponseReceived)
    assert answered.handle == handle


# What was found is kept


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_was_found_is_kept_and_given_back_saves_the_probe(revision):
    client, probe = connecting(revisions=REVISIONS)
    assert client.finding is None
    if revision == MODERN:
        tell(client, discover_result(probe["id"]))
    else:
        tell(client, error(probe["id"], -32601))
        tell(client, initialize_result(last_id(client), revision))
    found = client.finding
    assert found.revision == revision
    # It stands for the life of this connection: no further call asks again.
    take(client)
    client.send_request("tools/list", None, 0.0)
    assert [message["method"] for message in take(client)] == ["tools/list"]
    later = make_client(revisions=REVISIONS, finding=found)
    later.connect(0.0)
    if revision == MODERN:
        assert (take(later), kinds(later)) == ([], ["Connected"])
    else:
        (offer,) = take(later)
        assert (offer["method"], offer["params"]["protocolVersion"]) == ("initialize", revision)


def test_a_modern_finding_that_proves_wrong_is_found_anew_and_only_once():
    client = make_client(revisions=REVISIONS, finding=finding(MODERN))
    client.connect(0.0)
    client.send_request("tools/list", None, 0.0)
    tell(client, error(last_id(client), -32601))
    (probe,) = take(client)
    assert probe["method"] == "server/discover"
    tell(client, discover_result(probe["id"]))
    # The server is modern all the same: the error was the call's own, and nobody asks again.
    assert kinds(client) == ["Connected", "Connected", "RequestFailed"]
    client.send_request("tools/list", None, 0.0)
    tell(client, error(last_id(client), -32601))
    assert (kinds(client), take(client)) == (["RequestFailed"], [])


def test_a_legacy_finding_that_proves_wrong_is_found_anew_and_only_once():
    client = make_client(revisions=REVISIONS, finding=finding("2025-11-25"))
    client.connect(0.0)
    refusal = {"supported": [MODERN]}
    tell(client, error(last_id(client), -32601, data=refusal))
    (probe,) = take(client)
    assert probe["method"] == "server/discover"
    # A server that contradicts itself is not asked for ever.
    tell(client, error(probe["id"], -32601))
    tell(client, error(last_id(client), -32601, data=refusal))
    assert kinds(client) == ["Disconnected"]


def test_a_stored_finding_of_another_server_leads_to_the_right_one():
    server = ServerSession(info=SERVER_INFO, capabilities=EVERY_SERVER_CAPABILITY, revisions=["2025-06-18"])
    pair = Pair(ClientSession(info=CLIENT_INFO, finding=finding(MODERN)), server)
    pair.client.connect(0.0)
    handle = pair.client.send_request("prompts/list", None, 0.0)
    pair.settle()
    received = pair.take_server_events()[-1]
    pair.server.respond(received.request_id, schema.ListPromptsResult(prompts=()), 0.0)
    pair.settle()
    told = pair.take_client_events()
    assert [event.revision for event in told if isinstance(event, Connected)] == [MODERN, "2025-06-18"]
    assert (told[-1].handle, pair.client.finding.revision) == (handle, "2025-06-18")
