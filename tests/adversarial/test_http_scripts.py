"""The cases of the corpus that are stories of several clients of a server over HTTP, with a clock.

Each is told in each of its revisions, against the machine and against HTTP/1.1 as bytes.
"""

import gc
import itertools
import random
import tracemalloc

import pytest
from tests.adversarial.asking import verify
from tests.adversarial.checks import MIB
from tests.adversarial.conftest import FULL
from tests.adversarial.corpus import http_cases, stimuli_of
from tests.adversarial.hosting import WAYS, Host, WireCall

from sansmcp.errors import LocalProtocolError
from sansmcp.http import HttpLimits, MemoryEventStore
from sansmcp.schema import LATEST_LEGACY
from sansmcp.session import (
    Change,
    ChangeKind,
    Disconnected,
    RequestCancelled,
    SessionOpened,
)
from sansmcp.wire import EventReader, encode_event

CASES = {case.id: case for case in http_cases() if case.transport == "http-server" and case.kind != "each"}

TOLD = frozenset(
    {
        "http-cross-client-ids",
        "http-disconnect",
        "http-last-event-id",
        "http-session-exhaustion",
        "http-session-principal",
        "http-session-second-get",
        "http-slow-reader",
        "http-slowloris",
        "http-sse-injection",
    }
)


def told(case, *, ways=WAYS):
    """Tell a case in each of its revisions and in each way."""
    both = list(itertools.product(stimuli_of(CASES[case]), ways))
    return pytest.mark.parametrize(("stimulus", "way"), both, ids=str)


def told_in_turns(case, *, ways=WAYS):
    """Tell a long case in each way once, in revisions that take turns; with `SANSMCP_MATRIX=full` in all."""
    if FULL:
        return told(case, ways=ways)
    stimuli = list(reversed(stimuli_of(CASES[case])))
    both = [(stimuli[turn % len(stimuli)], way) for turn, way in enumerate(ways)]
    return pytest.mark.parametrize(("stimulus", "way"), both, ids=str)


def steps_of(case):
    """Return what a case does, step by step."""
    return [step["do"] for step in CASES[case].input["steps"]]


def test_each_case_of_a_server_over_http_that_is_a_story_is_told():
    assert set(CASES) == TOLD


# http-sse-injection


@pytest.mark.parametrize("each", CASES["http-sse-injection"].input["each"], ids=str)
def test_what_would_make_other_events_is_refused_and_the_rest_comes_back(each):
    data, options = each["data"].encode(), {}
    if "id" in each:
        options["event_id"] = each["id"]
    if "event" in each:
        options["event"] = each["event"]
    if each["expected"].startswith("LocalProtocolError"):
        with pytest.raises(LocalProtocolError):
            encode_event(data, **options)
        return
    assert each["expected"] == "round trip"
    reader = EventReader()
    reader.receive_data(encode_event(data, **options))
    assert [event.data for event in iter(reader.next_event, None)] == [data]


@told("http-sse-injection")
def test_a_server_writes_one_line_of_data_for_each_message(stimulus, way):
    host = Host(way, stimulus, responses="stream")
    text = "a\r\nb\n\ndata: evil\u2028\u2029\u0085\0\x1b"
    reply = host.ask(host.call(session=host.open_session(), arguments={"x": text}))
    assert [result["content"][0]["text"] for result in reply.results] == [text]
    assert b"\r" not in reply.body
    lines = [line for line in reply.body.split(b"\n") if line.startswith(b"data: {")]
    assert len(lines) == len(reply.messages)


# http-last-event-id


def noted(host, session, token=None):
    """Let a call be answered on a stream after a log record; return the ids of its events."""
    host.ask(host.set_level(session, token=token))
    reply = host.ask(host.call(session=session, tool="notes", token=token))
    assert reply.status == 200
    assert len(reply.messages) == 2
    return [event.event_id for event in reply.events if event.data]


@told("http-last-event-id")
@pytest.mark.parametrize("last", CASES["http-last-event-id"].input["last_event_id"])
def test_an_event_id_that_leads_nowhere_is_refused(stimulus, way, last):
    store = MemoryEventStore(limit=20_000)
    host = Host(way, stimulus, responses="stream", event_store=store, verify=verify)
    session = host.open_session(token="A")
    if "purged" in last:
        purged = noted(host, session, "A")[0]
        for _ in range(50):
            noted(host, session, "A")
    own = noted(host, session, "A")
    other = noted(host, host.open_session(token="A"), "A")
    others = noted(host, host.open_session(token="B"), "B")
    tokens = {
        "$stream_": own[0].rpartition("_")[0] + "_",
        "$other_session_1": other[0],
        "$other_principal_1": others[0],
        "$purged_0": purged if "purged" in last else "",
    }
    for name, value in tokens.items():
        last = last.replace(name, value)
    reply = host.ask(host.get(session=session, token="A", last=last))
    assert reply.status == stimulus.expected["http_status"]
    assert reply.messages == [] or reply.codes
    assert host.ask(host.call(session=session, token="A")).status == 200


@told("http-last-event-id")
def test_the_id_of_another_stream_of_the_session_replays_that_one_alone(stimulus, way):
    host = Host(way, stimulus, responses="stream")
    session = host.open_session()
    first, second = noted(host, session), noted(host, session)
    assert {name.rpartition("_")[0] for name in first}.isdisjoint(name.rpartition("_")[0] for name in second)
    for ids in (first, second):
        reply = host.ask(host.get(session=session, last=ids[0]))
        assert reply.status == 200
        assert [event.event_id for event in reply.events if event.data] == ids[1:]


# http-disconnect


@told("http-disconnect")
@pytest.mark.parametrize("has_store", [True, False])
def test_who_goes_away_cancels_in_the_modern_era_and_only_there(stimulus, way, has_store):
    assert steps_of("http-disconnect") == ["post", "drop", "tick"]
    host = Host(way, stimulus, responses="stream", **({} if has_store else {"event_store": None}))
    session = host.open_session()
    call = host.ask(host.call(session=session, tool="forever"))
    assert host.calls == ["forever"]
    (held,) = host.held.values()
    host.advance(1)
    before = call.body
    call.drop()
    if host.is_modern:
        assert [type(event) for event in host.of(RequestCancelled, Disconnected)][:1] == [RequestCancelled]
    host.advance(60)
    assert len(host.of(RequestCancelled)) == (1 if host.is_modern else 0)
    host.finish(held, "late")
    assert call.body == before
    if host.is_modern:
        return
    ids = [event.event_id for event in call.events if event.event_id is not None]
    assert bool(ids) is (has_store and host.revision == "2025-11-25")
    if ids:
        reply = host.ask(host.get(session=session, last=ids[0]))
        assert [result["content"][0]["text"] for result in reply.results] == ["late"]
    assert host.ask(host.call(session=session)).status == 200


# http-session-principal


@told("http-session-principal")
def test_a_session_belongs_to_the_principal_that_opened_it(stimulus, way):
    steps = CASES["http-session-principal"].input["steps"]
    assert [(step["do"], step["token"], step.get("issuer")) for step in steps] == [
        ("initialize", "A", None),
        ("post", "B", None),
        ("post", None, None),
        ("post", "A", "other"),
        ("get", "B", None),
        ("delete", "B", None),
        ("post", "A", None),
    ]
    host = Host(way, stimulus, verify=verify)
    session = host.open_session(token="A")
    unknown = session[:-4] + "0000"
    host.calls.clear()

    def same(build):
        found, lost = (host.ask(build(name)) for name in (session, unknown))
        assert found.status == lost.status == 404
        assert (found.headers.lines, found.body) == (lost.headers.lines, lost.body)

    same(lambda name: host.call(session=name, token="B"))
    reply = host.ask(host.call(session=session))
    assert (reply.status, reply.headers.get("www-authenticate")) == (401, "Bearer")
    same(lambda name: host.call(session=name, token="A@other"))
    same(lambda name: host.get(session=name, token="B"))
    same(lambda name: host.get(session=name, token="B", method="DELETE"))
    assert host.calls == []
    assert host.ask(host.call(session=session, token="A")).status == 200
    assert host.calls == ["echo"]


# http-session-second-get


@told("http-session-second-get")
def test_a_second_stream_is_refused_and_the_first_goes_on(stimulus, way):
    assert steps_of("http-session-second-get") == ["get", "get", "server_notify", "drop", "get"]
    host = Host(way, stimulus)
    name = host.open_session()
    (session,) = host.of_sessions(SessionOpened)
    first = host.ask(host.get(session=name))
    second = host.ask(host.get(session=name))
    assert (first.status, second.status) == (200, stimulus.expected["http_status"])
    assert not first.is_over
    session.publish(Change(kind=ChangeKind.TOOLS), host.now)
    host.drain()
    assert [message["method"] for message in first.messages] == ["notifications/tools/list_changed"]
    first.drop()
    third = host.ask(host.get(session=name))
    assert third.status == 200
    session.publish(Change(kind=ChangeKind.PROMPTS), host.now)
    host.drain()
    assert [message["method"] for message in third.messages] == ["notifications/prompts/list_changed"]
    assert len(first.messages) == 1


# http-session-exhaustion

MALFORMED = '{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":7}}'


@told_in_turns("http-session-exhaustion")
def test_sessions_are_bounded_and_go_when_they_are_idle_or_ended(stimulus, way):
    # On wires a hundredth of them, since the limit is a setting; and where time is short, elsewhere too.
    is_full = way == "machine" and (FULL or stimulus.revision == LATEST_LEGACY)
    scale = 1 if is_full else 100
    most = CASES["http-session-exhaustion"].input["steps"][0]["n"] // scale
    limits = HttpLimits() if scale == 1 else HttpLimits(sessions=most)
    assert (limits.sessions, limits.idle) == (most, 1800)
    host = Host(way, stimulus, http_limits=limits)
    sessions = [host.open_session() for _ in range(most)]
    host.forget()
    assert host.ask(host.initialize()).status == 503
    assert host.ask(host.get(session=sessions[2], method="DELETE")).status in {200, 202, 204}
    for _ in range(1000 // scale):
        reply = host.ask(host.initialize(body=MALFORMED))
        assert reply.codes == {-32602}
        assert "mcp-session-id" not in reply.headers
    assert host.machine.sessions == most - 1
    gone = sessions[most // 2 :]
    for name in gone:
        assert host.ask(host.get(session=name, method="DELETE")).status in {200, 202, 204}
    assert host.machine.sessions == most - 1 - len(gone)
    assert host.ask(host.initialize()).status == 200
    host.ask(host.call(session=sessions[1], tool="forever"))
    listening = host.ask(host.get(session=sessions[3]))
    kept = host.machine.sessions
    host.advance(1799)
    assert host.machine.sessions == kept
    assert not listening.is_over
    host.advance(1799.999)
    assert host.machine.sessions == kept
    host.advance(1800)
    assert host.machine.sessions == 2
    host.advance(10_000)
    assert host.machine.sessions == 2
    assert host.ask(host.call(session=sessions[1], number=2)).status == 200
    assert host.ask(host.call(session=sessions[0])).status == 404


@told_in_turns("http-session-exhaustion", ways=("machine",))
def test_an_idle_session_takes_little_memory(stimulus, way):
    host = Host(way, stimulus)
    # What the endpoint keeps for all of them together fills up first.
    for _ in range(1000):
        host.open_session()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(200):
            host.open_session()
        host.forget()
        gc.collect()
        assert (tracemalloc.get_traced_memory()[0] - before) / 200 <= 10_000
    finally:
        tracemalloc.stop()


# http-cross-client-ids


@told_in_turns("http-cross-client-ids")
def test_equal_ids_of_two_clients_never_meet(stimulus, way):
    (seeds,) = (step["seeds"] for step in CASES["http-cross-client-ids"].input["steps"] if "seeds" in step)
    for seed in range(seeds):
        chance = random.Random(seed)
        host = Host(way, stimulus)
        sessions = {name: host.open_session(client=name) for name in "AB"}
        replies = {}
        for name in "AB":
            if not host.is_modern:
                host.ask(host.set_level(sessions[name]))
            wanted = host.call(
                session=sessions[name],
                tool="whoami_slow",
                arguments={"marker": f"marker-{name}"},
                number=0,
                meta={"progressToken": 0},
                client=name,
            )
            replies[name] = host.ask(wanted)
        while host.stepping:
            host.step(chance.choice(list(host.stepping)))
            if chance.random() < 0.5:
                host.advance(host.now + chance.random() * 10)
        for name, other in ("AB", "BA"):
            reply = replies[name]
            assert f"marker-{other}".encode() not in reply.body
            assert [result["content"][0]["text"] for result in reply.results] == [f"{name} marker-{name}"]
            said = [message["method"] for message in reply.messages if "method" in message]
            assert said == ["notifications/progress", "notifications/message"]


# http-slowloris


@told("http-slowloris", ways=("h11",))
def test_heads_that_trickle_in_are_gone_at_their_deadline(stimulus, way):
    opening, sending, *_ = CASES["http-slowloris"].input["steps"]
    host = Host(way, stimulus)
    calls = [WireCall(host) for _ in range(opening["n"])]
    for number in range(4):
        host.advance(sending["every"] * number)
        for call in calls:
            call.send_raw(sending["bytes"].encode())
        if number == 1:
            assert not any(call.is_closed for call in calls)
            host.advance(9.999)
            assert not any(call.is_closed for call in calls)
            host.advance(10)
            assert all(call.is_closed for call in calls)
    assert host.endpoint.links == ()


@told("http-slowloris")
def test_a_body_that_trickles_in_is_answered_at_its_deadline(stimulus, way):
    host = Host(way, stimulus)
    wanted = host.call(session=host.open_session())
    call = host.begin(wanted)
    (rate,) = (step["rate"] for step in CASES["http-slowloris"].input["steps"] if "rate" in step)
    for second in range(30):
        host.advance(second)
        assert not call.is_over
        call.send(wanted.body[second * rate : (second + 1) * rate])
    host.advance(30)
    assert call.status == 408
    # What is still on its way is read for a moment, or the answer would be lost.
    host.advance(35)
    assert call.is_closed
    assert host.calls == []


@told("http-slowloris")
def test_a_reader_that_stalls_is_given_up_by_who_writes_to_it(stimulus, way):
    host = Host(way, stimulus)
    session = host.open_session()
    call = host.flooded(session, 2000)
    host.advance(30)
    # The drivers measure for how long nothing could be written.
    call.drop()
    host.advance(31)
    assert host.is_done(call)
    assert host.ask(host.call(session=session)).status == 200


# http-slow-reader


@told_in_turns("http-slow-reader")
def test_a_reader_that_stalls_costs_a_bounded_queue_and_nobody_else(stimulus, way):
    host = Host(way, stimulus)
    session, other = host.open_session(), host.open_session(client="other")
    host.advance(0.5)
    tracemalloc.start()
    try:
        call = host.flooded(session)
        host.advance(1)
        reply = host.ask(host.call(session=other))
        assert (reply.status, reply.is_over) == (200, True)
        host.advance(29)
        assert tracemalloc.get_traced_memory()[1] <= stimulus.expected["limits"]["rss_mib"] * MIB
    finally:
        tracemalloc.stop()
    call.drop()
    host.advance(30)
    assert host.is_done(call)
    assert host.machine.sessions == (0 if host.is_modern else 2)
