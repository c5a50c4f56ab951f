"""What a handler can say and ask while it runs, in both eras.

Source: Progress, Logging, Elicitation, Sampling, Roots, all revisions; 2026-07-28, Multi Round-Trip
Requests.
"""

import datetime as dt

import pytest
from tests.server.conversation import MODERN, Conversation
from tests.server.talking import DEBUG, TOKEN, Person, notifications, serving, talk

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server

# What a handler knows


def test_a_handler_knows_its_client_and_its_request():
    seen = []

    def tool(ctx: Context) -> None:
        client = ctx.client
        seen.append((client.info, client.capabilities, client.revision, ctx.meta, ctx.request.id))

    meta = {"com.example/a": 1}
    talk(tool, "2025-06-18", meta=meta).request("tools/call", 7, name="tool")
    ((info, capabilities, revision, found, request_id),) = seen
    assert (info.name, info.version) == ("client", "7")
    assert capabilities.roots == schema.RootsCapability()
    assert (revision, found, request_id) == ("2025-06-18", meta, 7)


def test_a_request_without_meta_has_an_empty_one():
    seen = []

    def tool(ctx: Context) -> None:
        seen.append(ctx.meta)

    talk(tool, "2025-06-18").call("tool")
    assert seen == [{}]


# Progress


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_is_sent_before_the_result(revision):
    def tool(ctx: Context) -> str:
        ctx.progress(1, 3)
        ctx.progress(2.5, total=3, message="nearly")
        return "done"

    *reported, answer = talk(tool, revision, meta=TOKEN).request("tools/call", name="tool")
    first = {"progressToken": "t", "progress": 1, "total": 3}
    second = {"progressToken": "t", "progress": 2.5, "total": 3}
    if revision >= "2025-03-26":
        second["message"] = "nearly"
    assert notifications(reported, "notifications/progress") == [first, second]
    assert answer["result"]["content"] == [{"type": "text", "text": "done"}]


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_that_nobody_asked_for_is_not_sent(revision):
    def tool(ctx: Context) -> str:
        ctx.progress(1)
        return "done"

    assert talk(tool, revision).text("tool") == "done"


@pytest.mark.parametrize("meta", [{}, TOKEN])
@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (float("nan"),), (float("inf"),), ("1",), (True,)])
def test_progress_must_be_a_number_that_rises_whoever_listens(steps, meta):
    caught = []

    def tool(ctx: Context) -> None:
        try:
            for step in steps:
                ctx.progress(step)
        except LocalProtocolError as error:
            caught.append(error)

    talk(tool, meta=meta).request("tools/call", name="tool")
    assert len(caught) == 1


def test_a_total_must_be_a_number():
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError, match="expected finite numbers"):
            ctx.progress(1, total=float("nan"))

    assert talk(tool).text("tool") == ""


# Logging


@pytest.mark.parametrize("revision", REVISIONS)
def test_records_are_sent_from_the_level_on_that_the_client_wants(revision):
    def tool(ctx: Context) -> None:
        ctx.debug("a")
        ctx.info({"b": dt.date(2026, 7, 28)}, logger="mine")
        ctx.warning(Person("c"))
        ctx.error("d")
        ctx.log("emergency", None)

    if revision == MODERN:
        peer = talk(tool, revision, meta={"io.modelcontextprotocol/logLevel": "info"})
    else:
        peer = talk(tool, revision)
        peer.request("logging/setLevel", level="info")
    *said, _ = peer.request("tools/call", name="tool")
    assert notifications(said, "notifications/message") == [
        {"level": "info", "logger": "mine", "data": {"b": "2026-07-28"}},
        {"level": "warning", "data": {"name": "c", "age": 18}},
        {"level": "error", "data": "d"},
        {"level": "emergency", "data": None},
    ]


@pytest.mark.parametrize("revision", REVISIONS)
def test_records_that_nobody_wants_are_not_sent(revision):
    def tool(ctx: Context) -> None:
        ctx.log("emergency", "fire")

    assert len(talk(tool, revision).request("tools/call", name="tool")) == 1


def test_a_record_is_what_it_was_when_it_was_written():
    def tool(ctx: Context) -> None:
        data = [1]
        ctx.info(data)
        data.append(2)

    said = []
    peer = talk(tool, meta=DEBUG)
    commands = []
    peer.outlet = commands.append
    invocation = peer.start("tools/call", name="tool")
    invocation.call()
    commands[0](0.0)
    said = peer.sent()
    assert notifications(said, "notifications/message") == [{"level": "info", "data": [1]}]


def test_a_record_that_cannot_be_sent_is_refused_where_it_is_written():
    caught = []

    def tool(ctx: Context) -> None:
        for write in (
            lambda: ctx.log("loud", "a"),
            lambda: ctx.info(object()),
            lambda: ctx.info("a", logger=7),
        ):
            with pytest.raises(LocalProtocolError) as error:
                write()
            caught.append(str(error.value))

    talk(tool).call("tool")
    assert "log('loud'): expected one of alert" in caught[0]
    assert "cannot be said in JSON" in caught[1]
    assert "logger: expected a string" in caught[2]


def test_a_server_that_declares_no_logging_sends_none():
    def tool(ctx: Context) -> str:
        ctx.error("a")
        return "done"

    server = Server("x", version="1", capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability()))
    server.add_tool(tool)
    assert Conversation(server, meta=DEBUG).text("tool") == "done"


# Notifications of one's own


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_notification_of_ones_own_is_sent_with_its_request(revision):
    def tool(ctx: Context) -> None:
        ctx.notify("notifications/acme/moved", {"to": Person("a")})
        ctx.notify("notifications/acme/moved")
        with pytest.raises(LocalProtocolError, match=r"register it with Server.add_notification first"):
            ctx.notify("notifications/acme/other")

    server = serving(tool)
    server.add_notification("notifications/acme/moved")
    peer = Conversation(server, revision)
    peer.receive(peer.message("tools/call", None, None, {"name": "tool"}))
    event = peer.session.next_event()
    peer.session.actions()
    server.resolve(event, peer.session, peer.outlet).call()
    assert [action.related for action in peer.session.actions()] == [event.request_id] * 2
    first, second, _ = peer.request("tools/call", name="tool")
    assert first["params"] == {"to": {"name": "a", "age": 18}}
    assert "params" not in second


# After the end


def test_after_its_outcome_a_handler_says_nothing_more():
    kept = []

    def tool(ctx: Context) -> None:
        assert not ctx.cancelled
        kept.append(ctx)

    server = serving(tool)
    server.add_notification("notifications/acme/moved")
    peer = Conversation(server, meta={**TOKEN, **DEBUG})
    peer.request("tools/call", name="tool")
    (ctx,) = kept
    ctx.progress(1)
    ctx.error("a")
    ctx.notify("notifications/acme/moved")
    assert ctx.cancelled
    assert ctx.once("key", lambda: 1) == 1
    with pytest.raises(LocalProtocolError, match="the request has been answered"):
        ctx.elicit("key", "?", Person)
    assert peer.sent() == []


def test_what_was_said_just_before_the_outcome_is_not_said_after_it():
    """A thread may speak while the outcome is on its way."""
    commands, kept = [], []

    def tool(ctx: Context) -> None:
        kept.append(ctx)
        ctx.info("in time")

    peer = talk(tool, meta=DEBUG)
    peer.outlet = commands.append
    invocation = peer.start("tools/call", name="tool")
    invocation.succeed(invocation.call(), 0.0)
    assert [message.get("method") for message in peer.sent()] == ["notifications/message", None]
    for command in commands:
        command(0.0)
    assert peer.sent() == []


def test_a_cancelled_handler_sees_it_and_says_nothing_more():
    seen = []

    def tool(ctx: Context) -> None:
        peer.say({"method": "notifications/cancelled", "params": {"requestId": 1}})
        invocation.cancel()
        ctx.progress(1)
        seen.append(ctx.cancelled)

    peer = talk(tool, meta=TOKEN)
    invocation = peer.start("tools/call", request_id=1, name="tool")
    invocation.succeed(invocation.call(), 0.0)
    assert (seen, peer.sent()) == ([True], [])
