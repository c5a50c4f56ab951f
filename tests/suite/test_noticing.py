"""The harnesses of real runtimes notice what is left behind, and what nobody caught."""

import asyncio
import os
import socket
import subprocess
import sys
import threading

import pytest
import trio
from tests.suite.counting import Snapshot
from tests.suite.on_asyncio import AsyncioHarness
from tests.suite.on_threads import ThreadsHarness
from tests.suite.on_trio import TrioHarness

from sansmcp.testing import play, scenario_named

LATEST = "2026-07-28"
PLAIN = scenario_named("a_client_connects_calls_and_closes")
BREAK = scenario_named("a_break_loses_each_call_in_flight_once")


def impatient(monkeypatch):
    monkeypatch.setattr("tests.suite.counting.PATIENCE", 0.2)


def test_a_thread_a_descriptor_and_a_process_are_counted_until_they_end(monkeypatch):
    impatient(monkeypatch)
    snapshot = Snapshot()
    assert snapshot.left_since() == []
    released = threading.Event()
    thread = threading.Thread(target=released.wait, name="forgotten")
    thread.start()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with socket.socket() as forgotten, child:
        left = snapshot.left_since()
        assert "thread 'forgotten'" in left
        assert any(line.startswith(f"descriptor {forgotten.fileno()} (socket:") for line in left)
        if sys.platform == "linux":
            assert f"process {child.pid}" in left
        child.stdin.close()
        child.wait()
        released.set()
        thread.join()
    assert snapshot.left_since() == []


class LeavesATask(AsyncioHarness):
    def close(self):
        super().close()
        self.forgotten = self._loop.create_task(asyncio.Event().wait(), name="forgotten")
        self._turn()

    def stop(self):
        left = super().stop()
        # The loop is closed, so nothing else will ever end it.
        self.forgotten.get_coro().close()
        return left


class RaisesInACallback(AsyncioHarness):
    def close(self):
        super().close()
        self._loop.call_soon(self._fail)
        self._turn()
        self._turn()

    def _fail(self):
        raise ValueError("nobody catches it")


class RaisesInATask(TrioHarness):
    def close(self):
        super().close()
        self._run(self._plant)

    async def _plant(self):
        self._nursery.start_soon(self._fail)
        await trio.lowlevel.checkpoint()

    async def _fail(self):
        await trio.lowlevel.checkpoint()
        raise ValueError("nobody catches it")


class RaisesInAThread(ThreadsHarness):
    def close(self):
        super().close()
        self._start(self._fail).join()

    def _fail(self):
        raise ValueError("nobody catches it")


class LeavesADescriptor(ThreadsHarness):
    def close(self):
        super().close()
        self.forgotten = os.dup(0)


@pytest.mark.parametrize(
    ("harness", "said"),
    [
        (LeavesATask, "task 'forgotten'"),
        (RaisesInACallback, "nobody catches it"),
        (RaisesInATask, "nobody catches it"),
        (RaisesInAThread, "nobody catches it"),
        (LeavesADescriptor, "descriptor "),
    ],
)
def test_what_a_binding_leaves_behind_fails_the_scenario(harness, said, tmp_path, monkeypatch):
    impatient(monkeypatch)
    planted = harness("memory", tmp_path)
    with pytest.raises(AssertionError, match=f"nothing left behind; found .*{said}"):
        play(PLAIN, planted, LATEST)
    if harness is LeavesADescriptor:
        os.close(planted.forgotten)


TURNS = 20
"""How often the loop turns before a writer counts as done; more than a driver needs from piece to piece."""


class ReaderWaitsForWriter(trio.abc.Stream):
    """What a driver does that writes where it reads."""

    def __init__(self, stream):
        self._stream = stream
        self._sends = 0
        self._written = trio.Event()
        self._written.set()

    async def send_all(self, data):
        self._sends += 1
        self._written = trio.Event()
        await self._stream.send_all(data)
        self._written.set()

    async def wait_send_all_might_not_block(self):
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes=None):
        data = await self._stream.receive_some(max_bytes)
        sends = None
        while sends != self._sends:
            # What is written goes out in pieces: it is all written when no other piece follows.
            sends = self._sends
            await self._written.wait()
            for _ in range(TURNS):
                await trio.lowlevel.checkpoint()
        return data

    async def aclose(self):
        self._written.set()
        await self._stream.aclose()


class WritesWhereItReads(TrioHarness):
    def make_pair(self):
        near, far = super().make_pair()
        return ReaderWaitsForWriter(near), ReaderWaitsForWriter(far)


def test_a_reader_that_waits_for_its_writer_passes_what_is_small_and_hangs_in_a_flood(tmp_path, monkeypatch):
    play(PLAIN, WritesWhereItReads("memory", tmp_path), LATEST)
    monkeypatch.setattr("tests.suite.on_trio.GUARD", 3.0)
    flood = scenario_named("a_flood_in_both_directions_arrives_whole")
    with pytest.raises(AssertionError, match="did not end within"):
        play(flood, WritesWhereItReads("memory", tmp_path), LATEST)


@pytest.mark.parametrize("harness", [AsyncioHarness, ThreadsHarness, TrioHarness])
def test_a_call_that_never_ends_is_ended_by_the_guard(harness, tmp_path, monkeypatch):
    for place in ("counting", "on_asyncio", "on_threads", "on_trio"):
        monkeypatch.setattr(f"tests.suite.{place}.GUARD", 0.3)
    planted = harness("memory", tmp_path)
    # Nothing breaks, so the call goes on.
    planted.break_off = lambda: None
    with pytest.raises(AssertionError, match="did not"):
        play(BREAK, planted, LATEST)
