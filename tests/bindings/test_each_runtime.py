"""What the core decides, seen on every runtime: methods of one's own, and requests in order."""

import asyncio
import threading

import pytest
import trio

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp import Server
from sansmcp.schema import METHODS, REVISIONS, Kind, Method, Side
from sansmcp.schema.revisions import Revision
from sansmcp.values import JSON

SEARCH = METHODS.extended(
    Method(
        name="acme/search",
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=dict[str, JSON],
        result=dict[str, JSON],
    )
)


def on_asyncio(server: Server, calls: list[tuple[str, dict]], **settings) -> list:
    async def work() -> list:
        async with sansmcp_asyncio.connect(server, **settings) as client:
            return list(await asyncio.gather(*(client.request(*call) for call in calls)))

    return asyncio.run(work())


def on_trio(server: Server, calls: list[tuple[str, dict]], **settings) -> list:
    results: dict[int, object] = {}

    async def one(client: sansmcp_trio.Client, place: int, call: tuple[str, dict]) -> None:
        results[place] = await client.request(*call)

    async def work() -> None:
        async with sansmcp_trio.connect(server, **settings) as client, trio.open_nursery() as nursery:
            for place, call in enumerate(calls):
                nursery.start_soon(one, client, place, call)

    trio.run(work)
    return [results[place] for place in range(len(calls))]


def on_threads(server: Server, calls: list[tuple[str, dict]], **settings) -> list:
    results: dict[int, object] = {}

    def one(client: sansmcp_threads.Client, place: int, call: tuple[str, dict]) -> None:
        results[place] = client.request(*call)

    with sansmcp_threads.connect(server, **settings) as client:
        threads = [threading.Thread(target=one, args=(client, *item)) for item in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [results[place] for place in range(len(calls))]


each_runtime = pytest.mark.parametrize("run", [on_asyncio, on_trio, on_threads])


@each_runtime
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_method_of_ones_own_is_answered(run, revision: Revision) -> None:
    server = Server("acme", version="1")

    @server.method("acme/search")
    def search(words: str) -> dict[str, str]:
        return {"found": words.upper()}

    (result,) = run(server, [("acme/search", {"words": "milk"})], methods=SEARCH, revisions=[revision])
    assert result["found"] == "MILK"


@each_runtime
def test_requests_of_an_ordered_method_are_worked_on_one_by_one(run) -> None:
    server = Server("ordered", version="1", ordered=["tools/call"])
    at_work: list[int] = []
    most: list[int] = []
    meeting = threading.Barrier(2)

    @server.tool
    def work(number: int) -> str:
        at_work.append(number)
        most.append(len(at_work))
        # Whoever else were at work would come here too.
        try:
            meeting.wait(0.02)
        except threading.BrokenBarrierError:
            meeting.reset()
        at_work.remove(number)
        return str(number)

    calls = [("tools/call", {"name": "work", "arguments": {"number": number}}) for number in range(5)]
    assert [result.content[0].text for result in run(server, calls)] == ["0", "1", "2", "3", "4"]
    assert most == [1, 1, 1, 1, 1]


@each_runtime
def test_requests_of_other_methods_are_worked_on_at_the_same_time(run) -> None:
    server = Server("together", version="1")
    meeting = threading.Barrier(5)

    @server.tool
    def work(number: int) -> str:
        meeting.wait(30)
        return str(number)

    calls = [("tools/call", {"name": "work", "arguments": {"number": number}}) for number in range(5)]
    assert [result.content[0].text for result in run(server, calls)] == ["0", "1", "2", "3", "4"]
