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
from tests.bindings.piped import HELLO, call, lines

SERVER = (sys.executable, "-m", "tests.bindings.trio.servers")


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
        "import signal, subprocess, sys;"
        f"child = subprocess.Popen({list(SERVER)!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE);"
        "print(child.pid, flush=True);"
        "signal.pause()"
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
