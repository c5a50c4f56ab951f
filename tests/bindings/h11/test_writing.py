"""Heads as bytes: whatever they hold, they are one head."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp.errors import LocalProtocolError
from sansmcp_h11.heads import RESPONSE, fields_of
from sansmcp_h11.writing import chunk, response_head


def test_a_head_is_written_as_it_is_read():
    head = response_head(200, [("content-type", "application/json"), ("x", "")])
    assert head == b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx: \r\n\r\n"
    assert fields_of(head)[1].lines == (("content-type", "application/json"), ("x", ""))
    assert response_head(299, []) == b"HTTP/1.1 299\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\ny: b"),
        ("x", "a\r\n\r\n<p>"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\0b"),
        ("x", "\x7f"),
        ("x", "€"),
        ("x y", "a"),
        ("", "a"),
        ("x:", "a\r\n"),
    ],
)
def test_what_would_break_a_head_is_refused_and_not_shown(name, value):
    with pytest.raises(LocalProtocolError) as raised:
        response_head(200, [(name, value)])
    assert value not in str(raised.value) or len(value) < 2


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=12)), max_size=4))
def test_any_fields_are_one_head_or_none(fields):
    try:
        head = response_head(200, fields)
    except LocalProtocolError:
        return
    assert RESPONSE.fullmatch(head)
    assert [value for _, value in fields_of(head)[1].lines] == [value.strip("\t ") for _, value in fields]


def test_a_chunk_says_its_length():
    assert chunk(b"a" * 26) == b"1a\r\n" + b"a" * 26 + b"\r\n"
