"""What WSGI makes of requests, and what is made of that."""

import json

import pytest
from tests.bindings.http.speaking import call, modern
from tests.bindings.wsgi.talking import Answer, Input, environ_of, post, said
from tests.bindings.wsgi.test_app import WORDS, Served

BODY = json.dumps(WORDS).encode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # Two lines of one name, or lines whose names differ in `-` and `_`, as servers join them.
        ({"Mcp-Method": "tools/call,tools/list"}, 400),
        ({"Mcp-Method": "tools/call, tools/call"}, 400),
        ({"Mcp-Name": "words,words"}, 400),
        ({"MCP-Protocol-Version": "2026-07-28,2025-11-25"}, 400),
        ({"Host": "localhost,evil.example"}, 400),
        ({"Host": "localhost,localhost"}, 400),
        ({"Origin": "http://localhost,https://evil.example"}, 400),
        ({"Accept": "application/json,text/event-stream"}, 200),
    ],
)
def test_what_came_twice_is_seen(headers, status):
    assert Answer(Served().app, post(WORDS, headers)).status == status


def test_a_type_that_came_twice_is_seen():
    assert Answer(Served().app, post(WORDS, CONTENT_TYPE="application/json,text/plain")).status == 400


def test_a_name_may_have_a_comma():
    message = modern("resources/read", {"uri": "geo:48.2,16.3"})
    answer = Answer(Served().app, post(message))
    # It is not there; that it was looked for says that header and body agree.
    assert (answer.status, answer.json["error"]["code"]) == (200, -32602)


def test_a_body_is_read_as_far_as_its_length():
    environ = post(WORDS)
    environ["wsgi.input"] = Input(BODY + b"the next request")
    assert said(Answer(Served().app, environ)) == "word None"
    assert environ["wsgi.input"].read() == b"the next request"


def test_a_body_without_a_length_is_read_where_the_server_marks_its_end():
    environ = post(WORDS, **{"wsgi.input_terminated": True})
    environ["CONTENT_LENGTH"] = ""
    assert said(Answer(Served().app, environ)) == "word None"


def test_a_body_without_a_length_is_none_where_its_end_is_not_marked():
    environ = post(WORDS)
    del environ["CONTENT_LENGTH"]
    answer = Answer(Served().app, environ)
    assert (answer.status, answer.json["error"]["code"]) == (400, -32700)
    assert environ["wsgi.input"].asked == []


def test_a_body_that_ends_too_early_is_no_request():
    environ = post(WORDS)
    environ["CONTENT_LENGTH"] = str(len(BODY) + 1)
    answer = Answer(Served().app, environ)
    assert (answer.status, answer.body) == (400, b"")


def test_a_body_that_breaks_off_is_no_request():
    class Broken(Input):
        def read(self, size=-1):
            del size
            raise OSError("connection reset")

    environ = post(WORDS)
    environ["wsgi.input"] = Broken(b"")
    answer = Answer(Served().app, environ)
    assert (answer.status, answer.body) == (400, b"")


def test_a_body_that_is_too_long_is_refused_without_being_kept():
    size = 4 * 1024 * 1024 + 1
    environ = environ_of(body=b" " * size, headers={"Mcp-Method": "ping"})
    answer = Answer(Served().app, environ)
    assert answer.status == 413
    # It is read all the same, so that the client comes to see the answer.
    assert environ["wsgi.input"].read() == b""


def test_a_long_body_is_read_in_pieces():
    message = modern("tools/call", call("words"))
    message["params"]["_meta"]["example/padding"] = "x" * 1_000_000
    environ = post(message)
    assert said(Answer(Served().app, environ)) == "word None"
    assert max(environ["wsgi.input"].asked) <= 64 * 1024


def test_what_a_server_raises_while_the_body_is_read_comes_out():
    class Odd(Input):
        def read(self, size=-1):
            del size
            raise KeyError("what servers do")

    environ = post(WORDS)
    environ["wsgi.input"] = Odd(b"")
    with pytest.raises(KeyError):
        Answer(Served().app, environ)
