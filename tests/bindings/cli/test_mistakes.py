"""Mistakes on the command line: each message says what was found and what to do, and none is a traceback."""

import re
import sys
from pathlib import Path

import pytest
from tests.bindings.cli.commands import run

WEATHER = (sys.executable, str(Path(__file__).parents[3] / "docs" / "examples" / "weather_server.py"))
# It says how long its client waited from the first question on: what machines take to start is not in it.
WAITS = """
import sys, time
sys.stdin.readline()
begun = time.monotonic()
sys.stdin.read()
print("waited", time.monotonic() - begun, file=sys.stderr)
"""
SILENT = (sys.executable, "-c", WAITS)


@pytest.mark.parametrize("command", ["list", "call", "read"])
def test_a_server_that_says_nothing_is_given_up_when_the_time_is_over(command: str) -> None:
    done = run(command, "--timeout", "0.2", *SILENT, *(() if command == "list" else ("--", "any")))
    assert (done.returncode, done.stdout) == (2, "")
    assert "not answered within its timeout" in done.stderr
    assert "or let it take longer with --timeout SECONDS" in done.stderr
    (waited,) = re.findall(r"^waited (.+)$", done.stderr, re.MULTILINE)
    # The usual probe alone takes so long.
    assert float(waited) < 5


def test_one_revision_of_the_modern_era_has_all_of_the_time() -> None:
    late = "import time, sys; time.sleep(0.2); sys.stdin.read()"
    words = ["--timeout", "0.2", "--revision", "2026-07-28", sys.executable, "-c", late]
    done = run("list", *words)
    assert done.returncode == 2
    assert "server/discover was not answered within its timeout" in done.stderr
    assert "--timeout SECONDS" in done.stderr


def test_a_program_that_is_not_there_is_told_as_such() -> None:
    done = run("list", "no-such-program")
    assert done.returncode == 2
    assert "cannot start the server 'no-such-program'" in done.stderr
    assert done.stderr.endswith("check the name of the program, and that PATH leads to it\n")


def test_a_file_that_is_no_program_is_told_as_such(tmp_path) -> None:
    file = tmp_path / "server.py"
    file.write_text("print('hello')\n")
    done = run("list", str(file))
    assert done.returncode == 2
    assert done.stderr.endswith(f"name the program that runs it first, as in: python {file}\n")


@pytest.mark.parametrize("text", ["soon", "nan", "0", "-1", "inf"])
def test_a_timeout_that_is_none_is_refused(text: str) -> None:
    done = run("list", f"--timeout={text}", *SILENT)
    assert done.returncode == 2
    assert f"--timeout: expected seconds above 0, found '{text}'" in done.stderr


def test_arguments_that_are_no_json_are_shown() -> None:
    done = run("call", "--arguments", '{"city"', *SILENT, "--", "forecast")
    assert done.returncode == 2
    assert """--arguments: expected a JSON object, found '{"city"': """ in done.stderr


def test_an_answer_to_a_field_that_is_not_there_is_told() -> None:
    done = run("call", "--answer", "nme=Spain", *WEATHER, "--", "forecast", "city=Valencia")
    assert done.returncode == 1
    assert "answer with --answer name=...; no field here is called 'nme'; did you mean name?" in done.stderr
