"""Sessions of legacy clients, the same on every carrier."""

import pytest
from tests.bindings.http.speaking import LEGACY, call, legacy, modern, text_of, texts_at_once

ADD = legacy("tools/call", call("add", {"a": 1, "b": 2}))
WHO = legacy("tools/call", call("who"))


@pytest.mark.parametrize("revision", ["2025-03-26", "2025-06-18", LEGACY])
def test_a_session_is_opened_used_and_ended(speak, revision):
    inside = speak().begin(revision)
    assert "Mcp-Session-Id" in inside.headers
    assert text_of(inside.result(ADD)) == "3"
    assert inside.send("DELETE").status in {200, 204}
    assert inside.post(ADD).status == 404


def test_a_session_must_be_named(speak):
    speaker = speak()
    assert speaker.post(ADD, MCP_Protocol_Version=LEGACY).status == 400
    assert speaker.post(ADD, MCP_Protocol_Version=LEGACY, Mcp_Session_Id="unknown").status == 404


def test_a_session_belongs_to_who_opened_it(speak):
    ann, bob = (speak("/known", **{"X-User": name}) for name in ("ann", "bob"))
    inside = ann.begin()
    assert text_of(inside.result(WHO)) == "ann"
    stolen = {**inside.headers, "X-User": "bob"}
    assert speak("/known", **stolen).post(WHO).status == 404
    assert text_of(bob.begin().result(WHO)) == "bob"
    assert text_of(inside.result(WHO)) == "ann"


def test_equal_ids_of_two_sessions_are_answered_each(speak):
    speaker = speak()
    one, two = speaker.begin(), speaker.begin()
    assert one.headers["Mcp-Session-Id"] != two.headers["Mcp-Session-Id"]
    assert text_of(one.result(legacy("tools/call", call("echo", {"text": "one"}), id=7))) == "one"
    assert text_of(two.result(legacy("tools/call", call("echo", {"text": "two"}), id=7))) == "two"


def test_without_sessions_each_request_stands_alone(speak):
    speaker = speak("/alone")
    inside = speaker.begin()
    assert "Mcp-Session-Id" not in inside.headers
    assert text_of(inside.result(ADD)) == "3"
    assert inside.send("DELETE").status == 405
    assert inside.get().status == 405


def test_handlers_run_at_once(speak, carrier):
    if not carrier.streams:
        pytest.skip("it has one thread for all requests")
    speaker = speak()
    meet = [modern("tools/call", call("meet"), id=number) for number in (1, 2)]
    assert texts_at_once([speaker, speaker], meet) == ["met", "met"]
    inside = speaker.begin()
    meet = [legacy("tools/call", call("meet"), id=number) for number in (1, 2)]
    assert texts_at_once([inside, inside], meet) == ["met", "met"]


def test_tools_of_both_colours_are_called(speak, carrier):
    speaker = speak()
    colours = ["add"] if carrier.name.endswith("threads") or carrier.kind == "wsgi" else ["add", "add_later"]
    for tool in colours:
        assert text_of(speaker.result(modern("tools/call", call(tool, {"a": 1, "b": 2})))) == "3"


def test_notifications_are_handled_in_the_order_they_came(speak, carrier):
    inside = speak().begin()
    words = [f"{carrier.name} {number}" for number in range(10)]
    for word in words:
        assert inside.post(legacy("tests/heard", {"word": word}, id=None)).status == 202
    # A handler may still be on its way when its notification is acknowledged.
    found = []
    for number in range(1, 50):
        said = inside.result(legacy("tools/call", call("what_was_heard"), id=number))
        found = said["structuredContent"]["result"]
        if words[-1] in found:
            break
    assert [word for word in found if word in words] == words
