"""A client over HTTP in both eras: what it sends, and what becomes of the responses."""

import pytest
from tests.http.client.talking import (
    DONE,
    LEGACY,
    MODERN,
    MODERN_DONE,
    STREAMABLE,
    Talk,
    event_of,
    message_of,
)

from sansmcp.errors import LocalProtocolError
from sansmcp.session import (
    Connected,
    Disconnected,
    LogReceived,
    RequestLost,
    ResponseReceived,
)


def test_a_modern_call_is_one_post_that_describes_itself():
    talk = Talk().connect_modern()
    handle, exchange = talk.call()
    assert exchange.request.method == "POST"
    assert exchange.request.target == "/mcp"
    headers = exchange.request.headers
    assert headers.get("accept") == "application/json, text/event-stream"
    assert headers.get("content-type") == "application/json"
    assert headers.get("mcp-protocol-version") == MODERN
    assert headers.get("mcp-method") == "tools/call"
    assert headers.get("mcp-name") == "echo"
    assert "mcp-session-id" not in headers
    talk.result(exchange, MODERN_DONE, headers=(("mcp-session-id", "ignored"),))
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
    assert exchange.done
    assert "mcp-session-id" not in talk.call()[1].request.headers


def test_a_modern_answer_may_come_on_a_stream():
    talk = Talk().connect_modern()
    handle, exchange = talk.call()
    answer = {"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": MODERN_DONE}
    talk.stream(exchange, b": hello\n\n", event_of(None, "1"), answer)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
    assert exchange.done
    assert talk.aborted == []


def test_giving_up_a_modern_call_breaks_its_exchange_off():
    talk = Talk().connect_modern()
    handle, exchange = talk.call()
    talk.session.cancel(handle, talk.now)
    talk.drain()
    assert (talk.aborted, talk.opened) == ([exchange], [])


@pytest.mark.parametrize("revision", STREAMABLE)
def test_a_legacy_session_is_opened_kept_and_ended(revision):
    talk = Talk((revision,))
    talk.client.connect(0.0)
    first = talk.take()
    assert message_of(first)["method"] == "initialize"
    assert "mcp-protocol-version" not in first.request.headers
    talk.initialize(first)
    initialized = talk.take()
    assert message_of(initialized)["method"] == "notifications/initialized"
    assert [event.revision for event in talk.told(Connected)] == [revision]
    talk.session.send_request("tools/call", {"name": "echo"}, 0.0)
    talk.drain()
    assert talk.opened == []
    talk.answer(initialized, 202)
    listening, call = talk.take_all()
    assert (listening.request.method, call.request.method) == ("GET", "POST")
    for exchange in (initialized, listening, call):
        assert exchange.request.headers.get("mcp-session-id") == "s-1"
        version = exchange.request.headers.get("mcp-protocol-version")
        assert version == (revision if revision >= "2025-06-18" else None)
    talk.answer(listening, 405)
    talk.result(call, DONE)
    assert len(talk.told(ResponseReceived)) == 1
    talk.client.close(1.0)
    delete = talk.take()
    assert (delete.request.method, delete.request.headers.get("mcp-session-id")) == ("DELETE", "s-1")
    assert talk.told(Disconnected) == []
    talk.answer(delete, 405)
    assert len(talk.told(Disconnected)) == 1
    assert talk.client.next_deadline() is None


def test_the_end_of_a_session_is_waited_for_five_seconds():
    talk = Talk(("2025-11-25",))
    talk.connect_legacy()
    talk.client.close(1.0)
    delete = talk.take()
    talk.at(5.99)
    assert talk.told(Disconnected) == []
    talk.at(6.0)
    assert len(talk.told(Disconnected)) == 1
    assert talk.aborted == [delete]


def test_the_standalone_stream_brings_what_the_server_says_by_itself():
    talk = Talk(("2025-11-25",))
    listening = talk.connect_legacy(get=200)
    talk.push(
        listening,
        {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "hello"}},
    )
    assert [event.data for event in talk.told(LogReceived)] == ["hello"]


def test_a_legacy_call_that_is_given_up_is_told_of():
    talk = Talk(("2025-11-25",))
    talk.connect_legacy()
    handle, exchange = talk.call()
    talk.session.cancel(handle, talk.now, reason="enough")
    told = talk.take()
    assert message_of(told)["method"] == "notifications/cancelled"
    assert talk.aborted == [exchange]


@pytest.mark.parametrize("revisions", [("2025-11-25",), (MODERN,)])
def test_a_call_is_lost_with_its_connection(revisions):
    talk = Talk(revisions)
    if revisions == (MODERN,):
        talk.connect_modern()
    else:
        talk.connect_legacy()
    handle, exchange = talk.call()
    exchange.receive_failure("connection reset", talk.now)
    (lost,) = talk.told(RequestLost)
    assert (lost.handle, lost.reason) == (handle, "connection reset")


@pytest.mark.parametrize("headers", ["Authorization: Bearer secret", [("Authorization", "Bearer secret")]])
def test_headers_that_are_no_mapping_are_refused_without_showing_them(headers):
    with pytest.raises(LocalProtocolError, match="headers: expected a mapping of names to values") as caught:
        Talk((MODERN,), headers=headers)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_what_a_refusal_costs_names_the_method_once(revision):
    talk = Talk((revision,))
    if revision == MODERN:
        talk.connect_modern()
    else:
        talk.connect_legacy()
    _, exchange = talk.call()
    talk.answer(exchange, 503)
    (lost,) = talk.told(RequestLost)
    assert (lost.method, lost.reason) == ("tools/call", "the server answered with the status 503")


def test_what_brings_no_message_is_over_soon_and_a_call_may_last():
    talk = Talk((LEGACY[-1],))
    talk.client.connect(0.0)
    first = talk.take()
    talk.initialize(first)
    initialized = talk.take()
    assert (first.is_brief, initialized.is_brief) == (False, True)
