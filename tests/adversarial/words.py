"""What the corpus expects in words: a check for each sentence, named by the place where it stands.

A place is the id of a case, then nothing for what holds of all of it, the number of an input, or a
revision or era. A check gets all runs of one input in one revision, for one role.
"""

import inspect
import json
import time

import pytest
from tests.adversarial.bench import ClientBench, ServerBench, flat
from tests.adversarial.corpus import bytes_of
from tests.adversarial.matching import run_uri
from tests.server.steps import steps_of
from tests.transcripts.cuts import Split, assert_same, in_one_piece, randomly
from tests.transcripts.scenarios import SCENARIOS

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
from sansmcp.testing import CLIENT_INFO, SeededEnvironment, byte_by_byte
from sansmcp.wire import Response, encode

WORDS = {}
"""The checks, by place."""


def says(case, *more, key="text"):
    """Enter a check."""

    def enter(function):
        WORDS[(case, *more, key)] = function
        return function

    return enter


def results(bench):
    """Return the replies that are results."""
    return [message for message in flat(bench.messages) if "result" in message]


def verdict(bench):
    """Return what was decided, without the words."""
    # Whether handlers end between two lines of one piece is not the machine's to say, so order is left out.
    kinds = sorted(type(event).__name__ for event in bench.events)
    return sorted(map(str, bench.messages)), kinds, sorted(bench.codes)


# JSON


@says("core-json-dup-key")
@says("core-json-encoding")
@says("core-json-trailing")
def nothing_of_it_is_executed(runs, _stimulus):
    for run in runs:
        assert results(run.bench) == []
        assert run.bench.of(RequestReceived) == []
        assert len(run.bench.of(ProtocolViolated)) == 1


@says("core-json-case-fold")
def names_that_differ_name_nothing(runs, _stimulus):
    for run in runs:
        assert results(run.bench) == []
        assert run.bench.of(RequestReceived) == []


@says("core-json-nonfinite")
def no_such_number_is_read_or_written(runs, _stimulus):
    for run in runs:
        assert run.bench.of(RequestReceived) == []
    for number in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(LocalProtocolError):
            encode(Response(id=1, result={"x": number}))


@says("core-json-bigint")
@says("core-json-depth-100k")
def nothing_was_raised_and_it_costs_one_message(runs, stimulus):
    listing = b'{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{$META}}'
    for run in runs:
        assert len(run.bench.of(ProtocolViolated)) == 1
        run.bench.feed_message(listing.replace(b"$META", meta(stimulus)))
        assert results(run.bench)[-1]["id"] == 9


def meta(stimulus):
    """Return the `_meta` member of a request."""
    part = {"parts": [{"text": "$META"}]}
    return bytes_of(type(stimulus)(**{**vars_of(stimulus), "input": part}), {})


def vars_of(stimulus):
    """Return the members of a stimulus."""
    names = ("case", "number", "revision", "role", "input", "expected")
    return {name: getattr(stimulus, name) for name in names}


@says("core-json-depth-boundary")
def the_limit_is_64(runs, stimulus):
    arrays = next(part["n"] for part in stimulus.input["parts"] if part.get("repeat") == "[")
    assert {61: bool(results(runs[0].bench)), 62: not results(runs[0].bench)}[arrays]


@says("core-json-depth-boundary", key="invariant")
def the_verdict_is_a_function_of_the_bytes(runs, _stimulus):
    assert {"at depth 10", "at depth 900", "as a line byte by byte"} <= {run.way for run in runs}
    for run in runs:
        assert verdict(run.bench) == verdict(runs[0].bench), run.way


@says("core-json-bom")
def the_mark_in_three_pieces_is_the_same(runs, _stimulus):
    whole, bytewise = runs
    assert bytewise.way == "byte by byte"
    assert verdict(whole.bench) == verdict(bytewise.bench)


@says("core-json-bom", 0)
def one_mark_is_skipped(runs, _stimulus):
    for run in runs:
        assert [message["id"] for message in results(run.bench)] == [1]
        assert run.bench.of(ProtocolViolated) == []


@says("core-json-bom", 1)
@says("core-json-bom", 3)
def the_mark_is_not_skipped(runs, _stimulus):
    for run in runs:
        assert results(run.bench) == []
        assert len(run.bench.of(ProtocolViolated)) == 1


@says("core-json-bom", 2)
def the_first_is_answered_and_the_second_is_not(runs, _stimulus):
    for run in runs:
        assert [message["id"] for message in results(run.bench)] == [1]
        assert [event.code for event in run.bench.of(ProtocolViolated)] == [-32700]


# Envelopes


@says("core-rpc-shape")
def the_error_has_the_id_that_was_readable(runs, stimulus):
    text = stimulus.input["parts"][0]["text"]
    for run in runs:
        assert len(run.bench.of(ProtocolViolated)) == 1
        if '"id":1' in text:
            assert [error["id"] for error in run.bench.errors] == [1]
        else:
            assert_unreadable(run.bench, stimulus)


def assert_unreadable(bench, stimulus):
    """An unreadable message is answered without an id since 2025-11-25, and before that not at all."""
    if stimulus.revision >= "2025-11-25":
        (error,) = bench.errors
        assert "id" not in error
    else:
        assert bench.messages == []


@says("core-notification-confusion", 1)
def the_request_is_not_cancelled(runs, _stimulus):
    for run in runs:
        assert run.bench.of(RequestCancelled) == []
        run.bench.handler_returns("before")
        run.bench.drain()
        assert [message["id"] for message in results(run.bench)] == [2]


@says("core-id-types")
def no_such_id_is_taken_or_given_back(runs, stimulus):
    for run in runs:
        assert run.bench.of(RequestReceived) == []
        assert results(run.bench) == []
        assert_unreadable(run.bench, stimulus)


@says("core-batch-by-revision", "2025-03-26")
def both_are_answered_and_the_notification_is_not(runs, _stimulus):
    for run in runs:
        answers = flat(run.bench.messages)
        assert sorted(message["id"] for message in answers) == [1, 2]
        assert all(message["result"] == {} for message in answers)


# Framing


@says("stdio-unicode-separators")
def the_handler_sees_the_three_characters(runs, _stimulus):
    for run in runs:
        assert run.bench.last == "a\u2028\u2029\u0085b"
        (result,) = results(run.bench)
        assert result["result"]["content"][0]["text"] == "a\u2028\u2029\u0085b"


@says("stdio-garbage-lines")
def each_bad_line_is_one_event_with_its_text(runs, _stimulus):
    for run in runs:
        violations = run.bench.of(ProtocolViolated)
        assert [violation.excerpt for violation in violations] == [
            "Starting server...",
            "\\xff\\xfe",
            '{"not":"json-rpc"}',
        ]
        assert run.bench.messages == []
        assert run.bench.is_open


@says("stdio-eof-mid-frame")
def all_calls_end_at_once_and_the_fragment_is_not_read(runs, _stimulus):
    for run in runs:
        bench = run.bench
        assert len(bench.wire_ids) == 3
        assert all(len(bench.outcomes(handle)) == 1 for handle in bench.wire_ids)
        assert bench.of(ResponseReceived, RequestTimedOut) == []
        assert bench.now == 0.0
        assert not bench.is_open


@says("stdio-byte-by-byte", key="invariant")
def no_cut_makes_a_difference_and_time_is_linear(_runs, stimulus):
    played = [scenario for scenario in SCENARIOS if scenario.revision == stimulus.revision]
    for scenario in played[::15]:
        _, length = in_one_piece(scenario)
        assert_same(scenario, byte_by_byte, f"{scenario} byte by byte")
        assert_same(scenario, randomly(7), f"{scenario} seeded")
        for place in range(1, length, max(1, length // 20)):
            assert_same(scenario, Split(place), f"{scenario} cut after {place} bytes")
    assert_linear(lambda size: fed_byte_by_byte(stimulus, size), 20_000)


def fed_byte_by_byte(stimulus, size):
    """Let one line of so many bytes be read byte by byte."""
    bench = ServerBench(stimulus.revision) if stimulus.role == "server" else ClientBench(stimulus.revision)
    for _ in range(size):
        bench.link.receive_data(b"x", 0.0)


def assert_linear(function, size):
    """Twice the size takes about twice the time; four times would be quadratic."""
    function(size // 10)
    once, twice = (min(timed(function, times * size) for _ in range(3)) for times in (1, 4))
    assert twice < 10 * once + 0.01, (once, twice)


def timed(function, size):
    """Return the CPU time of a call."""
    start = time.process_time()
    function(size)
    return time.process_time() - start


@says("stdio-line-bomb")
def it_is_refused_at_the_limit_and_costs_one_message(runs, stimulus):
    for run in runs:
        assert len(run.bench.of(ProtocolViolated)) == 1
        assert [message["id"] for message in results(run.bench)] == [1]
    bench = ServerBench(stimulus.revision)
    piece = b"x" * 65536
    for _ in range(64):
        bench.feed(piece)
    assert bench.of(ProtocolViolated) == []
    bench.feed(b"x")
    assert len(bench.of(ProtocolViolated)) == 1
    client = ClientBench(stimulus.revision)
    handle = client.call("tools/list")
    client.feed(b"x" * (8 * 1024 * 1024) + b"\n", chunk=65536)
    answer = {"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    line = {"jsonrpc": "2.0", "id": client.wire_ids[handle], "result": answer}
    client.feed(json.dumps(line).encode() + b"\n")
    assert len(client.of(ProtocolViolated)) == 1
    assert isinstance(client.outcomes(handle)[0], ResponseReceived)
    assert client.messages == []


@says("stdio-request-flood")
def the_flood_is_bounded_and_the_rest_goes_on(runs, stimulus):
    for run in runs:
        (_, stats, refused) = run.notes[0]
        assert (stats.requests_in_flight, stats.requests_waiting) == (1000, 1000)
        assert refused == 18_000
        for error in run.bench.errors:
            assert error["error"]["code"] == -32603
            assert "1000" in error["error"]["message"]
        ids = [message["id"] for message in run.bench.messages]
        assert len(ids) == len(set(ids)) == 20_000
    bench = ServerBench(stimulus.revision)
    call = '"method":"tools/call","params":{$META,"name":"slow","arguments":{"tag":"all"}}}'
    call = call.replace("$META", meta(stimulus).decode())
    bench.feed("".join(f'{{"jsonrpc":"2.0","id":{number},{call}\n' for number in range(2500)).encode())
    before = len(bench.messages)
    cancelled = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}\n'
    bench.feed(cancelled % 5 + cancelled % 1500)
    assert [event.request_id for event in bench.of(RequestCancelled)] == [5]
    assert bench.session.stats().requests_waiting == 999
    if not stimulus.modern:
        bench.feed(b'{"jsonrpc":"2.0","id":"p","method":"ping"}\n')
        assert bench.messages[before:] == [{"jsonrpc": "2.0", "id": "p", "result": {}}]


@says("stdio-eof-drain")
def what_is_finished_is_flushed_and_the_rest_is_cancelled(runs, _stimulus):
    assert len(runs) == 3
    for run in runs:
        bench = run.bench
        assert [message["id"] for message in results(bench)] == [1]
        assert len(bench.of(RequestCancelled)) == run.choices["in_flight"]
        assert bench.now == 0.5
        assert bench.link.done


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
