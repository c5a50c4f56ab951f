"""A client's subscriptions on a legacy server: each resource is asked for once, whoever wants it."""

from sansmcp import schema
from sansmcp.session.legacy_listening import LegacyListening

ABLE = schema.ServerCapabilities(
    tools=schema.ToolsCapability(list_changed=True),
    prompts=schema.PromptsCapability(list_changed=True),
    resources=schema.ResourcesCapability(subscribe=True, list_changed=True),
)
NOT_ABLE = schema.ServerCapabilities(
    tools=schema.ToolsCapability(), prompts=schema.PromptsCapability(), resources=schema.ResourcesCapability()
)
Filter = schema.SubscriptionFilter
EVERYTHING_WANTED = Filter(
    tools_list_changed=True,
    prompts_list_changed=True,
    resources_list_changed=True,
    resource_subscriptions=("a", "b", "a"),
)


def test_each_resource_is_asked_for_once_and_then_the_wish_is_acknowledged():
    listening = LegacyListening()
    assert listening.add(1, EVERYTHING_WANTED, ABLE) == ("a", "b")
    assert listening.take_acknowledged() == []
    listening.settle("a", granted=True)
    assert listening.take_acknowledged() == []
    listening.settle("b", granted=True)
    expected = Filter(
        tools_list_changed=True,
        prompts_list_changed=True,
        resources_list_changed=True,
        resource_subscriptions=("a", "b"),
    )
    assert listening.take_acknowledged() == [(1, expected)]
    assert listening.take_acknowledged() == []


def test_what_the_server_cannot_do_is_not_honoured():
    listening = LegacyListening()
    assert listening.add(1, EVERYTHING_WANTED, NOT_ABLE) == ()
    assert listening.take_acknowledged() == [(1, Filter())]


def test_what_the_server_refuses_is_not_honoured():
    listening = LegacyListening()
    listening.add(1, Filter(resource_subscriptions=("a", "b")), ABLE)
    listening.settle("a", granted=False)
    listening.settle("b", granted=True)
    assert listening.take_acknowledged() == [(1, Filter(resource_subscriptions=("b",)))]
    only = LegacyListening()
    only.add(1, Filter(resource_subscriptions=("a",)), ABLE)
    only.settle("a", granted=False)
    assert only.take_acknowledged() == [(1, Filter())]


def test_a_resource_that_was_refused_is_asked_for_again_by_the_next_who_wants_it():
    listening = LegacyListening()
    listening.add(1, Filter(resource_subscriptions=("a",)), ABLE)
    listening.settle("a", granted=False)
    assert listening.add(2, Filter(resource_subscriptions=("a",)), ABLE) == ("a",)


def test_two_that_want_the_same_resource_share_one_subscription():
    listening = LegacyListening()
    wanted = Filter(resource_subscriptions=("a",))
    assert listening.add(1, wanted, ABLE) == ("a",)
    assert listening.add(2, wanted, ABLE) == ()
    listening.settle("a", granted=True)
    assert [handle for handle, _ in listening.take_acknowledged()] == [1, 2]
    assert listening.add(3, wanted, ABLE) == ()
    assert [handle for handle, _ in listening.take_acknowledged()] == [3]
    assert listening.forget(1)
    assert listening.take_unused() == ()
    assert listening.forget(2)
    assert listening.forget(3)
    assert listening.take_unused() == ("a",)
    assert listening.take_unused() == ()
    assert not listening.forget(1)


def test_all_are_taken_out_at_the_end():
    listening = LegacyListening()
    listening.add(1, Filter(resource_subscriptions=("a",)), ABLE)
    listening.add(2, Filter(), ABLE)
    listening.settle("a", granted=True)
    assert listening.take_all() == (1, 2)
    assert (listening.take_all(), listening.take_unused()) == ((), ())
