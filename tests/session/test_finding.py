"""What a client is told in advance about a server, right and wrong (2026-07-28, Versioning)."""

import attrs
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
    initialize_result,
    kinds,
    last_id,
    make_client,
    notification,
    response,
    result_of,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, Era, Kind, Method, Side
from sansmcp.session import (
    CallRequest,
    Connected,
    Finding,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
    SubscriptionAcknowledged,
    Timeouts,
)

LEGACY_PEER = "2025-11-25"


# What was told in advance

MODERN_FINDING = Finding(
    revision=MODERN,
    capabilities=schema.ServerCapabilities(
        tools=schema.ToolsCapability(list_changed=True), resources=schema.ResourcesCapability(subscribe=True)
    ),
    server_info=SERVER,
    instructions="be kind",
)


def test_a_finding_saves_the_probe_and_is_given_back_as_a_plain_value():
    client, sent = connecting(finding=MODERN_FINDING)
    assert sent == []
    assert events(client) == [
        Connected(
            revision=MODERN,
            era=Era.MODERN,
            capabilities=MODERN_FINDING.capabilities,
            server_info=SERVER,
            instructions="be kind",
        )
    ]
    assert client.finding == MODERN_FINDING == attrs.evolve(MODERN_FINDING)
    handle = client.send_request("tools/list", None, 0.0)
    tell(
        client,
        response(
            last_id(client), {"resultType": "complete", "tools": [], "ttlMs": 0, "cacheScope": "private"}
        ),
    )
    (answered,) = events(client)
    assert answered.handle == handle
    # It has proved right: an error is an error from now on.
    client.send_request("tools/list", None, 0.0)
    tell(client, error(last_id(client), -32601))
    assert (kinds(client), take(client)) == (["RequestFailed"], [])


def test_a_finding_that_we_do_not_speak_is_refused():
    with pytest.raises(LocalProtocolError, match="finding: expected one of 2025-11-25, found '2026-07-28'"):
        make_client(finding=MODERN_FINDING, revisions=["2025-11-25"])


def found_wrong(*, purpose="call", **options):
    """Return a client with a wrong finding whose first call was refused, the call, and the new probe."""
    client, _ = connecting(finding=MODERN_FINDING, **options)
    drain(client)
    if purpose == "call":
        handle = client.send_request("tools/call", {"name": "x"}, 0.0, progress=True)
    else:
        handle = client.listen(
            schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("r:1",)), 0.0
        )
    tell(client, error(last_id(client), -32600, "initialize first"))
    (probe,) = take(client)
    assert (probe["method"], events(client)) == ("server/discover", [])
    return client, handle, probe["id"]


def test_a_finding_that_proves_wrong_is_made_anew_and_the_call_goes_on():
    client, handle, probe = found_wrong()
    tell(client, error(probe, -32601))
    hello = fallen_back(client)
    tell(client, initialize_result(hello["id"], "2025-06-18"))
    initialized, call = take(client)
    assert initialized == INITIALIZED
    assert (call["method"], call["params"]) == (
        "tools/call",
        {"name": "x", "_meta": {"progressToken": call["id"]}},
    )
    connected = events(client)
    assert [(type(event), event.revision) for event in connected] == [(Connected, "2025-06-18")]
    tell(client, response(call["id"], {"content": []}))
    (answered,) = events(client)
    assert answered.handle == handle
    assert client.finding.revision == "2025-06-18"


def test_a_call_that_is_sent_again_has_its_whole_timeout_again_and_what_was_left_of_its_maximum():
    timeouts = Timeouts(request=10.0, request_maximum=12.0)
    client, _ = connecting(finding=MODERN_FINDING, timeouts=timeouts)
    client.send_request("tools/call", {"name": "x"}, 0.0)
    tell(client, error(last_id(client), -32600), 4.0)
    tell(client, error(last_id(client), -32600), 5.0)
    tell(client, initialize_result(last_id(client), "2025-06-18"), 7.0)
    # Of twelve seconds four had passed when it was held.
    assert client.next_deadline() == 15.0
    client.handle_timeout(15.0)
    *_, timed_out = events(client)
    assert timed_out.reason == "tools/call was not answered within its maximum"


def test_a_call_that_failed_by_itself_is_told_its_error_and_not_sent_again():
    client, handle, probe = found_wrong()
    tell(client, discover_result(probe))
    assert take(client) == []
    connected, failed = events(client)
    assert isinstance(connected, Connected)
    assert (failed.handle, failed.code, failed.message) == (handle, -32600, "initialize first")
    # The finding has proved right: it is not asked for again.
    client.send_request("tools/call", {"name": "x"}, 0.0)
    tell(client, error(last_id(client), -32603))
    assert (kinds(client), take(client)) == (["RequestFailed"], [])


def test_a_second_answer_to_a_call_that_is_held_has_no_place():
    client, handle, probe = found_wrong()
    tell(client, response(1, {"content": []}))
    assert kinds(client) == ["MessageDropped"]
    tell(client, discover_result(probe))
    _, failed = events(client)
    assert (type(failed), failed.handle) == (RequestFailed, handle)


def test_calls_that_were_sent_meanwhile_or_are_made_meanwhile_wait_for_the_finding():
    client, _ = connecting(finding=MODERN_FINDING)
    first = client.send_request("tools/call", {"name": "1"}, 0.0)
    second = client.send_request("tools/call", {"name": "2"}, 0.0)
    one, two = (message["id"] for message in take(client))
    tell(client, error(one, -32600))
    (probe,) = take(client)
    third = client.send_request("tools/call", {"name": "3"}, 0.0)
    fourth, fifth = client.send_batch(
        [CallRequest(method="tools/list"), CallRequest(method="tools/list")], 0.0
    )
    assert take(client) == []
    tell(client, error(probe["id"], -32600))
    (hello,) = take(client)
    tell(client, error(two, -32600))
    sixth = client.send_request("tools/list", None, 0.0)
    client.cancel(fourth, 0.0)
    client.cancel(sixth, 0.0)
    assert (take(client), kinds(client)) == ([], ["Connected"])
    tell(client, initialize_result(hello["id"], "2025-11-25"))
    _, *calls = take(client)
    assert [(call["method"], call["params"].get("name") if "params" in call else None) for call in calls] == [
        ("tools/call", "1"),
        ("tools/call", "3"),
        ("tools/list", None),
        ("tools/call", "2"),
    ]
    for call in calls:
        tell(client, response(call["id"], result_of(call["method"], "2025-11-25")))
    answered = [event.handle for event in events(client) if isinstance(event, ResponseReceived)]
    assert answered == [first, third, fifth, second]


def test_a_call_that_times_out_under_a_finding_makes_the_client_ask_again():
    client, _ = connecting(finding=MODERN_FINDING)
    handle = client.send_request("tools/call", {"name": "x"}, 0.0)
    id_ = last_id(client)
    drain(client)
    client.handle_timeout(60.0)
    cancel, probe = take(client)
    assert cancel == ("cancel", id_, "timed out")
    assert probe["method"] == "server/discover"
    (timed_out,) = events(client)
    assert (timed_out.handle, type(timed_out)) == (handle, RequestTimedOut)


def test_a_held_call_does_not_run_out_of_time_and_is_lost_when_there_is_no_common_ground():
    client, handle, probe = found_wrong(timeouts=Timeouts(request=2.0, probe=10.0))
    client.handle_timeout(9.9)
    assert events(client) == []
    tell(client, discover_result(probe, ["2099-01-01"]), 9.9)
    lost, ended = events(client)
    assert (type(lost), lost.handle) == (RequestLost, handle)
    assert lost.reason == ended.reason


def test_a_held_call_that_the_other_era_does_not_have_is_lost():
    client, _ = connecting(finding=MODERN_FINDING)
    handle = client.send_request("server/discover", None, 0.0)
    tell(client, error(last_id(client), -32600))
    tell(client, error(last_id(client), -32600))
    tell(client, initialize_result(last_id(client), "2025-06-18"))
    *_, lost = events(client)
    assert (lost.handle, lost.reason) == (
        handle,
        "the server speaks 2025-06-18, which has no server/discover",
    )


ODD = METHODS.extended(
    Method(
        name="acme/odd",
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=schema.SubscriptionsListenRequestParams,
        result=schema.Result,
    )
)


def test_a_held_call_that_the_other_era_cannot_say_is_lost():
    client, _ = connecting(finding=MODERN_FINDING, methods=ODD)
    handle = client.send_request("acme/odd", {"notifications": {}}, 0.0)
    tell(client, error(last_id(client), -32600))
    tell(client, error(last_id(client), -32600))
    tell(client, initialize_result(last_id(client), "2025-06-18"))
    connected, *_, lost = events(client)
    assert isinstance(connected, Connected)
    assert (type(lost), lost.handle) == (RequestLost, handle)
    assert client.stats().calls_in_flight == 0


def test_a_subscription_under_a_wrong_finding_is_opened_in_the_words_of_the_other_era():
    client, handle, probe = found_wrong(purpose="listen")
    tell(client, error(probe, -32600))
    hello = fallen_back(client)
    tell(client, initialize_result(hello["id"], "2025-06-18"))
    _, subscribe = take(client)
    assert (subscribe["method"], subscribe["params"]) == ("resources/subscribe", {"uri": "r:1"})
    tell(client, response(subscribe["id"], {}))
    _, acknowledged = events(client)
    assert acknowledged == SubscriptionAcknowledged(
        handle=handle,
        filter=schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("r:1",)),
    )
    assert client.stats().calls_in_flight == 0


def test_a_subscription_that_was_refused_by_itself_is_told_so():
    client, handle, probe = found_wrong(purpose="listen")
    tell(client, discover_result(probe))
    _, failed = events(client)
    assert (type(failed), failed.handle) == (RequestFailed, handle)


def test_a_subscription_that_was_acknowledged_proves_the_finding():
    client, _ = connecting(finding=MODERN_FINDING)
    drain(client)
    client.listen(schema.SubscriptionFilter(), 0.0)
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": last_id(client)}}
    tell(client, notification("notifications/subscriptions/acknowledged", {"notifications": {}, **meta}))
    client.send_request("tools/list", None, 0.0)
    tell(client, error(last_id(client), -32603))
    assert kinds(client) == ["SubscriptionAcknowledged", "RequestFailed"]


def test_a_subscription_that_is_asked_for_while_the_finding_is_made_anew_waits():
    client, _, probe = found_wrong()
    handle = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    client.set_log_level("error", 0.0)
    assert take(client) == []
    tell(client, discover_result(probe))
    (listen,) = take(client)
    assert (listen["method"], listen["params"]["notifications"]) == (
        "subscriptions/listen",
        {"toolsListChanged": True},
    )
    assert listen["params"]["_meta"]["io.modelcontextprotocol/logLevel"] == "error"
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": listen["id"]}}
    tell(client, notification("notifications/subscriptions/acknowledged", {"notifications": {}, **meta}))
    assert events(client)[-1].handle == handle


def test_a_legacy_finding_that_is_wrong_is_made_anew():
    finding = Finding(revision=LEGACY_PEER, capabilities=schema.ServerCapabilities())
    client, (hello,) = connecting(finding=finding)
    tell(client, error(hello["id"], -32601, "no", {"supported": [MODERN]}))
    (probe,) = take(client)
    tell(client, discover_result(probe["id"]))
    assert events(client)[0].revision == MODERN


def test_notifications_are_heard_while_the_finding_is_made_anew():
    client, _, _ = found_wrong()
    tell(client, notification("notifications/message", {"level": "info", "data": "x"}))
    assert kinds(client) == ["LogReceived"]


@pytest.mark.parametrize("code", [-32020, -32601])
def test_a_legacy_finding_is_doubted_where_initialize_is_refused_as_a_modern_server_does(code):
    client, sent = connecting(
        finding=Finding(revision="2025-11-25", capabilities=schema.ServerCapabilities())
    )
    assert sent[0]["method"] == "initialize"
    tell(client, error(sent[0]["id"], code, "no"))
    assert take(client)[0]["method"] == "server/discover"


def test_a_legacy_finding_is_not_doubted_for_any_error():
    client, sent = connecting(
        finding=Finding(revision="2025-11-25", capabilities=schema.ServerCapabilities())
    )
    tell(client, error(sent[0]["id"], -32603, "no"))
    assert "refused initialize" in events(client)[-1].reason
