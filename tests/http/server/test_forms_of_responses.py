"""The setting that says which form responses have.

Source: 2026-07-28, Streamable HTTP, Sending Messages to the Server.
"""

import pytest
from tests.http.server.exchanging import Exchanging
from tests.http.server.test_endpoint import served


def test_with_streams_only_each_result_is_an_event() -> None:
    world = Exchanging(served(), responses="stream")
    reply = world.call("echo", {"x": "hi"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    (message,) = reply.messages
    assert message["result"]["content"][0]["text"] == "hi"
    assert reply.ended


def test_with_streams_only_an_error_of_a_handler_is_an_event_too() -> None:
    reply = Exchanging(served(), responses="stream").call("no such tool")
    assert reply.headers["content-type"] == "text/event-stream"
    assert [message["error"]["code"] for message in reply.messages] == [-32602]


@pytest.mark.parametrize(("method", "status", "code"), [("ping", 404, -32601), ("no/such", 404, -32601)])
def test_with_streams_only_an_error_with_a_status_of_its_own_keeps_it(
    method: str, status: int, code: int
) -> None:
    reply = Exchanging(served(), responses="stream").modern(method, {})
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    assert reply.json["error"]["code"] == code
