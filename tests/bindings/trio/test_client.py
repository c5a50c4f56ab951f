"""The trio client against a server in the same process."""

import threading
from pathlib import Path

import pytest
import trio
from tests.bindings.looking import text
from tests.bindings.trio.running import run
from tests.bindings.trio.servers import server
from trio.testing import wait_all_tasks_blocked

from sansmcp import LocalProtocolError, NotConnected, RequestLost
from sansmcp.client import accept
from sansmcp.schema import REVISIONS, ElicitResult, Revision
from sansmcp.session import Timeouts
from sansmcp_trio import Client, connect, memory_pair

MODERN = "2026-07-28"

every_revision = pytest.mark.parametrize("revision", REVISIONS)


def test_a_connection_cannot_be_awaited() -> None:
    assert not hasattr(connect(server), "__await__")


async def answer(request) -> ElicitResult:
    await trio.lowlevel.checkpoint()
    assert request.message == "Which Paris?"
    return accept({"country": "Texas"})


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
def test_a_question_from_a_nursery_reaches_the_user_and_the_answer_the_tool(revision: Revision) -> None:
    async def work() -> None:
        async with connect(server, revisions=[revision], elicitation=answer) as client:
            assert (
                text(await client.call_tool("ask_in_a_nursery", {"city": "Paris"})) == "Paris in Texas: sunny"
            )

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


def test_every_event_of_both_sides_is_shown_to_who_looks_on() -> None:
    names: list[str] = []

    async def work() -> None:
        def look(_session: object, event: object) -> None:
            names.append(type(event).__name__)

        async with connect(server, on_event=look, validate="off") as client:
            await client.call_tool("add_later", {"a": 1, "b": 2})

    run(work)
    assert names == ["Connected", "ResponseReceived", "Disconnected"]


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
