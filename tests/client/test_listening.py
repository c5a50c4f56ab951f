"""Listening: all wishes of a client are one subscription, each change is told once, in both eras and colours.

Source: 2026-07-28, Subscriptions; the revisions before: Resources, Subscriptions.
"""

import pytest
from tests.client.answering import Answering, Awaited, Task, awaiting

from sansmcp import Server, errors, schema
from sansmcp.client.listening import Wish
from sansmcp.schema import REVISIONS
from sansmcp.session import Change, ChangeKind, Restart, SessionLimits, Severity
from sansmcp.testing import connect

MODERN = "2026-07-28"
TOOLS, PROMPTS, RESOURCES = (
    Change(kind=kind) for kind in (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES)
)
every_revision = pytest.mark.parametrize("revision", REVISIONS)


def updated(uri):
    return Change(kind=ChangeKind.RESOURCE, uri=uri)


def entered(changes):
    return awaiting(changes.__aenter__()).result()


def all_of(changes):
    """Take all that is there by now."""
    found = []
    while (task := Task(_next(changes))).is_over and task.error is None:
        found.append(task.value)
    task.stop()
    return found


async def _next(changes):
    return await anext(changes)


def answering(revision=MODERN, **settings):
    answers = {"resources/subscribe": schema.EmptyResult(), "resources/unsubscribe": schema.EmptyResult()}
    return Answering(revision, answers=answers, **settings).connect()


def subscriptions_of(told):
    """What the server tells at the moment."""
    return told.server.stats().subscriptions


@every_revision
def test_changes_come_as_they_were_asked_for_each_once(revision):
    told = answering(revision)
    client = Awaited(told)
    lists = entered(client.listen(tools=True, prompts=True))
    ones = entered(client.resource_updates("notes://a", "notes://b"))
    told.publish(TOOLS, updated("notes://a"), RESOURCES, updated("notes://c"), PROMPTS, updated("notes://b"))
    assert all_of(lists) == [TOOLS, PROMPTS]
    assert all_of(ones) == ["notes://a", "notes://b"]


@every_revision
def test_what_changes_again_before_anybody_looks_is_told_once(revision):
    told = answering(revision)
    updates = entered(Awaited(told).resource_updates("notes://a"))
    told.publish(updated("notes://a"))
    told.publish(updated("notes://a"))
    assert all_of(updates) == ["notes://a"]
    told.publish(updated("notes://a"))
    assert all_of(updates) == ["notes://a"]


@every_revision
def test_two_who_want_the_same_are_both_told_and_the_server_tells_once(revision):
    heard = []
    told = answering(revision, on_change=heard.append)
    client = Awaited(told)
    one, other = (entered(client.resource_updates("notes://a")) for _ in range(2))
    told.publish(updated("notes://a"))
    assert (all_of(one), all_of(other)) == (["notes://a"], ["notes://a"])
    assert [event.change for event in heard] == [updated("notes://a")]
    assert subscriptions_of(told) == 1
    one.close()
    told.publish(updated("notes://a"))
    assert all_of(other) == ["notes://a"]
    assert all_of(one) == []
    other.close()
    other.close()
    told.settle()
    if revision < MODERN:
        assert subscriptions_of(told) == 0


@every_revision
def test_no_change_is_missed_or_told_twice_while_the_wishes_change(revision):
    heard = []
    told = answering(revision, on_change=heard.append)
    client = Awaited(told)
    one = entered(client.resource_updates("notes://a"))
    told.publish(updated("notes://a"), TOOLS)
    other = entered(client.listen("notes://b", tools=True))
    told.publish(updated("notes://b"), TOOLS)
    one.close()
    told.settle()
    told.publish(updated("notes://a"), updated("notes://b"))
    assert all_of(other) == [updated("notes://b"), TOOLS]
    assert [event.change for event in heard] == [
        updated("notes://a"),
        TOOLS,
        updated("notes://b"),
        TOOLS,
        updated("notes://b"),
    ]


def test_on_a_modern_server_a_listener_of_changes_is_all_that_it_takes():
    heard = []
    told = answering(on_change=heard.append)
    told.publish(TOOLS, PROMPTS, RESOURCES)
    assert [event.change for event in heard] == [TOOLS, PROMPTS, RESOURCES]
    assert len(told.asked("subscriptions/listen")) == 0
    assert subscriptions_of(told) == 1


def test_who_wants_to_hear_nothing_subscribes_to_nothing():
    told = answering()
    assert subscriptions_of(told) == 0
    changes = entered(Awaited(told).listen())
    assert changes.honoured == schema.SubscriptionFilter()
    assert subscriptions_of(told) == 0


@every_revision
def test_closing_lets_whoever_waits_for_the_next_change_come_to_the_end(revision):
    told = answering(revision)
    updates = entered(Awaited(told).resource_updates("notes://a"))

    async def every():
        return [uri async for uri in updates]

    task = Task(every())
    told.publish(updated("notes://a"))
    task.go_on()
    assert not task.is_over
    updates.close()
    assert task.result() == ["notes://a"]


@every_revision
def test_the_first_look_subscribes_and_leaving_the_block_ends_it(revision):
    told = answering(revision)
    client = Awaited(told)
    updates = client.resource_updates("notes://a")
    waiting = Task(_next(updates))
    told.settle()
    told.publish(updated("notes://a"))
    assert waiting.result() == "notes://a"

    async def inside():
        async with client.resource_updates("notes://b") as inner:
            assert entered_twice(inner) is inner
        return all_of(inner)

    assert Task(inside()).result() == []


def entered_twice(changes):
    return awaiting(changes.__aenter__()).result()


@every_revision
def test_a_loop_that_is_left_stops_listening_when_next_something_happens(revision):
    found, heard = [], []
    told = answering(revision, on_change=heard.append)
    client = Awaited(told)

    async def look():
        async for uri in client.resource_updates("notes://a"):
            found.append(uri)
            break

    kept = entered(client.resource_updates("notes://b"))
    task = Task(look())
    told.publish(updated("notes://a"))
    task.result()
    assert found == ["notes://a"]
    told.publish(updated("notes://b"))
    assert all_of(kept) == ["notes://b"]
    heard.clear()
    told.publish(updated("notes://a"), updated("notes://b"))
    assert [event.change for event in heard] == [updated("notes://b")]


def test_what_was_never_opened_or_is_closed_is_left_without_a_word():
    told = answering()
    client = Awaited(told)
    never, closed = client.listen(tools=True), entered(client.listen(tools=True))
    closed.close()
    before = len(told.requests())
    del never, closed
    told.publish(TOOLS)
    assert len(told.requests()) == before


@every_revision
def test_what_the_server_agreed_to_tell_may_be_less(revision):
    told = answering(revision)
    changes = entered(Awaited(told).listen("notes://a", tools=True))
    assert changes.honoured == schema.SubscriptionFilter(
        tools_list_changed=True, resource_subscriptions=("notes://a",)
    )


@every_revision
def test_nobody_listens_to_a_connection_that_has_ended(revision):
    told = answering(revision)
    told.both.lose()
    with pytest.raises(errors.NotConnected):
        entered(Awaited(told).resource_updates("notes://b"))


def all_left(changes):
    return Task(_next(changes)).result()


def test_the_end_of_the_connection_ends_the_iteration_with_the_reason():
    told = answering()
    updates = entered(Awaited(told).resource_updates("notes://a"))
    told.publish(updated("notes://a"))
    told.both.lose()
    assert all_left(updates) == "notes://a"
    with pytest.raises(errors.SansmcpError, match="the server died"):
        all_left(updates)


def test_a_subscription_goes_on_where_a_lost_connection_is_made_again():
    told = answering(restart=Restart())
    client = Awaited(told)
    updates = entered(client.resource_updates("notes://a"))
    told.both.lose()
    later = client.listen(tools=True)
    entering = awaiting(later.__aenter__())
    assert not entering.is_over
    told.advance(1.0)
    entering.result()
    told.publish(updated("notes://a"), TOOLS)
    assert (all_of(updates), all_of(later)) == (["notes://a"], [TOOLS])
    assert subscriptions_of(told) == 1


def test_a_subscription_that_the_server_ends_ends_what_it_told():
    told = answering()
    updates = entered(Awaited(told).resource_updates("notes://a"))
    (subscription,) = [
        event.subscription_id
        for event in told.both.server_events
        if type(event).__name__ == "SubscriptionOpened"
    ]
    told.server.end_subscription(subscription, told.both.now)
    told.settle()
    with pytest.raises(errors.RequestLost, match="subscriptions/listen: this side ended it"):
        all_left(updates)
    again = entered(Awaited(told).resource_updates("notes://a"))
    told.publish(updated("notes://a"))
    assert all_of(again) == ["notes://a"]


def test_a_wish_that_cannot_be_said_is_refused_and_costs_nobody_else():
    told = answering()
    client = Awaited(told)
    kept = entered(client.resource_updates("notes://a"))
    with pytest.raises(errors.LocalProtocolError):
        entered(client.resource_updates("notes://" + "x" * 5_000_000))
    assert any("nothing is told of changes" in text for text in told.texts(Severity.WARNING))
    told.publish(updated("notes://a"))
    assert all_of(kept) == ["notes://a"]


def test_a_server_that_refuses_to_tell_is_told_where_it_is_entered_and_costs_nobody_else():
    told = answering(limits=SessionLimits(message_bytes=4096))
    client = Awaited(told)
    kept = entered(client.resource_updates("notes://a"))
    # It takes one subscription at a time, and the next one comes before the last one goes.
    told.server.close(told.both.now)
    entering = awaiting(client.listen(tools=True).__aenter__())
    told.settle()
    with pytest.raises(errors.SansmcpError):
        entering.result()
    with pytest.raises(errors.SansmcpError):
        all_left(kept)


def test_a_server_that_never_acknowledges_is_given_up():
    told = Answering(MODERN).connect()
    client = Awaited(told)
    told.both.peers.clear()
    entering = awaiting(client.listen(tools=True).__aenter__())
    told.advance(60.0)
    with pytest.raises(errors.RequestTimedOut):
        entering.result()


def test_entering_and_iterating_in_the_colour_that_blocks():
    server = Server("notes", version="1", notice_interval=0)

    @server.resource("notes://a", blocks=False)
    def note() -> str:
        return "a"

    for revision in REVISIONS:
        with connect(server, revisions=[revision]) as client:
            with client.resource_updates("notes://a") as updates:
                server.resource_updated("notes://a")
                client.settle()
                assert next(updates) == "notes://a"
                updates.close()
                assert list(updates) == []
            with client.listen("notes://a") as changes, changes:
                assert changes.honoured is not None
                server.resource_updated("notes://a")
                client.settle()
                assert next(changes) == updated("notes://a")


def test_a_subscription_that_was_closed_before_it_was_entered_has_nothing_to_tell():
    for colour in ("blocks", "awaits"):
        if colour == "blocks":
            with connect(Server("notes", version="1")) as client:
                changes = client.listen(tools=True)
                changes.close()
                with changes as entered_anyway:
                    assert list(entered_anyway) == []
        else:
            changes = Awaited(answering()).listen(tools=True)
            changes.close()
            assert entered(changes) is changes
            assert all_of(changes) == []


def test_a_wish_that_cannot_be_said_is_refused_where_one_blocks_too():
    with connect(Server("notes", version="1")) as client:
        huge = client.resource_updates("notes://" + "x" * 5_000_000)
        with pytest.raises(errors.LocalProtocolError), huge:
            raise AssertionError("unreachable: it must not be entered")


def test_a_subscription_of_the_users_own_is_none_of_this_clients_business():
    told = answering()
    kept = entered(Awaited(told).resource_updates("notes://a"))
    wanted = schema.SubscriptionFilter(tools_list_changed=True)
    handle = told.endpoint.session.listen(wanted, told.both.now)
    told.settle()
    told.endpoint.cancel(handle, told.both.now)
    first, second = (
        event.subscription_id
        for event in told.both.server_events
        if type(event).__name__ == "SubscriptionOpened"
    )
    assert first != second
    told.publish(updated("notes://a"))
    assert all_of(kept) == ["notes://a"]


def test_the_server_may_end_one_subscription_while_the_next_is_asked_for():
    told = answering()
    client = Awaited(told)
    kept = entered(client.resource_updates("notes://a"))
    (old,) = [
        event.subscription_id
        for event in told.both.server_events
        if type(event).__name__ == "SubscriptionOpened"
    ]
    wish = Wish(schema.SubscriptionFilter(tools_list_changed=True))
    told.connection.listening.add(wish, told.both.now)
    told.server.end_subscription(old, told.both.now)
    told.settle()
    told.publish(updated("notes://a"))
    assert all_of(kept) == ["notes://a"]
    assert wish.honoured == wish.wanted


def test_whoever_changes_his_mind_before_the_server_agreed_is_forgotten():
    told = answering()
    listening = told.connection.listening
    wish = Wish(schema.SubscriptionFilter(tools_list_changed=True))
    listening.add(wish, told.both.now)
    listening.remove(wish, told.both.now)
    told.settle()
    told.publish(TOOLS)
    assert wish.changes.take() is None
    assert wish.honoured is None


def test_whoever_changes_his_mind_costs_nobody_else_anything():
    told = answering()
    kept = entered(Awaited(told).resource_updates("notes://a"))
    listening = told.connection.listening
    wish = Wish(schema.SubscriptionFilter(tools_list_changed=True))
    listening.add(wish, told.both.now)
    listening.remove(wish, told.both.now)
    told.settle()
    told.publish(TOOLS, updated("notes://a"))
    assert all_of(kept) == ["notes://a"]
    assert subscriptions_of(told) == 1


def test_a_subscription_of_the_users_own_that_fails_costs_this_client_nothing():
    told = answering()
    waiting = awaiting(Awaited(told).listen(tools=True).__aenter__())
    waiting.result()
    told.both.peers.clear()
    told.endpoint.session.listen(schema.SubscriptionFilter(prompts_list_changed=True), told.both.now)
    told.settle()
    told.advance(60.0)
    assert told.texts(Severity.WARNING) == []


def test_what_waits_for_the_next_connection_hears_when_there_is_none():
    told = answering(restart=Restart(attempts=1))
    told.both.reachable = False
    told.both.lose()
    entering = awaiting(Awaited(told).listen(tools=True).__aenter__())
    told.advance(60.0)
    with pytest.raises(errors.NotConnected):
        entering.result()
