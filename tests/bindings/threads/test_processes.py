"""Servers that are started: how they end, what they leave, and what is told of it."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from tests.bindings.programs import DEAF_SERVER, FLOODING_SERVER
from tests.bindings.threads.counting import in_thread, no_threads_to_be_had, nothing_left
from tests.reliability.processes import children_of

from sansmcp import NotConnected, RequestLost
from sansmcp.session import ConnectionLost, Restart
from sansmcp_threads import connect, start_process

COMMAND = (sys.executable, "-m", "tests.bindings.threads.servers")
PATIENCE = 60


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    before = children_of(os.getpid())
    with nothing_left():
        yield
    assert children_of(os.getpid()) == before


def add(client) -> object:
    return client.call_tool("add", {"a": 1, "b": 2}).structured_content


@pytest.mark.parametrize("program", [DEAF_SERVER, FLOODING_SERVER])
def test_a_server_that_no_longer_reads_does_not_keep_close_waiting(program: str) -> None:
    seen = threading.Event()
    client = connect(
        [sys.executable, "-c", program],
        revisions=["2025-11-25"],
        on_violation=lambda _event: None,
        on_event=lambda _session, _event: None,
    )

    def call() -> None:
        seen.set()
        with pytest.raises((RequestLost, NotConnected)):
            client.call_tool("add", {"text": "x" * 2_000_000})

    with in_thread(call):
        assert seen.wait(PATIENCE)
        client.close()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_is_killed_ends_calls_in_flight_with_the_signal(sign: signal.Signals) -> None:
    program = (
        "import os; from tests.bindings.threads.servers import server, serve_stdio;"
        "server.tool(blocks=False, name='pid')(lambda: os.getpid()); serve_stdio(server)"
    )
    client = connect([sys.executable, "-c", program])
    pid = int(client.call_tool("pid").content[0].text)
    with pytest.raises(RequestLost, match=f"exited with code -{int(sign)}"):
        client.call_tool("wait", on_progress=lambda _event: os.kill(pid, sign))
    client.close()


def test_a_process_is_a_stream_by_itself() -> None:
    process = start_process([sys.executable, "-c", "print(input()[::-1])"])
    assert process.returncode is None
    assert process.write(b"abc\n")
    assert process.read() == b"cba\n"
    with pytest.raises(ConnectionResetError, match="exited with code 0"):
        process.read()
    process.close()
    assert process.returncode == 0


INTERRUPTED = """
import os, signal, sys, threading
from sansmcp_threads import connect

client = connect(sys.argv[1:])
begun = threading.Event()

def interrupt():
    begun.wait()
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    client.call_tool("wait", on_progress=lambda event: begun.set())
except KeyboardInterrupt:
    while client.call_tool("calls_given_up").content[0].text != "1":
        pass
    print("interrupted")
client.close()
print(threading.enumerate() == [threading.main_thread()])
"""


def test_an_interrupt_while_a_call_waits_cancels_the_call_and_comes_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *COMMAND], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["interrupted", "True"]


def test_a_server_that_is_lost_while_no_thread_can_be_started_is_dialled_again_later() -> None:
    lost: list[str | None] = []
    twice = threading.Event()

    def on_event(_session, event) -> None:
        if isinstance(event, ConnectionLost):
            lost.append(event.reason)
            if len(lost) > 1:
                twice.set()

    with connect(COMMAND, restart=Restart(first_delay=0.01), on_event=on_event) as client:
        assert add(client) == 3
        with no_threads_to_be_had():
            with pytest.raises(RequestLost, match="exited with code 7"):
                client.call_tool("end_process")
            assert twice.wait(PATIENCE)
        assert add(client) == 3
    assert [reason.rpartition(": ")[2] for reason in lost[1:]] == ["can't start new thread"] * len(lost[1:])
