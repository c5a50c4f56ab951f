"""The stdio server of each runtime as a real process: what its descriptors carry, and how it ends."""

import json
import os
import subprocess
import time

import pytest
from tests.bindings.piped import HELLO, call, lines, serve
from tests.bindings.runtimes import Runtime, each_runtime


@each_runtime
def test_requests_piped_in_are_answered_before_the_server_exits(runtime: Runtime) -> None:
    answers, done = serve(
        runtime.command, lines(*HELLO, call(1, "add", a=1, b=2), call(2, runtime.quick, a=3, b=4))
    )
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert answers[2]["result"]["content"][0]["text"] == "7"
    assert done.returncode == 0


@each_runtime
def test_requests_from_a_file_are_answered(runtime: Runtime, tmp_path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(lines(*HELLO, call(1, "add", a=1, b=2)))
    with path.open("rb") as file:
        answers, done = serve(runtime.command, b"", stdin=file)
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert done.returncode == 0


@each_runtime
def test_stray_output_of_handlers_goes_to_standard_error(runtime: Runtime) -> None:
    answers, done = serve(runtime.command, lines(*HELLO, call(1, "shout")))
    assert answers[1]["result"]["content"][0]["text"] == "shouted"
    assert set(answers) == {0, 1}
    for text in (b"printed", b"written to descriptor 1", b"by a child"):
        assert text in done.stderr


@each_runtime
@pytest.mark.parametrize("tool", ["sleep_for_ever", "wait"])
def test_a_handler_that_never_returns_does_not_keep_the_server_alive(runtime: Runtime, tool: str) -> None:
    start = time.monotonic()
    answers, done = serve(runtime.command, lines(*HELLO, call(1, tool)))
    assert set(answers) == {0}
    assert done.returncode == 0
    # A guard against hanging, not a timing: the handler would sleep for an hour.
    assert time.monotonic() - start < 20


@each_runtime
def test_a_pipe_with_a_name_may_be_the_input(runtime: Runtime, tmp_path) -> None:
    path = tmp_path / "requests"
    os.mkfifo(path)
    with path.open("r+b", buffering=0) as both, path.open("rb") as end:
        both.write(lines(*HELLO, call(1, "add", a=1, b=2)))
        # The last writer leaves before the server looks.
        both.close()
        answers, done = serve(runtime.command, b"", stdin=end)
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert done.returncode == 0


@each_runtime
def test_a_failing_handler_is_logged_to_standard_error_and_hidden_from_the_peer(runtime: Runtime) -> None:
    answers, done = serve(runtime.command, lines(*HELLO, call(1, "fail", message="hunter2")))
    assert answers[1]["result"]["isError"] is True
    assert b"hunter2" not in done.stdout
    assert b"ValueError: hunter2" in done.stderr


@each_runtime
def test_a_line_that_is_no_message_costs_one_error_and_nothing_else(runtime: Runtime) -> None:
    answers, done = serve(runtime.command, lines(*HELLO) + b"{oops\n" + lines(call(1, "add", a=1, b=2)))
    assert answers[None]["error"]["code"] == -32700
    assert answers[1]["result"]["content"][0]["text"] == "3"
    assert done.returncode == 0


@each_runtime
def test_many_requests_from_a_file_are_all_answered(runtime: Runtime, tmp_path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(
        lines(*HELLO, *(call(number, runtime.quick, a=number, b=0) for number in range(1, 5001)))
    )
    with path.open("rb") as file:
        answers, done = serve(runtime.command, b"", stdin=file)
    assert done.returncode == 0
    assert [number for number in range(1, 5001) if "result" not in answers.get(number, {})] == []


@each_runtime
def test_a_server_whose_output_nobody_reads_still_exits_at_the_end_of_its_input(runtime: Runtime) -> None:
    with subprocess.Popen(runtime.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(lines(*HELLO, call(1, "flood", size=2_000_000)))
        process.stdin.close()
        # The output is a full pipe, and stays one.
        assert process.wait(timeout=20) == 0
        process.stdout.close()


@each_runtime
def test_answers_may_go_to_a_file(runtime: Runtime, tmp_path) -> None:
    data = lines(*HELLO, call(1, "flood", size=100_000))
    with (tmp_path / "answers").open("wb") as file:
        subprocess.run(runtime.command, input=data, stdout=file, timeout=30, check=True)
    answers = [json.loads(line) for line in (tmp_path / "answers").read_bytes().splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1]
    assert len(answers[1]["result"]["content"][0]["text"]) == 100_000
