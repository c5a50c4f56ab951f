"""Modern subscriptions: one stream each, opened again where it was cut, ended where the server ends it.

Source: 2026-07-28, Subscriptions; Streamable HTTP, Receiving Messages.
"""

import pytest
from tests.http.client.talking import Talk, message_of

from sansmcp import schema
from sansmcp.http import HttpClientLimits
from sansmcp.session import (
    ChangeReceived,
    Disconnected,
    RequestLost,
    Restart,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)

WANTED = schema.SubscriptionFilter(tools_list_changed=True)


def tagged(exchange, method, **params):
    meta = {"io.modelcontextprotocol/subscriptionId": message_of(exchange)["id"]}
    return {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": {**params, "_meta": meta}}


def acknowledge(talk, exchange):
    talk.stream(
        exchange, tagged(exchange, "subscriptions/acknowledged", notifications={"toolsListChanged": True})
    )


def change(exchange):
    return tagged(exchange, "tools/list_changed")


def end(exchange):
    meta = {"io.modelcontextprotocol/subscriptionId": message_of(exchange)["id"]}
    return {
        "jsonrpc": "2.0",
        "id": message_of(exchange)["id"],
        "result": {"resultType": "complete", "_meta": meta},
    }


def listening(**options):
    talk = Talk(**options).connect_modern()
    handle = talk.session.listen(WANTED, 0.0)
    exchange = talk.take()
    assert exchange.request.headers.get("mcp-method") == "subscriptions/listen"
    acknowledge(talk, exchange)
    assert [event.handle for event in talk.told(SubscriptionAcknowledged)] == [handle]
    return talk, handle, exchange


def test_changes_come_on_the_stream_of_the_subscription():
    talk, handle, exchange = listening()
    talk.push(exchange, b": still here\n\n", change(exchange))
    assert [event.handle for event in talk.told(ChangeReceived)] == [handle]


def test_a_subscription_that_the_server_ends_is_over():
    talk, handle, exchange = listening()
    talk.push(exchange, end(exchange))
    assert [event.handle for event in talk.told(SubscriptionEnded)] == [handle]
    assert talk.client.next_deadline() is None


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_subscription_that_is_cut_is_opened_again_under_its_handle(ends_well):
    talk, handle, exchange = listening()
    if ends_well:
        talk.end(exchange)
    else:
        exchange.receive_failure("connection reset", 0.0)
    assert talk.told(SubscriptionEnded) == []
    talk.at(0.5)
    again = talk.take()
    assert message_of(again)["id"] != message_of(exchange)["id"]
    assert "last-event-id" not in again.request.headers
    acknowledge(talk, again)
    talk.push(again, change(again))
    told = [event for event in talk.events if isinstance(event, SubscriptionAcknowledged | ChangeReceived)]
    assert [event.handle for event in told] == [handle, handle]


@pytest.mark.parametrize("failure", ["refused", 503, "acknowledged and cut"])
def test_after_five_attempts_without_a_change_it_ends(failure):
    talk, handle, exchange = listening()
    talk.end(exchange)
    for _ in range(5):
        talk.at(talk.client.next_deadline())
        again = talk.take()
        if failure == "refused":
            again.receive_failure("connection refused", talk.now)
        elif failure == 503:
            talk.answer(again, 503)
        else:
            acknowledge(talk, again)
            talk.end(again)
        talk.drain()
    (ended,) = talk.told(SubscriptionEnded)
    assert ended.handle == handle
    assert talk.client.next_deadline() is None


def test_one_that_lasted_begins_the_count_anew():
    talk, handle, exchange = listening(limits=HttpClientLimits(reconnect=Restart(attempts=1)))
    for _ in range(3):
        talk.at(talk.now + 31.0)
        talk.end(exchange)
        talk.at(talk.now + 0.5)
        exchange = talk.take()
        acknowledge(talk, exchange)
    talk.end(exchange)
    assert [event.handle for event in talk.told(SubscriptionEnded)] == [handle]


def test_a_change_begins_the_count_anew():
    talk, _, exchange = listening(limits=HttpClientLimits(reconnect=Restart(attempts=1)))
    for _ in range(3):
        talk.push(exchange, change(exchange))
        talk.end(exchange)
        talk.at(talk.now + 0.5)
        exchange = talk.take()
        acknowledge(talk, exchange)
    assert talk.told(SubscriptionEnded) == []


@pytest.mark.parametrize("how", ["error", "timeout"])
def test_where_the_server_says_no_to_the_second_it_ends(how):
    talk, handle, exchange = listening()
    talk.end(exchange)
    talk.at(0.5)
    again = talk.take()
    if how == "error":
        talk.error(again, 200, -32603, "too many")
    else:
        talk.at(61.0)
    (ended,) = talk.told(SubscriptionEnded)
    assert (ended.handle, ended.reason) == (
        handle,
        "too many" if how == "error" else "subscriptions/listen was not answered within its timeout",
    )


def test_the_first_one_is_not_tried_again():
    talk = Talk().connect_modern()
    handle = talk.session.listen(WANTED, 0.0)
    talk.end(talk.take())
    assert [event.handle for event in talk.told(RequestLost)] == [handle]
    assert talk.client.next_deadline() is None


def test_one_that_is_given_up_while_it_waits_is_not_opened_again():
    talk, handle, exchange = listening()
    talk.end(exchange)
    talk.client.cancel(handle, 0.0)
    talk.at(60.0)
    assert talk.take_all() == []
    talk.client.cancel(handle, 60.0)
    assert talk.events == []


def test_giving_one_up_closes_its_stream():
    talk, handle, exchange = listening()
    talk.client.cancel(handle, 0.0)
    talk.drain()
    assert talk.aborted == [exchange]
    talk.at(60.0)
    assert talk.take_all() == []


def test_one_that_waits_ends_with_the_connection():
    talk, handle, exchange = listening()
    talk.end(exchange)
    talk.client.close(0.0)
    talk.drain()
    assert [type(event) for event in talk.events[-2:]] == [SubscriptionEnded, Disconnected]
    assert talk.events[-2].handle == handle


def test_one_that_is_open_ends_with_the_connection_once():
    talk, handle, exchange = listening()
    talk.client.close(0.0)
    talk.drain()
    assert [type(event) for event in talk.events] == [SubscriptionEnded, Disconnected]
    assert talk.aborted == [exchange]
    assert talk.events[0].handle == handle
