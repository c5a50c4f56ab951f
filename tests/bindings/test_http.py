"""Serving and connecting over HTTP on each runtime: over TLS and Unix sockets, and through what breaks."""

import asyncio
import errno
import json
import os
import queue
import socket
import ssl
import stat
import sys
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from tests.bindings.looking import text
from tests.bindings.over_http import GUARD, served, use
from tests.bindings.runtimes import never
from tests.suite.relay import Relay

import sansmcp_threads
from sansmcp import Context, LocalProtocolError, NotConnected, Server
from sansmcp.http import HttpLimits, MayWait, MemoryEventStore, Refused, RequestHead, StoredEvent
from sansmcp.session import Link, Restart, Timeouts
from sansmcp.testing import Peer

ADD = ("add", {"a": 1, "b": 2})
LATEST_LEGACY, MODERN = "2025-11-25", "2026-07-28"

each_runtime = pytest.mark.parametrize("runtime", ["asyncio", "trio", "threads"])
each_era = pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])


def new_server() -> Server:
    server = Server("over http", version="1.0")

    @server.tool
    def add(a: int, b: int) -> int:
        """Add on a thread."""
        return a + b

    @server.tool
    def flood(size: int) -> str:
        """Return a long text."""
        return "x" * size

    return server


def adding(client: Any) -> Generator[Any, Any, None]:
    assert text((yield client.call_tool(*ADD))) == "3"


# What carries it


@each_runtime
@each_era
def test_https_is_spoken_and_verified(runtime: str, revision: str) -> None:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    with served(runtime, new_server(), ssl=ours) as url:
        assert url.startswith("https://127.0.0.1:")
        use(runtime, url, adding, ssl=theirs, revisions=[revision])
        with pytest.raises(NotConnected, match="certificate"):
            use(runtime, url, never, revisions=[revision])


@each_runtime
def test_a_server_says_goodbye_over_tls(runtime: str) -> None:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    with served(runtime, new_server(), ssl=ours) as url:
        place = url.removeprefix("https://").removesuffix("/mcp")
        host, _, port = place.partition(":")
        peer = socket.create_connection((host, int(port)), timeout=GUARD)
        with theirs.wrap_socket(peer, server_hostname=host, suppress_ragged_eofs=False) as agreed:
            agreed.sendall(f"GET / HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
            with agreed.makefile("rb") as answer:
                # It raises where the end is no goodbye.
                assert answer.read().startswith(b"HTTP/1.1 404 ")


@each_runtime
@each_era
def test_a_unix_socket_is_for_this_user_alone_and_goes_with_its_server(
    runtime: str, revision: str, tmp_path: Path
) -> None:
    path = tmp_path / "a socket"
    with served(runtime, new_server(), unix=path) as url:
        assert url.startswith("http+unix://%2F")
        assert url.endswith("%2Fa%20socket/mcp")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        use(runtime, url, adding, revisions=[revision])
    assert not path.exists()


@each_runtime
def test_the_path_of_the_endpoint_is_told(runtime: str) -> None:
    with served(runtime, new_server(), path="/tools/here") as url:
        assert url.endswith("/tools/here")
        use(runtime, url, adding)


@each_runtime
def test_an_address_that_is_taken_is_refused(runtime: str) -> None:
    with served(runtime, new_server()) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(OSError, match="in use"), served(runtime, new_server(), port=port):
            raise AssertionError("unreachable: nobody listens there twice")


# What is refused before anybody comes


@each_runtime
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"host": "0.0.0.0"}, "allowed_hosts"),  # noqa: S104  # it is refused
        ({"unix": "a", "ssl": ssl.create_default_context()}, "ssl goes with host and port"),
        ({"path": "mcp"}, "path: expected"),
        ({"port": 99_999}, "port: expected a number"),
        ({"paht": "/mcp"}, "there is no such setting"),
    ],
)
def test_what_cannot_be_served_is_refused_with_words(
    runtime: str, settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(LocalProtocolError, match=why), served(runtime, new_server(), **settings):
        raise AssertionError("unreachable: nobody serves so")


@each_runtime
def test_without_the_package_for_http_both_sides_say_what_to_install(
    runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sansmcp_h11", None)
    advice = r"pip install 'sansmcp\[h11\]'"
    with pytest.raises(LocalProtocolError, match=advice), served(runtime, new_server()):
        raise AssertionError("unreachable: nobody serves without")
    with pytest.raises(LocalProtocolError, match=advice):
        use(runtime, "http://127.0.0.1:1/mcp", never)


@each_runtime
def test_headers_go_with_a_url_alone(runtime: str) -> None:
    with pytest.raises(LocalProtocolError, match="headers go with a URL"):
        use(runtime, ["python", "server.py"], never, headers={"a": "b"})
    with pytest.raises(LocalProtocolError, match="ssl goes with https"):
        use(runtime, "http://127.0.0.1:1/mcp", never, ssl=ssl.create_default_context())


# Clients


@each_runtime
@each_era
def test_headers_say_who_it_is(runtime: str, revision: str) -> None:
    seen: list[str] = []

    def verify(head: RequestHead) -> str | Refused:
        if head.headers.get("authorization") != "Bearer good":
            return Refused(status=401, reason="it names nobody", headers=(("www-authenticate", "Bearer"),))
        seen.append(head.method)
        return "somebody"

    with served(runtime, new_server(), verify=verify) as url:
        use(runtime, url, adding, headers={"Authorization": "Bearer good"}, revisions=[revision])
        assert "POST" in seen
        with pytest.raises(NotConnected, match="401"):
            use(runtime, url, never, headers={"Authorization": "Bearer bad"}, revisions=[revision])


@each_runtime
def test_a_client_that_closes_ends_its_session_on_the_server(runtime: str) -> None:
    told: queue.Queue[str] = queue.Queue()
    with served(runtime, new_server(), on_event=lambda _, event: told.put(type(event).__name__)) as url:
        for _ in range(3):
            use(runtime, url, adding, revisions=[LATEST_LEGACY])
            # On threads the answer may be on its way before it is told.
            heard = list(iter(lambda: told.get(timeout=30), "Disconnected"))
            assert (heard.count("SessionOpened"), heard[-1]) == (1, "SessionEnded")
    assert told.empty()


@each_runtime
def test_an_entry_of_a_configuration_with_a_url_joins_the_group(runtime: str) -> None:
    def verify(head: RequestHead) -> str | Refused:
        assert head.headers.get("x-key") == "secret"
        return "somebody"

    with served(runtime, new_server(), verify=verify) as url:
        config = {"mcpServers": {"far": {"url": url, "headers": {"X-Key": "${KEY:-secret}"}}}}
        with sansmcp_threads.connect_group(config) as group:
            assert not group.lost
            assert text(group.call_tool("far_add", {"a": 1, "b": 2})) == "3"


@each_runtime
@each_era
def test_sixty_four_clients_call_at_once_and_no_answer_is_lost_or_crossed(
    runtime: str, revision: str
) -> None:
    with served(runtime, new_server()) as url, ThreadPoolExecutor(16) as threads:

        def calls(number: int) -> bool:
            with sansmcp_threads.connect(url, revisions=[revision]) as client:
                found = [client.call_tool("add", {"a": number, "b": turn}) for turn in range(20)]
            return [text(one) for one in found] == [str(number + turn) for turn in range(20)]

        assert all(threads.map(calls, range(64)))


@each_era
def test_many_threads_share_one_client(revision: str) -> None:
    with (
        served("threads", new_server()) as url,
        sansmcp_threads.connect(url, revisions=[revision]) as client,
        ThreadPoolExecutor(16) as threads,
    ):

        def calls(number: int) -> bool:
            return all(
                text(client.call_tool("add", {"a": number, "b": turn})) == str(number + turn)
                for turn in range(50)
            )

        assert all(threads.map(calls, range(16)))


# What breaks


@each_runtime
def test_what_a_cut_connection_would_have_brought_comes_after_it_once(runtime: str) -> None:
    server, go_on, seen = new_server(), threading.Event(), list[float]()

    @server.tool
    def count(ctx: Context) -> str:
        """Say something before and something after the cut."""
        for step in range(1, 4):
            ctx.progress(step)
        assert go_on.wait(GUARD)
        for step in range(4, 7):
            ctx.progress(step)
        return "counted"

    with served(runtime, server) as url:
        relay = Relay(url, None, Peer.SERVER)

        def hear(event: Any) -> None:
            seen.append(event.progress)
            if event.progress == 3:
                relay.cut()
                go_on.set()

        def scenario(client: Any) -> Generator[Any, Any, None]:
            assert text((yield client.call_tool("count", on_progress=hear))) == "counted"
            assert text((yield client.call_tool(*ADD))) == "3"

        try:
            near = relay.address.replace("tcp:", "http:") + "/mcp"
            restart = Restart(first_delay=0.01)
            use(runtime, near, scenario, revisions=[LATEST_LEGACY], restart=restart)
        finally:
            relay.close()
    assert seen == sorted(set(seen))
    assert seen[-1] == 6


class SlowStore(MemoryEventStore):
    """A store of its own kind, which is asked on a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()
        self.asked: list[str] = []
        self.is_failing = False

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        self._note("store")
        super().store(session, stream, event)

    def load(self, session: str, stream: str, number: int) -> Sequence[StoredEvent]:
        self._note("load")
        return super().load(session, stream, number)

    def forget(self, session: str) -> None:
        self._note("forget")
        super().forget(session)

    def _note(self, name: str) -> None:
        self.threads.add(threading.current_thread().name)
        self.asked.append(name)
        # Others would come in between, if there were any.
        os.sched_yield()
        if self.is_failing:
            raise OSError("the disk is full")


@each_runtime
def test_a_store_that_blocks_is_asked_on_a_thread_in_order(runtime: str) -> None:
    store = SlowStore()

    def scenario(client: Any) -> Generator[Any, Any, None]:
        for _ in range(3):
            yield from adding(client)

    with served(runtime, new_server(), event_store=store, responses="stream") as url:
        use(runtime, url, scenario, revisions=[LATEST_LEGACY])
    assert store.threads == {"sansmcp handler"}
    assert store.asked.count("store") >= 3
    # All that was asked for is done before the server is gone.
    assert store.asked[-1] == "forget"


@each_runtime
def test_a_store_that_fails_costs_no_answer(runtime: str) -> None:
    store = SlowStore()
    store.is_failing = True
    with served(runtime, new_server(), event_store=store, responses="stream") as url:
        use(runtime, url, adding, revisions=[LATEST_LEGACY])
    assert store.asked


def flooding(size: int) -> bytes:
    """Return a request that is answered with so many bytes."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": "flood", "arguments": {"size": size}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    head = (
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        f"Mcp-Method: tools/call\r\nMcp-Name: flood\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def dial(url: str) -> socket.socket:
    """Return a connection to a server whose reader is slow."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    peer = socket.create_connection(("127.0.0.1", port), timeout=GUARD)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    return peer


@each_runtime
def test_a_long_response_is_read_to_its_end_by_a_slow_reader_before_the_connection_is_closed(
    runtime: str,
) -> None:
    size = 3_000_000
    with served(runtime, new_server()) as url, dial(url) as peer:
        peer.sendall(flooding(size))
        found = peer.recv(1000)
        # Longer than the last bytes of a connection of lines would get.
        threading.Event().wait(0.8)
        for data in iter(partial(peer.recv, 65536), b""):
            found += data
    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.count(b"x" * 1000) >= size // 1000


class Heard:
    """A link whose end is told."""

    def __init__(self, ended: threading.Event, link: Link) -> None:
        self._ended = ended
        self._link = link

    def receive_eof(self, now: float, *reason: str) -> None:
        self._link.receive_eof(now, *reason)
        self._ended.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)


@each_runtime
def test_a_reader_that_reads_nothing_is_waited_for_as_long_as_the_limits_say(runtime: str) -> None:
    ended = threading.Event()
    settings: dict[str, Any] = {
        "http_limits": HttpLimits(write_stall=0.1),
        "wrap_link": partial(Heard, ended),
    }
    with served(runtime, new_server(), **settings) as url, dial(url) as peer:
        # More than the buffers of the system take.
        peer.sendall(flooding(3_000_000).replace(b"Connection: close\r\n", b"") * 8)
        assert ended.wait(20)


@each_runtime
def test_a_process_without_descriptors_lets_peers_wait_and_goes_on(
    runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, may_come = list[None](), threading.Event()
    accept = socket.socket._accept  # type: ignore[attr-defined]  # what all runtimes call

    def without_descriptors(listening: socket.socket) -> Any:
        tries.append(None)
        if may_come.is_set():
            return accept(listening)
        # Somebody else has taken them by the time that this is looked at.
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket.socket, "_accept", without_descriptors)
    with served(runtime, new_server()) as url, dial(url) as peer:
        peer.sendall(flooding(10))
        while not tries:
            threading.Event().wait(0.01)
        # Whoever did not wait would try a thousand times.
        threading.Event().wait(0.2)
        may_come.set()
        assert peer.recv(12) == b"HTTP/1.1 200"
    assert len(tries) < 10


@each_runtime
def test_one_connection_too_many_is_turned_away(runtime: str) -> None:
    with served(runtime, new_server(), http_limits=HttpLimits(connections=1)) as url, dial(url) as peer:
        peer.sendall(flooding(10).replace(b"Connection: close\r\n", b""))
        assert peer.recv(12) == b"HTTP/1.1 200"
        with dial(url) as late:
            told = b"".join(iter(partial(late.recv, 65536), b""))
    assert told.startswith(b"HTTP/1.1 503 ")
    assert told.endswith(b"1 connections are open; try again later\n")


# Who calls


def adding_as(names: list[str]) -> Any:
    """Return a verifier that takes its time, and lets in who has a name."""

    def verify(head: RequestHead) -> str | Refused:
        names.append(threading.current_thread().name)
        os.sched_yield()
        name = head.headers.get("x-name")
        return name or Refused(status=401, reason="it names nobody")

    return verify


@each_runtime
@each_era
@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_verifier_may_wait(runtime: str, revision: str, is_awaited: bool) -> None:
    names: list[str] = []
    find = adding_as(names)

    async def find_in_time(head: RequestHead) -> str | Refused:
        return find(head)

    settings: dict[str, Any] = {"verify": find_in_time if is_awaited else MayWait(find)}
    if is_awaited and runtime == "threads":
        with (
            pytest.raises(LocalProtocolError, match="verify is an async def"),
            served(runtime, new_server(), **settings),
        ):
            raise AssertionError("unreachable: nobody awaits it")
        settings["async_runner"] = asyncio.run
    with served(runtime, new_server(), **settings) as url:
        use(runtime, url, adding, headers={"X-Name": "ann"}, revisions=[revision])
        with pytest.raises(NotConnected, match="401"):
            use(runtime, url, never, revisions=[revision])
    # Not where requests are read.
    if runtime == "threads" or not is_awaited:
        assert set(names) == {"sansmcp handler"}


@pytest.mark.parametrize("runtime", ["asyncio", "trio"])
def test_a_verifier_that_waits_for_ever_holds_up_no_end(runtime: str) -> None:
    begun = threading.Event()

    async def verify(_head: RequestHead) -> str:
        begun.set()
        if runtime == "trio":
            await trio.sleep_forever()
        await asyncio.Event().wait()
        return "nobody"

    with served(runtime, new_server(), verify=verify, timeouts=Timeouts(close=0.1)) as url, dial(url) as peer:
        peer.sendall(flooding(10))
        assert begun.wait(GUARD)
