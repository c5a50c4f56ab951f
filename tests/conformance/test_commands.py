"""The two fixtures as commands: what they refuse, and that they fail where something is missing."""

import os
import socket
import subprocess
import sys

from tests.conformance.legs import serving
from tests.conformance.suite import ROOT
from tests.conformance.verdicts import PLAYED


def run(module, *words, **variables):
    return subprocess.run(
        [sys.executable, "-m", f"tests.conformance.{module}", *words],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_server_refuses_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = run("server", "--port", str(listener.getsockname()[1]))
    assert done.returncode == 2
    assert "is taken" in done.stderr


def test_a_client_refuses_a_scenario_that_it_does_not_know():
    done = run("client", "http://127.0.0.1:1/mcp", MCP_CONFORMANCE_SCENARIO="no-such")
    assert done.returncode == 2
    assert "no scenario 'no-such'" in done.stderr


def test_a_client_fails_where_there_is_no_server():
    done = run("client", "http://127.0.0.1:1/mcp", MCP_CONFORMANCE_SCENARIO="tools_call")
    assert done.returncode not in {0, 2}
    assert PLAYED not in done.stdout


def test_a_client_fails_where_something_else_comes_back_and_lists_tools_without_a_scenario(tmp_path):
    faults = []
    with serving("asyncio", tmp_path, faults) as server:
        wrong = run("client", server.url, MCP_CONFORMANCE_SCENARIO="tools_call")
        listed = run("client", "--binding", "threads", server.url)
    assert faults == []
    assert wrong.returncode == 1
    assert PLAYED not in wrong.stdout
    assert listed.returncode == 0
    assert "test_simple_text: Return a text." in listed.stdout
