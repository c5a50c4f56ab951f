"""Newline framing (MCP, Transports, stdio): lines are cut at byte 0x0A, however the bytes arrive."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import against_garbage

from sansmcp.errors import LocalProtocolError
from sansmcp.wire import (
    Limits,
    LineReader,
    Notification,
    Request,
    Violation,
    decode,
    encode_line,
    make_excerpt,
)

LIMIT = 8
LONG = "a line is longer than 8 bytes"
CUT_OFF = "the stream ended within a message; expected a newline after it"

ENDINGS = [b"\n", b"\n\n", b"\r\n"]
MARKS = [b"\xef", b"\xbb", b"\xbf", b"\xef\xbb\xbf"]
TEXTS = [b"{}", b"abc", b"x" * 7, b"y" * 9, b"\xff", b"\x00"]
SPACES = [b" ", b"\t", b"\x0b", b"\x0c", "\u2028".encode(), "\u0085".encode()]
streams = st.lists(st.sampled_from(ENDINGS + MARKS + TEXTS + SPACES), max_size=14).map(b"".join)


def drain(reader: LineReader) -> list[bytes | Violation]:
    return list(iter(reader.next_line, None))


def lines_of(stream: bytes) -> list[bytes | Violation]:
    """Say what a stream that has ended is to be cut into."""
    *lines, rest = stream.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = [
        too_long(line) if len(line) > LIMIT else line
        for line in lines
        if line.strip(b" \t\r") or len(line) > LIMIT
    ]
    if len(rest) > LIMIT:
        return [*expected, too_long(rest)]
    return [*expected, cut_off(rest)] if rest.strip(b" \t\r") else expected


def too_long(line: bytes) -> Violation:
    return Violation(code=-32700, text=LONG, excerpt=make_excerpt(line[: LIMIT + 1]))


def cut_off(rest: bytes) -> Violation:
    return Violation(code=-32700, text=CUT_OFF, excerpt=make_excerpt(rest))


def texts_of(found: list[bytes | Violation]) -> list[bytes | str]:
    return [item.text if isinstance(item, Violation) else item for item in found]


@given(streams, st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=12))
def test_every_cut_of_a_stream_gives_the_same_lines(stream: bytes, cuts: list[tuple[int, bool]]) -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    found = []
    start = 0
    for end, drained in [*sorted(cuts), (len(stream), True)]:
        reader.receive_data(stream[start:end])
        start = max(start, end)
        if drained:
            found += drain(reader)
    reader.receive_eof()
    found += drain(reader)
    assert found == lines_of(stream)


@given(streams)
def test_byte_by_byte_gives_the_same_lines(stream: bytes) -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    found = []
    for byte in stream:
        reader.receive_data(bytes([byte]))
        found += drain(reader)
    reader.receive_eof()
    assert found + drain(reader) == lines_of(stream)


@against_garbage
@given(st.lists(st.binary(max_size=20)))
def test_any_bytes_are_cut_without_an_exception(pieces: list[bytes]) -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    for piece in pieces:
        reader.receive_data(piece)
    reader.receive_eof()
    assert drain(reader) == lines_of(b"".join(pieces))


def test_a_line_ends_at_a_newline_and_nowhere_else() -> None:
    reader = LineReader()
    data = b'{"x":"a\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\x0b\x0c\x1c"}\r\n[1]\r[2]\n'
    reader.receive_data(data)
    assert drain(reader) == data.split(b"\n")[:2]


def test_blank_lines_are_skipped_however_many() -> None:
    reader = LineReader()
    reader.receive_data(b"\n\r\n \t \n" * 200_000 + b"1\n \n")
    assert drain(reader) == [b"1"]
    reader.receive_data(b"   ")
    reader.receive_eof()
    assert drain(reader) == []


def test_a_line_of_other_whitespace_is_not_blank() -> None:
    reader = LineReader()
    reader.receive_data(b"\x0b\n\xc2\xa0\n")
    assert drain(reader) == [b"\x0b", b"\xc2\xa0"]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_one_byte_order_mark_at_the_very_start_is_skipped_and_no_other(size: int) -> None:
    mark = b"\xef\xbb\xbf"
    for stream, expected in (
        (mark + b"1\n" + mark + b"2\n", [b"1", mark + b"2"]),
        (mark + mark + b"1\n", [mark + b"1"]),
        (b" " + mark + b"1\n", [b" " + mark + b"1"]),
        (b"\n" + mark + b"1\n", [mark + b"1"]),
        (mark + b"\n1\n2\n", [b"1", b"2"]),
        (b"\xef\xbb1\n", [b"\xef\xbb1"]),
        (b"\xef\n1\n", [b"\xef", b"1"]),
    ):
        reader = LineReader()
        found = []
        for start in range(0, len(stream), size):
            reader.receive_data(stream[start : start + size])
            found += drain(reader)
        assert found == expected


def test_part_of_a_byte_order_mark_is_no_message() -> None:
    reader = LineReader()
    reader.receive_data(b"\xef\xbb")
    assert drain(reader) == []
    reader.receive_eof()
    assert drain(reader) == [cut_off(b"\xef\xbb")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_line_at_the_limit_is_read_and_one_past_it_is_not(mark: bytes) -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    reader.receive_data(mark + b"x" * LIMIT)
    assert drain(reader) == []
    reader.receive_data(b"\n")
    assert drain(reader) == [b"x" * LIMIT]
    reader.receive_data(b"y" * LIMIT + b"y\nnext\n")
    assert drain(reader) == [Violation(code=-32700, text=LONG, excerpt="y" * 9), b"next"]


def test_a_line_past_the_limit_is_reported_at_once_and_only_once() -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    reader.receive_data(b"first\n" + b"x" * LIMIT)
    assert drain(reader) == [b"first"]
    reader.receive_data(b"x")
    assert texts_of(drain(reader)) == [LONG]
    for _ in range(3):
        reader.receive_data(b"x" * 100)
        assert drain(reader) == []
    reader.receive_data(b"\nnext\n")
    assert drain(reader) == [b"next"]


def test_lines_past_the_limit_are_reported_in_their_order_when_taken_late() -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    for piece in (b"1\n", b"x" * 9, b"x" * 9, b"x\n2\n" + b"y" * 50, b"y", b"\n", b"3\n" + b"z" * 50):
        reader.receive_data(piece)
    reader.receive_eof()
    assert texts_of(drain(reader)) == [b"1", LONG, b"2", LONG, b"3", LONG]


def test_64_mib_without_a_newline_cost_one_message_and_little_memory() -> None:
    reader = LineReader()
    piece = b"x" * 65536
    found = []
    tracemalloc.start()
    try:
        for _ in range(1024):
            reader.receive_data(piece)
            found += drain(reader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    reader.receive_data(b'\n{"jsonrpc":"2.0","method":"n"}\n')
    found += drain(reader)
    violation, line = found
    assert violation == Violation(code=-32700, text="a line is longer than 4194304 bytes", excerpt="x" * 80)
    assert decode(line) == Notification(method="n")


def test_a_long_line_in_single_bytes_is_read_in_linear_time() -> None:
    reader = LineReader()
    for _ in range(200_000):
        reader.receive_data(b"x")
        assert reader.next_line() is None
    reader.receive_data(b"\n")
    assert reader.next_line() == b"x" * 200_000


def test_many_lines_at_once_are_read_in_linear_time() -> None:
    reader = LineReader()
    reader.receive_data(b"1\n" * 500_000)
    assert drain(reader) == [b"1"] * 500_000


def test_a_message_that_the_end_cut_off_is_reported_and_never_returned() -> None:
    stream = encode_line(Request(id=1, method="first")) + encode_line(Request(id=2, method="second"))
    first = stream.index(b"\n") + 1
    for end in range(len(stream)):
        reader = LineReader()
        reader.receive_data(stream[:end])
        reader.receive_eof()
        found = drain(reader)
        whole = found[:1] if end >= first else []
        assert [decode(line) for line in whole] == [Request(id=1, method="first")] * len(whole)
        rest = stream[first:end] if end >= first else stream[:end]
        assert found[len(whole) :] == ([cut_off(rest)] if rest else [])


def test_nothing_comes_after_the_end() -> None:
    reader = LineReader()
    reader.receive_data(b"1\n2")
    reader.receive_eof()
    reader.receive_eof()
    with pytest.raises(LocalProtocolError, match="after receive_eof"):
        reader.receive_data(b"3\n")
    assert texts_of(drain(reader)) == [b"1", CUT_OFF]
    assert drain(reader) == []


def test_the_end_of_a_line_that_is_dropped_says_nothing_more() -> None:
    reader = LineReader(Limits(max_message_bytes=LIMIT))
    reader.receive_data(b"x" * 20)
    assert texts_of(drain(reader)) == [LONG]
    reader.receive_eof()
    assert drain(reader) == []


def test_garbage_between_messages_costs_nothing_but_itself() -> None:
    reader = LineReader()
    answer = b'{"jsonrpc":"2.0","id":1,"result":{}}\n'
    reader.receive_data(b'Starting server...\n\n   \n\xff\xfe\n{"not":"json-rpc"}\n' + answer)
    *bad, good = [decode(line) for line in drain(reader) if isinstance(line, bytes)]
    assert [violation.code for violation in bad] == [-32700, -32700, -32600]
    assert good.id == 1


def test_an_encoded_line_is_one_line() -> None:
    message = Notification(method="n", params={"text": "a\nb\r\u2028"})
    line = encode_line(message)
    assert line.index(b"\n") == len(line) - 1
    reader = LineReader()
    reader.receive_data(line)
    (found,) = drain(reader)
    assert decode(found) == message
