"""The trio client against servers that are processes: their start, their loss and their end."""

import signal
import subprocess
import sys

import pytest
import trio
from tests.bindings.trio.running import descriptors, run, text
from trio.testing import wait_all_tasks_blocked

from sansmcp import NotConnected, RequestLost
from sansmcp.session import Restart
from sansmcp_trio import connect, start_process

COMMAND = (sys.executable, "-m", "tests.bindings.trio.servers")
MODERN = "2026-07-28"


async def connecting(*arguments, **settings) -> None:
    """Connect where that is going to fail."""
    async with connect(*arguments, **settings):
        raise AssertionError("unreachable: it must not succeed")


def test_a_process_is_started_called_and_ended() -> None:
    async def work() -> None:
        async with connect(COMMAND) as client:
            assert client.revision == MODERN
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            assert text(await client.call_tool("add_later", {"a": 1, "b": 2})) == "3"

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_a_server_that_dies_in_a_call_ends_the_call_with_one_plain_exception() -> None:
    async def work() -> None:
        async with connect(COMMAND) as client:
            with pytest.raises(RequestLost, match="exited with code 7"):
                await client.call_tool("end_process")
            with pytest.raises(NotConnected, match="exited with code 7"):
                await client.call_tool("add", {"a": 1, "b": 2})

    run(work)


def test_a_command_that_is_no_server_is_reported_as_not_connected() -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match=r"the server .* exited with code 3"):
            await connecting([sys.executable, "-c", "raise SystemExit(3)"])

    run(work)


def test_a_command_that_cannot_be_started_is_named() -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match="cannot start the server '/no/such/program x'"):
            await connecting(["/no/such/program", "x"])

    run(work)


def test_the_last_words_of_a_drained_standard_error_are_told() -> None:
    program = "import sys; sys.stderr.write('x' * 100_000 + 'no such database'); sys.exit(4)"

    async def work() -> None:
        with pytest.raises(NotConnected, match=r"exited with code 4; it said: x+no such database") as caught:
            await connecting([sys.executable, "-c", program], stderr=subprocess.PIPE)
        assert len(str(caught.value)) < 3000

    run(work)


NOISY_SERVER = """
import sys
sys.stderr.write("x" * 10 * 1024 * 1024)
from tests.bindings.trio.servers import serve_stdio, server
serve_stdio(server)
"""


def test_ten_megabytes_of_standard_error_before_the_first_answer_cost_no_deadlock() -> None:
    async def work() -> None:
        async with connect([sys.executable, "-c", NOISY_SERVER], stderr=subprocess.PIPE) as client:
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


def test_standard_error_may_be_handed_on_to_a_file(tmp_path) -> None:
    async def work() -> None:
        with (tmp_path / "errors").open("wb") as file:
            async with connect(COMMAND, stderr=file) as client:
                await client.call_tool("shout")

    run(work)
    assert b"printed" in (tmp_path / "errors").read_bytes()


def test_a_server_gets_few_variables_and_those_that_are_added(monkeypatch) -> None:
    program = "import os, sys; sys.stderr.write(','.join(sorted(os.environ))); sys.exit(1)"
    monkeypatch.setenv("SECRET", "hunter2")

    async def work() -> None:
        with pytest.raises(NotConnected) as caught:
            await connecting([sys.executable, "-c", program], env={"ADDED": "1"}, stderr=subprocess.PIPE)
        assert "SECRET" not in str(caught.value)
        assert "ADDED" in str(caught.value)
        assert "PATH" in str(caught.value)

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

# It hears neither the end of its input nor SIGTERM, and leaves a child in its group.
STUBBORN_SERVER = DEAF_SERVER.replace(
    "import sys, time\n",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
    "print(child.pid, file=sys.stderr, flush=True)\n",
)


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


def test_a_stubborn_server_is_killed_with_all_of_its_group(tmp_path) -> None:
    async def work() -> None:
        with (tmp_path / "errors").open("wb") as file:
            command = [sys.executable, "-c", STUBBORN_SERVER]
            async with connect(command, revisions=["2025-11-25"], stderr=file) as client:
                assert client.revision == "2025-11-25"

    run(work)
    child = int((tmp_path / "errors").read_text())
    # What is killed is gone as soon as the kernel and its new parent have looked; a zombie runs no more.
    looks = (
        subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, check=False)
        for _ in range(200)
    )
    assert any(look.stdout.strip()[:1] in {b"", b"Z"} for look in looks)


def test_a_process_that_is_closed_by_force_is_killed_at_once() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            process = await start_process(nursery, [sys.executable, "-c", DEAF_SERVER])
            await trio.aclose_forcefully(process)
            assert process.returncode == -signal.SIGKILL

    before = descriptors()
    run(work)
    assert descriptors() == before


KILLED_AT = {
    "before it says a word": "import os; os.kill(os.getpid(), 9)",
    "when it is asked what it speaks": "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 9)",
    "in the middle of an answer": (
        "import os, sys; sys.stdin.readline(); print('{\"jsonrpc\":', end='', flush=True);"
        " os.kill(os.getpid(), 9)"
    ),
}


@pytest.mark.parametrize("program", KILLED_AT.values(), ids=KILLED_AT)
@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_a_server_that_is_killed_at_the_start_is_reported_with_its_signal(
    program: str, revision: str
) -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match="exited with code -9"):
            await connecting([sys.executable, "-c", program], revisions=[revision], on_violation=print)

    run(work)


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


LEAVES_SLOWLY = """
import json, os, sys, time
request = json.loads(sys.stdin.readline())
server = {"name": "s", "version": "1"}
result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": server}
print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
sys.stdin.readline()
os.close(0)
log = {"level": "info", "data": "closed"}
print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": log}), flush=True)
time.sleep(0.5)
os._exit(3)
"""
"""Closes its input, and exits half a second later."""


def test_a_write_that_finds_the_server_gone_waits_for_its_exit_code() -> None:
    async def work() -> None:
        closed = trio.Event()
        command = [sys.executable, "-c", LEAVES_SLOWLY]
        async with connect(command, revisions=["2025-11-25"], on_log=lambda _: closed.set()) as client:
            with trio.move_on_after(30):
                await closed.wait()
            with pytest.raises(RequestLost, match="exited with code 3"):
                await client.call_tool("any", {})

    run(work)


def test_a_lost_server_is_started_again_and_serves_the_next_call() -> None:
    async def work() -> None:
        async with connect(COMMAND, restart=Restart(first_delay=0.01)) as client:
            first = client.session
            with pytest.raises(RequestLost):
                await client.call_tool("end_process")
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            assert client.session is not first

    before = descriptors()
    run(work)
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
