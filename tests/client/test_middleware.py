"""Middleware of a client: around its calls, around what the server asks and tells, around its answers."""

import attrs
import pytest
from tests.client.surrounded import served
from tests.client.told import Told
from tests.middleware.taped import Taped, every_revision, text

from sansmcp import (
    LocalProtocolError,
    NotConnected,
    RequestFailed,
    RequestLost,
    schema,
)
from sansmcp.client import call_tool
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import (
    Delay,
    OutgoingRequest,
    Restart,
)
from sansmcp.testing import WorkCancelled, connect

# Calls


@every_revision
def test_every_call_passes_with_its_typed_params_and_gets_its_typed_result(revision):
    taped = Taped()
    with connect(served(), revisions=[revision], sending_middleware=[taped]) as client:
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert len(client.list_tools().tools) == 4
        with pytest.raises(RequestFailed):
            client.call_tool("none")
    assert taped.kinds()[:3] == [
        (OutgoingRequest, "tools/call"),
        (OutgoingRequest, "tools/list"),
        (OutgoingRequest, "tools/call"),
    ]
    assert [message.name for message in taped.messages] == ["add", None, "none"]
    assert [type(outcome) for outcome in taped.outcomes] == [
        schema.CallToolResult,
        schema.ListToolsResult,
        RequestFailed,
    ]


@every_revision
def test_a_call_may_be_changed_answered_or_made_again(revision):
    def change(message, proceed):
        if message.name == "none":
            return schema.CallToolResult(content=(schema.TextContent(text="answered"),))
        arguments = {name: value * 10 for name, value in message.params.arguments.items()}
        changed = message.with_params(attrs.evolve(message.params, arguments=arguments))
        first = yield from proceed(changed)
        yield Delay(3)
        second = yield from proceed(message)
        return attrs.evolve(second, content=(*first.content, *second.content))

    with connect(served(), revisions=[revision], sending_middleware=[change]) as client:
        began = client.now
        assert [block.text for block in client.call_tool("add", {"a": 1, "b": 2}).content] == ["30", "3"]
        assert client.now - began == 3
        assert text(client.call_tool("none")) == "answered"


def test_what_is_raised_comes_out_of_the_call():
    def refuse(message, proceed):
        if message.name == "add":
            raise KeyError("add")
        return (yield from proceed(message))

    with connect(served(), sending_middleware=[refuse]) as client, pytest.raises(KeyError, match="add"):
        client.call_tool("add", {"a": 1, "b": 2})


def test_a_call_that_is_not_legal_raises_inside_and_may_be_made_good():
    def mend(message, proceed):
        try:
            return (yield from proceed(message))
        except LocalProtocolError:
            return schema.ListPromptsResult(prompts=())

    with connect(served(), sending_middleware=[mend]) as client:
        assert client.list_prompts().prompts == ()


def test_a_call_that_needs_no_answer_passes_too():
    taped = Taped()
    with connect(served(), sending_middleware=[taped]) as client:
        client.set_log_level("info")
    assert taped.kinds() == [(OutgoingRequest, "logging/setLevel")]
    assert taped.outcomes == [None]


@every_revision
def test_progress_is_told_of_each_call_that_is_made(revision):
    def twice(message, proceed):
        yield from proceed(message)
        return (yield from proceed(message))

    heard = []
    with connect(served(), revisions=[revision], sending_middleware=[twice]) as client:
        client.call_tool("wait", {"seconds": 1.0}, on_progress=lambda event: heard.append(event.progress))
    assert heard == [1, 1]


@pytest.mark.parametrize("first", [False, True])
def test_a_call_that_is_given_up_closes_its_middleware_and_tells_the_server(first):
    closed = []

    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

    with connect(served(), sending_middleware=[stall]) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 30.0}))
        client.give_up(waiting)
        assert closed == ["tools/call"]
        with pytest.raises(WorkCancelled):
            client.wait(waiting)
        client.run_until(lambda: True)
        assert client.now < 30


def test_a_lost_connection_ends_what_middleware_would_try_again():
    attempts = []

    def stubborn(message, proceed):
        while True:
            attempts.append(message.clock())
            try:
                return (yield from proceed(message))
            except RequestLost:
                yield Delay(1)

    with connect(served(), sending_middleware=[stubborn]) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 30.0}))
        client.break_off()
        with pytest.raises(NotConnected):
            client.wait(waiting)
        with pytest.raises(NotConnected):
            client.call_tool("add", {"a": 1, "b": 2})
    assert len(attempts) == 2


def test_middleware_makes_a_call_again_on_the_next_connection():
    def stubborn(message, proceed):
        try:
            return (yield from proceed(message))
        except RequestLost:
            return (yield from proceed(message))

    settings = {"restart": Restart(), "sending_middleware": [stubborn]}
    with connect(served(), **settings) as client:
        client.call_tool("add", {"a": 1, "b": 2})
        waiting = client.begin(call_tool("wait", {"seconds": 3.0}))
        client.break_off()
        assert text(client.wait(waiting)) == "waited"
        client.notify("notifications/acme/told") if client.revision in LEGACY_REVISIONS else None


def test_what_waits_for_a_connection_that_never_comes_ends_with_the_client():
    client = Told(restart=Restart(), sending_middleware=[Taped()]).connect()
    client.both.lose()
    waiter = client.call(call_tool("x"))
    client.endpoint.close(client.both.now)
    client.both.settle()
    assert type(waiter.exception(timeout=0)) is NotConnected
