"""What the promises of docs/reliability.md are measured by; its tests and its benchmark share it."""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs
from benchmarks.conversation import calls, opening
from tests.reliability.processes import (
    PATIENCE,
    Attacked,
    End,
    kill_group,
    peak,
    python,
    resident,
    starved_of,
    wait_gone,
)

RUNTIMES = ("asyncio", "trio", "threads")
REVISION = "2025-11-25"
CHILD = Path(__file__).parents[1] / "adversarial" / "child.py"
MIB = 1024 * 1024


@attrs.frozen(kw_only=True)
class Exit:
    """How a server with calls in flight ended, and what the calls took."""

    end: End
    memory_per_call: float
    """Bytes in memory for each call in flight."""


def server(runtime, *words):
    """Return the command of the server of the tests on a runtime."""
    return python("tests.adversarial.served", runtime, *words)


def greet(program):
    """Open a session."""
    program.feed(b"".join(opening(REVISION)))
    program.wait_for(lambda output: b"\n" in output)


def end_of_input(runtime, in_flight, tool="forever"):
    """End the input of a server while calls of a tool are in flight."""
    with Attacked(server(runtime, "--in-flight", in_flight + 10), stderr=subprocess.DEVNULL) as program:
        greet(program)
        before = resident(program.pid)
        program.feed(b"".join(calls(REVISION, tool, {}, range(1, in_flight + 1))))
        # They are in flight when this is answered.
        program.feed(b"".join(calls(REVISION, "echo", {"x": "here"}, [0])))
        program.wait_for(lambda output: b'"id":0' in output)
        memory = peak(program.pid) - before
        return Exit(end=program.end(), memory_per_call=memory / in_flight)


@attrs.frozen(kw_only=True)
class Gone:
    """How a server ended whose client was killed."""

    gone: bool
    wall: float
    """Seconds since the client was killed."""
    starved: float
    """Seconds since then in which its main thread waited for a core."""


def client_killed(runtime, kind):
    """Kill the client of a server that works on calls which do not end."""
    with tempfile.TemporaryDirectory() as folder:
        owner = subprocess.Popen(
            python("tests.reliability.owner", kind, folder, *server(runtime)), stdout=subprocess.PIPE
        )
        try:
            pid = int(owner.stdout.readline())
        finally:
            starved = starved_of(pid)
            start = time.monotonic()
            owner.kill()
        last = starved
        gone = False
        while not gone and time.monotonic() - start < PATIENCE:
            last = max(last, starved_now(pid))
            gone = wait_gone(pid, 0.01)
        wall = time.monotonic() - start
        kill_group(pid)
        owner.wait()
        owner.stdout.close()
        return Gone(gone=gone, wall=wall, starved=last - starved)


def starved_now(pid):
    """Return how long a process waited for a core, or 0 once it is gone."""
    try:
        return starved_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def use_client(runtime, target, **more):
    """Use our client in a process of its own; return what it told."""
    words = json.dumps({"runtime": runtime, "revision": REVISION, "target": target, **more})
    command = python("tests.reliability.calling", words)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=110)
    return json.loads(done.stdout)


def child(parts=(), **more):
    """Return the command of a server that shakes hands, waits for one call and says what it was given."""
    wanted = {"revision": REVISION, "pending": 1, "parts": list(parts), **more}
    return [sys.executable, str(CHILD), json.dumps(wanted)]


ANSWER = {"text": '{"jsonrpc":"2.0","id":$ID,"result":{"tools":[]}}\n'}

IGNORING = (
    "import signal,subprocess,sys,time;signal.signal(15,signal.SIG_IGN);"
    "subprocess.Popen([sys.executable,'-c','import time;time.sleep(600)']);"
    f"sys.path.insert(0,{str(CHILD.parent)!r});import child;child.main();time.sleep(600)"
)
FLOODING = (
    "import sys;sys.stderr.write('e'*10485760);sys.stderr.flush();"
    f"sys.path.insert(0,{str(CHILD.parent)!r});import child;child.main()"
)


def child_ignoring(runtime):
    """Close a child that ignores the end of its input and SIGTERM, and has started another process."""
    *_, wanted = child([ANSWER])
    return use_client(runtime, [sys.executable, "-c", IGNORING, wanted], calls=1)


def flood_of_errors(runtime, stderr):
    """Connect to a child that writes 10 MiB to its standard error before its first answer."""
    *_, wanted = child([ANSWER])
    target = [sys.executable, "-c", FLOODING, wanted]
    return use_client(runtime, target, calls=1, stderr=stderr, warm=child([ANSWER]))


def close_on_silence(runtime):
    """Close a connection to a peer that shook hands and then neither reads nor writes nor closes."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "s")
        listening = subprocess.Popen(child([ANSWER], listen=path, mute=True))
        try:
            wait_for_path(path)
            return use_client(runtime, f"unix:{path}")
        finally:
            listening.kill()
            listening.wait()


def many_callers(runtime, callers, times):
    """Let callers at once each make calls, one after the other, with texts of their own."""
    texts = [[f"{caller}-{number}" for number in range(times)] for caller in range(callers)]
    return use_client(runtime, server(runtime), texts=texts)


def wait_for_path(path):
    """Wait until a socket is there."""
    limit = time.monotonic() + PATIENCE
    while not os.path.exists(path):  # noqa: PTH110 - a socket may be there before it can be asked for more
        assert time.monotonic() < limit, f"nobody listens at {path}"
        os.sched_yield()


@attrs.frozen(kw_only=True)
class Stalled:
    """What a server held for a peer that reads nothing, and what others felt of it."""

    held: int
    """Bytes in memory for it at the most."""
    slowest_before: float
    """The 99th percentile of the seconds of another peer's calls, before."""
    slowest_meanwhile: float
    """The same while the peer read nothing."""
    cut_after: float | None
    """Seconds from its last byte to the end of its connection, where that was waited for."""


def stalled(runtime, *, calls_made=20_000, size=10_000, wait_for_cut=False):
    """Ask a server for many large answers over a Unix socket, and read none of them."""
    with tempfile.TemporaryDirectory() as folder:
        path, report = Path(folder) / "s", Path(folder) / "report"
        command = server(runtime, "--unix", path, "--report", report)
        with Attacked(command, stderr=subprocess.DEVNULL) as program:
            program.wait_for(lambda output: b"\n" in output)
            other, peer = Caller(path), Caller(path)
            other.time_calls(200)
            before, slowest = resident(program.pid), other.time_calls(500)
            lines = calls(REVISION, "blob", {"size": size}, range(calls_made))
            for start in range(0, calls_made, 500):
                peer.socket.sendall(b"".join(lines[start : start + 500]))
            since = time.monotonic()
            meanwhile = other.time_calls(500)
            held = peak(program.pid) - before
            cut_after = wait_for_end(report, since) if wait_for_cut else None
            other.socket.close()
            peer.socket.close()
            return Stalled(
                held=held, slowest_before=slowest, slowest_meanwhile=meanwhile, cut_after=cut_after
            )


def wait_for_end(report, since):
    """Wait until the server tells of an end; return the seconds it took."""
    while time.monotonic() - since < 2 * PATIENCE:
        if report.exists() and b"Disconnected" in report.read_bytes():
            return time.monotonic() - since
        time.sleep(0.05)
    return None


class Caller:
    """A peer on a Unix socket, one line at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.socket.sendall(b"".join(opening(REVISION)))
        self._read_line()

    def time_calls(self, times):
        """Make calls one after the other; return the 99th percentile of the seconds each took."""
        taken = []
        for line in calls(REVISION, "echo", {"x": "hi"}, range(times)):
            start = time.perf_counter()
            self.socket.sendall(line)
            self._read_line()
            taken.append(time.perf_counter() - start)
        return statistics.quantiles(taken, n=100)[98]

    def _read_line(self):
        read = b""
        while not read.endswith(b"\n"):
            more = self.socket.recv(1 << 16)
            assert more, "the server closed the connection"
            read += more
