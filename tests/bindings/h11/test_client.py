"""A client's connections: how they are made, used again and ended, and what is read on them."""

import json

import pytest
from tests.bindings.h11.calling import (
    DISCOVERED,
    DONE,
    LISTED,
    Calling,
    answer,
    chunks,
    field,
    response,
    result,
)
from tests.http.client.talking import Talk

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.http import ClientHttp
from sansmcp.session import Connected, Disconnected, RequestLost, ResponseReceived
from sansmcp_h11 import H11Client, PoolLimits


def test_a_request_is_written_once_its_connection_is_there():
    calling = Calling()
    link = calling.dial()
    head, message = calling.asked(link)
    assert head.startswith("POST /mcp HTTP/1.1\r\n")
    assert field(head, "host") == ["127.0.0.1:8000"]
    assert len(field(head, "content-length")) == 1
    assert message["method"] == "server/discover"
    assert link.data_to_send() == b""
    calling.tell(link, answer(message, DISCOVERED))
    assert calling.told(Connected)
    assert not link.done


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://example.org/mcp", TcpAddress(host="example.org", port=80)),
        ("https://example.org:8443/mcp", TcpAddress(host="example.org", port=8443, tls=True)),
        ("http://[::1]:8000/mcp", TcpAddress(host="::1", port=8000)),
        ("http+unix://%2Frun%2Fserver.sock/mcp", UnixAddress(path="/run/server.sock")),
    ],
)
def test_an_address_follows_from_the_url(url, address):
    calling = Calling(url)
    calling.settle()
    assert [dial.address for dial in calling.dialled] == [address]


def test_a_connection_is_used_again():
    calling = Calling()
    link = calling.connected()
    for _ in range(5):
        calling.list_tools()
        assert calling.dialled == []
        _, message = calling.asked(link)
        calling.tell(link, answer(message, LISTED))
        assert calling.told(ResponseReceived)
    assert calling.client.links == (link,)


def test_requests_at_a_time_have_a_connection_each():
    calling = Calling()
    first = calling.connected()
    calling.list_tools()
    calling.call()
    second = calling.dial()
    assert second is not first
    for link, value in ((second, DONE), (first, LISTED)):
        _, message = calling.asked(link)
        calling.tell(link, answer(message, value))
    assert len(calling.told(ResponseReceived)) == 2
    assert len(calling.client.links) == 2


def test_requests_beyond_the_bound_wait_for_a_connection():
    calling = Calling(limits=PoolLimits(connections=2))
    first = calling.connected()
    for _ in range(4):
        calling.call()
    second = calling.dial()
    for link in (first, second, second, first):
        _, message = calling.asked(link)
        calling.tell(link, answer(message, DONE))
    assert calling.dialled == []
    assert len(calling.told(ResponseReceived)) == 4


def test_a_request_that_waits_takes_the_place_of_a_connection_that_broke():
    calling = Calling(limits=PoolLimits(connections=1))
    first = calling.connected()
    calling.call()
    handle = calling.call()
    calling.asked(first)
    first.receive_eof(calling.now)
    second = calling.dial()
    _, message = calling.asked(second)
    calling.tell(second, answer(message, DONE))
    assert [event.handle for event in calling.told(ResponseReceived)] == [handle]
    assert len(calling.told(RequestLost)) == 1


def test_a_request_that_waits_is_given_up_without_a_connection():
    calling = Calling(limits=PoolLimits(connections=1))
    first = calling.connected()
    calling.call()
    handle = calling.call()
    calling.client.cancel(handle, calling.now)
    calling.settle()
    _, message = calling.asked(first)
    calling.tell(first, answer(message, DONE))
    assert calling.asked(first) == ("", None)


def test_an_idle_connection_is_closed_at_its_time():
    calling = Calling(limits=PoolLimits(idle=4))
    link = calling.connected()
    assert link.next_deadline() == 4
    calling.at(3.9)
    assert not link.done
    calling.at(4)
    assert link.done
    assert link in calling.woken
    calling.list_tools()
    assert calling.dial() is not link


def test_nothing_read_and_a_clock_that_is_early_change_nothing():
    calling = Calling()
    link = calling.connected()
    link.receive_data(b"", calling.now)
    link.handle_timeout(1.0)
    assert not link.done


def test_a_connection_in_use_is_not_idle():
    calling = Calling(limits=PoolLimits(idle=4))
    link = calling.connected()
    calling.call()
    _, message = calling.asked(link)
    calling.at(50)
    calling.tell(link, answer(message, DONE))
    assert calling.told(ResponseReceived)
    assert link.next_deadline() == 54


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_responses_are_read_whatever_the_cuts(size):
    calling = Calling()
    link = calling.dial()
    _, message = calling.asked(link)
    body = result(message, DISCOVERED)
    data = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    data += response(chunks(body[:9], body[9:]), "transfer-encoding: chunked", length=False)
    calling.tell(link, data, size)
    assert calling.told(Connected)
    calling.list_tools()
    _, message = calling.asked(link)
    calling.tell(link, answer(message, LISTED), size)
    assert calling.told(ResponseReceived)


@pytest.mark.parametrize("field", ["connection: close", "x: y"])
def test_a_response_that_ends_with_its_connection_is_whole(field):
    calling = Calling()
    link = calling.dial()
    _, message = calling.asked(link)
    calling.tell(link, response(result(message, DISCOVERED), field, length=False))
    assert not calling.told(Connected)
    link.receive_eof(calling.now)
    assert calling.told(Connected)
    assert link.done


def test_a_connection_that_the_server_closes_is_not_used_again():
    calling = Calling()
    link = calling.connected()
    calling.list_tools()
    _, message = calling.asked(link)
    calling.tell(link, answer(message, LISTED, "connection: close"))
    assert calling.told(ResponseReceived)
    assert link.done
    calling.list_tools()
    assert calling.dial() is not link


def test_the_rest_of_a_stream_that_nobody_wants_is_read_for_the_connections_sake():
    calling = Calling()
    link = calling.connected()
    calling.call()
    _, message = calling.asked(link)
    event = b"data: " + result(message, DONE) + b"\n\n"
    head = response(b"", "transfer-encoding: chunked", kind="text/event-stream", length=False)
    whole = chunks(event)
    calling.tell(link, head + whole[:-5])
    assert calling.told(ResponseReceived)
    calling.call()
    other = calling.dial()
    assert other is not link
    calling.tell(link, whole[-5:])
    calling.call()
    assert calling.dialled == []
    assert calling.asked(link)[0].startswith("POST")


@pytest.mark.parametrize("limit", ["bytes", "time"])
def test_the_rest_is_read_within_bounds(limit):
    calling = Calling(limits=PoolLimits(rest_bytes=100, rest_time=1))
    link = calling.connected()
    calling.call()
    _, message = calling.asked(link)
    event = b"data: " + result(message, DONE) + b"\n\n"
    head = response(b"", kind="text/event-stream", length=False)
    calling.tell(link, head + event)
    assert calling.told(ResponseReceived)
    assert not link.done
    if limit == "bytes":
        calling.tell(link, b":" * 100)
        assert not link.done
        calling.tell(link, b":")
    else:
        calling.at(1)
    assert link.done


def test_giving_a_call_up_closes_its_connection():
    calling = Calling()
    link = calling.connected()
    handle = calling.call()
    calling.asked(link)
    calling.client.cancel(handle, calling.now)
    calling.settle()
    assert link.done
    calling.tell(link, b"HTTP/1.1 200 OK\r\n")
    link.receive_eof(calling.now)
    calling.settle()
    assert calling.told(RequestLost) == []


def test_giving_a_call_up_before_it_is_dialled_dials_nothing():
    calling = Calling()
    first = calling.connected()
    calling.call()
    calling.asked(first)
    session = calling.client.session
    handle = session.send_request("tools/list", {}, calling.now)
    calling.client.cancel(handle, calling.now)
    calling.settle()
    assert calling.dialled == []


# What breaks


def test_a_server_that_cannot_be_reached_fails_the_call_with_the_reason():
    calling = Calling()
    calling.dial().receive_eof(calling.now, "connection refused")
    (event,) = calling.told(Disconnected)
    assert "connection refused" in event.reason


def test_a_request_on_a_used_connection_that_was_closed_meanwhile_is_sent_again_unsent():
    calling = Calling()
    link = calling.connected()
    calling.call()
    # It was not written yet.
    link.receive_eof(calling.now)
    second = calling.dial()
    _, message = calling.asked(second)
    calling.tell(second, answer(message, DONE))
    assert calling.told(ResponseReceived)


def test_a_request_that_changes_nothing_is_sent_again_once():
    calling = Calling()
    link = calling.connected()
    calling.list_tools()
    calling.asked(link)
    link.receive_eof(calling.now)
    second = calling.dial()
    _, message = calling.asked(second)
    assert message["method"] == "tools/list"
    second.receive_eof(calling.now)
    assert calling.told(RequestLost)
    assert calling.dialled == []


def test_a_call_is_not_sent_again_once_it_was_written():
    calling = Calling()
    link = calling.connected()
    calling.call()
    calling.asked(link)
    link.receive_eof(calling.now)
    assert calling.told(RequestLost)
    assert calling.dialled == []


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{"])
def test_nothing_is_sent_again_once_an_answer_has_begun(begun):
    calling = Calling()
    link = calling.connected()
    calling.list_tools()
    calling.asked(link)
    calling.tell(link, begun)
    link.receive_eof(calling.now, "reset")
    assert calling.told(RequestLost)
    assert calling.dialled == []


def test_a_response_that_breaks_off_says_so():
    calling = Calling()
    link = calling.connected()
    calling.list_tools()
    calling.asked(link)
    calling.tell(link, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{")
    link.receive_eof(calling.now, "the peer closed")
    (lost,) = calling.told(RequestLost)
    assert "the peer closed before the response was complete" in lost.reason


def test_a_server_that_speaks_unasked_loses_its_connection():
    calling = Calling()
    link = calling.connected()
    calling.tell(link, b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert link.done
    calling.list_tools()
    assert calling.dial() is not link


def test_bytes_after_a_response_end_its_connection():
    calling = Calling()
    link = calling.dial()
    _, message = calling.asked(link)
    calling.tell(link, answer(message, DISCOVERED) + b"HTTP/1.1 200 OK\r\n")
    assert calling.told(Connected)
    assert link.done


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40_000, "found a longer head"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n", "found 101 header fields"),
        (b"HTTP/1.1 200 OK\nX: a\n\n", "does not end with CR and LF"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "not as HTTP/1.1 has it"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", "found both"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n", "expected one number"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "chunked"),
        (b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, "9 heads that announce one"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", "chunk"),
    ],
)
def test_a_response_that_is_none_ends_the_call(data, said):
    calling = Calling()
    link = calling.connected()
    calling.call()
    calling.asked(link)
    calling.tell(link, data)
    (lost,) = calling.told(RequestLost)
    assert said in lost.reason
    assert link.done


# The end


def test_the_end_closes_every_connection():
    calling = Calling()
    first = calling.connected()
    calling.call()
    calling.call()
    second = calling.dial()
    calling.client.close(calling.now)
    calling.settle()
    assert calling.told(Disconnected)
    assert first.done
    assert second.done
    assert calling.client.links == ()


def test_what_lies_between_a_link_and_its_driver_is_what_the_driver_gets():
    class Wrapped:
        def __init__(self, link):
            self.link = link

        def __getattr__(self, name):
            return getattr(self.link, name)

    calling = Calling(wrap_link=Wrapped)
    link = calling.connected()
    assert isinstance(link, Wrapped)
    assert calling.client.links == (link,)


def test_the_endpoint_below_can_be_had():
    calling = Calling()
    assert isinstance(calling.client, H11Client)
    assert isinstance(calling.client.endpoint, ClientHttp)
    assert calling.client.session is calling.endpoint.session
    assert calling.client.deadlines is calling.endpoint.deadlines
    assert calling.client.next_deadline() == calling.endpoint.next_deadline()


def test_answers_and_the_end_are_sent_though_calls_have_taken_all_connections():
    talk = Talk(("2025-11-25",))
    client = H11Client(talk.client, limits=PoolLimits(connections=2, brief=1))

    def settle():
        found = []
        while client.next_event() is not None:
            pass
        dialled = [dial.link for dial in client.actions()]
        for link in client.ready():
            found += [(link, link.data_to_send())] if not link.done else []
        return dialled, [(link, data) for link, data in found if data]

    def answer(link, body=b"", more=b"", status=b"200 OK"):
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n"
        link.receive_data(head % (status, len(body), more) + body, 0.0)

    client.connect(0.0)
    _, [(link, asked)] = settle()
    opened = {
        "protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "server", "version": "1"},
    }
    request_id = json.loads(asked.partition(b"\r\n\r\n")[2])["id"]
    body = json.dumps({"jsonrpc": "2.0", "id": request_id, "result": opened}).encode()
    answer(link, body, b"mcp-session-id: s\r\n")
    _, [(link, _)] = settle()
    answer(link, status=b"202 Accepted")
    _, [(link, asked)] = settle()
    assert asked.startswith(b"GET ")
    answer(link, status=b"405 Method Not Allowed")
    for _ in range(3):
        client.session.send_request("tools/call", {"name": "asks", "arguments": {}}, 0.0)
    _, calls = settle()
    assert len(calls) == 2
    ping = b'data: {"jsonrpc":"2.0","id":7,"method":"ping"}\n\n'
    stream = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    calls[0][0].receive_data(stream + b"%x\r\n%b\r\n" % (len(ping), ping), 0.0)
    _, [(link, said)] = settle()
    assert said.endswith(b'{"jsonrpc":"2.0","id":7,"result":{}}')
    # Not the call that waits takes its place, which might last.
    client.session.send_request("tools/call", {"name": "asks", "arguments": {}}, 0.0)
    answer(link, status=b"202 Accepted")
    assert settle()[1] == []
