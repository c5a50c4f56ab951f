"""A link on its stream: who writes, and how far it has come to its end."""

import threading
from collections.abc import Callable
from typing import Final

from sansmcp.session import Link, Patience
from sansmcp_threads.joining import Threads
from sansmcp_threads.streams import ByteStream


class Carried:
    """A link on its stream. One thread at a time writes: the one that has taken bytes last.

    Args:
        link: the link.
        stream: the stream.
        lock: guards the link.
        settle: lets the driver see, under the lock, what taking bytes has changed.
        released: called each time after the lock was released.
        threads: where a thread that waits for a slow peer belongs.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self,
        link: Link,
        stream: ByteStream,
        *,
        lock: threading.Lock,
        settle: Callable[[], None],
        released: Callable[[], None],
        threads: Threads,
        patience: Patience,
    ) -> None:
        self.link: Final = link
        """The link."""
        self.stream: Final = stream
        """Its stream."""
        self.fault: Exception | None = None
        """What broke the writing; None if nothing did."""
        self._lock = lock
        self._settle = settle
        self._released = released
        self._threads = threads
        self._patience = patience
        self._is_writing = False
        self._is_broken = False
        self._done = threading.Event()
        self._written = threading.Event()

    # Under the lock

    def take(self) -> bytes | None:
        """Return what the calling thread has to write, once it has no lock, with `write`.

        Returns:
            None if there is nothing to be done, or if another thread is about it.
        """
        if self.link.done:
            self._done.set()
        data = b"" if self._is_writing else self._take()
        return data if data or self.link.done else None

    def abandon(self) -> None:
        """Write nothing more and wait for nothing more; `write` is called afterwards."""
        self._is_broken = True
        self._done.set()
        self._written.set()

    def _take(self) -> bytes:
        data = self.link.data_to_send()
        if self._is_broken:
            data = b""
        self._is_writing = bool(data)
        if not data and self.link.done:
            self._written.set()
        return data

    # Without the lock

    def write(self, data: bytes) -> None:
        """Write what was taken, and whatever comes meanwhile, as far as that goes without waiting."""
        try:
            while data:
                if not self.stream.write(data):
                    # The reader, a handler or a caller must not wait for a peer.
                    self._threads.start("sansmcp writer", self._wait_and_write)
                    return
                data = self._take_more()
        except Exception as error:  # noqa: BLE001  # whatever broke it, half a message may have left
            self._break(error)
        self._end_input_if_done()

    def wait_written(self) -> None:
        """Wait until the link is done and its last bytes are written, or it is too late for them."""
        self._done.wait()
        self._written.wait(self._patience.flush)

    def _wait_and_write(self) -> None:
        try:
            self.stream.flush(self._patience.write_stall)
            while data := self._take_more():
                self._released()
                if not self.stream.write(data):
                    self.stream.flush(self._patience.write_stall)
        except Exception as error:  # noqa: BLE001  # whatever broke it, half a message may have left
            self._break(error)
        self._end_input_if_done()
        self._released()

    def _take_more(self) -> bytes:
        with self._lock:
            data = self._take()
            if data:
                # Requests may have waited until it was taken.
                self._settle()
            return data

    def _break(self, error: Exception) -> None:
        """Take in that nobody reads any more: what is left is dropped, and the reader tells the link."""
        with self._lock:
            self.fault = self.fault or error
            self._is_broken = True
            self._is_writing = False
            self._written.set()
        self.stream.end_input()

    def _end_input_if_done(self) -> None:
        if self._done.is_set():
            self.stream.end_input()
