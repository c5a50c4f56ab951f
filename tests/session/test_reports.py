"""What becomes a line of a log: how grave it is, and in which words."""

import logging

import pytest

from sansmcp.session import (
    ConnectionLost,
    Disconnected,
    HandlerFailed,
    MessageDropped,
    ProtocolViolated,
    Report,
    SessionEnded,
    Severity,
    call_listener,
    report_of,
)
from sansmcp.wire import Notification

ERROR = ValueError("no")


@pytest.mark.parametrize(
    ("event", "severity", "text"),
    [
        (HandlerFailed(request_id=1, method="tools/call", error=ERROR), "ERROR", "tools/call failed"),
        (ProtocolViolated(reason="a bad id"), "WARNING", "the peer broke a rule: a bad id"),
        (
            MessageDropped(reason="too late", message=Notification(method="x")),
            "INFO",
            "a message was dropped: too late",
        ),
        (
            ConnectionLost(reason="it died", attempt=2, delay=0.25),
            "WARNING",
            "the connection is lost: it died; attempt 2 in 0.2 s",
        ),
        (Disconnected(reason="it died"), "INFO", "disconnected: it died"),
        (SessionEnded(reason="it died"), "DEBUG", "SessionEnded(reason='it died')"),
    ],
)
def test_an_event_has_a_line_as_grave_as_it_is(event, severity, text):
    report = report_of(event)
    assert (report.severity.value, report.text) == (severity, text)


def test_what_a_handler_raised_goes_along_for_its_author():
    assert report_of(HandlerFailed(request_id=1, method="tools/call", error=ERROR)).error is ERROR


def test_severities_are_the_names_of_the_levels_of_logging():
    assert {severity.value for severity in Severity} <= logging.getLevelNamesMapping().keys()


def test_a_listener_is_called_and_nothing_is_said_of_it():
    told, reports = [], []
    call_listener(lambda: told.append(1), reports.append)
    assert (told, reports) == ([1], [])


def test_a_listener_that_fails_is_reported_and_disturbs_nobody():
    reports = []

    def fail():
        raise ERROR

    call_listener(fail, reports.append)
    assert reports == [Report(severity=Severity.ERROR, text="a listener failed", error=ERROR)]


def test_a_listener_that_is_to_be_awaited_is_refused_in_words_and_leaves_no_coroutine_behind():
    reports = []

    async def listen():
        raise AssertionError("unreachable: nobody awaits it")

    # A coroutine that is never awaited warns, and warnings are errors here.
    call_listener(listen, reports.append)
    (report,) = reports
    assert (report.severity, report.error) == (Severity.ERROR, None)
    assert report.text == "a listener is a plain def; expected nothing to await, found a coroutine"
