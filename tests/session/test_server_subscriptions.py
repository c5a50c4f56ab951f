"""Whom a server tells of changes (2026-07-28, Subscriptions; Resources of the older revisions)."""

import pytest
from tests.session.ends import (
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
    notification,
    open_server,
    request,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import Change, ChangeKind

TOOLS, PROMPTS, RESOURCES = (
    Change(kind=kind) for kind in (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES)
)


# Subscriptions: 2026-07-28, Subscriptions


def listen(server, id_, **wanted):
    tell(server, modern(id_, "subscriptions/listen", {"notifications": wanted}))
    return events(server)


def test_a_subscription_is_acknowledged_first_with_what_is_honoured_and_every_message_names_it():
    server = make_server(
        capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability(list_changed=True))
    )
    (opened,) = listen(
        server, "a", toolsListChanged=True, promptsListChanged=True, resourceSubscriptions=["r:1"]
    )
    assert opened.filter == schema.SubscriptionFilter(tools_list_changed=True)
    server.publish(TOOLS, 0.0)
    server.end_subscription("a", 0.0)
    acknowledged, change, cancel, result = take(server)
    tag = {"io.modelcontextprotocol/subscriptionId": "a"}
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert acknowledged["params"] == {"notifications": {"toolsListChanged": True}, "_meta": tag}
    assert (change["method"], change["params"]) == ("notifications/tools/list_changed", {"_meta": tag})
    assert cancel == ("cancel", "a", "this side ended it")
    assert (result["id"], result["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"]) == ("a", "a")
    assert kinds(server) == ["SubscriptionClosed"]


def test_each_subscription_hears_what_it_asked_for_and_nothing_else():
    server = make_server()
    listen(server, 1, toolsListChanged=True, resourceSubscriptions=["r:1", "r:2"])
    listen(server, 2, toolsListChanged=True, promptsListChanged=True)
    listen(server, 3)
    drain(server)
    for change in (
        TOOLS,
        PROMPTS,
        RESOURCES,
        Change(kind=ChangeKind.RESOURCE, uri="r:2"),
        Change(kind=ChangeKind.RESOURCE, uri="r:3"),
    ):
        server.publish(change, 0.0)
    heard = [
        (
            message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
            message["method"].split("/", 1)[1],
            message["params"].get("uri"),
        )
        for message in take(server)
    ]
    assert heard == [
        (1, "tools/list_changed", None),
        (2, "tools/list_changed", None),
        (2, "prompts/list_changed", None),
        (1, "resources/updated", "r:2"),
    ]


def test_equal_changes_of_a_subscription_have_equal_keys_so_that_a_backlog_is_one():
    server = make_server()
    listen(server, 1, toolsListChanged=True, resourceSubscriptions=["r:1", "r:2"])
    listen(server, "1", toolsListChanged=True)
    server.actions()
    for _ in range(3):
        server.publish(TOOLS, 0.0)
    for uri in ("r:1", "r:2"):
        server.publish(Change(kind=ChangeKind.RESOURCE, uri=uri), 0.0)
    actions = server.actions()
    assert len(actions) == 8
    assert len({action.key for action in actions}) == 4
    assert all(action.related in (1, "1") for action in actions)


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_legacy_session_hears_of_lists_unasked_and_of_resources_it_subscribed_to(revision):
    server = open_server(revision)
    tell(server, request(1, "resources/subscribe", {"uri": "r:1"}))
    drain(server)
    for change in (
        TOOLS,
        PROMPTS,
        RESOURCES,
        Change(kind=ChangeKind.RESOURCE, uri="r:1"),
        Change(kind=ChangeKind.RESOURCE, uri="r:2"),
    ):
        server.publish(change, 0.0)
    assert take(server) == [
        notification("notifications/tools/list_changed"),
        notification("notifications/prompts/list_changed"),
        notification("notifications/resources/list_changed"),
        notification("notifications/resources/updated", {"uri": "r:1"}),
    ]


def test_changes_that_were_not_declared_or_that_nobody_may_hear_yet_are_not_told():
    quiet = make_server(capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability()))
    tell(quiet, initialize(0, "2025-11-25"))
    tell(quiet, INITIALIZED)
    early = make_server()
    tell(early, initialize(0, "2025-11-25"))
    for server in (quiet, early, make_server()):
        drain(server)
        server.publish(TOOLS, 0.0)
        assert take(server) == []


def test_the_change_of_a_resource_names_it_and_no_other_change_does():
    server = make_server()
    for change in (Change(kind=ChangeKind.RESOURCE), Change(kind=ChangeKind.TOOLS, uri="r:1")):
        said = unchanged(server, lambda change=change: server.publish(change, 0.0))
        assert "expected a uri for the change of one resource and for no other" in said


def test_a_subscription_that_is_not_there_cannot_be_ended():
    server = make_server()
    listen(server, 7)
    drain(server)
    assert "'7'" in unchanged(server, lambda: server.end_subscription("7", 0.0))
    server.end_subscription(7, 0.0)
    drain(server)
    unchanged(server, lambda: server.end_subscription(7, 0.0))


def test_a_subscription_that_the_client_cancels_gets_no_more():
    server = make_server()
    listen(server, 7, toolsListChanged=True)
    drain(server)
    tell(server, cancelled(7, "enough"))
    (closed,) = events(server)
    assert (closed.subscription_id, closed.reason, closed.filter.tools_list_changed) == (7, "enough", True)
    assert take(server) == [("end", 7)]
    server.publish(TOOLS, 0.0)
    assert take(server) == []
    (opened,) = listen(server, 7, toolsListChanged=True)
    assert opened.subscription_id == 7


def test_an_id_of_a_subscription_is_taken_while_it_is_open():
    server = make_server()
    listen(server, 7)
    drain(server)
    tell(server, call_of(MODERN, 7))
    assert (kinds(server), take(server)) == (["MessageDropped"], [])
