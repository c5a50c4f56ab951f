"""What a single request gets, the same on every carrier."""

import json

import pytest
from tests.bindings.http.speaking import BOTH, LEGACY, MODERN, call, legacy, modern, text_of

ADD = modern("tools/call", call("add", {"a": 1, "b": 2}))


def test_a_modern_call_is_answered_in_one_piece(speak):
    reply = speak().post(ADD)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert text_of(reply.json["result"]) == "3"
    assert "mcp-session-id" not in reply.headers


def test_progress_comes_before_the_answer(speak, carrier):
    reply = speak().post(modern("tools/call", call("count_on_thread", {"steps": 3}), token="t"))
    *progress, last = reply.messages()
    assert text_of(last["result"]) == "done"
    assert reply.is_stream is (carrier.streams and bool(progress))
    assert {message["method"] for message in progress} <= {"notifications/progress"}
    # Later progress takes the place of what has not left yet.
    assert bool(progress) is carrier.streams
    assert [message["params"]["progressToken"] for message in progress] == ["t"] * len(progress)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Mcp_Method": None}, 400, -32020),
        ({"Mcp_Name": None}, 400, -32020),
        ({"Mcp_Name": "other"}, 400, -32020),
        ({"MCP_Protocol_Version": None}, 400, -32020),
        ({"MCP_Protocol_Version": LEGACY}, 400, -32020),
        ({"Mcp_Method": "tools/call,tools/list"}, 400, -32020),
    ],
)
def test_headers_must_say_what_the_body_says(speak, change, status, code):
    reply = speak().post(ADD, **change)
    assert (reply.status, reply.json["error"]["code"]) == (status, code)


def test_an_unknown_version_is_refused_with_those_there_are(speak):
    message = modern("tools/list")
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01"
    reply = speak().post(message, MCP_Protocol_Version="2099-01-01")
    assert (reply.status, reply.json["error"]["code"]) == (400, -32022)
    assert MODERN in reply.json["error"]["data"]["supported"]


def test_an_unknown_method_is_not_found(speak):
    reply = speak().post(modern("tests/nothing"))
    assert (reply.status, reply.json["error"]["code"]) == (404, -32601)


def test_a_method_of_ones_own_is_answered(speak):
    assert speak().result(modern("tests/shout", {"text": "hello"}))["said"] == "HELLO"


def test_a_name_beyond_ascii_is_decoded_before_it_is_compared(speak):
    reply = speak().post(modern("tools/call", call("größe")))
    assert (reply.status, reply.json["error"]["code"]) == (200, -32602)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        ({"method": "PUT"}, 405),
        ({"headers": {"Content-Type": "text/plain"}}, 415),
        ({"headers": {"Content-Type": "application/json; charset=latin-1"}}, 415),
        ({"headers": {"Accept": "text/html"}}, 406),
        ({"headers": {"Host": "evil.example"}}, 403),
        ({"headers": {"Host": "localhost.evil.example:80"}}, 403),
        ({"headers": {"Origin": "https://evil.example"}}, 403),
        ({"headers": {"Origin": "null"}}, 403),
        ({"path": "/nothing"}, 404),
        ({"body": b"{"}, 400),
        ({"body": b'{"a":1,"a":2}'}, 400),
        ({"body": b"\xff"}, 400),
        ({"body": b"[]"}, 400),
    ],
)
def test_what_cannot_be_served_has_a_status(speak, send, status):
    described = {"Content-Type": "application/json", "Accept": BOTH}
    found = {"body": json.dumps(ADD).encode(), **send, "headers": {**described, **send.get("headers", {})}}
    reply = speak().send(**found)
    assert reply.status == status
    assert reply.body == b"" or "error" in reply.json


def test_a_body_that_is_too_long_is_refused(speak, carrier):
    if carrier.kind == "h11":
        pytest.skip("it reads less of what it has refused, and this client says all of it first")
    headers = {"Content-Type": "application/json", "Accept": BOTH}
    assert speak().send(body=b" " * (4 * 1024 * 1024 + 1), headers=headers).status == 413


def test_after_what_was_refused_the_next_one_is_served(speak):
    speaker = speak()
    assert speaker.send(body=b"{", headers={"Content-Type": "application/json"}).status == 400
    assert speaker.post(ADD).status == 200


def test_a_page_is_told_what_it_may_do(speak):
    pages = {"Origin": "https://pages.example", "Host": "mcp.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "mcp-method"}
    preflight = speak("/named").send("OPTIONS", headers={**pages, **asked})
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://pages.example"
    assert "mcp-method" in preflight.headers["access-control-allow-headers"].lower()
    reply = speak("/named", **pages).post(ADD)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "https://pages.example"
    assert "mcp-session-id" in reply.headers["access-control-expose-headers"].lower()


def test_the_host_of_the_settings_is_the_only_one(speak):
    assert speak("/named", Host="mcp.example:8080").post(ADD).status == 200
    assert speak("/named").post(ADD).status == 403


def test_a_verifier_says_who_calls(speak):
    who = modern("tools/call", call("who"))
    assert text_of(speak("/known", **{"X-User": "ann"}).result(who)) == "ann"
    assert text_of(speak("/known").result(who)) == "None"


def test_answers_may_always_be_json(speak):
    reply = speak("/json").post(modern("tools/call", call("count_on_thread", {"steps": 3}), token="t"))
    assert reply.headers["content-type"] == "application/json"
    assert text_of(reply.json["result"]) == "done"


def test_a_question_comes_back_as_a_result_and_is_answered_by_a_retry(speak):
    speaker = speak()
    asked = call("forecast", {"city": "Valencia"})
    able = {"elicitation": {"form": {}}}
    first = speaker.result(modern("tools/call", asked, capabilities=able))
    assert first["resultType"] == "input_required"
    (key,) = first["inputRequests"]
    answers = {key: {"action": "accept", "content": {"country": "Spain"}}}
    again = {**asked, "inputResponses": answers, "requestState": first["requestState"]}
    second = speaker.result(modern("tools/call", again, id=2, capabilities=able))
    assert text_of(second) == "Valencia in Spain: sunny"


def test_a_tool_that_fails_says_nothing_of_why(speak):
    reply = speak().post(modern("tools/call", call("fail", {"message": "secret"})))
    assert reply.json["result"]["isError"] is True
    assert b"secret" not in reply.body


def test_a_long_answer_comes_whole(speak):
    result = speak().result(modern("tools/call", call("flood", {"size": 3_000_000})))
    assert len(text_of(result)) == 3_000_000


@pytest.mark.parametrize("path", ["/mcp", "/json", "/alone"])
def test_a_legacy_client_is_served_beside_modern_ones(speak, path):
    speaker = speak(path)
    inside = speaker.begin()
    for number in range(1, 4):
        old = legacy("tools/call", call("add", {"a": number, "b": 1}), id=number)
        new = modern("tools/call", call("add", {"a": number, "b": 2}), id=number)
        assert text_of(inside.result(old)) == str(number + 1)
        assert text_of(speaker.result(new)) == str(number + 2)
