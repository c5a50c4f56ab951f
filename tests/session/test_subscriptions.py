"""Who wants to hear of which change (2026-07-28, Subscriptions)."""

import sys

import pytest
from tests.session.ends import MODERN, drain, make_server, modern, take, tell

from sansmcp import schema
from sansmcp.schema import codec_for
from sansmcp.session import Change, ChangeKind
from sansmcp.session.subscriptions import Subscription, Subscriptions, honoured

Filter = schema.SubscriptionFilter
TOOLS = Change(kind=ChangeKind.TOOLS)


def subscription(id_, number=1, **wanted):
    return Subscription(subscription_id=id_, filter=Filter(**wanted), codec=codec_for(MODERN), number=number)


@pytest.mark.parametrize(
    ("wanted", "change"),
    [
        ({"tools_list_changed": True}, TOOLS),
        ({"prompts_list_changed": True}, Change(kind=ChangeKind.PROMPTS)),
        ({"resources_list_changed": True}, Change(kind=ChangeKind.RESOURCES)),
        ({"resource_subscriptions": ("a", "a")}, Change(kind=ChangeKind.RESOURCE, uri="a")),
    ],
)
def test_a_subscription_hears_what_it_wants_and_nothing_else(wanted, change):
    subscriptions = Subscriptions()
    one = subscription(1, **wanted)
    subscriptions.add(one)
    changes = [TOOLS, Change(kind=ChangeKind.PROMPTS), Change(kind=ChangeKind.RESOURCES)]
    changes += [Change(kind=ChangeKind.RESOURCE, uri=uri) for uri in "ab"]
    assert [found for found in changes if subscriptions.wanting(found) == (one,)] == [change]
    assert subscriptions.remove(1) is one
    assert [found for found in changes if subscriptions.wanting(found)] == []


def test_several_hear_of_a_change_the_oldest_first_and_7_is_not_the_text_7():
    subscriptions = Subscriptions()
    first, second = subscription(7, tools_list_changed=True), subscription("7", tools_list_changed=True)
    subscriptions.add(first)
    subscriptions.add(second)
    assert subscriptions.wanting(TOOLS) == (first, second)
    assert (len(subscriptions), list(subscriptions)) == (2, [first, second])
    assert 7 in subscriptions
    subscriptions.remove(7)
    assert subscriptions.wanting(TOOLS) == (second,)
    assert 7 not in subscriptions
    assert "7" in subscriptions


def test_the_part_of_a_wish_that_the_server_can_keep_is_honoured():
    wanted = Filter(
        tools_list_changed=True,
        prompts_list_changed=True,
        resources_list_changed=True,
        resource_subscriptions=("a",),
    )
    able = schema.ServerCapabilities(
        tools=schema.ToolsCapability(list_changed=True),
        prompts=schema.PromptsCapability(list_changed=True),
        resources=schema.ResourcesCapability(subscribe=True, list_changed=True),
    )
    assert honoured(wanted, able) == wanted
    assert honoured(wanted, schema.ServerCapabilities()) == Filter()


def calls_of(command):
    """Count the calls of functions that a command makes."""
    count = 0

    def note(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        command()
    finally:
        sys.setprofile(None)
    return count


def test_a_publish_costs_what_those_cost_who_hear_it():
    costs = []
    for listeners in (10, 1000):
        server = make_server()
        for id_ in range(listeners):
            wanted = {"resourceSubscriptions": [f"r:{id_}"], "promptsListChanged": id_ < 3}
            tell(server, modern(id_, "subscriptions/listen", {"notifications": wanted}))
        drain(server)
        for change, heard in [
            (Change(kind=ChangeKind.RESOURCE, uri="r:5"), 1),
            (Change(kind=ChangeKind.PROMPTS), 3),
            (TOOLS, 0),
        ]:
            costs.append((heard, calls_of(lambda change=change, server=server: server.publish(change, 0.0))))
            assert len(take(server)) == heard
    assert costs[:3] == costs[3:]
