"""What a client does by itself: the log level in each session, news of roots, lists that are read again."""

import pytest
from tests.client.answering import LEGACY, Answering, Awaited, awaiting

from sansmcp import schema
from sansmcp.client import ClientOptions, ListRefreshed, Roots, call_tool, set_log_level
from sansmcp.client.listening import Listening
from sansmcp.client.upkeep import Upkeep
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    NotificationReceived,
    RequestFailed,
    ResponseReceived,
    Restart,
    Severity,
)

MODERN = "2026-07-28"
every_revision = pytest.mark.parametrize("revision", REVISIONS)


def listing(revision=MODERN, **settings):
    pages = {
        None: (schema.Tool(name="a", input_schema={"type": "object"}), "2"),
        "2": (schema.Tool(name="b", input_schema={"type": "object"}), None),
    }

    def tools(event):
        tool, cursor = pages[event.params.cursor]
        return schema.ListToolsResult(tools=(tool,), next_cursor=cursor)

    answers = {
        "tools/list": tools,
        "tools/call": schema.CallToolResult(content=()),
        "prompts/list": schema.ListPromptsResult(prompts=(schema.Prompt(name="p"),)),
        "resources/list": schema.ListResourcesResult(resources=(schema.Resource(uri="a://1", name="r"),)),
        "logging/setLevel": schema.EmptyResult(),
    }
    return Answering(revision, answers=answers, **settings)


def told_of(told, method):
    return [
        event
        for event in told.both.server_events
        if isinstance(event, NotificationReceived) and event.method == method
    ]


# The log level


def level_of(told):
    """The level that the server knows of: said once in the legacy era, with each request later."""
    told.ask(call_tool("x", validate="off"))
    return told.asked("tools/call")[-1].log_level


@every_revision
def test_a_level_is_said_once_and_holds_in_both_eras(revision):
    told = listing(revision, log_level="warning").connect()
    assert level_of(told) == "warning"


@every_revision
def test_the_level_that_was_set_last_holds_where_a_lost_connection_is_made_again(revision):
    told = listing(revision, log_level="warning", restart=Restart()).connect()
    told.begin(set_log_level("debug"))
    told.both.lose()
    told.advance(1.0)
    assert level_of(told) == "debug"


@pytest.mark.parametrize("raises", [False, True])
def test_a_level_that_cannot_be_set_is_reported_and_costs_nothing(raises):
    told = listing("2025-11-25").connect()
    reports = []

    def ask(call, react, now):
        if raises:
            raise LocalProtocolError("no")
        react(RequestFailed(handle=7, method=call.method, code=-1, message="no"), now)
        react(ResponseReceived(handle=7, method=call.method, result=None), now)

    options = ClientOptions.of({"log_level": "warning"})
    listening = Listening(told.endpoint, report=reports.append, missed=list)
    upkeep = Upkeep(options, told.endpoint, listening, ask=ask, post=list, told=list, report=reports.append)
    upkeep.connected(told.endpoint.session, told.connection.connected)
    assert [report.text.partition(":")[0] for report in reports] == ["the log level could not be set"]


# Roots


@pytest.mark.parametrize("revision", LEGACY)
def test_a_legacy_server_is_told_when_roots_change(revision):
    roots = Roots(["file:///a"])
    told = listing(revision, roots=roots).connect()
    roots.add("file:///b")
    roots.remove("file:///a")
    told.settle()
    assert len(told_of(told, "notifications/roots/list_changed")) == 2
    told.both.lose()
    roots.add("file:///c")
    told.settle()


def test_a_modern_server_asks_and_is_told_nothing():
    roots = Roots(["file:///a"])
    told = listing(MODERN, roots=roots).connect()
    roots.add("file:///b")
    told.settle()
    assert told_of(told, "notifications/roots/list_changed") == []


def test_roots_that_change_while_a_connection_is_lost_are_told_to_the_next_session_only():
    roots = Roots(["file:///a"])
    told = listing("2025-11-25", roots=roots, restart=Restart()).connect()
    told.both.lose()
    roots.add("file:///b")
    told.advance(1.0)
    roots.add("file:///c")
    told.settle()
    assert len(told_of(told, "notifications/roots/list_changed")) == 1


# Lists


@every_revision
@pytest.mark.parametrize(
    ("kind", "names"),
    [(ChangeKind.TOOLS, ["a", "b"]), (ChangeKind.PROMPTS, ["p"]), (ChangeKind.RESOURCES, ["r"])],
)
def test_a_list_that_changes_is_read_again_by_itself(revision, kind, names):
    seen: list[ListRefreshed] = []
    told = listing(revision, on_list=seen.append).connect()
    told.publish(Change(kind=kind))
    assert seen == []
    told.advance(0.3)
    assert [(one.kind, [item.name for item in one.items]) for one in seen] == [(kind, names)]


def test_changes_that_come_close_together_are_one():
    seen = []
    told = listing(on_list=seen.append, list_delay=1.0).connect()
    for _ in range(5):
        told.publish(Change(kind=ChangeKind.TOOLS))
        told.advance(0.1)
    told.advance(5.0)
    assert len(seen) == 1
    assert len(told.asked("tools/list")) == 2


def test_a_change_of_one_resource_changes_no_list():
    seen = []
    told = listing("2025-11-25", on_list=seen.append)
    told.answers["resources/subscribe"] = schema.EmptyResult()
    updates = awaiting(Awaited(told.connect()).resource_updates("a://1").__aenter__()).result()
    told.publish(Change(kind=ChangeKind.RESOURCE, uri="a://1"))
    told.advance(5.0)
    assert awaiting(anext(updates)).result() == "a://1"
    assert seen == []


def test_a_list_that_changes_while_it_is_read_is_read_once_more():
    seen = []
    told = listing(on_list=seen.append).connect()
    page = told.answers["tools/list"]

    def changing(event):
        if event.params.cursor == "2" and len(told.asked("tools/list")) == 2:
            told.server.publish(Change(kind=ChangeKind.TOOLS), told.both.now)
        return page(event)

    told.answers["tools/list"] = changing
    told.publish(Change(kind=ChangeKind.TOOLS))
    for _ in range(5):
        told.advance(1.0)
    assert len(seen) == 2
    assert len(told.asked("tools/list")) == 4


@pytest.mark.parametrize("answer", [ValueError("no"), schema.ListToolsResult(tools=(), next_cursor="again")])
def test_a_list_that_cannot_be_read_again_is_reported_and_the_next_change_is_another_attempt(answer):
    seen = []
    told = listing(on_list=seen.append).connect()
    page, told.answers["tools/list"] = told.answers["tools/list"], answer
    told.publish(Change(kind=ChangeKind.TOOLS))
    told.advance(1.0)
    assert seen == []
    assert [
        text for text in told.texts(Severity.WARNING) if "the list of tools could not be read again" in text
    ]
    told.answers["tools/list"] = page
    told.publish(Change(kind=ChangeKind.TOOLS))
    told.advance(1.0)
    assert len(seen) == 1


def test_after_a_lost_connection_the_lists_are_read_again_since_changes_may_have_been_missed():
    seen = []
    told = listing(on_list=seen.append, restart=Restart()).connect()
    told.both.lose()
    told.advance(5.0)
    assert sorted(one.kind.value for one in seen) == ["prompts", "resources", "tools"]


def test_the_end_of_the_connection_ends_the_wait_for_further_changes():
    seen = []
    told = listing(on_list=seen.append).connect()
    told.publish(Change(kind=ChangeKind.TOOLS))
    told.both.lose()
    told.advance(5.0)
    assert seen == []
    assert told.endpoint.next_deadline() is None


def test_a_notification_of_ones_own_is_sent_and_one_that_has_no_listener_of_its_own_is_told():
    heard = []
    told = listing("2025-11-25", on_notification=heard.append, roots=Roots()).connect()
    Awaited(told).notify("notifications/roots/list_changed")
    assert len(told_of(told, "notifications/roots/list_changed")) == 1
    params = {"elicitationId": "7"}
    told.server.notify("notifications/elicitation/complete", params, told.both.now)
    told.settle()
    assert [event.method for event in heard] == ["notifications/elicitation/complete"]
