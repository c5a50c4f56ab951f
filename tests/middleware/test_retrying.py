"""Middleware that tries again."""

import pytest
from tests.middleware.played import Played
from tests.middleware.taped import every_revision, text

from sansmcp import (
    LocalProtocolError,
    RequestTimedOut,
)
from sansmcp.middleware import (
    retry,
)
from sansmcp.session import Severity, Timeouts


@every_revision
@pytest.mark.parametrize(("attempts", "seconds"), [(1, 0.0), (2, 0.5), (3, 1.5), (10, 121.5)])
def test_what_fails_is_tried_so_often_with_delays_that_grow_up_to_a_bound(revision, attempts, seconds):
    again = retry(ValueError, attempts=attempts, methods=["tools/call"])
    played = Played(again)
    with played.connect(revisions=[revision], timeouts=Timeouts(request=600)) as client:
        began = client.now
        assert client.call_tool("fail").is_error
        assert (played.runs, client.now - began) == (attempts, seconds)


def test_what_passes_in_time_is_no_failure():
    played = Played(retry(ValueError, methods=["tools/call"], attempts=3))
    runs = []

    @played.server.tool
    def flaky() -> str:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError
        return "well"

    with played.connect() as client:
        assert text(client.call_tool("flaky")) == "well"
        assert [report for report in client.reports if report.severity is Severity.ERROR] == []


def test_calls_of_tools_and_other_errors_and_notifications_are_not_tried_again():
    played = Played(retry(ValueError), retry(KeyError, methods=["tools/call"]))
    with played.connect(revisions=["2025-11-25"]) as client:
        client.call_tool("fail")
        client.list_tools()
    assert played.runs == 1


def test_a_client_tries_a_call_again_that_timed_out():
    played = Played()
    again = retry(RequestTimedOut, methods=["tools/call"], attempts=2, delay=1)
    with played.connect(sending_middleware=[again], timeouts=Timeouts(request=5)) as client:
        began = client.now
        with pytest.raises(RequestTimedOut):
            client.call_tool("slow", {"seconds": 100.0})
        assert (played.runs, client.now - began) == (2, 11.0)


@pytest.mark.parametrize(("on", "attempts"), [((), 3), ((ValueError,), 0)])
def test_retrying_nothing_or_never_is_refused(on, attempts):
    with pytest.raises(LocalProtocolError, match="expected exceptions and 1 attempt or more"):
        retry(*on, attempts=attempts)
