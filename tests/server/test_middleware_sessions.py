"""Middleware of a server around what a session answers by itself."""

import pytest
from tests.middleware.taped import Taped, every_revision, stalling
from tests.server.surrounded import connect, served
from tests.server.test_connections import META, Serving, call, cancel

from sansmcp import RequestFailed, RpcError, schema
from sansmcp.session import (
    Change,
    ChangeKind,
    OutgoingResult,
    SessionLimits,
)
from sansmcp.values import ABSENT


@every_revision
def test_what_a_session_answers_by_itself_passes_too(revision):
    received, sent, heard = Taped(), Taped(), []
    server = served(middleware=[received], sending_middleware=[sent])
    server.add_resource("a://b", lambda: "", name="b")
    with connect(server, revisions=[revision], on_change=lambda event: heard.append(event.change)) as client:
        if revision == "2026-07-28":
            wanted = schema.SubscriptionFilter(resource_subscriptions=("a://b",))
            client.session.listen(wanted, client.now)
            client.settle()
            expected = {"subscriptions/listen"}
        else:
            client.set_log_level("info")
            client.request("resources/subscribe", {"uri": "a://b"})
            expected = {"logging/setLevel", "resources/subscribe"}
        server.resource_updated("a://b")
        client.call_tool("wait", {"seconds": 1.0})
        assert heard == [Change(kind=ChangeKind.RESOURCE, uri="a://b")]
        if revision != "2026-07-28":
            client.request("resources/unsubscribe", {"uri": "a://b"})
            server.resource_updated("a://b")
            client.call_tool("wait", {"seconds": 1.0})
            assert len(heard) == 1
    methods = {message.method for message in received.messages}
    assert expected <= methods
    answered = {message.method for message in sent.messages if isinstance(message, OutgoingResult)}
    assert expected - {"subscriptions/listen"} <= answered


@every_revision
def test_what_a_session_answers_may_be_refused_before_it_is_done(revision):
    def refuse(message, proceed):
        if message.method in {"resources/subscribe", "subscriptions/listen"}:
            raise RpcError(-32603, "not you")
        return (yield from proceed(message))

    heard = []
    server = served(middleware=[refuse])
    server.add_resource("a://b", lambda: "", name="b")
    with connect(server, revisions=[revision], on_change=heard.append) as client:
        if revision == "2026-07-28":
            wanted = schema.SubscriptionFilter(resource_subscriptions=("a://b",))
            client.session.listen(wanted, client.now)
            client.settle()
        else:
            with pytest.raises(RequestFailed, match="not you"):
                client.request("resources/subscribe", {"uri": "a://b"})
        server.resource_updated("a://b")
        client.call_tool("wait", {"seconds": 1.0})
    assert heard == []


def test_a_session_that_refuses_says_so_through_middleware():
    taped = Taped()
    serving = Serving(served(middleware=[taped]), limits=SessionLimits(subscriptions=1))
    peer = serving.peer()
    answers = peer.say(*(listening(number) for number in (1, 2)))
    (refused,) = [answer for answer in answers if "error" in answer]
    assert (refused["id"], refused["error"]["code"]) == (2, -32603)
    assert [type(outcome) for outcome in taped.outcomes] == [type(ABSENT), RpcError]
    assert [answer["id"] for answer in peer.say(cancel(1), call(3, "add", a=1, b=2))] == [3]


def test_the_handshake_is_not_kept_waiting():
    serving = Serving(served(middleware=[stalling([], first=True)]))
    (answer,) = serving.peer().say({"id": 1, "method": "server/discover", "params": {"_meta": META}})
    assert "capabilities" in answer["result"]


def test_a_subscription_that_is_cancelled_in_a_delay_never_begins():
    closed = []
    serving = Serving(served(middleware=[stalling(closed, first=True)], sending_middleware=[Taped()]))
    peer = serving.peer()
    peer.say(listening(1))
    assert peer.say(cancel(1)) == []
    assert closed == ["subscriptions/listen"]
    assert serving.endpoint.next_deadline() is None


def listening(request_id):
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    return {"id": request_id, "method": "subscriptions/listen", "params": params}


@pytest.mark.parametrize("layers", [[], ["sent"]])
def test_what_middleware_does_after_a_subscription_has_begun_is_told_and_answers_nothing(layers):
    def spoil(message, proceed):
        yield from proceed(message)
        raise ValueError("late")

    def replace(message, proceed):
        yield from proceed(message)
        return {}

    for layer, told_of in ((spoil, 1), (replace, 0)):
        serving = Serving(served(middleware=[layer], sending_middleware=[Taped() for _ in layers]))
        peer = serving.peer()
        (acknowledged,) = peer.say(listening(1))
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        assert len(serving.texts()) == told_of
        assert all(text.endswith("after a subscription had begun, which goes on") for text in serving.texts())
        assert peer.say(cancel(1)) == []


def test_a_subscription_whose_middleware_waits_after_it_has_begun_ends_with_its_session():
    closed = []
    serving = Serving(served(middleware=[stalling(closed, first=False)]))
    peer = serving.peer()
    assert len(peer.say(listening(1))) == 1
    peer.leave()
    assert closed == ["subscriptions/listen"]
    assert serving.texts() == []
