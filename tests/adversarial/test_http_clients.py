"""The cases of the corpus that are about a client over HTTP, in each of their revisions.

Each is run against the machine and against HTTP/1.1 as bytes. What is checked is the case's own words.
"""

import itertools
import json

import pytest
from tests.adversarial.corpus import bytes_of, http_cases, stimuli_of
from tests.adversarial.visiting import DISCOVERED, MODERN, SECRETS, WAYS, Visit, done, initialized

from sansmcp.http import claims_of, decode_value
from sansmcp.schema import LATEST_LEGACY, REVISIONS
from sansmcp.session import (
    Connected,
    DetectionState,
    Disconnected,
    ProtocolViolated,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.wire import EventReader, Request

CASES = {case.id: case for case in http_cases() if case.transport != "http-server"}

RUN = (
    "client-sse-grammar",
    "client-redirects",
    "client-stream-ends",
    "client-header-injection",
    "client-era-fallback",
    "core-x-mcp-header-invalid",
)


def in_each_revision(case, *, rows=None):
    """Run a test in each revision of a case, in each way, and for each of its rows."""
    names = ["stimulus", "way"] if rows is None else ["stimulus", "way", "row"]
    lists = [stimuli_of(CASES[case]), WAYS, *([] if rows is None else [rows])]
    return pytest.mark.parametrize(names, list(itertools.product(*lists)), ids=str)


def rows_of(case):
    return [tuple(row) for row in CASES[case].input["rows"]]


def test_each_case_of_a_client_over_http_is_run():
    assert set(RUN) == set(CASES)


# client-sse-grammar


def events_of(stream, cuts):
    """Return the data that is read of a stream that is cut, with the last id and the time to wait."""
    reader = EventReader()
    for start, end in itertools.pairwise([0, *cuts, len(stream)]):
        reader.receive_data(stream[start:end])
    found = [event.data.decode() for event in iter(reader.next_event, None)]
    return found, reader.last_event_id, reader.retry


@pytest.mark.parametrize("stimulus", stimuli_of(CASES["client-sse-grammar"])[:1], ids=str)
def test_the_grammar_of_events_is_read_alike_for_every_cut(stimulus):
    stream = bytes_of(stimulus, {})
    expected = (stimulus.expected["sse_events"], None, None)
    assert events_of(stream, []) == expected
    assert events_of(stream, range(1, len(stream))) == expected
    for cut in range(1, len(stream)):
        assert events_of(stream, [cut]) == expected


@in_each_revision("client-sse-grammar")
def test_a_client_reads_such_a_stream_alike_for_every_cut(stimulus, way):
    stream = bytes_of(stimulus, {})

    def told(size):
        visit = Visit(way, (stimulus.revision,)).connect()
        handle, asked = visit.call()
        asked.begin(200, [("content-type", "text/event-stream")])
        for start in range(0, len(stream), size):
            asked.push(stream[start : start + size])
        violations = [event.reason for event in visit.of(ProtocolViolated)]
        asked.end()
        (outcome,) = visit.outcomes(handle)
        assert isinstance(outcome, RequestLost)
        # None of the five is a message.
        assert len(violations) == len(stimulus.expected["sse_events"])
        return violations, outcome.reason

    assert told(len(stream)) == told(1)


# client-redirects


@in_each_revision("client-redirects", rows=rows_of("client-redirects"))
def test_a_redirection_is_followed_on_its_origin_only(stimulus, way, row):
    status, location, followed = row
    visit = Visit(way, (stimulus.revision,), url=stimulus.input["url"]).connect()
    visit.every.clear()
    handle, first = visit.call()
    asked, limit = first, 10
    visit.answer(asked, status, headers=[("location", location)])
    if followed is True:
        again = visit.take()
        assert (again.origin, again.method, again.body) == (first.origin, "POST", first.body)
        assert again.target == location.replace("https://same.example:443", "")
        assert again.headers.get("authorization") == SECRETS["Authorization"]
        visit.result(again, done(stimulus.revision))
        assert [type(event) for event in visit.outcomes(handle)] == [ResponseReceived]
        return
    while visit.asked and len(visit.every) < limit:
        visit.answer(visit.take(), status, headers=[("location", location)])
    assert {each.origin for each in visit.every} == {first.origin}
    assert {(each.method, each.body) for each in visit.every} == {("POST", first.body)}
    assert len(visit.every) == (6 if followed == "stops within 5" else 1)
    (outcome,) = visit.outcomes(handle)
    assert isinstance(outcome, RequestLost)
    # A password is not shown.
    assert location.replace("u:p@", "...@") in outcome.reason


# client-stream-ends


@in_each_revision("client-stream-ends", rows=CASES["client-stream-ends"].input["responses"])
def test_a_request_that_gets_no_answer_is_lost_at_once(stimulus, way, row):
    visit = Visit(way, (stimulus.revision,)).connect()
    handle, asked = visit.call()
    body = row["body"].encode() if "body" in row else None
    visit.answer(asked, row["status"], body, kind=row.get("type", ""))
    visit.advance(stimulus.expected["limits"]["virtual_s"])
    assert [type(event).__name__ for event in visit.outcomes(handle)] == [stimulus.expected["call"]]
    assert visit.asked == []


@in_each_revision("client-stream-ends")
def test_a_legacy_stream_with_an_event_id_is_resumed_before_its_call_is_lost(stimulus, way):
    visit = Visit(way, (stimulus.revision,)).connect()
    handle, asked = visit.call()
    asked.begin(200, [("content-type", "text/event-stream")])
    asked.push(b"id: 7\ndata:\n\n")
    asked.end()
    if stimulus.revision == MODERN:
        assert [type(event) for event in visit.outcomes(handle)] == [RequestLost]
        return
    assert visit.outcomes(handle) == []
    visit.advance(5)
    resumed = visit.asked.pop(0)
    assert (resumed.method, resumed.headers.get("last-event-id")) == ("GET", "7")
    answer = {"jsonrpc": "2.0", "id": asked.message["id"], "result": done(stimulus.revision)}
    resumed.begin(200, [("content-type", "text/event-stream")])
    resumed.push(b"id: 8\ndata: %b\n\n" % json.dumps(answer).encode())
    assert [type(event) for event in visit.outcomes(handle)] == [ResponseReceived]


# client-header-injection

REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}


def listed(visit, tools):
    """Let a client list tools; return the result it is given."""
    handle = visit.session.send_request("tools/list", None, visit.now)
    visit.result(
        visit.take(),
        {"resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private"},
    )
    (outcome,) = visit.outcomes(handle)
    return outcome.result


@in_each_revision("client-header-injection", rows=rows_of("client-header-injection"))
def test_a_value_that_is_mirrored_stays_in_its_line_and_comes_back(stimulus, way, row):
    value, written = row
    visit = Visit(way, (stimulus.revision,)).connect()
    assert [tool.name for tool in listed(visit, [{"name": value, "inputSchema": REGION}]).tools] == [value]
    _, asked = visit.call(value, {"region": value})
    assert asked.headers.all("mcp-name") == asked.headers.all("mcp-param-region") == (written,)
    for never in stimulus.expected["never"]:
        assert never not in "".join(f"{name}: {text}\r\n" for name, text in asked.headers.lines)
        assert never.encode() not in b"".join(wire.raw.partition(b"\r\n\r\n")[0] for wire in visit.wires)
    assert not any(set("\r\n\0") & set(text) for _, text in asked.headers.lines)
    message = asked.message
    request = Request(id=message["id"], method=message["method"], params=message["params"])
    claims = claims_of(asked.headers, request, {"Region": ("region",)})
    assert (claims.version, claims.fault, claims.conflict) == (stimulus.revision, None, None)
    assert decode_value(asked.headers.get("mcp-name")) == value


# core-x-mcp-header-invalid


@in_each_revision("core-x-mcp-header-invalid")
def test_tools_with_bad_annotations_are_left_out_each_with_an_event(stimulus, way):
    visit = Visit(way, (stimulus.revision,)).connect()
    tools = stimulus.input["tools"]
    assert [tool.name for tool in listed(visit, tools).tools] == ["valid"]
    told = [event.reason for event in visit.of(ProtocolViolated)]
    bad = [tool["name"] for tool in tools if tool["name"] != "valid"]
    assert len(told) == len(bad)
    for reason, name in zip(told, bad, strict=True):
        assert reason.startswith(f"the tool {name!r} is left out: ")
        assert reason.isprintable()


# client-era-fallback


def answers():
    """Return what each row of the case stands for: an answer to the probe, by its words."""
    return {
        '400 with -32022, supported ["2099-01-01"]': (
            400,
            -32022,
            {"supported": ["2099-01-01"], "requested": MODERN},
        ),
        "400 with -32020": (400, -32020, None),
        "400 with -32021": (400, -32021, {"requiredCapabilities": {}}),
        "404 with -32601": (404, -32601, None),
        "400, empty body": (400, None, None),
        "400, text/html": (400, None, "<p>"),
        '400 with -32600 "Missing session ID"': (400, -32600, None),
        "404, empty": (404, None, None),
        "405": (405, None, None),
        "500": (500, None, None),
        "503": (503, None, None),
        "no answer within the timeout": None,
    }


def give(visit, asked, found):
    """Answer as a row says."""
    if found is None:
        visit.advance(visit.now + 60)
        return
    status, code, data = found
    if code is not None:
        visit.error(asked, status, code, "Missing session ID" if code == -32600 else "no", data)
    elif data is not None:
        visit.answer(asked, status, data.encode(), kind="text/html")
    else:
        visit.answer(asked, status)


@in_each_revision("client-era-fallback", rows=rows_of("client-era-fallback"))
def test_the_answer_to_the_first_modern_request_decides_the_era(stimulus, way, row):
    answer, then = row
    visit = dual(stimulus, way)
    visit.machine.connect(0.0)
    first = visit.take()
    assert first.message["method"] == "server/discover"
    give(visit, first, answers()[answer])
    if not then.startswith("initialize"):
        assert visit.asked == []
        assert len(visit.of(Disconnected)) == 1
        assert visit.session.finding is None
        return
    second = visit.take()
    assert second.message["method"] == "initialize"
    visit.result(second, initialized(legacy_of(stimulus)), headers=[("mcp-session-id", "s-1")])
    visit.answer(visit.take(), 202)
    visit.answer(visit.take(), 405)
    assert len(visit.of(Connected)) == 1
    # The verdict is kept: where the session is gone, nobody asks for the era again.
    _, call = visit.call()
    visit.answer(call, 404)
    assert visit.take().message["method"] == "initialize"


@in_each_revision("client-era-fallback", rows=rows_of("client-era-fallback"))
def test_http_and_sse_is_tried_after_initialize_where_it_is_offered(stimulus, way, row):
    answer, then = row
    visit = dual(stimulus, way)
    visit.machine.connect(0.0)
    give(visit, visit.take(), answers()[answer])
    if "HTTP+SSE" not in then:
        assert [each.method for each in visit.asked] in ([], ["POST"])
        return
    give(visit, visit.take(), answers()[answer])
    # Servers of that transport speak later revisions, too.
    asked = visit.take()
    assert (asked.method, asked.headers.get("accept")) == ("GET", "text/event-stream")
    assert "last-event-id" not in asked.headers


@in_each_revision(
    "client-era-fallback",
    rows=[row for row in rows_of("client-era-fallback") if not row[1].startswith("initialize")],
)
def test_a_call_to_a_modern_server_fails_and_never_becomes_a_handshake(stimulus, way, row):
    answer, then = row
    visit = dual(stimulus, way)
    visit.machine.connect(0.0)
    visit.result(visit.take(), DISCOVERED)
    handle, asked = visit.call()
    give(visit, asked, answers()[answer])
    for _ in range(3):
        # It may be corrected and sent again.
        for again in visit.asked[:]:
            assert again.message["method"] != "initialize"
            visit.asked.remove(again)
            give(visit, again, answers()[answer])
    (outcome,) = visit.outcomes(handle)
    if "RequestTimedOut" in then:
        assert isinstance(outcome, RequestTimedOut)
    elif "-32" in answer:
        assert isinstance(outcome, RequestFailed | RequestLost)
        assert "method not found" not in then or outcome.code == -32601
    else:
        assert isinstance(outcome, RequestLost)
    assert visit.session.detection is DetectionState.MODERN


def legacy_of(stimulus):
    """Return the legacy revision that the server of a case speaks."""
    return LATEST_LEGACY if stimulus.revision == MODERN else stimulus.revision


def dual(stimulus, way):
    """Return a client that speaks the revision and the modern one; for the modern one, all."""
    every = stimulus.revision == MODERN
    return Visit(way, REVISIONS if every else (stimulus.revision, MODERN))
