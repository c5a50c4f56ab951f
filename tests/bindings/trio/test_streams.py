"""Streams in memory keep the promises of trio's streams."""

import subprocess
import sys

import pytest
import trio
from tests.bindings.trio.running import run, run_in_no_time
from trio.testing import check_two_way_stream, wait_all_tasks_blocked

from sansmcp_trio import MemoryStream, memory_pair


def test_a_pair_in_memory_passes_the_suite_of_trio() -> None:
    async def make() -> tuple[MemoryStream, MemoryStream]:
        return memory_pair()

    async def work() -> None:
        await check_two_way_stream(make, None)

    run_in_no_time(work)


def test_a_writer_waits_while_nobody_reads() -> None:
    async def work() -> None:
        near, far = memory_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(near.send_all, b"x" * 1_000_000)
            await wait_all_tasks_blocked()
            assert nursery.child_tasks
            received = 0
            while received < 1_000_000:
                received += len(await far.receive_some())

    run(work)


def test_an_end_that_closes_ends_both_directions() -> None:
    async def work() -> None:
        near, far = memory_pair()
        await near.send_all(b"unread")
        await far.send_all(b"unread too")
        await far.aclose()
        assert await near.receive_some() == b"unread too"
        assert await near.receive_some() == b""
        with pytest.raises(trio.BrokenResourceError):
            await near.send_all(b"more")

    run(work)


def test_the_binding_needs_no_other_runtime() -> None:
    program = "import sys, sansmcp_trio; sys.exit('anyio' in sys.modules or 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
