"""The demo as a new user runs it, and what it does when something goes wrong."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bindings.cli.commands import GUARD, SANSMCP, run

from sansmcp_cli.demo import REVISIONS, RUNTIMES, run_demo
from sansmcp_cli.demo.acts import GiveUp, Scene
from sansmcp_cli.demo.lines import Line
from sansmcp_cli.demo.report import Report
from sansmcp_cli.main import main

STEPS = [
    "connect",
    "list the tools",
    "call a tool",
    "watch its progress",
    "let it ask the user",
    "give a call up",
    "close",
]


def test_the_demo_talks_in_both_eras_on_every_runtime_and_ends_well() -> None:
    done = run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert done.stdout.count(f"│ {step} ") == 2
    assert "2025-11-25, the legacy era, on asyncio" in done.stdout
    assert "initialize #1 2025-11-25" in done.stdout
    assert "server/discover #1 2026-07-28" in done.stdout
    for runtime in ("trio", "threads"):
        for revision in REVISIONS:
            same, over_http = [
                line for line in done.stdout.splitlines() if line.split()[:2] == [runtime, f"{revision}:"]
            ]
            assert "the same conversation as on asyncio" in same
            assert "the same" not in over_http
    assert done.stdout.count("over HTTP") == 1
    assert "0 did not" in done.stdout
    assert "\x1b[" not in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_demo_of_one_runtime_shows_all_of_it(runtime) -> None:
    done = run("demo", "--runtime", runtime)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"2026-07-28, the modern era, on {runtime}" in done.stdout
    assert "in 2 revisions on 1 runtime." in done.stdout


def test_the_demo_prints_its_conversations_as_json_lines() -> None:
    done = run("demo", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["runtime"] for line in lines} == set(RUNTIMES)
    assert {line["revision"] for line in lines} == set(REVISIONS)
    assert all(line["sender"] in ("client", "server") for line in lines)
    assert all(line["message"]["jsonrpc"] == "2.0" for line in lines)
    assert last["summary"]["faults"] == []
    assert last["summary"]["messages"] == len(lines)
    sent = [line["message"].get("method") for line in lines if line["sender"] == "client"]
    # Over HTTP a request of 2026-07-28 is given up by closing its stream.
    assert sent.count("notifications/cancelled") == 6 + 3


@pytest.mark.parametrize("as_json", [True, False])
def test_a_demo_that_goes_wrong_names_what_did_and_exits_with_1(as_json: bool) -> None:
    output = io.StringIO()
    server = (sys.executable, "-c", "raise SystemExit(3)")
    assert run_demo(output, as_json=as_json, server=server) == 1
    for runtime in RUNTIMES:
        for revision in REVISIONS:
            assert f"{runtime}, {revision}: connect and close: NotConnected" in output.getvalue()
            assert f"{runtime}, {revision}: connect and close: LocalProtocolError" in output.getvalue()
    assert "over HTTP: expected the server to exit with 0, found 3" in output.getvalue()


def test_another_conversation_than_on_the_first_runtime_is_a_fault() -> None:
    program = (
        "import sys\n"
        "from sansmcp_cli.demo.server import server\n"
        "from sansmcp_threads import serve_stdio\n"
        "if sys.argv[1] == 'threads':\n"
        "    server.tool(name='more')(lambda: 'more')\n"
        "serve_stdio(server)\n"
    )
    output = io.StringIO()
    server = (sys.executable, "-c", program)
    assert run_demo(output, runtimes=["trio", "threads"], server=server) == 1
    shown = output.getvalue()
    assert "threads  2025-11-25: not what was said on trio" in shown
    assert "threads, 2025-11-25: list the tools: Unexpected" in shown
    assert "threads, 2025-11-25: expected what was said on trio; message 5: found server" in shown


def progress(value: int) -> Line:
    params = {"progressToken": 1, "progress": value}
    return Line(at=0.0, sender="server", message={"method": "notifications/progress", "params": params})


@pytest.mark.parametrize(
    ("values", "is_same"), [([1, 2, 3], True), ([1, 3], True), ([3], True), ([1, 2], False), ([], False)]
)
def test_progress_that_was_overtaken_makes_no_other_conversation(values, is_same) -> None:
    report = Report(io.StringIO(), as_json=False)
    expected = [progress(value) for value in (1, 2, 3)]
    report.compare("trio", "2026-07-28", [progress(value) for value in values], "asyncio", expected)
    assert (report.faults == []) is is_same


def test_the_acts_know_no_runtime() -> None:
    acts = dict(Scene().acts("2026-07-28"))
    deed = next(acts["give a call up"])
    assert isinstance(deed, GiveUp)
    assert acts["give a call up"].send(None).params.name == "calls_given_up"


def test_a_missing_command_is_explained() -> None:
    done = run()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_help_names_the_commands(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"    {command} " in shown for command in ("demo", "list", "call", "read"))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_output_that_is_full_is_no_fault_of_the_conversation(options) -> None:
    command = [*SANSMCP, "demo", "--runtime", "threads", *options]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=GUARD, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("sansmcp: the output cannot be written: [Errno 28]")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_interrupt_ends_the_demo_without_a_traceback(runtime) -> None:
    command = [*SANSMCP, "demo", "--runtime", runtime]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "watch its progress" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=GUARD)
    assert (process.returncode, told) == (130, "sansmcp: interrupted\n")
