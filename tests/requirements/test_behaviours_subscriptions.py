"""Subscriptions of a client, and what it announces itself (2026-07-28, Subscriptions; Roots)."""

import itertools
import json

import pytest
from tests.session.ends import (
    MODERN,
    cancelled,
    error,
    events,
    kinds,
    last_id,
    make_server,
    modern,
    notification,
    open_client,
    response,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    ChangeReceived,
    MessageDropped,
    NotificationReceived,
    ProtocolViolated,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)
from sansmcp.testing import connected_pair

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
WANTED = schema.SubscriptionFilter(
    tools_list_changed=True, prompts_list_changed=True, resource_subscriptions=("a:b", "a:c")
)
TOOLS = Change(kind=ChangeKind.TOOLS)


def acknowledged(id_, **honoured):
    params = {"notifications": honoured, "_meta": {SUBSCRIPTION: id_}}
    return notification("notifications/subscriptions/acknowledged", params)


def changed(id_, kind="tools"):
    return notification(f"notifications/{kind}/list_changed", {"_meta": {SUBSCRIPTION: id_}})


def result(id_):
    return response(id_, {"resultType": "complete", "_meta": {SUBSCRIPTION: id_}})


def listening(count=1):
    """Return a client, and the handle and the id of each of its subscriptions."""
    client = open_client(MODERN)
    found = []
    for _ in range(count):
        handle = client.listen(WANTED, 0.0)
        id_ = last_id(client)
        tell(client, acknowledged(id_, toolsListChanged=True))
        found.append((handle, id_))
    events(client)
    return client, found


# How it begins


@pytest.mark.parametrize("wanted", [{}, {"toolsListChanged": True}, {"resourceSubscriptions": ["a:b"]}])
def test_the_acknowledgement_is_the_first_message_of_a_subscription(wanted):
    server = make_server()
    tell(server, modern("s", "subscriptions/listen", {"notifications": wanted}))
    for change in (TOOLS, Change(kind=ChangeKind.RESOURCE, uri="a:b")):
        server.publish(change, 0.0)
    first, *rest = take(server)
    assert first["method"] == "notifications/subscriptions/acknowledged"
    assert first["params"]["_meta"] == {SUBSCRIPTION: "s"}
    assert len(rest) == len(wanted)
    assert "notifications/subscriptions/acknowledged" not in str(rest)


def test_a_notice_before_the_acknowledgement_is_a_violation():
    client = open_client(MODERN)
    client.listen(WANTED, 0.0)
    id_ = last_id(client)
    tell(client, changed(id_))
    (violated,) = events(client)
    assert isinstance(violated, ProtocolViolated)
    assert "before the subscription was acknowledged" in violated.reason
    tell(client, acknowledged(id_, toolsListChanged=True))
    tell(client, changed(id_))
    assert [type(event) for event in events(client)] == [SubscriptionAcknowledged, ChangeReceived]
    assert client.stats().subscriptions == 1


def test_the_event_of_the_acknowledgement_says_what_was_granted_and_what_was_not():
    tools = schema.ServerCapabilities(tools=schema.ToolsCapability(list_changed=True))
    for capabilities, granted in [
        (tools, schema.SubscriptionFilter(tools_list_changed=True)),
        (schema.ServerCapabilities(), schema.SubscriptionFilter()),
    ]:
        pair = connected_pair(MODERN, server_capabilities=capabilities)
        handle = pair.client.listen(WANTED, pair.now)
        pair.settle()
        assert pair.take_client_events() == [SubscriptionAcknowledged(handle=handle, filter=granted)]
    pair = connected_pair(MODERN)
    handle = pair.client.listen(WANTED, pair.now)
    pair.settle()
    assert pair.take_client_events() == [SubscriptionAcknowledged(handle=handle, filter=WANTED)]


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_legacy_client_is_told_the_same_of_its_wishes(revision):
    capabilities = schema.ServerCapabilities(resources=schema.ResourcesCapability(subscribe=True))
    pair = connected_pair(revision, server_capabilities=capabilities)
    handle = pair.client.listen(WANTED, pair.now)
    pair.settle()
    granted = schema.SubscriptionFilter(resource_subscriptions=("a:b", "a:c"))
    assert pair.take_client_events() == [SubscriptionAcknowledged(handle=handle, filter=granted)]


# Several at once


def test_several_subscriptions_on_one_stream_each_get_their_own_notices():
    client, (first, second, third) = listening(3)
    for handle, id_ in (second, first, third, first):
        tell(client, changed(id_))
        assert events(client) == [ChangeReceived(change=TOOLS, handle=handle)]
    for stranger in (str(first[1]), 404, None, True):
        tell(client, changed(stranger))
        assert [type(event) for event in events(client)] == [MessageDropped]
    tell(client, notification("notifications/tools/list_changed"))
    assert kinds(client) == ["MessageDropped"]
    assert take(client) == []


def test_notices_reach_the_subscriptions_that_asked_over_the_same_bytes():
    pair = connected_pair(MODERN)
    tools = pair.client.listen(schema.SubscriptionFilter(tools_list_changed=True), pair.now)
    notes = pair.client.listen(schema.SubscriptionFilter(resource_subscriptions=("a:b",)), pair.now)
    both = pair.client.listen(WANTED, pair.now)
    pair.settle()
    pair.take_client_events()
    for change, expected in [
        (TOOLS, [tools, both]),
        (Change(kind=ChangeKind.RESOURCE, uri="a:b"), [notes, both]),
        (Change(kind=ChangeKind.PROMPTS), [both]),
        (Change(kind=ChangeKind.RESOURCES), []),
    ]:
        pair.server.publish(change, pair.now)
        pair.settle()
        told = pair.take_client_events()
        assert [(event.handle, event.change) for event in told] == [(handle, change) for handle in expected]


# How it ends


def test_a_subscription_that_the_server_ends_gets_its_cancellation_and_then_its_result():
    pair = connected_pair(MODERN)
    handle = pair.client.listen(WANTED, pair.now)
    pair.settle()
    opened = pair.take_server_events()[-1]
    pair.take_client_events()
    said = len(pair.lines_of("S"))
    pair.server.end_subscription(opened.subscription_id, pair.now)
    pair.settle()
    cancellation, answer = (json.loads(line) for line in pair.lines_of("S")[said:])
    assert cancellation["method"] == "notifications/cancelled"
    assert cancellation["params"]["requestId"] == answer["id"] == opened.subscription_id
    assert answer["result"]["resultType"] == "complete"
    assert answer["result"]["_meta"][SUBSCRIPTION] == opened.subscription_id
    (ended,) = pair.take_client_events()
    assert (type(ended), ended.handle) == (SubscriptionEnded, handle)


def test_a_server_that_closes_ends_every_subscription_with_its_result():
    pair = connected_pair(MODERN)
    handles = [pair.client.listen(WANTED, pair.now) for _ in range(3)]
    pair.settle()
    pair.take_client_events()
    pair.close_server()
    told = pair.take_client_events()
    assert [event.handle for event in told if isinstance(event, SubscriptionEnded)] == handles
    assert sum('"result"' in line for line in pair.lines_of("S")[-6:]) == 3


ENDS = [ends for count in (1, 2) for ends in itertools.permutations(["cancelled", "result"], count)] + [
    ("error",),
    ("cancelled", "error"),
]


@pytest.mark.parametrize("ends", ENDS, ids=" ".join)
def test_a_client_takes_whatever_ends_a_subscription_as_one_end(ends):
    client, ((handle, id_), (other, other_id)) = listening(2)
    words = {"cancelled": cancelled(id_, "enough"), "result": result(id_), "error": error(id_, -32603)}
    for word in ends:
        tell(client, words[word])
    (ended,) = events(client)
    assert (type(ended), ended.handle) == (SubscriptionEnded, handle)
    # Nothing comes on it any more, and the other one goes on.
    tell(client, changed(id_))
    tell(client, changed(other_id))
    dropped, heard = events(client)
    assert isinstance(dropped, MessageDropped)
    assert heard.handle == other
    assert take(client) == []


# What a client announces


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_change_of_the_roots_is_announced_to_a_legacy_server(revision):
    pair = connected_pair(revision)
    pair.client.notify("notifications/roots/list_changed", None, pair.now)
    pair.settle()
    assert json.loads(pair.lines_of("C")[-1]) == notification("notifications/roots/list_changed")
    (told,) = pair.take_server_events()
    assert isinstance(told, NotificationReceived)
    assert told.method == "notifications/roots/list_changed"


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
@pytest.mark.parametrize(
    "roots", [None, schema.RootsCapability(), schema.RootsCapability(list_changed=False)]
)
def test_a_change_of_the_roots_is_not_announced_where_that_was_not_declared(revision, roots):
    client = open_client(revision, capabilities=schema.ClientCapabilities(roots=roots))
    with pytest.raises(LocalProtocolError, match=r"roots\.listChanged"):
        client.notify("notifications/roots/list_changed", None, 0.0)
    assert take(client) == []


def test_a_modern_client_has_no_such_announcement():
    client = open_client(MODERN)
    with pytest.raises(LocalProtocolError, match="no such notification"):
        client.notify("notifications/roots/list_changed", None, 0.0)
    assert take(client) == []
