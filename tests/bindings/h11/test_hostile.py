"""Requests that proxies, caches or h11 read in another way, are too large, or never end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bindings.h11.serving import LEGACY, REVISIONS, Serving, call, session_for

from sansmcp.session import ProtocolViolated

HOST = "Host: 127.0.0.1:8000\r\n"


def verdict_of(data, size=None):
    """Return how a server takes bytes: the statuses, whether the connection is closed, what ran."""
    serving = Serving()
    connection = serving.open().send(data, size)
    serving.at(serving.now)
    statuses = [answer.status for answer in connection.responses()]
    return statuses, connection.closed, serving.called


@pytest.mark.parametrize("size", [None, 1, 2, 3, 50])
@pytest.mark.parametrize(
    "request_text",
    [
        (
            f"POST /mcp HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            f"GET /admin HTTP/1.1\r\n{HOST}\r\n"
        ),
        f"POST /mcp HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        f"POST /mcp HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        f"POST /mcp HTTP/1.1\r\n{HOST}Content-Length: 5, 5\r\n\r\nhello",
        f"POST /mcp HTTP/1.1\r\n{HOST}Content-Length: -5\r\n\r\nhello",
        f"POST /mcp HTTP/1.1\r\n{HOST}Content-Length: 5_0\r\n\r\nhello",
        "POST /mcp HTTP/1.1\r\nHost : 127.0.0.1:8000\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}Host: evil\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}Mcp_Name: echo\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}Content_Length: 5\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}Mcp-Name: a\r\nMcp-Name: a\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}X: a\r\n folded\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}X: a\nY: b\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}X: a\x7fb\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}X: a\x0bb\r\n\r\n",
        f"POST /mcp HTTP/1.1\r\n{HOST}X: a\rb\r\n\r\n",
        "POST /mcp HTTP/1.1\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_answered_once_and_nothing_after_it_is_seen(request_text, size):
    assert verdict_of(request_text.encode("latin-1"), size) == ([400], True, [])


@pytest.mark.parametrize("size", [None, 1, 7])
@pytest.mark.parametrize(
    "body",
    [
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5;\rx\r\nhello\r\n0\r\n\r\n",
        "0\r\nX: a\nY: b\r\n\r\n",
        "0\r\n\nGET / HTTP/1.1\r\n\r\n",
        "5;" + "a" * 300,
    ],
)
def test_chunks_that_can_be_read_in_two_ways_are_refused(body, size):
    head = (
        f"POST /mcp HTTP/1.1\r\n{HOST}Accept: application/json, text/event-stream\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert verdict_of((head + body).encode(), size) == ([400], True, [])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /mcp HTTP/2.0", 505),
        ("POST /mcp HTTP/1.1\r\nTransfer-Encoding: gzip", 501),
        ("POST /mcp HTTP/1.1\r\nTransfer-Encoding: chunked, chunked", 501),
        ("POST /mcp HTTP/1.0\r\nTransfer-Encoding: chunked", 400),
        ("POST /mcp HTTP/1.1\r\nX: " + "a" * 40_000, 431),
        ("POST /mcp HTTP/1.1\r\n" + "a: b\r\n" * 108 + "a: b", 431),
        ("POST /mcp HTTP/1.1\r\n" + "a: b\r\n" * 3000 + "a: b", 431),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 4096])
def test_what_is_too_much_or_unknown_is_refused_with_its_own_status(head, status, size):
    data = f"{head}\r\n{HOST}\r\n".encode()
    assert verdict_of(data, size) == ([status], True, [])


@pytest.mark.parametrize("size", [None, 1])
@pytest.mark.parametrize("fields", ["X: " + "a" * 20_000 + "\r\n", "a: b\r\n" * 90])
def test_what_is_large_but_within_the_bounds_is_judged_by_what_it_says(fields, size):
    statuses, _, _ = verdict_of(f"POST /mcp HTTP/1.1\r\n{HOST}{fields}\r\n".encode(), size)
    assert statuses == [415]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "extra",
    [
        [("Content-Type", "text/plain")],
        [("Content-Type", "application/json")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        [("Mcp-Name", "other"), ("mcp-name", "echo")],
        [("MCP-Protocol-Version", "2025-11-25"), ("MCP-Protocol-Version", "2025-11-25")],
        [("Mcp-Session-Id", "x"), ("Mcp-Session-Id", "x")],
        [("Origin", "http://127.0.0.1:8000"), ("Origin", "http://evil.com")],
    ],
)
def test_a_field_that_is_there_once_is_refused_twice(revision, extra):
    serving = Serving()
    session = session_for(serving, revision)
    connection = serving.open().send(call(revision, session, extra=extra))
    assert connection.response().status == 400
    assert serving.called == []


def test_the_verdict_of_a_malformed_request_reaches_our_side_and_not_the_peer_in_full():
    serving = Serving()
    connection = serving.open().send(f"GET / HTTP/1.1\r\n{HOST}Mcp_Name: secret\r\n\r\n".encode())
    answer = connection.response()
    assert answer.field("connection") == "close"
    assert answer.body == b"mcp_name: expected mcp-name or nothing\n"
    assert serving.violations() == ["mcp_name: expected mcp-name or nothing"]
    assert len([event for event in serving.events if isinstance(event, ProtocolViolated)]) == 1


@settings(max_examples=200)
@given(st.lists(st.sampled_from(range(8)), max_size=8), st.binary(max_size=30), st.integers(1, 30))
def test_any_bytes_have_one_outcome_for_every_cut_and_raise_nothing(parts, noise, size):
    good = call()
    head, blank, body = good.partition(b"\r\n\r\n")
    known = (good, head, blank, body, b"\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", noise)
    data = b"".join(known[part] for part in parts)
    assert verdict_of(data) == verdict_of(data, size)


@pytest.mark.parametrize("revision", LEGACY)
def test_connections_share_nothing_but_sessions(revision):
    serving = Serving()
    session = session_for(serving, revision)
    first, second = serving.open(), serving.open()
    data = call(revision, session, x="one"), call(revision, session, request_id=2, x="two")
    for at in range(0, max(map(len, data)), 10):
        first.send(data[0][at : at + 10])
        second.send(data[1][at : at + 10])
    assert first.response().message["id"] == 1
    assert second.response().message["id"] == 2
