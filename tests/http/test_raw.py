"""Whole messages of exchanges as bytes (H5): bodies, answers, and the data of events."""

import json
from collections import Counter

import attrs
import pytest
from tests.http.client.talking import MODERN_DONE, Talk, message_of
from tests.http.server.exchanging import BOTH, Exchanging

from sansmcp import Accepted, Context, Server
from sansmcp.client import accept
from sansmcp.http import Refused
from sansmcp.schema import REVISIONS
from sansmcp.session import Direction, RawMessage, RequestLost
from sansmcp.testing import byte_by_byte, connect_http, pieces_of, whole

SENT, RECEIVED = Direction.SENT, Direction.RECEIVED


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def offering():
    server = Server("heard", version="1")

    @server.tool
    def echo(x: str, ctx: Context) -> str:
        ctx.progress(1)
        ctx.warning("on the way")
        return x

    @server.tool
    def ask(ctx: Context) -> str:
        match ctx.elicit("name", "Who?", Name):
            case Accepted(value=found):
                return found.name
            case other:
                return type(other).__name__

    return server


def data_of(heard, direction):
    return [message.data for message in heard if message.direction is direction]


@pytest.mark.parametrize("cut", [whole, byte_by_byte, pieces_of(7)])
@pytest.mark.parametrize(
    ("revision", "responses"),
    [
        (revision, responses)
        for revision in REVISIONS
        for responses in ("auto", "json", "stream")
        # The oldest answers by events and by nothing else.
        if responses != "json" or revision != REVISIONS[0]
    ],
)
def test_both_ends_hear_each_message_once_however_the_bytes_are_cut(revision, cut, responses):
    near, far = [], []
    is_oldest = revision == REVISIONS[0]
    with connect_http(
        offering(),
        revisions=[revision],
        url=f"http://127.0.0.1:8000/{'sse' if is_oldest else 'mcp'}",
        serving={"responses": responses, "http_sse": is_oldest, "on_message": far.append},
        cut=cut,
        log_level="debug",
        on_message=near.append,
    ) as client:
        client.call_tool("echo", {"x": "hé\n"}, on_progress=print)
        client.call_tool("echo", {"x": "é" * 700})
    # Messages of several responses pass each other.
    assert Counter(data_of(near, SENT)) == Counter(data_of(far, RECEIVED))
    assert Counter(data_of(near, RECEIVED)) == Counter(data_of(far, SENT))
    called = [data for data in data_of(near, SENT) if b'"tools/call"' in data]
    assert [json.loads(data)["params"]["name"] for data in called] == ["echo", "echo"]
    received = [json.loads(data) for data in data_of(near, RECEIVED)]
    assert max(len(str(message.get("result"))) for message in received) > 700
    methods = {message.get("method") for message in received}
    assert ("notifications/progress" in methods) is (responses != "json")
    times = [message.at for message in near]
    assert times == sorted(times)


@pytest.mark.parametrize("revision", REVISIONS[-2:])
def test_questions_and_their_answers_are_heard(revision):
    near, far = [], []
    with connect_http(
        offering(),
        revisions=[revision],
        serving={"on_message": far.append},
        on_message=near.append,
        elicitation=lambda _request: accept({"name": "Ada"}),
    ) as client:
        assert client.call_tool("ask").content[0].text == "Ada"
    assert any(b"Who?" in data for data in data_of(far, SENT))
    assert any(b"Ada" in data for data in data_of(far, RECEIVED))
    assert Counter(data_of(near, RECEIVED)) == Counter(data_of(far, SENT))


# A server


def posted(world, *pieces, headers=()):
    fields = [("Content-Type", "application/json"), ("Accept", BOTH), *headers]
    return world.request("POST", fields, b"".join(pieces))


@pytest.mark.parametrize("body", [b"{nope", b"\xff\xfe", b"[]", b" {\r\n} "])
def test_a_server_hears_a_body_that_it_cannot_read_and_what_it_answers(body):
    heard = []
    world = Exchanging(offering(), on_message=heard.append)
    world.now = 3.0
    reply = posted(world, body)
    assert reply.status == 400
    assert heard == [
        RawMessage(at=3.0, direction=RECEIVED, data=body),
        RawMessage(at=3.0, direction=SENT, data=reply.body),
    ]


def test_a_server_hears_nothing_of_a_body_that_is_not_whole():
    heard = []
    world = Exchanging(offering(), on_message=heard.append)
    assert posted(world, b"x" * (4 * 1024 * 1024 + 1)).status == 413
    assert data_of(heard, RECEIVED) == []


def test_a_server_hears_nothing_of_whom_it_does_not_let_in():
    heard = []
    world = Exchanging(
        offering(), on_message=heard.append, verify=lambda _head: Refused(status=401, reason="unknown")
    )
    assert posted(world, b"{}").status == 401
    assert heard == []


def test_a_server_that_sends_an_event_again_is_heard_again():
    heard = []
    world = Exchanging(offering(), on_message=heard.append, responses="stream")
    client = world.handshake("2025-11-25")
    heard.clear()
    reply = client.call("echo", {"x": "once"}, token=7)
    first = data_of(heard, SENT)
    assert [json.loads(data) for data in first] == reply.messages
    heard.clear()
    again = client.listen(reply.events[0].event_id)
    assert data_of(heard, SENT) == first
    assert [json.loads(data) for data in first] == again.messages


# A client


def test_a_client_hears_every_whole_body_that_comes():
    heard = []
    talk = Talk(on_message=heard.append).connect_modern()
    heard.clear()
    _, exchange = talk.call()
    talk.answer(exchange, 502, b"<html>\xff", kind="text/html")
    assert data_of(heard, SENT) == [exchange.body]
    assert data_of(heard, RECEIVED) == [b"<html>\xff"]
    assert len(talk.told(RequestLost)) == 1


def test_a_client_hears_the_data_of_events_that_are_messages():
    heard = []
    talk = Talk(on_message=heard.append).connect_modern()
    heard.clear()
    _, exchange = talk.call()
    done = json.dumps({"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": MODERN_DONE}, indent=1)
    lines = "".join(f"data: {line}\r\n" for line in done.splitlines()).encode()
    talk.stream(
        exchange, b"id: 1\ndata:\n\n", b": nothing\n\n", b"event: other\ndata: {}\n\n", b"data: {nope\n\n"
    )
    talk.push(exchange, lines + b"\r\n")
    assert data_of(heard, RECEIVED) == [b"{nope", done.encode()]


def test_a_client_hears_nothing_of_what_breaks_off():
    heard = []
    talk = Talk(on_message=heard.append).connect_modern()
    heard.clear()
    (_, first), (_, second) = talk.call(), talk.call()
    first.receive_head(200, talk.fields(**{"content-type": "application/json"}), 1.0)
    first.receive_data(b'{"jsonrpc":', 1.0)
    first.receive_failure("the connection was lost", 1.0)
    talk.stream(second, b"data: {}\n")
    talk.end(second)
    assert data_of(heard, RECEIVED) == []


def test_what_is_redirected_is_sent_again():
    heard = []
    talk = Talk(on_message=heard.append).connect_modern()
    heard.clear()
    _, exchange = talk.call()
    talk.answer(exchange, 307, headers=(("location", "/other"),))
    again = talk.take()
    assert data_of(heard, SENT) == [exchange.body, again.body]
