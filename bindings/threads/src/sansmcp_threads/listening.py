"""Listening for peers, on TCP ports and Unix sockets, on a thread."""

import contextlib
import errno
import logging
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp_threads.descriptors import Wake, wait
from sansmcp_threads.joining import Threads
from sansmcp_threads.serving import Serving
from sansmcp_threads.sockets import listen_on_tcp, listen_on_unix, remove_unix, stream_of

_logger: Final = logging.getLogger("sansmcp")

# The errors of accept() that pass when others have closed something; asyncio waits a second as well.
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE: Final = 1.0
# Other errors may be one peer's own, and the next one must not wait long for it.
_BREATH: Final = 0.1


class Listener:
    """A server that listens; make it with `listen_tcp` and its kind, and close it.

    Args:
        address: where it listens.
        listening: the socket.
        serving: serves those who come.
        tls: the certificate and its key, to speak TLS.
        remove: called when nobody listens any more.
    """

    def __init__(
        self,
        address: str,
        listening: socket.socket,
        serving: Serving,
        tls: ssl.SSLContext | None,
        remove: Callable[[], object],
    ) -> None:
        self._address = address
        self._listening = listening
        self._serving = serving
        self._tls = tls
        self._remove = remove
        self._process = os.getpid()
        self._stop = Wake()
        self._closing = threading.Lock()
        self._closed = threading.Event()
        self._threads = Threads()
        listening.setblocking(False)
        self._threads.start("sansmcp acceptor", self._accept_all)

    @property
    def address(self) -> str:
        """Where it listens, as `connect` takes it."""
        return self._address

    def wait(self) -> None:
        """Wait until another thread closes it."""
        self._closed.wait()

    def close(self) -> None:
        """Listen no more, end every connection in good order, and wait for it; it may be called again.

        In a process that was forked since, nothing is done: they are of the one before.
        """
        if os.getpid() != self._process:
            return
        with self._closing:
            if self._closed.is_set():
                return
            self._stop.set()
            self._threads.join()
            self._listening.close()
            self._remove()
            try:
                self._serving.end()
            finally:
                self._serving.close()
                self._stop.close()
                self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _accept_all(self) -> None:
        poll = partial(wait, self._listening.fileno(), select.POLLIN, self._stop, None)
        while not poll():
            try:
                connection, _ = self._listening.accept()
            except BlockingIOError:
                continue
            except OSError as error:
                _logger.warning("%s: a peer has to wait: %s", self._address, error)
                self._pause(_PAUSE if error.errno in _EXHAUSTED else _BREATH)
                continue
            self._carry(connection)

    def _carry(self, connection: socket.socket) -> None:
        try:
            # What agrees on TLS may take its time, so it is the connection's own thread that does.
            self._serving.carry(partial(stream_of, connection, self._tls, self._stop))
        except RuntimeError as error:
            # What Python raises where no thread can be started.
            connection.close()
            _logger.warning("%s: a peer was turned away: %s", self._address, error)
            self._pause(_PAUSE)

    def _pause(self, seconds: float) -> None:
        """Give others time to let go of something, unless the listener is closed meanwhile."""
        with contextlib.suppress(TimeoutError):
            wait(None, 0, self._stop, seconds)


def listener_on_tcp(
    serving: Serving,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    say: Callable[[TcpAddress | UnixAddress], object] = str,
) -> Listener:
    """Serve those who come to a TCP port.

    Args:
        serving: serves them; it is closed if nobody can come.
        host: the address to listen on.
        port: the port; 0 for a free one.
        tls: the certificate and its key, to speak TLS.
        say: says where it listens.

    Raises:
        OSError: if the address cannot be listened on.
    """
    listening = _listen_or_close(serving, partial(listen_on_tcp, host, port))
    name = listening.getsockname()
    address = TcpAddress(host=name[0], port=name[1], tls=tls is not None)
    return Listener(str(say(address)), listening, serving, tls, lambda: None)


def _listen_or_close(serving: Serving, listen: Callable[[], socket.socket]) -> socket.socket:
    try:
        return listen()
    except BaseException:
        serving.close()
        raise


def listener_on_unix(
    serving: Serving, path: str, say: Callable[[TcpAddress | UnixAddress], object] = str
) -> Listener:
    """Serve those who come to a Unix socket; see `listener_on_tcp`.

    Args:
        serving: serves them; it is closed if nobody can come.
        path: the path of the socket.
        say: says where it listens.

    Raises:
        OSError: if the path cannot be listened on.
    """
    listening = _listen_or_close(serving, partial(listen_on_unix, path))
    inode = os.stat(path).st_ino  # noqa: PTH116
    remove = partial(remove_unix, path, inode)
    return Listener(str(say(UnixAddress(path=path))), listening, serving, None, remove)
