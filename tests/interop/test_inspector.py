"""The command line of the MCP Inspector, on Node.js, drives our server on each runtime, in each era."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.interop.matrix import FULL, cells
from tests.interop.raw import DEADLINE
from tests.interop.serving import started
from tests.interop.watching import ended_by_itself, watched

# What it exits with after a result with `isError`, or a tool that the server does not list.
TOOL_FAILED = 5


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one run of it said: its exit code, the result on stdout, the error on stderr."""

    code: int
    result: dict
    error: dict


class Inspector:
    """Runs the command line; over stdio there is one server for each method."""

    def __init__(
        self, node: str, packages: Path, era: str, folder: Path, server: Mapping[str, object]
    ) -> None:
        self._folder = folder
        # Beside it, so that it writes nothing into the home of whoever runs the tests.
        self._home = folder / "home"
        self._home.mkdir()
        self._is_started = server["type"] == "stdio"
        config = folder / "servers.json"
        config.write_text(json.dumps({"mcpServers": {"ours": server}}))
        program = packages / "@modelcontextprotocol" / "inspector" / "clients" / "cli" / "build" / "index.js"
        self._command = [node, str(program), "--config", str(config), "--server", "ours"]
        self._command += ["--protocol-era", era, "--format", "json", "--quiet", "--method"]

    def __call__(self, method: str, *options: str) -> Said:
        """Run it, and see that a server which it started ended well."""
        done = subprocess.run(
            [*self._command, method, *options],
            env={"HOME": str(self._home), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )
        if self._is_started:
            assert ended_by_itself(self._folder), done.stderr
            (self._folder / "code").unlink()
        result, error = (json.loads(text) if text else {} for text in (done.stdout, done.stderr))
        return Said(code=done.returncode, result=result.get("result", {}), error=error.get("error", {}))


def started_by_it(runtime, folder):
    ours = watched([sys.executable, "-m", "tests.interop.our_server", runtime], folder)
    return {"type": "stdio", "command": ours[0], "args": ours[1:]}


@pytest.mark.parametrize(
    ("runtime", "era", "revision"),
    cells(("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("modern", "2026-07-28")),
)
def test_the_inspector_gets_all_it_asks_our_server_for(tmp_path, node, node_packages, runtime, era, revision):
    inspect = Inspector(node, node_packages, era, tmp_path, started_by_it(runtime, tmp_path))

    assert inspect("initialize").result["protocolVersion"] == revision
    tools = {tool["name"]: tool for tool in inspect("tools/list").result["tools"]}
    assert tools["weather"]["outputSchema"]["type"] == "object"
    read = inspect("resources/read", "--uri", "note://greeting")
    assert read.result["contents"][0]["text"] == "Good morning"
    prompt = inspect("prompts/get", "--prompt-name", "greet", "--prompt-args", "name=Ada")
    assert prompt.result["messages"][0]["content"]["text"] == "Greet Ada in a kind tone."

    def call(tool: str, **arguments: object) -> Said:
        return inspect("tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))

    assert call("weather", city="Rome").result["structuredContent"]["degrees"] == 21.5
    failed = call("fails", reason="because")
    assert (failed.code, failed.result["isError"]) == (TOOL_FAILED, True)
    assert failed.result["content"][0]["text"] == "because"
    refused = call("asks")
    assert refused.code
    assert "elicitation" in str(refused)


@pytest.mark.parametrize(
    ("runtime", "era", "revision"),
    cells(("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("modern", "2026-07-28"))
    if FULL
    else cells(("modern", "2026-07-28")),
)
def test_the_inspector_gets_what_it_asks_for_over_http(tmp_path, node, node_packages, runtime, era, revision):
    with started([sys.executable, "-m", "tests.interop.our_server", runtime, "http"]) as served:
        inspect = Inspector(
            node, node_packages, era, tmp_path, {"type": "streamable-http", "url": served.url}
        )
        assert inspect("initialize").result["protocolVersion"] == revision
        assert {tool["name"] for tool in inspect("tools/list").result["tools"]} >= {"add", "weather"}
        weather = ["--tool-name", "weather", "--tool-args-json", '{"city": "Rome"}']
        assert inspect("tools/call", *weather).result["structuredContent"]["degrees"] == 21.5
        load = ["--tool-name", "add", "--tool-args-json", '{"a": 1, "b": 2}', "--load"]
        load += ["--load-concurrency", "20", "--load-requests", "200"]
        told = inspect("tools/call", *load).result
        assert (told["requests"], told["ok"], told["errors"]) == (200, 200, 0)
        assert served.stop() == 0
    assert served.errors == ""


@pytest.mark.parametrize(("runtime", "era"), cells(("legacy",), ("modern",)))
def test_the_inspector_loses_no_answer_under_load(tmp_path, node, node_packages, runtime, era):
    inspect = Inspector(node, node_packages, era, tmp_path, started_by_it(runtime, tmp_path))
    options = ["--tool-name", "add", "--tool-args-json", '{"a": 1, "b": 2}', "--load"]
    load = inspect("tools/call", *options, "--load-concurrency", "50", "--load-requests", "500").result
    assert (load["requests"], load["ok"], load["errors"], load["toolErrors"]) == (500, 500, 0, 0)
