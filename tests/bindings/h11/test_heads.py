"""The grammar of heads and of the lines between chunks: what is refused, whatever the cuts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.http import Headers
from sansmcp_h11.heads import (
    REQUEST,
    RESPONSE,
    ChunkWalk,
    HeadBuffer,
    HeadFault,
    fields_of,
    length_fault,
    request_of,
)

GOOD = b"POST /mcp HTTP/1.1\r\nHost: a:1\r\nAccept:  a, b \r\nEmpty:\r\n\r\n"


def buffer(*, most_bytes=1000, most_fields=10, grammar=REQUEST):
    return HeadBuffer(grammar, most_bytes=most_bytes, most_fields=most_fields)


def every_cut(data):
    """Yield the bytes whole, byte by byte, and in every two pieces."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    yield from ([data[:at], data[at:]] for at in range(1, len(data)))


def verdicts(data, **limits):
    """Return what every cut leads to: the set has one member if the cuts do not matter."""
    found = set()
    for pieces in every_cut(data):
        held = buffer(**limits)
        head = None
        for piece in pieces:
            held.receive_data(piece)
            head = held.next_head()
            if head is not None:
                break
        found.add(head.status if isinstance(head, HeadFault) else head)
    return found


def test_a_head_is_given_once_it_is_whole_and_the_rest_is_held():
    assert verdicts(GOOD) == {GOOD}
    held = buffer()
    held.receive_data(GOOD + b"body")
    assert held.next_head() == GOOD
    assert len(held) == 4
    assert held.take_all() == b"body"
    assert held.next_head() is None


def test_heads_that_follow_each_other_are_given_one_by_one():
    held = buffer()
    held.receive_data(GOOD * 2)
    assert [held.next_head(), held.next_head(), held.next_head()] == [GOOD, GOOD, None]


@pytest.mark.parametrize(
    "head",
    [
        b"POST /mcp HTTP/1.1\nHost: a\n\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost : a\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\n Host: a\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\x7f\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\x01b\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\n: a\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nH\xf6st: a\r\n\r\n",
        b"POST  /mcp HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /m cp HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /mcp http/1.1\r\nHost: a\r\n\r\n",
        b"POST /mcp HTTP/1.1 \r\nHost: a\r\n\r\n",
        b"POST /mcp\r\nHost: a\r\n\r\n",
        b"POST /m\xffcp HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n\r\n",
        b" POST /mcp HTTP/1.1\r\n\r\n",
    ],
)
def test_what_two_readers_may_read_in_two_ways_is_refused_whatever_the_cuts(head):
    assert verdicts(head) == {400}


def test_bytes_beyond_ascii_in_a_value_are_kept():
    (found,) = verdicts(b"GET / HTTP/1.1\r\nX: \xe9\xff\r\n\r\n")
    assert fields_of(found)[1].lines == (("x", "\xe9\xff"),)


@pytest.mark.parametrize("over", [0, 1, 100])
def test_a_head_may_be_so_long_and_no_longer(over):
    filled = b"GET / HTTP/1.1\r\nX: " + b"a" * (200 - 23 + over) + b"\r\n\r\n"
    assert len(filled) == 200 + over
    assert verdicts(filled, most_bytes=200) == {431 if over else filled}


@pytest.mark.parametrize("fields", [10, 11, 30])
def test_a_head_may_have_so_many_fields_and_no_more(fields):
    head = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * fields + b"\r\n"
    assert verdicts(head) == {head if fields == 10 else 431}


def test_a_head_without_an_end_is_refused_as_soon_as_it_is_too_long():
    held = buffer(most_bytes=100)
    held.receive_data(b"a" * 100)
    assert held.next_head() is None
    held.receive_data(b"a")
    fault = held.next_head()
    assert (fault.status, fault.reason) == (
        431,
        "expected at most 10 header fields and 100 bytes, found a longer head",
    )


@given(st.binary(max_size=60), st.integers(min_value=1, max_value=7))
def test_any_bytes_have_one_verdict_for_every_cut(data, size):
    text = (
        data.replace(b"\x80", b"\r\n").replace(b"\x81", b"GET / HTTP/1.1\r\n").replace(b"\x82", b"a: b\r\n")
    )
    found = []
    for step in (len(text) or 1, size):
        held = buffer(most_bytes=40, most_fields=2)
        verdict = None
        for at in range(0, len(text), step):
            held.receive_data(text[at : at + step])
            verdict = held.next_head()
            if verdict is not None:
                break
        found.append(verdict.status if isinstance(verdict, HeadFault) else verdict)
    assert found[0] == found[1]


def test_fields_come_with_names_in_lower_case_and_values_without_outer_blanks():
    first, headers = fields_of(GOOD)
    assert first == "POST /mcp HTTP/1.1"
    assert headers.lines == (("host", "a:1"), ("accept", "a, b"), ("empty", ""))


def test_a_request_is_given_with_its_version():
    head, version = request_of(GOOD)
    assert (head.method, head.target, version) == ("POST", "/mcp", "HTTP/1.1")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("Host: a\r\nHost: b", "host: expected one, found several"),
        ("Content-Type: a\r\ncontent-type: a", "content-type: expected one, found several"),
        ("Authorization: a\r\nAuthorization: b", "authorization: expected one, found several"),
        ("Mcp-Session-Id: a\r\nMCP-Session-Id: a", "mcp-session-id: expected one, found several"),
        ("Mcp_Name: a", "mcp_name: expected mcp-name or nothing"),
        ("Content_Length: 5", "content_length: expected content-length or nothing"),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding and Content-Length: expected one of them, found both",
        ),
        ("Content-Length: 5, 5", "Content-Length: expected one number, found '5, 5'"),
        ("Content-Length: +5", "Content-Length: expected one number, found '+5'"),
        ("Content-Length: 0x5", "Content-Length: expected one number, found '0x5'"),
        ("Content-Length:", "Content-Length: expected one number, found ''"),
        ("Content-Length: \xb2", "Content-Length: expected one number, found '\xb2'"),
    ],
)
def test_a_request_that_proxies_may_read_in_another_way_is_refused(lines, said):
    fault = request_of(f"POST / HTTP/1.1\r\n{lines}\r\n\r\n".encode("latin-1"))
    assert (fault.status, fault.reason) == (400, said)


def test_other_fields_may_come_several_times():
    head, _ = request_of(b"GET / HTTP/1.1\r\nAccept: a\r\nAccept: b\r\nX_Y: c\r\n\r\n")
    assert head.headers.all("accept") == ("a", "b")


def test_other_versions_are_refused():
    assert request_of(b"GET / HTTP/1.0\r\n\r\n")[1] == "HTTP/1.0"
    assert request_of(b"PRI * HTTP/2.0\r\n\r\n").status == 505
    fault = request_of(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert fault.reason == "Transfer-Encoding: expected HTTP/1.1, found HTTP/1.0"


def test_a_response_has_one_length():
    assert length_fault(Headers()) is None
    assert length_fault(Headers([("Content-Length", "7")])) is None
    assert length_fault(Headers([("Content-Length", "7"), ("Content-Length", "7")])) is not None


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 404\r\nA: b\r\n\r\n"])
def test_a_head_of_a_response_may_leave_its_phrase_out(head):
    assert verdicts(head, grammar=RESPONSE) == {head}


@pytest.mark.parametrize(
    "head", [b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/1.1 99 A\r\n\r\n", b"ICY 200 OK\r\n\r\n"]
)
def test_a_head_of_another_protocol_is_refused(head):
    assert verdicts(head, grammar=RESPONSE) == {400}


# Chunks


def walks(data):
    """Return what every cut of a body says is wrong with it."""
    found = set()
    for pieces in every_cut(data):
        walk = ChunkWalk()
        found.add(next((fault for piece in pieces if (fault := walk.fault(piece)) is not None), None))
    return found


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"A;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
        b"0\r\n\r\nGET / HTTP/1.1\nHost",
        b"1\r\n\n\r\n1 ;x\r\na\r\n",
    ],
)
def test_chunks_that_are_as_they_should_be_pass(body):
    assert walks(body) == {None}


@pytest.mark.parametrize(
    "body",
    [
        b"5\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;a\x00\r\nhello\r\n",
        b"\r\n",
        b"g\r\n",
        b"1234567890abcdef\r\n",
        b"5;" + b"a" * 300 + b"\r\nhello\r\n",
        b"5;" + b"a" * 300,
    ],
)
def test_a_line_between_chunks_that_is_odd_is_refused_whatever_the_cuts(body):
    (fault,) = walks(body)
    assert fault is not None


@pytest.mark.parametrize(
    "trailers", [b"\n", b"A: b\n\r\n", b" folded: b\r\n\r\n", b"a: " + b"b" * 9000, b"a: b\r\n" * 1400]
)
def test_odd_trailers_are_refused_whatever_the_cuts(trailers):
    walk = ChunkWalk()
    assert walk.fault(b"0\r\n" + trailers) is not None
    walk = ChunkWalk()
    assert any(walk.fault(b"0\r\n"[at : at + 1]) is None for at in range(3))
    assert any(walk.fault(trailers[at : at + 1]) for at in range(len(trailers)))
