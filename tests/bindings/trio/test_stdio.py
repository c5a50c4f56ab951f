"""The trio stdio server as a real process: what its descriptors carry, and how it ends."""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

SERVER = (sys.executable, "-m", "tests.bindings.trio.servers")

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


def test_nothing_is_lost_where_output_and_errors_share_one_pipe() -> None:
    calls = lines(
        call(1, "complain", lines=3000), *(call(number, "add_later", a=1, b=2) for number in range(2, 800))
    )
    with start(stderr=subprocess.STDOUT) as process:
        process.stdin.write(lines(*HELLO) + calls)
        process.stdin.flush()
        # Now the pipe is full.
        settle(process)
        output = b""
        while b"that was all" not in output[-8192:]:
            read = process.stdout.read1()
            assert read, "the server has left"
            output += read
        process.stdin.close()
        output += process.stdout.read()
        assert process.wait(timeout=20) == 0
    complaint = rb"complaint (\d+) of 3000, with some words about it\n"
    assert [int(number) for number in re.findall(complaint, output)] == list(range(3000))
    # An answer may be longer than what a pipe takes in one piece, so complaints may stand inside of it.
    answers = [json.loads(line) for line in re.sub(complaint, b"", output).splitlines()]
    assert sorted(answer["id"] for answer in answers) == list(range(800))


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


def start(**settings: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **settings)


def test_with_ten_thousand_calls_in_flight_a_server_is_gone_within_a_second_of_the_end() -> None:
    with start(stderr=subprocess.DEVNULL) as process:
        # A thousand run and a thousand wait; the others are refused while the pipe is read.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        process.stdin.write(lines(*HELLO, *(call(number, "wait") for number in range(1, 10_001))))
        process.stdin.flush()
        settle(process)
        begun = time.monotonic()
        process.stdin.close()
        assert process.wait(timeout=20) == 0
        # The promise is one second; a loaded machine gets a few.
        assert time.monotonic() - begun < 3


def settle(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has read its input and does nothing any more."""
    before = -1.0
    while (spent := cpu_time(process)) != before:
        before = spent
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)


def cpu_time(process: subprocess.Popen[bytes]) -> float:
    done = subprocess.run(
        ["ps", "-o", "cputimes=,time=", "-p", str(process.pid)], capture_output=True, check=True
    )
    return float(done.stdout.split()[0])


def test_a_server_whose_client_was_killed_is_gone() -> None:
    client = (
        "import subprocess, sys, time;"
        f"child = subprocess.Popen({list(SERVER)!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE);"
        "print(child.pid, flush=True);"
        "time.sleep(3600)"
    )
    with subprocess.Popen([sys.executable, "-c", client], stdout=subprocess.PIPE) as process:
        server = int(process.stdout.readline())
        process.kill()
        process.wait()
    with open_pidfd(server) as descriptor:
        assert select.select([descriptor], [], [], 20)[0], "the server is still there"


@contextlib.contextmanager
def open_pidfd(pid: int):
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_the_keys_that_interrupt_end_a_server_as_shells_expect() -> None:
    with start(stderr=subprocess.PIPE) as process:
        process.stdin.write(lines(*HELLO, call(1, "wait")))
        process.stdin.flush()
        process.stdout.readline()
        # Not while the handler begins: it would be what is interrupted.
        settle(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("shared", [True, False])
def test_descriptors_that_others_share_block_again_afterwards(shared: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        output = theirs if shared else subprocess.DEVNULL
        with subprocess.Popen(SERVER, stdin=theirs, stdout=output) as process:
            ours.sendall(lines(*HELLO))
            ours.shutdown(socket.SHUT_WR)
            assert process.wait(timeout=20) == 0
        assert os.get_blocking(theirs.fileno())


def test_answers_may_go_to_a_file(tmp_path) -> None:
    with (tmp_path / "answers").open("wb") as file:
        done = subprocess.run(
            SERVER, input=lines(*HELLO, call(1, "add", a=1, b=2)), stdout=file, timeout=30, check=True
        )
    assert done.returncode == 0
    answers = [json.loads(line) for line in (tmp_path / "answers").read_text().splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1]
