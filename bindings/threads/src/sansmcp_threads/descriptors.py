"""Descriptors to read from and to write to, by threads that can be woken where they wait."""

import contextlib
import os
import select
import threading
from typing import Final

READ_SIZE: Final = 64 * 1024
"""How many bytes are read at once."""

_LONGEST_POLL: Final = (1 << 31) - 1
"""The milliseconds that poll() waits at most."""

# What a system call takes at most on some systems.
_MOST_AT_ONCE: Final = 1 << 30


class Wake:
    """Something to wait for beside a descriptor: it is set once, from any thread."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._lock = threading.Lock()
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def fileno(self) -> int:
        """Return the descriptor that is ready to be read once it is set."""
        return self._reader

    def set(self) -> None:
        """Set it; it may be set again, also after it was closed."""
        with self._lock:
            if not self._is_set:
                self._is_set = True
                # The end of a pipe is something to read, for as long as one likes.
                os.close(self._writer)

    def close(self) -> None:
        """Close it once nobody waits for it."""
        self.set()
        os.close(self._reader)


def wait(descriptor: int | None, events: int, wake: Wake, timeout: float | None) -> bool:
    """Wait until a descriptor is ready, or somebody is wanted elsewhere.

    Args:
        descriptor: what is waited for, if anything else than the wake-up.
        events: the events of `select.poll` that are waited for.
        wake: ends it.
        timeout: the seconds after which it ends; None for none.

    Returns:
        Whether the wake-up has come.

    Raises:
        TimeoutError: neither has happened in time.
    """
    poll = select.poll()
    poll.register(wake.fileno(), select.POLLIN)
    if descriptor is not None:
        poll.register(descriptor, events)
    ready = poll.poll(None if timeout is None else min(max(timeout, 0) * 1000, _LONGEST_POLL))
    if not ready:
        raise TimeoutError("nothing happened in time")
    return any(found == wake.fileno() for found, _ in ready)


class Source:
    """A descriptor to read from.

    Args:
        descriptor: it is left as it is.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._end = Wake()
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._poll.register(self._end.fileno(), select.POLLIN)

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end."""
        while True:
            self._poll.poll()
            if self._end.is_set:
                return b""
            with contextlib.suppress(BlockingIOError):
                return os.read(self._descriptor, READ_SIZE)

    @property
    def has_ended(self) -> bool:
        """Whether somebody has called `end`."""
        return self._end.is_set

    def end(self) -> None:
        """Let `read` return nothing from now on; from any thread."""
        self._end.set()

    def detach(self) -> int:
        """Return the descriptor, which is somebody else's from now on, once nobody reads."""
        self._end.close()
        return self._descriptor

    def close(self) -> None:
        """Close it, once nobody reads."""
        os.close(self.detach())


class Sink:
    """A descriptor to write to.

    Args:
        descriptor: it is left as it is: where it blocks, so little is written at a time that it does not.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_blocking = os.get_blocking(descriptor)
        # POSIX: a pipe that can be written to takes this much without blocking.
        self._at_once = select.PIPE_BUF if self._is_blocking else _MOST_AT_ONCE
        self._rest = memoryview(b"")
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._is_closing = False
        self._end: Wake | None = None

    def write(self, data: bytes) -> bool:
        """Take all of the bytes and write what goes at once; say whether that was everything.

        Raises:
            OSError: nobody reads them any more.
        """
        with self._writing:
            self._rest = memoryview(data)
            return self._write_rest()

    def flush(self, timeout: float) -> None:
        """Wait until everything is written that was taken.

        Args:
            timeout: the seconds for which the peer may read nothing.

        Raises:
            OSError: nobody reads it any more.
        """
        with self._writing:
            while not self._write_rest():
                try:
                    wait(self._descriptor, select.POLLOUT, self._wake(), timeout)
                except TimeoutError:
                    raise TimeoutError(f"the peer has read nothing for {timeout:g} s") from None

    def close(self) -> None:
        """Close it; a `flush` that waits raises OSError."""
        with self._lock:
            if self._is_closing:
                return
            self._is_closing = True
            if self._end is not None:
                self._end.set()
        with self._writing:
            os.close(self._descriptor)
            if self._end is not None:
                self._end.close()

    def _wake(self) -> Wake:
        # Few streams ever have to wait for their peer.
        with self._lock:
            if self._end is None:
                self._end = Wake()
            if self._is_closing:
                self._end.set()
            return self._end

    def _write_rest(self) -> bool:
        while self._rest:
            if self._is_closing:
                raise BrokenPipeError("the stream was closed before everything was written")
            if self._is_blocking and not self._room.poll(0):
                return False
            try:
                written = os.write(self._descriptor, self._rest[: self._at_once])
            except BlockingIOError:
                return False
            self._rest = self._rest[written:]
        return True
