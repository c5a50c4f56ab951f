"""Faults of streams and of those who look on; each comes out alone, where the end is waited for."""

import socket
import threading

import pytest
from tests.bindings.threads.counting import in_thread, nothing_left
from tests.bindings.threads.servers import server

from sansmcp import LocalProtocolError, RequestLost
from sansmcp.session import LineLink, Restart, ServerEvent, ServerSession
from sansmcp_threads import MemoryStream, connect, listen_tcp, memory_pair, serve_stream

PATIENCE = 60


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


class Guarded:
    """A stream in memory whose writing can be broken."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream
        self.fault: Exception | None = None
        self.is_slow = False

    def read(self) -> bytes:
        return self._stream.read()

    def write(self, data: bytes) -> bool:
        if self.fault is not None and self.is_slow:
            # Held back for good: an answer must not come before the fault.
            return False
        if self.fault is not None:
            raise self.fault
        return self._stream.write(data) and not self.is_slow

    def flush(self, timeout: float) -> None:
        if self.fault is not None:
            raise self.fault
        self._stream.flush(timeout)

    def end_input(self) -> None:
        self._stream.end_input()

    def close(self) -> None:
        self._stream.close()


def test_a_fault_of_closing_comes_out_where_the_end_is_waited_for() -> None:
    class Stuck(Guarded):
        def close(self) -> None:
            super().close()
            raise ValueError("a fault of closing")

    near, far = memory_pair()
    far.close()
    with pytest.raises(ValueError, match="a fault of closing"):
        serve_stream(server, Stuck(near))


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_fault_of_writing_loses_the_call_and_comes_out_of_close(is_slow: bool) -> None:
    near, far = memory_pair()
    stream = Guarded(near)
    with in_thread(lambda: serve_stream(server, far)):
        client = connect(stream)
        stream.is_slow, stream.fault = is_slow, ValueError("a fault of writing")
        with pytest.raises(RequestLost, match="a fault of writing"):
            client.call_tool("add", {"a": 1, "b": 2})
        with pytest.raises(ValueError, match="a fault of writing"):
            client.close()
        client.close()


def test_a_peer_that_reads_no_more_loses_the_call_with_the_reason() -> None:
    near, far = memory_pair()
    stream = Guarded(near)
    with in_thread(lambda: serve_stream(server, far)):
        client = connect(stream)
        stream.fault = TimeoutError("the peer has read nothing for 30 s")
        with pytest.raises(RequestLost, match="the peer has read nothing for 30 s"):
            client.call_tool("add", {"a": 1, "b": 2})
        client.close()


def test_a_slow_stream_is_written_to_by_a_thread_that_waits() -> None:
    near, far = memory_pair()
    stream = Guarded(near)
    with in_thread(lambda: serve_stream(server, far)), connect(stream) as client:
        stream.is_slow = True
        for number in range(50):
            assert client.call_tool("add", {"a": number, "b": 1}).structured_content == number + 1


def test_restart_is_refused_for_a_stream() -> None:
    near, far = memory_pair()
    with pytest.raises(LocalProtocolError, match="restart goes with a command or an address"):
        connect(near, restart=Restart())
    far.close()


def test_who_looks_on_sees_events_before_what_follows_and_all_bytes() -> None:
    seen: list[tuple[str, object]] = []

    def on_event(session: ServerSession, event: ServerEvent) -> None:
        assert isinstance(session, ServerSession)
        seen.append(("event", type(event).__name__))

    class Tapped:
        def __init__(self, link: LineLink[ServerSession]) -> None:
            self._link = link

        def receive_data(self, data: bytes, now: float) -> None:
            seen.append(("in", data))
            self._link.receive_data(data, now)

        def data_to_send(self) -> bytes:
            data = self._link.data_to_send()
            if data:
                seen.append(("out", data))
            return data

        def __getattr__(self, name: str) -> object:
            return getattr(self._link, name)

    with (
        listen_tcp(server, on_event=on_event, wrap_link=Tapped) as listener,
        # Checking the result would ask for the tools first.
        connect(listener.address, revisions=["2025-11-25"], validate="off") as client,
    ):
        assert client.call_tool("add", {"a": 1, "b": 2}).content[0].text == "3"
    assert b"".join(data for way, data in seen if way == "in").count(b'"tools/call"') == 1
    assert len(b"".join(data for way, data in seen if way == "out").splitlines()) == 2
    assert [name for way, name in seen if way == "event"].count("RequestReceived") == 1
    assert seen[-1] == ("event", "Disconnected")


def test_a_listener_that_closes_does_not_wait_for_those_who_never_speak() -> None:
    with listen_tcp(server) as listener:
        port = int(listener.address.rpartition(":")[2])
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        with connect(listener.address) as client:
            assert client.call_tool("add", {"a": 1, "b": 2}).structured_content == 3
    for each in silent:
        assert each.recv(10) == b""
        each.close()


def test_progress_from_a_handler_never_waits_for_a_listener_that_is_slow() -> None:
    entered, released = threading.Event(), threading.Event()

    def listener(_event: object) -> None:
        entered.set()
        assert released.wait(PATIENCE)

    with (
        connect(server) as slow,
        connect(server) as quick,
        in_thread(lambda: slow.call_tool("count_on_thread", {"steps": 3}, on_progress=listener)),
    ):
        assert entered.wait(PATIENCE)
        assert quick.call_tool("add", {"a": 1, "b": 2}).structured_content == 3
        released.set()
