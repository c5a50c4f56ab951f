"""What a process holds: threads, descriptors, children."""

import threading
import time
from pathlib import Path

GUARD = 60.0
"""Seconds after which what hangs is ended."""

# What is ending gets this long; nothing of it is a promise, since it is no runtime's exit.
PATIENCE = 20.0


class Snapshot:
    """What this process held at one moment."""

    def __init__(self):
        self._threads = set(threading.enumerate())
        self._descriptors = _descriptors()
        self._children = _children()

    def left_since(self):
        """Name what is there and was not there then; what is ending is waited for."""
        until = time.monotonic() + PATIENCE
        while (left := self._left()) and time.monotonic() < until:
            time.sleep(0.001)
        return left

    def _left(self):
        new = set(threading.enumerate()) - self._threads
        # Trio keeps the threads of its own that it needed, such as for starting a process, for ten seconds.
        threads = sorted(thread.name for thread in new if not thread.name.startswith("Trio thread"))
        descriptors = sorted(_descriptors().items() - self._descriptors.items())
        children = sorted(_children() - self._children)
        return [
            *(f"thread {name!r}" for name in threads),
            *(f"descriptor {number} ({what})" for number, what in descriptors),
            *(f"process {child}" for child in children),
        ]


def wait_for(condition):
    """Wait until something is so that other threads bring about."""
    until = time.monotonic() + GUARD
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"it did not become so within {GUARD} s")
        time.sleep(0.0005)


def _descriptors():
    found = {}
    for path in Path("/dev/fd").iterdir():
        try:
            found[int(path.name)] = str(path.readlink())
        except OSError:
            # The folder's own, which is closed by now.
            continue
    return found


def _children():
    found = set()
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            found.update(path.read_text().split())
        except OSError:
            # The thread ended meanwhile.
            continue
    return found
