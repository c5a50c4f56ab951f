"""Every wait of a connection on the loop's clock, jumped over: nothing here sleeps.

The clock of the driver is the loop's, so a loop may jump over them. Handlers are coroutines here: a clock
that jumps when every task waits does not know of threads.
"""

import asyncio

import pytest
from tests.bindings.asyncio.running import quiet, run_in_no_time, until
from tests.bindings.asyncio.serving import served_stream
from tests.bindings.looking import text

from sansmcp import Context, NotConnected, RequestLost, RequestTimedOut, Server
from sansmcp.session import ConnectionLost, KeepAlive, Link, Restart, Timeouts
from sansmcp_asyncio import MemoryStream, connect, memory_pair

server = Server("clock", version="1.0")
ends: list[tuple[str, float]] = []


def now() -> float:
    return asyncio.get_running_loop().time()


@server.tool
async def sleep(seconds: float, ctx: Context) -> str:
    """Sleep, and tell of it every ten seconds."""
    begun = now()
    try:
        while (left := begun + seconds - now()) > 0:
            await asyncio.sleep(min(left, 10))
            ctx.progress(now() - begun)
    except asyncio.CancelledError:
        ends.append(("cancelled", now()))
        raise
    ends.append(("done", now()))
    return "slept"


@server.tool
async def sleep_silently(seconds: float) -> str:
    """Sleep."""
    await asyncio.sleep(seconds)
    return "slept"


async def connecting(stream: MemoryStream, **settings) -> None:
    async with connect(stream, **settings):
        raise AssertionError("unreachable: nobody is there")


def test_a_call_times_out_after_a_minute_and_the_next_one_is_answered() -> None:
    async def work() -> None:
        async with connect(server) as client:
            begun = now()
            with pytest.raises(RequestTimedOut):
                await client.call_tool("sleep_silently", {"seconds": 3600})
            assert now() - begun == pytest.approx(60)
            assert text(await client.call_tool("sleep_silently", {"seconds": 59})) == "slept"

    run_in_no_time(work)


def test_progress_keeps_a_call_alive_for_ten_minutes_in_all() -> None:
    async def work() -> None:
        async with connect(server) as client:
            begun = now()
            with pytest.raises(RequestTimedOut):
                await client.call_tool("sleep", {"seconds": 3600}, on_progress=lambda _event: None)
            assert now() - begun == pytest.approx(600)

    run_in_no_time(work)


def test_a_silent_server_is_given_up_after_the_probe_and_the_handshake() -> None:
    async def work() -> None:
        near, _far = memory_pair()
        begun = now()
        with pytest.raises(NotConnected):
            await connecting(near, timeouts=Timeouts(probe=7, request=11))
        assert now() - begun == pytest.approx(7 + 11)

    run_in_no_time(work)


def test_a_lost_server_is_started_again_later_and_later_and_then_given_up() -> None:
    dialled: list[float] = []
    links: list[Link] = []
    lost: list[ConnectionLost] = []

    def keep(link: Link) -> Link:
        dialled.append(now())
        links.append(link)
        return link

    def look_on(_session, event) -> None:
        if isinstance(event, ConnectionLost):
            lost.append(event)

    async def work() -> None:
        delays: list[float] = []
        async with connect(server, restart=Restart(attempts=4), on_event=look_on, wrap_link=keep) as client:
            while client.disconnected is None:
                at = now()
                links[-1].receive_eof(at, "lost for a test")
                client.settle()
                await until(at + 100)
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
        async with served_stream(server) as near, connect(near) as client:
            call = asyncio.create_task(client.call_tool("sleep", {"seconds": 3600}))
            await quiet()
            begun = now()
            await near.close()
            with pytest.raises(RequestLost):
                await call
            await until(begun + 1)
        assert ends == [("cancelled", pytest.approx(begun + 0.5))]

    run_in_no_time(work)


def test_a_legacy_server_that_no_longer_answers_pings_is_given_up() -> None:
    async def work() -> None:
        near, far = memory_pair()
        async with served_stream(server) as middle:
            silent = asyncio.Event()
            copying = [
                asyncio.create_task(_copy_until(far, middle, asyncio.Event())),
                asyncio.create_task(_copy_until(middle, far, silent)),
            ]
            keep_alive = KeepAlive(interval=20, timeout=10)
            async with connect(near, revisions=["2025-11-25"], keep_alive=keep_alive) as client:
                silent.set()
                begun = now()
                await until(begun + 29)
                assert client.disconnected is None
                await until(begun + 31)
                assert client.disconnected is not None
            for task in copying:
                task.cancel()
            await asyncio.wait(copying)

    run_in_no_time(work)


async def _copy_until(source: MemoryStream, sink: MemoryStream, silent: asyncio.Event) -> None:
    while data := await source.read():
        if not silent.is_set():
            await sink.write(data)


def test_a_timeout_of_asyncio_cancels_the_call_at_that_time() -> None:
    async def work() -> None:
        ends.clear()
        async with connect(server) as client:
            begun = now()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(42):
                    await client.call_tool("sleep", {"seconds": 3600}, on_progress=lambda _event: None)
            await quiet()
            assert ends == [("cancelled", pytest.approx(begun + 42))]

    run_in_no_time(work)
