"""Connections and servers that are cancelled at every step leave no task, descriptor or process."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable

import pytest
import trustme
from tests.bindings.asyncio.running import run
from tests.bindings.asyncio.servers import server
from tests.bindings.asyncio.serving import served
from tests.bindings.asyncio.test_sockets import contexts
from tests.bindings.looking import text

from sansmcp import NotConnected
from sansmcp_asyncio import Client, Connecting, connect, memory_pair, serve_stream, serve_tcp

# The parts of a server that cost no second to start; it answers the probe.
SMALL_SERVER = """
import sys
for line in sys.stdin:
    print('{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],'
          '"capabilities":{},"serverInfo":{"name":"small","version":"1"},"ttlMs":0,"cacheScope":"private"}}',
          flush=True)
"""
SMALL = (sys.executable, "-I", "-S", "-c", SMALL_SERVER)

# A connection within this process takes fewer turns of the loop.
STEPS = range(60)


@pytest.fixture(autouse=True)
def _nothing_told(caplog):
    """Asyncio tells of what it thinks is wrong in its log."""
    yield
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def cancel_at_every_step(connecting: Callable[[], Connecting], steps: Iterable[int] = STEPS) -> int:
    """Cancel a connection in the making after so many turns of the loop; return how often it was made."""
    made = 0
    for step in steps:
        task = asyncio.create_task(_connected(connecting()))
        for _ in range(step):
            await asyncio.sleep(0)
        task.cancel()
        try:
            client = await task
        except asyncio.CancelledError:
            continue
        made += 1
        await client.close()
    return made


async def _connected(connecting: Connecting) -> Client:
    return await connecting


def test_connecting_in_memory_can_be_cancelled_at_every_step() -> None:
    async def work() -> None:
        assert await cancel_at_every_step(lambda: connect(server)) > 0

    run(work)


def test_connecting_to_a_process_can_be_cancelled_at_every_step() -> None:
    async def work() -> None:
        # It takes thousands of turns until a process answers.
        steps = [*range(25), *(1 << power for power in range(5, 16))]
        assert await cancel_at_every_step(lambda: connect(SMALL, stderr=subprocess.PIPE), steps) > 0

    run(work)


def test_connecting_over_tcp_can_be_cancelled_at_every_step() -> None:
    async def work() -> None:
        async with served(serve_tcp, server) as address:
            assert await cancel_at_every_step(lambda: connect(address)) > 0

    run(work)


def test_connecting_over_tls_can_be_cancelled_at_every_step() -> None:
    async def work() -> None:
        ours, theirs = contexts(trustme.CA())
        async with served(serve_tcp, server, ssl=ours) as address:
            assert await cancel_at_every_step(lambda: connect(address, ssl=theirs)) > 0

    run(work)


def test_serving_can_be_cancelled_at_every_step_of_a_peer() -> None:
    async def work() -> None:
        for step in STEPS:
            started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(serve_tcp(server, started=started.set_result))
            connecting = asyncio.create_task(_connected(connect(await started)))
            for _ in range(step):
                await asyncio.sleep(0)
            serving.cancel()
            await asyncio.wait({serving})
            assert serving.cancelled()
            try:
                client = await connecting
            except NotConnected:
                continue
            await client.close()

    run(work)


def test_serving_one_stream_can_be_cancelled_at_every_step_of_a_call() -> None:
    async def work() -> None:
        for step in range(40):
            near, far = memory_pair()
            serving = asyncio.create_task(serve_stream(server, far))
            calling = asyncio.create_task(_call(near))
            for _ in range(step):
                await asyncio.sleep(0)
            serving.cancel()
            await asyncio.wait({serving})
            assert serving.cancelled()
            calling.cancel()
            await asyncio.wait({calling})

    run(work)


async def _call(near) -> None:
    async with connect(near) as client:
        await client.call_tool("wait")


def test_a_call_can_be_cancelled_at_every_step() -> None:
    async def work() -> None:
        async with connect(server) as client:
            for step in range(40):
                calling = asyncio.create_task(client.call_tool("add_later", {"a": 1, "b": 2}))
                for _ in range(step):
                    await asyncio.sleep(0)
                calling.cancel()
                await asyncio.wait({calling})
            assert text(await client.call_tool("add_later", {"a": 1, "b": 2})) == "3"

    run(work)


def test_a_close_that_is_cancelled_ends_the_connection_all_the_same() -> None:
    async def work() -> None:
        for step in range(10):
            client = await connect(SMALL)
            closing = asyncio.create_task(client.close())
            for _ in range(step):
                await asyncio.sleep(0)
            closing.cancel()
            await asyncio.wait({closing})
            await client.close()
            with pytest.raises(NotConnected):
                await client.ping()

    run(work)


def test_a_connection_that_is_closed_while_it_is_made_ends_at_once() -> None:
    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"tls://127.0.0.1:{silent.getsockname()[1]}"
            connecting = asyncio.create_task(_connected(connect(address)))
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await asyncio.wait({connecting}, timeout=0.1)
            connecting.cancel()
            await asyncio.wait({connecting})
            # A handshake may take a minute.
            assert loop.time() - begun < 10

    run(work)


INTERRUPTED = """
import asyncio, sys
from sansmcp_asyncio import connect
async def work():
    async with connect([sys.executable, "-m", "tests.bindings.asyncio.servers"]) as client:
        print("connected", flush=True)
        await client.call_tool("wait")
asyncio.run(work())
"""


def test_a_program_that_is_interrupted_ends_its_server() -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"connected\n"
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, check=True
        ).stdout.split()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert b"Warning" not in told
    assert told.count(b"Traceback") <= 2
    assert len(children) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(children[0]), 0)
