"""The promises of docs/reliability.md, on each runtime; the benchmark of that name has the figures."""

import sys

import pytest
from tests.reliability.measuring import (
    MIB,
    RUNTIMES,
    child_ignoring,
    client_killed,
    close_on_silence,
    end_of_input,
    flood_of_errors,
    many_callers,
)
from tests.reliability.processes import SLACK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process costs is read from /proc")

ONE_SECOND = 1.0


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    """A runtime."""
    return request.param


def assert_nothing_left(told):
    """No process, no descriptor and no thread is left."""
    left = {name: told[name] for name in ("processes_left", "descriptors_left", "threads_left")}
    assert left == dict.fromkeys(left, 0)


@pytest.mark.parametrize("in_flight", [1, 1000, 10_000])
def test_a_server_is_gone_within_a_second_of_the_end_of_its_input(runtime, in_flight):
    found = end_of_input(runtime, in_flight)
    assert found.end.code == 0
    assert found.end.own <= ONE_SECOND * SLACK, found.end


def test_a_handler_that_sleeps_for_an_hour_does_not_hold_up_the_exit(runtime):
    found = end_of_input(runtime, 1, tool="stuck")
    assert found.end.code == 0
    assert found.end.own <= ONE_SECOND * SLACK, found.end


@pytest.mark.parametrize("kind", ["pipe", "socketpair", "socket", "fifo"])
def test_a_server_whose_client_was_killed_is_gone_within_a_second(runtime, kind):
    found = client_killed(runtime, kind)
    assert found.gone
    assert found.wall - found.starved <= ONE_SECOND * SLACK, found


def test_a_child_that_ignores_everything_is_gone_with_all_it_started(runtime):
    told = child_ignoring(runtime)
    assert told["outcomes"] == ["result"]
    # Two seconds from the end of its input to SIGTERM, two more to SIGKILL.
    assert 4.0 <= told["closed"] <= 4.2 + ONE_SECOND, told["closed"]
    assert_nothing_left(told)


@pytest.mark.parametrize("stderr", ["inherited", "drained"])
def test_10_mib_of_standard_error_before_the_first_answer_are_no_deadlock(runtime, stderr):
    told = flood_of_errors(runtime, stderr)
    assert told["outcomes"] == ["result"]
    # A pipe holds 64 KiB, a chunk of reading as much; the flood is ten times this.
    assert told["memory"] < MIB, told["memory"]
    assert_nothing_left(told)


def test_close_ends_on_a_peer_that_says_nothing(runtime):
    told = close_on_silence(runtime)
    assert told["connected"] is not None
    assert told["closed"] <= 5.0, told["closed"]
    assert_nothing_left(told)


def test_many_callers_at_once_lose_and_cross_no_answer(runtime):
    told = many_callers(runtime, callers=32, times=100)
    assert told["outcomes"] == ["result"] * 3200
    assert told["crossed"] == 0
    assert_nothing_left(told)
