"""What the corpus expects in words of requests, handlers and what they ask; see `saying`."""

import inspect
import json

from tests.adversarial.matching import run_uri
from tests.adversarial.saying import says
from tests.server.steps import steps_of

from sansmcp.errors import LocalProtocolError, RemoteProtocolError, ToolError
from sansmcp.schema import SchemaError, UriTemplate
from sansmcp.server.sealing import Sealer
from sansmcp.server.uri_matching import UriMatcher
from sansmcp.session import (
    AnswerDropped,
    ClientSession,
    InputRequested,
    MessageDropped,
    ProtocolViolated,
    RequestCancelled,
    RequestLost,
    RequestReceived,
    RequestStateRefused,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.testing import CLIENT_INFO, SeededEnvironment

# Requests and answers


@says("core-response-malformed")
def the_call_ends_at_once_as_lost(runs, _stimulus):
    for run in runs:
        assert run.bench.now == 0.0
        (lost,) = run.bench.of(RequestLost)
        assert "Error" not in lost.reason
        assert run.bench.session.stats().calls_in_flight == 0


@says("core-meta-required", 3)
def the_error_names_the_versions(runs, _stimulus):
    for run in runs:
        (error,) = run.bench.errors
        assert error["error"]["data"]["requested"] == "1900-01-01"
        assert set(error["error"]["data"]["supported"]) == set(run.bench.server.revisions)


@says("core-server-request-modern")
def it_is_never_answered(runs, _stimulus):
    for run in runs:
        assert run.bench.messages == []
        assert run.bench.of(InputRequested) == []


@says("core-request-state-tamper")
def one_error_for_every_cause_and_the_cause_in_our_event(runs, _stimulus):
    told = [run for run in runs if run.way != "12"]
    assert {run.bench.answer["error"]["message"] for run in told} == {
        "requestState is not valid for this request"
    }
    assert all("data" not in run.bench.answer["error"] for run in runs)
    assert all(len(run.bench.of(RequestStateRefused)) == 1 for run in told)
    # What is no text is no state, which the codec says before anybody looks for a seal.
    (unread,) = [run.bench for run in runs if run.way == "12"]
    assert len(unread.of(ProtocolViolated)) == 1
    source = inspect.getsource(Sealer)
    assert "compare_digest" in source


@says("core-proto-keys")
def arguments_are_data(runs, stimulus):
    for run in runs:
        bench = run.bench
        (reply,) = bench.messages
        if bench.calls == ["kw"]:
            (context,) = bench.contexts
            assert type(context).__name__ == "Context"
            assert context.client.revision == stimulus.revision
            assert reply["result"]["content"][0]["text"] == "1"
        else:
            refused = reply.get("error", reply.get("result", {}))
            assert refused.get("code") == -32602 or refused.get("isError") is True


@says("core-id-string-vs-int")
def only_the_integer_is_cancelled(runs, _stimulus):
    for run in runs:
        (cancelled,) = run.bench.of(RequestCancelled)
        assert (type(cancelled.request_id), cancelled.request_id) == (int, 7)
        (answer,) = run.bench.messages
        assert (type(answer["id"]), answer["id"]) == (str, "7")


@says("core-id-duplicate-inflight")
def the_second_is_not_dispatched_and_the_id_is_free_again(runs, _stimulus):
    for run in runs:
        assert run.bench.calls == ["slow", "echo"]
        texts = [message["result"]["content"][0]["text"] for message in run.bench.messages]
        assert texts == ["A", "hi"]
        assert {message["id"] for message in run.bench.messages} == {5}


@says("core-response-unknown-id")
def the_call_resolves_once_with_no_tools(runs, _stimulus):
    for run in runs:
        (answered,) = run.bench.of(ResponseReceived)
        assert answered.result.tools == ()
        assert len(run.bench.of(MessageDropped, ProtocolViolated)) == 4


# Cancelling and time


@says("core-cancel-races", key="invariant")
def at_most_one_answer_and_none_after_a_cancel(runs, _stimulus):
    assert len(runs) == 12
    for run in runs:
        order = run.choices["order"]
        frames = [message for message in run.bench.messages if message.get("id") == 1]
        cancelled_first = order.index("cancel(1)") < order.index("handler_returns")
        assert len(frames) == (0 if cancelled_first else 1), order
        assert len(run.bench.of(AnswerDropped)) == (1 if cancelled_first else 0), order
        assert run.bench.session.stats().requests_in_flight == 0, order
        assert run.bench.session.stats().requests_waiting == 0, order


@says("core-timeout-late-reply")
def the_timeout_comes_at_its_instant_and_the_peer_is_told_once(runs, stimulus):
    for run in runs:
        (_, handle, wire_id), before, at = run.notes
        assert before == (4.999, 5.0, 0)
        assert (at[0], at[2]) == (5, 1)
        cancels = [m for m in run.bench.messages if m.get("method") == "notifications/cancelled"]
        assert [cancel["params"]["requestId"] for cancel in cancels] == [wire_id]
        again = run.bench.call("tools/list")
        assert run.bench.wire_ids[again] != run.bench.wire_ids[handle]
    if not stimulus.modern:
        initialize = ClientSession(info=CLIENT_INFO, revisions=(stimulus.revision,))
        initialize.connect(0.0)
        sent = initialize.actions()
        initialize.handle_timeout(60.0)
        assert [type(action).__name__ for action in [*sent, *initialize.actions()]] == ["Send", "Close"]


@says("core-progress-forever")
def it_ends_at_exactly_the_maximum(runs, _stimulus):
    for run in runs:
        assert run.bench.now == 60.0
        assert len(run.bench.of(RequestTimedOut)) == 1


# Handlers


@says("core-handler-exception")
def handlers_fail_apart_and_with_a_constant_text(runs, _stimulus):
    for run in runs:
        bench = run.bench
        answers = {message["id"]: message for message in bench.messages}
        assert set(answers) == {1, 2, 3, 5}
        texts = set()
        for number in (1, 2, 3):
            result = answers[number].get("result")
            assert result is None or result["isError"] is True
            assert result is not None or answers[number]["error"]["code"] == -32603
            texts.add(result["content"][0]["text"] if result else answers[number]["error"]["message"])
        assert len(texts) == 1
        assert "result" in answers[1]
        assert answers[5]["result"]["content"][0]["text"] == "hi"
        assert bench.session.stats().requests_in_flight == 1
        assert_shown(bench, ToolError("shown"))


def assert_shown(bench, error):
    """A handler that means its text to be seen has it seen."""

    def shows() -> str:
        raise error

    bench.server.add_tool(shows)
    bench.session = bench.server.open_session(SeededEnvironment())
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": "shows", "arguments": {}, "_meta": meta}
    bench.link = type(bench.link)(bench.session)
    bench.feed_message(
        json.dumps({"jsonrpc": "2.0", "id": 6, "method": "tools/call", "params": params}).encode()
    )
    (answer,) = [message for message in bench.messages if message["id"] == 6]
    assert answer["result"]["isError"] is True
    assert answer["result"]["content"][0]["text"] == "shown"


@says("core-pre-init")
def a_session_is_opened_once_and_stays_as_it_was(runs, stimulus):
    for run in runs:
        answers = {message["id"]: message for message in run.bench.messages}
        assert "error" in answers[1]
        assert answers[2]["result"] == {}
        assert answers[3]["result"]["protocolVersion"] == stimulus.revision
        assert answers[4]["error"]["code"] == -32600
        run.bench.feed_message(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        call = (
            b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"x":"a"}}}'
        )
        run.bench.feed_message(call)
        (received,) = run.bench.of(RequestReceived)
        assert received.client_info.name == "a"
        assert received.capabilities.sampling is None


# Pages, rounds, capabilities, subscriptions


@says("core-pagination-loop")
def a_walk_stops_by_page_64_or_where_a_cursor_comes_again(runs, _stimulus):
    assert len(runs) == 2
    for run in runs:
        ((_, error, asked),) = run.notes
        repeats = run.choices["reply_forever"]["nextCursor"] == "A"
        assert asked == (2 if repeats else 64), run.way
        assert ("twice" if repeats else "at most 64 pages") in str(error)
        # One page costs one request.
        assert len(run.bench.wire_ids) == asked


@says("core-mrtr-loop")
def ten_rounds_and_no_more(runs, _stimulus):
    assert len(runs) == 4
    for run in runs:
        loops = run.choices["call"] == "tools/call" and "requestState" in run.choices["reply_forever"]
        ids = [message["id"] for message in run.bench.messages]
        (_, answered) = run.notes[-1]
        assert answered == (11 if loops else 1), run.way
        assert len(ids) == len(set(ids)) == (10 if loops else 0), run.way
        assert run.bench.request["id"] not in ids
        assert len(run.bench.of(ProtocolViolated)) == 1


@says("core-capability-gate", "2026-07-28")
def the_error_names_what_is_missing(runs, _stimulus):
    for run in runs:
        (error,) = run.bench.errors
        assert "elicitation" in error["error"]["data"]["requiredCapabilities"]


@says("core-capability-gate", "legacy")
def nothing_is_asked_and_the_answer_names_the_capability(runs, _stimulus):
    for run in runs:
        (answer,) = run.bench.messages
        assert "method" not in answer
        refusal = answer.get("error") or answer["result"]
        assert "code" in refusal or refusal["isError"] is True
        assert "elicitation" in json.dumps(refusal)


@says("core-listen-order")
def acknowledged_then_the_change_then_the_end(runs, _stimulus):
    for run in runs:
        messages = run.bench.messages
        named = [message.get("method", "result") for message in messages]
        assert named == [
            "notifications/subscriptions/acknowledged",
            "notifications/prompts/list_changed",
            "notifications/cancelled",
            "result",
        ]
        tag = "io.modelcontextprotocol/subscriptionId"
        for message in (messages[0], messages[1]):
            assert message["params"]["_meta"][tag] == 1
        assert messages[2]["params"]["requestId"] == 1
        assert messages[3]["id"] == 1
        assert messages[3]["result"]["_meta"][tag] == 1


# Templates


@says("core-uri-template-traversal")
def no_value_leads_elsewhere_and_none_is_decoded_twice(runs, stimulus):
    unknown = run_uri(stimulus, "file:///elsewhere").notes[2]["error"]
    for run, each in zip(runs, stimulus.input["each"], strict=True):
        uri, found, answer = run.notes
        wanted = each["match"] if isinstance(each["match"], list) else [each["match"]]
        assert (False if found is None else found) in wanted, uri
        if found is None:
            expected = {"message": f"there is no resource {uri!r}", "data": {"uri": uri}}
            assert answer["error"] == {**unknown, **expected}


@says("core-uri-template-redos")
def twice_as_long_takes_twice_as_much_at_most(runs, stimulus):
    (run,) = runs
    uri, found, answer = run.notes
    assert (found is None) is ("error" in answer)
    matcher = UriMatcher(UriTemplate(stimulus.input["template"]))
    once, twice = (steps_of(matcher.match, uri[: len(uri) // part])[1] for part in (2, 1))
    assert twice <= 2 * once


# Schemas


@says("core-schema-network-ref")
def nothing_is_fetched_and_nothing_is_taken_for_granted(runs, stimulus):
    fault = LocalProtocolError if stimulus.role == "server" else RemoteProtocolError
    assert len(runs) == len(stimulus.input["schemas"])
    for run in runs:
        (error,) = run.notes
        assert isinstance(error, fault), run.way
        assert "nothing is fetched for it" in str(error) or "$schema is" in str(error)


@says("core-schema-bombs")
def a_bomb_is_refused_or_stopped(runs, stimulus):
    (doubled,), (cycle,) = (run.notes for run in runs)
    assert isinstance(doubled, SchemaError)
    assert "100000 steps" in str(doubled)
    assert isinstance(cycle, LocalProtocolError if stimulus.role == "server" else RemoteProtocolError)
    assert "leads to itself" in str(cycle)
