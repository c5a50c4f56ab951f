"""A process under test: raw bytes into its pipes, and what it costs, seen from outside. It needs Linux."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import attrs

# Against hanging only; nothing waits for it when all is well.
PATIENCE = 30.0

# A busy machine is slower even while it has a core for a process. docs/reliability.md has the figures.
SLACK = 2.0
"""How many times the time of a promise a process may take in a test, its wait for a core not counted."""

_TICKS = os.sysconf("SC_CLK_TCK")


@attrs.frozen(kw_only=True)
class End:
    """How a process ended."""

    code: int
    """The exit code; negative is the signal that ended it."""
    wall: float
    """Seconds since it was asked to end."""
    cpu: float
    """Seconds of CPU time since then, in user and system mode."""
    starved: float
    """Seconds since then in which its main thread was ready to run and had no core."""

    @property
    def own(self):
        """Seconds it would have taken if a core had always been free."""
        return self.wall - self.starved


class Attacked:
    """A started program, to be fed and looked at.

    It reads and writes at once, so that a program whose output fills a pipe is not held up by its tester.

    Args:
        command: what starts it.
        options: for Popen.
    """

    def __init__(self, command, **options):
        # In a group of its own, so that whatever it starts ends with it.
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True, **options}
        self.process = subprocess.Popen(command, bufsize=0, **options)
        self.output = bytearray()
        self._ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        kill_group(self.process.pid)
        self.process.wait()

    @property
    def pid(self):
        """Its number."""
        return self.process.pid

    def feed(self, data, *, chunk=None):
        """Write bytes while reading what comes; of chunks, each is taken before the next is written."""
        size = chunk or max(1, len(data))
        for start in range(0, len(data), size):
            self._write(data[start : start + size])
            if chunk is not None:
                self._wait_taken()

    def wait_for(self, found):
        """Read until something is found in the output; return what was found."""
        limit = time.monotonic() + PATIENCE
        while not (value := found(self.output)):
            assert not self._ended, f"it ended; its output: {bytes(self.output[-500:])!r}"
            left = limit - time.monotonic()
            assert left > 0, f"nothing came for {PATIENCE} s; its output: {bytes(self.output[-500:])!r}"
            self._read(left)
        return value

    def end(self):
        """Close its input, read the rest of its output and wait until it is gone."""
        since, cpu, starved = time.monotonic(), cpu_of(self.pid), starved_of(self.pid)
        self.process.stdin.close()
        limit = since + PATIENCE
        while not self._ended:
            assert time.monotonic() < limit, "it does not end"
            self._read(1.0)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        wall, starved = time.monotonic() - since, starved_of(self.pid) - starved
        # The kernel knows what it used to the very end.
        _, status, usage = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime - cpu
        return End(code=self.process.returncode, wall=wall, cpu=cpu, starved=starved)

    @property
    def lines(self):
        """The whole lines it wrote."""
        return bytes(self.output).split(b"\n")[:-1]

    def _write(self, data):
        view = memoryview(data)
        descriptor = self.process.stdin.fileno()
        os.set_blocking(descriptor, False)
        while view:
            readable, writable, _ = select.select(self._readable(), [descriptor], [], PATIENCE)
            assert readable or writable, f"it reads nothing for {PATIENCE} s"
            if readable:
                self._read(0)
            if writable:
                view = view[os.write(descriptor, view) :]

    def _wait_taken(self):
        """Wait until it has read all that was written to it."""
        limit = time.monotonic() + PATIENCE
        while unread(self.process.stdin.fileno()):
            assert time.monotonic() < limit, f"it reads nothing for {PATIENCE} s"
            self._read(0)
            os.sched_yield()

    def _readable(self):
        return [] if self._ended else [self.process.stdout.fileno()]

    def _read(self, patience):
        if select.select(self._readable(), [], [], patience)[0]:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            self._ended = not data
            self.output += data


def unread(descriptor):
    """Return how many bytes of a pipe were written and not read yet."""
    return struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]


def kill_group(pid):
    """End a process and all that it started in its group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def cpu_of(pid):
    """Return the seconds of CPU time of a process so far."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def starved_of(pid):
    """Return the seconds in which the main thread of a process has waited for a core so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def resident(pid):
    """Return the bytes of a process that are in memory, and let its peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    return _status(pid, "VmRSS")


def peak(pid):
    """Return the most bytes of a process that were in memory since `resident` was asked."""
    return _status(pid, "VmHWM")


def descriptors(pid):
    """Return how many file descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - no path of them is wanted


def members_of(group):
    """Return the processes of a group that have not ended."""
    return [pid for pid, fields in _processes() if int(fields[2]) == group and fields[0] not in "ZX"]


def children_of(parent):
    """Return the processes that a process has started and not waited for."""
    return [pid for pid, fields in _processes() if int(fields[1]) == parent]


def is_running(pid):
    """Whether a process has not ended."""
    return any(found == pid and fields[0] not in "ZX" for found, fields in _processes())


def is_leader(pid):
    """Whether a process leads its group, as what a client starts does."""
    return any(found == pid == int(fields[2]) for found, fields in _processes())


def wait_gone(pid, patience):
    """Wait for the end of a process that need not be a child of ours; say whether it came."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], patience)[0])
    finally:
        os.close(watched)


def python(module, *words):
    """Return the command that runs a module of the tests."""
    return [sys.executable, "-m", module, *map(str, words)]


def _processes():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), _stat(entry.name)
            except (FileNotFoundError, ProcessLookupError):
                continue


def _stat(pid):
    """Return what follows the name of a process: its state, its parent, its group, ..."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def _status(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"unreachable: Linux says {name} of every process that runs")
