"""Middleware that limits rates."""

import gc
import weakref

import pytest
from tests.middleware.played import Played
from tests.middleware.taped import every_revision

from sansmcp import (
    LocalProtocolError,
    RequestFailed,
    RpcError,
    Server,
    schema,
)
from sansmcp.middleware import (
    cache_results,
    limit_rate,
    per_principal,
    per_session,
    per_tool,
)
from sansmcp.session import IncomingRequest, RequestReceived
from sansmcp.testing import connect
from sansmcp.wire import Request


@every_revision
def test_a_burst_passes_and_one_past_it_is_told_when_to_try_again(revision):
    played = Played(limit_rate(2, burst=4))
    with played.connect(revisions=[revision]) as client:
        for _ in range(4):
            client.list_tools()
        for _ in range(400):
            with pytest.raises(RequestFailed) as failed:
                client.list_tools()
        assert failed.value.data == {"retryAfter": 0.5}
        assert "4 at once and 2 a second; try again in 0.500 s" in str(failed.value)


def test_whoever_waits_as_long_as_it_was_told_passes_and_whoever_does_not_is_refused():
    clock = Clock()
    ride = clock.rides(limit_rate(10, burst=3))
    for _ in range(3):
        assert ride() is None
    assert ride() == 0.1
    clock.now += 0.099
    assert ride() == 0.001
    clock.now += 0.001
    assert ride() is None
    assert ride() == 0.1
    clock.now += 1000
    assert [ride(), ride(), ride(), ride()] == [None, None, None, 0.1]


class Clock:
    """Plays one request after the other through middleware, without a server."""

    def __init__(self):
        self.now = 0.0

    def rides(self, middleware, key="session", **changes):
        event = RequestReceived(
            request_id=1,
            method="tools/call",
            params=schema.CallToolRequestParams(name=changes.pop("name", "tool")),
            message=Request(id=1, method="tools/call", params={}),
            revision="2026-07-28",
            era=schema.Era.MODERN,
            capabilities=schema.ClientCapabilities(),
            **changes.pop("event", {}),
        )
        message = IncomingRequest(session=key, event=event, clock=lambda: self.now, **changes)

        def proceed(_message):
            return None
            yield

        def ride():
            try:
                for _ in middleware(message, proceed):
                    raise AssertionError("it waits")
            except RpcError as error:
                return error.data["retryAfter"]
            return None

        return ride


def test_each_session_principal_and_tool_has_a_bucket_of_its_own():
    clock = Clock()
    by_session = limit_rate(1, by=per_session)
    assert [clock.rides(by_session, key)() for key in ("a", "b", "a")] == [None, None, 1.0]
    by_principal = limit_rate(1, by=per_principal)
    rides = [("a", "ann"), ("b", "ann"), ("a", None), ("b", None), ("b", None)]
    assert [clock.rides(by_principal, key, principal=who)() for key, who in rides] == [
        None,
        1.0,
        None,
        None,
        1.0,
    ]
    by_tool = limit_rate(1, by=per_tool)
    assert [clock.rides(by_tool, name=name)() for name in ("x", "y", "x")] == [None, None, 1.0]


def test_what_comes_again_with_answers_is_no_second_request():
    clock = Clock()
    limit = limit_rate(1)
    assert [clock.rides(limit)(), clock.rides(limit, event={"round": 1})()] == [None, None]


def test_methods_without_a_bucket_and_notifications_pass():
    played = Played(limit_rate(0.001, by=per_tool))
    with played.connect(revisions=["2025-11-25"], roots=["file:///a"], roots_change=True) as client:
        for _ in range(5):
            client.list_tools()
            client.notify("notifications/roots/list_changed")
        client.call_tool("count")
        with pytest.raises(RequestFailed):
            client.call_tool("count")


@pytest.mark.parametrize(("keys", "is_known"), [(10_000, True), (10_001, False), (100_000, False)])
def test_buckets_are_bounded_and_the_one_not_used_for_longest_goes_first(keys, is_known):
    clock = Clock()
    limit = limit_rate(1, by=lambda _message: clock.key)
    ride = clock.rides(limit)
    for clock.key in range(keys):
        assert ride() is None
    clock.key = keys - 1
    assert ride() == 1.0
    clock.key = 0
    assert ride() == (1.0 if is_known else None)


@pytest.mark.parametrize("layer", [limit_rate(100), cache_results(0.01)])
def test_a_session_that_is_gone_is_not_kept_by_what_is_old(layer):
    seen = []

    def see(message, proceed):
        seen.append(weakref.ref(message.session))
        return (yield from proceed(message))

    server = Server("test", version="1", middleware=[see, layer])
    server.add_resource("data://a", "a")
    for number in range(3):
        with connect(server) as client:
            client.now = 100.0 * number
            client.list_resources()
        del client
    gc.collect()
    assert len(seen) == 3
    assert seen[0]() is seen[1]() is None


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_rate_of_nothing_is_refused(rate, burst):
    with pytest.raises(LocalProtocolError, match="expected a rate above 0 and a burst from 1"):
        limit_rate(rate, burst=burst)
