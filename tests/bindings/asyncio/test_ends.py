"""How a connection ends on asyncio: by whom, in which order, and what is raised then."""

import asyncio

import pytest
from tests.bindings.asyncio.running import quiet, run, run_in_no_time
from tests.bindings.asyncio.servers import server
from tests.bindings.asyncio.serving import served_stream
from tests.bindings.looking import text

from sansmcp import NotConnected, RequestLost
from sansmcp_asyncio import Client, MemoryStream, connect, memory_pair, serve_stream


def test_an_exception_of_the_body_comes_out_as_itself() -> None:
    async def work() -> None:
        raised = KeyError("of the user")
        with pytest.raises(KeyError) as caught:
            async with connect(server) as client:
                raise raised
        assert caught.value is raised
        assert client.disconnected is not None

    run(work)


def test_a_task_that_is_cancelled_in_a_connection_ends_it_in_good_order() -> None:
    clients: list[Client] = []

    async def inside() -> None:
        async with connect(server) as client:
            clients.append(client)
            await client.call_tool("wait")

    async def work() -> None:
        task = asyncio.create_task(inside())
        await quiet()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert clients[0].disconnected is not None
        assert clients[0].disconnected.reason == "this side closed the connection"

    run_in_no_time(work)


def test_a_timeout_around_connecting_leaves_nothing_behind() -> None:
    async def work() -> None:
        near, far = memory_pair()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await connect(near)
        assert await far.read() != b""
        assert await far.read() == b""

    run_in_no_time(work)


def test_any_task_may_close_a_client_and_as_often_as_it_likes() -> None:
    async def work() -> None:
        async with connect(server) as client:
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            await asyncio.gather(*(client.close() for _ in range(3)))
            await client.close()
            assert client.disconnected is not None
        await client.close()

    run(work)


class Deaf:
    """Takes no bytes and does not close, from a moment on."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream
        self.is_deaf = False

    async def read(self) -> bytes:
        return await self._stream.read()

    async def write(self, data: bytes) -> None:
        if self.is_deaf:
            await asyncio.Event().wait()
        await self._stream.write(data)

    async def close(self) -> None:
        try:
            if self.is_deaf:
                await asyncio.Event().wait()
        finally:
            await self._stream.close()


def test_closing_waits_no_longer_than_its_own_limits_for_a_deaf_server() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        async with served_stream(server) as near:
            deaf = Deaf(near)
            async with connect(deaf) as client:
                deaf.is_deaf = True
                call = asyncio.create_task(client.call_tool("echo", {"text": "x"}))
                await quiet()
                begun = loop.time()
            assert loop.time() - begun <= 6
            with pytest.raises(RequestLost):
                await call

    run_in_no_time(work)


class Broken:
    """Fails where it is told to, by a fault and not by the loss of its peer."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._asks = [b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n']
        self.ended = asyncio.Event()

    def _fail(self, where: str) -> None:
        if where == self._where:
            raise ValueError(f"a fault of {where}")

    async def read(self) -> bytes:
        if self._asks:
            return self._asks.pop()
        self._fail("read")
        await self.ended.wait()
        return b""

    async def write(self, _data: bytes) -> None:
        self._fail("write")

    async def close(self) -> None:
        self._fail("close")


@pytest.mark.parametrize("where", ["read", "write", "close"])
def test_a_fault_of_the_stream_comes_out_of_connecting_as_itself(where: str) -> None:
    async def work() -> None:
        with pytest.raises(ValueError, match=f"a fault of {where}"):
            await connect(Broken(where), on_violation=lambda _event: None)

    run_in_no_time(work)


@pytest.mark.parametrize("where", ["read", "write", "close"])
def test_a_fault_of_the_stream_comes_out_of_serving_as_itself(where: str) -> None:
    async def work() -> None:
        broken = Broken(where)
        asyncio.get_running_loop().call_later(1, broken.ended.set)
        with pytest.raises(ValueError, match=f"a fault of {where}"):
            await serve_stream(server, broken)

    run_in_no_time(work)


class Failing(Deaf):
    """A stream that breaks by a fault once it is told so."""

    def __init__(self, stream: MemoryStream) -> None:
        super().__init__(stream)
        self.failing = asyncio.Event()

    async def read(self) -> bytes:
        reading = asyncio.create_task(super().read())
        failing = asyncio.create_task(self.failing.wait())
        try:
            await asyncio.wait({reading, failing}, return_when=asyncio.FIRST_COMPLETED)
            if failing.done():
                raise ValueError("a fault in the middle")
            return reading.result()
        finally:
            for task in (reading, failing):
                task.cancel()
            await asyncio.wait({reading, failing})


def test_a_fault_in_the_middle_ends_calls_as_lost_and_comes_out_of_close_once() -> None:
    async def work() -> None:
        async with served_stream(server) as near:
            failing = Failing(near)
            async with connect(failing) as client:
                call = asyncio.create_task(client.call_tool("wait"))
                await quiet()
                failing.failing.set()
                with pytest.raises(RequestLost):
                    await call
                with pytest.raises(NotConnected):
                    await client.ping()
                with pytest.raises(ValueError, match="a fault in the middle"):
                    await client.close()
                await client.close()

    run_in_no_time(work)


def test_a_fault_in_the_middle_that_nobody_took_comes_out_of_the_block() -> None:
    async def work() -> None:
        async with served_stream(server) as near:
            failing = Failing(near)
            with pytest.raises(ValueError, match="a fault in the middle"):
                await fail_inside(failing)

    async def fail_inside(failing: Failing) -> None:
        async with connect(failing):
            failing.failing.set()
            await quiet()

    run_in_no_time(work)


def test_an_exception_of_the_body_comes_before_a_fault_which_is_logged(caplog) -> None:
    async def work() -> None:
        async with served_stream(server) as near:
            failing = Failing(near)
            with pytest.raises(KeyError):
                await fail_and_raise_inside(failing)

    async def fail_and_raise_inside(failing: Failing) -> None:
        async with connect(failing):
            failing.failing.set()
            await quiet()
            raise KeyError

    run_in_no_time(work)
    assert "the connection failed" in caplog.text
    assert "a fault in the middle" in caplog.text
