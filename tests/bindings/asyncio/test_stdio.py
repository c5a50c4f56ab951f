"""The asyncio stdio server as a real process: what its descriptors carry, and how it ends."""

import fcntl
import json
import os
import re
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

SERVER = (sys.executable, "-m", "tests.bindings.asyncio.servers")

HELLO = (
    {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)


def call(number: int, tool: str, **arguments: object) -> dict[str, object]:
    return {
        "jsonrpc": "2.0",
        "id": number,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }


def lines(*messages: dict[str, object]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def serve(
    data: bytes, stdin: object = None
) -> tuple[dict[object, dict[str, object]], subprocess.CompletedProcess]:
    """Pipe lines into a server, close its input, and return its answers by id."""
    given = {"input": data} if stdin is None else {"stdin": stdin}
    done = subprocess.run(SERVER, **given, capture_output=True, timeout=30, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {answer.get("id"): answer for answer in answers}, done


def test_requests_piped_in_are_answered_before_the_server_exits() -> None:
    answers, done = serve(lines(*HELLO, call(1, "add", a=1, b=2), call(2, "add_later", a=3, b=4)))
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert answers[2]["result"]["content"][0]["text"] == "7"
    assert done.returncode == 0


def test_requests_from_a_file_are_answered(tmp_path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(lines(*HELLO, call(1, "add", a=1, b=2)))
    with path.open("rb") as file:
        answers, done = serve(b"", stdin=file)
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert done.returncode == 0


def test_stray_output_of_handlers_goes_to_standard_error() -> None:
    answers, done = serve(lines(*HELLO, call(1, "shout")))
    assert answers[1]["result"]["content"][0]["text"] == "shouted"
    assert set(answers) == {0, 1}
    for text in (b"printed", b"written to descriptor 1", b"by a child"):
        assert text in done.stderr


@pytest.mark.parametrize("tool", ["sleep_for_ever", "wait"])
def test_a_handler_that_never_returns_does_not_keep_the_server_alive(tool: str) -> None:
    start = time.monotonic()
    answers, done = serve(lines(*HELLO, call(1, tool)))
    assert set(answers) == {0}
    assert done.returncode == 0
    # A guard against hanging, not a timing: the handler would sleep for an hour.
    assert time.monotonic() - start < 20


def test_a_pipe_with_a_name_may_be_the_input(tmp_path) -> None:
    path = tmp_path / "requests"
    os.mkfifo(path)
    with path.open("r+b", buffering=0) as both, path.open("rb") as end:
        both.write(lines(*HELLO, call(1, "add", a=1, b=2)))
        # The last writer leaves before the server looks.
        both.close()
        answers, done = serve(b"", stdin=end)
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert done.returncode == 0


def test_a_failing_handler_is_logged_to_standard_error_and_hidden_from_the_peer() -> None:
    answers, done = serve(lines(*HELLO, call(1, "fail", message="hunter2")))
    assert answers[1]["result"]["isError"] is True
    assert b"hunter2" not in done.stdout
    assert b"ValueError: hunter2" in done.stderr


def test_a_line_that_is_no_message_costs_one_error_and_nothing_else() -> None:
    answers, done = serve(lines(*HELLO) + b"{oops\n" + lines(call(1, "add", a=1, b=2)))
    assert answers[None]["error"]["code"] == -32700
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert done.returncode == 0


def test_many_requests_from_a_file_are_all_answered(tmp_path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(lines(*HELLO, *(call(number, "add_later", a=number, b=0) for number in range(1, 5001))))
    with path.open("rb") as file:
        answers, done = serve(b"", stdin=file)
    assert done.returncode == 0
    assert [number for number in range(1, 5001) if "result" not in answers.get(number, {})] == []


def test_a_server_whose_output_nobody_reads_still_exits_at_the_end_of_its_input() -> None:
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(lines(*HELLO, call(1, "flood", size=2_000_000)))
        process.stdin.close()
        # The output is a full pipe, and stays one.
        assert process.wait(timeout=20) == 0
        process.stdout.close()


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
