"""What docs/reliability.md promises of HTTP, with slack for a busy machine and smaller numbers."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest
from tests.reliability import http_measuring as measuring
from tests.reliability.processes import SLACK

every_runtime = pytest.mark.parametrize("runtime", measuring.RUNTIMES)


@every_runtime
def test_a_response_stream_that_is_cut_after_any_of_its_events_is_resumed_exactly_once(runtime):
    found = measuring.cut_at_every_event(runtime, records=4)
    assert (found.cuts, found.lost, found.doubled) == (5, 0, 0)


def test_a_response_stream_whose_server_was_killed_after_any_of_its_events_is_resumed_exactly_once():
    found = measuring.killed_at_every_event("asyncio", records=1)
    assert (found.cuts, found.lost, found.doubled) == (2, 0, 0)


@every_runtime
def test_everybody_who_listens_hears_of_a_change(runtime):
    assert measuring.listening_streams(runtime, count=50).told == 50


@every_runtime
def test_many_connections_call_without_an_error(runtime):
    found = measuring.steady_load(runtime, connections=16, seconds=2.0)
    assert found.errors == 0
    assert found.calls > 16


@every_runtime
def test_sessions_that_were_deleted_leave_nothing(runtime):
    found = measuring.idle_sessions(runtime, count=300)
    assert found.bytes_each < 40_000


def test_a_server_that_is_told_to_end_says_its_last_words_and_is_gone_in_time():
    """Each of them on one runtime, all at once; tests/bindings/test_ending.py has every runtime."""
    promises = {"idle": 0.2, "get": 0.2, "listen": 0.2, "long": 3.2, "stuck": 5.2}
    with ThreadPoolExecutor(len(promises)) as several:
        ends = several.map(measuring.sigterm, cycle(measuring.RUNTIMES), promises)
    for (what, seconds), found in zip(promises.items(), ends, strict=True):
        assert (found.code, found.answered) == (0, True), what
        # On a machine that is busy with other tests the end of the interpreter alone may take seconds.
        assert found.seconds - found.starved < seconds * SLACK + 5.0, what
