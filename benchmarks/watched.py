"""A process whose CPU time and memory are read from outside; it needs Linux."""

import ctypes
import os
import time
from pathlib import Path


class Watched:
    """What a process has used so far.

    Args:
        pid: its number.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._clock = _cpu_clock_of(pid)

    def cpu(self) -> float:
        """Return the seconds that all its threads have run so far, in user and system mode."""
        return time.clock_gettime(self._clock)

    def resident(self) -> int:
        """Return the bytes of its memory that are resident now."""
        return self._status("VmRSS")

    def most_resident(self) -> int:
        """Return the most bytes of its memory that were ever resident."""
        return self._status("VmHWM")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self._pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"unreachable: Linux says {name} of every process")


def _cpu_clock_of(pid: int) -> int:
    """Return the clock of a process's CPU time: it counts nanoseconds, /proc counts ticks of 10 ms."""
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error))
    return clock.value
