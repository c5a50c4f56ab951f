"""A client's side of a binding: who waits for which call, who answers, who is told of what, in any colour.

Both ends are joined under a virtual clock; futures wait, and nothing here ever blocks.
"""

import asyncio
from concurrent.futures import Future
from functools import partial

import pytest
from tests.client.told import TOOL, Told, progress, raised_by, say
from tests.session.ends import MODERN
from tests.session.joined import RESTART

from sansmcp import errors, schema
from sansmcp.client import (
    accept,
    call_tool,
    list_tools,
    ping,
    request,
    set_log_level,
)
from sansmcp.errors import LocalProtocolError, NotConnected
from sansmcp.schema import LATEST_LEGACY
from sansmcp.session import (
    Change,
    ChangeKind,
    Connected,
    InputCancelled,
    ProgressReceived,
    ResponseReceived,
    Restart,
    Severity,
    Timeouts,
)

ASK = {
    "who": schema.InputRequest(
        method="elicitation/create",
        params=schema.ElicitRequestFormParams(
            message="Who?",
            requested_schema=schema.RequestedSchema(properties={"who": schema.StringSchema()}),
        ),
    )
}


# Connecting


@pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])
def test_whoever_waits_for_the_connection_is_told_of_it_and_it_is_known_from_then_on(revision):
    client = Told(revision)
    with pytest.raises(NotConnected, match="not made yet"):
        _ = client.connection.connected
    assert not client.opened.done()
    client.connect()
    connected = client.opened.result(timeout=0)
    assert (type(connected), connected.revision) == (Connected, revision)
    assert client.connection.connected is connected
    assert client.connection.disconnected is None


def test_whoever_waits_for_a_connection_that_cannot_be_made_is_told_why():
    client = Told()
    client.both.reachable = False
    client.connect()
    with pytest.raises(NotConnected, match="nobody listens"):
        client.opened.result(timeout=0)
    assert client.connection.disconnected.reason == "nobody listens"
    assert client.texts(Severity.INFO) == ["disconnected: nobody listens"]


# Calls


def test_whoever_waits_gets_the_value_of_the_call():
    client = Told().connect()
    assert client.call(TOOL).result(timeout=0).content == ()


@pytest.mark.parametrize(
    ("happen", "exception"),
    [
        (lambda client: client.server.fail(client.requests()[-1].request_id, -1, "no", 0.0), "RequestFailed"),
        (lambda client: client.both.advance(60.0), "RequestTimedOut"),
        (lambda client: client.both.lose(), "RequestLost"),
    ],
)
def test_or_hears_why_there_is_none(happen, exception):
    client = Told(answer=False).connect()
    waiter = client.call(TOOL)
    assert not waiter.done()
    happen(client)
    client.both.settle()
    assert raised_by(waiter) is getattr(errors, exception)


def test_a_call_that_is_not_legal_raises_where_it_is_made():
    client = Told().connect()
    with pytest.raises(LocalProtocolError):
        client.connection.send(ping(), Future(), 0.0)
    with pytest.raises(LocalProtocolError):
        client.connection.send(request("no/such"), Future(), 0.0)


def test_a_call_that_needs_no_answer_is_over_at_once():
    client = Told().connect()
    pending, waiter = client.send(set_log_level("info"))
    assert (pending, waiter.done()) == (None, False)


def test_a_result_that_cannot_be_read_is_told_to_whoever_waits():
    client = Told().connect()
    waiter = client.call(request("tools/call", {"name": "x"}, schema.ListToolsResult))
    assert raised_by(waiter) is LocalProtocolError


def test_a_call_that_is_given_up_is_cancelled_at_the_server_and_nobody_hears_of_it():
    client = Told(answer=False).connect()
    pending, waiter = client.send(TOOL)
    for _ in range(2):
        client.connection.give_up(pending, 0.0)
        client.both.settle()
    names = [type(event).__name__ for event in client.both.server_events]
    assert names.count("RequestCancelled") == 1
    client.server.respond(client.requests()[0].request_id, {"content": []}, 0.0)
    client.both.settle()
    assert not waiter.done()


def test_a_call_that_has_ended_is_not_given_up():
    client = Told().connect()
    pending, waiter = client.send(TOOL)
    client.connection.give_up(pending, 0.0)
    client.both.settle()
    assert waiter.done()
    assert "RequestCancelled" not in [type(event).__name__ for event in client.both.server_events]


def test_whoever_no_longer_waits_is_left_alone():
    client = Told(answer=False).connect()
    waiter = client.call(TOOL)
    waiter.cancel()
    client.server.respond(client.requests()[0].request_id, {"content": []}, 0.0)
    client.both.settle()
    assert waiter.cancelled()


def test_calls_and_progress_of_a_users_own_on_the_session_concern_nobody_here():
    client = Told(answer=False).connect()
    client.endpoint.session.send_request("tools/call", {"name": "x"}, 0.0, progress=True)
    client.both.settle()
    progress(client, 1)
    client.server.respond(client.requests()[0].request_id, {"content": []}, 0.0)
    client.both.settle()
    assert client.texts() == []


# Calls that wait for a connection


def test_a_call_made_before_the_connection_waits_for_it():
    client = Told(LATEST_LEGACY)
    waiters = [client.call(call_tool(name)) for name in "abc"]
    assert client.requests() == []
    client.connect()
    assert [event.params.name for event in client.requests()] == ["a", "b", "c"]
    assert [waiter.result(timeout=0).content for waiter in waiters] == [()] * 3


@pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])
def test_a_call_made_while_a_lost_connection_is_made_again_waits_and_is_sent_then(revision):
    client = Told(revision, restart=RESTART).connect()
    client.both.lose()
    waiter = client.call(TOOL)
    assert (waiter.done(), client.requests()) == (False, [])
    client.both.advance(0.0)
    assert waiter.result(timeout=0).content == ()
    (lost,) = client.texts(Severity.WARNING)
    assert lost == "the connection is lost: the server died; attempt 1 in 0.0 s"


def test_a_call_made_before_the_loss_was_heard_of_waits_too():
    client = Told(restart=RESTART).connect()
    for link in tuple(client.both.peers):
        link.receive_eof(0.0)
    client.both.peers.clear()
    waiter = client.call(TOOL)
    client.both.advance(0.0)
    assert waiter.result(timeout=0).content == ()


def test_and_without_restart_it_hears_that_there_is_no_connection():
    client = Told().connect()
    for link in tuple(client.both.peers):
        link.receive_eof(0.0, "the server died")
    client.both.peers.clear()
    with pytest.raises(NotConnected, match="the server died"):
        client.call(TOOL).result(timeout=0)


def test_a_call_still_waits_when_the_connection_is_lost_as_soon_as_it_is_made():
    client = Told(LATEST_LEGACY, restart=RESTART).connect()
    client.both.lose()
    waiter = client.call(TOOL)
    # Answer and end of the next connection are read before any event is taken.
    client.endpoint.handle_timeout(0.0)
    (dial,) = client.endpoint.actions()
    far = client.both.server.accept(0.0)
    far.receive_data(dial.link.data_to_send(), 0.0)
    dial.link.receive_data(far.data_to_send(), 0.0)
    dial.link.receive_eof(0.0, "it died again")
    client.both.settle()
    assert not waiter.done()
    client.both.advance(5.0)
    assert waiter.result(timeout=0).content == ()


def test_a_call_that_waits_may_be_given_up_and_is_never_sent():
    client = Told(restart=RESTART).connect()
    client.both.lose()
    pending, waiter = client.send(TOOL)
    client.connection.give_up(pending, 0.0)
    client.both.advance(1.0)
    assert (waiter.done(), client.requests()) == (False, [])


@pytest.mark.parametrize(("timeout", "seconds"), [(3.0, 3.0), (None, 60.0)])
def test_a_call_waits_for_a_connection_no_longer_than_its_timeout(timeout, seconds):
    restart = Restart(first_delay=100.0, most_delay=100.0)
    client = Told(restart=restart).connect()
    client.both.reachable = False
    client.both.lose()
    client.both.advance(0.0)
    waiter = client.call(call_tool("tool", timeout=timeout))
    client.both.advance(seconds - 0.1)
    assert not waiter.done()
    client.both.advance(0.1)
    assert raised_by(waiter) is errors.RequestTimedOut
    assert client.requests() == []


def test_a_call_that_turns_out_not_to_be_legal_is_told_to_whoever_waits():
    client = Told(LATEST_LEGACY)
    illegal, legal = client.call(request("no/such")), client.call(TOOL)
    client.connect()
    assert raised_by(illegal) is LocalProtocolError
    assert legal.done()


def test_a_call_that_waits_and_needs_no_answer_has_its_value_on_connecting():
    client = Told()
    waiter = client.call(set_log_level("info"))
    assert not waiter.done()
    client.connect()
    assert waiter.result(timeout=0) is None


def test_calls_that_wait_hear_that_the_connection_is_given_up():
    client = Told(restart=RESTART).connect()
    client.both.lose()
    client.both.reachable = False
    client.both.advance(1.5)
    waiter = client.call(TOOL)
    client.endpoint.close(client.both.now)
    client.both.settle()
    with pytest.raises(NotConnected, match="this side closed the connection"):
        waiter.result(timeout=0)


def test_after_the_end_no_call_is_taken():
    client = Told().connect()
    client.both.lose()
    assert client.connection.disconnected.reason == "the server died"
    with pytest.raises(NotConnected, match="the server died"):
        client.connection.send(TOOL, Future(), 0.0)


# Who is told


def test_the_listener_of_a_call_hears_of_its_progress_in_order():
    heard = []
    client = Told(answer=False).connect()
    client.call(call_tool("x", on_progress=heard.append))
    progress(client, 1)
    progress(client, 2)
    assert [event.progress for event in heard] == [1, 2]


def test_a_call_without_a_listener_has_no_progress():
    client = Told(answer=False).connect()
    client.call(TOOL)
    assert client.requests()[0].progress_token is None


def test_all_that_is_told_is_told_in_order_whenever_that_is():
    order = []
    client = Told(
        answer=False,
        late=True,
        on_event=lambda _session, event: order.append(type(event)),
    )
    client.connect()
    waiter = Future()
    waiter.add_done_callback(lambda _: order.append("value"))
    client.call(call_tool("x", on_progress=lambda event: order.append(event.progress)), waiter)
    progress(client, 1)
    client.server.respond(client.requests()[0].request_id, {"content": []}, 0.0)
    client.both.settle()
    assert (order, client.opened.done(), waiter.done()) == ([], False, False)
    client.tell_all()
    assert order == [Connected, ProgressReceived, 1, ResponseReceived, "value"]
    assert client.opened.done()


STRAY = b'{"jsonrpc":"2.0","id":99,"result":{}}\n'
LOG = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"no"}}\n'


def test_log_messages_and_changes_are_told_to_their_listeners():
    logs, changes = [], []
    client = Told(LATEST_LEGACY, on_log=logs.append, on_change=changes.append).connect()
    say(client, LOG)
    client.server.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    client.both.settle()
    assert [event.data for event in logs] == ["no"]
    assert [event.change for event in changes] == [Change(kind=ChangeKind.TOOLS)]


def test_without_listeners_nobody_is_told():
    client = Told(LATEST_LEGACY).connect()
    say(client, LOG)
    client.server.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    client.both.settle()
    assert client.reports == []


def test_breaches_and_messages_without_a_place_are_reported():
    client = Told().connect()
    say(client, b"no\n")
    say(client, STRAY)
    assert (len(client.texts(Severity.WARNING)), len(client.texts(Severity.INFO))) == (1, 1)


def test_or_told_to_whoever_listens_for_them():
    breaches = []
    client = Told(on_violation=breaches.append).connect()
    say(client, b"no\n")
    say(client, STRAY)
    assert [type(event).__name__ for event in breaches] == ["ProtocolViolated", "MessageDropped"]
    assert client.reports == []


@pytest.mark.parametrize("listener", ["on_log", "on_change", "on_event", "on_violation"])
def test_a_listener_that_fails_is_reported_and_disturbs_no_call(listener):
    def fail(*_arguments):
        raise ValueError("no")

    client = Told(LATEST_LEGACY, **{listener: fail}).connect()
    say(client, LOG)
    client.server.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    say(client, b"no\n")
    assert client.call(TOOL).done()
    assert set(client.texts()) == {"a listener failed"}


def test_a_listener_of_progress_that_fails_is_reported_and_the_call_goes_on():
    def fail(_event):
        raise ValueError("no")

    client = Told(answer=False).connect()
    waiter = client.call(call_tool("x", on_progress=fail))
    progress(client, 1)
    client.server.respond(client.requests()[0].request_id, {"content": []}, 0.0)
    client.both.settle()
    assert (client.texts(), waiter.done()) == (["a listener failed"], True)


def test_a_listener_that_is_to_be_awaited_is_reported():
    async def listen(_event):
        raise AssertionError("unreachable: nobody awaits it")

    client = Told(LATEST_LEGACY, on_log=listen).connect()
    say(client, LOG)
    (text,) = client.texts()
    assert "expected nothing to await" in text


# Questions of the server


def asked(revision=MODERN, **settings):
    """Return a client whose call waits for the answer to a question, and who waits for the call."""
    client = Told(revision, answer=False, **settings).connect()
    waiter = client.call(TOOL)
    client.server.require_input(client.requests()[0].request_id, ASK, 0.0, request_state="s")
    client.both.settle()
    return client, waiter


BOTH_ERAS = pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])


@BOTH_ERAS
def test_a_handler_that_runs_at_once_answers_the_server(revision):
    client, _ = asked(revision, elicitation=lambda _: accept({"who": "me"}))
    assert client.requests()[-1].input_responses["who"].content == {"who": "me"}


@BOTH_ERAS
def test_a_handler_that_takes_its_time_answers_later(revision):
    client, _ = asked(revision, keeps=True, elicitation=lambda _: accept({"who": "me"}))
    assert len(client.requests()) == 1
    client.started[0].go_on()
    client.both.settle()
    assert client.requests()[-1].input_responses["who"].content == {"who": "me"}
    assert client.started[0].stopped == 0


def test_a_handler_that_fails_is_reported_and_the_server_told_no_more_than_that():
    def fail(_params):
        raise ValueError("pw=hunter2")

    client, _ = asked(LATEST_LEGACY, elicitation=fail)
    (report,) = [report for report in client.reports if report.severity is Severity.ERROR]
    assert report.text == "the handler of elicitation/create failed"
    assert str(report.error) == "pw=hunter2"
    assert "hunter2" not in str(client.requests()[-1].input_responses)


@BOTH_ERAS
def test_a_question_that_is_withdrawn_stops_its_handler_once_and_no_failure_is_told(revision):
    client, waiter = asked(revision, keeps=True, elicitation=lambda _: accept({"who": "me"}))
    client.both.lose()
    client.endpoint.close(0.0)
    client.both.settle()
    (started,) = client.started
    assert (started.stopped, raised_by(waiter)) == (1, errors.RequestLost)
    started.finish(partial(started.work.raised, asyncio.CancelledError()), 0.0)
    assert client.texts() == []


def test_a_question_whose_handler_nothing_can_stop_is_withdrawn_all_the_same():
    client, waiter = asked(keeps=True, stops=False, elicitation=lambda _: accept({"who": "me"}))
    client.both.lose()
    client.started[0].go_on()
    assert (raised_by(waiter), client.texts()) == (errors.RequestLost, [])


def test_a_handler_that_answers_before_start_returns_is_not_stopped():
    client, _ = asked(keeps=True, eager=True, elicitation=lambda _: accept({"who": "me"}))
    client.connection.handle(client.endpoint.session, InputCancelled(handle=1))
    assert client.requests()[-1].input_responses["who"].content == {"who": "me"}
    assert client.started[0].stopped == 0


@pytest.mark.parametrize("heard", [True, False])
def test_a_handler_that_has_answered_is_not_stopped_even_if_the_withdrawal_is_heard_of_later(heard):
    client, _ = asked(keeps=True, elicitation=lambda _: accept({"who": "me"}))
    if heard:
        client.started[0].go_on()
    for link in tuple(client.both.peers):
        link.receive_eof(0.0)
    client.both.peers.clear()
    if not heard:
        client.started[0].go_on()
    client.both.settle()
    assert client.started[0].stopped == 0


def test_the_numbers_of_a_client_reach_its_sessions():
    client = Told(timeouts=Timeouts(probe=2.0, request=3.0), answer=False).connect()
    waiter = client.call(list_tools())
    client.both.advance(3.0)
    assert raised_by(waiter) is errors.RequestTimedOut
