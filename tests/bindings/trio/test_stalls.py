"""A peer that reads slowly is waited for as long as anything moves; one that reads nothing is not."""

import contextlib
import socket
from collections.abc import AsyncIterator

import attrs
import pytest
import trio
from tests.bindings.ring import Heard, Ring, RingLink
from tests.bindings.trio.running import run_in_no_time
from trio.testing import wait_all_tasks_blocked

from sansmcp_trio import ByteStream, Driver, Tasks, memory_pair

SAID = b"0123456789abcdef" * 60_000
PATIENCE = 20
AT_ONCE = 64 * 1024


@attrs.define(eq=False)
class SlowPeer:
    """Takes what comes in pieces, with a pause before each, and stops after so many."""

    pieces: float
    received: bytes = b""
    taken: int = 0

    async def read(self, stream: ByteStream) -> None:
        while self.taken < self.pieces:
            await trio.sleep(PATIENCE)
            data = await stream.receive_some(AT_ONCE)
            if not data:
                return
            self.received += data
            self.taken += 1


@contextlib.asynccontextmanager
async def in_memory(peer: SlowPeer) -> AsyncIterator[ByteStream]:
    near, far = memory_pair()
    async with far, trio.open_nursery() as nursery:
        nursery.start_soon(peer.read, far)
        yield near


@contextlib.asynccontextmanager
async def over_a_socket(peer: SlowPeer) -> AsyncIterator[ByteStream]:
    near, far = (trio.SocketStream(trio.socket.from_stdlib_socket(one)) for one in sockets())
    async with far, trio.open_nursery() as nursery:
        nursery.start_soon(peer.read, far)
        yield near


@contextlib.asynccontextmanager
async def over_a_stream_that_does_not_tell(peer: SlowPeer) -> AsyncIterator[ByteStream]:
    near, far = (trio.SocketStream(trio.socket.from_stdlib_socket(one)) for one in sockets())
    async with far, trio.open_nursery() as nursery:
        nursery.start_soon(peer.read, far)
        yield trio.StapledStream(near, near)


def sockets() -> tuple[socket.socket, socket.socket]:
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * 1024)
    return near, far


kinds = pytest.mark.parametrize("kind", [in_memory, over_a_socket, over_a_stream_that_does_not_tell])


@kinds
def test_a_peer_that_reads_slowly_gets_everything(kind) -> None:
    async def work() -> None:
        ring, peer = Ring(), SlowPeer(pieces=float("inf"))
        async with Tasks() as tasks, kind(peer) as stream, trio.open_nursery() as nursery:
            driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None, tasks)
            link = ring.accept()
            nursery.start_soon(driver.carry, link, stream)
            link.say(SAID)
            driver.settle()
            await trio.sleep(len(SAID) / 1024 * PATIENCE)
            assert link.ends == []
            ring.end()
            driver.settle()
        assert peer.taken > 5
        assert peer.received == SAID

    run_in_no_time(work)


@kinds
def test_a_peer_that_stops_reading_is_given_up_half_a_minute_later(kind) -> None:
    async def work() -> None:
        ring, peer = Ring(), SlowPeer(pieces=3)
        start = trio.current_time()
        async with Tasks() as tasks, kind(peer) as stream:
            driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None, tasks)
            link = ring.accept()
            link.say(SAID)
            await driver.carry(link, stream)
            assert link.ends == ["the peer has read nothing for 30 s"]
        assert trio.current_time() - start >= 3 * PATIENCE + 30

    run_in_no_time(work)


class _Unread(trio.abc.Stream):
    """Takes nothing any more; its input goes on."""

    async def receive_some(self, _max_bytes: int | None = None) -> bytes:
        return await trio.sleep_forever()

    async def send_all(self, _data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        raise trio.BrokenResourceError("nobody reads")

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class _Telling(RingLink):
    """A link that tells when what it says is taken."""

    def data_to_send(self) -> bytes:
        data = super().data_to_send()
        if data:
            self.ring.events.append(Heard(data))
        return data


def test_whoever_waits_until_bytes_leave_hears_of_it_though_nobody_reads_them() -> None:
    async def work() -> None:
        ring, heard = Ring(), list[bytes]()
        link = _Telling(ring)
        ring.links.append(link)
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, event: heard.append(event.data), tasks)
            nursery.start_soon(driver.carry, link, _Unread())
            for word in (b"first", b"second"):
                link.say(word)
                driver.settle()
                await wait_all_tasks_blocked()
            assert heard == [b"first", b"second"]
            assert link.ends == []

    run_in_no_time(work)
