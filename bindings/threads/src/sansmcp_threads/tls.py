"""TLS over any stream: two threads share one conversation, and only ever touch it under a lock."""

import contextlib
import ssl
import threading

from sansmcp_threads.descriptors import READ_SIZE
from sansmcp_threads.streams import ByteStream


class TlsStream:
    """A stream that is encrypted.

    Args:
        stream: carries what is encrypted.
        tls: the conversation, which has been agreed on.
        incoming: where it reads.
        outgoing: where it writes.
    """

    def __init__(
        self, stream: ByteStream, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self._stream = stream
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def read(self) -> bytes:
        """Wait for some bytes and return them, or none at the end of the input."""
        while True:
            with self._lock, contextlib.suppress(ssl.SSLWantReadError):
                try:
                    return self._tls.read(READ_SIZE)
                except ssl.SSLZeroReturnError:
                    return b""
            # What this makes the conversation say may wait for the next write.
            data = self._stream.read()
            if not data:
                # The conversation is not told: it would call that a fault, and the peer hear of a fault
                # where we say goodbye. What was cut short is no message yet, however it ended.
                return b""
            with self._lock:
                self._incoming.write(data)

    def write(self, data: bytes) -> bool:
        """Take all of the bytes and write what goes at once; say whether that was everything."""
        with self._lock:
            self._tls.write(data)
            encrypted = self._outgoing.read()
        return self._stream.write(encrypted)

    def flush(self, timeout: float) -> None:
        """Wait until everything is written that was taken."""
        self._stream.flush(timeout)

    def end_input(self) -> None:
        """Let `read` return nothing from now on."""
        self._stream.end_input()

    def close(self) -> None:
        """Say that it ends, if that goes at once, and close the stream."""
        with self._lock, contextlib.suppress(OSError):
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            self._stream.flush(0)
            self._stream.write(self._outgoing.read())
        self._stream.close()
