"""Log messages of a server as records of this program's own log."""

import logging

import pytest
from tests.client.answering import Answering

from sansmcp.client import call_tool, log_records
from sansmcp.client.log_records import LEVELS
from sansmcp.schema import REVISIONS
from sansmcp.session import LogReceived


def records_of(caplog, **said):
    caplog.set_level(logging.DEBUG, logger="weather")
    log_records(logging.getLogger("weather"))(LogReceived(**said))
    return [(record.levelno, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(("level", "number"), list(LEVELS.items()))
def test_each_level_of_a_server_is_one_of_logging(caplog, level, number):
    assert records_of(caplog, level=level, data="rain") == [(number, "rain")]


@pytest.mark.parametrize(
    ("data", "logger", "expected"),
    [
        ("rain", "sky", "sky: rain"),
        ({"mm": 3}, None, "{'mm': 3}"),
        ("100 %s of %d", None, "100 %s of %d"),
        ("one\nERROR two", None, "one\\nERROR two"),
        ("one", "a\nb", "a\\nb: one"),
    ],
)
def test_what_it_says_is_a_line_of_text_and_never_a_format(caplog, data, logger, expected):
    assert records_of(caplog, level="info", data=data, logger=logger) == [(20, expected)]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_client_writes_what_its_server_logs(caplog, revision):
    caplog.set_level(logging.DEBUG, logger="weather")
    records = log_records(logging.getLogger("weather"))
    told = Answering(revision, log_level="debug", on_log=records).connect()
    told.call(call_tool("x"))
    (event,) = told.asked("tools/call")
    params = {"level": "warning", "data": "rain", "logger": "sky"}
    told.server.notify("notifications/message", params, told.both.now, related=event.request_id)
    told.settle()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(30, "sky: rain")]
