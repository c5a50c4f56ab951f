"""Filters: what several want together, what two want both, and which changes a filter wants."""

import pytest

from sansmcp.client.filters import common, joined, wants
from sansmcp.schema import SubscriptionFilter
from sansmcp.session import Change, ChangeKind

TOOLS = SubscriptionFilter(tools_list_changed=True)
LISTS = SubscriptionFilter(tools_list_changed=True, prompts_list_changed=True, resources_list_changed=True)
ONE = SubscriptionFilter(resource_subscriptions=("a://1", "a://2"))
OTHER = SubscriptionFilter(resource_subscriptions=("a://2", "a://3"), tools_list_changed=True)


def test_filters_are_joined_without_repeating_anything():
    assert joined([]) == SubscriptionFilter()
    assert joined([TOOLS, ONE, OTHER]) == SubscriptionFilter(
        tools_list_changed=True, resource_subscriptions=("a://1", "a://2", "a://3")
    )


def test_what_two_filters_want_both():
    assert common(ONE, OTHER) == SubscriptionFilter(resource_subscriptions=("a://2",))
    assert common(LISTS, OTHER) == TOOLS
    assert common(LISTS, LISTS) == LISTS
    assert common(TOOLS, ONE) == SubscriptionFilter()


@pytest.mark.parametrize("kind", [ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES])
def test_a_list_is_heard_of_if_it_is_wanted(kind):
    assert wants(LISTS, Change(kind=kind))
    assert not wants(ONE, Change(kind=kind))


@pytest.mark.parametrize(
    ("wanted", "uri", "expected"),
    [
        ("a://1", "a://1", True),
        ("a://1", "a://1/part", True),
        ("a://1/", "a://1/part", True),
        ("a://1", "a://1#part", True),
        ("a://1", "a://1?part", True),
        ("a://1", "a://12", False),
        ("a://1/part", "a://1", False),
    ],
)
def test_a_resource_is_heard_of_if_it_or_the_whole_of_it_is_wanted(wanted, uri, expected):
    wanted = SubscriptionFilter(resource_subscriptions=(wanted,))
    assert wants(wanted, Change(kind=ChangeKind.RESOURCE, uri=uri)) is expected
