"""What a client hears of changes, and how a subscription ends (2026-07-28, Subscriptions).

Where the pages differ about the end by the server (a cancellation, a result, or both), either is taken,
in any order, as one end.
"""

import itertools

import pytest
from tests.session.ends import (
    MODERN,
    cancelled,
    drain,
    error,
    events,
    kinds,
    last_id,
    notification,
    open_client,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    ChangeReceived,
    ProtocolViolated,
    RequestFailed,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)

CHANGES = {
    "notifications/tools/list_changed": Change(kind=ChangeKind.TOOLS),
    "notifications/prompts/list_changed": Change(kind=ChangeKind.PROMPTS),
    "notifications/resources/list_changed": Change(kind=ChangeKind.RESOURCES),
    "notifications/resources/updated": Change(kind=ChangeKind.RESOURCE, uri="r:1"),
}


def tagged(id_, **params):
    return {**params, "_meta": {"io.modelcontextprotocol/subscriptionId": id_}}


def acknowledgement(id_, **granted):
    return notification("notifications/subscriptions/acknowledged", tagged(id_, notifications=granted))


def change(id_, method="notifications/tools/list_changed", **params):
    return notification(method, tagged(id_, **params))


def closing(id_):
    return response(id_, tagged(id_, resultType="complete"))


def listening(*, acknowledged=True, **options):
    client = open_client(MODERN, **options)
    handle = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    id_ = last_id(client)
    if acknowledged:
        tell(client, acknowledgement(id_, toolsListChanged=True))
        drain(client)
    return client, handle, id_


@pytest.mark.parametrize("method", CHANGES)
def test_a_change_is_told_with_the_subscription_it_came_on(method):
    client, handle, id_ = listening()
    tell(client, change(id_, method, uri="r:1"))
    assert events(client) == [ChangeReceived(change=CHANGES[method], handle=handle)]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
@pytest.mark.parametrize("method", CHANGES)
def test_a_legacy_change_comes_on_no_subscription(revision, method):
    client = open_client(revision)
    tell(client, notification(method, {"uri": "r:1"}))
    assert events(client) == [ChangeReceived(change=CHANGES[method])]
    if method.endswith("updated"):
        tell(client, notification(method))
        assert kinds(client) == ["ProtocolViolated"]


def test_several_subscriptions_are_told_apart_by_their_ids():
    client, first, one = listening()
    second = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    two = last_id(client)
    tell(client, acknowledgement(two))
    drain(client)
    for id_ in (two, one, two):
        tell(client, change(id_))
    assert [event.handle for event in events(client)] == [second, first, second]


def test_the_acknowledgement_says_what_was_granted_and_comes_once():
    client, handle, id_ = listening(acknowledged=False)
    tell(client, acknowledgement(id_, toolsListChanged=True, resourceSubscriptions=["r:1"]))
    granted = schema.SubscriptionFilter(tools_list_changed=True, resource_subscriptions=("r:1",))
    assert events(client) == [SubscriptionAcknowledged(handle=handle, filter=granted)]
    tell(client, acknowledgement(id_))
    assert kinds(client) == ["MessageDropped"]


def test_a_change_before_the_acknowledgement_is_a_breach():
    client, _, id_ = listening(acknowledged=False)
    tell(client, change(id_))
    assert kinds(client) == ["ProtocolViolated"]
    tell(client, acknowledgement(id_))
    tell(client, change(id_))
    assert kinds(client) == ["SubscriptionAcknowledged", "ChangeReceived"]


@pytest.mark.parametrize("wrong", [99, "2", "", None, True, 2.0, [], {}])
def test_what_names_no_subscription_of_ours_has_no_place(wrong):
    client, _, id_ = listening()
    assert id_ == 2
    tell(client, change(wrong))
    tell(client, acknowledgement(wrong))
    tell(client, notification("notifications/tools/list_changed"))
    call = client.send_request("tools/call", {"name": "x"}, 0.0)
    tell(client, change(last_id(client)))
    assert kinds(client) == ["MessageDropped"] * 4
    assert call


ENDS = {"cancelled": lambda id_: cancelled(id_, "bye"), "result": closing}


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize(
    "order", [("cancelled",), ("result",), ("cancelled", "result"), ("result", "cancelled")]
)
def test_the_end_of_a_subscription_is_one_however_often_it_is_said(order, acknowledged):
    client, handle, id_ = listening(acknowledged=acknowledged)
    for end in order:
        tell(client, ENDS[end](id_))
    (ended,) = events(client)
    assert ended == SubscriptionEnded(
        handle=handle, reason="bye" if order[0] == "cancelled" else "the server ended it"
    )
    assert (client.stats().subscriptions, client.stats().calls_in_flight, take(client)) == (0, 0, [])
    tell(client, change(id_))
    assert kinds(client) == ["MessageDropped"]
    tell(client, closing(id_))
    tell(client, cancelled(id_))
    tell(client, cancelled(id_))
    assert len(events(client)) == (2 if len(order) == 1 else 3)


def test_an_end_without_a_reason_has_one_all_the_same():
    client, handle, id_ = listening()
    tell(client, cancelled(id_))
    assert events(client) == [SubscriptionEnded(handle=handle, reason="the server ended it")]


def test_ends_are_not_remembered_for_ever():
    client = open_client(MODERN)
    ids = []
    for _ in range(1100):
        client.listen(schema.SubscriptionFilter(), 0.0)
        ids.append(last_id(client))
        tell(client, closing(ids[-1]))
    drain(client)
    tell(client, cancelled(ids[0]))
    tell(client, cancelled(ids[-1]))
    assert kinds(client) == ["MessageDropped"]


def test_an_error_before_the_acknowledgement_fails_the_call_and_after_it_ends_the_subscription():
    client, handle, id_ = listening(acknowledged=False)
    tell(client, error(id_, -32603, "too many"))
    (failed,) = events(client)
    assert (type(failed), failed.handle) == (RequestFailed, handle)
    client, handle, id_ = listening()
    tell(client, error(id_, -32603, "restarting"))
    assert events(client) == [SubscriptionEnded(handle=handle, reason="restarting")]


def test_an_unreadable_end_is_an_end():
    client, handle, id_ = listening()
    tell(client, {"jsonrpc": "2.0", "id": id_, "result": 7})
    violated, ended = events(client)
    assert (type(ended), ended.handle, type(violated)) == (SubscriptionEnded, handle, ProtocolViolated)


def test_a_subscription_that_was_cancelled_here_hears_nothing_more():
    for late in itertools.permutations(ENDS, 2):
        client, handle, id_ = listening()
        client.cancel(handle, 0.0)
        drain(client)
        for end in late:
            tell(client, ENDS[end](id_))
        tell(client, change(id_))
        assert kinds(client) == ["MessageDropped"] * 3


@pytest.mark.parametrize("id_", [99, "2", 0])
def test_a_modern_server_cancels_nothing_but_subscriptions(id_):
    client, _, _ = listening()
    client.send_request("tools/call", {"name": "x"}, 0.0)
    call = last_id(client)
    for target in (id_, call):
        tell(client, cancelled(target))
    assert kinds(client) == ["MessageDropped"] * 2
    assert client.stats().calls_in_flight == 2


def test_a_legacy_server_cannot_cancel_our_calls():
    client = open_client("2025-11-25")
    client.send_request("tools/call", {"name": "x"}, 0.0)
    tell(client, cancelled(last_id(client)))
    tell(client, notification("notifications/cancelled"))
    assert kinds(client) == ["MessageDropped"] * 2
    assert client.stats().calls_in_flight == 1
