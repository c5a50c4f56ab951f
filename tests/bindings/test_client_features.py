"""What a client does beside plain calls, the same on each runtime: progress, listening, types, groups."""

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from tests.bindings.colourless import each, first, follow, inside, value
from tests.bindings.looking import descriptors, text
from tests.bindings.runtimes import THREADS, TRIO, Runtime, each_awaiting_runtime, each_runtime
from tests.bindings.threads.counting import no_threads_to_be_had, nothing_left

from sansmcp import Context, Server, errors
from sansmcp.client import ResponseCache, Roots, log_records
from sansmcp.errors import LocalProtocolError, ToolError
from sansmcp.schema import REVISIONS, Revision
from sansmcp.server import CacheHint
from sansmcp.session import Timeouts

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@attrs.frozen
class Forecast:
    city: str
    days: int


def new_server(name: str = "features", **settings: object) -> Server:
    server = Server(name, version="1", notice_interval=0, **settings)  # type: ignore[arg-type]

    @server.tool(blocks=False)
    def forecast(city: str, days: int = 3) -> Forecast:
        return Forecast(city, days)

    @server.tool(blocks=False)
    def climb(steps: int, ctx: Context) -> str:
        for step in range(steps):
            ctx.progress(step + 1, total=steps)
        return "up"

    @server.tool(blocks=False)
    def fall() -> str:
        raise ToolError("it broke")

    @server.tool(blocks=False)
    def complain(ctx: Context) -> str:
        ctx.log("warning", "rain", logger="sky")
        return "complained"

    @server.tool
    def hang(ctx: Context) -> str:
        ctx.progress(1)
        while not ctx.cancelled:
            threading.Event().wait(0.01)
        return "too late"

    @server.resource("notes://a", blocks=False)
    def note() -> str:
        return "a"

    @server.tool(blocks=False)
    def touch() -> str:
        server.resource_updated("notes://a")
        return "touched"

    @server.tool(blocks=False)
    def grow(name: str) -> str:
        server.add_tool(touch, name=name)
        return "grown"

    return server


@each_runtime
@every_revision
def test_progress_is_iterated_over_and_the_result_comes_after_it(
    runtime: Runtime, revision: Revision
) -> None:
    async def scenario() -> None:
        async with inside(runtime.binding.connect(new_server(), revisions=[revision])) as client:
            async with inside(client.start_tool("climb", {"steps": 3})) as running:
                seen = [event.progress async for event in each(running)]
                assert seen[-1] == 3
                assert seen == sorted(set(seen))
                assert text(await value(running.result())) == "up"
            assert await value(client.start_tool("climb", {"steps": 1}, result_type=str).result()) == "up"

    follow(runtime, scenario)


@each_runtime
@every_revision
def test_a_call_that_was_started_is_given_up_by_its_handle(runtime: Runtime, revision: Revision) -> None:
    async def scenario() -> None:
        async with inside(runtime.binding.connect(new_server(), revisions=[revision])) as client:
            running = client.start_tool("hang")
            assert (await first(running)).progress == 1
            running.cancel()
            with pytest.raises(errors.CallCancelled):
                await value(running.result())
            assert running.done()
            assert text(await value(client.call_tool("climb", {"steps": 0}))) == "up"

    follow(runtime, scenario)


def test_a_thread_gives_up_a_call_that_another_one_waits_for() -> None:
    with THREADS.binding.connect(new_server()) as client:
        running = client.start_tool("hang")
        next(running)
        canceller = threading.Timer(0.05, running.cancel)
        canceller.start()
        with pytest.raises(errors.CallCancelled):
            running.result()
        canceller.join()


@each_runtime
@every_revision
def test_results_are_values_of_the_type_that_was_named(runtime: Runtime, revision: Revision) -> None:
    async def scenario() -> None:
        async with inside(runtime.binding.connect(new_server(), revisions=[revision])) as client:
            found = await value(client.call_tool("forecast", {"city": "Oslo"}, result_type=Forecast))
            assert found == Forecast("Oslo", 3)
            with pytest.raises(errors.ToolFailed, match="it broke"):
                await value(client.call_tool("fall", result_type=str))

    follow(runtime, scenario)


@each_runtime
@every_revision
def test_changes_of_a_resource_are_iterated_over(runtime: Runtime, revision: Revision) -> None:
    async def scenario() -> None:
        async with inside(runtime.binding.connect(new_server(), revisions=[revision])) as client:
            async with inside(client.resource_updates("notes://a")) as updates:
                for _ in range(2):
                    await value(client.call_tool("touch"))
                    assert await first(updates) == "notes://a"
            assert [uri async for uri in each(updates)] == []

    follow(runtime, scenario)


@each_runtime
@every_revision
def test_a_list_that_changes_is_read_again(runtime: Runtime, revision: Revision) -> None:
    seen: list[list[str]] = []
    came = threading.Event()

    def told(refreshed: object) -> None:
        seen.append([item.name for item in refreshed.items])  # type: ignore[attr-defined]
        came.set()

    async def scenario() -> None:
        connecting = runtime.binding.connect(
            new_server(), revisions=[revision], on_list=told, list_delay=0.01
        )
        async with inside(connecting) as client:
            await value(client.call_tool("grow", {"name": "sprout"}))
            while not came.is_set():
                await value(client.call_tool("climb", {"steps": 0}, validate="off"))
        assert "sprout" in seen[-1]

    follow(runtime, scenario)


@each_runtime
@every_revision
def test_what_the_server_logs_is_in_the_log_of_the_program(
    runtime: Runtime, revision: Revision, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="weather")
    records = log_records(logging.getLogger("weather"))

    async def scenario() -> None:
        connecting = runtime.binding.connect(
            new_server(), revisions=[revision], log_level="info", on_log=records
        )
        async with inside(connecting) as client:
            await value(client.call_tool("complain"))

    follow(runtime, scenario)
    found = [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "weather"]
    assert found == [(30, "sky: rain")]


@each_runtime
def test_a_result_that_may_be_kept_is_asked_for_once_and_never_for_another(runtime: Runtime) -> None:
    store = ResponseCache(lock=threading.Lock())
    asked: list[str] = []
    server = new_server(cache=CacheHint(ttl_ms=60_000))

    def look(_session: object, event: object) -> None:
        asked.append(type(event).__name__)

    async def scenario() -> None:
        for principal in ("alice", "alice", "bob"):
            view = store.view("s", principal=principal)
            connecting = runtime.binding.connect(server, cache=view, on_event=look, revisions=["2026-07-28"])
            async with inside(connecting) as client:
                for _ in range(2):
                    await value(client.list_tools())

    follow(runtime, scenario)
    assert asked.count("ResponseReceived") == 2


@each_runtime
def test_roots_that_change_are_told_from_any_thread(runtime: Runtime) -> None:
    roots = Roots(["file:///a"])

    async def scenario() -> None:
        connecting = runtime.binding.connect(new_server(), revisions=["2025-11-25"], roots=roots)
        async with inside(connecting) as client:
            adding = threading.Thread(target=roots.add, args=("file:///b",))
            adding.start()
            adding.join()
            roots.remove("file:///a")
            client.notify("notifications/roots/list_changed")
            assert text(await value(client.call_tool("climb", {"steps": 0}))) == "up"

    follow(runtime, scenario)
    roots.add("file:///c")


# Groups


@each_runtime
def test_servers_of_a_configuration_are_one_client_and_leave_in_any_order(
    runtime: Runtime, tmp_path: Path
) -> None:
    words = runtime.command
    config = {
        "mcpServers": {
            "one": {"command": words[0], "args": words[1:]},
            "web": {"url": "https://a.example/mcp"},
            "two": {"command": "${PROGRAM:-" + words[0] + "}", "args": words[1:]},
            "gone": {"command": "/no/such/program"},
            "dead": {"command": sys.executable, "args": ["-c", "pass"]},
            "off": {"command": "x", "disabled": True},
        }
    }
    file = tmp_path / "servers.json"
    file.write_text(json.dumps(config), encoding="utf-8")

    async def scenario() -> None:
        async with inside(runtime.binding.connect_group(file)) as group:
            assert list(group) == ["one", "two"]
            assert sorted(group.lost) == ["dead", "gone", "web"]
            names = [tool.name async for tool in each(group.tools())]
            assert {name.partition("_")[0] for name in names} == {"one", "two"}
            assert text(await value(group.call_tool("two_add", {"a": 1, "b": 2}))) == "3"
            end = getattr(group, "aclose", None) or group.close
            await value(end("one"))
            assert [tool.name async for tool in each(group.tools())] == [
                name for name in names if name.startswith("two_")
            ]
            await value(end())
            assert len(group) == 0

    follow(runtime, scenario)


@each_runtime
def test_a_group_takes_targets_by_name_and_its_settings_are_those_of_each(runtime: Runtime) -> None:
    async def scenario() -> None:
        servers = {"one": new_server("one"), "two": new_server("two")}
        async with inside(
            runtime.binding.connect_group(servers, separator=".", revisions=["2025-06-18"])
        ) as group:
            assert [group[name].revision for name in group] == ["2025-06-18"] * 2
            found = await value(group.call_tool("one.forecast", {"city": "Rome"}, result_type=Forecast))
            assert found == Forecast("Rome", 3)

    follow(runtime, scenario)


@each_runtime
@pytest.mark.parametrize(
    ("targets", "why"),
    [
        ({"one": new_server(), "two": 7}, "expected a command as a list of words"),
        ({"one": new_server(), "one_more": new_server()}, "cannot both be in the group"),
    ],
)
def test_what_cannot_be_in_a_group_is_refused_and_nothing_is_left_open(
    runtime: Runtime, targets: Any, why: str
) -> None:
    async def scenario() -> None:
        with pytest.raises(LocalProtocolError, match=why):
            async with inside(runtime.binding.connect_group(targets)):
                raise AssertionError("unreachable: it must not be entered")

    follow(runtime, scenario)


@each_runtime
def test_servers_of_a_group_are_connected_to_side_by_side(runtime: Runtime, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    module = runtime.command[-1]
    # Opening either end of such a pipe waits for the other end.
    program = "import runpy, sys; open(*sys.argv[1:3]).close(); runpy.run_module(sys.argv[3], {}, '__main__')"
    words = [sys.executable, "-c", program, str(pipe)]
    servers = {"reader": [*words, "r", module], "writer": [*words, "w", module]}

    async def scenario() -> None:
        async with inside(runtime.binding.connect_group(servers, timeouts=Timeouts(probe=60.0))) as group:
            assert (list(group), dict(group.lost)) == (["reader", "writer"], {})
            end = getattr(group, "aclose", None) or group.close
            with pytest.raises(LocalProtocolError, match="there is no server 'nobody'"):
                await value(end("writer", "nobody"))
            assert list(group) == ["reader", "writer"]
            await value(end("writer", "reader"))

    follow(runtime, scenario)


@each_runtime
def test_a_server_that_never_answers_costs_a_group_its_timeout_and_no_other_server(runtime: Runtime) -> None:
    silent = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    servers = {"silent": silent, "silent too": silent, "one": new_server()}
    timeouts = Timeouts(request=0.5)

    async def scenario() -> None:
        connecting = runtime.binding.connect_group(servers, timeouts=timeouts, revisions=["2025-11-25"])
        async with inside(connecting) as group:
            assert list(group) == ["one"]
            assert sorted(group.lost) == ["silent", "silent too"]
            assert "not answered within its timeout" in str(group.lost["silent"])

    follow(runtime, scenario)


@each_awaiting_runtime
def test_a_group_that_is_given_up_while_it_connects_leaves_nothing_open(runtime: Runtime) -> None:
    servers = {"silent": [sys.executable, "-c", "import sys; sys.stdin.read()"], "one": new_server()}
    before = descriptors()

    async def scenario() -> None:
        with pytest.raises((asyncio.TimeoutError, trio.TooSlowError)):
            async with soon_over(runtime), runtime.binding.connect_group(servers):
                raise AssertionError("unreachable: it must not be entered")

    follow(runtime, scenario)
    assert descriptors() == before


@contextlib.asynccontextmanager
async def soon_over(runtime: Runtime) -> AsyncGenerator[None, None]:
    if runtime is TRIO:
        with trio.fail_after(0.3):
            yield
    else:
        async with asyncio.timeout(0.3):
            yield


def test_a_group_on_threads_that_cannot_be_connected_leaves_nothing_open() -> None:
    with nothing_left(), no_threads_to_be_had(), pytest.raises(RuntimeError, match="thread"):
        THREADS.binding.connect_group({"one": new_server(), "two": new_server()})
