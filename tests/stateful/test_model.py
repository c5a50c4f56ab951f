"""The model itself: whatever two ends must not do, it would see."""

import json

import pytest
from tests.stateful.model import Call, Client, Server, Wire

REQUEST = {"id": 1, "method": "tools/call", "params": {"_meta": {"progressToken": 1}}}
LISTEN = {"id": 2, "method": "subscriptions/listen", "params": {}}
TAG = {"_meta": {"io.modelcontextprotocol/subscriptionId": 2}}
ACKNOWLEDGED = {
    "method": "notifications/subscriptions/acknowledged",
    "params": {**TAG, "notifications": {"toolsListChanged": True, "resourceSubscriptions": ["note://a"]}},
}
TOOLS = {"method": "notifications/tools/list_changed", "params": TAG}
PROMPTS = {"method": "notifications/prompts/list_changed", "params": TAG}
UPDATED = {"method": "notifications/resources/updated", "params": {**TAG, "uri": "note://a"}}
OTHER = {"method": "notifications/resources/updated", "params": {**TAG, "uri": "note://b"}}


def progress(value):
    """Write a report of progress."""
    return {"method": "notifications/progress", "params": {"progressToken": 1, "progress": value}}


def answer(request_id):
    """Write an answer."""
    return {"id": request_id, "result": {}}


def see(lines, *, modern=True):
    """Show lines to the model, and return it."""
    wire = Wire(modern)
    for sender, message in lines:
        wire.carried(sender, json.dumps({"jsonrpc": "2.0", **message}))
    return wire


@pytest.mark.parametrize(
    "lines",
    [
        [("C", REQUEST), ("S", progress(1)), ("S", progress(1.5)), ("S", answer(1))],
        [("C", LISTEN), ("S", ACKNOWLEDGED), ("S", TOOLS), ("S", UPDATED), ("S", answer(2))],
        [("C", REQUEST), ("C", {**REQUEST, "id": "1"}), ("S", answer("1")), ("S", answer(1))],
    ],
)
def test_what_is_allowed_passes(lines):
    wire = see(lines)
    assert set(wire.asked["C"].values()) == {1}, "each request was answered once"
    assert wire.subscriptions == {}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([("S", answer(1))], "nobody asked"),
        ([("C", REQUEST), ("S", answer("1"))], "nobody asked"),
        ([("C", REQUEST), ("S", answer(1)), ("S", answer(1))], "a second answer"),
        ([("C", REQUEST), ("C", REQUEST)], "never used twice"),
        ([("S", {"id": 1, "method": "roots/list"})], "sends no requests"),
        ([("C", REQUEST), ("S", progress(1)), ("S", progress(1))], "progress rises"),
        ([("C", LISTEN), ("S", TOOLS)], "the acknowledgement comes first"),
        ([("C", LISTEN), ("S", ACKNOWLEDGED), ("S", ACKNOWLEDGED)], "acknowledged once"),
        ([("C", LISTEN), ("S", ACKNOWLEDGED), ("S", PROMPTS)], "was not asked for"),
        ([("C", LISTEN), ("S", ACKNOWLEDGED), ("S", OTHER)], "note://b"),
        ([("S", {"error": {"code": -32700, "message": "what?"}})], "nothing was unreadable"),
    ],
)
def test_what_is_not_allowed_on_the_wire_is_seen(lines, said):
    with pytest.raises(AssertionError, match=said):
        see(lines)


def test_what_is_sent_for_a_cancelled_request_is_seen():
    for late in (answer(1), progress(1)):
        wire = Wire(modern=True)
        wire.carried("C", json.dumps({"jsonrpc": "2.0", **REQUEST}))
        wire.stopped.add(("int", 1))
        with pytest.raises(AssertionError, match="cancellation"):
            wire.carried("S", json.dumps({"jsonrpc": "2.0", **late}))


def test_a_change_after_the_end_of_its_subscription_is_seen():
    with pytest.raises(KeyError):
        see([("C", LISTEN), ("S", ACKNOWLEDGED), ("S", answer(2)), ("S", TOOLS)])


def test_a_call_that_ends_twice_or_at_another_time_is_seen():
    user = Client()
    user.calls[1] = Call(ends_at=5.0)
    with pytest.raises(AssertionError, match=r"it was to end at 5\.0"):
        user.ended(1, at=6.0)
    user.ended(1, at=5.0)
    with pytest.raises(AssertionError, match="ended already"):
        user.ended(1)


def test_what_a_user_is_told_out_of_turn_is_seen():
    user = Client()
    user.calls[1] = Call()
    user.asked(7, 1)
    user.progressed(1, 2)
    user.listening[3] = "waiting"
    for wrong in (
        lambda: user.asked(7, 1),
        lambda: user.progressed(1, 2),
        lambda: user.changed(3),
        lambda: user.unsubscribed(3),
    ):
        with pytest.raises(AssertionError):
            wrong()


def test_what_a_handler_is_told_out_of_turn_is_seen():
    handlers = Server()
    handlers.received(1, 0)
    for wrong in (
        lambda: handlers.received(1, 0),
        lambda: handlers.received(1, 1),
        lambda: handlers.dropped(1),
    ):
        with pytest.raises((AssertionError, KeyError)):
            wrong()
        handlers.served.clear()
        handlers.received(1, 0)
    handlers.cancelled(1)
    with pytest.raises(AssertionError):
        handlers.cancelled(1)
