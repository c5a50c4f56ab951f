"""What the promises of docs/reliability.md about HTTP are measured by, in its tests and its benchmark."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import attrs
from benchmarks.watched import Watched
from tests.reliability.processes import starved_of
from tests.reliability.raw_http import Connection, call, events_in, modern_headers, open_session

RUNTIMES = ("asyncio", "trio", "threads")
PATIENCE = 60.0
ESTABLISHED = "01"
"""What Linux calls a connection that nobody has closed."""


class Serving:
    """A server over HTTP as a process.

    Args:
        runtime: on which runtime.
        folders: where events are kept; by default they are in memory.
    """

    def __init__(self, runtime, *folders):
        command = (sys.executable, "-m", "tests.reliability.http_served", runtime, *folders)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = urlsplit(self.process.stdout.readline().strip()).port
        self.watched = Watched(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()

    def connect(self, **options):
        """Return a new connection."""
        return Connection(self.port, **options)

    def echo(self, connection, number=1):
        """Make a modern call, check its answer, and return how long it took."""
        began = time.monotonic()
        connection.send(
            "POST", call(number, "echo", {"x": "here"}, modern=True), **modern_headers("tools/call", "echo")
        )
        status, _, body = connection.read_response()
        if status != 200 or b'"here"' not in body:
            raise ValueError(f"echo: expected 200 and 'here', found {status} {body[:200]!r}")
        return time.monotonic() - began


@contextlib.contextmanager
def many_descriptors(count):
    """Allow this process and its children to have so many connections open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 500)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Streams that are cut


@attrs.frozen(kw_only=True)
class Redelivered:
    """What came of streams that were cut after each of their events in turn."""

    cuts: int
    lost: int
    doubled: int


def cut_at_every_event(runtime, records=12):
    """Cut a response stream after each of its events, resume it, and compare what came."""
    with Serving(runtime) as serving:
        headers = _open_for_logs(serving)
        whole = _stream(serving, headers, 100, records, cut_after=None)
        lost = doubled = 0
        for place in range(1, len(whole)):
            came = _stream(serving, headers, 100 + place, records, cut_after=place)
            lost += sum(message not in came for message in _plain(whole))
            doubled += len(came) - len({str(message) for message in came})
        return Redelivered(cuts=len(whole) - 1, lost=lost, doubled=doubled)


def killed_at_every_event(runtime, records=12):
    """Kill the server after each event of a stream, start it again, resume, and compare what came.

    A client saw the first events alone. What else had left the server has to come again, once, and then the
    rest, or the word that nobody works on the call any more.
    """
    cuts = lost = doubled = 0
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        serving = stack.enter_context(Serving(runtime, folder))
        headers = _open_for_logs(serving)
        # One event gives the first id, and one has the answer.
        for place in range(1, records + 2):
            with serving.connect() as connection:
                connection.send("POST", call(100 + place, "tell", {"times": records}), **headers)
                connection.read_until(lambda data, place=place: len(events_in(data)) >= place)
                serving.process.kill()
                with contextlib.suppress(OSError):
                    while data := connection.socket.recv(1 << 16):
                        connection.received += data
            left = events_in(connection.received)
            serving = stack.enter_context(Serving(runtime, folder))
            last = [event_id for event_id, _ in left[:place] if event_id is not None][-1]
            with serving.connect() as connection:
                connection.send("GET", Last_Event_ID=last, **headers)
                connection.read_until(lambda data: b'"told"' in data or b'"error"' in data)
                came = _plain(left[:place]) + _plain(events_in(connection.received))
            cuts += 1
            steps = [str(message["params"]["data"]) for message in came if "params" in message]
            lost += sum(message not in came for message in _plain(left))
            lost += sum(f"step {number + 1}" not in steps for number in range(len(set(steps))))
            doubled += len(came) - len({str(message) for message in came})
    return Redelivered(cuts=cuts, lost=lost, doubled=doubled)


def _open_for_logs(serving):
    # Without a level nothing is logged.
    with serving.connect() as connection:
        headers = open_session(connection)
        level = {"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": {"level": "info"}}
        connection.send("POST", level, **headers)
        connection.read_response()
        return headers


def _stream(serving, headers, number, records, cut_after):
    message = call(number, "tell", {"times": records})
    with serving.connect() as connection:
        connection.send("POST", message, **headers)
        if cut_after is None:
            connection.read_until(lambda data: b'"told"' in data)
            return events_in(connection.received)
        connection.read_until(lambda data: len(events_in(data)) >= cut_after)
        came = events_in(connection.received)[:cut_after]
    last = [event_id for event_id, _ in came if event_id is not None][-1]
    messages = _plain(came)
    if any("told" in str(message) for message in messages):
        return messages
    with serving.connect() as connection:
        # The server may not have seen yet that the first connection is gone; it takes the stream over.
        connection.send("GET", Last_Event_ID=last, **headers)
        connection.read_until(lambda data: b'"told"' in data)
        return messages + _plain(events_in(connection.received))


def _plain(events):
    """Return the messages of events without what differs between calls."""
    return [
        {**message, "id": None} if "id" in message else message
        for _, message in events
        if message is not None
    ]


# Many


@attrs.frozen(kw_only=True)
class Sessions:
    """What many idle sessions cost."""

    bytes_each: float
    opened_a_second: float
    left: float
    """The memory that is left of them after each was deleted, as a share of what they took."""


def idle_sessions(runtime, count=10_000):
    """Open sessions, leave them idle, and delete them."""
    with Serving(runtime) as serving, serving.connect() as connection:
        for _ in range(50):
            headers = open_session(connection)
            connection.send("DELETE", **headers)
            connection.read_response()
        before = serving.watched.resident()
        began = time.monotonic()
        sessions = [open_session(connection) for _ in range(count)]
        took = time.monotonic() - began
        full = serving.watched.resident()
        for headers in sessions:
            connection.send("DELETE", **headers)
            status, _, _ = connection.read_response()
            if not 200 <= status < 300:
                raise ValueError(f"DELETE: expected 2xx, found {status}")
        again = [open_session(connection) for _ in range(count)]
        # Memory that was freed is used again: what a second such load adds is what was not freed.
        left = (serving.watched.resident() - full) / max(1, full - before)
        return Sessions(
            bytes_each=(full - before) / count, opened_a_second=len(again) / took, left=max(0.0, left)
        )


@attrs.frozen(kw_only=True)
class Listeners:
    """What many open listening streams cost."""

    bytes_each: float
    told: int
    """How many were told of a change that they wanted to hear."""
    cpu_told: float
    """Seconds of CPU for a change that all want to hear."""
    cpu_silent: float
    """Seconds of CPU for a change that none wants to hear."""


def listening_streams(runtime, count=1000):
    """Open listening streams, and let something change."""
    with many_descriptors(2 * count), Serving(runtime) as serving, contextlib.ExitStack() as stack:
        asker = stack.enter_context(serving.connect())
        serving.echo(asker)
        before = serving.watched.resident()
        wanted = ["toolsListChanged"] + ["promptsListChanged"] * (count - 1)
        streams = [_listening(stack, serving, one) for one in wanted]
        bytes_each = (serving.watched.resident() - before) / count
        cpu_silent = _change(serving, asker, streams[:1])
        others = [_listening(stack, serving, "toolsListChanged") for _ in range(count)]
        cpu_told = _change(serving, asker, others)
        told = sum(b"list_changed" in stream.received for stream in others)
        return Listeners(bytes_each=bytes_each, told=told, cpu_told=cpu_told, cpu_silent=cpu_silent)


def _listening(stack, serving, wanted):
    # Connected one by one, since who says nothing for ten seconds is closed.
    stream = stack.enter_context(serving.connect())
    _listen(stream, wanted)
    return stream


def _listen(stream, wanted):
    params = {"notifications": {wanted: True}, "_meta": call(1, "", {}, modern=True)["params"]["_meta"]}
    message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
    stream.send("POST", message, **modern_headers("subscriptions/listen"))
    stream.read_until(lambda data: b"acknowledged" in data)
    stream.received = b""


def _change(serving, asker, told):
    before = serving.watched.cpu()
    asker.send("POST", call(1, "change", {}, modern=True), **modern_headers("tools/call", "change"))
    asker.read_response()
    for stream in told:
        stream.read_until(lambda data: b"list_changed" in data)
    return serving.watched.cpu() - before


@attrs.frozen(kw_only=True)
class Load:
    """What came of many connections that called for a while."""

    calls: int
    errors: int
    grown: int
    """Bytes of memory at the end more than after the first tenth."""


def steady_load(runtime, connections=64, seconds=60.0):
    """Call over many connections for a while."""
    with Serving(runtime) as serving:
        ends = time.monotonic() + seconds
        counts, errors = [0] * connections, []

        def work(number):
            with serving.connect() as connection:
                while time.monotonic() < ends:
                    try:
                        serving.echo(connection, number)
                    except (OSError, EOFError, ValueError) as error:
                        errors.append(error)
                        return
                    counts[number] += 1

        threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
        for thread in threads:
            thread.start()
        threads[0].join(seconds / 10)
        warm = serving.watched.resident()
        for thread in threads:
            thread.join()
        return Load(calls=sum(counts), errors=len(errors), grown=serving.watched.resident() - warm)


# Slow ones


@attrs.frozen(kw_only=True)
class SlowReader:
    """What a client that reads nothing costs."""

    held: int
    """The most bytes of memory that the server took meanwhile."""
    stored: int
    """The same once it was cut, when what it did not read goes to the store of events."""
    slowest: float
    """The longest that another client waited for an answer, in seconds."""
    cut_after: float | None
    """Seconds until its connection was cut; None if that was not waited for."""


def slow_reader(runtime, *, wait_for_cut=False, times=20_000, size=10_000):
    """Let a handler send far more than anybody reads."""
    with contextlib.ExitStack() as stack:
        serving = stack.enter_context(Serving(runtime))
        other = stack.enter_context(serving.connect())
        slow = stack.enter_context(serving.connect(receive_buffer=4096))
        serving.echo(other)
        before = serving.watched.resident()
        headers = _open_for_logs(serving)
        began = time.monotonic()
        slow.send("POST", call(1, "flood", {"times": times, "size": size}), **headers)
        slowest = 0.0
        while time.monotonic() - began < 3.0:
            slowest = max(slowest, serving.echo(other))
        held = serving.watched.most_resident() - before
        cut_after = _until_cut(serving, slow, began) if wait_for_cut else None
        time.sleep(3.0 if wait_for_cut else 0.0)
        stored = serving.watched.most_resident() - before
        return SlowReader(held=held, stored=stored, slowest=slowest, cut_after=cut_after)


def _until_cut(serving, slow, began):
    # Its client cannot see that, since the end comes after what it does not read.
    ends = [f":{port:04X}" for port in (serving.port, slow.socket.getsockname()[1])]
    missed = 0
    while time.monotonic() - began < PATIENCE:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
        states = [line[3] for line in lines if [line[1][-5:], line[2][-5:]] == ends]
        # While connections come and go, a line may be missed.
        missed = 0 if states == [ESTABLISHED] else missed + 1
        if missed == 3:
            return time.monotonic() - began
        time.sleep(0.1)
    return None


@attrs.frozen(kw_only=True)
class SlowLoris:
    """What became of connections that never finish a request."""

    open_before: int
    """How many were still open shortly before the deadline."""
    left: int
    """How many were still open shortly after it."""
    slowest: float
    """The longest that another client waited for an answer, in seconds."""


def slow_loris(runtime, count=200, deadline=10.0):
    """Open connections that send a byte of their head now and then."""
    with many_descriptors(count), Serving(runtime) as serving, contextlib.ExitStack() as stack:
        other = stack.enter_context(serving.connect())
        began = time.monotonic()
        halves = [stack.enter_context(serving.connect()) for _ in range(count)]
        for half in halves:
            half.socket.sendall(b"POST /mcp HTTP/1.1\r\n")
        slowest = 0.0
        while time.monotonic() - began < deadline - 1.0:
            slowest = max(slowest, serving.echo(other))
            time.sleep(0.05)
        for half in halves:
            half.socket.sendall(b"X")
        open_before = sum(_is_open(half) for half in halves)
        while time.monotonic() - began < deadline + 2.0:
            slowest = max(slowest, serving.echo(other))
            time.sleep(0.05)
        return SlowLoris(open_before=open_before, left=sum(map(_is_open, halves)), slowest=slowest)


def _is_open(connection):
    connection.socket.setblocking(False)
    try:
        while data := connection.socket.recv(1 << 16):
            # What is said before the end is a 408.
            del data
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


# Ends


@attrs.frozen(kw_only=True)
class Ended:
    """How a server ended that was told to."""

    seconds: float
    starved: float
    """How many of them its main thread was ready to run and had no core."""
    code: int
    answered: bool
    """Whether what was open got its closing words: the result of a subscription, or the answer."""


def sigterm(runtime, what):
    """Send SIGTERM to a server with something open: nothing, `get`, `listen`, `long` or `stuck`."""
    with Serving(runtime) as serving, serving.connect() as connection:
        serving.echo(connection)
        if what == "get":
            headers = open_session(connection)
            connection.send("GET", **headers)
            connection.read_until(lambda data: b"\r\n\r\n" in data)
        elif what == "listen":
            _listen(connection, "toolsListChanged")
        elif what != "idle":
            # Its progress says that it is under way.
            message = call(7, what, {}, token="token", modern=True)
            connection.send("POST", message, **modern_headers("tools/call", what))
            connection.read_until(lambda data: b"notifications/progress" in data)
        began, starved = time.monotonic(), starved_of(serving.process.pid)
        serving.process.send_signal(signal.SIGTERM)
        rest = b""
        with contextlib.suppress(OSError):
            while data := connection.socket.recv(1 << 16):
                rest += data
        os.waitid(os.P_PID, serving.process.pid, os.WEXITED | os.WNOWAIT)
        seconds, starved = time.monotonic() - began, starved_of(serving.process.pid) - starved
        code = serving.process.wait()
        words = {"listen": b'"result"', "long": b'"done"'}.get(what, b"")
        return Ended(seconds=seconds, starved=starved, code=code, answered=words in rest)
