"""Every wait of a connection on trio's clock, jumped over: nothing here sleeps.

The clock of the driver is trio's, so a `MockClock` moves it. Handlers are coroutines here: a clock that
jumps when every task waits does not know of threads.
"""

import pytest
import trio
from tests.bindings.looking import text
from tests.bindings.trio.running import run_in_no_time
from trio.testing import wait_all_tasks_blocked

from sansmcp import Context, NotConnected, RequestLost, RequestTimedOut, Server
from sansmcp.session import ConnectionLost, KeepAlive, Link, Restart, Timeouts
from sansmcp_trio import MemoryStream, connect, memory_pair, serve_stream

server = Server("clock", version="1.0")
ends: list[tuple[str, float]] = []


@server.tool
async def sleep(seconds: float, ctx: Context) -> str:
    """Sleep, and tell of it every ten seconds."""
    begun = trio.current_time()
    try:
        while (left := begun + seconds - trio.current_time()) > 0:
            await trio.sleep(min(left, 10))
            ctx.progress(trio.current_time() - begun)
    except trio.Cancelled:
        ends.append(("cancelled", trio.current_time()))
        raise
    ends.append(("done", trio.current_time()))
    return "slept"


@server.tool
async def sleep_silently(seconds: float) -> str:
    """Sleep."""
    await trio.sleep(seconds)
    return "slept"


async def connecting(stream: MemoryStream, **settings) -> None:
    async with connect(stream, **settings):
        raise AssertionError("unreachable: nobody is there")


def test_a_call_times_out_after_a_minute_and_the_next_one_is_answered() -> None:
    async def work() -> None:
        async with connect(server) as client:
            begun = trio.current_time()
            with pytest.raises(RequestTimedOut):
                await client.call_tool("sleep_silently", {"seconds": 3600})
            assert trio.current_time() - begun == pytest.approx(60)
            assert text(await client.call_tool("sleep_silently", {"seconds": 59})) == "slept"

    run_in_no_time(work)


def test_progress_keeps_a_call_alive_for_ten_minutes_in_all() -> None:
    async def work() -> None:
        async with connect(server) as client:
            begun = trio.current_time()
            with pytest.raises(RequestTimedOut):
                await client.call_tool("sleep", {"seconds": 3600}, on_progress=lambda _event: None)
            assert trio.current_time() - begun == pytest.approx(600)

    run_in_no_time(work)


def test_a_silent_server_is_given_up_after_the_probe_and_the_handshake() -> None:
    async def work() -> None:
        near, _far = memory_pair()
        begun = trio.current_time()
        with pytest.raises(NotConnected):
            await connecting(near, timeouts=Timeouts(probe=7, request=11))
        # Nobody reads, so the last bytes take all the time that they may.
        assert trio.current_time() - begun == pytest.approx(7 + 11 + 0.4)

    run_in_no_time(work)


def test_a_lost_server_is_started_again_later_and_later_and_then_given_up() -> None:
    dialled: list[float] = []
    links: list[Link] = []
    lost: list[ConnectionLost] = []

    def keep(link: Link) -> Link:
        dialled.append(trio.current_time())
        links.append(link)
        return link

    def look_on(_session, event) -> None:
        if isinstance(event, ConnectionLost):
            lost.append(event)

    async def work() -> None:
        delays: list[float] = []
        async with connect(server, restart=Restart(attempts=4), on_event=look_on, wrap_link=keep) as client:
            while client.disconnected is None:
                at = trio.current_time()
                links[-1].receive_eof(at, "lost for a test")
                client.settle()
                await trio.sleep_until(at + 100)
                delays.append(dialled[-1] - at)
        assert delays[:4] == pytest.approx([event.delay for event in lost])
        assert [event.attempt for event in lost] == [1, 2, 3, 4]
        assert delays[0] == 0
        assert 0.375 <= delays[1] <= 0.5
        assert 0.75 <= delays[2] <= 1
        assert 1.5 <= delays[3] <= 2
        assert client.disconnected.reason == "lost for a test"

    run_in_no_time(work)


def test_requests_that_run_get_half_a_second_when_the_input_ends() -> None:
    async def work() -> None:
        ends.clear()
        near, far = memory_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_stream, server, far)
            async with trio.open_nursery() as calls, connect(near) as client:
                calls.start_soon(_lost, client)
                await wait_all_tasks_blocked()
                begun = trio.current_time()
                await near.aclose()
        assert ends == [("cancelled", pytest.approx(begun + 0.5))]

    async def _lost(client) -> None:
        with pytest.raises(RequestLost):
            await client.call_tool("sleep", {"seconds": 3600})

    run_in_no_time(work)


def test_a_legacy_server_that_no_longer_answers_pings_is_given_up() -> None:
    async def work() -> None:
        near, far = memory_pair()
        async with trio.open_nursery() as nursery:
            middle_near, middle_far = memory_pair()
            nursery.start_soon(serve_stream, server, middle_far)
            silent = trio.Event()
            nursery.start_soon(_copy_until, far, middle_near, trio.Event())
            nursery.start_soon(_copy_until, middle_near, far, silent)
            keep_alive = KeepAlive(interval=20, timeout=10)
            async with connect(near, revisions=["2025-11-25"], keep_alive=keep_alive) as client:
                silent.set()
                begun = trio.current_time()
                await trio.sleep_until(begun + 29)
                assert client.disconnected is None
                await trio.sleep_until(begun + 31)
                assert client.disconnected is not None
                assert trio.current_time() - begun == 31
            nursery.cancel_scope.cancel()

    run_in_no_time(work)


async def _copy_until(source: MemoryStream, sink: MemoryStream, silent: trio.Event) -> None:
    async for data in source:
        if not silent.is_set():
            await sink.send_all(data)


def test_cancelling_by_a_deadline_of_trio_cancels_the_call_at_that_time() -> None:
    async def work() -> None:
        ends.clear()
        async with connect(server) as client:
            begun = trio.current_time()
            with trio.move_on_after(42) as scope:
                await client.call_tool("sleep", {"seconds": 3600}, on_progress=lambda _event: None)
            assert scope.cancelled_caught
            await wait_all_tasks_blocked()
            assert ends == [("cancelled", begun + 42)]

    run_in_no_time(work)
