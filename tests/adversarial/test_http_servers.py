"""The cases of the corpus that judge a server's answer to one request over HTTP.

Each is run in each of its revisions, against the machine, against HTTP/1.1 as bytes, and against an ASGI
application where that has the say. Each key of an expectation is checked; the sentences have checks of
their own.
"""

import pytest
from tests.adversarial.asking import Wanted
from tests.adversarial.checks import one_or_more
from tests.adversarial.corpus import bytes_of, http_cases, part_of, stimuli_of
from tests.adversarial.hosting import WAYS, Host, WireCall
from tests.adversarial.mounting import Mount

from sansmcp.session import ProtocolViolated

CASES = {case.id: case for case in http_cases() if case.transport == "http-server" and case.kind == "each"}
STIMULI = [stimulus for case in CASES.values() for stimulus in stimuli_of(case)]
OF_REQUESTS = [stimulus for stimulus in STIMULI if stimulus.input["kind"] == "http"]
OF_BYTES = [stimulus for stimulus in STIMULI if stimulus.input["kind"] == "bytes"]
OF_HEADS = [stimulus for stimulus in OF_BYTES if stimulus.case.id == "http-header-bomb"]

KEYS = {"http_status", "handler_calls", "rpc_error", "conn", "never", "text", "invariant"}


def body_of(stimulus):
    """Return the body that an input gives, None for that of the base request."""
    parts = stimulus.input.get("body")
    if parts is None:
        return None
    return b"".join(part_of(part, stimulus, {}, "utf-8") for part in parts)


def wanted_of(stimulus, host):
    """Return the request of an input."""
    session = host.open_session()
    host.forget()
    kind = stimulus.input["request"]
    base = {
        "call": lambda: host.call(session=session),
        "get": lambda: host.get(session=session),
        "delete": lambda: host.get(session=session, method="DELETE"),
        "initialize": host.initialize,
    }[kind]()
    return changed(stimulus, base)


def changed(stimulus, base):
    """Return a base request as an input changes it."""
    body = body_of(stimulus)
    headers = [tuple(pair) for pair in stimulus.input.get("set", ())]
    wanted = base.without(*stimulus.input.get("drop", ()))
    if body is not None:
        has_length = wanted.value("content-length") is not None
        wanted = Wanted(method=base.method, headers=wanted.headers, body=body)
        if has_length and "Content-Length" not in dict(headers):
            headers.append(("Content-Length", str(len(body))))
    wanted = wanted.replaced(*headers).added(*stimulus.input.get("add", ()))
    method = stimulus.input.get("method", wanted.method)
    target = stimulus.input.get("target", wanted.target)
    return Wanted(method=method, target=target, headers=wanted.headers, body=wanted.body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stimulus", OF_REQUESTS, ids=str)
def test_a_request_gets_its_verdict(stimulus, way):
    host = Host(way, stimulus)
    judge(host, stimulus, host.ask(wanted_of(stimulus, host)))


@pytest.mark.parametrize("chunk", [None, 1, 7])
@pytest.mark.parametrize("stimulus", OF_BYTES, ids=str)
def test_bytes_get_their_verdict_however_they_are_cut(stimulus, chunk):
    host = Host("h11", stimulus)
    reply = WireCall(host)
    data = bytes_of(stimulus, {})
    size = chunk or len(data)
    for start in range(0, len(data), size):
        reply.send_raw(data[start : start + size])
    judge(host, stimulus, reply)


@pytest.mark.parametrize(
    "stimulus", [each for each in OF_BYTES if each.case.id == "http-header-bomb"], ids=str
)
def test_fields_of_a_head_get_the_same_verdict_without_a_wire(stimulus):
    host = Host("machine", stimulus)
    judge(host, stimulus, host.begin(head_in(stimulus)))


def head_in(stimulus):
    """Return the request whose head an input writes out."""
    start, *lines = bytes_of(stimulus, {}).decode().removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = start.split()
    headers = tuple(tuple(line.split(": ", 1)) for line in lines)
    return Wanted(method=method, target=target, headers=headers)


@pytest.mark.parametrize("stimulus", [*OF_REQUESTS, *OF_HEADS], ids=str)
def test_an_application_gives_the_same_verdict(stimulus):
    with Mount(stimulus) as mount:
        if stimulus in OF_HEADS:
            reply = mount.ask(head_in(stimulus))
        else:
            reply = mount.ask(wanted_of(stimulus, mount))
        judge_keys(mount, stimulus, reply)


def judge(host, stimulus, reply):
    """Check each key of what is expected, and what is said of it in words."""
    judge_keys(host, stimulus, reply)
    for check in WORDS.get(stimulus.case.id, ()):
        check(host, stimulus, reply)


def judge_keys(host, stimulus, reply):
    """Check each key of what is expected."""
    expected = stimulus.expected
    assert set(expected) <= KEYS
    if "http_status" in expected:
        assert reply.status in one_or_more(expected["http_status"]), (reply.status, reply.body)
        assert reply.is_over
    if "handler_calls" in expected:
        assert len(host.calls) == expected["handler_calls"]
    if expected.get("http_status") == 200:
        # What the case expects of its other inputs is no error of this one.
        assert reply.results
        assert reply.codes == set()
    elif "rpc_error" in expected:
        assert reply.codes <= set(one_or_more(expected["rpc_error"]))
        assert reply.codes
    if "conn" in expected:
        state = "closed" if reply.is_closed else "open"
        assert state in one_or_more(expected["conn"])


def says(case):
    """Enter a check of what a case says in words."""

    def enter(function):
        WORDS.setdefault(case, []).append(function)
        return function

    return enter


WORDS = {}


def test_each_case_that_says_something_in_words_has_a_check():
    assert set(WORDS) == {
        stimulus.case.id for stimulus in STIMULI if {"text", "invariant"} & set(stimulus.expected)
    }


@says("http-host-rebinding")
@says("http-origin")
def what_is_refused_is_refused_before_its_body_and_told(host, stimulus, reply):
    if reply.status == 200:
        return
    (told,) = host.of(ProtocolViolated)
    if reply.status == 403:
        assert told.reason.startswith(("Host is ", "Origin is "))
        setting = "allowed_origins" if told.reason.startswith("Origin") else "allowed_hosts"
        assert setting in told.reason
        assert setting in reply.body.decode()
    again = Host(host.way, stimulus)
    wanted = wanted_of(stimulus, again)
    # The head alone will do.
    assert again.begin(wanted).status == reply.status


@says("http-origin")
def a_request_without_an_origin_is_allowed(host, stimulus, reply):
    del reply
    again = Host(host.way, stimulus)
    assert again.ask(again.call(session=again.open_session())).status == 200


@says("http-simple-request")
def the_type_is_json_in_utf_8(host, stimulus, reply):
    del host
    values = [value for name, value in stimulus.input.get("set", ()) if name == "Content-Type"]
    assert (reply.status == 200) is any("utf-8" in value.lower() for value in values)


@says("http-body-limit")
def it_is_answered_at_once_and_no_session_is_made(host, stimulus, reply):
    sessions = host.machine.sessions
    assert sessions == (0 if host.is_modern else 1)
    # What is still on its way is read for a moment, or the answer would be lost.
    host.advance(5)
    assert reply.is_closed
    wanted = wanted_of(stimulus, again := Host(host.way, stimulus))
    call = again.begin(wanted)
    sent = 0
    while not call.is_over:
        call.send(wanted.body[sent : sent + 65_536])
        sent += 65_536
    assert call.status == 413
    assert sent <= 4 * 1024 * 1024 + 65_536


@says("http-method-status")
def post_is_what_is_allowed_and_nothing_is_echoed(host, stimulus, reply):
    del host
    if reply.status == 405:
        assert reply.headers.get("allow") == "POST"
    assert "mcp-session-id" not in reply.headers
    assert (reply.status == 200) is (stimulus.number == 4)


@says("http-content-encoding")
def no_decoder_runs(host, stimulus, reply):
    del host, stimulus
    assert b"Content-Encoding" in reply.body


@says("http-te-cl")
def there_is_one_answer_and_the_rest_is_never_seen(host, stimulus, reply):
    del stimulus
    assert reply.raw.count(b"HTTP/1.1 400 ") == 1
    assert reply.raw.count(b"\r\n\r\n") == 1
    assert reply.link.done
    assert host.calls == []


@says("http-header-bomb")
def only_the_size_decides(host, stimulus, reply):
    del host, stimulus
    assert reply.is_over
    assert reply.is_closed or reply.status != 431
