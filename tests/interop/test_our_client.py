"""Our client drives the official SDK's server over stdio, in every revision, and finds its era by itself."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sansmcp import RequestFailed
from sansmcp.client import accept
from sansmcp.schema import REVISIONS, TextContent
from sansmcp_asyncio import connect

MODERN = "2026-07-28"

every_revision = pytest.mark.parametrize("revision", REVISIONS)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def guarded() -> None:
        await asyncio.wait_for(work(), 60)

    asyncio.run(guarded())


def text(result) -> str:
    assert not result.is_error, result
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


def test_the_era_of_the_sdk_server_is_found_by_the_probe(mcp_server):
    async def work():
        async with connect(mcp_server) as client:
            assert client.revision == MODERN
            assert client.server_info.name == "peer-server"
            assert client.instructions == "For interop tests."
            finding = client.finding
        async with connect(mcp_server, finding=finding) as client:
            assert client.revision == MODERN
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


@every_revision
def test_lists_calls_resources_and_prompts(mcp_server, revision):
    async def work():
        async with connect(mcp_server, revisions=[revision]) as client:
            assert client.revision == revision
            assert "add" in [tool.name async for tool in client.tools()]
            assert "note://greeting" in [resource.uri async for resource in client.resources()]
            assert [prompt.name async for prompt in client.prompts()] == ["greet"]
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            read = await client.read_resource("note://greeting")
            assert read.contents[0].text == "Good morning"
            prompt = await client.get_prompt("greet", {"name": "Ada"})
            assert prompt.messages[0].content.text == "Greet Ada in a kind tone."
            failed = await client.call_tool("fails", {"reason": "because"})
            assert failed.is_error
            with pytest.raises(RequestFailed) as caught:
                await client.read_resource("note://nothing")
            assert caught.value.code == -32602

    run(work)


@every_revision
def test_progress_of_the_sdk_server_rises(mcp_server, revision):
    async def work():
        seen: list[float] = []
        async with connect(mcp_server, revisions=[revision]) as client:
            result = await client.call_tool(
                "slow", {"steps": 3}, on_progress=lambda event: seen.append(event.progress)
            )
            assert text(result) == "3 steps"
        assert seen == [1, 2, 3]

    run(work)


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
def test_a_question_of_the_sdk_server_is_answered(mcp_server, revision):
    async def work():
        asked = []

        def answer(request):
            asked.append(request.message)
            return accept({"name": "Ada"})

        async with connect(mcp_server, revisions=[revision], elicitation=answer) as client:
            assert text(await client.call_tool("asks")) == "Hello, Ada"
        assert asked == ["What is your name?"]

    run(work)


@every_revision
def test_a_cancelled_call_is_noticed_by_the_sdk_server(mcp_server, revision):
    async def work():
        async with connect(mcp_server, revisions=[revision]) as client:
            begun = asyncio.Event()
            call = asyncio.ensure_future(client.call_tool("waits", on_progress=lambda _event: begun.set()))
            await begun.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert text(await client.call_tool("cancelled_calls")) == "1"

    run(work)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_the_sdk_server_answers_a_ping_in_the_legacy_era(mcp_server, revision):
    async def work():
        async with connect(mcp_server, revisions=[revision]) as client:
            await client.ping()
            assert client.disconnected is None

    run(work)


@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_logs_of_the_sdk_server_arrive_when_asked_for(mcp_server, revision):
    async def work():
        heard = []
        arrived = asyncio.Event()

        def listener(event):
            heard.append(event)
            if event.level == "warning":
                arrived.set()

        settings = {"revisions": [revision], "on_log": listener}
        async with connect(mcp_server, **settings) as client:
            await client.set_log_level("warning")
            assert text(await client.call_tool("logs", {"text": "x"})) == "logged"
            await arrived.wait()
        assert "loud x" in [event.data for event in heard]

    run(work)
