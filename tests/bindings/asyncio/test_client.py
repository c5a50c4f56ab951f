"""The asyncio client against a server in the same process and against real ones."""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.bindings.asyncio.servers import server

from sansmcp import LocalProtocolError, NotConnected, RequestFailed, RequestLost, RequestTimedOut, Server
from sansmcp.client import accept, decline
from sansmcp.schema import METHODS, REVISIONS, ElicitResult, Kind, Method, Revision, Side, TextContent
from sansmcp.session import Timeouts
from sansmcp_asyncio import Client, connect, memory_pair

COMMAND = (sys.executable, "-m", "tests.bindings.asyncio.servers")
MODERN = "2026-07-28"

every_revision = pytest.mark.parametrize("revision", REVISIONS)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def guarded() -> None:
        await asyncio.wait_for(work(), 30)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left

    asyncio.run(guarded())


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def text(result) -> str:
    assert not result.is_error, result
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


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


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
def test_a_question_reaches_the_user_and_its_answer_the_tool(revision: Revision) -> None:
    async def answer(request) -> ElicitResult:
        await asyncio.sleep(0)
        assert request.message == "Which Paris?"
        return accept({"country": "Texas"})

    async def work() -> None:
        async with connect(server, revisions=[revision], elicitation=answer) as client:
            assert text(await client.call_tool("forecast", {"city": "Paris"})) == "Paris in Texas: sunny"

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


def test_a_call_that_takes_too_long_times_out_and_the_next_one_works() -> None:
    async def work() -> None:
        async with connect(server) as client:
            with pytest.raises(RequestTimedOut):
                await client.call_tool("wait", timeout=0.01)
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


def test_many_calls_at_once_each_get_their_own_answer() -> None:
    async def work() -> None:
        async with connect(server) as client:
            results = await asyncio.gather(
                *(client.call_tool("add_later", {"a": number, "b": 0}) for number in range(200))
            )
            assert [text(result) for result in results] == [str(number) for number in range(200)]

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


def test_a_process_is_started_called_and_ended() -> None:
    async def work() -> None:
        async with connect(COMMAND) as client:
            assert client.revision == MODERN
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


def test_a_server_that_dies_in_a_call_ends_the_call_with_one_plain_exception() -> None:
    async def work() -> None:
        client = await connect(COMMAND)
        with pytest.raises(RequestLost):
            await client.call_tool("end_process")
        await client.close()

    run(work)


def test_a_command_that_is_no_server_is_reported_as_not_connected() -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match=r"the server .* exited with code 3"):
            await connect([sys.executable, "-c", "raise SystemExit(3)"])

    run(work)


def test_a_command_that_cannot_be_started_is_named() -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match="cannot start the server '/no/such/program x'"):
            await connect(["/no/such/program", "x"])

    run(work)


LEGACY_THAT_EXITS = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "server/discover":
        sys.exit(1)
    if message["method"] == "initialize":
        info = {"name": "old", "version": "1"}
        answer = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer}), flush=True)
"""


def test_a_legacy_server_that_exits_on_the_probe_is_started_again() -> None:
    async def work() -> None:
        async with connect([sys.executable, "-c", LEGACY_THAT_EXITS]) as client:
            assert client.revision == "2025-06-18"

    run(work)


def test_a_silent_server_is_given_up_after_the_timeouts() -> None:
    async def work() -> None:
        near, _far = memory_pair()
        with pytest.raises(NotConnected):
            await connect(near, timeouts=Timeouts(probe=0.01, request=0.01))

    run(work)


def test_a_string_is_an_address_and_no_command() -> None:
    with pytest.raises(LocalProtocolError, match="expected a command as a list of words"):
        connect("python server.py")


@pytest.mark.parametrize("target", [None, 5, Path("server.py"), b"unix:socket", Server, asyncio.StreamReader])
def test_what_leads_to_no_server_is_refused_at_the_call(target: object) -> None:
    expected = r"expected a command as a list of words.* an address"
    with pytest.raises(LocalProtocolError, match=expected) as caught:
        connect(target)
    assert repr(target)[:80] in str(caught.value)


def test_a_path_is_told_what_else_leads_to_a_server() -> None:
    with pytest.raises(LocalProtocolError, match="a Server, or a stream with read, write and close"):
        connect(Path("server.py"), cwd="/")


def test_a_log_listener_that_fails_disturbs_nobody(caplog) -> None:
    async def work() -> None:
        def listener(_event: object) -> None:
            raise ValueError("listener")

        async with connect(server) as client:
            result = await client.call_tool("count", {"steps": 2}, on_progress=listener)
            assert text(result) == "done"

    run(work)
    assert "a listener failed" in caplog.text


def test_handlers_of_notifications_run_one_after_the_other_in_the_order_they_came() -> None:
    heard: list[int] = []
    listener = Server("listener", version="1")

    @listener.notification("notifications/acme/moved")
    async def moved(number: int) -> None:
        # The first ones take longest: without an order they would come last.
        for _ in range(5 - number % 5):
            await asyncio.sleep(0)
        heard.append(number)

    @listener.tool
    def count() -> int:
        """Tell how many came."""
        return len(heard)

    moved_row = Method(
        name="notifications/acme/moved", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int]
    )

    async def work() -> None:
        methods = METHODS.extended(moved_row)
        async with connect(listener, revisions=["2025-11-25"], methods=methods) as client:
            for number in range(100):
                client.session.notify("notifications/acme/moved", {"number": number}, client.now())
            client.settle()
            while int(text(await client.call_tool("count"))) < 100:
                pass

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

    moved_row = Method(
        name="notifications/acme/moved", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int]
    )

    async def work() -> None:
        methods = METHODS.extended(moved_row)
        async with connect(listener, revisions=["2025-11-25"], methods=methods) as client:
            for number in range(2):
                client.session.notify("notifications/acme/moved", {"number": number}, client.now())
            client.settle()
            while not heard:
                await client.ping()

    run(work)
    assert heard == [1]
    assert "notifications/acme/moved failed" in caplog.text


DEAF_SERVER = """
import sys, time
for _ in range(2):
    line = sys.stdin.readline()
    if '"initialize"' in line:
        print('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},'
              '"serverInfo":{"name":"deaf","version":"1"}}}', flush=True)
time.sleep(3600)
"""

FLOODING_SERVER = DEAF_SERVER.replace("time.sleep(3600)", "while True: print('x' * 1000, flush=True)")


@pytest.mark.parametrize("program", [DEAF_SERVER, FLOODING_SERVER])
def test_a_server_that_no_longer_reads_does_not_keep_close_waiting(program: str) -> None:
    async def work() -> None:
        silent = {"on_violation": lambda _event: None}
        client = await connect([sys.executable, "-c", program], revisions=["2025-11-25"], **silent)
        call = asyncio.ensure_future(client.call_tool("add", {"text": "x" * 2_000_000}))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(RequestLost):
            await call

    before = descriptors()
    run(work)
    assert descriptors() <= before


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


def test_an_async_listener_is_reported(caplog) -> None:
    async def listener(_event: object) -> None:
        """It would never be awaited."""

    async def work() -> None:
        async with connect(server) as client:
            await client.call_tool("count", {"steps": 1}, on_progress=listener)

    run(work)
    assert "a listener is a plain def" in caplog.text
