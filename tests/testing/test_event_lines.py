"""Events as lines that are the same wherever the same thing happens."""

from sansmcp.schema import INVALID_PARAMS
from sansmcp.session import (
    AnswerDropped,
    Disconnected,
    HandlerFailed,
    ProgressReceived,
    RequestFailed,
    RequestLost,
)
from sansmcp.testing import line_of, lines_of


def progress(handle, value):
    return ProgressReceived(handle=handle, progress=value, total=3)


def test_a_line_has_the_name_and_what_matters_and_no_handle():
    event = RequestFailed(handle=7, method="tools/call", code=INVALID_PARAMS, message="no such tool")
    assert line_of(event) == "RequestFailed method='tools/call' code=-32602 message='no such tool'"
    assert line_of(RequestLost(handle=7, method="ping", reason="gone")) == "RequestLost method='ping'"
    assert line_of(Disconnected(reason="in words that differ")) == "Disconnected"


def test_what_a_handler_raised_is_told_by_its_type():
    event = HandlerFailed(request_id=1, method="tools/call", error=ValueError("secret"))
    assert line_of(event) == "HandlerFailed error='ValueError'"


def test_progress_that_was_overtaken_and_answers_that_were_dropped_are_left_out():
    events = [progress(1, 1), progress(1, 2), progress(2, 1), progress(1, 3), AnswerDropped(request_id=1)]
    assert [line.split()[1] for line in lines_of(events)] == ["progress=2", "progress=1", "progress=3"]
