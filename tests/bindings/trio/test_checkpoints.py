"""Whatever is awaited is a checkpoint, as trio asks: who iterates over what is ready holds up nobody."""

import pytest
import trio
from tests.bindings.trio.running import run
from trio.testing import assert_checkpoints

from sansmcp import Context, Server
from sansmcp.schema import REVISIONS, Revision
from sansmcp_trio import connect, connect_group

every_revision = pytest.mark.parametrize("revision", REVISIONS)


def offering(page_size: int = 2) -> Server:
    server = Server("ready", version="1", notice_interval=0, page_size=page_size)

    def tool() -> str:
        return "done"

    for name in ("a", "b", "c"):
        server.add_tool(tool, name=name, blocks=False)

    @server.tool(blocks=False)
    def climb(ctx: Context) -> str:
        for step in range(3):
            ctx.progress(step + 1)
        return "up"

    @server.resource("notes://a", blocks=False)
    def note() -> str:
        return "a"

    @server.tool(blocks=False)
    def change() -> str:
        server.resource_updated("notes://a")
        return "changed"

    return server


async def every(iterator) -> list[object]:
    """Take all items; each step, and the end, is a checkpoint."""
    items = []
    while True:
        with assert_checkpoints():
            try:
                items.append(await anext(iterator))
            except StopAsyncIteration:
                return items


@every_revision
def test_each_item_of_a_list_is_a_checkpoint(revision: Revision) -> None:
    async def work() -> None:
        async with connect(offering(), revisions=[revision]) as client:
            assert [tool.name for tool in await every(client.tools())] == ["a", "b", "c", "climb", "change"]
            # From the cache, too.
            assert len(await every(client.tools())) == 5

    run(work)


def test_each_item_of_a_group_is_a_checkpoint() -> None:
    async def work() -> None:
        async with connect_group({"one": offering(), "two": offering()}) as group:
            assert len(await every(group.tools())) == 10
            page = await group.list_tools()
            await group.aclose()
            with assert_checkpoints():
                assert (await group.list_tools(page.next_cursor)).tools == ()

    run(work)


@every_revision
def test_each_progress_and_the_result_are_checkpoints(revision: Revision) -> None:
    async def work() -> None:
        async with connect(offering(), revisions=[revision]) as client:
            with assert_checkpoints():
                climbing = await client.start_tool("climb").__aenter__()
            result = await climbing.result()
            assert await every(climbing)
            with assert_checkpoints():
                assert await climbing.result() is result

    run(work)


@every_revision
def test_each_change_is_a_checkpoint_and_one_that_is_given_up_is_not_lost(revision: Revision) -> None:
    async def work() -> None:
        async with connect(offering(), revisions=[revision]) as client:
            updates = client.resource_updates("notes://a")
            with assert_checkpoints():
                await updates.__aenter__()
            await client.call_tool("change")
            with trio.CancelScope() as scope:
                scope.cancel()
                await anext(updates)
            with assert_checkpoints():
                assert await anext(updates) == "notes://a"
            updates.close()
            assert await every(updates) == []

    run(work)
