"""Who wants to hear of which change: what a change costs does not grow with those who do not want to."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conversation import environment
from tests.server.test_connections import META, Serving
from tests.session.ends import INITIALIZED, initialize, tell

from sansmcp import schema
from sansmcp.schema import LATEST_LEGACY
from sansmcp.server import Server
from sansmcp.server.interests import Interests
from sansmcp.server.registry import EMPTY, MAX_LOG
from sansmcp.session import Change, ChangeKind, ServerSession

Filter = schema.SubscriptionFilter
TOOLS = Change(kind=ChangeKind.TOOLS)


class Offering:
    """What is offered, as changes make it."""

    def __init__(self):
        self.now = EMPTY

    def __call__(self):
        return self.now

    def change(self, kind, uri=None):
        self.now = self.now.with_change(Change(kind=kind, uri=uri))

    def complete(self, *pages):
        self.now = self.now.with_completed(*pages)


def concerned(interests):
    return sorted(interests.take_concerned()[1])


def test_who_wants_to_hear_of_a_change_is_concerned_once():
    offering = Offering()
    interests = Interests(offering)
    interests.add("a", Filter(tools_list_changed=True, resource_subscriptions=("x", "x")))
    interests.add("b", Filter(resource_subscriptions=("y",)))
    offering.change(ChangeKind.TOOLS)
    offering.change(ChangeKind.RESOURCE, "x")
    offering.change(ChangeKind.PROMPTS)
    since, sessions = interests.take_concerned()
    assert (since, list(sessions)) == (0, ["a"])
    offering.change(ChangeKind.RESOURCE, "y")
    since, sessions = interests.take_concerned()
    assert (since, list(sessions)) == (3, ["b"])
    assert concerned(interests) == []


def test_of_a_session_that_is_forgotten_nothing_is_left_to_take_back():
    offering = Offering()
    interests = Interests(offering)
    interests.add("a", Filter(tools_list_changed=True))
    interests.add("b", Filter(tools_list_changed=True))
    interests.forget("a")
    interests.remove("a", Filter(tools_list_changed=True))
    interests.remove("b", Filter(prompts_list_changed=True))
    offering.change(ChangeKind.TOOLS)
    assert concerned(interests) == ["b"]


def test_who_fell_behind_the_log_is_concerned_whatever_it_wants():
    offering = Offering()
    interests = Interests(offering)
    interests.add("a", Filter(resource_subscriptions=("x",)))
    for _ in range(MAX_LOG):
        offering.change(ChangeKind.PROMPTS)
    assert concerned(interests) == []
    for _ in range(MAX_LOG + 1):
        offering.change(ChangeKind.PROMPTS)
    assert concerned(interests) == ["a"]


def test_a_page_that_is_done_concerns_whose_user_is_on_it():
    offering = Offering()
    interests = Interests(offering)
    interests.expect_page("a", "one")
    interests.expect_page("a", "two")
    interests.expect_page("b", "three")
    offering.complete("two", "unknown")
    assert concerned(interests) == ["a"]
    interests.forget_page("a", "two")
    interests.forget_page("a", "two")
    interests.forget_page("c", "one")
    assert len(interests) == 2
    interests.forget_page("a", "one")
    assert len(interests) == 1
    offering.complete("three")
    assert concerned(interests) == ["b"]
    interests.forget("b")
    assert len(interests) == 0
    offering.complete("three")
    assert concerned(interests) == []


WANTED = st.builds(
    Filter,
    tools_list_changed=st.sampled_from([None, True]),
    prompts_list_changed=st.sampled_from([None, True]),
    resources_list_changed=st.sampled_from([None, True]),
    resource_subscriptions=st.lists(st.sampled_from("xyz"), max_size=3).map(tuple),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc"), WANTED),
        st.tuples(st.just("remove"), st.sampled_from("abc"), st.integers(0, 5)),
        st.tuples(st.just("forget"), st.sampled_from("abc"), st.none()),
        st.tuples(st.just("change"), st.sampled_from(list(ChangeKind)), st.sampled_from("xyz")),
    ),
    max_size=40,
)


@given(STEPS)
def test_the_index_finds_whom_a_look_at_everybody_would_find(steps):
    offering = Offering()
    interests = Interests(offering)
    wishes = {session: [] for session in "abc"}
    for step, who, what in steps:
        match step:
            case "add":
                interests.add(who, what)
                wishes[who].append(what)
            case "remove" if wishes[who]:
                interests.remove(who, wishes[who].pop(what % len(wishes[who])))
            case "forget":
                interests.forget(who)
                wishes[who].clear()
            case "change":
                uri = what if who is ChangeKind.RESOURCE else None
                offering.change(who, uri)
                expected = {
                    session
                    for session, wanted in wishes.items()
                    if any(_wants(each, who, uri) for each in wanted)
                }
                assert set(interests.take_concerned()[1]) == expected
            case _:
                pass
    expected = sum(
        any(wish != Filter() and wish != Filter(resource_subscriptions=()) for wish in wanted)
        for wanted in wishes.values()
    )
    assert len(interests) == expected


def _wants(wanted, kind, uri):
    match kind:
        case ChangeKind.TOOLS:
            return bool(wanted.tools_list_changed)
        case ChangeKind.PROMPTS:
            return bool(wanted.prompts_list_changed)
        case ChangeKind.RESOURCES:
            return bool(wanted.resources_list_changed)
        case _:
            return uri in (wanted.resource_subscriptions or ())


# Through sessions


def calls_of(act):
    """Return how many calls of functions an act makes."""
    count = 0

    def look(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(look)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def listen(request_id, **wanted):
    params = {"notifications": wanted, "_meta": META}
    return {"id": request_id, "method": "subscriptions/listen", "params": params}


def heard(peer):
    peer.link.handle_timeout(1.0)
    return [message["params"].get("uri") for message in peer.answers() if "id" not in message]


def cost_beside(idle, listening):
    """Return what it costs to tell one subscriber of each era, beside others of something else."""
    server = Server("test", version="1")
    server.add_resource("config:app", "x")
    serving = Serving(server)
    modern, legacy = serving.peer(), serving.peer().initialize()
    modern.say(listen("mine", resourceSubscriptions=["config:app"]))
    legacy.say({"id": 1, "method": "resources/subscribe", "params": {"uri": "config:app"}})
    for _ in range(idle):
        serving.peer().initialize()
    for number in range(listening):
        serving.peer().say(listen("other", resourceSubscriptions=[f"config:{number}"]))
    calls = calls_of(lambda: server.resource_updated("config:app"))
    assert (heard(modern), heard(legacy)) == (["config:app"], ["config:app"])
    return calls


def test_a_change_costs_what_those_cost_who_want_to_hear_of_it():
    assert cost_beside(idle=500, listening=200) == cost_beside(idle=0, listening=0)


def test_what_a_server_can_do_is_not_worked_out_for_each_session():
    server = Server("test", version="1")

    def opened():
        calls_of(lambda: server.open_session(surroundings))
        return calls_of(lambda: server.open_session(surroundings))

    surroundings = environment()
    server.add_tool(lambda: 1, name="first")
    few = opened()
    for number in range(100):
        server.add_tool(lambda: 1, name=f"tool{number}")
    assert opened() == few


@pytest.mark.parametrize("gone", [True, False])
def test_who_has_gone_or_wants_nothing_more_is_told_nothing(gone):
    server = Server("test", version="1")
    server.add_resource("config:app", "x")
    serving = Serving(server)
    modern, legacy = serving.peer(), serving.peer().initialize()
    modern.say(listen("mine", resourceSubscriptions=["config:app"]))
    legacy.say({"id": 1, "method": "resources/subscribe", "params": {"uri": "config:app"}})
    if gone:
        for peer in (modern, legacy):
            peer.leave()
            peer.link.handle_timeout(10.0)
        serving.settle()
    else:
        modern.say({"method": "notifications/cancelled", "params": {"requestId": "mine"}})
        legacy.say({"id": 2, "method": "resources/unsubscribe", "params": {"uri": "config:app"}})
    server.resource_updated("config:app")
    assert (heard(modern), heard(legacy)) == ([], [])


def test_a_list_that_changed_before_somebody_listened_is_no_news():
    server = Server("test", version="1")
    server.add_resource("config:app", "x")
    serving = Serving(server)
    peer = serving.peer()
    peer.say(listen("resource", resourceSubscriptions=["config:app"]))
    server.add_resource("config:late", "x")
    peer.say(listen("list", resourcesListChanged=True))
    server.resource_updated("config:app")
    assert heard(peer) == ["config:app"]
    server.add_resource("config:later", "x")
    peer.link.handle_timeout(2.0)
    methods = [message["method"] for message in peer.answers()]
    assert methods == ["notifications/resources/list_changed"]


def test_a_session_that_the_server_did_not_open_hears_of_nothing():
    server = Server("test", version="1")
    server.add_tool(lambda: 1, name="first")
    serving = Serving(server)
    session = ServerSession(info=server.info, capabilities=server.capabilities)
    for message in (
        initialize(0, LATEST_LEGACY),
        INITIALIZED,
        {"jsonrpc": "2.0", **listen("mine", toolsListChanged=True)},
    ):
        tell(session, message)
    while (event := session.next_event()) is not None:
        serving.connections.handle(session, event)
    session.actions()
    server.add_tool(lambda: 1, name="second")
    assert session.actions() == []
    assert session.next_deadline() is None
