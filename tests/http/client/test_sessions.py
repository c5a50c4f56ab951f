"""Sessions of a client over Streamable HTTP: how they begin, are renewed and end."""

import pytest
from tests.http.client.streamable import REVISIONS, connected
from tests.http.client.talking import DONE, LEGACY, MODERN, URL, Talk, event_of, message_of

from sansmcp import schema
from sansmcp.schema import METHODS, Kind, Method, Side
from sansmcp.session import (
    Connected,
    Disconnected,
    InputRequested,
    ProtocolViolated,
    RequestLost,
    ResponseReceived,
    SubscriptionAcknowledged,
    Timeouts,
)

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
