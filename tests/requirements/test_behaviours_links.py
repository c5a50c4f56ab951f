"""Whole conversations over each link, and servers as processes (Transports and stdio of each revision)."""

import asyncio
import os
import sys

import pytest
from tests.interop import our_server

from sansmcp import RequestFailed, RequestLost, schema
from sansmcp.client import accept
from sansmcp.schema import REVISIONS, UriTemplate
from sansmcp.session import Restart
from sansmcp.wire import Violation, decode
from sansmcp_asyncio import connect

MODERN = "2026-07-28"
COMMAND = (sys.executable, "-m", "tests.interop.our_server")
SAID = schema.CreateMessageResult(
    role="assistant", content=schema.TextContent(text="hello"), model="fixed", stop_reason="endTurn"
)


def run(work):
    """Run a coroutine, and see that nothing of it stays."""

    async def guarded():
        result = await asyncio.wait_for(work, 60)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(guarded())


def text(result):
    assert not result.is_error, result
    (block,) = result.content
    return block.text


async def take_every_step(client, logs):
    """Go through the base protocol and each pattern of messages that the revision has."""
    revision = client.revision
    assert [tool.name async for tool in client.tools()][:2] == ["add", "echo"]
    assert [prompt.name async for prompt in client.prompts()] == ["greet"]
    assert [resource.uri async for resource in client.resources()] == ["note://greeting"]
    templates = [template.uri_template async for template in client.resource_templates()]
    assert templates == ["note://by-name/{name}"]
    assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
    tricky = "grüß dich \u2028\r\n\t\x00 \U0001f600"
    assert text(await client.call_tool("echo", {"text": tricky})) == tricky
    weather = await client.call_tool("weather", {"city": "Rome"})
    assert (weather.structured_content == {"city": "Rome", "degrees": 21.5, "tags": ["sunny", "dry"]}) is (
        revision >= "2025-06-18"
    )
    assert (await client.get_prompt("greet", {"name": "Ada"})).messages[0].content.text == (
        "Greet Ada in a kind tone."
    )
    assert (await client.read_resource("note://greeting")).contents[0].text == "Good morning"
    named = await client.read_resource(UriTemplate(templates[0]).expand({"name": "Ada L"}))
    assert named.contents[0].text == "Good morning, Ada L"
    with pytest.raises(RequestFailed) as caught:
        await client.read_resource("note://none")
    assert caught.value.is_resource_not_found
    assert (await client.call_tool("fails", {"reason": "because"})).is_error
    progress = []
    slow = await client.call_tool("slow", {"steps": 3}, on_progress=progress.append)
    assert text(slow) == "3 steps"
    assert [event.progress for event in progress] == sorted({event.progress for event in progress})
    assert progress[-1].progress == 3
    await client.set_log_level("warning")
    assert text(await client.call_tool("logs", {"text": "sounds"})) == "logged"
    assert [(event.level, event.data) for event in logs] == [("warning", "loud sounds")]
    assert text(await client.call_tool("lists_roots")) == "file:///project"
    assert text(await client.call_tool("samples")) == "fixed: hello"
    if revision >= "2025-06-18":
        assert text(await client.call_tool("asks")) == "Hello, Ada"
        assert text(await client.call_tool("asks_twice")) == "Ada: fixed"
    if revision != MODERN:
        await client.ping()
    await give_up_a_call(client)


async def give_up_a_call(client):
    """Cancel a call that has begun, and see that the server heard of it."""
    before = int(text(await client.call_tool("cancelled_calls")))
    begun = asyncio.Event()
    waiting = asyncio.ensure_future(client.call_tool("waits", on_progress=lambda _: begun.set()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert int(text(await client.call_tool("cancelled_calls"))) == before + 1


@pytest.mark.parametrize("target", [our_server.server, COMMAND], ids=["memory", "stdio"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_the_whole_scenario_of_each_revision_goes_over_each_link(revision, target):
    logs = []

    async def work():
        async with connect(
            target,
            revisions=[revision],
            elicitation=lambda _: accept({"name": "Ada"}),
            sampling=lambda _: SAID,
            roots=["file:///project"],
            on_log=logs.append,
        ) as client:
            assert client.revision == revision
            await take_every_step(client, logs)

    run(work())


# Servers as processes

# A legacy server of a few lines. It writes down what happens to it, in a file and not on its streams.
CHILD = """
import json, os, signal, sys
path, way = sys.argv[1:]
def note(text):
    with open(path, "a") as file:
        file.write(text + "\\n")
def terminated(*_):
    note("SIGTERM")
    if way != "stubborn":
        os._exit(0)
signal.signal(signal.SIGTERM, terminated)
note(str(os.getpid()))
for line in sys.stdin:
    note("line " + line.rstrip("\\n"))
    message = json.loads(line)
    if way == "noisy":
        print("ERROR: " + "x" * 300_000, file=sys.stderr, flush=True)
    if "id" not in message:
        continue
    info = {"name": "old", "version": "1"}
    answers = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info},
        "tools/list": {"tools": []},
    }
    error = {"code": -32601, "message": "no"}
    found = answers.get(message["method"])
    answer = {"error": error} if found is None else {"result": found}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
note("end of input")
while way in ("deaf", "stubborn"):
    signal.pause()
"""


async def converse(path, way, **options):
    """Connect to such a server, call it once, close the client; return what the server wrote down."""
    async with connect([sys.executable, "-c", CHILD, str(path), way], **options) as client:
        assert [tool async for tool in client.tools()] == []
    return path.read_text(encoding="utf-8").splitlines()


def is_gone(pid):
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return False


def test_a_client_ends_its_server_step_by_step(tmp_path):
    ways = ["polite", "deaf", "stubborn"]

    async def work():
        return await asyncio.gather(*(converse(tmp_path / way, way) for way in ways))

    for way, (pid, *noted) in zip(ways, run(work()), strict=True):
        steps = [note for note in noted if not note.startswith("line ")]
        assert steps == ["end of input"] + ["SIGTERM"] * (way != "polite"), way
        assert is_gone(pid), way


def test_a_client_writes_nothing_but_messages_to_its_server(tmp_path):
    noted = run(converse(tmp_path / "notes", "polite"))
    lines = [note.removeprefix("line ") for note in noted if note.startswith("line ")]
    assert len(lines) == 4
    assert [type(decode(line.encode())).__name__ for line in lines] == [
        "Request",
        "Request",
        "Notification",
        "Request",
    ]
    assert not any(isinstance(decode(line.encode()), Violation) for line in lines)


def test_what_a_server_writes_to_standard_error_fails_nothing(tmp_path):
    with (tmp_path / "stderr").open("wb") as stderr:
        noted = run(converse(tmp_path / "notes", "noisy", stderr=stderr))
    assert noted[-1] == "end of input"
    assert (tmp_path / "stderr").stat().st_size > 1_000_000


DYING = """
import os
from sansmcp import Server
from sansmcp_asyncio import serve_stdio

server = Server("dying", version="1")


@server.tool
def pid() -> int:
    return os.getpid()


@server.tool
def die() -> int:
    os._exit(1)


serve_stdio(server)
"""


def test_a_server_process_that_ended_unasked_is_started_again():
    async def work():
        async with connect([sys.executable, "-c", DYING], restart=Restart()) as client:
            first = text(await client.call_tool("pid"))
            with pytest.raises(RequestLost):
                await client.call_tool("die")
            return first, text(await client.call_tool("pid"))

    first, second = run(work())
    assert first != second
    assert is_gone(first)
    assert is_gone(second)
