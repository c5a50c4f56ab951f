"""Servers on sockets that are asked to end by SIGTERM: what runs is answered, all else ends, exit code 0.

Each program serves over TCP and over HTTP, and what can be open there is open at once.
"""

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
from sansmcp.session import Restart
from sansmcp_threads import connect

LATEST_LEGACY, MODERN = "2025-11-25", "2026-07-28"
GUARD = 60.0
GRACE = 30.0
"""Seconds that calls get which run: so many that a busy machine is told from a server that waits for them."""

each_runtime = pytest.mark.parametrize("runtime", ["asyncio", "trio", "threads"])


@attrs.define(eq=False)
class Program:
    """A server that runs as a program."""

    process: "subprocess.Popen[str]"
    tcp: str
    http: str

    @property
    def conversations(self) -> list[tuple[str, str]]:
        """Where it can be talked to, and in which revision: the newest of each era, over HTTP."""
        return [(self.tcp, MODERN), (self.http, LATEST_LEGACY), (self.http, MODERN)]

    def asked_to_end(self) -> float:
        """Send the signal, wait for the end in good order, and return the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        said, complaints = self.process.communicate(timeout=GUARD)
        assert (self.process.returncode, said) == (0, "served\n"), complaints
        return time.monotonic() - begun


@contextlib.contextmanager
def serving(runtime: str, grace: float = GRACE, *own: str) -> Iterator[Program]:
    words = [sys.executable, "-m", "tests.bindings.ending_server", runtime, str(grace), *own]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            # Which of them listens first is left to the runtime.
            http, tcp = sorted(process.stdout.readline().strip() for _ in range(2))
            yield Program(process, tcp, http)
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


@contextlib.contextmanager
def calls_that_run(program: Program, seconds: float) -> "Iterator[list[Future[Any]]]":
    """Let a call run in each conversation."""
    with contextlib.ExitStack() as stack:
        calls = []
        for address, revision in program.conversations:
            begun = threading.Event()
            # A server that is gone for good is not tried for long.
            settings = quiet(revisions=[revision], restart=Restart(attempts=1))
            client = stack.enter_context(connect(address, **settings))
            calls.append(calling(client, seconds, begun))
            assert begun.wait(GUARD)
        yield calls


@each_runtime
def test_idle_servers_of_a_program_end_at_once(runtime: str) -> None:
    with serving(runtime) as program, contextlib.ExitStack() as stack:
        for address in (program.tcp, program.http):
            # One client has been there, and another one is, without anything under way.
            with connect(address) as client:
                assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
            stack.enter_context(connect(address))
        # The promise is a moment.
        assert program.asked_to_end() < GRACE / 2


@each_runtime
def test_open_streams_do_not_hold_up_the_end_and_who_listens_hears_it(runtime: str) -> None:
    ended = threading.Event()
    with (
        serving(runtime) as program,
        connect(program.http, **quiet(revisions=[LATEST_LEGACY])) as legacy,
        connect(program.http, **quiet(revisions=[MODERN], on_event=_on_end(ended))) as modern,
        modern.listen(tools=True),
    ):
        assert text(legacy.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert program.asked_to_end() < GRACE / 2
        assert ended.wait(GUARD)


def _on_end(ended: threading.Event) -> Any:
    def hear(_session: Any, event: Any) -> None:
        if type(event).__name__ == "SubscriptionEnded":
            ended.set()

    return hear


@each_runtime
def test_calls_that_run_are_answered_and_nobody_new_is_let_in(runtime: str) -> None:
    with serving(runtime) as program, calls_that_run(program, 2.0) as calls:
        took = program.asked_to_end()
        assert [text(call.result(GUARD)) for call in calls] == ["held"] * len(calls)
        # Less would mean that nobody waited, and more that something other than the calls was waited for.
        assert 1.0 < took < GRACE / 2
        for address in (program.tcp, program.http):
            with pytest.raises(NotConnected):
                connect(address)


@each_runtime
def test_handlers_that_are_stuck_cost_the_grace_and_no_more(runtime: str) -> None:
    with serving(runtime, 0.5) as program, calls_that_run(program, 3600.0) as calls:
        assert 0.4 < program.asked_to_end() < GRACE / 2
        for call in calls:
            with pytest.raises(RequestLost):
                call.result(GUARD)


@each_runtime
def test_a_program_that_deals_with_the_signal_itself_goes_on_doing_so(runtime: str) -> None:
    with serving(runtime, GRACE, "own") as program:
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(GUARD) == 9


@each_runtime
def test_a_second_signal_ends_the_program_at_once(runtime: str) -> None:
    begun = threading.Event()
    with (
        serving(runtime, 3600.0) as program,
        connect(program.http, **quiet(revisions=[MODERN])) as client,
    ):
        call = calling(client, 3600.0, begun)
        assert begun.wait(GUARD)
        program.process.send_signal(signal.SIGTERM)
        # Nobody new is let in as soon as the first one was heard.
        while _is_let_in(program.http):
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
