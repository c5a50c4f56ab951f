"""A server over standard output is gone within a second of the end of its input, with calls in flight."""

import json
import subprocess
import sys
import time

import pytest

CALLS = 1000

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def call(number):
    meta = {**META, "progressToken": number} if number == CALLS else META
    params = {"name": "hold", "arguments": {"seconds": 3600.0}, "_meta": meta}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}) + "\n"


def addition():
    params = {"name": "add", "arguments": {"a": 1, "b": 2}, "_meta": META}
    return json.dumps({"jsonrpc": "2.0", "id": "first", "method": "tools/call", "params": params}) + "\n"


@pytest.mark.parametrize("runtime", ["asyncio", "threads", "trio"])
def test_a_server_with_a_thousand_calls_in_flight_is_gone_soon_after_its_input_ended(runtime, tmp_path):
    words = ["--runtime", runtime, "--grace", "0.5", "--pid", str(tmp_path / "pid")]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.suite.server", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        try:
            server.stdin.write(addition().encode())
            server.stdin.flush()
            # It runs, and has read what came first.
            assert json.loads(server.stdout.readline())["id"] == "first"
            server.stdin.write("".join(call(number) for number in range(CALLS)).encode())
            server.stdin.flush()
            ended = time.monotonic()
            server.stdin.close()
            said = server.stdout.read()
            assert server.wait() == 0
            took = time.monotonic() - ended
        finally:
            server.kill()
    # Nothing was answered, so nothing may be said but that.
    assert b'"result"' not in said
    # The promise is a second; a loaded machine reads the calls late and gets a few.
    assert took < 5.0
