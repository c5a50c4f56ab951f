"""How a client opens a legacy session, and what holds in it (Lifecycle of 2024-11-05 to 2025-11-25)."""

import json

import pytest
from tests.session.ends import (
    MODERN,
    call_of,
    error,
    events,
    initialize_result,
    kinds,
    make_client,
    notification,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS, codec_for
from sansmcp.session import Disconnected
from sansmcp.testing import EVERY_CLIENT_CAPABILITY, connected_pair


def connecting(**options):
    """Return a client that has said its first message, and that message."""
    client = make_client(**options)
    client.connect(0.0)
    (first,) = take(client)
    return client, first


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_initialize_names_its_version_its_capabilities_and_the_client(revision):
    _, first = connecting(revisions=(revision,))
    assert first["method"] == "initialize"
    assert first["params"] == {
        "protocolVersion": revision,
        "capabilities": codec_for(revision).unstructure(EVERY_CLIENT_CAPABILITY),
        "clientInfo": {"name": "client", "version": "1"},
    }
    assert {"roots", "sampling"} <= set(first["params"]["capabilities"])


@pytest.mark.parametrize(
    "revisions", [*(LEGACY_REVISIONS[: end + 1] for end in range(4)), ("2025-06-18", "2024-11-05")]
)
def test_a_client_offers_the_latest_legacy_version_that_it_supports(revisions):
    _, first = connecting(revisions=revisions)
    assert first["params"]["protocolVersion"] == max(revisions)
    client, probe = connecting(revisions=(*revisions, MODERN))
    tell(client, error(probe["id"], -32601))
    (offer,) = take(client)
    assert (offer["method"], offer["params"]["protocolVersion"]) == ("initialize", max(revisions))


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_initialized_is_the_first_thing_that_a_client_says_after_the_answer(revision):
    client, first = connecting(revisions=(revision,))
    tell(client, initialize_result(first["id"], revision))
    client.send_request("tools/list", None, 0.0)
    initialized, call = take(client)
    assert initialized == notification("notifications/initialized")
    assert call["method"] == "tools/list"
    refused, first = connecting(revisions=(revision,))
    tell(refused, error(first["id"], -32603))
    assert take(refused) == ["close"]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_before_the_answer_a_client_says_nothing_but_pings(revision):
    client, first = connecting(revisions=(revision,))
    for command in (
        lambda: client.send_request("tools/list", None, 0.0),
        lambda: client.set_log_level("info", 0.0),
        lambda: client.listen(schema.SubscriptionFilter(), 0.0),
        lambda: client.notify("notifications/roots/list_changed", None, 0.0),
    ):
        with pytest.raises(LocalProtocolError):
            command()
    assert take(client) == []
    client.ping(0.0)
    (ping,) = take(client)
    assert ping["method"] == "ping"
    tell(client, initialize_result(first["id"], revision))
    assert kinds(client) == ["Connected"]


@pytest.mark.parametrize("answered", ["1999-01-01", "", "2025-03-26", MODERN])
def test_a_client_leaves_with_a_reason_when_it_cannot_speak_the_version_of_the_answer(answered):
    client, first = connecting(revisions=("2024-11-05", "2025-11-25"))
    tell(client, initialize_result(first["id"], answered))
    (gone,) = events(client)
    assert isinstance(gone, Disconnected)
    assert "no common version: this side speaks 2024-11-05, 2025-11-25" in gone.reason
    assert gone.reason.endswith(answered)
    assert take(client) == ["close"]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_an_initialize_without_an_answer_ends_the_connection_with_a_reason(revision):
    client, _ = connecting(revisions=(revision,))
    assert client.next_deadline() == 60.0
    client.handle_timeout(60.0)
    assert events(client) == [Disconnected(reason="initialize was not answered within its timeout")]
    # Nothing but the end: an initialize is not cancelled either.
    assert take(client) == ["close"]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_an_initialize_cannot_be_cancelled_and_giving_it_up_closes_the_connection(revision):
    client, first = connecting(revisions=(revision,))
    with pytest.raises(LocalProtocolError, match=r"initialize is never cancelled; close\(\) instead"):
        client.cancel(1, 0.0)
    with pytest.raises(LocalProtocolError):
        client.notify("notifications/cancelled", {"requestId": first["id"]}, 0.0)
    assert take(client) == []
    client.close(1.0)
    assert take(client) == ["close"]


# What was negotiated


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("probing", [False, True])
def test_methods_fields_and_codes_are_those_of_the_negotiated_version(revision, probing):
    pair = connected_pair(revision, probing=probing)
    absent = "ping" if revision == MODERN else "server/discover"
    with pytest.raises(LocalProtocolError, match=f"{revision} has no such method"):
        pair.client.send_request("elicitation/create", None, pair.now)
    for message in (call_of(revision, 90, absent), call_of(revision, 91)):
        pair.send_as_client(json.dumps(message).encode() + b"\n")
    pair.settle()
    assert json.loads(pair.lines_of("S")[-1])["error"]["code"] == -32601
    received = pair.take_server_events()[-1]
    assert (received.request_id, received.revision) == (91, revision)
    link = schema.ResourceLink(uri="a:b", name="b")
    pair.server.respond(
        91, schema.CallToolResult(content=(link,), structured_content={"a": 1}, meta={"a/b": 1}), pair.now
    )
    pair.settle()
    result = json.loads(pair.lines_of("S")[-1])["result"]
    assert result["content"][0]["type"] == ("resource_link" if revision >= "2025-06-18" else "text")
    assert ("structuredContent" in result) is (revision >= "2025-06-18")
    assert ("resultType" in result) is (revision == MODERN)


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_what_a_server_says_is_read_in_the_negotiated_version(revision):
    client, first = connecting(revisions=LEGACY_REVISIONS)
    tell(client, initialize_result(first["id"], revision))
    client.send_request("tools/list", None, 0.0)
    call = take(client)[-1]
    events(client)
    tool = {"name": "a", "title": "A", "inputSchema": {"type": "object"}, "annotations": {"title": "B"}}
    tell(client, response(call["id"], {"tools": [tool], "ttlMs": 7}))
    (answered,) = events(client)
    assert answered.result.ttl_ms == 0
    assert (answered.result.tools[0].title is not None) is (revision >= "2025-06-18")
    assert (answered.result.tools[0].annotations is not None) is (revision >= "2025-03-26")
    # Members of other revisions do not come back by another way.
    assert answered.result.extra == {}
