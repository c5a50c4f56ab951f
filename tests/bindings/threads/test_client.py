"""The blocking client against a server in the same process and against real ones."""

import asyncio
import os
import re
import sys
import threading
from pathlib import Path

import pytest
from tests.bindings.looking import text
from tests.bindings.threads.counting import in_thread, join_handlers, nothing_left
from tests.bindings.threads.servers import server

from sansmcp import (
    Context,
    LocalProtocolError,
    NotConnected,
    RequestLost,
    Server,
)
from sansmcp.client import accept
from sansmcp.schema import METHODS, REVISIONS, ElicitResult, Kind, Method, Side
from sansmcp.session import Timeouts
from sansmcp_threads import MemoryStream, connect, memory_pair, serve_stream

MODERN = "2026-07-28"

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


class OnlyReads:
    """A stream that lacks most of what a stream has to do."""

    def read(self) -> bytes:
        return b""

    def __repr__(self) -> str:
        return "OnlyReads()"


@pytest.mark.parametrize("target", [None, 5, Path("server.py"), OnlyReads(), MemoryStream])
def test_what_leads_to_no_server_is_refused_with_what_would(target) -> None:
    found = re.escape(f"connect({target!r}): ")
    expected = (
        "expected a command as a list of words, .*, an address: .*, a Server, "
        "or a stream with read, write, flush, end_input and close"
    )
    with pytest.raises(LocalProtocolError, match=f"^{found}{expected}$"):
        connect(target)


def test_a_client_is_a_plain_object_that_is_open_when_connect_returns() -> None:
    client = connect(server)
    assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
    assert client.disconnected is None
    client.close()
    client.close()
    assert client.disconnected is not None


def test_handlers_that_may_block_run_on_threads_and_others_where_they_are_read() -> None:
    with connect(server) as client:
        assert text(client.call_tool("thread_name")) == "sansmcp handler"
        assert text(client.call_tool("reading_thread_name")) == "sansmcp reader"


def test_the_handler_of_a_question_may_call_the_server() -> None:
    def answer(_request) -> ElicitResult:
        return accept({"country": text(client.call_tool("echo", {"text": "Texas"}))})

    with connect(server, elicitation=answer) as client:
        assert text(client.call_tool("forecast", {"city": "Paris"})) == "Paris in Texas: sunny"


def test_a_call_after_the_end_is_refused_at_the_call() -> None:
    client = connect(server)
    client.close()
    with pytest.raises(NotConnected, match="this side closed"):
        client.call_tool("add", {"a": 1, "b": 2})


def test_closing_from_another_thread_ends_calls_in_flight_as_lost() -> None:
    client = connect(server)
    begun = threading.Event()

    def close() -> None:
        assert begun.wait(60)
        client.close()

    with in_thread(close), pytest.raises(RequestLost, match="this side closed"):
        client.call_tool("wait", on_progress=lambda _event: begun.set())


def test_many_threads_may_close_a_client_at_once() -> None:
    client = connect(server)
    threads = [threading.Thread(target=client.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    client.close()
    assert client.disconnected is not None
    for thread in threads:
        thread.join(timeout=60)


def test_a_process_that_was_forked_since_cannot_use_a_client_and_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with connect(server) as client:
        with monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: 1)
            with pytest.raises(LocalProtocolError, match="was forked after the client connected"):
                client.call_tool("add", {"a": 1, "b": 2})
            client.close()
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"


def test_a_silent_server_is_given_up_after_the_timeouts() -> None:
    near, far = memory_pair()
    with pytest.raises(NotConnected):
        connect(near, timeouts=Timeouts(probe=0.01, request=0.01))
    far.close()


def test_what_goes_with_another_target_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="env, cwd and stderr go with a command"):
        connect(server, env={"A": "b"})
    with pytest.raises(LocalProtocolError, match=r"ssl goes with https.* or tls"):
        connect(server, ssl=object())
    with pytest.raises(LocalProtocolError, match="headers go with a URL"):
        connect(server, headers={"a": "b"})


def test_a_call_from_a_listener_is_refused_with_advice() -> None:
    raised: list[Exception] = []

    def listener(_event: object) -> None:
        for forbidden in (lambda: client.call_tool("add", {"a": 1, "b": 2}), client.close):
            try:
                forbidden()
            except LocalProtocolError as error:
                raised.append(error)

    with connect(server) as client:
        assert text(client.call_tool("count_on_thread", {"steps": 1}, on_progress=listener)) == "done"
    assert [str(error).partition(":")[0] for error in raised] == ["tools/call", "close()"]
    assert all("on another thread" in str(error) for error in raised)


def test_a_listener_may_give_commands_that_nobody_waits_for() -> None:
    heard = threading.Event()
    listening = Server("listener", version="1")

    @listening.notification("notifications/acme/moved")
    def moved(number: int) -> None:
        assert number == 7
        heard.set()

    @listening.tool
    def begin(ctx: Context) -> str:
        """Report something."""
        ctx.progress(1)
        return "begun"

    def listener(_event: object) -> None:
        client.perform(lambda now: client.session.notify("notifications/acme/moved", {"number": 7}, now))

    with connect(listening, revisions=["2025-11-25"], methods=METHODS.extended(MOVED)) as client:
        assert text(client.call_tool("begin", on_progress=listener)) == "begun"
        assert heard.wait(60)


MOVED = Method(
    name="notifications/acme/moved", kind=Kind.NOTIFICATION, sender=Side.CLIENT, params=dict[str, int]
)


def test_handlers_of_notifications_run_one_after_the_other_in_the_order_they_came() -> None:
    heard: list[int] = []
    all_heard = threading.Event()
    listener = Server("listener", version="1")

    @listener.notification("notifications/acme/moved")
    def moved(number: int) -> None:
        heard.append(number)
        if len(heard) == 100:
            all_heard.set()

    with connect(listener, revisions=["2025-11-25"], methods=METHODS.extended(MOVED)) as client:
        for number in range(100):

            def command(now: float, number: int = number) -> None:
                client.session.notify("notifications/acme/moved", {"number": number}, now)

            client.perform(command)
        assert all_heard.wait(60)
    assert heard == list(range(100))


def test_a_fault_of_the_stream_ends_the_calls_and_comes_out_alone() -> None:
    class Broken:
        def read(self) -> bytes:
            raise ValueError("a fault of the stream")

        def write(self, _data: bytes) -> bool:
            return True

        def flush(self, _timeout: float) -> None:
            pass

        def end_input(self) -> None:
            pass

        def close(self) -> None:
            pass

    with pytest.raises(ValueError, match="a fault of the stream"):
        connect(Broken())


def test_a_fault_in_a_dial_comes_out_alone() -> None:
    with pytest.raises(TypeError):
        connect([sys.executable], cwd=object())


def awaiting() -> Server:
    made = Server("awaiting", version="1")

    @made.tool
    async def later(a: int) -> int:
        """Return a number later."""
        await asyncio.sleep(0)
        return a

    return made


def test_async_handlers_are_refused_when_a_server_is_bound_with_the_name_of_the_tool() -> None:
    near, far = memory_pair()
    with pytest.raises(LocalProtocolError, match="later"):
        serve_stream(awaiting(), far)
    with pytest.raises(LocalProtocolError, match="later"):
        connect(awaiting())
    near.close()


def test_async_handlers_run_with_a_runner_of_the_users() -> None:
    with connect(awaiting(), async_runner=asyncio.run) as client:
        assert text(client.call_tool("later", {"a": 7})) == "7"


def test_an_async_handler_that_came_later_fails_its_calls_and_nothing_else(caplog) -> None:
    made = Server("growing", version="1")

    @made.tool
    def now() -> str:
        """Return a text now."""
        return "now"

    with connect(made) as client:

        @made.tool
        async def later() -> str:
            """Return a text later."""
            return "unreachable"

        assert client.call_tool("later").is_error
    # The answer leaves first.
    join_handlers()
    assert "later is an async def" in caplog.text


def test_an_async_handler_of_the_client_is_refused_at_connect_unless_somebody_runs_it() -> None:
    async def answer(_request) -> ElicitResult:
        await asyncio.sleep(0)
        return accept({"country": "Texas"})

    with pytest.raises(LocalProtocolError, match="the handler of elicitation is an async def"):
        connect(server, elicitation=answer)
    with connect(server, elicitation=answer, async_runner=asyncio.run) as client:
        assert text(client.call_tool("forecast", {"city": "Paris"})) == "Paris in Texas: sunny"
