"""The threads stdio server as a real process: what its descriptors carry, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from tests.bindings.piped import HELLO, call, lines

SERVER = (sys.executable, "-m", "tests.bindings.threads.servers")


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
