"""A peer that reads slowly is waited for as long as anything moves; one that reads nothing is not."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import attrs
import pytest
import trustme
from tests.bindings.asyncio.running import quiet, run_in_no_time
from tests.bindings.ring import Heard, Ring

from sansmcp_asyncio import Driver, Stream, StreamPair, memory_pair
from sansmcp_asyncio.flows import SocketFlow

SAID = b"0123456789abcdef" * 60_000
PATIENCE = 20
AT_ONCE = 64 * 1024


@attrs.define(eq=False)
class SlowPeer:
    """Takes what comes in pieces, with a pause before each, and stops after so many."""

    pieces: float
    received: bytes = b""
    taken: int = 0

    async def read(self, read_some) -> None:
        while self.pieces > 0:
            self.pieces -= 1
            await asyncio.sleep(PATIENCE)
            data = await read_some()
            if not data:
                return
            self.received += data
            self.taken += 1


@contextlib.asynccontextmanager
async def in_memory(peer: SlowPeer) -> AsyncIterator[Stream]:
    near, far = memory_pair()
    reading = asyncio.create_task(peer.read(far.read))
    yield near
    await reading
    await far.close()


@contextlib.asynccontextmanager
async def over_a_socket(peer: SlowPeer) -> AsyncIterator[Stream]:
    near, far = sockets()
    flow = SocketFlow()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: flow, sock=near)
    with far:
        reading = asyncio.create_task(peer.read(lambda: loop.sock_recv(far, AT_ONCE)))
        yield flow
        await reading


@contextlib.asynccontextmanager
async def over_streams_of_asyncio(peer: SlowPeer) -> AsyncIterator[Stream]:
    near, far = sockets()
    reader, writer = await asyncio.open_connection(sock=near)
    loop = asyncio.get_running_loop()
    with far:
        reading = asyncio.create_task(peer.read(lambda: loop.sock_recv(far, AT_ONCE)))
        yield StreamPair(reader, writer)
        await reading


@contextlib.asynccontextmanager
async def over_tls(peer: SlowPeer) -> AsyncIterator[Stream]:
    """What the slow peer takes is ciphertext; another one, who is quick, is handed it and reads the text."""
    (near, far), (relayed, end) = sockets(), sockets()
    ours, theirs = contexts()
    loop = asyncio.get_running_loop()
    flow, reader = SocketFlow(), asyncio.StreamReader()
    text = b""

    async def relay(source: socket.socket, sink: socket.socket) -> None:
        while data := await loop.sock_recv(source, AT_ONCE):
            await loop.sock_sendall(sink, data)

    async def take_some() -> bytes:
        # The transport under TLS waits until about so much has left before it takes more.
        taken = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                while len(taken) < AT_ONCE and (data := await loop.sock_recv(far, AT_ONCE)):
                    taken += data
        await loop.sock_sendall(relayed, taken)
        return taken

    async def read_text() -> None:
        nonlocal text
        while data := await reader.read(AT_ONCE):
            text += data

    back = asyncio.create_task(relay(relayed, far))
    there = asyncio.create_task(relay(far, relayed))
    accepting = asyncio.create_task(
        loop.connect_accepted_socket(lambda: asyncio.StreamReaderProtocol(reader), end, ssl=ours)
    )
    await loop.create_connection(lambda: flow, sock=near, ssl=theirs, server_hostname="127.0.0.1")
    transport, _ = await accepting
    await quiet()
    there.cancel()
    await asyncio.wait({there})
    reading, texting = asyncio.create_task(peer.read(take_some)), asyncio.create_task(read_text())
    yield flow
    await reading
    far.close()
    back.cancel()
    relayed.close()
    await asyncio.wait({back, texting})
    transport.close()
    peer.received = text
    await quiet()


def sockets() -> tuple[socket.socket, socket.socket]:
    near, far = socket.socketpair()
    for one in (near, far):
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * 1024)
    return near, far


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    return ours, theirs


kinds = pytest.mark.parametrize("kind", [in_memory, over_a_socket, over_streams_of_asyncio, over_tls])


@kinds
def test_a_peer_that_reads_slowly_gets_everything(kind) -> None:
    async def work() -> None:
        ring, peer = Ring(), SlowPeer(pieces=float("inf"))
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        async with kind(peer) as stream:
            link = ring.accept()
            driver.carry(link, stream)
            link.say(SAID)
            driver.settle()
            await asyncio.sleep(len(SAID) / 1024 * PATIENCE)
            assert link.ends == []
            ring.end()
            driver.settle()
            await driver.wait_done()
        assert peer.received == SAID
        assert peer.taken > 5

    run_in_no_time(work)


@kinds
def test_a_peer_that_stops_reading_is_given_up_half_a_minute_later(kind) -> None:
    async def work() -> None:
        ring, peer = Ring(), SlowPeer(pieces=3)
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        start = driver.now()
        async with kind(peer) as stream:
            link = ring.accept()
            carrying = driver.carry(link, stream)
            link.say(SAID)
            driver.settle()
            await carrying
            assert link.ends == ["the peer has read nothing for 30 s"]
        assert driver.now() - start >= 3 * PATIENCE + 30

    run_in_no_time(work)
