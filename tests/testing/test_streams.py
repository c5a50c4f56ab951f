"""One direction of a simulated connection: cuts, ends and lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.testing import byte_by_byte, pieces_of, whole
from sansmcp.testing.streams import Stream, StreamState


def test_the_cuts_give_the_same_bytes_in_pieces():
    assert list(whole(b"abc")) == [b"abc"]
    assert list(byte_by_byte(b"abc")) == [b"a", b"b", b"c"]
    assert list(pieces_of(2)(b"abc")) == [b"ab", b"c"]


@given(st.binary(), st.integers(1, 10))
def test_pieces_of_any_size_join_to_what_was_cut(data, size):
    assert b"".join(pieces_of(size)(data)) == data


def test_what_is_written_is_taken_once_and_in_order():
    stream = Stream(whole)
    stream.write(b"a")
    stream.write(b"b")
    assert stream.take() == [b"ab"]
    assert stream.take() == []


def test_empty_pieces_of_a_cut_are_left_out():
    stream = Stream(lambda data: (b"", data, b""))
    stream.write(b"a")
    assert stream.take() == [b"a"]


def test_a_cut_that_changes_the_bytes_is_refused():
    stream = Stream(lambda data: (data[:1],))
    stream.write(b"abc")
    with pytest.raises(AssertionError, match=r"cut: expected pieces of b'abc', found \[b'a'\]"):
        stream.take()


def test_the_end_is_read_once_and_after_the_last_bytes():
    stream = Stream(whole)
    stream.write(b"a")
    stream.end()
    stream.end()
    assert not stream.take_end()
    assert stream.take() == [b"a"]
    assert stream.take_end()
    assert not stream.take_end()
    assert stream.state is StreamState.ENDED


def test_what_is_written_after_the_end_goes_nowhere():
    stream = Stream(whole)
    stream.end()
    stream.write(b"a")
    assert stream.take() == []


def test_what_is_under_way_is_lost_when_the_stream_breaks_off():
    stream = Stream(whole)
    stream.write(b"a")
    stream.break_off()
    assert stream.take() == []
    assert stream.take_end()


def test_lines_are_told_when_they_are_complete_and_the_rest_at_the_end():
    stream = Stream(whole)
    assert stream.lines(b"one\ntw") == ["one"]
    assert stream.lines(b"o\nthr") == ["two"]
    assert stream.rest() == ["thr"]
    assert stream.rest() == []


def test_bytes_that_are_no_text_are_still_told():
    assert Stream(whole).lines(b"\xff\n") == ["\N{REPLACEMENT CHARACTER}"]
