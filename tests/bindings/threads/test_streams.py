"""Streams in memory and over descriptors."""

import os
import socket
import threading

import pytest
from tests.bindings.threads.counting import in_thread, nothing_left

from sansmcp_threads import StreamPair, memory_pair

PATIENCE = 60.0
NO_PATIENCE = 0.01


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


def piped_pair(*, blocking: bool) -> tuple[StreamPair, StreamPair]:
    here, there = os.pipe(), os.pipe()
    for descriptor in (*here, *there):
        os.set_blocking(descriptor, blocking)
    return StreamPair(here[0], there[1]), StreamPair(there[0], here[1])


def socket_pair() -> tuple[StreamPair, StreamPair]:
    near, far = (end.detach() for end in socket.socketpair())
    return StreamPair(near, near), StreamPair(far, far)


every_pair = pytest.mark.parametrize(
    "pair",
    [
        memory_pair,
        lambda: piped_pair(blocking=True),
        lambda: piped_pair(blocking=False),
        socket_pair,
    ],
    ids=["memory", "blocking pipes", "pipes", "sockets"],
)


def read_all(stream, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = stream.read()
        assert piece
        data += piece
    return bytes(data)


@every_pair
def test_what_one_end_writes_the_other_reads(pair) -> None:
    near, far = pair()
    assert near.write(b"abc")
    assert far.read() == b"abc"
    assert far.write(b"def")
    assert near.read() == b"def"
    near.close()
    far.close()


@every_pair
def test_more_than_fits_is_written_while_the_other_end_reads(pair) -> None:
    near, far = pair()
    data = os.urandom(3_000_000)
    assert not near.write(data)
    with in_thread(lambda: near.flush(PATIENCE)):
        assert read_all(far, len(data)) == data
    near.close()
    far.close()


@every_pair
def test_a_peer_that_reads_nothing_makes_flush_give_up(pair) -> None:
    near, far = pair()
    assert not near.write(b"x" * 3_000_000)
    with pytest.raises(TimeoutError, match="the peer has read nothing"):
        near.flush(NO_PATIENCE)
    near.close()
    far.close()


@every_pair
def test_a_reader_that_waits_is_told_to_end(pair) -> None:
    near, far = pair()
    read: list[bytes] = []
    with in_thread(lambda: read.append(near.read())):
        near.end_input()
    assert read == [b""]
    far.write(b"too late")
    assert near.read() == b""
    near.close()
    far.close()


@every_pair
def test_an_end_that_closes_ends_the_input_of_the_other(pair) -> None:
    near, far = pair()
    near.write(b"last words")
    near.close()
    assert far.read() == b"last words"
    assert far.read() == b""
    with pytest.raises(OSError, match=r"(?i)closed|broken"):
        far.write(b"nobody hears it")
    far.close()


@every_pair
def test_closing_cuts_a_flush_that_waits(pair) -> None:
    near, far = pair()
    assert not near.write(b"x" * 3_000_000)
    begun = threading.Event()

    def flush() -> None:
        begun.set()
        with pytest.raises(OSError, match="closed"):
            near.flush(PATIENCE)

    with in_thread(flush):
        assert begun.wait(PATIENCE)
        near.close()
    far.close()


def test_descriptors_are_left_blocking_or_not_as_they_were() -> None:
    for blocking in (True, False):
        reader, writer = os.pipe()
        os.set_blocking(writer, blocking)
        other = os.dup(writer)
        stream = StreamPair(reader, writer)
        assert not stream.write(b"x" * 3_000_000)
        assert os.get_blocking(other) is blocking
        stream.close()
        os.close(other)
