"""How a connection ends on trio: by whom, in which order, and what is raised then."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from tests.bindings.looking import text
from tests.bindings.trio.running import run, run_in_no_time
from tests.bindings.trio.servers import given_up, server
from trio.testing import wait_all_tasks_blocked

from sansmcp import Context, NotConnected, RequestLost, Server
from sansmcp_trio import Client, MemoryStream, Tasks, connect, memory_pair, serve_stream


def test_an_exception_of_the_body_comes_out_as_itself() -> None:
    class OfTheUserError(Exception):
        pass

    async def work() -> None:
        raised = OfTheUserError("of the user")
        clients: list[Client] = []
        with pytest.raises(OfTheUserError) as caught:
            await _raise_inside(raised, clients)
        assert caught.value is raised
        assert clients[0].disconnected is not None

    async def _raise_inside(raised: Exception, clients: list[Client]) -> None:
        async with connect(server) as client:
            clients.append(client)
            await client.call_tool("add_later", {"a": 1, "b": 2})
            raise raised

    run(work)


def test_a_group_of_the_body_comes_out_as_itself() -> None:
    async def work() -> None:
        group = ExceptionGroup("of the user", [ValueError(), KeyError()])
        with pytest.raises(ExceptionGroup) as caught:
            async with connect(server):
                raise group
        assert caught.value is group

    run(work)


def test_a_scope_that_is_cancelled_around_a_connection_ends_it_in_good_order() -> None:
    async def work() -> None:
        with trio.CancelScope() as scope:
            async with connect(server) as client:
                scope.cancel()
                await client.call_tool("wait")
        assert scope.cancelled_caught
        assert client.disconnected is not None
        assert client.disconnected.reason == "this side closed the connection"

    run(work)


def test_a_cancellation_leaves_the_connection_as_one_plain_exception() -> None:
    async def work() -> None:
        with trio.CancelScope() as scope:
            with pytest.raises(trio.Cancelled):
                await _cancel_inside(scope)
            await trio.lowlevel.checkpoint()
        assert scope.cancelled_caught

    async def _cancel_inside(scope: trio.CancelScope) -> None:
        async with connect(server):
            scope.cancel()
            await trio.sleep_forever()

    run(work)


def test_a_cancellation_while_connecting_leaves_nothing_behind() -> None:
    async def work() -> None:
        near, _far = memory_pair()
        with trio.move_on_after(1) as scope:
            async with connect(near):
                raise AssertionError("unreachable: nobody is there")
        assert scope.cancelled_caught
        with pytest.raises(trio.ClosedResourceError):
            await near.send_all(b"x")

    run_in_no_time(work)


def test_a_server_stream_that_is_cancelled_ends_with_one_plain_exception() -> None:
    async def work() -> None:
        near, far = memory_pair()
        with trio.CancelScope() as scope:
            scope.cancel()
            with pytest.raises(trio.Cancelled):
                await serve_stream(server, far)
            await trio.lowlevel.checkpoint()
        assert scope.cancelled_caught
        assert await near.receive_some() == b""

    run(work)


def test_any_task_may_close_a_client_and_as_often_as_it_likes() -> None:
    async def work() -> None:
        async with connect(server) as client:
            assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(client.aclose)
            await client.aclose()
            assert client.disconnected is not None
        await client.aclose()

    run(work)


def test_a_client_that_is_closed_elsewhere_while_its_block_ends_ends_once() -> None:
    async def work() -> None:
        clients: list[Client] = []
        closed = trio.Event()

        async def close() -> None:
            while not clients:
                await trio.lowlevel.checkpoint()
            await clients[0].aclose()
            closed.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(close)
            async with connect(server) as client:
                clients.append(client)
                await trio.lowlevel.checkpoint()
            await closed.wait()

    run(work)


def test_a_close_that_is_cancelled_ends_the_connection_all_the_same() -> None:
    async def work() -> None:
        async with connect(server) as client:
            with trio.CancelScope() as scope:
                scope.cancel()
                await client.aclose()
            assert scope.cancelled_caught
            with pytest.raises(NotConnected):
                await client.call_tool("add", {"a": 1, "b": 2})

    run(work)


def test_closing_waits_no_longer_than_its_own_limits_for_a_deaf_server() -> None:
    async def work() -> None:
        near, far = memory_pair()
        deaf = _Deaf(near)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_stream, server, far)
            async with connect(deaf) as client:
                deaf.is_deaf = True
                nursery.start_soon(_lost, client)
                await wait_all_tasks_blocked()
                begun = trio.current_time()
            assert trio.current_time() - begun <= 6

    run_in_no_time(work)


async def _lost(client: Client) -> None:
    with pytest.raises(RequestLost):
        await client.call_tool("echo", {"text": "x"})


class _Deaf(trio.abc.Stream):
    """Takes no bytes and does not close, from a moment on."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream
        self.is_deaf = False

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_deaf:
            await trio.sleep_forever()
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        try:
            if self.is_deaf:
                await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await self._stream.aclose()


class _Broken(trio.abc.Stream):
    """Fails where it is told to, by a fault and not by the loss of its peer."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._closed = trio.Event()

    def _fail(self, where: str) -> None:
        if where == self._where:
            raise ValueError(f"a fault of {where}")

    async def receive_some(self, _max_bytes: int | None = None) -> bytes:
        self._fail("receive_some")
        await self._closed.wait()
        return b""

    async def send_all(self, _data: bytes | bytearray | memoryview) -> None:
        self._fail("send_all")
        await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    def end(self) -> None:
        self._closed.set()

    async def aclose(self) -> None:
        self._closed.set()
        self._fail("aclose")
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("where", ["receive_some", "send_all", "aclose"])
def test_a_fault_of_the_stream_comes_out_of_connecting_as_itself(where: str) -> None:
    async def work() -> None:
        with pytest.raises(ValueError, match=f"a fault of {where}"):
            async with connect(_Broken(where)):
                raise AssertionError("unreachable: nobody is there")

    run_in_no_time(work)


@pytest.mark.parametrize("where", ["receive_some", "send_all", "aclose"])
def test_a_fault_of_the_stream_comes_out_of_serving_as_itself(where: str) -> None:
    async def work() -> None:
        stream = _Broken(where)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_close_soon, stream)
            with pytest.raises(ValueError, match=f"a fault of {where}"):
                await serve_stream(server, _Asking(stream) if where == "send_all" else stream)

    async def _close_soon(stream: _Broken) -> None:
        await wait_all_tasks_blocked()
        stream.end()

    run_in_no_time(work)


class _Asking(trio.abc.Stream):
    """Asks for something before it behaves as another stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._asks = [b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n']

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        await trio.lowlevel.checkpoint()
        return self._asks.pop() if self._asks else await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Failing(trio.abc.Stream):
    """A stream that breaks by a fault once it is told so."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream
        self._scope = trio.CancelScope()

    def fail(self) -> None:
        self._scope.cancel()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        with trio.CancelScope() as self._scope:
            return await self._stream.receive_some(max_bytes)
        raise ValueError("a fault in the middle")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _served(work: Callable[[_Failing], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def connected() -> None:
        near, far = memory_pair()
        failing = _Failing(near)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_stream, server, far)
            await work(failing)

    return connected


def test_a_fault_in_the_middle_ends_calls_as_lost_and_comes_out_of_close_once() -> None:
    async def work(failing: _Failing) -> None:
        async with connect(failing) as client:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_lost_waiting, client)
                await wait_all_tasks_blocked()
                failing.fail()
            with pytest.raises(ValueError, match="a fault in the middle"):
                await client.aclose()
            await client.aclose()

    run(_served(work))


def test_a_fault_in_the_middle_that_nobody_took_comes_out_of_the_block() -> None:
    async def work(failing: _Failing) -> None:
        with pytest.raises(ValueError, match="a fault in the middle"):
            await _fail_inside(failing)

    async def _fail_inside(failing: _Failing) -> None:
        async with connect(failing) as client, trio.open_nursery() as nursery:
            nursery.start_soon(_lost_waiting, client)
            await wait_all_tasks_blocked()
            failing.fail()

    run(_served(work))


def test_an_exception_of_the_body_comes_before_a_fault_which_is_logged(caplog) -> None:
    async def work(failing: _Failing) -> None:
        with pytest.raises(KeyError):
            await _fail_and_raise_inside(failing)

    async def _fail_and_raise_inside(failing: _Failing) -> None:
        async with connect(failing):
            failing.fail()
            await wait_all_tasks_blocked()
            raise KeyError

    run(_served(work))
    assert "the connection failed" in caplog.text
    assert "a fault in the middle" in caplog.text


async def _lost_waiting(client: Client) -> None:
    with pytest.raises(RequestLost):
        await client.call_tool("wait")


class _Unread(trio.abc.Stream):
    """Brings requests, and takes no answers any more; its input goes on."""

    def __init__(self, *requests: bytes) -> None:
        self._requests = list(requests)
        self.closed_at: float | None = None

    async def receive_some(self, _max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        if self._requests:
            return self._requests.pop(0)
        return await trio.sleep_forever()

    async def send_all(self, _data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        raise trio.BrokenResourceError("nobody reads")

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        self.closed_at = trio.current_time()
        await trio.lowlevel.checkpoint()


def test_a_peer_that_reads_no_more_ends_the_connection_and_its_handlers() -> None:
    async def work() -> None:
        given_up.clear()
        stream = _Unread(
            b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
            b'"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}\n'
            b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}\n'
        )
        begun = trio.current_time()
        await serve_stream(server, stream)
        assert stream.closed_at is not None
        # The input had a second to say why, and then the handler its half second, for answers nobody reads.
        assert stream.closed_at - begun == pytest.approx(1.5)
        assert given_up == ["wait"]

    run_in_no_time(work)


def test_a_task_that_fails_ends_the_body_and_comes_out_alone() -> None:
    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError("of a task")

    async def work() -> None:
        with pytest.raises(KeyError, match="of a task"):
            await _wait_beside(fail)

    async def _wait_beside(other: Callable[[], Awaitable[None]]) -> None:
        async with Tasks() as tasks:
            tasks.start(other, "other")
            await trio.sleep_forever()

    run(work)


def test_an_exception_of_the_body_comes_before_that_of_a_task() -> None:
    async def fail() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise KeyError("of a task")

    async def work() -> None:
        with pytest.raises(ValueError, match="of the body"):
            await _fail_beside(fail)

    async def _fail_beside(other: Callable[[], Awaitable[None]]) -> None:
        async with Tasks() as tasks:
            tasks.start(other, "other")
            await wait_all_tasks_blocked()
            raise ValueError("of the body")

    run(work)


def test_a_handler_that_raises_beside_its_cancellation_harms_nobody() -> None:
    fragile = Server("fragile", version="1")

    @fragile.tool
    async def wait_and_fail(ctx: Context) -> str:
        """Fail in one task when the other is cancelled."""

        async def fail() -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("while it was cancelled")

        ctx.progress(1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(trio.sleep_forever)
        return "unreachable"

    @fragile.tool
    async def hello() -> str:
        """Say hello."""
        return "hello"

    async def work() -> None:
        async with connect(fragile) as client:
            with trio.CancelScope() as scope:
                await client.call_tool("wait_and_fail", on_progress=lambda _event: scope.cancel())
            assert scope.cancelled_caught
            assert text(await client.call_tool("hello")) == "hello"

    run(work)


def test_the_keys_that_interrupt_a_handler_end_the_whole_run() -> None:
    stubborn = Server("stubborn", version="1")

    @stubborn.tool
    async def spin() -> str:
        """Do what a handler in an endless loop feels when the keys are pressed."""
        raise KeyboardInterrupt

    async def work() -> None:
        async with connect(stubborn) as client:
            await client.call_tool("spin")

    with pytest.raises(KeyboardInterrupt):
        run(work)
