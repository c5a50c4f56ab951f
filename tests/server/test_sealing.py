"""Request state that a client carries and cannot change.

Source: 2026-07-28, Multi Round-Trip Requests, Request State.
"""

import base64
import string
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conversation import MODERN, Conversation, environment

from sansmcp.client import accept
from sansmcp.errors import LocalProtocolError, StateRefusedError
from sansmcp.middleware import retry
from sansmcp.schema import REVISIONS, ClientCapabilities, Era
from sansmcp.server import Context, Elicit, Server
from sansmcp.server.sealing import (
    MAX_STATE_BYTES,
    KeyRing,
    Sealer,
    UsedStates,
    digest_of,
    request_digest,
)
from sansmcp.session import RequestReceived, RequestStateRefused, Severity, report_of
from sansmcp.testing import connect
from sansmcp.wire import Request

KEY, OTHER = b"k" * 32, b"o" * 32
STATE = {"answers": {"a": [1, "ä"]}}


class Calendar:
    """A calendar that is set by hand."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def sealer(*keys, utc=None, lifetime=600.0):
    return Sealer(keys or (KEY,), lifetime, utc or Calendar())


def test_what_was_sealed_comes_back():
    assert sealer().open(sealer().seal(STATE, "me"), "me") == STATE


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_whatever_was_sealed_comes_back(state):
    assert sealer().open(sealer().seal(state, "me"), "me") == state


def test_every_change_of_a_character_is_refused():
    text = sealer().seal(STATE, "me")
    letters = string.ascii_letters + string.digits + "-_="
    for place, letter in enumerate(text):
        for other in (letters[(letters.index(letter) + 1) % len(letters)], "=", "+", " ", "\n", "ä"):
            if other != letter:
                with pytest.raises(StateRefusedError):
                    sealer().open(text[:place] + other + text[place + 1 :], "me")


def test_every_change_of_a_bit_is_refused():
    raw = base64.urlsafe_b64decode(sealer().seal(STATE, "me"))
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            with pytest.raises(StateRefusedError):
                sealer().open(base64.urlsafe_b64encode(changed).decode(), "me")


def test_every_shorter_or_longer_text_is_refused():
    text = sealer().seal(STATE, "me")
    for length in range(len(text)):
        with pytest.raises(StateRefusedError):
            sealer().open(text[:length], "me")
    for more in ("A", "====", "\n", text):
        with pytest.raises(StateRefusedError):
            sealer().open(text + more, "me")


def test_another_text_for_the_same_bytes_is_refused():
    text = next(text for count in range(3) if (text := sealer().seal("x" * count, "me")).endswith("="))
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    last = text.rstrip("=")[-1]
    twin = letters[letters.index(last) + 1]
    other = text.rstrip("=")[:-1] + twin + "=" * (len(text) - len(text.rstrip("=")))
    assert base64.urlsafe_b64decode(other) == base64.urlsafe_b64decode(text)
    with pytest.raises(StateRefusedError, match="no base64 of ours"):
        sealer().open(other, "me")


def test_a_state_of_another_request_is_refused():
    with pytest.raises(StateRefusedError, match="sealed for another request"):
        sealer().open(sealer().seal(STATE, "me"), "you")


def test_a_state_ends_when_its_lifetime_is_over():
    calendar = Calendar()
    one = sealer(utc=calendar, lifetime=10.0)
    text = one.seal(STATE, "me")
    calendar.now += 9.9
    assert one.open(text, "me") == STATE
    calendar.now += 0.1
    with pytest.raises(StateRefusedError, match=r"ended 0.0 s ago"):
        one.open(text, "me")


def test_a_state_from_the_future_is_refused():
    calendar = Calendar()
    one = sealer(utc=calendar)
    calendar.now += 61
    text = one.seal(STATE, "me")
    calendar.now -= 60
    assert one.open(text, "me") == STATE
    calendar.now -= 1
    with pytest.raises(StateRefusedError, match=r"61.0 s ahead of our clock"):
        one.open(text, "me")


def test_the_first_key_seals_and_all_of_them_open():
    old = sealer(OTHER).seal(STATE, "me")
    rotated = sealer(KEY, OTHER)
    assert rotated.open(old, "me") == STATE
    assert sealer(KEY).open(rotated.seal(STATE, "me"), "me") == STATE
    with pytest.raises(StateRefusedError, match="a key that is not known here"):
        sealer(KEY).open(old, "me")


def test_a_state_may_have_256_kib_and_not_one_byte_more():
    room = MAX_STATE_BYTES // 4 * 3 - 32 - len('{"at":1000.0,"until":1600.0,"for":"me","state":""}')
    text = sealer().seal("x" * room, "me")
    assert len(text) == MAX_STATE_BYTES
    assert sealer().open(text, "me") == "x" * room
    with pytest.raises(LocalProtocolError, match="at most 262144 are kept"):
        sealer().seal("x" * (room + 1), "me")
    with pytest.raises(StateRefusedError, match="none of ours has"):
        sealer().open("A" * (MAX_STATE_BYTES + 1), "me")


def event(method="tools/call", **params):
    return RequestReceived(
        request_id=1,
        method=method,
        params=None,
        message=Request(id=1, method=method, params=params),
        revision="2026-07-28",
        era=Era.MODERN,
        capabilities=ClientCapabilities(),
    )


def test_a_request_is_the_same_in_every_round():
    first = request_digest(event(name="a", arguments={"x": 1, "y": 2}, _meta={"progressToken": 1}))
    again = event(
        name="a",
        arguments={"y": 2, "x": 1},
        _meta={"progressToken": 2},
        inputResponses={"k": {}},
        requestState="s",
    )
    assert request_digest(again) == first


def test_another_method_name_or_argument_makes_another_request():
    digests = {
        request_digest(event(name="a", arguments={"x": 1})),
        request_digest(event(name="b", arguments={"x": 1})),
        request_digest(event(name="a", arguments={"x": "1"})),
        request_digest(event(name="a", arguments={"x": True})),
        request_digest(event(name="a")),
        request_digest(event("prompts/get", name="a")),
    }
    assert len(digests) == 6


def test_equal_values_have_equal_digests():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])


# Keys


def test_a_ring_makes_one_key_where_it_has_none():
    ring = KeyRing()
    ring.fill(lambda count: b"a" * count)
    ring.fill(lambda count: b"b" * count)
    assert (list(ring), len(ring), ring[0], ring[:1]) == ([b"a" * 32], 1, b"a" * 32, (b"a" * 32,))


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_a_ring_keeps_as_many_old_keys_as_it_is_told(keep):
    ring = KeyRing([KEY])
    one = Sealer(ring, 600.0, Calendar())
    first = one.seal(STATE, "me")
    ring.rotate(OTHER, keep=keep)
    second = one.seal(STATE, "me")
    assert one.open(second, "me") == sealer(OTHER).open(second, "me") == STATE
    if keep:
        assert one.open(first, "me") == STATE
    else:
        with pytest.raises(StateRefusedError):
            one.open(first, "me")


@pytest.mark.parametrize("length", [0, 15])
def test_a_short_key_is_refused(length):
    with pytest.raises(LocalProtocolError, match="at least 16 bytes"):
        KeyRing([b"k" * length])
    with pytest.raises(LocalProtocolError, match="at least 16 bytes"):
        KeyRing([KEY]).rotate(b"k" * length, keep=1)
    assert KeyRing([b"k" * 16])[0] == b"k" * 16


def test_a_server_that_rotates_its_key_still_opens_what_clients_carry():
    server = Server("server", version="1")

    @server.tool
    def tool(sure: Annotated[bool, Elicit("Sure?")]) -> str:
        return str(sure)

    peer = Conversation(server)
    asked = peer.result("tools/call", name="tool")
    answers = {"sure": {"action": "accept", "content": {"value": True}}}
    again = {"name": "tool", "requestState": asked["requestState"], "inputResponses": answers}
    server.rotate_state_key(OTHER)
    assert peer.result("tools/call", **again)["content"][0]["text"] == "True"
    server.rotate_state_key(KEY)
    assert peer.error("tools/call", **again)["code"] == -32602
    (event,) = peer.events
    assert isinstance(event, RequestStateRefused)
    assert "need the same state_keys" in event.reason
    report = report_of(event)
    assert report.severity is Severity.WARNING
    assert report.text.startswith("tools/call: the request state was changed, or sealed with a key")


# Once


def test_a_state_that_is_good_once_is_refused_the_second_time():
    one = Sealer([KEY], 600.0, Calendar(), UsedStates())
    first, second = one.seal(STATE, "me"), one.seal({**STATE, "b": 1}, "me")
    assert one.open(first, "me") == STATE
    with pytest.raises(StateRefusedError, match="each may be used once"):
        one.open(first, "me")
    assert one.open(second, "me") == {**STATE, "b": 1}


def test_a_state_that_was_refused_for_something_else_is_not_used_up():
    one = Sealer([KEY], 600.0, Calendar(), UsedStates())
    text = one.seal(STATE, "me")
    with pytest.raises(StateRefusedError, match="another request"):
        one.open(text, "you")
    assert one.open(text, "me") == STATE


def test_used_states_are_forgotten_when_they_end_and_until_then_no_more_are_taken():
    used = UsedStates(2)
    assert used.take(b"a", until=10.0, now=0.0)
    assert used.take(b"b", until=20.0, now=0.0)
    assert not used.take(b"c", until=30.0, now=9.9)
    assert used.take(b"c", until=30.0, now=10.0)
    assert not used.take(b"b", until=20.0, now=10.0)
    assert used.take(b"d", until=40.0, now=40.0)


def test_a_server_may_let_each_state_be_used_once():
    server = Server("server", version="1", state_single_use=True)
    runs = []

    @server.tool
    def tool(sure: Annotated[bool, Elicit("Sure?")]) -> str:
        runs.append(sure)
        return str(sure)

    asked = Conversation(server).result("tools/call", name="tool")
    answers = {"sure": {"action": "accept", "content": {"value": True}}}
    again = {"name": "tool", "requestState": asked["requestState"], "inputResponses": answers}
    assert Conversation(server).result("tools/call", **again)["content"][0]["text"] == "True"
    assert Conversation(server).error("tools/call", **again)["code"] == -32602
    assert runs == [True]


def test_middleware_may_try_a_handler_again_whose_state_is_good_once():
    server = Server(
        "server", version="1", state_single_use=True, middleware=[retry(OSError, methods=["tools/call"])]
    )
    runs = []

    @server.tool
    def tool(sure: Annotated[bool, Elicit("Sure?")]) -> str:
        runs.append(sure)
        if len(runs) == 1:
            raise OSError
        return str(sure)

    with connect(server, elicitation=lambda _: accept({"value": True})) as client:
        assert client.call_tool("tool").content[0].text == "True"
    assert runs == [True, True]


# People

# People


@pytest.mark.parametrize("revision", [revision for revision in REVISIONS if revision >= "2025-06-18"])
def test_a_person_may_think_for_a_day_where_the_session_keeps_the_state(revision):
    calendar = Calendar()
    server = Server("server", version="1")

    @server.tool
    def tool(sure: Annotated[bool, Elicit("Sure?")]) -> str:
        return str(sure)

    peer = Conversation(server, revision, around=environment(calendar))
    (asked,) = peer.request("tools/call", name="tool")
    calendar.now += 24 * 3600.0
    said = {"action": "accept", "content": {"value": True}}
    if revision == MODERN:
        state = asked["result"]["requestState"]
        again = {"name": "tool", "requestState": state, "inputResponses": {"sure": said}}
        assert peer.error("tools/call", **again)["code"] == -32602
    else:
        (answer,) = peer.say({"id": asked["id"], "result": said})
        assert answer["result"]["content"][0]["text"] == "True"


# Whose it is


def test_a_state_of_another_principal_is_refused():
    server = Server("server", version="1", state_keys=[KEY])

    @server.tool
    def tool(sure: Annotated[bool, Elicit("Sure?")], ctx: Context) -> str:
        return f"{sure} {ctx.client.principal}"

    asked = Conversation(server, principal="A").result("tools/call", name="tool")
    answers = {"sure": {"action": "accept", "content": {"value": True}}}
    again = {"name": "tool", "requestState": asked["requestState"], "inputResponses": answers}
    for other in ("B", None):
        assert Conversation(server, principal=other).error("tools/call", **again)["code"] == -32602
    mine = Conversation(server, principal="A").result("tools/call", **again)
    assert mine["content"][0]["text"] == "True A"
