"""The asyncio client against servers that are processes: their start, their loss and their end."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from tests.bindings.asyncio.running import run
from tests.bindings.looking import descriptors, has_ended, text
from tests.bindings.programs import DEAF_SERVER, FLOODING_SERVER

from sansmcp import RequestLost
from sansmcp.session import Restart
from sansmcp_asyncio import connect, start_process

COMMAND = (sys.executable, "-m", "tests.bindings.asyncio.servers")
ADD = ("add", {"a": 1, "b": 2})


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


# Its child lives on in its group and holds the pipes, and another one, in a group of its own, does so too.
LEAVING_SERVER = """
import subprocess, sys
for alone in (False, True):
    sleep = [sys.executable, '-c', 'import signal; signal.pause()']
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
    assert has_ended(of_its_group)


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
