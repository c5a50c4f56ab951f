"""The threads stdio server as a real process: what its descriptors carry, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

SERVER = (sys.executable, "-m", "tests.bindings.threads.servers")

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
    answers, done = serve(lines(*HELLO, call(1, "add", a=1, b=2), call(2, "add_at_once", a=3, b=4)))
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
    path.write_bytes(
        lines(*HELLO, *(call(number, "add_at_once", a=number, b=0) for number in range(1, 5001)))
    )
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


def test_ten_thousand_calls_in_flight_do_not_hold_up_the_exit() -> None:
    data = lines(*HELLO, *(call(number, "sleep_for_ever") for number in range(1, 10_001)))
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        answers: list[bytes] = []
        reading = threading.Thread(target=lambda: answers.extend(process.stdout))
        reading.start()
        process.stdin.write(data)
        process.stdin.flush()
        start = time.monotonic()
        process.stdin.close()
        assert process.wait(timeout=20) == 0
        # A promise of a second; the rest is for a slow machine, which has yet to read most of the calls.
        assert time.monotonic() - start < 10
        reading.join(timeout=20)
    refused = [json.loads(answer) for answer in answers if b'"error"' in answer]
    # A thousand are worked on, a thousand wait.
    assert len(refused) >= 8000


def test_an_interrupt_ends_the_server_with_the_code_that_shells_know() -> None:
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(lines(*HELLO, call(1, "sleep_for_ever")))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130


def test_a_server_whose_client_is_gone_ends() -> None:
    ours, theirs = socket.socketpair()
    with subprocess.Popen(SERVER, stdin=theirs, stdout=theirs) as process:
        theirs.close()
        ours.sendall(lines(*HELLO, call(1, "sleep_for_ever"), call(2, "flood", size=2_000_000)))
        assert ours.recv(10)
        ours.close()
        assert process.wait(timeout=20) == 0


AWAITING = """
import os
from sansmcp import LocalProtocolError, Server
from sansmcp_threads import serve_stdio

server = Server("awaiting", version="1")

@server.tool
async def later() -> str:
    "Return a text later."
    return "later"

try:
    serve_stdio(server)
except LocalProtocolError as error:
    print(error)
    os.write(1, b"still here")
"""


def test_a_server_that_awaits_is_refused_before_anything_is_touched() -> None:
    done = subprocess.run([sys.executable, "-c", AWAITING], capture_output=True, timeout=30, check=False)
    assert b"found async def for tool 'later'" in done.stdout
    assert b"still here" in done.stdout


def test_the_output_may_be_a_file(tmp_path) -> None:
    with (tmp_path / "answers").open("wb") as file:
        subprocess.run(
            SERVER, input=lines(*HELLO, call(1, "flood", size=100_000)), stdout=file, timeout=30, check=True
        )
    answers = [json.loads(line) for line in (tmp_path / "answers").read_bytes().splitlines()]
    assert len(answers[1]["result"]["content"][0]["text"]) == 100_000


def test_the_pipe_that_the_server_writes_to_blocks_others_as_before() -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=writer) as process:
        process.stdin.write(lines(*HELLO))
        process.stdin.flush()
        assert json.loads(os.read(reader, 10_000))["id"] == 0
        assert os.get_blocking(writer)
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    os.close(reader)
    os.close(writer)


def test_quick_answers_do_not_wait_for_slow_handlers_that_came_with_them() -> None:
    quick = [call(number, "add", a=number, b=0) for number in range(1, 31)]
    slow = [call(number, "sleep_for_ever") for number in range(101, 131)]
    mixed = [request for pair in zip(quick, slow, strict=True) for request in pair]
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(lines(*HELLO, *mixed))
        process.stdin.flush()
        answered = {json.loads(process.stdout.readline())["id"] for _ in range(31)}
        assert answered == set(range(31))
        process.stdin.close()
        assert process.wait(timeout=20) == 0
