"""Who broke the rules: what the exceptions say, and what catches what."""

import pytest

from sansmcp.errors import (
    CallCancelled,
    CallEnded,
    InputNeeded,
    InputRefused,
    LocalProtocolError,
    NotConnected,
    ProtocolError,
    RemoteProtocolError,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResourceNotFound,
    ResultInvalid,
    RpcError,
    SansmcpError,
    ToolError,
    ToolFailed,
)
from sansmcp.values import ABSENT


@pytest.mark.parametrize("kind", [LocalProtocolError, RemoteProtocolError])
def test_a_breach_tells_the_state_it_was_met_in(kind):
    assert str(kind("found 1, expected 2")) == "found 1, expected 2"
    assert kind("found 1").state is None
    error = kind("found 1", state="open")
    assert str(error) == "found 1 (state: open)"
    assert error.state == "open"
    assert isinstance(error, ProtocolError)


def test_a_failed_request_names_its_method_where_it_is_known():
    assert str(RequestFailed(-32602, "no such tool")) == "no such tool (-32602)"
    error = RequestFailed(-32602, "no such tool", {"a": 1}, method="tools/call")
    assert str(error) == "tools/call: no such tool (-32602)"
    assert (error.code, error.message, error.data, error.method) == (
        -32602,
        "no such tool",
        {"a": 1},
        "tools/call",
    )
    assert RequestFailed(1, "x").data is ABSENT


@pytest.mark.parametrize(
    ("code", "method", "expected"),
    [
        (-32602, "resources/read", True),
        (-32002, "resources/read", True),
        (-32603, "resources/read", False),
        (-32002, "tools/call", False),
        (-32602, "", False),
    ],
)
def test_a_missing_resource_is_known_by_the_code_of_any_revision(code, method, expected):
    assert RequestFailed(code, "no", method=method).is_resource_not_found is expected


@pytest.mark.parametrize("kind", [RequestFailed, RequestTimedOut, RequestLost])
def test_a_call_that_ended_without_a_result_is_nobodys_breach(kind):
    assert issubclass(kind, CallEnded)
    assert not issubclass(kind, ProtocolError)


def test_what_a_handler_raises_keeps_what_it_was_given():
    error = RpcError(7, "no", [1])
    assert (error.code, error.message, error.data, str(error)) == (7, "no", [1], "no (7)")
    assert RpcError(7, "no").data is ABSENT
    assert str(ToolError("shown")) == "shown"
    assert ResourceNotFound("a:b").uri == "a:b"
    assert str(ResourceNotFound("x:" + "y" * 100)) == f"there is no resource {'x:' + 'y' * 78!r}"


def test_a_refused_question_tells_which_and_why():
    error = InputRefused("key", -1, "no", {"a": 1})
    assert (error.key, error.code, error.message, error.data) == ("key", -1, "no", {"a": 1})
    assert str(error) == "question 'key': no (-1)"
    assert InputRefused("key", -1, "no").data is ABSENT


def test_a_handler_that_catches_every_exception_lets_the_need_for_input_pass():
    assert not issubclass(InputNeeded, Exception)
    assert InputNeeded("key").key == "key"
    assert str(InputNeeded("key")) == "the client must be asked 'key' first"


@pytest.mark.parametrize(
    "kind", [ProtocolError, CallEnded, NotConnected, RpcError, ToolError, ResourceNotFound, InputRefused]
)
def test_one_base_catches_all_that_is_raised_on_purpose(kind):
    assert issubclass(kind, SansmcpError)


@pytest.mark.parametrize("kind", [ResultInvalid, ToolFailed])
def test_a_result_that_is_not_what_was_wanted_is_handed_along(kind):
    error = kind("structuredContent.days: expected an integer, found '3'", {"days": "3"})
    assert (str(error), error.result) == (
        "structuredContent.days: expected an integer, found '3'",
        {"days": "3"},
    )


def test_who_broke_the_rules_about_a_result_is_the_server_and_a_tool_that_failed_broke_none():
    assert issubclass(ResultInvalid, RemoteProtocolError)
    assert not issubclass(ToolFailed, ProtocolError)
    assert issubclass(CallCancelled, CallEnded)
