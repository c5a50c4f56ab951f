"""The demo as a new user runs it, and what it does when something goes wrong."""

import asyncio
import io
import json
import subprocess
import sys

import pytest

from sansmcp_cli import demo
from sansmcp_cli.main import main

STEPS = [
    "connect",
    "list the tools",
    "call a tool",
    "watch its progress",
    "let it ask the user",
    "give a call up",
]


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sansmcp_cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_demo_talks_in_both_eras_and_ends_well() -> None:
    done = run_command("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert done.stdout.count(step) == 2
    assert "initialize #1 2025-11-25" in done.stdout
    assert "server/discover #1 2026-07-28" in done.stdout
    assert "0 did not" in done.stdout
    assert "\x1b[" not in done.stdout


def test_the_demo_prints_its_conversation_as_json_lines() -> None:
    done = run_command("demo", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["revision"] for line in lines} == {"2025-11-25", "2026-07-28"}
    assert all(line["sender"] in ("client", "server") for line in lines)
    assert all(line["message"]["jsonrpc"] == "2.0" for line in lines)
    assert last["summary"]["faults"] == []
    assert last["summary"]["messages"] == len(lines)
    sent = [line["message"].get("method") for line in lines if line["sender"] == "client"]
    assert sent.count("notifications/cancelled") == 2


@pytest.mark.parametrize("as_json", [True, False])
def test_a_demo_that_goes_wrong_names_what_did_and_exits_with_1(monkeypatch, as_json: bool) -> None:
    monkeypatch.setattr(demo, "COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    output = io.StringIO()
    assert asyncio.run(demo.run_demo(output, as_json=as_json)) == 1
    assert "2025-11-25: connect" in output.getvalue()
    assert "2026-07-28: connect" in output.getvalue()


def test_a_missing_command_is_explained() -> None:
    done = run_command()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_help_names_the_demo(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "demo" in capsys.readouterr().out
