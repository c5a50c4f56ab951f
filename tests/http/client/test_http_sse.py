"""HTTP+SSE of 2024-11-05: where a server refuses `initialize`, and all that can happen on the way.

Source: 2024-11-05, HTTP with SSE; 2025-03-26 to 2026-07-28, Backward Compatibility; feature T10.
"""

import pytest
from tests.http.client.talking import DONE, FIRST, STREAMABLE, URL, Talk, event_of, message_of

from sansmcp.http import HttpClientLimits
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Connected,
    Disconnected,
    LogReceived,
    ProtocolViolated,
    RequestLost,
    ResponseReceived,
    Restart,
    Timeouts,
)

ENDPOINT = b"event: endpoint\ndata: /messages?session_id=a1\n\n"


def refused(revisions=REVISIONS, status=404, body=None, **options):
    """Go as far as the GET that asks for a stream."""
    talk = Talk(revisions, **options)
    talk.client.connect(0.0)
    first = talk.take()
    if message_of(first)["method"] == "server/discover":
        talk.answer(first, status)
        first = talk.take()
    assert message_of(first)["method"] == "initialize"
    talk.answer(first, status, body)
    return talk, message_of(first)


def opened(revisions=REVISIONS, endpoint=ENDPOINT, revision="2024-11-05", **options):
    """Go as far as a connection."""
    talk, _ = refused(revisions, **options)
    get = talk.take()
    talk.stream(get, endpoint)
    initialize = talk.take()
    talk.answer(initialize, 202)
    answer(talk, get, initialize, revision)
    initialized = talk.take()
    assert message_of(initialized)["method"] == "notifications/initialized"
    talk.answer(initialized, 202)
    assert [event.revision for event in talk.told(Connected)] == [revision]
    return talk, get


def answer(talk, get, exchange, revision="2024-11-05"):
    result = DONE
    if message_of(exchange)["method"] == "initialize":
        info = {"name": "server", "version": "1"}
        result = {"protocolVersion": revision, "capabilities": {"tools": {}}, "serverInfo": info}
    message = event_of({"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": result})
    talk.push(get, b"event: message\n" + message)


@pytest.mark.parametrize("revisions", [REVISIONS, *((revision,) for revision in STREAMABLE)])
@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_server_that_refuses_initialize_is_asked_for_a_stream(revisions, status):
    talk, initialize = refused(revisions, status)
    get = talk.take()
    assert (get.request.method, get.request.target) == ("GET", "/mcp")
    assert get.request.headers.get("accept") == "text/event-stream"
    talk.stream(get, ENDPOINT)
    post = talk.take()
    assert (post.request.method, post.request.target) == ("POST", "/messages?session_id=a1")
    assert message_of(post) == initialize
    assert post.url.origin == get.url.origin


def test_a_client_of_the_first_revision_asks_for_a_stream_at_once():
    # It has no other transport.
    talk = Talk((FIRST,))
    talk.client.connect(0.0)
    get = talk.take()
    assert (get.request.method, get.request.target) == ("GET", "/mcp")
    talk.stream(get, ENDPOINT)
    initialize = talk.take()
    assert message_of(initialize)["params"]["protocolVersion"] == FIRST
    talk.answer(initialize, 202)
    answer(talk, get, initialize)
    assert [event.revision for event in talk.told(Connected)] == [FIRST]


def test_a_session_of_the_first_revision_is_opened_anew_where_its_stream_ends():
    talk = Talk((FIRST,))
    talk.client.connect(0.0)
    for _ in range(2):
        get = talk.take()
        talk.stream(get, ENDPOINT)
        initialize = talk.take()
        talk.answer(initialize, 202)
        answer(talk, get, initialize)
        talk.answer(talk.take(), 202)
        assert len(talk.told(Connected)) == 1
        talk.end(get)


def test_a_server_without_a_stream_for_the_first_revision_is_told_of():
    talk = Talk((FIRST,))
    talk.client.connect(0.0)
    talk.answer(talk.take(), 405)
    (end,) = talk.told(Disconnected)
    assert end.reason == (
        f"{URL}: 2024-11-05 is spoken over HTTP+SSE only; and a GET there: the server answered with the "
        "status 405; is the path of the URL right? Many servers have /mcp"
    )
    assert talk.take_all() == []


@pytest.mark.parametrize("status", [401, 403, 406, 415, 422])
@pytest.mark.parametrize("revision", STREAMABLE)
def test_before_2025_11_25_any_refusal_counts(revision, status):
    talk = Talk((revision,))
    talk.client.connect(0.0)
    talk.answer(talk.take(), status)
    assert len(talk.take_all()) == (revision < "2025-11-25")


@pytest.mark.parametrize("status", [200, 301, 500, 503])
def test_what_is_no_refusal_leads_to_no_stream(status):
    talk = Talk(("2025-03-26",))
    talk.client.connect(0.0)
    talk.answer(talk.take(), status)
    assert talk.take_all() == []
    assert len(talk.told(Disconnected)) == 1


def test_calls_are_posted_and_answered_on_the_stream():
    talk, get = opened()
    handle, call = talk.call()
    assert call.request.target == "/messages?session_id=a1"
    assert "mcp-protocol-version" not in call.request.headers
    talk.answer(call, 202)
    assert talk.told(ResponseReceived) == []
    answer(talk, get, call)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
    talk.push(get, b'event: other\ndata: {"x":1}\n\n', b"data:\n\n", ENDPOINT)
    assert talk.told(ProtocolViolated) == []
    talk.push(
        get, {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}
    )
    assert len(talk.told(LogReceived)) == 1


def test_the_answer_may_come_before_the_post_was_accepted():
    talk, get = opened()
    handle, call = talk.call()
    answer(talk, get, call)
    talk.answer(call, 202)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_a_later_revision_is_named_in_a_header():
    talk, _ = opened(revision="2025-06-18")
    assert talk.call()[1].request.headers.get("mcp-protocol-version") == "2025-06-18"


@pytest.mark.parametrize("how", [400, 500, "failure", "silence"])
def test_a_post_that_is_refused_loses_its_call(how):
    talk, _ = opened(timeouts=Timeouts(request=4.0))
    handle, call = talk.call()
    if how == "failure":
        call.receive_failure("connection reset", 0.0)
    elif how == "silence":
        talk.at(4.0)
    else:
        talk.answer(call, how)
    (lost,) = talk.told(RequestLost)
    assert (lost.handle, "tools/call was not accepted" in lost.reason) == (handle, True)


def test_a_call_that_is_given_up_is_told_of():
    talk, _ = opened()
    handle, _call = talk.call()
    talk.session.cancel(handle, 0.0)
    assert message_of(talk.take())["method"] == "notifications/cancelled"


@pytest.mark.parametrize("status", [404, 405, 200, 500])
def test_without_a_stream_the_handshake_fails_with_both_reasons(status):
    talk, _ = refused(status=405)
    talk.answer(talk.take(), status)
    (end,) = talk.told(Disconnected)
    assert "initialize: the server answered with the status 405" in end.reason
    assert f"a GET there: the server answered with the status {status}" in end.reason
    assert talk.take_all() == []


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b'data: {"jsonrpc":"2.0"}\n\n', "expected 'endpoint'"),
        (
            b"event: endpoint\ndata: https://evil.example/messages\n\n",
            "expected one on http://127.0.0.1:8000",
        ),
        (
            b"event: endpoint\ndata: http://127.0.0.1:8001/messages\n\n",
            "expected one on http://127.0.0.1:8000",
        ),
        (b"event: endpoint\ndata: http://u:p@127.0.0.1:8000/\n\n", "names no URL"),
        (b"event: endpoint\ndata: /a b\n\n", "names no URL"),
        (b"event: endpoint\ndata: /a\ndata: /b\n\n", "names no URL"),
    ],
)
def test_a_stream_that_begins_otherwise_is_none(event, words):
    talk, _ = refused(headers={"Authorization": "Bearer secret"})
    get = talk.take()
    talk.stream(get, event)
    (end,) = talk.told(Disconnected)
    assert words in end.reason
    assert talk.aborted == [get]
    assert talk.take_all() == []


def test_silence_on_the_stream_ends_with_the_handshake():
    talk, _ = refused(session={"timeouts": Timeouts(request=3.0, probe=9.0)})
    get = talk.take()
    talk.stream(get, b": hello\n\n")
    talk.at(3.0)
    assert "initialize" in talk.told(Disconnected)[0].reason
    assert talk.aborted == [get]


def test_a_stream_that_ends_takes_the_session_with_it_which_is_opened_anew():
    talk, get = opened()
    handle, _ = talk.call()
    talk.end(get)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]
    again = talk.take()
    assert (again.request.method, again.request.target) == ("GET", "/mcp")
    talk.stream(again, b"event: endpoint\ndata: /messages?session_id=b2\n\n")
    initialize = talk.take()
    assert initialize.request.target == "/messages?session_id=b2"
    answer(talk, again, initialize)
    talk.answer(initialize, 202)
    talk.answer(talk.take(), 202)
    assert len(talk.told(Connected)) == 1


def test_a_404_to_a_post_says_that_the_session_is_gone():
    talk, get = opened()
    _, call = talk.call()
    talk.answer(call, 404)
    assert talk.aborted == [get]
    assert talk.take().request.method == "GET"
    assert len(talk.told(RequestLost)) == 1


def test_a_server_that_is_away_is_tried_again_and_then_given_up():
    talk, get = opened(limits=HttpClientLimits(reconnect=Restart(attempts=2)))
    talk.end(get)
    for _ in range(2):
        talk.take().receive_failure("connection refused", talk.now)
        at = talk.client.next_deadline()
        assert at > talk.now
        talk.at(at)
    talk.take().receive_failure("connection refused", talk.now)
    (end,) = talk.told(Disconnected)
    assert end.reason == f"{URL}: connection refused"


def test_closing_ends_the_stream():
    talk, get = opened()
    talk.client.close(0.0)
    assert talk.take_all() == []
    assert talk.aborted == [get]
    assert len(talk.told(Disconnected)) == 1


def test_a_modern_server_behind_the_stream_is_asked_again():
    talk, _ = refused()
    get = talk.take()
    talk.stream(get, ENDPOINT)
    initialize = talk.take()
    talk.answer(initialize, 202)
    error = {
        "code": -32022,
        "message": "no",
        "data": {"supported": ["2026-07-28"], "requested": "2025-11-25"},
    }
    talk.push(get, {"jsonrpc": "2.0", "id": message_of(initialize)["id"], "error": error})
    probe = talk.take()
    assert (probe.request.target, message_of(probe)["method"]) == ("/mcp", "server/discover")
    assert talk.aborted == [get]
