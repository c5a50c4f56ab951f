"""The asyncio client against a server in the same process and against real ones."""

import asyncio
import threading
from pathlib import Path

import pytest
from tests.bindings.asyncio.running import run
from tests.bindings.asyncio.servers import server
from tests.bindings.looking import text

from sansmcp import LocalProtocolError, NotConnected, RequestLost, Server
from sansmcp.schema import REVISIONS, Revision
from sansmcp.session import Timeouts
from sansmcp_asyncio import Client, connect, memory_pair

MODERN = "2026-07-28"

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@every_revision
def test_cancelling_the_waiting_task_cancels_the_call_on_the_server(revision: Revision) -> None:
    async def work() -> None:
        async with connect(server, revisions=[revision]) as client:
            before = int(text(await client.call_tool("calls_given_up")))
            begun = asyncio.Event()
            waiting = asyncio.ensure_future(client.call_tool("wait", on_progress=lambda _event: begun.set()))
            await begun.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert int(text(await client.call_tool("calls_given_up"))) == before + 1

    run(work)


def test_many_calls_at_once_each_get_their_own_answer() -> None:
    async def work() -> None:
        async with connect(server) as client:
            results = await asyncio.gather(
                *(client.call_tool("add_later", {"a": number, "b": 0}) for number in range(200))
            )
            assert [text(result) for result in results] == [str(number) for number in range(200)]

    run(work)


def test_connect_and_close_may_be_called_from_different_tasks_and_close_twice() -> None:
    async def work() -> None:
        client: Client = await asyncio.create_task(_opened())
        assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
        await asyncio.create_task(client.close())
        await client.close()
        assert client.disconnected is not None

    async def _opened() -> Client:
        return await connect(server)

    run(work)


def test_a_call_after_the_end_is_refused_at_the_call() -> None:
    async def work() -> None:
        client = await connect(server)
        await client.close()
        with pytest.raises(NotConnected, match="this side closed"):
            await client.call_tool("add", {"a": 1, "b": 2})

    run(work)


def test_closing_ends_calls_in_flight_as_lost() -> None:
    async def work() -> None:
        client = await connect(server)
        waiting = asyncio.ensure_future(client.call_tool("wait"))
        await client.call_tool("add", {"a": 1, "b": 1})
        await client.close()
        with pytest.raises(RequestLost, match="this side closed"):
            await waiting

    run(work)


def test_a_silent_server_is_given_up_after_the_timeouts() -> None:
    async def work() -> None:
        near, _far = memory_pair()
        with pytest.raises(NotConnected):
            await connect(near, timeouts=Timeouts(probe=0.01, request=0.01))

    run(work)


@pytest.mark.parametrize("target", [None, 5, Path("server.py"), b"unix:socket", Server, asyncio.StreamReader])
def test_what_leads_to_no_server_is_refused_at_the_call(target: object) -> None:
    expected = r"expected a command as a list of words.* an address"
    with pytest.raises(LocalProtocolError, match=expected) as caught:
        connect(target)
    assert repr(target)[:80] in str(caught.value)


def test_a_path_is_told_what_else_leads_to_a_server() -> None:
    with pytest.raises(LocalProtocolError, match="a Server, or a stream with read, write and close"):
        connect(Path("server.py"), cwd="/")


def test_nothing_is_left_behind_after_many_connections() -> None:
    async def work() -> None:
        for _ in range(20):
            async with connect(server) as client:
                assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    before = set(threading.enumerate())
    run(work)
    left = [thread for thread in set(threading.enumerate()) - before if thread.name == "sansmcp handler"]
    for thread in left:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in left)


def test_a_fault_of_the_stream_ends_the_calls_and_comes_out_of_close() -> None:
    class Broken:
        async def read(self) -> bytes:
            raise ValueError("a fault of the stream")

        async def write(self, data: bytes) -> None:
            pass

        async def close(self) -> None:
            pass

    async def work() -> None:
        with pytest.raises(ValueError, match="a fault of the stream"):
            await connect(Broken())

    run(work)
