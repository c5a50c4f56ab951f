"""TCP, TLS and Unix sockets."""

import contextlib
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trustme
from tests.bindings.threads.counting import in_thread, no_threads_to_be_had, nothing_left
from tests.bindings.threads.servers import server

from sansmcp import NotConnected, RequestLost
from sansmcp.session import ConnectionLost, Disconnected, Restart, ServerEvent, ServerSession, Timeouts
from sansmcp_threads import connect, listen_tcp, listen_unix, serve_tcp, serve_unix

PATIENCE = 60


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


def add(client) -> object:
    return client.call_tool("add", {"a": 1, "b": 2}).structured_content


def test_many_clients_over_tcp_are_served_at_once() -> None:
    with listen_tcp(server) as listener:
        assert listener.address.startswith("tcp://127.0.0.1:")
        clients = [connect(listener.address) for _ in range(10)]
        assert [add(client) for client in clients] == [3] * 10
        for client in clients:
            client.close()


def test_closing_a_listener_ends_connections_in_good_order() -> None:
    listener = listen_tcp(server, timeouts=Timeouts(close=0.05))
    client = connect(listener.address)
    begun = threading.Event()

    def close() -> None:
        assert begun.wait(PATIENCE)
        listener.close()

    with in_thread(close), pytest.raises(RequestLost, match="the peer closed the connection"):
        client.call_tool("wait", on_progress=lambda _event: begun.set())
    listener.close()
    with pytest.raises(NotConnected, match=f"cannot connect to {listener.address}"):
        connect(listener.address)
    client.close()


def test_a_call_that_is_worked_on_is_answered_while_the_listener_closes() -> None:
    listener = listen_tcp(server)
    client = connect(listener.address)
    closing: list[threading.Thread] = []

    def close(_event: object) -> None:
        closing.append(threading.Thread(target=listener.close))
        closing[0].start()

    assert client.call_tool("count_on_thread", {"steps": 1}, on_progress=close).content[0].text == "done"
    client.close()
    closing[0].join(PATIENCE)


def test_waiting_for_a_listener_ends_when_another_thread_closes_it() -> None:
    listener = listen_tcp(server)
    ended = threading.Event()

    def wait() -> None:
        listener.wait()
        ended.set()

    with in_thread(wait):
        assert not ended.is_set()
        listener.close()
    assert ended.is_set()


class Enough(Exception):
    """What ends a server from inside."""


def test_serving_tells_where_and_ends_with_what_the_one_told_raises(tmp_path) -> None:
    def started(address: str) -> None:
        with connect(address) as client:
            assert add(client) == 3
        raise Enough

    with pytest.raises(Enough):
        serve_tcp(server, started=started)
    with pytest.raises(Enough):
        serve_unix(server, tmp_path / "socket", started=started)
    assert not (tmp_path / "socket").exists()


SERVING = """
from sansmcp_threads import serve_tcp
from tests.bindings.threads.servers import server
serve_tcp(server, started=lambda address: print(address, flush=True))
"""


def test_a_program_that_serves_is_ended_by_an_interrupt_with_the_code_that_shells_know() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVING], stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        with connect(address) as client:
            assert add(client) == 3
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE) == 130


@pytest.mark.parametrize("has_served", [False, True])
def test_a_peer_without_a_thread_is_turned_away_and_the_next_one_is_heard(has_served: bool, caplog) -> None:
    ended: list[str | None] = []

    def on_event(_session: ServerSession, event: ServerEvent) -> None:
        if isinstance(event, Disconnected):
            ended.append(event.reason)

    with listen_tcp(server, on_event=on_event) as listener:
        port = int(listener.address.rpartition(":")[2])
        if has_served:
            with connect(listener.address) as client:
                assert add(client) == 3
        with no_threads_to_be_had(), socket.create_connection(("127.0.0.1", port), PATIENCE) as stranger:
            assert stranger.recv(10) == b""
        with connect(listener.address) as client:
            assert add(client) == 3
    assert ended.count("can't start new thread") == 1
    assert f"{listener.address}: a peer was turned away: can't start new thread" in caplog.text


def break_socket(port: int) -> None:
    """Break the socket of this process that listens on a port, as a network that goes down does."""
    for entry in list(Path("/dev/fd").iterdir()):
        if not entry.is_socket():
            continue
        with socket.socket(fileno=os.dup(int(entry.name))) as found:
            if found.family == socket.AF_INET and found.getsockname()[1] == port:
                found.shutdown(socket.SHUT_RDWR)


def test_a_listener_whose_socket_is_broken_says_so_and_can_be_closed(caplog) -> None:
    with listen_tcp(server) as listener:
        break_socket(int(listener.address.rpartition(":")[2]))
        with connect(server) as client:
            while "a peer has to wait" not in caplog.text:
                assert add(client) == 3
    assert f"{listener.address}: a peer has to wait: [Errno 22] Invalid argument" in caplog.text


def test_a_port_that_is_taken_is_named() -> None:
    with listen_tcp(server) as listener:
        port = int(listener.address.rpartition(":")[2])
        with pytest.raises(OSError, match=f"cannot listen on tcp://127.0.0.1:{port}"):
            listen_tcp(server, port=port)


def test_a_connection_that_is_lost_is_made_again() -> None:
    listener = listen_tcp(server)
    port = int(listener.address.rpartition(":")[2])
    lost = threading.Event()

    def hear(_session: object, event: object) -> None:
        if isinstance(event, ConnectionLost):
            lost.set()

    with connect(listener.address, restart=Restart(attempts=50, first_delay=0.01), on_event=hear) as client:
        assert add(client) == 3
        listener.close()
        # A call that is made before would be lost with the connection.
        assert lost.wait(PATIENCE)
        with listen_tcp(server, port=port):
            found = None
            while found is None:
                # An attempt that began before it listened may yet fail, with what it was to carry.
                with contextlib.suppress(RequestLost):
                    found = add(client)
            assert found == 3
            client.close()


def test_closing_gives_up_a_connection_that_is_being_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        # It accepts and never shakes hands.
        with pytest.raises(NotConnected):
            connect(f"tls://127.0.0.1:{port}", timeouts=Timeouts(probe=0.01, request=0.01))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server shows, and what a client trusts."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(shown)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    return shown, trusted


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_carries_calls_both_ways(authority: trustme.CA, version: ssl.TLSVersion) -> None:
    shown, trusted = contexts(authority, "127.0.0.1")
    trusted.maximum_version = trusted.minimum_version = version
    with listen_tcp(server, ssl=shown) as listener:
        assert listener.address.startswith("tls://127.0.0.1:")
        with connect(listener.address, ssl=trusted) as client:
            assert add(client) == 3
            found: dict[str, bool] = {}

            def echo(letter: str) -> None:
                text = letter * 2_000_000
                found[letter] = client.call_tool("echo", {"text": text}).content[0].text == text

            threads = [threading.Thread(target=echo, args=(letter,)) for letter in "xyz"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            assert found == {"x": True, "y": True, "z": True}


def test_a_certificate_is_verified_unless_told_otherwise(authority: trustme.CA) -> None:
    shown, trusted = contexts(authority, "another.example")
    with listen_tcp(server, ssl=shown) as listener:
        with pytest.raises(NotConnected, match="certificate verify failed"):
            connect(listener.address)
        with pytest.raises(NotConnected, match="IP address mismatch"):
            connect(listener.address, ssl=trusted)


def test_a_process_that_was_forked_since_does_not_wait_for_the_end_of_a_listener(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listen_tcp(server) as listener:
        with monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: 1)
            listener.close()
        with connect(listener.address) as client:
            assert add(client) == 3


def test_a_peer_that_speaks_no_tls_disturbs_no_other(authority: trustme.CA) -> None:
    shown, trusted = contexts(authority, "127.0.0.1")
    with listen_tcp(server, ssl=shown) as listener:
        port = int(listener.address.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as stranger,
            connect(listener.address, ssl=trusted) as client,
        ):
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert add(client) == 3
            while stranger.recv(1000):
                pass
            assert add(client) == 3


def test_closing_does_not_wait_for_a_peer_that_never_agrees_on_tls(authority: trustme.CA) -> None:
    shown, trusted = contexts(authority, "127.0.0.1")
    with listen_tcp(server, ssl=shown) as listener:
        port = int(listener.address.rpartition(":")[2])
        silent = socket.create_connection(("127.0.0.1", port))
        with socket.create_connection(("127.0.0.1", port)):
            """It leaves at once."""
        with connect(listener.address, ssl=trusted) as client:
            assert add(client) == 3
    with contextlib.closing(silent), contextlib.suppress(ConnectionResetError):
        assert silent.recv(10) == b""


def test_a_unix_socket_is_for_this_user_alone_and_removed_at_the_end(tmp_path) -> None:
    path = tmp_path / "socket"
    with listen_unix(server, path) as listener:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with connect(listener.address) as client:
            assert add(client) == 3
    assert not path.exists()


def test_a_stale_socket_is_replaced_and_one_that_is_used_is_not(tmp_path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with listen_unix(server, path) as listener:
        with pytest.raises(OSError, match="somebody listens there"):
            listen_unix(server, path)
        with connect(listener.address) as client:
            assert add(client) == 3


def test_a_file_that_is_no_socket_is_left_alone(tmp_path) -> None:
    path = tmp_path / "file"
    path.write_text("precious")
    with pytest.raises(OSError, match="it exists and is no socket"):
        listen_unix(server, path)
    assert path.read_text() == "precious"


def test_a_socket_that_another_server_has_taken_meanwhile_is_not_removed(tmp_path) -> None:
    path = tmp_path / "socket"
    first = listen_unix(server, path)
    path.unlink()
    with listen_unix(server, path):
        first.close()
        assert path.exists()


def test_nobody_at_a_unix_socket_is_reported(tmp_path) -> None:
    with pytest.raises(NotConnected, match=f"cannot connect to unix:{tmp_path}/none"):
        connect(f"unix:{tmp_path}/none")
