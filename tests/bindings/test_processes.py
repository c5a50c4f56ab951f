"""The client of each runtime against servers that are processes: their start, their loss and their end."""

import os
import subprocess
import sys
import time

import pytest
from tests.bindings.looking import descriptors, has_ended, text
from tests.bindings.programs import CLOSING_SERVER, KILLED_AT, LEGACY_THAT_EXITS, STUBBORN_SERVER
from tests.bindings.runtimes import Runtime, each_runtime, never
from tests.reliability.processes import children_of

from sansmcp import NotConnected, RequestLost
from sansmcp.session import Restart

ADD = ("add", {"a": 1, "b": 2})
MODERN = "2026-07-28"


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    before = descriptors(), children_of(os.getpid())
    yield
    # Nor a child that nobody has waited for; other tests may have servers of their own.
    assert (descriptors(), children_of(os.getpid())) == before


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def adding(client):
    assert text((yield client.call_tool(*ADD))) == "3"


@each_runtime
def test_a_process_is_started_called_and_ended(runtime: Runtime) -> None:
    def scenario(client):
        assert client.revision == MODERN
        assert text((yield client.call_tool(*ADD))) == "3"
        assert text((yield client.call_tool(runtime.quick, {"a": 1, "b": 2}))) == "3"

    runtime.use(runtime.command, scenario)


@each_runtime
def test_a_server_that_dies_in_a_call_ends_the_call_with_one_plain_exception(runtime: Runtime) -> None:
    def scenario(client):
        with pytest.raises(RequestLost, match="exited with code 7"):
            yield client.call_tool("end_process")
        with pytest.raises(NotConnected, match="exited with code 7"):
            yield client.call_tool(*ADD)

    runtime.use(runtime.command, scenario)


@each_runtime
def test_a_command_that_is_no_server_is_reported_as_not_connected(runtime: Runtime) -> None:
    with pytest.raises(NotConnected, match=r"the server .* exited with code 3"):
        runtime.use(python("raise SystemExit(3)"), never)


@each_runtime
def test_a_command_that_cannot_be_started_is_named(runtime: Runtime) -> None:
    with pytest.raises(NotConnected, match="cannot start the server '/no/such/program x'"):
        runtime.use(["/no/such/program", "x"], never)


@each_runtime
def test_the_last_words_of_a_drained_standard_error_are_told(runtime: Runtime) -> None:
    program = "import sys; sys.stderr.write('x' * 100_000 + 'no such database'); sys.exit(4)"
    with pytest.raises(NotConnected, match=r"exited with code 4; it said: x+no such database$") as caught:
        runtime.use(python(program), never, stderr=subprocess.PIPE)
    assert len(str(caught.value)) < 3000


@each_runtime
def test_ten_mebibytes_of_standard_error_before_the_first_answer_block_nobody(
    runtime: Runtime, tmp_path
) -> None:
    program = (
        "import sys; sys.stderr.write('x' * 10 * 1024 * 1024);"
        f"from tests.bindings.{runtime.name}.servers import serve_stdio, server; serve_stdio(server)"
    )
    runtime.use(python(program), adding, stderr=subprocess.PIPE)
    with (tmp_path / "log").open("wb") as file:
        runtime.use(python(program), adding, stderr=file)
    assert (tmp_path / "log").stat().st_size == 10 * 1024 * 1024


@each_runtime
def test_standard_error_may_be_handed_on_to_a_file(runtime: Runtime, tmp_path) -> None:
    def scenario(client):
        assert text((yield client.call_tool("shout"))) == "shouted"

    with (tmp_path / "errors").open("wb") as file:
        runtime.use(runtime.command, scenario, stderr=file)
    assert b"printed" in (tmp_path / "errors").read_bytes()


@each_runtime
def test_a_server_gets_few_variables_and_those_that_are_added(runtime: Runtime, monkeypatch) -> None:
    program = "import os, sys; sys.stderr.write(','.join(sorted(os.environ))); sys.exit(1)"
    monkeypatch.setenv("SECRET", "hunter2")
    with pytest.raises(NotConnected) as caught:
        runtime.use(python(program), never, env={"ADDED": "1"}, stderr=subprocess.PIPE)
    assert "SECRET" not in str(caught.value)
    assert "ADDED" in str(caught.value)
    assert "PATH" in str(caught.value)


@each_runtime
def test_a_legacy_server_that_exits_on_the_probe_is_started_again(runtime: Runtime) -> None:
    revisions = []

    def scenario(client):
        revisions.append(client.revision)
        yield from ()

    runtime.use(python(LEGACY_THAT_EXITS), scenario)
    assert revisions == ["2025-06-18"]


@each_runtime
@pytest.mark.parametrize("program", KILLED_AT.values(), ids=KILLED_AT)
@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_a_server_that_is_killed_at_the_start_is_reported_with_its_signal(
    runtime: Runtime, program: str, revision: str
) -> None:
    with pytest.raises(NotConnected, match="exited with code -9"):
        runtime.use(python(program), never, revisions=[revision], on_violation=print)


@each_runtime
def test_a_write_that_finds_the_server_gone_waits_for_its_exit_code(runtime: Runtime) -> None:
    def scenario(client):
        with pytest.raises(RequestLost, match="exited with code 5"):
            yield client.call_tool(*ADD)

    runtime.use(python(CLOSING_SERVER), scenario, revisions=["2025-11-25"])


@each_runtime
def test_a_lost_server_is_started_again_and_serves_the_next_call(runtime: Runtime) -> None:
    def scenario(client):
        for _ in range(3):
            lost = client.session
            with pytest.raises(RequestLost, match="exited with code 7"):
                yield client.call_tool("end_process")
            assert text((yield client.call_tool(*ADD))) == "3"
            assert client.session is not lost

    runtime.use(runtime.command, scenario, restart=Restart(first_delay=0.01))


@each_runtime
def test_a_stubborn_server_is_killed_with_all_of_its_group(runtime: Runtime, tmp_path) -> None:
    closing = []

    def scenario(client):
        assert client.revision == "2025-11-25"
        closing.append(time.monotonic())
        yield from ()

    with (tmp_path / "errors").open("wb") as file:
        runtime.use(python(STUBBORN_SERVER), scenario, revisions=["2025-11-25"], stderr=file)
    # Two seconds for its input to end, two for SIGTERM; the rest is for a slow machine.
    assert time.monotonic() - closing[0] < 10
    assert has_ended(int((tmp_path / "errors").read_text()))
