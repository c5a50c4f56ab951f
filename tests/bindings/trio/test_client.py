"""The trio client against a server in the same process."""

import threading
from pathlib import Path

import pytest
import trio
from tests.bindings.trio.running import run, text
from tests.bindings.trio.servers import server
from trio.testing import wait_all_tasks_blocked

from sansmcp import LocalProtocolError, NotConnected, RequestFailed, RequestLost, RequestTimedOut, Server
from sansmcp.client import accept, decline
from sansmcp.schema import METHODS, REVISIONS, ElicitResult, Kind, Method, Revision, Side
from sansmcp.session import Timeouts
from sansmcp_trio import Client, connect, memory_pair

MODERN = "2026-07-28"

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@every_revision
def test_a_client_in_memory_lists_and_calls_tools_in_every_revision(revision: Revision) -> None:
    async def work() -> None:
        async with connect(server, revisions=[revision]) as client:
            assert client.revision == revision
            assert client.instructions == "For tests."
            assert client.server_info is not None
            assert client.server_info.name == "fixture"
            names = [tool.name async for tool in client.tools()]
            assert names[:2] == ["add", "thread_name"]
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            assert text(await client.call_tool("add_later", {"a": 1, "b": 2})) == "3"

    run(work)


def test_a_connection_cannot_be_awaited() -> None:
    assert not hasattr(connect(server), "__await__")


def test_a_def_handler_runs_on_a_thread_of_the_binding() -> None:
    async def work() -> None:
        async with connect(server) as client:
            assert text(await client.call_tool("thread_name")) == "sansmcp handler"

    run(work)


@every_revision
@pytest.mark.parametrize("tool", ["count", "count_on_thread"])
def test_progress_rises_and_comes_before_the_result(revision: Revision, tool: str) -> None:
    async def work() -> None:
        seen: list[float] = []
        async with connect(server, revisions=[revision]) as client:
            result = await client.call_tool(
                tool, {"steps": 5}, on_progress=lambda event: seen.append(event.progress)
            )
            at_the_result = list(seen)
            assert text(result) == "done"
        # Progress that was not written yet may be overtaken by newer progress, never by the result.
        assert at_the_result == sorted(set(at_the_result))
        assert at_the_result[-1] == 5
        assert seen == at_the_result

    run(work)


async def answer(request) -> ElicitResult:
    await trio.lowlevel.checkpoint()
    assert request.message == "Which Paris?"
    return accept({"country": "Texas"})


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
@pytest.mark.parametrize("tool", ["forecast", "ask_in_a_nursery"])
def test_a_question_reaches_the_user_and_its_answer_the_tool(revision: Revision, tool: str) -> None:
    async def work() -> None:
        async with connect(server, revisions=[revision], elicitation=answer) as client:
            assert text(await client.call_tool(tool, {"city": "Paris"})) == "Paris in Texas: sunny"

    run(work)


def test_a_declined_question_makes_the_tool_say_why_it_failed() -> None:
    async def work() -> None:
        async with connect(server, elicitation=lambda _request: decline()) as client:
            result = await client.call_tool("forecast", {"city": "Paris"})
            assert result.is_error
            assert result.content[0].text == "no country, no forecast"

    run(work)


def test_a_question_to_a_client_that_cannot_answer_ends_the_call_with_an_error() -> None:
    async def work() -> None:
        async with connect(server, revisions=[MODERN]) as client:
            with pytest.raises(RequestFailed) as caught:
                await client.call_tool("forecast", {"city": "Paris"})
            assert caught.value.code == -32021

    run(work)


@every_revision
@pytest.mark.parametrize("tool", ["wait", "wait_in_a_nursery"])
def test_cancelling_the_scope_around_a_call_cancels_it_on_the_server(revision: Revision, tool: str) -> None:
    async def work() -> None:
        async with connect(server, revisions=[revision]) as client:
            before = int(text(await client.call_tool("calls_given_up")))
            with trio.CancelScope() as scope:
                await client.call_tool(tool, on_progress=lambda _event: scope.cancel())
            assert scope.cancelled_caught
            # Trio runs tasks of one turn in any order.
            await wait_all_tasks_blocked()
            assert int(text(await client.call_tool("calls_given_up"))) == before + 1
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


def test_a_call_that_takes_too_long_times_out_and_the_next_one_works() -> None:
    async def work() -> None:
        async with connect(server) as client:
            with pytest.raises(RequestTimedOut):
                await client.call_tool("wait", timeout=0.01)
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


@pytest.mark.parametrize("tool", ["add", "add_later"])
def test_a_thousand_calls_in_flight_each_get_their_own_answer(tool: str) -> None:
    async def work() -> None:
        answers: dict[int, str] = {}

        async def add(client: Client, number: int) -> None:
            answers[number] = text(await client.call_tool(tool, {"a": number, "b": 0}))

        async with connect(server) as client, trio.open_nursery() as nursery:
            for number in range(1000):
                nursery.start_soon(add, client, number)
        assert answers == {number: str(number) for number in range(1000)}

    run(work)


def test_a_thousand_calls_in_flight_are_lost_one_by_one_when_the_client_closes() -> None:
    async def work() -> None:
        lost: list[str] = []

        async def wait(client: Client) -> None:
            with pytest.raises(RequestLost, match="this side closed") as caught:
                await client.call_tool("wait")
            lost.append(str(caught.value))

        async with connect(server) as client, trio.open_nursery() as nursery:
            for _ in range(1000):
                nursery.start_soon(wait, client)
            await client.call_tool("add", {"a": 1, "b": 1})
            await client.aclose()
        assert len(lost) == 1000

    run(work)


def test_megabytes_go_both_ways_at_once() -> None:
    async def work() -> None:
        async def echo(client: Client, number: int) -> None:
            said = str(number) * 2_000_000
            assert text(await client.call_tool("echo", {"text": said})) == said

        async with connect(server) as client, trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(echo, client, number)

    run(work)


def test_an_exception_of_a_tool_is_an_error_result_without_its_text() -> None:
    async def work() -> None:
        async with connect(server) as client:
            result = await client.call_tool("fail", {"message": "hunter2"})
            assert result.is_error
            assert "hunter2" not in str(result)
            assert (await client.call_tool("leave")).is_error
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


def test_a_call_after_the_end_is_refused_at_the_call() -> None:
    async def work() -> None:
        async with connect(server) as client:
            await client.aclose()
            with pytest.raises(NotConnected, match="this side closed"):
                await client.call_tool("add", {"a": 1, "b": 2})
        with pytest.raises(NotConnected, match="this side closed"):
            await client.call_tool("add", {"a": 1, "b": 2})

    run(work)


def test_a_silent_server_is_given_up_after_the_timeouts() -> None:
    async def work() -> None:
        near, _far = memory_pair()
        with pytest.raises(NotConnected):
            async with connect(near, timeouts=Timeouts(probe=0.01, request=0.01)):
                raise AssertionError("unreachable: nobody is there")

    run(work)


def test_a_string_is_an_address_and_no_command() -> None:
    with pytest.raises(LocalProtocolError, match="expected a command as a list of words"):
        connect("python server.py")


@pytest.mark.parametrize(
    "target", [None, 5, Path("server.py"), b"tcp://127.0.0.1:1", {"python"}, server.tool]
)
def test_what_leads_to_no_server_is_refused_at_once(target: object) -> None:
    with pytest.raises(
        LocalProtocolError, match=r"^connect\(.+\): expected a command as a list of words"
    ) as caught:
        connect(target)
    assert repr(target)[:80] in str(caught.value)


def test_what_does_not_go_with_the_target_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="go with a command"):
        connect(server, env={"A": "B"})


def test_a_listener_that_fails_disturbs_nobody(caplog) -> None:
    async def work() -> None:
        def listener(_event: object) -> None:
            raise ValueError("listener")

        async with connect(server) as client:
            result = await client.call_tool("count", {"steps": 2}, on_progress=listener)
            assert text(result) == "done"

    run(work)
    assert "a listener failed" in caplog.text


def test_an_async_listener_is_reported(caplog) -> None:
    async def listener(_event: object) -> None:
        """It would never be awaited."""

    async def work() -> None:
        async with connect(server) as client:
            await client.call_tool("count", {"steps": 1}, on_progress=listener)

    run(work)
    assert "a listener is a plain def" in caplog.text


def test_every_event_of_both_sides_is_shown_to_who_looks_on() -> None:
    names: list[str] = []

    async def work() -> None:
        async with connect(
            server, on_event=lambda _session, event: names.append(type(event).__name__)
        ) as client:
            await client.call_tool("add_later", {"a": 1, "b": 2})

    run(work)
    assert names == ["Connected", "ResponseReceived", "Disconnected"]


MOVED = Method(
    name="notifications/acme/moved", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int]
)


def test_handlers_of_notifications_run_one_after_the_other_in_the_order_they_came() -> None:
    heard: list[int] = []
    listener = Server("listener", version="1")

    @listener.notification("notifications/acme/moved")
    async def moved(number: int) -> None:
        # The first ones take longest: without an order they would come last.
        for _ in range(5 - number % 5):
            await trio.lowlevel.checkpoint()
        heard.append(number)

    async def work() -> None:
        async with connect(listener, revisions=["2025-11-25"], methods=METHODS.extended(MOVED)) as client:
            for number in range(100):
                client.session.notify("notifications/acme/moved", {"number": number}, client.now())
            client.settle()
            while len(heard) < 100:
                await client.ping()

    run(work)
    assert heard == list(range(100))


def test_a_notification_handler_that_fails_is_logged_and_the_next_one_runs(caplog) -> None:
    heard: list[int] = []
    listener = Server("listener", version="1")

    @listener.notification("notifications/acme/moved")
    def moved(number: int) -> None:
        if number == 0:
            raise ValueError("not this one")
        heard.append(number)

    async def work() -> None:
        async with connect(listener, revisions=["2025-11-25"], methods=METHODS.extended(MOVED)) as client:
            for number in range(2):
                client.session.notify("notifications/acme/moved", {"number": number}, client.now())
            client.settle()
            while not heard:
                await client.ping()

    run(work)
    assert heard == [1]
    assert "notifications/acme/moved failed" in caplog.text


def test_nothing_is_left_behind_after_many_connections() -> None:
    async def work() -> None:
        for _ in range(20):
            async with connect(server) as client:
                assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)
    left = [thread for thread in threading.enumerate() if thread.name == "sansmcp handler"]
    for thread in left:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in left)
