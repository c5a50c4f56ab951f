"""Changes of what is offered, as clients hear of them."""

import pytest
from tests.server.conversation import Conversation
from tests.server.watching import Watcher

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LATEST_MODERN, REVISIONS
from sansmcp.server import Server

TOOLS = ("tools/list_changed",)
PROMPTS = ("prompts/list_changed",)
RESOURCES = ("resources/list_changed",)


def offering(**settings):
    """Return a server that has one item of each kind."""
    server = Server("changing", version="1", **settings)
    server.add_tool(lambda: 1, name="first")
    server.add_prompt(lambda: "", name="greeting")
    server.add_resource("config:app", "x")
    return server


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_list_that_changed_is_told_of_once_after_the_interval(revision):
    server = offering()
    peer = Watcher(server, revision)
    for number in range(20):
        server.add_tool(lambda: 1, name=f"tool{number}")
    server.prompts["greeting"].disable()
    server.resources["config:app"].remove()
    assert peer.heard() == []
    assert peer.heard(after=0.0099) == []
    assert peer.heard(after=0.0002) == [TOOLS, PROMPTS, RESOURCES]
    assert peer.heard(after=60) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_burst_that_changes_nothing_in_the_end_is_not_told_of(revision):
    server = offering()
    peer = Watcher(server, revision)
    added = server.add_tool(lambda: 1, name="brief")
    server.tools["first"].disable()
    server.prompts["greeting"].update(title="Hello")
    peer.heard()
    added.remove()
    server.tools["first"].enable()
    server.prompts["greeting"].update(title=None)
    server.tools["first"].update(function=lambda: 2, name="first")
    assert peer.heard(after=0.02) == []
    assert peer.session.next_deadline() is None


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_client_that_saw_the_middle_of_a_burst_is_told_of_its_end(revision):
    server = offering()
    peer = Watcher(server, revision)
    added = server.add_tool(lambda: 1, name="brief")
    peer.heard()
    assert len(peer.result("tools/list")["tools"]) == 2
    peer.result("prompts/list")
    added.remove()
    assert peer.heard(after=0.02) == [TOOLS]
    assert peer.heard(after=0.02) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_update_is_told_of(revision):
    server = offering()
    peer = Watcher(server, revision)
    server.tools["first"].update(description="Another one.")
    assert peer.heard(after=0) == []
    assert peer.heard(after=0.01) == [TOOLS]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_resource_that_changed_is_told_of_to_its_subscribers_alone(revision):
    server = offering()
    peer = Watcher(server, revision, ["config:app", "config:other"])
    stranger = Watcher(server, revision)
    server.resource_updated("config:app")
    server.resource_updated("config:nobody")
    server.resource_updated("config:app")
    peer.heard()
    stranger.heard()
    assert peer.heard(after=0.01) == [("resources/updated", "config:app")]
    assert stranger.heard(after=0.01) == []


def test_a_legacy_client_that_unsubscribed_hears_nothing_more():
    server = offering()
    peer = Watcher(server, LATEST_LEGACY, ["config:app"])
    peer.result("resources/unsubscribe", uri="config:app")
    server.resource_updated("config:app")
    peer.heard()
    assert peer.heard(after=0.01) == []


def test_a_modern_client_that_stopped_listening_hears_nothing_more():
    server = offering()
    peer = Watcher(server, LATEST_MODERN, ["config:app"])
    peer.say({"method": "notifications/cancelled", "params": {"requestId": "listening"}})
    server.resource_updated("config:app")
    server.add_tool(lambda: 1, name="late")
    peer.heard()
    assert peer.heard(after=0.01) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_who_fell_behind_the_log_is_told_of_every_resource_it_subscribed_to(revision):
    server = offering()
    peer = Watcher(server, revision, ["config:app", "config:b"])
    for number in range(1025):
        server.resource_updated(f"config:{number}")
    peer.heard()
    told = peer.heard(after=0.01)
    assert sorted(told) == [("resources/updated", "config:app"), ("resources/updated", "config:b")]
    for number in range(1024):
        server.resource_updated(f"config:{number}")
    peer.heard()
    assert peer.heard(after=0.01) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_interval_can_be_set(revision):
    server = offering(notice_interval=2)
    peer = Watcher(server, revision)
    server.add_tool(lambda: 1, name="late")
    peer.heard()
    assert peer.heard(after=1.9) == []
    assert peer.heard(after=0.2) == [TOOLS]


@pytest.mark.parametrize("interval", [-1, float("inf"), float("nan")])
def test_an_interval_is_a_time(interval):
    with pytest.raises(LocalProtocolError, match="notice_interval: expected seconds from 0"):
        Server("x", version="1", notice_interval=interval)


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_is_not_promised_is_not_told(revision):
    server = offering(capabilities={"tools.listChanged": False, "resources.subscribe": False})
    if revision == LATEST_MODERN:
        peer = Watcher(server, revision, ["config:app"])
        (promised,) = [message["params"]["notifications"] for message in [peer.acknowledged]]
        assert promised == {"promptsListChanged": True, "resourcesListChanged": True}
    else:
        peer = Watcher(server, revision)
        declared = peer.initialized["result"]["capabilities"]
        assert declared == {
            "tools": {},
            "prompts": {"listChanged": True},
            "resources": {"listChanged": True},
        }
        assert peer.error("resources/subscribe", uri="config:app")["code"] == -32601
    server.add_tool(lambda: 1, name="late")
    server.resource_updated("config:app")
    server.prompts["greeting"].remove()
    peer.heard()
    assert peer.heard(after=0.01) == [PROMPTS]


def test_before_a_legacy_client_is_initialized_it_is_told_nothing():
    server = offering()
    peer = Conversation(server)
    server.add_tool(lambda: 1, name="late")
    peer.session.catch_up(0)
    peer.session.handle_timeout(1)
    assert peer.sent() == []


def test_a_session_that_ended_is_told_nothing():
    server = offering()
    peer = Watcher(server, LATEST_LEGACY)
    peer.session.close(0)
    peer.session.handle_timeout(10)
    peer.sent()
    server.add_tool(lambda: 1, name="late")
    peer.heard()
    assert peer.heard(after=1) == []


# Capabilities


def test_a_feature_may_be_announced_before_its_first_item_exists():
    server = Server("x", version="1", capabilities={"tools": True, "logging": True, "completions": True})
    peer = Watcher(server, LATEST_LEGACY)
    assert peer.initialized["result"]["capabilities"] == {
        "tools": {"listChanged": True},
        "logging": {},
        "completions": {},
    }
    server.add_tool(lambda: 1, name="late")
    peer.heard()
    assert peer.heard(after=0.01) == [TOOLS]
    assert peer.text("late") == "1"


def test_a_capability_may_be_withheld():
    server = offering(capabilities={"prompts": False, "resources": False})
    assert server.capabilities.prompts is None
    assert server.capabilities.resources is None
    assert server.capabilities.tools is not None


def test_a_capability_that_no_server_has_is_refused_by_name():
    with pytest.raises(LocalProtocolError, match=r"capabilities: expected some of .*, found 'tool'"):
        Server("x", version="1", capabilities={"tool": True})


def test_a_link_that_carries_only_answers_is_promised_no_notices():
    peer = Conversation(offering(), answers_only=True)
    assert peer.result("server/discover")["capabilities"] == {"tools": {}, "prompts": {}, "resources": {}}


def test_a_modern_client_finds_what_the_server_can_do_now_and_a_legacy_one_what_it_was_told():
    server = Server("x", version="1")
    modern, legacy = Watcher(server, LATEST_MODERN), Watcher(server, LATEST_LEGACY)
    assert modern.error("tools/list")["code"] == -32601
    late = server.add_tool(lambda: 1, name="late")
    for peer in (modern, legacy):
        peer.heard(after=0.02)
    assert modern.result("server/discover")["capabilities"] == {"tools": {"listChanged": True}}
    assert modern.text("late") == "1"
    assert legacy.error("tools/list")["code"] == -32601
    late.remove()
    modern.heard(after=0.02)
    assert modern.error("tools/list")["code"] == -32601
