"""A tap on a link: each byte is told with its time and direction, and nothing changes."""

from functools import partial

import pytest

from sansmcp import Server
from sansmcp.schema import REVISIONS
from sansmcp.testing import byte_by_byte, connect, whole
from sansmcp.trace import Direction, Passed, Tap


class Recorded:
    """A link that keeps what it is told and sends what it is given."""

    def __init__(self):
        self.told = []
        self.outgoing = []
        self.done = False

    def receive_data(self, data, now):
        self.told.append((data, now))

    def receive_eof(self, now, reason="unsaid"):
        self.told.append((reason, now))

    def data_to_send(self):
        return self.outgoing.pop(0) if self.outgoing else b""

    def next_deadline(self):
        return 9.0

    def handle_timeout(self, now):
        self.told.append(("timeout", now))


def tapped(**settings):
    link, heard = Recorded(), []
    return link, heard, Tap(link, heard.append, **settings)


def seen(heard):
    return [(passed.direction.value, passed.at, passed.data) for passed in heard if not passed.is_end]


def server():
    served = Server("tapped", version="1.0")

    @served.tool
    def add(a: int, b: int) -> int:
        return a + b

    return served


def test_everything_reaches_the_link_and_comes_from_it():
    link, _, tap = tapped()
    assert tap.link is link
    tap.receive_data(b"half", 1.0)
    tap.handle_timeout(2.0)
    tap.receive_eof(3.0)
    tap.receive_eof(4.0, "told why")
    assert link.told == [(b"half", 1.0), ("timeout", 2.0), ("unsaid", 3.0), ("told why", 4.0)]
    link.outgoing = [b"out"]
    assert tap.data_to_send() == b"out"
    assert tap.next_deadline() == 9.0
    assert not tap.done
    link.done = True
    assert tap.done


def test_a_line_is_told_when_it_is_whole_with_the_time_of_its_last_byte():
    _, heard, tap = tapped()
    tap.receive_data(b"one\ntw", 1.0)
    tap.receive_data(b"o", 2.0)
    tap.receive_data(b"\n\nthree", 3.0)
    assert seen(heard) == [("received", 1.0, b"one\n"), ("received", 3.0, b"two\n"), ("received", 3.0, b"\n")]
    assert heard[1].message == b"two"
    tap.receive_eof(4.0)
    tap.receive_eof(5.0)
    assert seen(heard)[3:] == [("received", 4.0, b"three")]
    assert [passed for passed in heard if passed.is_end] == [
        Passed(at=4.0, direction=Direction.RECEIVED, data=b"", size=0, is_end=True)
    ]


def test_what_is_sent_has_the_latest_time_that_was_told():
    link, heard, tap = tapped()
    link.outgoing = [b"first\n", b"second\n", b"third\n", b"last"]
    tap.data_to_send()
    tap.receive_data(b"", 1.0)
    tap.data_to_send()
    tap.handle_timeout(2.0)
    tap.data_to_send()
    assert seen(heard) == [("sent", None, b"first\n"), ("sent", 1.0, b"second\n"), ("sent", 2.0, b"third\n")]
    link.done = True
    tap.data_to_send()
    tap.data_to_send()
    assert seen(heard)[3:] == [("sent", 2.0, b"last")]
    assert [passed.is_end for passed in heard] == [False, False, False, False, True]


def test_a_clock_of_ones_own_tells_the_time_instead():
    times = iter((5.0, 6.0, 7.0))
    link, heard, tap = tapped(clock=partial(next, times))
    link.outgoing = [b"sent\n"]
    tap.data_to_send()
    tap.receive_data(b"received\n", 1.0)
    tap.receive_eof(1.0)
    assert [passed.at for passed in heard] == [5.0, 6.0, 7.0]


def test_a_secret_cut_by_two_reads_is_masked_and_its_size_is_told():
    line = b'{"params":{"requestState":"sealed by the server"}}\n'
    _, heard, tap = tapped()
    for position in range(len(line)):
        tap.receive_data(line[position : position + 1], 1.0)
    (passed,) = heard
    assert passed.message == b'{"params":{"requestState":"***"}}'
    assert passed.size == len(line)


def test_who_wants_all_bytes_gets_them():
    _, heard, tap = tapped(mask=lambda data: data)
    tap.receive_data(b"Authorization: Bearer abc\n", 1.0)
    assert heard[0].data == b"Authorization: Bearer abc\n"


def test_what_is_longer_than_a_message_is_told_in_pieces_and_not_kept():
    _, heard, tap = tapped()
    piece = b"x" * (1024 * 1024)
    for _ in range(10):
        tap.receive_data(piece, 1.0)
    assert [passed.size for passed in heard] == [5 * len(piece), 5 * len(piece)]
    tap.receive_data(b"\n", 1.0)
    assert heard[2].data == b"\n"


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_both_ends_of_a_connection_tell_the_same_messages(revision, cut):
    near, far = [], []
    with connect(
        server(),
        cut=cut,
        revisions=[revision],
        wrap_link=lambda link: Tap(link, near.append),
        serving={"wrap_link": lambda link: Tap(link, far.append)},
    ) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).content[0].text == "3"
    for mine, yours in ((Direction.SENT, Direction.RECEIVED), (Direction.RECEIVED, Direction.SENT)):
        at_client = [passed.data for passed in near if passed.direction is mine]
        at_server = [passed.data for passed in far if passed.direction is yours]
        assert at_client == at_server
        assert len(at_client) > 1
        assert at_client[-1] == b""
