"""Server-sent events (WHATWG HTML, 9.2.5 and 9.2.6): fields, lines and events, however the bytes arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import against_garbage
from tests.server.steps import steps_of

from sansmcp.errors import LocalProtocolError
from sansmcp.wire import (
    EventReader,
    Limits,
    ServerSentEvent,
    Violation,
    encode_comment,
    encode_event,
    make_excerpt,
)

LIMIT = 12
LONG = "an event is longer than 12 bytes"
BOM = b"\xef\xbb\xbf"

one_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1)
data_lines = st.lists(st.binary(max_size=8).filter(lambda line: not set(line) & set(b"\r\n\0")), max_size=3)
PIECES = [b"data", b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", BOM, b"\0", b"7"]
streams = st.lists(st.sampled_from([*PIECES, b"data: 1\n", b"x" * 9, b"\xff"]), max_size=20).map(b"".join)


def read(stream, *, cuts=(), limits=None):
    """Return what is read of a stream that arrives in pieces, with the reader."""
    reader = EventReader() if limits is None else EventReader(limits)
    found = []
    start = 0
    for end in [*sorted(cuts), len(stream)]:
        reader.receive_data(stream[start:end])
        start = max(start, end)
        found += iter(reader.next_event, None)
    return found, reader


def datas(stream):
    return [event.data for event in read(stream)[0]]


# Writing


def test_an_event_is_a_line_for_each_field_and_an_empty_one():
    assert encode_event(b"{}") == b"data: {}\n\n"
    written = encode_event(b"{}", event_id="1_2", event="endpoint", retry=1500)
    assert written == b"id: 1_2\nevent: endpoint\nretry: 1500\ndata: {}\n\n"


def test_an_event_that_only_gives_its_id_has_empty_data():
    assert encode_event(b"", event_id="1_0") == b"id: 1_0\ndata: \n\n"


def test_a_newline_in_data_begins_another_line():
    assert encode_event(b"a\n\nb") == b"data: a\ndata: \ndata: b\n\n"


def test_a_comment_is_a_line_that_begins_with_a_colon():
    assert encode_comment() == b":\n\n"
    assert encode_comment("still here") == b": still here\n\n"
    assert read(encode_comment() + encode_comment("x"))[0] == []


@pytest.mark.parametrize("text", ["", "1\ndata: evil", "1\rdata: evil", "a\0b", "\ud800"])
def test_an_id_or_a_type_that_leaves_its_line_is_refused(text):
    with pytest.raises(LocalProtocolError, match="the id of an event is"):
        encode_event(b"x", event_id=text)
    with pytest.raises(LocalProtocolError, match="the type of an event is"):
        encode_event(b"x", event=text)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\0", "\udfff"])
def test_a_comment_that_leaves_its_line_is_refused(text):
    with pytest.raises(LocalProtocolError, match="the comment of an event is"):
        encode_comment(text)


@pytest.mark.parametrize("data", [b"a\rb", b"a\r\nb", b"\0"])
def test_data_that_would_be_read_otherwise_is_refused(data):
    with pytest.raises(LocalProtocolError, match="holds CR or NUL"):
        encode_event(data)


@pytest.mark.parametrize("retry", [-1, True, 1.5, "5", 10**18])
def test_a_time_to_wait_that_is_no_number_of_milliseconds_is_refused(retry):
    with pytest.raises(LocalProtocolError, match="retry is"):
        encode_event(b"x", retry=retry)


@given(data_lines.map(b"\n".join), one_line, one_line, st.integers(0, 10**18 - 1))
def test_what_was_written_is_read_again(data, event_id, event, retry):
    stream = encode_comment("x") + encode_event(data, event_id=event_id, event=event, retry=retry)
    found, reader = read(stream)
    assert found == [ServerSentEvent(data=data, event=event, event_id=event_id)]
    assert (reader.last_event_id, reader.retry) == (event_id, retry)


@against_garbage
@given(st.binary(), st.none() | st.text(), st.none() | st.text())
def test_whatever_is_written_is_one_event_or_refused(data, event_id, event):
    try:
        stream = encode_event(data, event_id=event_id, event=event)
    except LocalProtocolError:
        return
    assert len(read(stream)[0]) == 1
    assert b"\r" not in stream
    assert b"\0" not in stream


# Reading


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_line_ends_at_each_of_the_three_ends(end):
    assert datas(end.join([b"data: one", b"data: two", b"", b"data: three", b"", b""])) == [
        b"one\ntwo",
        b"three",
    ]


def test_an_event_is_given_out_at_a_carriage_return_without_waiting():
    reader = EventReader()
    reader.receive_data(b"data: x\r\r")
    assert reader.next_event() == ServerSentEvent(data=b"x")


def test_a_carriage_return_and_a_newline_in_two_pieces_are_one_end():
    found, _ = read(b"data: 1\r\ndata: 2\r\n\r\n", cuts=(8, 17, 19))
    assert [event.data for event in found] == [b"1\n2"]


def test_no_other_character_ends_a_line():
    text = "data: a\u2028\u2029\u0085\x0b\x0c\x1cb".encode()
    assert datas(text + b"\n\n") == [text.removeprefix(b"data: ")]


def test_one_blank_after_the_colon_is_no_data():
    assert datas(b"data:x\n\ndata: x\n\ndata:  x\n\n") == [b"x", b"x", b" x"]


def test_an_event_of_empty_data_is_one_and_an_event_without_data_is_none():
    assert datas(b"data\n\ndata:\n\ndata: \n\nevent: x\n\n\n\n") == [b"", b"", b""]


def test_an_event_without_data_still_gives_its_id():
    found, reader = read(b"id: 7\n\n")
    assert (found, reader.last_event_id) == ([], "7")


def test_an_id_stays_until_another_and_an_empty_one_ends_it():
    found, reader = read(b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")
    assert [event.event_id for event in found] == ["1", "1", None]
    assert reader.last_event_id is None


def test_an_id_counts_once_its_event_is_complete():
    found, reader = read(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")
    assert ([event.event_id for event in found], reader.last_event_id) == (["1"], "1")


def test_an_id_with_nul_is_ignored():
    assert read(b"id: 1\n\nid: a\0b\n\n")[1].last_event_id == "1"


def test_a_type_counts_for_one_event():
    found, _ = read(b"event: a\ndata: 1\n\ndata: 2\n\nevent: b\n\ndata: 3\n\nevent\ndata: 4\n\n")
    assert [event.event for event in found] == ["a", "message", "message", "message"]


@pytest.mark.parametrize("value", [b"10x", b"-1", b" 1", b"1.0", b"", "\u0663".encode(), b"9" * 19])
def test_a_time_to_wait_that_is_no_plain_number_is_ignored(value):
    assert read(b"retry: " + value + b"\n")[1].retry is None


def test_a_time_to_wait_counts_at_once():
    assert read(b"retry: 0150\n")[1].retry == 150


def test_unknown_fields_and_names_in_capitals_are_ignored():
    assert datas(b"DATA: a\nData: b\n data: c\ndata : d\nother: e\nother\n\n") == []


def test_ids_and_types_that_are_no_utf_8_are_read_all_the_same():
    (event,), _ = read(b"id: a\xff\nevent: \xfe\ndata: \xff\n\n")
    assert event == ServerSentEvent(data=b"\xff", event="\ufffd", event_id="a\ufffd")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_one_byte_order_mark_at_the_very_start_is_skipped_and_no_other(size):
    for stream, expected in (
        (BOM + b"data: 1\n\n", [b"1"]),
        (BOM + BOM + b"data: 1\n\ndata: 2\n\n", [b"2"]),
        (b"\n" + BOM + b"data: 1\n\n", []),
        (b"\xef\xbbdata: 1\n\n", []),
        (b"data: " + BOM + b"\n\n", [BOM]),
    ):
        found, _ = read(stream, cuts=range(0, len(stream), size))
        assert [event.data for event in found] == expected


def test_nothing_is_an_event_before_its_empty_line():
    assert datas(b"data: 1\n\ndata: unterminated") == [b"1"]
    assert datas(b"data: unterminated\n") == []


@given(streams, st.lists(st.integers(0, 80), max_size=12))
def test_every_cut_of_a_stream_gives_the_same_events(stream, cuts):
    limits = Limits(max_message_bytes=LIMIT)
    whole, reader = read(stream, limits=limits)
    for ways in (cuts, range(len(stream))):
        found, other = read(stream, cuts=ways, limits=limits)
        assert found == whole
        assert (other.last_event_id, other.retry) == (reader.last_event_id, reader.retry)


@against_garbage
@given(st.lists(st.binary(max_size=20)))
def test_any_bytes_are_read_without_an_exception(pieces):
    reader = EventReader(Limits(max_message_bytes=LIMIT))
    for piece in pieces:
        reader.receive_data(piece)
    assert len(list(iter(reader.next_event, None))) <= sum(map(len, pieces))


# The limit


def violation(found):
    return Violation(code=-32700, text=LONG, excerpt=make_excerpt(found))


@pytest.mark.parametrize("name", [b"data:", b"data: "])
def test_data_at_the_limit_is_read_and_a_byte_more_is_not(name):
    limits = Limits(max_message_bytes=LIMIT)
    assert read(name + b"x" * LIMIT + b"\n\n", limits=limits)[0] == [ServerSentEvent(data=b"x" * LIMIT)]
    for count in (LIMIT + 1, 100 * LIMIT):
        (found,), _ = read(name + b"x" * count + b"\n\n", limits=limits)
        assert found.text == LONG


def test_the_lines_of_an_event_count_together_with_their_newlines():
    limits = Limits(max_message_bytes=LIMIT)
    at_limit = b"data: 12345\ndata: 123456\n\n"
    assert read(2 * at_limit, limits=limits)[0] == 2 * [ServerSentEvent(data=b"12345\n123456")]
    assert read(b"data: 12345\ndata: 1234567\n\n", limits=limits)[0] == [violation(b"1234567")]


def test_a_line_past_the_limit_is_told_before_it_ends():
    limits = Limits(max_message_bytes=LIMIT)
    comment = b": " + b"x" * (LIMIT + 4)
    assert read(comment, limits=limits)[0] == []
    assert read(comment + b"x", limits=limits)[0] == [violation(comment + b"x")]
    assert read(comment + b"xyz", limits=limits)[0] == [violation(comment + b"x")]


def test_past_the_limit_nothing_is_read_any_more_and_it_is_told_once():
    reader = EventReader(Limits(max_message_bytes=LIMIT))
    reader.receive_data(b"data: 1\n\n" + b"x" * 100 + b"\n\ndata: 2\n\n")
    reader.receive_data(b"data: 3\n\n")
    reader.receive_data(b"x" * 100)
    first, second = iter(reader.next_event, None)
    assert (first.data, second.text) == (b"1", LONG)


def test_comments_and_unknown_fields_are_not_kept():
    limits = Limits(max_message_bytes=LIMIT)
    assert read(b": comment\nx: 1\n" * 1000 + b"data: 1\n\n", limits=limits)[0] == [
        ServerSentEvent(data=b"1")
    ]


@pytest.mark.parametrize(
    "piece",
    [b"x", b"data: 1\n", b":\r\n", b"\r", b"data: 1\n\n"],
    ids=["text", "data", "comment", "cr", "event"],
)
@pytest.mark.parametrize("size", [1, 7])
def test_twice_as_many_bytes_take_twice_as_many_steps_at_most(piece, size):
    def receive(stream):
        reader = EventReader()
        for start in range(0, len(stream), size):
            reader.receive_data(stream[start : start + size])
        return sum(1 for _ in iter(reader.next_event, None))

    once, twice = (steps_of(receive, piece * count)[1] for count in (200, 400))
    assert twice <= 2 * once
