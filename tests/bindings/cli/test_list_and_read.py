"""`sansmcp list`, `sansmcp read`, and servers that cannot be reached."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bindings.cli.commands import GUARD, SANSMCP, SERVER, Terminal, run
from tests.bindings.over_http import served
from tests.bindings.servers import new_server

ERAS = ["2024-11-05", "2025-11-25", "2026-07-28"]


@pytest.mark.parametrize("revision", ERAS)
def test_a_list_shows_everything_in_words(here, revision) -> None:
    done = run("list", "--revision", revision, here)
    assert done.returncode == 0, done.stderr
    head, tools, prompts, resources = done.stdout.split("\n\n")
    assert head == f"fixture 1.0 speaks {revision}\n  For tests."
    assert tools.startswith("tools\n  add(a: integer, b: integer)\n      Add two numbers.\n  describe(")
    assert "[share: number = 0.5], [loud: boolean = false], [numbers: array of integer | null" in tools
    assert '[colour: "red" | "blue" = "red"]' in tools
    assert prompts == "prompts\n  praise(plant, [words])\n      Praise a plant."
    assert resources.startswith("resources\n  notes://today  notes, text/plain\n      What is to be done")


@pytest.mark.parametrize("revision", ERAS)
def test_a_list_is_one_json_document(here, revision) -> None:
    done = run("list", "--json", "--revision", revision, here)
    listed = json.loads(done.stdout)
    assert listed["revision"] == revision
    assert listed["server"]["name"] == "fixture"
    assert listed["instructions"] == "For tests."
    assert listed["tools"][0]["inputSchema"]["required"] == ["a", "b"]
    assert [prompt["name"] for prompt in listed["prompts"]] == ["praise"]
    assert [resource["uri"] for resource in listed["resources"]] == ["notes://today", "notes://plant"]
    assert listed["templates"] == []


def test_a_list_may_be_of_some_kinds_only(here) -> None:
    done = run("list", here, "--", "prompts", "templates")
    assert done.stdout.split("\n\n")[1:] == [
        "prompts\n  praise(plant, [words])\n      Praise a plant.",
        "no templates\n",
    ]
    done = run("list", here, "--", "prompt")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "expected some of tools, prompts, resources, templates behind --, found 'prompt'" in done.stderr


@pytest.mark.parametrize("revision", ERAS)
def test_a_resource_is_printed_as_it_is(here, revision) -> None:
    done = run("read", "--revision", revision, here, "--", "notes://today")
    assert (done.returncode, done.stdout, done.stderr) == (0, "water the plants\n", "")


def test_bytes_are_written_where_no_terminal_shows_them() -> None:
    command = [*SANSMCP, "read", *SERVER, "--", "notes://plant"]
    done = subprocess.run(command, capture_output=True, timeout=GUARD, check=False)
    assert (done.returncode, done.stdout) == (0, bytes(range(256)))


def test_bytes_are_not_shown_on_a_terminal() -> None:
    with Terminal("read", *SERVER, "--", "notes://plant", output_shown=True) as terminal:
        code, _ = terminal.end()
        assert code == 2
        assert "notes://plant is 256 bytes of image/png" in terminal.shown
        assert "redirect the output" in terminal.shown


def test_a_resource_is_one_json_document_too(here) -> None:
    done = run("read", "--json", here, "--", "notes://today")
    (contents,) = json.loads(done.stdout)["contents"]
    assert contents["text"] == "water the plants\n"


def test_an_unknown_resource_is_answered_with_those_there_are(here) -> None:
    done = run("read", here, "--", "notes://tody")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "did you mean notes://today" in done.stderr
    assert done.stderr.endswith("there is:\n  notes://today\n  notes://plant\n")


def test_what_is_read_has_to_be_named(here) -> None:
    assert "expected: sansmcp read COMMAND... -- URI" in run("read", here).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no server is named"),
        (["no-such-program"], "No such file or directory"),
        (["python server.py"], "without quotes around all of them"),
        (["false"], "exited with code 1; check that the command starts a server that speaks MCP"),
        (["tcp://127.0.0.1:1"], "check that a server listens there"),
        (["--cwd", "/nonexist", "true"], "--cwd: '/nonexist' is no folder to start a command in; name one"),
        (["http://127.0.0.1:1/mcp"], "check that a server listens there"),
        (["http://me@127.0.0.1:1/mcp"], "expected http://HOST:PORT/PATH, https://HOST:PORT/PATH, tcp://HOST"),
        (["tcp://"], "tcp://HOST:PORT, tls://HOST:PORT or unix:PATH, found 'tcp://'"),
        (["--header", "a=b", "tcp://127.0.0.1:1"], "--header goes with a URL, such as https://HOST/mcp"),
        (["--header", "a", "http://127.0.0.1:1/mcp"], "--header: expected NAME=VALUE, found 'a'"),
    ],
)
def test_a_server_that_cannot_be_reached_costs_one_line_that_says_what_to_do(words, said) -> None:
    done = run("list", *words)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_over_http_is_called_with_headers() -> None:
    seen = []

    def verify(head):
        seen.append(head.headers.get("authorization"))

    with served("threads", new_server(), verify=verify) as url:
        done = run("call", "--header", "Authorization=Bearer it", url, "--", "add", "a=1", "b=2")
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert set(seen) == {"Bearer it"}


def test_an_interrupt_before_there_is_a_call_tells_the_server_nothing() -> None:
    # It answers nothing, and ends with its input.
    silent = "import sys; print('started', file=sys.stderr, flush=True); sys.stdin.read()"
    command = [*SANSMCP, "list", sys.executable, "-c", silent]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=GUARD)
    assert (process.returncode, told) == (130, "sansmcp: interrupted\n")


def test_a_reader_that_goes_away_is_no_fault() -> None:
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait(GUARD)
    command = [*SANSMCP, "list", *SERVER]
    done = subprocess.run(command, stdout=reader.stdin, stderr=subprocess.PIPE, timeout=GUARD, check=False)
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", [["call", *SERVER, "--", "add", "a=1", "b=2"], ["list", *SERVER]])
def test_an_output_that_is_full_is_a_fault_of_the_command(words) -> None:
    assert_full_is_told(words)


@pytest.mark.parametrize("resource", ["notes://today", "notes://plant"])
def test_a_resource_that_finds_no_room_is_a_fault_of_the_command(resource) -> None:
    assert_full_is_told(["read", *SERVER, "--", resource])


def assert_full_is_told(words) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SANSMCP, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=GUARD, check=False
        )
    reason = "[Errno 28] No space left on device"
    said = f"sansmcp: the output cannot be written: {reason}; make room, or send it elsewhere\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_the_result_is_printed_where_there_is_no_room_for_what_stands_beside_it() -> None:
    command = [*SANSMCP, "call", *SERVER, "--", "count"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=full, text=True, timeout=GUARD, check=False
        )
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_what_the_encoding_cannot_say_is_written_out() -> None:
    done = subprocess.run(
        [*SANSMCP, "call", *SERVER, "--", "describe", "text=\u00e9\u20ac"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        timeout=GUARD,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"('\xe9\\u20ac', ")
