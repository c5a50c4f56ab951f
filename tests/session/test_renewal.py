"""What a transport tells a client's session besides messages: refusals, and that its session is gone.

Source: 2025-03-26 to 2025-11-25, Session Management: a client whose session the server no longer knows
starts another one. 2026-07-28, Versioning: a request whose version is refused is sent with another.
"""

import pytest
from tests.session.ends import (
    EVERYTHING,
    INITIALIZED,
    MODERN,
    discover_result,
    error,
    events,
    fallen_back,
    given_up,
    handshaking,
    initialize_result,
    kinds,
    last_id,
    make_client,
    notification,
    open_client,
    probing,
    request,
    response,
    result_of,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, MODERN_REVISIONS, REVISIONS
from sansmcp.session import (
    Connected,
    DetectionState,
    Finding,
    InputCancelled,
    InputRequested,
    KeepAlive,
    Phase,
    RequestFailed,
    RequestLost,
    ResponseReceived,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)

EACH_LEGACY = pytest.mark.parametrize("revision", LEGACY_REVISIONS)
EACH = pytest.mark.parametrize("revision", REVISIONS)
LATEST = LEGACY_REVISIONS[-1]
WANTED = schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("a:b",))
KNOWN_MODERN = Finding(
    revision=MODERN, capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability())
)


def call(client, method="tools/list", now=0.0):
    """Make a call, and return its handle and its id on the wire."""
    handle = client.send_request(method, None, now)
    return handle, last_id(client)


def renew(client, revision, capabilities=None, now=0.0):
    """Let the server answer the initialize that the client has just sent."""
    (hello,) = [message for message in take(client) if isinstance(message, dict)]
    assert hello["method"] == "initialize"
    tell(client, initialize_result(hello["id"], revision, capabilities), now)


# What the transport refused


@EACH
@pytest.mark.parametrize("evidence", [True, False])
def test_a_call_that_the_transport_refused_is_lost_with_the_reason(revision, evidence):
    client = open_client(revision)
    handle, wire_id = call(client)
    client.receive_rejection(wire_id, "HTTP 400", 0.0, era_evidence=evidence)
    (lost,) = events(client)
    assert isinstance(lost, RequestLost)
    assert (lost.handle, lost.method, lost.reason) == (handle, "tools/list", "HTTP 400")
    assert take(client) == []
    client.receive_rejection(wire_id, "HTTP 400", 0.0, era_evidence=evidence)
    assert (events(client), client.stats().calls_in_flight) == ([], 0)


def test_a_probe_that_is_refused_as_legacy_servers_do_is_followed_by_the_handshake():
    client, wire_id = probing()
    client.receive_rejection(wire_id, "HTTP 404", 0.0, era_evidence=True)
    fallen_back(client)


def test_a_probe_that_fails_otherwise_says_nothing_of_the_era():
    client, wire_id = probing()
    client.receive_rejection(wire_id, "HTTP 503: try later", 0.0, era_evidence=False)
    assert given_up(client).reason == "HTTP 503: try later"


def test_a_probe_that_is_refused_where_no_legacy_revision_is_spoken_ends_it():
    client, wire_id = probing(revisions=MODERN_REVISIONS)
    client.receive_rejection(wire_id, "HTTP 405", 0.0, era_evidence=True)
    assert given_up(client).reason == f"the server speaks none of {MODERN}: HTTP 405"


@pytest.mark.parametrize("evidence", [True, False])
def test_a_handshake_that_the_transport_refused_ends_the_connection(evidence):
    client, wire_id = handshaking()
    client.receive_rejection(wire_id, "HTTP 401", 0.0, era_evidence=evidence)
    assert given_up(client).reason == "HTTP 401"


@pytest.mark.parametrize("turns_out", [LATEST, MODERN])
def test_a_call_that_a_wrong_finding_sent_waits_until_the_era_is_known(turns_out):
    client = make_client(finding=KNOWN_MODERN)
    client.connect(0.0)
    assert kinds(client) == ["Connected"]
    first, wire_id = call(client)
    second, other_id = call(client)
    client.receive_rejection(wire_id, "HTTP 400", 0.0, era_evidence=True)
    (probe,) = take(client)
    assert (probe["method"], events(client)) == ("server/discover", [])
    client.receive_rejection(other_id, "HTTP 400", 0.0, era_evidence=True)
    assert (take(client), events(client)) == ([], [])
    if turns_out == MODERN:
        tell(client, discover_result(probe["id"]))
    else:
        tell(client, error(probe["id"], -32601))
        renew(client, LATEST)
    (connected,) = events(client)
    assert connected.revision == turns_out
    again = [message for message in take(client) if message.get("method") == "tools/list"]
    for message in again:
        tell(client, response(message["id"], {**result_of("tools/list", turns_out), **CACHE[turns_out]}))
    assert [event.handle for event in events(client)] == [first, second]


CACHE = {MODERN: {"ttlMs": 0, "cacheScope": "private"}, LATEST: {}}


def test_after_the_end_a_refusal_says_nothing_more():
    client, wire_id = probing()
    client.close(0.0)
    events(client)
    take(client)
    client.receive_rejection(wire_id, "HTTP 404", 0.0, era_evidence=True)
    client.receive_session_lost(0.0, "HTTP 404")
    assert (events(client), take(client)) == ([], [])


# A version that is refused though it is spoken


@pytest.mark.parametrize("method", ["tools/list", "tools/call"])
def test_a_request_whose_version_is_refused_and_named_is_sent_again_once(method):
    client = open_client(MODERN)
    params = {"name": "tool"} if method == "tools/call" else None
    handle = client.send_request(method, params, 0.0, progress=True)
    (first,) = take(client)
    refused = {"supported": [MODERN], "requested": MODERN}
    tell(client, error(first["id"], -32022, data=refused), 1.0)
    (second,) = take(client)
    assert (events(client), second["id"] != first["id"]) == ([], True)
    assert second["params"]["_meta"].pop("progressToken") == second["id"]
    assert first["params"]["_meta"].pop("progressToken") == first["id"]
    assert second["params"] == first["params"]
    tell(client, error(second["id"], -32022, data=refused), 2.0)
    (failed,) = events(client)
    assert isinstance(failed, RequestFailed)
    assert (failed.handle, failed.code, take(client)) == (handle, -32022, [])


def test_a_probe_whose_version_is_refused_and_named_is_sent_again():
    client, wire_id = probing()
    tell(client, error(wire_id, -32022, data={"supported": [MODERN], "requested": MODERN}))
    (again,) = take(client)
    assert again["method"] == "server/discover"
    tell(client, discover_result(again["id"]))
    assert kinds(client) == ["Connected"]


@pytest.mark.parametrize(
    "data", [None, {"supported": ["2025-06-18"]}, {"supported": []}, {"supported": "2026-07-28"}, []]
)
def test_a_version_that_is_refused_otherwise_is_the_outcome(data):
    client = open_client(MODERN)
    _, wire_id = call(client)
    tell(client, error(wire_id, -32022, data=data))
    assert (kinds(client), take(client)) == (["RequestFailed"], [])


@EACH_LEGACY
def test_a_legacy_error_of_that_number_is_an_outcome(revision):
    client = open_client(revision)
    _, wire_id = call(client)
    tell(client, error(wire_id, -32022, data={"supported": [revision]}))
    assert (kinds(client), take(client)) == (["RequestFailed"], [])


# A session that the server no longer knows


@EACH_LEGACY
def test_a_session_that_is_gone_is_opened_again_and_calls_in_flight_are_lost(revision):
    client = open_client(revision)
    handles = [call(client)[0], call(client)[0]]
    client.receive_session_lost(1.0, "HTTP 404")
    lost = events(client)
    assert [type(event) for event in lost] == [RequestLost, RequestLost]
    assert [(event.handle, event.reason) for event in lost] == [(each, "HTTP 404") for each in handles]
    assert (client.phase, client.detection) == (Phase.INITIALIZING, DetectionState.HANDSHAKING)
    # Every request that was under way says so; the session is renewed once.
    client.receive_session_lost(1.0, "HTTP 404")
    renew(client, revision, now=1.0)
    assert take(client) == [INITIALIZED]
    (connected,) = events(client)
    assert isinstance(connected, Connected)
    assert (connected.revision, client.phase) == (revision, Phase.OPERATING)
    handle, wire_id = call(client)
    tell(client, response(wire_id, {"tools": []}), 2.0)
    (answered,) = events(client)
    assert (answered.handle, handle in handles) == (handle, False)


@EACH_LEGACY
def test_calls_that_are_made_meanwhile_wait_and_are_sent_in_their_order(revision):
    client = open_client(revision)
    client.receive_session_lost(1.0, "HTTP 404")
    hello = last_id(client)
    handles = [client.send_request("tools/list", None, 1.0), client.send_request("prompts/list", None, 1.0)]
    level = client.set_log_level("error", 1.0)
    given_up_call = client.send_request("tools/list", None, 1.0)
    client.cancel(given_up_call, 1.0)
    assert (take(client), events(client)) == ([], [])
    tell(client, initialize_result(hello, revision), 2.0)
    initialized, *sent = take(client)
    assert initialized == INITIALIZED
    assert [message["method"] for message in sent] == ["tools/list", "prompts/list", "logging/setLevel"]
    assert kinds(client) == ["Connected"]
    for message, result in zip(sent, ({"tools": []}, {"prompts": []}, {}), strict=True):
        tell(client, response(message["id"], result), 2.0)
    answered = events(client)
    assert [type(event) for event in answered] == [ResponseReceived] * 3
    assert [event.handle for event in answered] == [*handles, level]


def test_a_call_that_the_next_session_cannot_say_is_lost():
    able = {"tasks": {"list": {}}}
    client = open_client(LATEST, revisions=LEGACY_REVISIONS, server_capabilities=able)
    client.receive_session_lost(1.0, "HTTP 404")
    hello = last_id(client)
    task = client.send_request("tasks/list", None, 1.0)
    tell(client, initialize_result(hello, "2024-11-05"), 1.0)
    _, lost = events(client)
    assert (lost.handle, take(client)) == (task, [INITIALIZED])
    assert lost.reason == "the server speaks 2024-11-05, which has no tasks/list"


@EACH_LEGACY
def test_subscriptions_go_on_and_are_acknowledged_anew(revision):
    client = open_client(revision)
    handle = client.listen(WANTED, 0.0)
    tell(client, response(last_id(client), {}))
    assert kinds(client) == ["SubscriptionAcknowledged"]
    client.receive_session_lost(1.0, "HTTP 404")
    assert events(client) == []
    renew(client, revision, now=1.0)
    initialized, subscribe = take(client)
    assert (initialized, subscribe["method"], subscribe["params"]["uri"]) == (
        INITIALIZED,
        "resources/subscribe",
        "a:b",
    )
    assert kinds(client) == ["Connected"]
    tell(client, response(subscribe["id"], {}), 1.0)
    (acknowledged,) = events(client)
    assert isinstance(acknowledged, SubscriptionAcknowledged)
    assert (acknowledged.handle, acknowledged.filter) == (handle, WANTED)
    client.close(2.0)
    ended, _ = events(client)
    assert isinstance(ended, SubscriptionEnded)


@EACH_LEGACY
def test_a_subscription_that_was_not_acknowledged_yet_is_asked_for_again(revision):
    client = open_client(revision)
    handle = client.listen(WANTED, 0.0)
    old = last_id(client)
    client.receive_session_lost(1.0, "HTTP 404")
    assert events(client) == []
    renew(client, revision, now=1.0)
    subscribe = take(client)[1]
    tell(client, response(old, {}), 1.0)
    tell(client, response(subscribe["id"], {}), 1.0)
    assert kinds(client) == ["Connected", "MessageDropped", "SubscriptionAcknowledged"]
    client.cancel(handle, 1.0)
    assert [message["method"] for message in take(client)] == ["resources/unsubscribe"]


@EACH_LEGACY
def test_who_begins_or_ceases_to_listen_meanwhile_is_not_forgotten(revision):
    client = open_client(revision)
    first = client.listen(WANTED, 0.0)
    tell(client, response(last_id(client), {}))
    events(client)
    client.receive_session_lost(1.0, "HTTP 404")
    hello = last_id(client)
    second = client.listen(schema.SubscriptionFilter(resource_subscriptions=("c:d",)), 1.0)
    third = client.listen(WANTED, 1.0)
    client.cancel(first, 1.0)
    client.cancel(third, 1.0)
    assert (take(client), events(client)) == ([], [])
    tell(client, initialize_result(hello, revision), 1.0)
    _, subscribe = take(client)
    assert subscribe["params"]["uri"] == "c:d"
    tell(client, response(subscribe["id"], {}), 1.0)
    _, acknowledged = events(client)
    assert acknowledged.handle == second


@EACH_LEGACY
def test_a_next_session_that_can_do_less_acknowledges_less(revision):
    client = open_client(revision)
    client.listen(WANTED, 0.0)
    tell(client, response(last_id(client), {}))
    events(client)
    client.receive_session_lost(1.0, "HTTP 404")
    renew(client, revision, {"tools": {}}, now=1.0)
    assert take(client) == [INITIALIZED]
    _, acknowledged = events(client)
    assert acknowledged.filter == schema.SubscriptionFilter()


@EACH_LEGACY
def test_questions_of_the_session_that_is_gone_are_withdrawn(revision):
    client = open_client(revision)
    tell(client, request("q", "roots/list"))
    (asked,) = events(client)
    assert isinstance(asked, InputRequested)
    client.receive_session_lost(1.0, "HTTP 404")
    (withdrawn,) = events(client)
    assert isinstance(withdrawn, InputCancelled)
    assert (withdrawn.handle, withdrawn.reason) == (asked.handle, "HTTP 404")
    take(client)
    client.provide_input(asked.handle, {"roots": []}, 1.0)
    assert take(client) == []
    with pytest.raises(LocalProtocolError, match="there is no connection"):
        client.notify("notifications/roots/list_changed", None, 1.0)


@EACH_LEGACY
def test_a_session_that_cannot_be_renewed_ends_the_connection_and_all_that_waits(revision):
    client = open_client(revision)
    acknowledged = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    events(client)
    client.receive_session_lost(1.0, "HTTP 404")
    hello = last_id(client)
    waiting = client.send_request("tools/list", None, 1.0)
    new = client.listen(WANTED, 1.0)
    client.receive_rejection(hello, "HTTP 500", 1.0, era_evidence=False)
    told = {type(event).__name__: event for event in events(client)}
    assert told["SubscriptionEnded"].handle == acknowledged
    assert told["Disconnected"].reason == "HTTP 500"
    assert new != waiting
    assert "RequestLost" in told


@EACH_LEGACY
def test_a_server_that_has_become_modern_meanwhile_is_spoken_to_as_such(revision):
    client = _dual(revision)
    handle = client.listen(WANTED, 0.0)
    tell(client, response(last_id(client), {}))
    events(client)
    client.receive_session_lost(1.0, "HTTP 404")
    hello = last_id(client)
    call_handle = client.send_request("tools/list", None, 1.0)
    tell(client, error(hello, -32601, data={"supported": [MODERN]}), 1.0)
    (probe,) = take(client)
    tell(client, discover_result(probe["id"]), 1.0)
    assert kinds(client) == ["Connected"]
    sent = {message["method"]: message for message in take(client)}
    assert sent.keys() == {"tools/list", "subscriptions/listen"}
    listen = sent["subscriptions/listen"]
    tagged = {"_meta": {"io.modelcontextprotocol/subscriptionId": listen["id"]}}
    agreed = {"notifications": {"toolsListChanged": True}, **tagged}
    tell(client, notification("notifications/subscriptions/acknowledged", agreed), 1.0)
    (acknowledged,) = events(client)
    assert acknowledged.handle == handle
    tell(client, error(listen["id"], -32603), 1.0)
    (ended,) = events(client)
    assert isinstance(ended, SubscriptionEnded)
    assert call_handle != handle


def _dual(revision):
    """Return a client of both eras that has found a legacy server."""
    client, wire_id = probing(revisions=(revision, MODERN))
    tell(client, error(wire_id, -32601))
    tell(client, initialize_result(last_id(client), revision))
    events(client)
    take(client)
    return client


def test_where_there_is_no_session_none_is_lost():
    modern = open_client(MODERN)
    call(modern)
    modern.receive_session_lost(0.0, "HTTP 404")
    assert (events(modern), take(modern)) == ([], [])
    hand, _ = handshaking()
    hand.receive_session_lost(0.0, "HTTP 404")
    assert (events(hand), take(hand)) == ([], [])


def test_a_session_may_be_lost_again_and_again():
    client = open_client(LATEST)
    for now in (1.0, 2.0, 3.0):
        client.receive_session_lost(now, "HTTP 404")
        renew(client, LATEST, now=now)
        assert take(client) == [INITIALIZED]
        assert kinds(client) == ["Connected"]


def test_pings_begin_anew_with_the_next_session():
    client = open_client(LATEST, keep_alive=KeepAlive(interval=10.0, timeout=10.0))
    client.handle_timeout(10.0)
    assert take(client)[0]["method"] == "ping"
    client.receive_session_lost(11.0, "HTTP 404")
    assert events(client) == []
    renew(client, LATEST, now=12.0)
    take(client)
    client.handle_timeout(21.9)
    assert take(client) == []
    client.handle_timeout(22.0)
    assert take(client)[0]["method"] == "ping"


def test_the_next_session_has_what_the_server_can_do_now():
    client = open_client(LATEST, server_capabilities={"tools": {}})
    client.receive_session_lost(1.0, "HTTP 404")
    renew(client, LATEST, EVERYTHING)
    assert client.server_capabilities.prompts is not None
