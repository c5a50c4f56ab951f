"""Streams in memory and of the user's own, at both ends."""

import asyncio
import socket

import pytest
from tests.bindings.asyncio.running import run
from tests.bindings.asyncio.servers import server
from tests.bindings.looking import text

from sansmcp_asyncio import Stream, StreamPair, connect, memory_pair, serve_stream


def test_what_one_end_writes_the_other_reads() -> None:
    async def work() -> None:
        near, far = memory_pair()
        await near.write(b"abc")
        assert await far.read() == b"abc"
        await far.write(b"def")
        assert await near.read() == b"def"

    asyncio.run(work())


def test_a_writer_waits_while_nobody_reads() -> None:
    async def work() -> None:
        near, far = memory_pair()
        writing = asyncio.ensure_future(near.write(b"x" * 1_000_000))
        await asyncio.sleep(0)
        assert not writing.done()
        assert len(await far.read()) == 1_000_000
        await writing

    asyncio.run(work())


def test_an_end_that_closes_ends_both_directions() -> None:
    async def work() -> None:
        near, far = memory_pair()
        await near.write(b"unread")
        waiting = asyncio.ensure_future(near.read())
        await asyncio.sleep(0)
        await far.close()
        assert await waiting == b""
        with pytest.raises(BrokenPipeError):
            await near.write(b"more")
        assert await far.read() == b"unread"
        assert await far.read() == b""

    asyncio.run(work())


class Own:
    """A stream of a user's: queues of bytes, cut anywhere."""

    def __init__(self, incoming: asyncio.Queue[bytes], outgoing: asyncio.Queue[bytes]) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    async def read(self) -> bytes:
        return await self._incoming.get()

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), 7_001):
            await self._outgoing.put(data[start : start + 7_001])

    async def close(self) -> None:
        await self._outgoing.put(b"")


class OwnFlow:
    """A flow of a user's: it hands its bytes to another one in the next turn of the loop."""

    def __init__(self) -> None:
        self.other: OwnFlow = self
        self._early: list[bytes] = []
        self._receive = self._early.append
        self._end = lambda _error: None

    def start(self, receive, end) -> None:
        self._receive, self._end = receive, end
        for data in self._early:
            receive(data)

    @property
    def is_free(self) -> bool:
        return True

    def write_now(self, data: bytes) -> None:
        asyncio.get_running_loop().call_soon(lambda: self.other._receive(data))

    async def flush(self, _timeout: float) -> None:
        """Nothing ever waits."""

    async def close(self) -> None:
        asyncio.get_running_loop().call_soon(lambda: self.other._end(None))


async def own_streams() -> tuple[Stream, Stream]:
    one, other = asyncio.Queue[bytes](10), asyncio.Queue[bytes](10)
    return Own(one, other), Own(other, one)


async def own_flows() -> tuple[Stream, Stream]:
    one, other = OwnFlow(), OwnFlow()
    one.other, other.other = other, one
    return one, other


async def in_memory() -> tuple[Stream, Stream]:
    return memory_pair()


async def of_sockets() -> tuple[Stream, Stream]:
    one, other = socket.socketpair()
    return StreamPair(*await asyncio.open_connection(sock=one)), StreamPair(
        *await asyncio.open_connection(sock=other)
    )


@pytest.mark.parametrize("pair", [in_memory, of_sockets, own_streams, own_flows])
def test_a_server_and_a_client_meet_over_any_stream(pair) -> None:
    async def work() -> None:
        near, far = await pair()
        serving = asyncio.create_task(serve_stream(server, far))
        async with connect(near) as client:
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            said = [str(number) * 2_000_000 for number in range(2)]
            heard = await asyncio.gather(*(client.call_tool("echo", {"text": one}) for one in said))
            assert [text(one) for one in heard] == said
            calls = (client.call_tool("add_later", {"a": number, "b": 0}) for number in range(1000))
            assert [text(one) for one in await asyncio.gather(*calls)] == [str(n) for n in range(1000)]
        await serving

    run(work)
