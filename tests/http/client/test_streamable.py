"""Responses of every kind, sessions that end, order in the handshake, and questions of a legacy server.

Source: adversarial case client-stream-ends; 2025-03-26 to 2025-11-25, Session Management; features T17, T18.
"""

import pytest
from tests.http.client.talking import DONE, LEGACY, MODERN, MODERN_DONE, URL, Talk, event_of, message_of

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.http import Headers, HttpClientLimits
from sansmcp.schema import METHODS, Kind, Method, Side
from sansmcp.session import (
    CallRequest,
    Connected,
    Disconnected,
    InputRequested,
    ProtocolViolated,
    RequestFailed,
    RequestLost,
    ResponseReceived,
    SubscriptionAcknowledged,
    Timeouts,
)
from sansmcp.wire import Limits

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", MODERN)


def connected(revision, **options):
    talk = Talk((revision,), **options)
    if revision == MODERN:
        talk.connect_modern()
    else:
        talk.connect_legacy()
    return talk


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (202, None, None, "status 202"),
        (204, None, None, "status 204"),
        (200, b"<p>", "text/html", "text/html"),
        (200, b"", "application/json", "cannot be read|no answer"),
        (200, None, None, "none"),
        (200, b"{}", "application/json", "no answer"),
        (200, b'{"jsonrpc":"2.0","id":99,"result":{}}', "application/json", "no answer"),
        (200, b'{"jsonrpc":"2.0","id":', "application/json", "no answer"),
        (200, b"{}", "application/json; charset=utf-16", "utf-16"),
        (500, None, None, "status 500"),
        (502, b"<p>", "text/html", "status 502"),
        (401, None, None, "status 401"),
        (302, None, None, "status 302"),
    ],
)
def test_a_response_without_an_answer_ends_the_call_at_once(revision, status, body, kind, words):
    talk = connected(revision)
    handle, exchange = talk.call()
    talk.answer(exchange, status, body, kind=kind)
    (lost,) = talk.told(RequestLost)
    assert lost.handle == handle
    assert any(word in lost.reason for word in words.split("|"))


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_empty_stream_ends_the_call_at_once(revision):
    talk = connected(revision)
    handle, exchange = talk.call()
    talk.stream(exchange)
    talk.end(exchange)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_an_error_in_the_body_is_the_servers_answer(revision, status):
    talk = connected(revision)
    handle, exchange = talk.call()
    talk.error(exchange, status, -32602, "bad argument")
    (failed,) = talk.told(RequestFailed)
    assert (failed.handle, failed.code, failed.message) == (handle, -32602, "bad argument")


@pytest.mark.parametrize("request_id", [None, "server-error", 77])
def test_an_error_of_a_refused_request_is_that_requests(request_id):
    talk = connected("2025-11-25")
    handle, exchange = talk.call()
    talk.error(exchange, 400, -32600, "no", request_id=request_id)
    assert [event.handle for event in talk.told(RequestFailed)] == [handle]


def test_a_byte_order_mark_before_a_body_is_skipped():
    talk = connected(MODERN)
    handle, exchange = talk.call()
    body = b'\xef\xbb\xbf{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}'
    talk.answer(exchange, 200, body)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


@pytest.mark.parametrize("cut", ["body", "event", "line"])
@pytest.mark.parametrize("past", [0, 1, 100])
def test_a_response_past_the_limit_is_broken_off(cut, past):
    limits = HttpClientLimits(messages=Limits(max_message_bytes=1000))
    talk = connected(MODERN, limits=limits)
    handle, exchange = talk.call()
    answer = b'{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}'
    answer += b" " * (1000 - len(answer) + past)
    if cut == "body":
        talk.answer(exchange, 200, answer)
    else:
        talk.stream(exchange, b"data: " + answer + (b"\n\n" if cut == "event" else b""))
        if cut == "line" and not past:
            talk.push(exchange, b"\n\n")
    talk.drain()
    if past:
        (lost,) = talk.told(RequestLost)
        assert lost.handle == handle
        assert "longer than 1000 bytes" in lost.reason
        assert talk.aborted == [exchange]
    else:
        assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
    assert exchange.done


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x" * 200])
def test_a_coded_body_is_refused(coding):
    talk = connected(MODERN)
    _handle, exchange = talk.call()
    assert exchange.request.headers.get("accept-encoding") == "identity"
    exchange.receive_head(
        200, Headers([("content-type", "application/json"), ("content-encoding", coding)]), 0.0
    )
    (lost,) = talk.told(RequestLost)
    assert "content coding" in lost.reason
    assert talk.aborted == [exchange]
    exchange.receive_data(b"x", 0.0)
    exchange.receive_eof(0.0)
    assert talk.told(RequestLost) == []


def test_identity_is_no_coding():
    talk = connected(MODERN)
    handle, exchange = talk.call()
    talk.result(exchange, MODERN_DONE, headers=(("content-encoding", "Identity"),))
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_an_interim_response_changes_nothing():
    talk = connected(MODERN)
    handle, exchange = talk.call()
    exchange.receive_head(103, Headers([("link", "x")]), 0.0)
    talk.result(exchange, MODERN_DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_a_connection_that_ends_before_the_head_loses_the_call():
    talk = connected(MODERN)
    _, exchange = talk.call()
    talk.end(exchange)
    assert [event.reason for event in talk.told(RequestLost)] == ["the connection ended before a response"]


# Sessions


def test_a_404_renews_the_session_once_for_all_calls():
    talk = connected("2025-11-25")
    first, one = talk.call()
    second, two = talk.call()
    third, three = talk.call()
    talk.answer(one, 404)
    lost = talk.told(RequestLost)
    assert {event.handle for event in lost} == {first, second, third}
    assert all("404" in event.reason for event in lost)
    assert talk.aborted == [two, three]
    begun = talk.take()
    assert message_of(begun)["method"] == "initialize"
    assert "mcp-session-id" not in begun.request.headers
    # Late news of the old session is no news.
    talk.answer(two, 404)
    assert talk.take_all() == []
    held = talk.session.send_request("tools/call", {"name": "echo"}, talk.now)
    assert talk.take_all() == []
    talk.initialize(begun, session_id="s-2")
    talk.answer(talk.take(), 202)
    assert len(talk.told(Connected)) == 1
    listening, call = talk.take_all()
    assert listening.request.headers.get("mcp-session-id") == "s-2"
    assert call.request.headers.get("mcp-session-id") == "s-2"
    talk.result(call, DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [held]


def test_a_404_to_a_notification_renews_the_session_too():
    talk = connected(
        "2025-11-25",
        session={"capabilities": schema.ClientCapabilities(roots=schema.RootsCapability(list_changed=True))},
    )
    talk.session.notify("notifications/roots/list_changed", None, 0.0)
    talk.answer(talk.take(), 404)
    assert message_of(talk.take())["method"] == "initialize"


def test_a_404_to_the_first_get_is_no_end_but_one_to_a_later_get_is():
    talk = Talk(("2025-11-25",))
    talk.connect_legacy(get=404)
    assert talk.take_all() == []
    talk = Talk(("2025-11-25",))
    listening = talk.connect_legacy(get=200)
    talk.end(listening)
    talk.at(0.5)
    talk.answer(talk.take(), 404)
    assert message_of(talk.take())["method"] == "initialize"


def test_without_a_session_a_404_loses_the_call_only():
    talk = Talk(("2025-11-25",))
    talk.connect_legacy(session_id=None)
    handle, exchange = talk.call()
    talk.answer(exchange, 404)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]
    assert talk.take_all() == []


def test_a_session_that_never_lives_is_given_up():
    talk = connected("2025-11-25")
    talk.call()
    renewals = 0
    talk.session.send_request("tools/call", {"name": "echo"}, talk.now)
    exchange = talk.take()
    while True:
        talk.answer(exchange, 404)
        opened = talk.take_all()
        if not opened:
            break
        renewals += 1
        talk.initialize(opened[0], session_id=f"s-{renewals}")
        exchange = talk.take()
    assert renewals == 5
    (end,) = talk.told(Disconnected)
    assert "opened anew 5 times" in end.reason


def test_an_answer_between_renewals_begins_the_count_anew():
    talk = connected("2025-11-25")
    for number in range(8):
        _, exchange = talk.call()
        talk.answer(exchange, 404)
        talk.initialize(talk.take(), session_id=f"t-{number}")
        talk.answer(talk.take(), 202)
        talk.answer(talk.take(), 405)
        _, exchange = talk.call()
        talk.result(exchange, DONE)
    assert talk.told(Disconnected) == []


def test_a_server_that_is_gone_when_the_session_is_renewed_ends_the_connection():
    talk = connected("2025-11-25")
    _, exchange = talk.call()
    talk.answer(exchange, 404)
    talk.answer(talk.take(), 404)
    assert "404" in talk.told(Disconnected)[0].reason
    assert talk.take_all() == []


@pytest.mark.parametrize("session_id", ["two words", "\x7f", "", "caf\xe9"])
def test_a_session_id_that_no_header_may_have_ends_the_handshake(session_id):
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take(), session_id=session_id)
    assert "session id" in talk.told(Disconnected)[0].reason


def test_two_session_ids_end_the_handshake():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    headers = (("mcp-session-id", "a"), ("mcp-session-id", "b"))
    exchange = talk.take()
    talk.result(exchange, {}, headers=headers)
    assert "one session id" in talk.told(Disconnected)[0].reason


def test_the_answer_to_initialize_may_come_on_a_stream_that_names_the_session():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    exchange = talk.take()
    result = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "serverInfo": {"name": "s", "version": "1"},
    }
    answer = {"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": result}
    talk.stream(exchange, event_of(None, "0"), answer, headers=(("Mcp-Session-Id", "s-9"),))
    assert talk.take().request.headers.get("mcp-session-id") == "s-9"


def test_a_session_id_on_another_answer_is_ignored():
    talk = connected("2025-11-25")
    _, exchange = talk.call()
    talk.result(exchange, DONE, headers=(("mcp-session-id", "other"),))
    assert talk.call()[1].request.headers.get("mcp-session-id") == "s-1"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_accepts_the_initialized_notification(status):
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take())
    talk.answer(talk.take(), status)
    assert talk.take().request.method == "GET"


def test_an_empty_stream_accepts_a_notification():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take())
    initialized = talk.take()
    talk.stream(initialized)
    assert initialized.done
    assert talk.take().request.method == "GET"


@pytest.mark.parametrize("how", [400, 500, "failure", "silence"])
def test_a_handshake_that_is_not_accepted_ends_the_connection(how):
    talk = Talk(("2025-11-25",), timeouts=Timeouts(request=4.0))
    talk.client.connect(0.0)
    talk.initialize(talk.take(), session_id=None)
    initialized = talk.take()
    handle = talk.session.send_request("ping", None, 0.0)
    if how == "failure":
        initialized.receive_failure("connection reset", 0.0)
    elif how == "silence":
        talk.at(4.0)
        assert talk.aborted == [initialized]
    else:
        talk.answer(initialized, how)
    talk.drain()
    assert [event.handle for event in talk.events if isinstance(event, RequestLost)] == [handle]
    (end,) = talk.told(Disconnected)
    assert end.reason.startswith(f"{URL}: notifications/initialized was not accepted")
    assert talk.client.next_deadline() is None


def test_a_call_that_waits_for_the_handshake_can_be_given_up():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take())
    initialized = talk.take()
    handle = talk.session.send_request("tools/call", {"name": "echo"}, 0.0)
    talk.drain()
    talk.session.cancel(handle, 0.0)
    talk.drain()
    talk.answer(initialized, 202)
    assert [exchange.request.method for exchange in talk.take_all()] == ["GET"]


def test_a_question_of_the_server_is_answered_by_a_post():
    able = schema.ClientCapabilities(roots=schema.RootsCapability())
    talk = Talk(("2025-11-25",), session={"capabilities": able})
    listening = talk.connect_legacy(get=200)
    talk.push(listening, {"jsonrpc": "2.0", "id": "q", "method": "roots/list"})
    (asked,) = talk.told(InputRequested)
    talk.session.provide_input(asked.handle, schema.ListRootsResult(roots=()), 0.0)
    answer = talk.take()
    assert message_of(answer) == {"jsonrpc": "2.0", "id": "q", "result": {"roots": []}}
    talk.answer(answer, 400)
    (told,) = talk.told(ProtocolViolated)
    assert told.reason == "an answer was not accepted: the server answered with the status 400"


def test_a_modern_notification_of_ones_own_says_what_it_is():
    methods = METHODS.extended(
        Method(name="acme/note", sender=Side.CLIENT, kind=Kind.NOTIFICATION, params=dict[str, str])
    )
    talk = connected(MODERN, session={"methods": methods})
    talk.session.notify("acme/note", None, 0.0)
    note = talk.take()
    assert note.request.headers.get("mcp-method") == "acme/note"


@pytest.mark.parametrize("revision", LEGACY)
def test_a_server_may_choose_an_older_revision(revision):
    talk = Talk(LEGACY)
    talk.client.connect(0.0)
    talk.initialize(talk.take(), revision=revision)
    initialized = talk.take()
    expected = revision if revision >= "2025-06-18" else None
    assert initialized.request.headers.get("mcp-protocol-version") == expected


# Ends


def test_closing_breaks_everything_off_and_tells_the_server_once():
    talk = Talk(("2025-11-25",))
    listening = talk.connect_legacy(get=200)
    _handle, call = talk.call()
    talk.client.close(0.0)
    talk.client.close(0.0)
    delete = talk.take()
    assert set(talk.aborted) == {listening, call}
    assert delete.request.headers.get("mcp-protocol-version") == "2025-11-25"
    talk.answer(delete, 200, {})
    assert [type(event) for event in talk.events if not isinstance(event, Connected)] == [
        RequestLost,
        Disconnected,
    ]


@pytest.mark.parametrize("how", [204, 404, 405, 500, "failure", "stream"])
def test_whatever_a_delete_gets_is_the_end(how):
    talk = connected("2025-11-25")
    talk.client.close(0.0)
    delete = talk.take()
    if how == "failure":
        delete.receive_failure("connection refused", 0.0)
    elif how == "stream":
        talk.stream(delete)
    else:
        talk.answer(delete, how)
    assert len(talk.told(Disconnected)) == 1
    assert talk.client.next_deadline() is None
    assert talk.take_all() == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_without_a_session_the_end_is_at_once(revision):
    talk = Talk((revision,))
    if revision == MODERN:
        talk.connect_modern()
    else:
        talk.connect_legacy(session_id=None)
    talk.client.close(0.0)
    assert talk.take_all() == []
    assert len(talk.told(Disconnected)) == 1


def test_closing_before_anything_was_sent_opens_nothing():
    talk = Talk()
    talk.client.connect(0.0)
    talk.client.close(0.0)
    assert talk.take_all() == []
    assert talk.aborted == []
    assert len(talk.told(Disconnected)) == 1


def test_a_subscription_of_a_legacy_session_goes_on_after_a_renewal():
    talk = connected("2025-11-25")
    wanted = schema.SubscriptionFilter(resource_subscriptions=("file:///a",))
    talk.session.listen(wanted, 0.0)
    talk.result(talk.take(), {})
    assert len(talk.told(SubscriptionAcknowledged)) == 1
    _, exchange = talk.call()
    talk.answer(exchange, 404)
    talk.initialize(talk.take(), session_id="s-2")
    talk.answer(talk.take(), 202)
    opened = talk.take_all()
    assert [message_of(each)["method"] for each in opened if each.body] == ["resources/subscribe"]


# Headers of the user


def test_the_users_fields_go_with_every_request_and_are_never_shown():
    talk = Talk(("2025-11-25",), headers={"Authorization": "Bearer secret", "X-Empty": ""})
    listening = talk.connect_legacy(get=200)
    _, call = talk.call()
    talk.client.close(0.0)
    for exchange in (listening, call, talk.take()):
        assert exchange.request.headers.get("authorization") == "Bearer secret"
        assert exchange.request.headers.get("x-empty") == ""
        assert "secret" not in repr(exchange)
        assert "secret" not in repr(exchange.request)


@pytest.mark.parametrize(
    "headers",
    [
        {"": "x"},
        {"two words": "x"},
        {"x\r\ny": "x"},
        {"X": "secret\r\nX-Evil: 1"},
        {"X": " secret"},
        {"X": "secret\xe9"},
        {"X": 7},
        {7: "x"},
        {"Host": "secret"},
        {"content-LENGTH": "1"},
        {"Mcp-Session-Id": "secret"},
        {"Mcp-Param-Region": "secret"},
    ],
)
def test_fields_that_cannot_be_said_are_refused_without_their_value(headers):
    with pytest.raises(LocalProtocolError, match="headers") as caught:
        Talk(headers=headers)
    assert "secret" not in str(caught.value)


def test_a_call_that_is_answered_before_its_end_is_carried_out_is_over():
    talk = connected("2025-11-25")
    handle, exchange = talk.call()
    talk.session.cancel(handle, 0.0)
    # Both happen before anybody drains.
    talk.result(exchange, DONE)
    assert message_of(talk.take())["method"] == "notifications/cancelled"
    assert talk.told(ResponseReceived) == []
    assert talk.aborted == []


def test_of_calls_that_wait_for_the_handshake_one_may_be_given_up():
    talk = Talk(("2025-11-25",))
    talk.client.connect(0.0)
    talk.initialize(talk.take())
    initialized = talk.take()
    talk.session.send_request("tools/call", {"name": "first"}, 0.0)
    handle = talk.session.send_request("tools/call", {"name": "second"}, 0.0)
    talk.drain()
    talk.session.cancel(handle, 0.0)
    talk.drain()
    talk.answer(initialized, 202)
    _, call = talk.take_all()
    assert message_of(call)["params"]["name"] == "first"


def test_one_call_of_an_array_may_be_given_up():
    talk = connected("2025-03-26")
    first, second = talk.session.send_batch(
        [CallRequest(method="tools/call", params={"name": name}) for name in ("one", "two")], 0.0
    )
    post = talk.take()
    talk.session.cancel(first, 0.0)
    assert message_of(talk.take())["method"] == "notifications/cancelled"
    assert talk.aborted == []
    talk.stream(post, {"jsonrpc": "2.0", "id": message_of(post)[1]["id"], "result": DONE})
    assert [event.handle for event in talk.told(ResponseReceived)] == [second]
    assert post.done


def test_what_comes_after_the_end_of_an_exchange_is_dropped():
    talk = connected(MODERN)
    _, exchange = talk.call()
    talk.result(exchange, MODERN_DONE)
    talk.told(ResponseReceived)
    exchange.receive_head(500, Headers(), 0.0)
    exchange.receive_data(b"x", 0.0)
    exchange.receive_failure("connection reset", 0.0)
    exchange.receive_eof(0.0)
    talk.drain()
    assert talk.events == []


def test_what_stands_between_callers_and_the_session_has_deadlines_here():
    talk = connected(MODERN)
    due = []
    talk.client.deadlines.arm("waiting", 5.0, "somebody waits", lambda: due.append(talk.now))
    talk.at(10.0)
    assert due == [5.0]


def test_notifications_go_out_one_after_the_other():
    able = schema.ClientCapabilities(roots=schema.RootsCapability(list_changed=True))
    talk = connected("2025-11-25", session={"capabilities": able})
    for _ in range(2):
        talk.session.notify("notifications/roots/list_changed", None, 0.0)
    first = talk.take()
    talk.answer(first, 400)
    talk.answer(talk.take(), 202)
    assert talk.take_all() == []
    assert len(talk.told(ProtocolViolated)) == 1
