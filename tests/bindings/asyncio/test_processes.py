"""The asyncio client against servers that are processes: their start, their loss and their end."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from tests.bindings.asyncio.running import run, text

from sansmcp import NotConnected, RequestLost
from sansmcp.session import Restart
from sansmcp_asyncio import connect, start_process

COMMAND = (sys.executable, "-m", "tests.bindings.asyncio.servers")
ADD = ("add", {"a": 1, "b": 2})
MODERN = "2026-07-28"


def test_a_server_that_dies_in_a_call_is_reported_with_its_exit_code() -> None:
    async def work() -> None:
        async with connect(COMMAND) as client:
            with pytest.raises(RequestLost, match="exited with code 7"):
                await client.call_tool("end_process")
            with pytest.raises(NotConnected, match="exited with code 7"):
                await client.call_tool(*ADD)

    run(work)


def test_the_last_words_of_a_drained_standard_error_are_told() -> None:
    program = "import sys; sys.stderr.write('x' * 100_000 + 'no such database'); sys.exit(4)"

    async def work() -> None:
        with pytest.raises(NotConnected, match=r"exited with code 4; it said: x+no such database") as caught:
            await connect([sys.executable, "-c", program], stderr=subprocess.PIPE)
        assert len(str(caught.value)) < 3000

    run(work)


NOISY_SERVER = """
import sys
sys.stderr.write("x" * 10 * 1024 * 1024)
from tests.bindings.asyncio.servers import serve_stdio, server
serve_stdio(server)
"""


def test_ten_megabytes_of_standard_error_before_the_first_answer_cost_no_deadlock() -> None:
    async def work() -> None:
        async with connect([sys.executable, "-c", NOISY_SERVER], stderr=subprocess.PIPE) as client:
            assert text(await client.call_tool(*ADD)) == "3"

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
            await connect([sys.executable, "-c", program], env={"ADDED": "1"}, stderr=subprocess.PIPE)
        assert "SECRET" not in str(caught.value)
        assert "ADDED" in str(caught.value)
        assert "PATH" in str(caught.value)

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


# It takes no more bytes some time before it exits.
CLOSING_SERVER = (
    DEAF_SERVER.replace("range(2)", "range(1)")
    .replace("sys.stdin.readline()", "sys.stdin.readline(); __import__('os').close(0)")
    .replace("time.sleep(3600)", "time.sleep(0.2); sys.exit(5)")
)


def test_a_server_that_a_write_finds_gone_is_reported_with_its_exit_code() -> None:
    async def work() -> None:
        async with connect([sys.executable, "-c", CLOSING_SERVER], revisions=["2025-11-25"]) as client:
            with pytest.raises(RequestLost, match="exited with code 5"):
                await client.call_tool(*ADD)

    run(work)


def is_running(process: int) -> bool:
    # What is killed is gone as soon as its new parent has looked; a zombie runs no more.
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, check=False)
    return status.stdout.strip()[:1] not in {b"", b"Z"}


def test_a_stubborn_server_is_killed_with_all_of_its_group(tmp_path) -> None:
    async def work() -> None:
        with (tmp_path / "errors").open("wb") as file:
            command = [sys.executable, "-c", STUBBORN_SERVER]
            async with connect(command, revisions=["2025-11-25"], stderr=file) as client:
                assert client.revision == "2025-11-25"

    run(work)
    assert not is_running(int((tmp_path / "errors").read_text()))


# Its child lives on in its group and holds the pipes, and another one, in a group of its own, does so too.
LEAVING_SERVER = """
import subprocess, sys
for alone in (False, True):
    sleep = [sys.executable, '-c', 'import time; time.sleep(3600)']
    child = subprocess.Popen(sleep, start_new_session=alone)
    print(child.pid, file=sys.stderr, flush=True)
from tests.bindings.asyncio.servers import serve_stdio, server
serve_stdio(server)
"""


@pytest.mark.parametrize("drained", [False, True])
def test_children_that_hold_the_pipes_of_a_server_hold_up_nothing(tmp_path, *, drained: bool) -> None:
    program = LEAVING_SERVER.replace("file=sys.stderr", f"file=open({str(tmp_path / 'children')!r}, 'a')")

    async def work() -> None:
        stderr = subprocess.PIPE if drained else None
        async with connect([sys.executable, "-c", program], stderr=stderr) as client:
            assert text(await client.call_tool(*ADD)) == "3"
            begun = asyncio.get_running_loop().time()
        # It exits when its input ends, so that neither wait of two seconds is used up.
        assert asyncio.get_running_loop().time() - begun < 2

    try:
        run(work)
    finally:
        of_its_group, of_its_own = (int(line) for line in (tmp_path / "children").read_text().split())
        os.kill(of_its_own, signal.SIGKILL)
    assert not is_running(of_its_group)


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
            await connect([sys.executable, "-c", program], revisions=[revision], on_violation=print)

    run(work)


def test_a_server_that_is_killed_in_a_call_loses_every_call_and_leaves_nothing() -> None:
    async def work() -> None:
        async with connect(COMMAND) as client:
            waiting = [asyncio.create_task(client.call_tool("wait")) for _ in range(900)]
            await client.call_tool(*ADD)
            with pytest.raises(RequestLost, match="exited with code 7"):
                await client.call_tool("end_process")
            for lost in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(lost, RequestLost)
                assert "exited with code 7" in str(lost)

    run(work)


def test_a_lost_server_is_started_again_and_serves_the_next_call() -> None:
    async def work() -> None:
        async with connect(COMMAND, restart=Restart(first_delay=0.01)) as client:
            first = client.session
            with pytest.raises(RequestLost):
                await client.call_tool("end_process")
            assert text(await client.call_tool(*ADD)) == "3"
            assert client.session is not first

    run(work)


def test_closing_while_a_lost_server_is_awaited_ends_at_once() -> None:
    async def work() -> None:
        async with connect(COMMAND, restart=Restart(first_delay=3600, most_delay=3600)) as client:
            for _ in range(2):
                with pytest.raises(RequestLost):
                    await client.call_tool("end_process")

    run(work)


def test_megabytes_go_both_ways_at_once_through_pipes() -> None:
    async def work() -> None:
        async with connect(COMMAND) as client:
            said = [str(number) * 2_000_000 for number in range(4)]
            heard = await asyncio.gather(*(client.call_tool("echo", {"text": one}) for one in said))
            assert [text(one) for one in heard] == said

    run(work)


def test_a_process_is_a_stream_by_itself() -> None:
    async def work() -> None:
        process = await start_process([sys.executable, "-c", "print(input()[::-1]); raise SystemExit(3)"])
        assert str(process).endswith("is running")
        await process.write(b"olleh\n")
        assert await process.read() == b"hello\n"
        with pytest.raises(ConnectionResetError, match="exited with code 3"):
            await process.read()
        assert process.returncode == 3
        await process.close()
        await process.close()

    run(work)
