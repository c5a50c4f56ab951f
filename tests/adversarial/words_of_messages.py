"""What the corpus expects in words of JSON, envelopes and framing; see `saying`."""

import json
import time

import pytest
from tests.adversarial.bench import ClientBench, ServerBench, flat
from tests.adversarial.corpus import bytes_of
from tests.adversarial.saying import results, says, verdict
from tests.transcripts.cuts import Split, assert_same, in_one_piece, randomly
from tests.transcripts.scenarios import SCENARIOS

from sansmcp.errors import LocalProtocolError
from sansmcp.session import (
    ProtocolViolated,
    RequestCancelled,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.testing import byte_by_byte
from sansmcp.wire import Response, encode

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
