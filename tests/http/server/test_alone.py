"""Sessions that serve one request alone: what their one response says."""

import pytest
from tests.http.server.exchanging import Exchanging, meta
from tests.http.server.offered import served

from sansmcp.session import Change, ChangeKind, SessionLimits
from sansmcp.values import JSON


@pytest.mark.parametrize("form", ["json", "auto"])
def test_answers_too_long_for_one_array_come_one_by_one(form: str) -> None:
    limits = SessionLimits(message_bytes=400)
    world = Exchanging(served(), sessions=False, responses=form, limits=limits)
    call = {
        "jsonrpc": "2.0",
        "method": "tools/call",
        "params": {"name": "echo", "arguments": {"x": "y" * 50}},
    }
    reply = world.post([{**call, "id": number} for number in range(5)])
    found = reply.json if form == "json" else reply.messages
    assert [answer["id"] for answer in found] == list(range(5))
    with_session = Exchanging(served(), responses=form, limits=limits)
    client = with_session.handshake("2025-03-26")
    reply = client.send([{**call, "id": number} for number in range(5)])
    found = reply.json if form == "json" else reply.messages
    assert [answer["id"] for answer in found] == list(range(5))


def test_a_question_that_is_withdrawn_says_so_where_the_server_stops() -> None:
    world = Exchanging(served())
    client = world.handshake("2025-11-25", capabilities={"elicitation": {}})
    reply = client.call("asks")
    world.endpoint.close(world.now)
    world.settle()
    world.wait(10.0)
    assert reply.messages[0]["method"] == "elicitation/create"
    assert reply.ended


def test_an_exchange_that_is_pulled_after_its_end_says_nothing() -> None:
    world = Exchanging(served())
    params = {"notifications": {"toolsListChanged": True}, "_meta": meta()}
    reply = world.modern("subscriptions/listen", params)
    session = world.events[0][0]
    world.drop(reply)
    session.publish(Change(kind=ChangeKind.TOOLS), world.now)
    world.settle()
    assert reply.exchange.actions() == []


@pytest.mark.parametrize("responses", ["auto", "json"])
@pytest.mark.parametrize("sessions", [True, False])
def test_a_notification_that_cannot_be_taken_is_still_accepted(responses: str, *, sessions: bool) -> None:
    world = Exchanging(served(), responses=responses, sessions=sessions)
    client = world.handshake("2025-11-25")
    message: JSON = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}}
    assert client.send(message).status == 202
