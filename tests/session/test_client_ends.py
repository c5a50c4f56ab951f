"""How the connection of a client ends, whatever is under way."""

import pytest
from tests.session.ends import (
    MODERN,
    drain,
    events,
    last_id,
    notification,
    open_client,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.schema import REVISIONS
from sansmcp.session import Disconnected, RequestLost, SubscriptionEnded


def acknowledge(client, id_, **granted):
    meta = {"io.modelcontextprotocol/subscriptionId": id_}
    params = {"notifications": granted, "_meta": meta}
    tell(client, notification("notifications/subscriptions/acknowledged", params))


# The end


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_call_ends_once_when_the_connection_does(revision):
    for end in ("close", "receive_eof"):
        client = open_client(revision)
        calls = [client.send_request("tools/call", {"name": "x"}, 0.0) for _ in range(3)]
        subscription = client.listen(schema.SubscriptionFilter(resource_subscriptions=("r:1",)), 0.0)
        drain(client)
        getattr(client, end)(1.0)
        *lost, ended = events(client)
        assert sorted(event.handle for event in lost) == sorted([*calls, subscription])
        assert {type(event) for event in lost} == {RequestLost}
        assert isinstance(ended, Disconnected)
        assert take(client) == ["close"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_subscriptions_end_with_the_connection(revision):
    client = open_client(revision)
    handle = client.listen(schema.SubscriptionFilter(tools_list_changed=True), 0.0)
    if revision == MODERN:
        acknowledge(client, last_id(client), toolsListChanged=True)
    drain(client)
    client.receive_eof(1.0)
    ended, _ = events(client)
    assert ended == SubscriptionEnded(handle=handle, reason="the peer closed the connection")
    assert client.stats().subscriptions == 0


@pytest.mark.parametrize("revision", REVISIONS)
def test_nothing_is_said_after_the_end(revision):
    client = open_client(revision)
    handle = client.send_request("tools/call", {"name": "x"}, 0.0)
    client.close(0.0)
    drain(client)
    before = client.stats()
    client.cancel(handle, 1.0)
    client.notify("notifications/roots/list_changed", None, 1.0)
    client.provide_input(1, {}, 1.0)
    client.refuse_input(1, -1, "no", 1.0)
    tell(client, notification("notifications/tools/list_changed"), 1.0)
    tell(client, b"nonsense", 1.0)
    client.close(2.0)
    client.receive_eof(2.0)
    client.handle_timeout(100.0)
    assert (events(client), take(client), client.stats()) == ([], [], before)
    for command in (
        lambda: client.send_request("tools/list", None, 3.0),
        lambda: client.listen(schema.SubscriptionFilter(), 3.0),
        lambda: client.ping(3.0),
        lambda: client.connect(3.0),
        lambda: client.set_log_level("info", 3.0),
    ):
        unchanged(client, command)
