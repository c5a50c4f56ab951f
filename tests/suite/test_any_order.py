"""Clients on asyncio are opened and closed by any task, in any order, and a fault is one exception."""

import asyncio
import itertools

import pytest
from tests.suite.counting import GUARD
from tests.suite.hold_asyncio import hold, talk

from sansmcp import NotConnected, RequestLost
from sansmcp.session import Timeouts
from sansmcp.testing import suite_server
from sansmcp_asyncio import connect, serve_http

each_way = pytest.mark.parametrize(
    ("way", "revision"), [("memory", "2026-07-28"), ("http", "2025-11-25"), ("http", "2026-07-28")]
)


def run(way, work):
    """Run a test that is given what leads to a server."""

    async def over_http(server):
        started = asyncio.get_running_loop().create_future()
        settings = {"port": 0, "timeouts": Timeouts(close=0.1)}
        serving = asyncio.create_task(serve_http(server, started=started.set_result, **settings))
        try:
            await work(await started)
        finally:
            serving.cancel()
            await asyncio.wait({serving})

    async def guarded():
        server = suite_server(hold, talk)
        await asyncio.wait_for(work(server) if way == "memory" else over_http(server), GUARD)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(guarded())


async def opened(target, revision):
    """Connect in a task that ends before the client is used."""
    return await asyncio.create_task(_connected(target, revision))


async def _connected(target, revision):
    return await connect(target, revisions=[revision])


async def sum_of(client):
    return (await client.call_tool("add", {"a": 1, "b": 2})).content[0].text


@each_way
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_clients_are_opened_and_closed_by_tasks_of_their_own_in_any_order(way, revision, order):
    async def work(target):
        clients = [await opened(target, revision) for _ in range(3)]
        left = set(range(3))
        for number in order:
            await asyncio.create_task(clients[number].close())
            left.discard(number)
            assert [await sum_of(clients[other]) for other in left] == ["3"] * len(left)
            with pytest.raises(NotConnected):
                await sum_of(clients[number])

    run(way, work)


@each_way
def test_a_client_that_is_closed_by_another_task_loses_the_call_of_each_with_one_exception(way, revision):
    async def work(target):
        client = await opened(target, revision)
        begun = asyncio.Event()
        waiting = asyncio.create_task(
            client.call_tool("hold", {"seconds": 3600.0}, on_progress=lambda _event: begun.set())
        )
        await begun.wait()
        await asyncio.gather(client.close(), client.close())
        with pytest.raises(RequestLost):
            await waiting

    run(way, work)


@each_way
def test_a_call_that_is_cancelled_in_a_task_group_leaves_the_others_of_the_group_alone(way, revision):
    async def work(target):
        client = await opened(target, revision)
        async with asyncio.TaskGroup() as group:
            given_up = group.create_task(client.call_tool("hold", {"seconds": 3600.0}))
            await asyncio.sleep(0)
            others = [group.create_task(sum_of(client)) for _ in range(10)]
            given_up.cancel()
        assert [other.result() for other in others] == ["3"] * 10
        await client.close()

    run(way, work)
