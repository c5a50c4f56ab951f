"""Asyncio over TCP, TLS and Unix sockets, at both ends."""

import asyncio
import errno
import logging
import os
import resource
import socket
import ssl
import stat

import pytest
import trustme
from tests.bindings.asyncio.running import run
from tests.bindings.asyncio.servers import server
from tests.bindings.asyncio.serving import served
from tests.bindings.looking import text

from sansmcp import NotConnected, RequestLost
from sansmcp.client import accept
from sansmcp.session import Restart, Timeouts
from sansmcp_asyncio import StreamPair, connect, serve_stream, serve_tcp, serve_unix

ADD = ("add", {"a": 1, "b": 2})


@pytest.fixture(autouse=True)
def _nothing_told(caplog):
    """Asyncio tells of what it thinks is wrong in its log."""
    yield
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def calling(address: str, **settings) -> None:
    async with connect(address, **settings) as client:
        assert text(await client.call_tool(*ADD)) == "3"
        assert text(await client.call_tool("add_later", {"a": 1, "b": 2})) == "3"


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_several_clients_are_served_over_tcp_until_the_server_is_cancelled() -> None:
    async def work() -> None:
        async with served(serve_tcp, server) as address:
            assert address.startswith("tcp://127.0.0.1:")
            await asyncio.gather(*(calling(address) for _ in range(5)))
        with pytest.raises(NotConnected, match=f"cannot connect to {address}: .*failed"):
            await calling(address)

    run(work)


def test_a_server_that_is_cancelled_ends_its_connections() -> None:
    async def work() -> None:
        async with served(serve_tcp, server, timeouts=Timeouts(close=0.1)) as address:
            client = await connect(address)
            begun = asyncio.Event()
            waiting = asyncio.create_task(client.call_tool("wait", on_progress=lambda _event: begun.set()))
            await begun.wait()
        with pytest.raises(RequestLost):
            await waiting
        await client.close()

    run(work)


def test_an_address_that_is_taken_is_refused() -> None:
    async def work() -> None:
        async with served(serve_tcp, server) as address:
            with pytest.raises(OSError, match="in use"):
                await serve_tcp(server, port=port_of(address))

    run(work)


def test_one_who_is_told_the_address_and_fails_ends_the_server() -> None:
    async def work() -> None:
        def started(_address: str) -> None:
            raise ValueError("of the one who is told")

        with pytest.raises(ValueError, match="of the one who is told"):
            await serve_tcp(server, started=started)

    run(work)


def test_a_peer_that_ends_its_input_still_hears_the_answers() -> None:
    async def work() -> None:
        async with served(serve_tcp, server) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(address))
            for number in range(100):
                writer.write(b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % number)
            writer.write_eof()
            said = await reader.read(-1)
            assert said.count(b"\n") == 100
            writer.close()
            await writer.wait_closed()

    run(work)


def test_peers_that_find_no_descriptor_are_served_once_there_are_some() -> None:
    async def work() -> None:
        async with served(serve_tcp, server) as address:
            peer = socket.socket()
            peer.setblocking(False)
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            spare = os.dup(0)
            os.close(spare)
            resource.setrlimit(resource.RLIMIT_NOFILE, (spare, hard))
            try:
                await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", port_of(address)))
                for _ in range(10):
                    await asyncio.sleep(0)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            peer.send(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
            assert b'"id":1' in await asyncio.get_running_loop().sock_recv(peer, 1000)
            peer.close()

    run(work)


@pytest.mark.parametrize("reset", [False, True])
def test_peers_that_come_as_the_server_is_cancelled_leave_nothing(*, reset: bool) -> None:
    async def work() -> None:
        for count in range(30):
            async with served(serve_tcp, server) as address:
                peers = [socket.create_connection(("127.0.0.1", port_of(address))) for _ in range(3)]
                if reset:
                    peers[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    peers[0].close()
                for _ in range(count):
                    await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            for peer in peers[1:]:
                assert _ended(peer)
            for peer in peers:
                peer.close()

    run(work)


def _ended(peer: socket.socket) -> bool:
    peer.settimeout(20)
    try:
        return peer.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_a_lost_connection_is_dialled_again() -> None:
    async def work() -> None:
        async with served(serve_tcp, server) as address:
            proxy = _Proxy(port_of(address))
            middle = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
            port = middle.sockets[0].getsockname()[1]
            async with connect(f"tcp://127.0.0.1:{port}", restart=Restart(first_delay=0.01)) as client:
                with pytest.raises(RequestLost):
                    await client.call_tool("wait", on_progress=lambda _event: proxy.cut())
                assert text(await client.call_tool(*ADD)) == "3"
            middle.close()
            await middle.wait_closed()
            await proxy.wait_ended()

    run(work)


class _Proxy:
    """Carries bytes to a server until it is told to cut the connections."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._carrying: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        for task in self._carrying:
            task.cancel()

    async def wait_ended(self) -> None:
        if self._carrying:
            await asyncio.wait(self._carrying)

    def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        copying = [
            asyncio.create_task(self._copy(reader, far_writer)),
            asyncio.create_task(self._copy(far_reader, writer)),
        ]
        try:
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in copying:
                task.cancel()
            for end in (writer, far_writer):
                end.close()
            await asyncio.wait(copying)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()


# Streams of asyncio's own


def test_any_reader_and_writer_of_asyncio_lead_to_a_server_and_to_a_client() -> None:
    async def work() -> None:
        serving: list[asyncio.Task[None]] = []

        def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            serving.append(asyncio.create_task(serve_stream(server, StreamPair(reader, writer))))

        listener = await asyncio.start_server(welcome, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        pair = StreamPair(*await asyncio.open_connection("127.0.0.1", port))
        async with connect(pair) as client:
            assert text(await client.call_tool(*ADD)) == "3"
            said = "x" * 2_000_000
            assert text(await client.call_tool("echo", {"text": said})) == said
        await serving[0]
        listener.close()
        await listener.wait_closed()

    run(work)


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server proves itself with, and what believes it."""
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    return ours, theirs


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_spoken_where_the_address_says_so(authority: trustme.CA, version: ssl.TLSVersion) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority)
        theirs.maximum_version = theirs.minimum_version = version
        async with served(serve_tcp, server, ssl=ours) as address:
            assert address.startswith("tls://127.0.0.1:")
            await calling(address, ssl=theirs)
            async with connect(address, ssl=theirs) as client:
                said = "x" * 2_000_000
                answers = await asyncio.gather(*(client.call_tool("echo", {"text": said}) for _ in range(3)))
                assert [text(answer) for answer in answers] == [said] * 3

    run(work)


def test_a_server_over_tls_that_is_cancelled_ends_its_connections(authority: trustme.CA) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority)
        async with served(serve_tcp, server, ssl=ours, timeouts=Timeouts(close=0.1)) as address:
            client = await connect(address, ssl=theirs)
            begun = asyncio.Event()
            waiting = asyncio.create_task(client.call_tool("wait", on_progress=lambda _event: begun.set()))
            await begun.wait()
        with pytest.raises(RequestLost):
            await waiting
        await client.close()

    run(work)


def test_a_certificate_that_nobody_vouches_for_is_refused_by_default(authority: trustme.CA) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority)
        async with served(serve_tcp, server, ssl=ours) as address:
            with pytest.raises(NotConnected, match="certificate"):
                await calling(address)
            # The server is there for the next one all the same.
            await calling(address, ssl=theirs)

    run(work)


def test_a_certificate_of_somebody_else_is_refused(authority: trustme.CA) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority, "another.example")
        async with served(serve_tcp, server, ssl=ours) as address:
            with pytest.raises(NotConnected, match="IP address mismatch"):
                await calling(address, ssl=theirs)

    run(work)


def test_a_peer_that_speaks_no_tls_disturbs_nobody(authority: trustme.CA) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority)
        async with served(serve_tcp, server, ssl=ours) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(address))
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await calling(address, ssl=theirs)
            # What comes, if anything, is an alert of TLS.
            assert b"HTTP" not in await reader.read(-1)
            assert reader.at_eof()
            writer.close()
            await writer.wait_closed()
            await calling(address, ssl=theirs)

    run(work)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"])
def test_a_peer_that_never_shakes_hands_does_not_hold_up_the_end(authority: trustme.CA, said: bytes) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority)
        for count in range(10):
            async with served(serve_tcp, server, ssl=ours) as address:
                with socket.create_connection(("127.0.0.1", port_of(address))) as silent:
                    silent.sendall(said)
                    if count == 0:
                        await calling(address, ssl=theirs)
                    for _ in range(count):
                        await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(work)


def test_a_peer_over_tls_that_never_says_goodbye_does_not_hold_up_close(authority: trustme.CA) -> None:
    async def work() -> None:
        ours, theirs = contexts(authority)
        # It speaks for as long as it is asked, and keeps the socket open when it is not.
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            loop = asyncio.get_running_loop()
            done = asyncio.Event()

            async def serve_and_fall_silent() -> None:
                peer, _ = await loop.sock_accept(listening)
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                session = ours.wrap_bio(incoming, outgoing, server_side=True)
                shaken = False
                while not shaken:
                    try:
                        session.do_handshake()
                        shaken = True
                    except ssl.SSLWantReadError:
                        pass
                    if outgoing.pending:
                        await loop.sock_sendall(peer, outgoing.read())
                    if not shaken:
                        incoming.write(await loop.sock_recv(peer, 65536))
                await done.wait()
                peer.close()

            listening.setblocking(False)
            silent = asyncio.create_task(serve_and_fall_silent())
            begun = loop.time()
            connecting = asyncio.create_task(connect(f"tls://127.0.0.1:{port}", ssl=theirs).__aenter__())
            await asyncio.wait({connecting}, timeout=0.2)
            connecting.cancel()
            await asyncio.wait({connecting})
            # Asyncio by itself would wait for 30 seconds.
            assert loop.time() - begun < 15
            done.set()
            await silent

    run(work)


# Unix sockets


def test_a_unix_socket_is_for_this_user_alone_and_goes_with_its_server(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        async with served(serve_unix, server, path) as address:
            assert address == f"unix:{path}"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            await calling(address)
        assert not path.exists()

    run(work)


def test_a_socket_is_replaced_only_when_nobody_listens(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        async with served(serve_unix, server, path) as address:
            with pytest.raises(OSError, match="somebody listens there"):
                await serve_unix(server, path)
            await calling(address)

    run(work)


def test_somebody_who_listens_and_accepts_nobody_is_found_at_once(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as waiting:
            listening.bind(str(path))
            listening.listen(0)
            waiting.connect(str(path))
            with pytest.raises(OSError, match="somebody listens there") as caught:
                await serve_unix(server, path)
            assert caught.value.errno == errno.EADDRINUSE

    run(work)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")

    async def work() -> None:
        with pytest.raises(OSError, match="no socket"):
            await serve_unix(server, path)

    run(work)
    assert path.read_text() == "mine"


def test_a_path_that_another_server_has_taken_is_left_to_it(tmp_path) -> None:
    path = tmp_path / "socket"

    async def work() -> None:
        async with served(serve_unix, server, path):
            path.unlink()
            later = served(serve_unix, server, path)
            address = await later.__aenter__()
        await calling(address)
        await later.__aexit__(None, None, None)
        assert not path.exists()

    run(work)


def test_nobody_at_a_unix_socket_is_reported_with_its_path(tmp_path) -> None:
    async def work() -> None:
        with pytest.raises(NotConnected, match=f"cannot connect to unix:{tmp_path}/nobody"):
            await calling(f"unix:{tmp_path}/nobody")

    run(work)


def test_a_question_crosses_a_socket(tmp_path) -> None:
    async def work() -> None:
        async with (
            served(serve_unix, server, tmp_path / "socket") as address,
            connect(address, elicitation=lambda _request: accept({"country": "Texas"})) as client,
        ):
            assert text(await client.call_tool("forecast", {"city": "Paris"})) == "Paris in Texas: sunny"

    run(work)
