"""Middleware of a server around what is cancelled, and what ends with its session."""

import asyncio

import pytest
from tests.middleware.taped import Taped, every_revision, stalling
from tests.server.surrounded import connect, served
from tests.server.test_connections import Serving, call, cancel

from sansmcp.client import call_tool
from sansmcp.session import (
    RequestCancelled,
    RequestDrained,
    Severity,
)


@every_revision
@pytest.mark.parametrize("first", [False, True])
def test_a_request_that_is_cancelled_in_a_delay_closes_its_middleware_at_once(revision, first):
    closed = []
    with connect(served(middleware=[stalling(closed, first=first)]), revisions=[revision]) as client:
        waiting = client.begin(call_tool("add", {"a": 1, "b": 2}))
        assert closed == []
        client.give_up(waiting)
        assert closed == ["tools/call"]
        assert [report for report in client.reports if report.severity is Severity.ERROR] == []


def test_a_handler_that_is_cancelled_passes_its_end_through_the_middleware():
    taped = Taped()
    with connect(served(middleware=[taped])) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 10.0}))
        client.give_up(waiting)
    assert [type(outcome).__name__ for outcome in taped.outcomes] == ["WorkCancelled"]


def test_what_a_handler_that_nothing_stops_returns_late_passes_too():
    taped = Taped()
    serving = Serving(served(middleware=[taped]), keeps={"add"}, stops=False)
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    peer.say(cancel(1))
    assert taped.outcomes == []
    serving.kept[0].go_on()
    assert len(taped.outcomes) == 1
    assert peer.answers() == []


def test_a_handler_is_stopped_once_however_often_it_is_cancelled():
    serving = Serving(served(middleware=[Taped()]), keeps={"add"})
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    serving.connections.handle(session, RequestCancelled(request_id=1))
    serving.connections.handle(session, RequestCancelled(request_id=1))
    assert serving.kept[0].stopped == 1
    serving.kept[0].raise_(asyncio.CancelledError())
    assert serving.texts() == []


def test_a_task_that_runs_before_whoever_made_it_has_it_is_not_stopped_later():
    serving = Serving(served(middleware=[stalling([])]), keeps={"add"}, eager=True)
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    peer.say(cancel(1))
    assert serving.kept[0].stopped == 0


@pytest.mark.parametrize("keeps", [(), {"add"}])
def test_a_peer_that_goes_away_closes_all_middleware_at_once(keeps):
    closed = []
    serving = Serving(served(middleware=[stalling(closed)]), keeps=keeps)
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2), call(2, "add", a=1, b=2))
    serving.connections.close()
    assert closed == ["tools/call", "tools/call"]
    assert serving.endpoint.next_deadline() is None
    for kept in serving.kept:
        kept.go_on()
    assert serving.texts() == []


def test_a_handler_that_is_stopped_with_its_session_tells_nobody_of_it():
    serving = Serving(served(middleware=[stalling([])]), keeps={"add"})
    serving.peer().say(call(1, "add", a=1, b=2))
    serving.connections.close()
    serving.kept[0].raise_(asyncio.CancelledError())
    assert serving.texts() == []


def test_what_middleware_raises_when_it_is_closed_is_told():
    def sore(message, proceed):
        try:
            return (yield from proceed(message))
        finally:
            raise OSError("sore")

    serving = Serving(served(middleware=[sore]), keeps={"add"})
    serving.peer().say(call(1, "add", a=1, b=2))
    serving.connections.close()
    assert f"middleware {sore.__qualname__} failed when its session was gone" in serving.texts()


def test_a_handler_hears_when_what_it_said_is_on_its_way():
    serving = Serving(served(middleware=[stalling([], first=True)]), keeps={"add"})
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    serving.connections.handle(session, RequestDrained(request_id=1))
    serving.endpoint.handle_timeout(60.0)
    serving.connections.handle(session, RequestDrained(request_id=1))
    serving.kept[0].go_on()
    serving.endpoint.handle_timeout(120.0)
    serving.connections.handle(session, RequestDrained(request_id=1))
    assert [answer["id"] for answer in peer.answers()] == [1]
