"""Servers that are started: how they end, what they leave, and what is told of it."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.bindings.threads.counting import in_thread, no_threads_to_be_had, nothing_left

from sansmcp import NotConnected, RequestLost
from sansmcp.session import ConnectionLost, Restart
from sansmcp_threads import connect, start_process

COMMAND = (sys.executable, "-m", "tests.bindings.threads.servers")
PATIENCE = 60


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def add(client) -> object:
    return client.call_tool("add", {"a": 1, "b": 2}).structured_content


def test_a_process_is_started_called_and_ended() -> None:
    with connect(COMMAND) as client:
        assert client.revision == "2026-07-28"
        assert add(client) == 3


def test_a_server_that_dies_in_a_call_ends_the_call_with_its_exit_code() -> None:
    client = connect(COMMAND)
    with pytest.raises(RequestLost, match="exited with code 7"):
        client.call_tool("end_process")
    client.close()


def test_a_command_that_is_no_server_is_reported_with_its_exit_code() -> None:
    with pytest.raises(NotConnected, match=r"the server .* exited with code 3"):
        connect([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_command_that_cannot_be_started_is_named() -> None:
    with pytest.raises(NotConnected, match="cannot start the server '/no/such/program x'"):
        connect(["/no/such/program", "x"])


LEGACY_THAT_EXITS = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "server/discover":
        sys.exit(1)
    if message["method"] == "initialize":
        info = {"name": "old", "version": "1"}
        answer = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer}), flush=True)
"""


def test_a_legacy_server_that_exits_on_the_probe_is_started_again() -> None:
    with connect([sys.executable, "-c", LEGACY_THAT_EXITS]) as client:
        assert client.revision == "2025-06-18"


def test_a_server_that_died_is_started_again_for_the_next_call() -> None:
    with connect(COMMAND, restart=Restart(first_delay=0.01)) as client:
        for _ in range(3):
            with pytest.raises(RequestLost, match="exited with code 7"):
                client.call_tool("end_process")
            assert add(client) == 3


def test_only_a_few_variables_are_passed_on_and_what_the_user_adds(monkeypatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    program = "import os, sys; sys.stderr.write(' '.join(sorted(os.environ))); raise SystemExit(1)"
    with pytest.raises(NotConnected) as caught:
        connect([sys.executable, "-c", program], env={"ADDED": "1"}, stderr=subprocess.PIPE)
    assert "ADDED" in str(caught.value)
    assert "PATH" in str(caught.value)
    assert "SECRET_TOKEN" not in str(caught.value)


def test_the_last_words_of_a_server_are_told_when_it_exits() -> None:
    program = "import sys; sys.stderr.write('x' * 100_000 + 'no key'); raise SystemExit(4)"
    with pytest.raises(NotConnected, match=r"exited with code 4; it said: x+no key$") as caught:
        connect([sys.executable, "-c", program], stderr=subprocess.PIPE)
    assert len(str(caught.value)) < 3000


FLOOD_STDERR = """
import os
for _ in range(160):
    os.write(2, b"x" * 65536)
from tests.bindings.threads.servers import serve_stdio, server
serve_stdio(server)
"""


def test_ten_mebibytes_of_standard_error_before_the_first_answer_block_nobody(tmp_path) -> None:
    with connect([sys.executable, "-c", FLOOD_STDERR], stderr=subprocess.PIPE) as client:
        assert add(client) == 3
    with (tmp_path / "log").open("wb") as file:
        with connect([sys.executable, "-c", FLOOD_STDERR], stderr=file) as client:
            assert add(client) == 3
        assert file.seek(0, os.SEEK_END) == 10 * 1024 * 1024


DEAF_SERVER = """
import sys, time
for _ in range(2):
    line = sys.stdin.readline()
    if '"initialize"' in line:
        print('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},'
              '"serverInfo":{"name":"deaf","version":"1"}}}', flush=True)
time.sleep(3600)
"""

FLOODING_SERVER = DEAF_SERVER.replace("time.sleep(3600)", "while True: print('x' * 1000, flush=True)")


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


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(3600)"])
line = sys.stdin.readline()
print('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},'
      '"serverInfo":{"name":"%d","version":"1"}}}' % child.pid, flush=True)
while True:
    time.sleep(3600)
"""


def test_a_server_that_ignores_everything_is_killed_with_all_that_it_started() -> None:
    client = connect([sys.executable, "-c", STUBBORN], revisions=["2025-11-25"])
    assert client.server_info is not None
    grandchild = int(client.server_info.name)
    os.kill(grandchild, 0)
    begun = time.monotonic()
    client.close()
    # Two seconds for its input to end, two for SIGTERM; the rest is for a slow machine.
    assert time.monotonic() - begun < 10
    for _ in range(1000):
        if has_ended(grandchild):
            break
        threading.Event().wait(0.01)
    assert has_ended(grandchild)


def has_ended(pid: int) -> bool:
    """Say whether a process that is not our child is gone, or waits only to be taken note of."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip().startswith("Z") or not found.stdout.strip()


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
