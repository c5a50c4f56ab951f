"""A modern server asks by a result that is none yet (2026-07-28, Multi Round-Trip Requests)."""

import pytest
from tests.session.ends import (
    MODERN,
    cancelled,
    drain,
    error,
    events,
    kinds,
    last_id,
    notification,
    open_client,
    request,
    response,
    take,
    tell,
    unchanged,
)

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import InputCancelled, KeepAlive, ProtocolViolated, RequestLost, SessionLimits, Timeouts

ROOTS = {"method": "roots/list"}
FORM = {
    "method": "elicitation/create",
    "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {}}},
}
SAMPLE = {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}
DONE = {"resultType": "complete", "content": []}
NO_ROOTS = schema.ListRootsResult(roots=())


def asks(id_, requests=None, state=None):
    result = {"resultType": "input_required"}
    if requests is not None:
        result["inputRequests"] = requests
    if state is not None:
        result["requestState"] = state
    return response(id_, result)


def calling(*, method="tools/call", now=0.0, **options):
    client = open_client(MODERN, now=now, **options)
    handle = client.send_request(method, {"name": "x", "uri": "r:1", "arguments": {}}, now)
    return client, handle, last_id(client)


@pytest.mark.parametrize("method", ["tools/call", "prompts/get", "resources/read"])
def test_when_every_question_is_answered_the_call_is_sent_again_under_a_new_id(method):
    client, handle, id_ = calling(method=method)
    tell(client, asks(id_, {"a": ROOTS, "b": FORM, "c": SAMPLE}, "st\u00e4te"))
    questions = events(client)
    assert [(event.method, event.call) for event in questions] == [
        ("roots/list", handle),
        ("elicitation/create", handle),
        ("sampling/createMessage", handle),
    ]
    assert len({event.handle for event in questions}) == 3
    roots, form, sample = questions
    assert (roots.params, form.params.message, sample.params.max_tokens) == (None, "?", 1)
    client.provide_input(form.handle, schema.ElicitResult(action="decline"), 0.0)
    client.provide_input(
        sample.handle, {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"}, 0.0
    )
    assert take(client) == []
    client.provide_input(roots.handle, schema.ListRootsResult(roots=(schema.Root(uri="file:///a"),)), 0.0)
    (retry,) = take(client)
    assert retry["method"] == method
    assert retry["id"] != id_
    assert retry["params"]["requestState"] == "st\u00e4te"
    assert retry["params"]["inputResponses"] == {
        "a": {"roots": [{"uri": "file:///a"}]},
        "b": {"action": "decline"},
        "c": {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"},
    }
    assert retry["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == MODERN
    tell(client, error(retry["id"], -1))
    assert events(client)[0].handle == handle


def test_a_state_alone_is_sent_back_at_once_and_is_not_kept_for_the_next_round():
    client, handle, id_ = calling()
    tell(client, asks(id_, state='\u2028 {"not": parsed} '))
    (retry,) = take(client)
    assert retry["params"]["requestState"] == '\u2028 {"not": parsed} '
    assert "inputResponses" not in retry["params"]
    tell(client, asks(retry["id"], {"a": ROOTS}))
    (asked,) = events(client)
    client.provide_input(asked.handle, NO_ROOTS, 0.0)
    (again,) = take(client)
    assert "requestState" not in again["params"]
    assert len({id_, retry["id"], again["id"]}) == 3
    tell(client, response(again["id"], DONE))
    assert events(client)[0].handle == handle


def test_an_empty_state_is_a_state():
    client, _, id_ = calling()
    tell(client, asks(id_, state=""))
    assert take(client)[0]["params"]["requestState"] == ""


def test_answers_and_state_stay_with_their_call():
    client, _, first = calling()
    client.send_request("tools/call", {"name": "y"}, 0.0)
    second = last_id(client)
    tell(client, asks(first, {"a": ROOTS}, "one"))
    tell(client, asks(second, {"a": ROOTS}, "two"))
    one, two = events(client)
    client.send_request("tools/call", {"name": "z"}, 0.0)
    assert set(take(client)[0]["params"]) == {"name", "_meta"}
    client.provide_input(two.handle, schema.ListRootsResult(roots=(schema.Root(uri="file:///2"),)), 0.0)
    client.provide_input(one.handle, schema.ListRootsResult(roots=(schema.Root(uri="file:///1"),)), 0.0)
    said = [
        (
            message["params"]["name"],
            message["params"]["requestState"],
            message["params"]["inputResponses"]["a"]["roots"][0]["uri"],
        )
        for message in take(client)
    ]
    assert said == [("y", "two", "file:///2"), ("x", "one", "file:///1")]


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"inputRequests": 7},
        {"inputRequests": {"a": 7}},
        {"inputRequests": {"a": {"method": "tools/list"}}},
        {"requestState": 7},
        {"inputRequests": {"a": {"method": "elicitation/create"}}},
    ],
)
def test_a_question_that_cannot_be_used_ends_the_call(result):
    client, handle, id_ = calling()
    tell(client, response(id_, {"resultType": "input_required", **result}))
    violated, lost = events(client)
    assert isinstance(violated, ProtocolViolated)
    assert (type(lost), lost.handle) == (RequestLost, handle)
    assert take(client) == []


def test_only_three_methods_may_ask():
    client = open_client(MODERN)
    client.send_request("tools/list", None, 0.0)
    tell(client, asks(last_id(client), {"a": ROOTS}))
    violated, lost = events(client)
    assert violated.reason == "result of tools/list: tools/list cannot ask the client"
    assert isinstance(lost, RequestLost)


@pytest.mark.parametrize(
    ("question", "needed"), [(ROOTS, "roots"), (FORM, "elicitation"), (SAMPLE, "sampling")]
)
def test_what_this_client_did_not_declare_is_not_answered(question, needed):
    client, _, id_ = calling(capabilities=schema.ClientCapabilities())
    tell(client, asks(id_, {"a": question}))
    violated, lost = events(client)
    assert f"{question['method']} needs {needed!r}" in violated.reason
    assert isinstance(lost, RequestLost)


@pytest.mark.parametrize("rounds", [0, 1, 10])
def test_a_call_is_asked_so_often_and_no_more(rounds):
    client, handle, id_ = calling(limits=SessionLimits(input_rounds=rounds))
    ids = [id_]
    for _ in range(rounds):
        tell(client, asks(ids[-1], state="s"))
        ids.append(last_id(client))
    tell(client, asks(ids[-1], state="s"))
    violated, lost = events(client)
    assert f"it has asked {rounds} times already, which is the limit" in violated.reason
    assert (lost.handle, len(set(ids))) == (handle, rounds + 1)


def test_by_default_ten_rounds_are_allowed():
    client, _, id_ = calling()
    for _ in range(10):
        tell(client, asks(id_, state="s"))
        id_ = last_id(client)
    assert events(client) == []
    tell(client, asks(id_, state="s"))
    assert kinds(client) == ["ProtocolViolated", "RequestLost"]


def test_an_answer_that_cannot_be_said_raises_and_changes_nothing():
    client, _, id_ = calling()
    tell(client, asks(id_, {"a": ROOTS, "b": ROOTS}))
    first, second = events(client)
    for asked in (first, second):
        for wrong in (
            7,
            None,
            {},
            {"roots": 7},
            schema.ElicitResult(action="accept"),
            schema.ListRootsResult(roots=(schema.Root(uri="\ud800"),)),
        ):
            unchanged(client, lambda asked=asked, wrong=wrong: client.provide_input(asked.handle, wrong, 0.0))
        client.provide_input(asked.handle, NO_ROOTS, 0.0)
    assert len(take(client)) == 1


def test_a_question_that_is_refused_ends_its_call_here():
    client, handle, id_ = calling()
    tell(client, asks(id_, {"a": ROOTS, "b": ROOTS}))
    first, second = events(client)
    client.refuse_input(first.handle, -1, "the user said no", 0.0)
    withdrawn, lost = events(client)
    assert withdrawn == InputCancelled(handle=second.handle, reason="its call has ended")
    assert (lost.handle, lost.reason) == (handle, "this side refused to answer: the user said no")
    assert (take(client), client.stats().calls_in_flight) == ([], 0)


def test_a_call_that_is_cancelled_while_it_asks_withdraws_its_questions_and_says_nothing():
    client, handle, id_ = calling()
    tell(client, asks(id_, {"a": ROOTS, "b": ROOTS}))
    questions = events(client)
    client.provide_input(questions[0].handle, NO_ROOTS, 0.0)
    client.cancel(handle, 0.0, reason="enough")
    assert events(client) == [InputCancelled(handle=questions[1].handle, reason="enough")]
    assert take(client) == []
    client.provide_input(questions[1].handle, NO_ROOTS, 0.0)
    tell(client, response(id_, DONE))
    assert (kinds(client), take(client)) == (["MessageDropped"], [])


def test_questions_end_with_the_connection():
    client, handle, id_ = calling()
    tell(client, asks(id_, {"a": ROOTS}))
    (asked,) = events(client)
    client.receive_eof(0.0)
    withdrawn, lost, _ = events(client)
    assert (withdrawn.handle, lost.handle) == (asked.handle, handle)
    assert client.stats().requests_in_flight == 0


def test_progress_of_a_retry_has_a_token_of_its_own_starts_anew_and_is_told_where_it_is_new():
    client = open_client(MODERN)
    client.send_request("tools/call", {"name": "x"}, 0.0, progress=True)
    (call,) = take(client)
    first = call["params"]["_meta"]["progressToken"]
    tell(client, notification("notifications/progress", {"progressToken": first, "progress": 5}))
    tell(client, asks(call["id"], state="s"))
    (retry,) = take(client)
    second = retry["params"]["_meta"]["progressToken"]
    assert second != first
    tell(client, notification("notifications/progress", {"progressToken": first, "progress": 6}))
    tell(client, notification("notifications/progress", {"progressToken": second, "progress": 1}))
    tell(client, notification("notifications/progress", {"progressToken": second, "progress": 5.5}))
    told = events(client)
    assert [type(event).__name__ for event in told] == [
        "ProgressReceived",
        "MessageDropped",
        "ProgressReceived",
    ]
    # The caller does not notice that there were two requests: what it is told rises.
    assert [told[0].progress, told[2].progress] == [5, 5.5]


# Clocks that stand still while our side owes an answer


def test_the_clock_of_a_modern_call_stands_still_while_it_asks_maximum_included():
    client, handle, id_ = calling(timeouts=Timeouts(request=10.0, request_maximum=15.0))
    tell(client, asks(id_, {"a": ROOTS}), 4.0)
    assert client.next_deadline() is None
    (asked,) = events(client)
    client.handle_timeout(1000.0)
    assert events(client) == []
    client.provide_input(asked.handle, NO_ROOTS, 1000.0)
    # A retry has its whole timeout, and of the maximum what was left: 11 seconds.
    assert client.next_deadline() == 1010.0
    tell(client, asks(last_id(client), state="s"), 1009.0)
    assert client.next_deadline() == 1011.0
    assert client.deadline_reason() == f"tools/call ({handle}) has reached its maximum"
    client.handle_timeout(1011.0)
    (timed_out,) = events(client)
    assert timed_out.reason == "tools/call was not answered within its maximum"


def test_another_call_has_its_own_clock_while_one_asks():
    client, _, id_ = calling()
    other = client.send_request("tools/call", {"name": "y"}, 0.0)
    drain(client)
    tell(client, asks(id_, {"a": ROOTS}), 4.0)
    drain(client)
    client.handle_timeout(60.0)
    assert events(client)[0].handle == other


LEGACY = "2025-11-25"


def test_the_clocks_of_all_calls_stand_still_while_a_legacy_question_is_open():
    client = open_client(LEGACY, timeouts=Timeouts(request=10.0, request_maximum=15.0))
    client.send_request("tools/call", {"name": "x"}, 0.0, progress=True)
    id_ = last_id(client)
    client.listen(schema.SubscriptionFilter(resource_subscriptions=("r:1",)), 0.0)
    for number in (7, 8):
        tell(client, request(number, "roots/list"), 4.0)
    first, second = events(client)
    assert client.next_deadline() is None
    client.provide_input(first.handle, NO_ROOTS, 50.0)
    assert client.next_deadline() is None
    tell(client, notification("notifications/progress", {"progressToken": id_, "progress": 1}), 60.0)
    client.provide_input(second.handle, NO_ROOTS, 100.0)
    # The progress came while the clock stood at 4; it has 10 s from there, of which none has passed. The
    # subscription had 6 s left.
    assert client.next_deadline() == 106.0
    client.handle_timeout(106.0)
    assert client.next_deadline() == 110.0
    client.handle_timeout(110.0)
    *_, timed_out = events(client)
    assert timed_out.reason == "tools/call was not answered within its timeout"


def test_a_call_that_was_made_while_a_question_was_open_stands_still_from_the_next_question_on():
    client = open_client(LEGACY, timeouts=Timeouts(request=10.0))
    tell(client, request(7, "roots/list"), 0.0)
    client.send_request("tools/call", {"name": "x"}, 0.0)
    assert client.next_deadline() == 10.0
    tell(client, request(8, "roots/list"), 5.0)
    assert client.next_deadline() is None
    for asked in events(client):
        client.refuse_input(asked.handle, -1, "no", 100.0)
    assert client.next_deadline() == 105.0


def test_a_call_that_was_made_while_a_question_was_open_keeps_its_deadline_when_it_is_answered():
    client = open_client(LEGACY, timeouts=Timeouts(request=10.0))
    tell(client, request(7, "roots/list"), 0.0)
    client.send_request("tools/call", {"name": "x"}, 1.0)
    client.provide_input(events(client)[0].handle, NO_ROOTS, 5.0)
    assert client.next_deadline() == 11.0


def test_a_withdrawn_question_lets_the_clocks_go_on():
    client = open_client(LEGACY, timeouts=Timeouts(request=10.0))
    client.send_request("tools/call", {"name": "x"}, 0.0)
    tell(client, request(7, "roots/list"), 4.0)
    tell(client, cancelled(7), 50.0)
    assert client.next_deadline() == 56.0


def test_a_ping_does_not_stand_still_it_measures_the_peer():
    client = open_client(LEGACY, keep_alive=KeepAlive(interval=20.0, timeout=5.0))
    client.handle_timeout(20.0)
    tell(client, request(7, "roots/list"), 21.0)
    assert client.next_deadline() == 25.0


def test_a_question_has_no_deadline_of_its_own():
    for revision in LEGACY_REVISIONS:
        client = open_client(revision)
        tell(client, request(7, "roots/list"))
        assert client.next_deadline() is None
