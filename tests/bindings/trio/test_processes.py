"""The trio client against servers that are processes: their start, their loss and their end."""

import signal
import sys

import pytest
import trio
from tests.bindings.looking import descriptors, text
from tests.bindings.programs import DEAF_SERVER, FLOODING_SERVER
from tests.bindings.trio.running import run
from trio.testing import wait_all_tasks_blocked

from sansmcp import RequestLost
from sansmcp.session import Restart
from sansmcp_trio import connect, start_process

COMMAND = (sys.executable, "-m", "tests.bindings.trio.servers")


@pytest.mark.parametrize("program", [DEAF_SERVER, FLOODING_SERVER])
def test_a_server_that_no_longer_reads_does_not_keep_close_waiting(program: str) -> None:
    async def work() -> None:
        silent = {"on_violation": lambda _event: None}
        connecting = connect([sys.executable, "-c", program], revisions=["2025-11-25"], **silent)
        async with connecting as client, trio.open_nursery() as nursery:
            nursery.start_soon(_lost, client)
            await wait_all_tasks_blocked(0.01)
            await client.aclose()

    async def _lost(client) -> None:
        with pytest.raises(RequestLost):
            await client.call_tool("add", {"text": "x" * 2_000_000})

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_a_process_that_is_closed_by_force_is_killed_at_once() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            process = await start_process(nursery, [sys.executable, "-c", DEAF_SERVER])
            await trio.aclose_forcefully(process)
            assert process.returncode == -signal.SIGKILL

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_a_server_that_is_killed_in_a_call_loses_every_call_and_leaves_nothing() -> None:
    lost: list[str] = []

    async def work() -> None:
        async with connect(COMMAND) as client, trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(_wait, client)
            await client.call_tool("add", {"a": 1, "b": 2})
            with pytest.raises(RequestLost, match="exited with code 7"):
                await client.call_tool("end_process")

    async def _wait(client) -> None:
        with pytest.raises(RequestLost, match="exited with code 7") as caught:
            await client.call_tool("wait")
        lost.append(str(caught.value))

    before = descriptors()
    run(work)
    assert len(lost) == 100
    assert descriptors() == before


def test_closing_while_a_lost_server_is_awaited_ends_at_once() -> None:
    async def work() -> None:
        async with connect(COMMAND, restart=Restart(first_delay=3600, most_delay=3600)) as client:
            for _ in range(2):
                with pytest.raises(RequestLost):
                    await client.call_tool("end_process")
            while not client.endpoint.is_restarting:
                await trio.lowlevel.checkpoint()

    run(work)


def test_megabytes_go_both_ways_at_once_through_pipes() -> None:
    async def work() -> None:
        async def echo(client, number: int) -> None:
            said = str(number) * 2_000_000
            assert text(await client.call_tool("echo", {"text": said})) == said

        async with connect(COMMAND) as client, trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(echo, client, number)

    run(work)


def test_a_connection_that_is_cancelled_ends_its_process_in_good_order() -> None:
    async def work() -> None:
        with trio.CancelScope() as scope:
            async with connect(COMMAND) as client:
                scope.cancel()
                await client.call_tool("wait")
        assert scope.cancelled_caught

    before = descriptors()
    run(work)
    assert descriptors() == before
