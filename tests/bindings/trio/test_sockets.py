"""Trio over TCP, TLS and Unix sockets, at both ends."""

import ssl
import stat
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme
from tests.bindings.looking import descriptors, text
from tests.bindings.trio.running import run
from tests.bindings.trio.servers import server

from sansmcp import LocalProtocolError, NotConnected, RequestLost
from sansmcp.client import accept
from sansmcp.session import Restart, Timeouts
from sansmcp_trio import connect, memory_pair, serve_stream, serve_tcp, serve_unix


async def calling(address: str, **settings) -> None:
    async with connect(address, **settings) as client:
        assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert text(await client.call_tool("add_later", {"a": 1, "b": 2})) == "3"


def test_several_clients_are_served_over_tcp_until_the_server_is_cancelled() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve_tcp, server)
            assert address.startswith("tcp://127.0.0.1:")
            async with trio.open_nursery() as clients:
                for _ in range(5):
                    clients.start_soon(calling, address)
            nursery.cancel_scope.cancel()
        with pytest.raises(NotConnected, match=f"cannot connect to {address}: .*refused"):
            await calling(address)

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_the_address_is_told_without_a_nursery_too() -> None:
    async def work() -> None:
        addresses: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(serve_tcp, server, started=addresses.append))
            while not addresses:
                await trio.lowlevel.checkpoint()
            await calling(addresses[0])
            nursery.cancel_scope.cancel()

    run(work)


def test_a_server_that_is_cancelled_ends_its_connections() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()
            address = await nursery.start(_serve_within, scope)
            async with connect(address) as client:
                with pytest.raises(RequestLost):
                    await client.call_tool("wait", on_progress=lambda _event: scope.cancel())

    async def _serve_within(scope: trio.CancelScope, task_status) -> None:
        with scope:
            await serve_tcp(server, task_status=task_status, timeouts=Timeouts(close=0.1))

    run(work)


def test_an_address_that_is_taken_is_refused() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve_tcp, server)
            with pytest.raises(OSError, match="in use"):
                await serve_tcp(server, port=int(address.rpartition(":")[2]))
            nursery.cancel_scope.cancel()

    run(work)


def test_any_stream_of_trio_leads_to_a_server() -> None:
    async def work() -> None:
        near, far = memory_pair()
        near_parts = trio.StapledStream(near, near)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_stream, server, far)
            async with connect(near_parts) as client:
                assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"

    run(work)


def test_a_lost_connection_is_dialled_again() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve_tcp, server)
            async with trio.open_nursery() as middle:
                proxy = await middle.start(_proxy_once, int(address.rpartition(":")[2]))
                async with connect(
                    f"tcp://127.0.0.1:{proxy.port}", restart=Restart(first_delay=0.01)
                ) as client:
                    with pytest.raises(RequestLost):
                        await client.call_tool("wait", on_progress=lambda _event: proxy.cut())
                    assert text(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
                middle.cancel_scope.cancel()
            nursery.cancel_scope.cancel()

    run(work)


class _Proxy:
    """Carries bytes to a server until it is told to cut the connections."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._scope = trio.CancelScope()

    def cut(self) -> None:
        self._scope.cancel()
        self._scope = trio.CancelScope()

    async def carry(self, near: trio.SocketStream) -> None:
        with self._scope:
            far = await trio.open_tcp_stream("127.0.0.1", self._target)
            async with near, far, trio.open_nursery() as nursery:
                nursery.start_soon(self._copy, near, far)
                await self._copy(far, near)
                nursery.cancel_scope.cancel()

    async def _copy(self, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        async for data in source:
            await sink.send_all(data)


async def _proxy_once(target: int, task_status) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    proxy = _Proxy(listener.socket.getsockname()[1], target)
    task_status.started(proxy)
    await trio.serve_listeners(proxy.carry, [listener])


# TLS


def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server proves itself with, and what believes it."""
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    return ours, theirs


def test_tls_is_spoken_where_the_address_says_so() -> None:
    async def work() -> None:
        ours, theirs = certificates()
        async with trio.open_nursery() as nursery:
            address = await nursery.start(partial(serve_tcp, server, ssl=ours))
            assert address.startswith("tls://127.0.0.1:")
            await calling(address, ssl=theirs)
            async with connect(address, ssl=theirs) as client:
                said = "x" * 2_000_000
                assert text(await client.call_tool("echo", {"text": said})) == said
            nursery.cancel_scope.cancel()

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_a_certificate_that_nobody_vouches_for_is_refused_by_default() -> None:
    async def work() -> None:
        ours, theirs = certificates()
        async with trio.open_nursery() as nursery:
            address = await nursery.start(partial(serve_tcp, server, ssl=ours))
            with pytest.raises(NotConnected, match="certificate"):
                await calling(address)
            # The server is there for the next one all the same.
            await calling(address, ssl=theirs)
            nursery.cancel_scope.cancel()

    run(work)


def test_a_peer_that_speaks_no_tls_disturbs_nobody() -> None:
    async def work() -> None:
        ours, theirs = certificates()
        async with trio.open_nursery() as nursery:
            address = await nursery.start(partial(serve_tcp, server, ssl=ours))
            with pytest.raises(NotConnected):
                await calling(address.replace("tls", "tcp"), revisions=["2025-11-25"], on_violation=print)
            await calling(address, ssl=theirs)
            nursery.cancel_scope.cancel()

    run(work)


# Unix sockets


def test_a_unix_socket_is_for_this_user_alone_and_goes_with_its_server(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve_unix, server, path)
            assert address == f"unix:{path}"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            await calling(address)
            nursery.cancel_scope.cancel()
        assert not path.exists()

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_a_socket_is_replaced_only_when_nobody_listens(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        stale = trio.socket.socket(trio.socket.AF_UNIX)
        await stale.bind(str(path))
        stale.close()
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve_unix, server, path)
            with pytest.raises(OSError, match="somebody listens there"):
                await serve_unix(server, path)
            await calling(address)
            nursery.cancel_scope.cancel()

    run(work)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path) -> None:
    path = Path(tmp_path / "file")
    path.write_text("mine")

    async def work() -> None:
        with pytest.raises(OSError, match="no socket"):
            await serve_unix(server, path)

    run(work)
    assert path.read_text() == "mine"


def test_a_path_that_another_server_has_taken_is_left_to_it(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        async with trio.open_nursery() as later:
            async with trio.open_nursery() as earlier:
                await earlier.start(serve_unix, server, path)
                path.unlink()
                address = await later.start(serve_unix, server, path)
                earlier.cancel_scope.cancel()
            await calling(address)
            later.cancel_scope.cancel()
        assert not path.exists()

    run(work)


def test_nobody_at_a_unix_socket_is_reported_with_its_path(tmp_path) -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match=f"cannot connect to unix:{tmp_path}/nobody"):
            await calling(f"unix:{tmp_path}/nobody")

    run(work)


def test_a_question_crosses_a_socket() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve_tcp, server)
            async with connect(address, elicitation=lambda _request: accept({"country": "Texas"})) as client:
                assert text(await client.call_tool("forecast", {"city": "Paris"})) == "Paris in Texas: sunny"
            nursery.cancel_scope.cancel()

    run(work)


def test_a_callback_that_fails_ends_the_server_and_comes_out_as_itself(tmp_path) -> None:
    def fail(address: str) -> None:
        raise KeyError(address)

    async def work() -> None:
        with pytest.raises(KeyError, match="tcp://127"):
            await serve_tcp(server, started=fail)
        with pytest.raises(KeyError, match="unix:"):
            await serve_unix(server, tmp_path / "socket", started=fail)
        assert not (tmp_path / "socket").exists()

    before = descriptors()
    run(work)
    assert descriptors() == before


def test_a_setting_that_does_not_exist_is_refused_before_anything_is_opened(tmp_path) -> None:
    async def work() -> None:
        with pytest.raises(LocalProtocolError, match="no such setting"):
            await serve_tcp(server, patience=1)
        with pytest.raises(LocalProtocolError, match="no such setting"):
            await serve_unix(server, tmp_path / "socket", patience=1)
        assert not (tmp_path / "socket").exists()

    before = descriptors()
    run(work)
    assert descriptors() == before
