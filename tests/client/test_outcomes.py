"""From outcomes to values and exceptions (design: local failures are never the peer's errors)."""

import pytest

from sansmcp import errors, session
from sansmcp.client import call_tool, exception_of, value_of
from sansmcp.schema import CallToolResult
from sansmcp.session import CallHandle
from sansmcp.testing import connected_pair
from sansmcp.values import ABSENT

HANDLE = CallHandle(1)
CALL = call_tool("add")


def test_a_response_gives_its_value():
    result = CallToolResult(content=())
    outcome = session.ResponseReceived(handle=HANDLE, method="tools/call", result=result)
    assert value_of(CALL, outcome) is result


def test_an_error_of_the_server_is_raised_with_everything_it_says():
    outcome = session.RequestFailed(
        handle=HANDLE, method="tools/call", code=-32602, message="no such tool", data={"name": "add"}
    )
    with pytest.raises(errors.RequestFailed, match=r"tools/call: no such tool \(-32602\)") as caught:
        value_of(CALL, outcome)
    error = caught.value
    assert (error.code, error.message, error.data, error.method) == (
        -32602,
        "no such tool",
        {"name": "add"},
        "tools/call",
    )


def test_an_error_without_data_has_none():
    outcome = session.RequestFailed(handle=HANDLE, method="tools/call", code=1, message="no")
    error = exception_of(outcome)
    assert isinstance(error, errors.RequestFailed)
    assert error.data is ABSENT


def test_a_call_that_nobody_answers_is_raised_as_timed_out():
    pair = connected_pair("2025-11-25")
    CALL.send(pair.client, pair.now)
    pair.advance(60)
    with pytest.raises(errors.RequestTimedOut, match="tools/call"):
        value_of(CALL, pair.client_events[-1])


def test_a_call_on_a_connection_that_breaks_is_raised_as_lost():
    pair = connected_pair("2025-11-25")
    CALL.send(pair.client, pair.now)
    pair.break_off()
    with pytest.raises(errors.RequestLost, match=r"tools/call: the peer closed the connection"):
        value_of(CALL, pair.client_events[0])


def test_the_three_failures_have_one_base_and_are_told_apart():
    kinds = {errors.RequestFailed, errors.RequestTimedOut, errors.RequestLost}
    assert all(issubclass(kind, errors.CallEnded) for kind in kinds)
    assert not any(issubclass(one, other) for one in kinds for other in kinds if one is not other)
