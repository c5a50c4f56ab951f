"""Middleware that limits the size of results."""

import pytest
from tests.middleware.played import Played
from tests.middleware.taped import every_revision, text

from sansmcp import (
    LocalProtocolError,
    RequestFailed,
    RpcError,
    ToolError,
    schema,
)
from sansmcp.middleware import (
    limit_results,
)
from sansmcp.middleware.sizes import size_of


@every_revision
@pytest.mark.parametrize(("past", "passes"), [(0, True), (1, False), (100_000, False)])
def test_a_result_at_the_limit_passes_and_one_past_it_is_an_error(revision, past, passes):
    result = schema.CallToolResult(content=(schema.TextContent(text="1" + "x" * 10),))
    size = 0

    def measure(message, proceed):
        nonlocal size
        outcome = yield from proceed(message)
        size = size_of(outcome, message.event.revision)
        return outcome

    assert size_of(result, "2024-11-05") == len('{"content":[{"type":"text","text":"1xxxxxxxxxx"}]}')
    with Played(measure).connect(revisions=[revision]) as client:
        client.call_tool("count", {"size": 10})
    with Played(limit_results(size)).connect(revisions=[revision]) as client:
        result = client.call_tool("count", {"size": 10 + past})
        assert (not result.is_error) is passes
        if not passes:
            assert f"more than the {size} that are allowed" in text(result)


def test_other_methods_answer_with_an_error_and_a_client_raises_one():
    with Played(limit_results(20)).connect() as client, pytest.raises(RequestFailed, match="ask for less"):
        client.list_tools()
    with Played().connect(sending_middleware=[limit_results(20)]) as client:
        with pytest.raises(RpcError, match="ask for less"):
            client.list_tools()
        with pytest.raises(ToolError, match="ask for less"):
            client.call_tool("count")


def test_raw_results_and_notifications_are_measured_or_let_pass():
    played = Played(limit_results(30))
    with played.connect(revisions=["2025-11-25"], roots=["file:///a"], roots_change=True) as client:
        client.notify("notifications/roots/list_changed")
    assert size_of({"a": 1}, "2026-07-28") == len('{"a":1}')


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(LocalProtocolError, match="expected 1 byte or more"):
        limit_results(0)
