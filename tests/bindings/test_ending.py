"""Servers on sockets that are asked to end by SIGTERM: what runs is answered, all else ends, exit code 0."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import attrs
import pytest
from tests.bindings.looking import text

from sansmcp import NotConnected, RequestLost
from sansmcp.schema import REVISIONS
from sansmcp_threads import connect

LATEST_LEGACY, MODERN = "2025-11-25", "2026-07-28"
GUARD = 60.0

each_runtime = pytest.mark.parametrize("runtime", ["asyncio", "trio", "threads"])
each_way = pytest.mark.parametrize("way", ["tcp", "http"])


@attrs.define(eq=False)
class Program:
    """A server that runs as a program."""

    process: "subprocess.Popen[str]"
    address: str

    def asked_to_end(self) -> float:
        """Send the signal, wait for the end in good order, and return the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        said, complaints = self.process.communicate(timeout=GUARD)
        assert (self.process.returncode, said) == (0, "served\n"), complaints
        return time.monotonic() - begun


@contextlib.contextmanager
def serving(runtime: str, way: str, grace: float = 5.0) -> Iterator[Program]:
    words = [sys.executable, "-m", "tests.bindings.ending_server", runtime, way, str(grace)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            yield Program(process, process.stdout.readline().strip())
        finally:
            process.kill()


def quiet(**settings: Any) -> dict[str, Any]:
    """Return settings of a client that does not complain of the end of its server."""
    return {"on_violation": lambda _event: None, **settings}


def calling(client: Any, seconds: float, begun: threading.Event) -> "Future[Any]":
    """Call a tool on a thread of its own."""
    threads = ThreadPoolExecutor(1)
    hold = partial(client.call_tool, "hold", {"seconds": seconds})
    call = threads.submit(hold, on_progress=lambda _event: begun.set())
    threads.shutdown(wait=False)
    return call


@each_runtime
@each_way
def test_an_idle_server_ends_at_once(runtime: str, way: str) -> None:
    with serving(runtime, way) as program:
        # One client has been there, and another one is, without anything under way.
        with connect(program.address) as client:
            assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        with connect(program.address) as client:
            # The promise is a moment; the grace would take five seconds.
            assert program.asked_to_end() < 4


@each_runtime
def test_an_open_stream_of_a_legacy_session_does_not_hold_up_the_end(runtime: str) -> None:
    with (
        serving(runtime, "http") as program,
        connect(program.address, **quiet(revisions=[LATEST_LEGACY])) as client,
    ):
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert program.asked_to_end() < 4


@each_runtime
def test_who_listens_hears_the_end_in_good_order(runtime: str) -> None:
    ended = threading.Event()
    with (
        serving(runtime, "http") as program,
        connect(program.address, **quiet(revisions=[MODERN], on_event=_on_end(ended))) as client,
        client.listen(tools=True),
    ):
        assert program.asked_to_end() < 4
        assert ended.wait(GUARD)


def _on_end(ended: threading.Event) -> Any:
    def hear(_session: Any, event: Any) -> None:
        if type(event).__name__ == "SubscriptionEnded":
            ended.set()

    return hear


@each_runtime
@pytest.mark.parametrize(("way", "revision"), [("tcp", MODERN), ("http", LATEST_LEGACY), ("http", MODERN)])
def test_a_call_that_runs_is_answered_and_nobody_new_is_let_in(runtime: str, way: str, revision: str) -> None:
    begun = threading.Event()
    with (
        serving(runtime, way) as program,
        connect(program.address, **quiet(revisions=[revision])) as client,
    ):
        call = calling(client, 3.0, begun)
        assert begun.wait(GUARD)
        took = program.asked_to_end()
        assert text(call.result(GUARD)) == "held"
        # Less would mean that nobody waited, and more that something other than the call was waited for.
        assert 1.5 < took < 4.9
        with pytest.raises(NotConnected):
            connect(program.address)


@each_runtime
@pytest.mark.parametrize(("way", "revision"), [("tcp", MODERN), ("http", LATEST_LEGACY), ("http", MODERN)])
def test_a_handler_that_is_stuck_costs_the_grace_and_no_more(runtime: str, way: str, revision: str) -> None:
    begun = threading.Event()
    with (
        serving(runtime, way, grace=0.5) as program,
        connect(program.address, **quiet(revisions=[revision])) as client,
    ):
        call = calling(client, 3600.0, begun)
        assert begun.wait(GUARD)
        assert program.asked_to_end() < 5
        with pytest.raises(RequestLost):
            call.result(GUARD)


@each_runtime
def test_every_server_of_a_program_ends(runtime: str) -> None:
    with serving(runtime, "two") as program:
        assert program.process.stdout is not None
        assert program.process.stdout.readline().startswith("tcp://")
        program.asked_to_end()


@each_runtime
def test_a_program_that_deals_with_the_signal_itself_goes_on_doing_so(runtime: str) -> None:
    with serving(runtime, "own") as program:
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(GUARD) == 9


@each_runtime
def test_a_second_signal_ends_the_program_at_once(runtime: str) -> None:
    begun = threading.Event()
    with (
        serving(runtime, "http", grace=3600.0) as program,
        connect(program.address, **quiet(revisions=[MODERN])) as client,
    ):
        call = calling(client, 3600.0, begun)
        assert begun.wait(GUARD)
        program.process.send_signal(signal.SIGTERM)
        # Nobody new is let in as soon as the first one was heard.
        while _is_let_in(program.address):
            pass
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(GUARD) == -signal.SIGTERM
        with pytest.raises(RequestLost):
            call.result(GUARD)


def _is_let_in(address: str) -> bool:
    try:
        connect(address).close()
    except NotConnected:
        return False
    return True


def test_the_eras_are_the_newest_of_each() -> None:
    assert (REVISIONS[-2], REVISIONS[-1]) == (LATEST_LEGACY, MODERN)
