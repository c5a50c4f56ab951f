"""Redirections: on the origin only, five at most, and a POST stays a POST.

Source: adversarial case client-redirects.
"""

import pytest
from tests.http.client.talking import DONE, MODERN, MODERN_DONE, Talk, event_of, message_of

from sansmcp.session import RequestLost, ResponseReceived

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", MODERN)
URL = "https://same.example/mcp"
SECRET = {"Authorization": "Bearer secret"}


def calling(revision, url=URL):
    talk = Talk((revision,), url=url, headers=SECRET)
    if revision == MODERN:
        talk.connect_modern()
    else:
        talk.connect_legacy()
    handle, exchange = talk.call()
    return talk, handle, exchange


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("status", "location", "target"),
    [
        (307, "/mcp/", "/mcp/"),
        (307, "mcp/?x=1", "/mcp/?x=1"),
        (308, "https://same.example:443/v2", "/v2"),
        (307, "HTTPS://SAME.example/v2", "/v2"),
    ],
)
def test_a_redirection_on_the_origin_is_followed_with_everything(revision, status, location, target):
    talk, handle, exchange = calling(revision)
    talk.answer(exchange, status, headers=(("location", location),))
    again = talk.take()
    assert (again.request.method, again.request.target) == ("POST", target)
    assert again.body == exchange.body
    assert again.request.headers.lines == exchange.request.headers.lines
    assert again.url.origin == exchange.url.origin
    talk.result(again, MODERN_DONE if revision == MODERN else DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]
    # What is for good is remembered, what is for now is not.
    assert talk.call()[1].request.target == (target if status == 308 else "/mcp")


def test_a_loop_stops_after_five():
    talk, handle, exchange = calling(MODERN)
    for _ in range(5):
        talk.answer(exchange, 307, headers=(("location", "/mcp"),))
        exchange = talk.take()
    talk.answer(exchange, 307, headers=(("location", "/mcp"),))
    (lost,) = talk.told(RequestLost)
    assert lost.handle == handle
    assert "after 5 redirections" in lost.reason
    assert talk.take_all() == []


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("status", "location"),
    [
        (307, "https://evil.example/mcp"),
        (308, "http://same.example/mcp"),
        (307, "https://same.example:8443/mcp"),
        (307, "http://127.0.0.1:6379/"),
        (307, "https://u:p@same.example/mcp"),
        (307, "//evil.example/mcp"),
        (307, "https://same.example.evil.example/"),
        (307, "https://same.example\\@evil.example/"),
        (307, "/mcp\r\nX: 1"),
        (307, "file:///etc/passwd"),
        (301, "/mcp/"),
        (302, "/mcp/"),
        (303, "/mcp/"),
        (300, "/mcp/"),
    ],
)
def test_any_other_redirection_is_not_followed_and_is_named(revision, status, location):
    talk, handle, exchange = calling(revision)
    talk.answer(exchange, status, headers=(("location", location),))
    assert talk.take_all() == []
    (lost,) = talk.told(RequestLost)
    assert lost.handle == handle
    assert location[:10].partition("\r")[0] in lost.reason


def test_a_redirection_to_nowhere_is_an_answer_without_a_message():
    talk, handle, exchange = calling(MODERN)
    talk.answer(exchange, 307)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]


def test_a_redirection_on_a_socket_stays_on_the_socket():
    talk, _handle, exchange = calling(MODERN, "http+unix://%2Frun%2Fa.sock/mcp")
    talk.answer(exchange, 307, headers=(("location", "/v2"),))
    assert str(talk.take().url) == "http+unix://%2Frun%2Fa.sock/v2"


def test_a_stream_that_was_redirected_goes_on_where_it_was_posted_first():
    talk, handle, exchange = calling("2025-11-25")
    talk.answer(exchange, 307, headers=(("location", "/v2"),))
    again = talk.take()
    talk.stream(again, event_of(None, "1"))
    talk.end(again)
    talk.at(0.5)
    get = talk.take()
    assert (get.request.method, get.request.target) == ("GET", "/mcp")
    talk.answer(get, 308, headers=(("location", "/v3"),))
    moved = talk.take()
    assert (moved.request.method, moved.request.target) == ("GET", "/v3")
    assert moved.request.headers.get("last-event-id") == "1"
    answer = {"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": DONE}
    talk.stream(moved, answer)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_giving_a_redirected_call_up_breaks_off_what_is_open():
    talk, handle, exchange = calling(MODERN)
    exchange.receive_head(307, Talk.fields(location="/v2"), 0.0)
    exchange.receive_eof(0.0)
    # It was not yet taken, so there is nothing to be broken off.
    talk.session.cancel(handle, 0.0)
    talk.drain()
    assert (talk.opened, talk.aborted) == ([], [])
