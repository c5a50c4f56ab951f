"""The asyncio stdio server as a real process: what its descriptors carry, and how it ends."""

import fcntl
import json
import os
import re
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.bindings.piped import HELLO, call, lines

SERVER = (sys.executable, "-m", "tests.bindings.asyncio.servers")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="a pipe cannot be opened anew here")
def test_pipes_stay_blocking_for_others_and_lines_on_standard_error_in_the_same_pipe_all_arrive() -> None:
    theirs, requests = os.pipe()
    output, shared = os.pipe()
    # A small one is full nearly all the time.
    fcntl.fcntl(shared, fcntl.F_SETPIPE_SZ, 4096)
    calls = [call(number, "add_later", a=number, b=0) for number in range(2, 1001)]
    data = lines(*HELLO, call(1, "complain", lines=3000), *calls)
    with subprocess.Popen(SERVER, stdin=theirs, stdout=shared, stderr=shared) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        feeding = threading.Thread(target=os.write, args=(requests, data), daemon=True)
        feeding.start()
        received, answers = b"", b""
        while answers.count(b"\n") < 1001:
            assert select.select([output], [], [], 60)[0], received[-1000:]
            received += os.read(output, 65536)
            answers = re.sub(rb"complaint \d{4}\n", b"", received)
        complaints = re.findall(rb"complaint (\d{4})\n", received)
        assert complaints == [b"%04d" % number for number in range(3000)]
        assert os.get_blocking(theirs)
        assert os.get_blocking(shared)
        feeding.join()
        os.close(requests)
        assert process.wait() == 0
        guard.cancel()
    for descriptor in (theirs, output, shared):
        os.close(descriptor)
    told = {answer["id"]: answer for answer in map(json.loads, answers.splitlines())}
    assert [number for number in range(1001) if "result" not in told[number]] == []


CANCELLED_AT_ONCE = """
import asyncio, os, sys
from sansmcp_asyncio import StdioStream, serve_stream
from tests.bindings.asyncio.servers import server
async def work(turns):
    before = len(os.listdir("/dev/fd"))
    serving = asyncio.create_task(serve_stream(server, StdioStream()))
    for _ in range(turns):
        await asyncio.sleep(0)
    serving.cancel()
    await asyncio.wait({serving})
    # The transport of the output ends in the next turns.
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(os.listdir("/dev/fd")) == before, turns
asyncio.run(work(int(sys.argv[1])))
"""


@pytest.mark.parametrize("turns", ["1", "2", "3", "4", "6"])
def test_a_server_that_is_cancelled_at_any_step_closes_its_descriptors(turns: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", CANCELLED_AT_ONCE, turns],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert b"Warning" not in told
