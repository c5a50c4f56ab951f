"""Middleware of a client around what the two ends tell each other."""

import attrs
import pytest
from tests.client.surrounded import errors, served
from tests.client.told import Told
from tests.middleware.taped import Taped, every_revision, stalling

from sansmcp import (
    Context,
    LocalProtocolError,
    Server,
    schema,
)
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import (
    Delay,
    IncomingNotification,
    OutgoingNotification,
    ProgressReceived,
)
from sansmcp.testing import Pause, connect

# What the server tells


@every_revision
def test_logs_progress_changes_and_other_notifications_pass_in_order(revision):
    taped, heard = Taped(), []
    server = served()
    with connect(
        server, revisions=[revision], middleware=[taped], log_level="info", on_log=heard.append
    ) as client:
        client.call_tool("wait", {"seconds": 1.0}, on_progress=heard.append)
        if revision == "2026-07-28":
            client.session.listen(schema.SubscriptionFilter(tools_list_changed=True), client.now)
            client.settle()
        server.add_tool(lambda: "", name="late", description="a tool")
        client.call_tool("wait", {"seconds": 1.0})
    assert [type(event).__name__ for event in heard][:2] == ["LogReceived", "ProgressReceived"]
    assert {kind for kind, _ in taped.kinds()} == {IncomingNotification}
    assert [method for _, method in taped.kinds()][:2] == ["notifications/message", "notifications/progress"]
    assert "notifications/tools/list_changed" in [method for _, method in taped.kinds()]
    assert [message.params for message in taped.messages][:2] == heard[:2]


def test_what_is_told_may_be_changed_delayed_dropped_and_lost():
    def choose(message, proceed):
        if message.method == "notifications/message":
            if message.event.data == "drop":
                return None
            if message.event.data == "fail":
                raise KeyError("fail")
            yield Delay(2)
            message = attrs.evolve(message, event=attrs.evolve(message.event, data="changed"))
        return (yield from proceed(message))

    server = Server("test", version="1")

    @server.tool
    async def say(ctx: Context) -> str:
        for word in ("drop", "fail", "say"):
            ctx.log("info", word)
        await Pause(5.0)
        return "said"

    heard = []
    with connect(
        server, middleware=[choose], log_level="info", on_log=lambda event: heard.append(event.data)
    ) as client:
        client.call_tool("say")
        assert errors(client) == [
            f"middleware {choose.__qualname__} failed; notifications/message goes no further"
        ]
    assert heard == ["changed"]


def test_what_waits_to_be_heard_ends_with_the_connection():
    closed = []

    stall = stalling(closed, first=True, after=False)
    with connect(served(), middleware=[stall], log_level="info") as client:
        client.call_tool("wait", {"seconds": 1.0})
    assert closed == ["notifications/message"]
    assert client.now < 60


def test_progress_of_a_call_that_is_over_is_told_to_nobody():
    client = Told(middleware=[Taped()]).connect()
    event = ProgressReceived(handle=99, progress=1)
    client.connection.handle(client.endpoint.session, event)
    assert client.texts() == []


# What a client tells


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_notifications_pass_and_may_be_dropped(revision):
    taped = Taped()

    def drop(message, _proceed):
        if isinstance(message, OutgoingNotification):
            return
        yield

    events = []
    with connect(
        served(),
        revisions=[revision],
        roots=["file:///a"],
        roots_change=True,
        sending_middleware=[taped, drop],
        serving={"on_event": lambda _session, event: events.append(type(event).__name__)},
    ) as client:
        client.notify("notifications/roots/list_changed")
    assert taped.kinds() == [(OutgoingNotification, "notifications/roots/list_changed")]
    assert "NotificationReceived" not in events


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_notifications_may_be_changed(revision):
    def change(message, proceed):
        return (yield from proceed(message.with_params({"_meta": {"more": 1}})))

    events = []
    with connect(
        served(),
        revisions=[revision],
        roots=["file:///a"],
        roots_change=True,
        sending_middleware=[change],
        serving={"on_event": lambda _session, event: events.append(event)},
    ) as client:
        client.notify("notifications/roots/list_changed")
    assert "'more': 1" in repr(events)


def test_a_notification_that_is_not_legal_raises_where_it_is_sent():
    with connect(served(), sending_middleware=[Taped()]) as client, pytest.raises(LocalProtocolError):
        client.notify("notifications/none")


def test_what_fails_around_a_notification_is_told():
    def careless(_message, _proceed):
        raise KeyError("lost")
        yield

    def slow(message, proceed):
        yield Delay(1)
        return (yield from proceed(message))

    for layers, told in (
        ([careless], f"middleware {careless.__qualname__} failed; notifications/none is not sent"),
        ([slow], "notifications/none is not sent"),
    ):
        with connect(served(), sending_middleware=layers) as client:
            client.notify("notifications/none")
            client.run_until(lambda client=client: errors(client))
            assert errors(client) == [told]


def test_what_waits_to_go_out_ends_with_the_connection():
    closed = []

    stall = stalling(closed, first=True, after=False)
    with connect(served(), sending_middleware=[stall]) as client:
        client.notify("notifications/none")
    assert closed == ["notifications/none"]


@pytest.mark.parametrize("setting", ["middleware", "sending_middleware"])
def test_what_is_no_middleware_is_refused_with_words(setting):
    with pytest.raises(LocalProtocolError, match="expected a generator function"):
        connect(served(), **{setting: [lambda message, proceed: proceed(message)]})
