"""A client and a server joined in one call, without I/O, thread or loop."""

import attrs
import pytest

from sansmcp import (
    Accepted,
    Context,
    NotConnected,
    RequestLost,
    RequestTimedOut,
    Server,
)
from sansmcp.client import Roots, accept, call_tool, set_log_level
from sansmcp.schema import REVISIONS, Side
from sansmcp.session import NotificationReceived, Restart
from sansmcp.testing import Pause, WorkCancelled, byte_by_byte, connect

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def served():
    server = Server("in memory", version="1.0")

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def wait(seconds: float, ctx: Context) -> str:
        ctx.progress(1)
        await Pause(seconds)
        return "waited"

    @server.tool
    async def at_once() -> str:
        return "done"

    @server.tool
    async def foreign() -> str:
        await Foreign()
        return "unreachable"

    @server.tool
    def ask(ctx: Context) -> str:
        match ctx.elicit("name", "Who?", Name):
            case Accepted(value=found):
                return found.name
            case other:
                return type(other).__name__

    return server


class Foreign:
    """What only a loop could wait for."""

    def __await__(self):
        yield "a future"


def text(result):
    assert not result.is_error, result
    return result.content[0].text


@every_revision
@pytest.mark.parametrize("cut", [{}, {"cut": byte_by_byte}])
def test_one_line_connects_a_client_and_a_server_in_any_revision(revision, cut):
    with connect(served(), revisions=[revision], **cut) as client:
        assert client.revision == revision
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert next(tool.name for tool in client.tools()) == "add"
        assert client.disconnected is None
    assert client.disconnected is not None


def test_time_passes_only_while_somebody_waits():
    with connect(served()) as client:
        before = client.now
        waiting = client.begin(call_tool("wait", {"seconds": 30.0}))
        assert client.now == before
        assert not waiting.done()
        assert text(client.wait(waiting)) == "waited"
        assert client.now == before + 30.0


def test_what_takes_too_long_times_out_on_the_virtual_clock():
    with connect(served()) as client:
        with pytest.raises(RequestTimedOut):
            client.call_tool("wait", {"seconds": 3600.0}, timeout=5.0)
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"


def test_giving_up_cancels_the_handler_and_may_be_said_again():
    seen = []
    serving = {"on_event": lambda _session, event: seen.append(type(event).__name__)}
    with connect(served(), serving=serving) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 3600.0}))
        client.give_up(waiting)
        client.give_up(waiting)
        with pytest.raises(WorkCancelled):
            client.wait(waiting)
    assert "RequestCancelled" in seen


def test_a_call_that_needs_no_answer_is_over_at_once():
    with connect(served(), revisions=["2026-07-28"]) as client:
        waiting = client.begin(set_log_level("info"))
        assert waiting.done()
        client.give_up(waiting)
        assert client.wait(waiting) is None


def test_an_awaited_thing_that_needs_a_loop_is_named_in_the_log():
    with connect(served()) as client:
        assert client.call_tool("foreign").is_error
        (failure,) = [report.error for report in client.reports if report.error is not None]
        assert "'a future'" in str(failure)


def test_a_question_is_asked_and_answered():
    with connect(served(), elicitation=lambda _request: accept({"name": "Ada"})) as client:
        assert text(client.call_tool("ask")) == "Ada"


def test_a_break_loses_the_calls_in_flight():
    with connect(served()) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 3600.0}))
        client.break_off()
        with pytest.raises(RequestLost):
            client.wait(waiting)
        with pytest.raises(NotConnected):
            client.call_tool("add", {"a": 1, "b": 2})


def test_a_lost_connection_is_made_again_where_that_is_asked_for():
    with connect(served(), restart=Restart()) as client:
        client.break_off()
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"


def test_bytes_that_are_held_back_come_through_later():
    with connect(served()) as client:
        client.stop_reading(Side.CLIENT)
        waiting = client.begin(call_tool("add", {"a": 1, "b": 2}))
        assert not waiting.done()
        client.go_on_reading()
        assert text(client.wait(waiting)) == "3"


def test_the_end_of_the_output_leaves_what_was_read_its_grace():
    with connect(served()) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 0.4}))
        client.end_output()
        assert text(client.wait(waiting)) == "waited"


def test_no_common_ground_is_no_connection():
    with pytest.raises(NotConnected):
        connect(Server("old", version="1.0", revisions=["2024-11-05"]), revisions=["2026-07-28"])


def test_what_can_never_become_so_is_said_at_once():
    with connect(served()) as client, pytest.raises(AssertionError, match="nothing more will happen"):
        client.run_until(lambda: False)


def test_two_ends_that_never_rest_are_found_out():
    restless = []

    def answer(session, _event):
        for client in restless:
            session.ping(client.now)

    with connect(served(), revisions=["2025-11-25"], on_event=answer) as client:
        restless.append(client)
        client.session.ping(client.now)
        with pytest.raises(AssertionError, match="do not come to rest"):
            client.settle()
        restless.clear()


def test_an_async_def_waits_until_what_it_said_is_on_its_way():
    server = Server("talkative", version="1")

    @server.tool
    async def talk(ctx: Context) -> str:
        for _ in range(3):
            ctx.info("x" * 600_000)
            await ctx.drain()
        return "said"

    heard = []
    with connect(server, log_level="info", on_log=lambda event: heard.append(len(event.data))) as client:
        assert client.call_tool("talk").content[0].text == "said"
    assert heard == [600_000] * 3


def test_a_def_does_not_wait_for_what_it_said():
    server = Server("talkative", version="1")

    @server.tool
    def talk(ctx: Context) -> str:
        ctx.info("x")
        ctx.drain()
        return "said"

    heard = []
    with connect(server, log_level="info", on_log=heard.append) as client:
        assert client.call_tool("talk").content[0].text == "said"
    assert [event.data for event in heard] == ["x"]


@pytest.mark.parametrize("revision", [revision for revision in REVISIONS if revision < "2026"])
def test_a_server_in_memory_hears_that_roots_have_changed(revision):
    heard = []
    roots = Roots(["file:///one"])

    def on_event(_session, event):
        if isinstance(event, NotificationReceived):
            heard.append(event.method)

    with connect(served(), revisions=[revision], roots=roots, serving={"on_event": on_event}):
        roots.add("file:///two")
    assert heard == ["notifications/roots/list_changed"]
