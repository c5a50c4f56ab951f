"""Whole messages as bytes, of streams of lines (H5)."""

import json

import pytest

from sansmcp import Server
from sansmcp.schema import REVISIONS
from sansmcp.session import Direction, RawMessage
from sansmcp.testing import SeededEnvironment, byte_by_byte, connect, pieces_of, whole

SENT, RECEIVED = Direction.SENT, Direction.RECEIVED


def offering():
    server = Server("heard", version="1")

    @server.tool
    def echo(x: str) -> str:
        return x

    return server


def data_of(heard, direction):
    return [message.data for message in heard if message.direction is direction]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("cut", [whole, byte_by_byte, pieces_of(7)])
def test_both_ends_hear_each_message_once_however_the_bytes_are_cut(revision, cut):
    near, far = [], []
    settings = {"cut": cut, "revisions": [revision], "serving": {"on_message": far.append}}
    with connect(offering(), on_message=near.append, **settings) as client:
        client.call_tool("echo", {"x": "hé\n"})
    assert data_of(near, SENT) == data_of(far, RECEIVED)
    assert data_of(near, RECEIVED) == data_of(far, SENT)
    (called,) = [data for data in data_of(near, SENT) if b'"tools/call"' in data]
    assert json.loads(called)["params"]["arguments"] == {"x": "hé\n"}
    assert "hé" in json.loads(data_of(near, RECEIVED)[-1])["result"]["content"][0]["text"]
    times = [message.at for message in near]
    assert times == sorted(times)


def test_what_cannot_be_read_is_heard_and_what_never_ends_is_not():
    heard = []
    endpoint = offering().endpoint(SeededEnvironment(), {"on_message": heard.append})
    link = endpoint.accept(1.0)
    link.receive_data(b'{"id":\r\n\n \xff', 2.0)
    link.receive_data(b'\n{"jsonrpc"', 3.0)
    link.receive_eof(4.0)
    assert heard == [
        RawMessage(at=2.0, direction=RECEIVED, data=b'{"id":\r'),
        RawMessage(at=3.0, direction=RECEIVED, data=b" \xff"),
    ]


def test_what_is_longer_than_a_message_may_be_is_not_heard():
    heard = []
    endpoint = offering().endpoint(SeededEnvironment(), {"on_message": heard.append})
    link = endpoint.accept(0.0)
    link.receive_data(b"x" * (4 * 1024 * 1024 + 1) + b'\n{"id":\n', 0.0)
    assert data_of(heard, RECEIVED) == [b'{"id":']
