"""`sansmcp call` without a terminal: results, arguments, errors, exit codes."""

import contextlib
import json
import signal
import subprocess
import time

import pytest
from tests.bindings.cli.commands import GUARD, SANSMCP, SERVER, run

ERAS = ["2025-11-25", "2026-07-28"]


@pytest.fixture
def call(here):
    """Return what calls a tool of a server that runs already."""
    return lambda *words, options=(): run("call", *options, here, "--", *words)


def start_and_call(*words, options=()):
    return run("call", *options, *SERVER, "--", *words)


@pytest.mark.parametrize("revision", ERAS)
def test_a_tool_is_called_and_its_text_is_printed(call, revision) -> None:
    done = call("add", "a=1", "b=2", options=["--revision", revision])
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


@pytest.mark.parametrize("revision", ERAS)
def test_the_whole_result_is_one_json_document(call, revision) -> None:
    done = call("add", "a=1", "b=2", options=["--json", "--revision", revision])
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["content"] == [{"type": "text", "text": "3"}]
    assert result["structuredContent"] == ({"result": 3} if revision < "2026" else 3)


def test_values_are_read_as_the_tool_wants_them(call) -> None:
    done = call(
        "describe",
        "text=5",
        "share=2",
        "loud=TRUE",
        "numbers=[1, 2]",
        "colour=blue",
        'anything={"a": 1}',
    )
    assert done.stdout == "('5', 2.0, True, [1, 2], 'blue', {'a': 1})\n", done.stderr


def test_values_may_be_given_as_json(call) -> None:
    done = call("describe", 'text:="a=b"', "numbers:=null", "share:=0.25")
    assert done.stdout == "('a=b', 0.25, False, None, 'red', None)\n", done.stderr


def test_all_arguments_may_be_given_as_one_object(call, tmp_path) -> None:
    file = tmp_path / "arguments.json"
    file.write_text('{"a": 1, "b": 2}')
    assert call("add", options=["--arguments", '{"a": 1, "b": 2}']).stdout == "3\n"
    assert call("add", "b=5", options=["--arguments", str(file)]).stdout == "6\n"
    assert run("call", *SERVER, "--", "add", "-", typed='{"a": 2, "b": 2}').stdout == "4\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "a=1", "b=x"], "add: b: expected an integer, found 'x'"),
        (["add", "a=1", "b=1.5"], "add: b: expected an integer, found '1.5'"),
        (["add", "a=1"], "add also needs b"),
        (["add", "a=1", "b=2", "bb=3"], "add has no argument 'bb'; did you mean b?"),
    ],
)
def test_wrong_arguments_are_answered_with_what_the_tool_takes(call, words, said) -> None:
    done = call(*words)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in done.stderr
    assert "add takes these arguments:\n  a: integer\n  b: integer\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "a"], "expected NAME=VALUE, NAME:=JSON or -, found 'a'"),
        (["add", "=1"], "expected NAME=VALUE, NAME:=JSON or -, found '=1'"),
        (["add", "a=1", "a:=1"], "a is given twice"),
        (["add", "a:=x"], "a: expected JSON after :=, found 'x'"),
        (["add", "a:=NaN"], "a: expected JSON after :=, found 'NaN'"),
        (["add", "-"], "standard input: expected a JSON object"),
        ([], "no tool is named"),
    ],
)
def test_words_that_mean_nothing_are_explained_before_a_server_is_started(words, said) -> None:
    done = run("call", "no-such-program", "--", *words)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in done.stderr


@pytest.mark.parametrize("whole", ["[1]", '{"a": ', "no-such-file"])
def test_an_object_that_is_none_is_explained(whole) -> None:
    done = run("call", "--arguments", whole, "no-such-program", "--", "add")
    assert done.returncode == 2
    assert "expected a JSON object" in done.stderr


def test_an_unknown_tool_is_answered_with_those_there_are(call) -> None:
    done = call("ad")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "the server has no tool 'ad'; did you mean add?" in done.stderr
    assert "  add(a: integer, b: integer)\n" in done.stderr
    assert "did you mean" not in call("entirely-else").stderr


@pytest.mark.parametrize("revision", ERAS)
def test_a_tool_that_fails_says_so_on_standard_error(call, revision) -> None:
    done = call("fail", options=["--revision", revision])
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "out of \\x1b[31mstock\n")


def test_a_tool_that_fails_is_a_json_document_too(call) -> None:
    done = call("fail", options=["--json"])
    assert done.returncode == 1
    assert json.loads(done.stdout)["isError"] is True


@pytest.mark.parametrize("revision", ERAS)
def test_progress_and_log_messages_are_lines_on_standard_error(call, revision) -> None:
    done = call("count", options=["--revision", revision])
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "progress 2 of 2 step 2\\x1b[31m\n" in done.stderr
    assert "info counter: counted\n" in done.stderr
    assert "detail" not in done.stderr


def test_the_level_of_log_messages_can_be_chosen(call) -> None:
    assert "debug: a detail\n" in call("count", options=["--log", "debug"]).stderr
    assert "counted" not in call("count", options=["--log", "error"]).stderr


def test_what_is_no_text_is_named(call) -> None:
    assert call("picture").stdout == "[image: 4 bytes of image/png; --json shows them]\n"


def test_roots_are_offered_where_they_are_named(call, tmp_path) -> None:
    done = call("where", options=["--root", str(tmp_path)])
    assert done.stdout == f"{tmp_path.name} {tmp_path.resolve().as_uri()}\n"
    refused = call("where")
    assert refused.returncode == 2
    assert "--root PATH offers folders" in refused.stderr
    missing = call("where", options=["--root", str(tmp_path / "none")])
    assert (missing.returncode, "name a folder that is there" in missing.stderr) == (2, True)


def test_variables_and_the_folder_of_the_command_can_be_set(tmp_path) -> None:
    done = start_and_call("variable", "name=FLOWER", options=["--env", "FLOWER=rose", "--cwd", str(tmp_path)])
    assert done.stdout == f"rose {tmp_path.resolve()}\n"
    assert "--env: expected NAME=VALUE" in start_and_call("add", options=["--env", "FLOWER"]).stderr


def test_a_call_that_takes_too_long_is_given_up(tmp_path) -> None:
    file = tmp_path / "noticed"
    done = start_and_call("wait", options=["--timeout", "2", "--env", f"GIVEN_UP={file}"])
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "--timeout SECONDS waits longer" in done.stderr
    assert file.read_text() == "timed out"


def test_a_server_that_dies_during_the_call_is_told_with_its_code() -> None:
    done = start_and_call("leave")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "exited with code 7; it may or may not have done the work" in done.stderr


@pytest.mark.parametrize("revision", ERAS)
def test_an_interrupt_gives_the_call_up(revision, tmp_path) -> None:
    file = tmp_path / "noticed"
    words = ["--revision", revision, "--env", f"GIVEN_UP={file}", *SERVER, "--", "wait"]
    process = subprocess.Popen([*SANSMCP, "call", *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "progress 1 waiting\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(GUARD) == 130
    assert process.stderr.read() == "sansmcp: interrupted; the server was told\n"
    process.stderr.close()
    assert file.read_text() == "the caller gave it up"


def test_a_command_with_dashes_of_its_own_is_cut_at_the_last_ones() -> None:
    program, *rest = SERVER
    done = run("call", "env", "--", program, *rest, "--", "add", "a=1", "b=2")
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def test_an_address_is_called_too(tmp_path) -> None:
    path = tmp_path / "socket"
    server = subprocess.Popen([*SERVER, str(path)])
    try:
        deadline = time.monotonic() + GUARD
        while not path.exists() and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it exited with {server.wait(0.02)}")
        done = run("call", f"unix:{path}", "--", "add", "a=1", "b=2")
        assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
        refused = run("call", "--cwd", "/", f"unix:{path}", "--", "add")
        assert "--env and --cwd go with a command" in refused.stderr
    finally:
        server.terminate()
        server.wait(GUARD)
