"""Listening for peers: on TCP ports and Unix sockets, on a thread or for as long as the program runs."""

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
from typing import Final, Self, TypeAlias, Unpack

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.server import Server, ServeSettings
from sansmcp_threads.descriptors import Wake, wait
from sansmcp_threads.handlers import AsyncRunner
from sansmcp_threads.joining import Threads
from sansmcp_threads.serving import Serving, interrupted
from sansmcp_threads.sockets import listen_on_tcp, listen_on_unix, remove_unix, stream_of
from sansmcp_threads.workers import Workers

Started: TypeAlias = Callable[[str], object]
"""Told the address where a server listens, as `connect` takes it."""

_logger: Final = logging.getLogger("sansmcp")

# The errors of accept() that pass when others have closed something; asyncio waits a second as well.
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE: Final = 1.0
# Other errors may be one peer's own, and the next one must not wait long for it.
_BREATH: Final = 0.1


class Listener:
    """A server that listens; make it with `listen_tcp` or `listen_unix`, and close it.

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
        """Listen no more, end every connection in good order, and wait for it; it may be called again."""
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


def listen_tcp(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: ssl.SSLContext | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> Listener:
    """Serve peers over TCP from now on, on threads.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; by default a free one.
        ssl: the certificate and its key, to speak TLS.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.

    Returns:
        What says where it listens, and ends it.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: a handler is an `async def`, and no `async_runner` is given.
    """
    serving = Serving(server, workers, async_runner, settings)
    listening = _listen_or_close(serving, partial(listen_on_tcp, host, port))
    name = listening.getsockname()
    address = str(TcpAddress(host=name[0], port=name[1], tls=ssl is not None))
    return Listener(address, listening, serving, ssl, lambda: None)


def _listen_or_close(serving: Serving, listen: Callable[[], socket.socket]) -> socket.socket:
    try:
        return listen()
    except BaseException:
        serving.close()
        raise


def listen_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> Listener:
    """Serve peers over a Unix socket from now on, on threads; only the user of this process can reach it.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.

    Returns:
        What says where it listens, and ends it.

    Raises:
        OSError: if the path cannot be listened on, since somebody does or it is no socket.
        LocalProtocolError: a handler is an `async def`, and no `async_runner` is given.
    """
    serving = Serving(server, workers, async_runner, settings)
    place = os.fspath(path)
    listening = _listen_or_close(serving, partial(listen_on_unix, place))
    inode = os.stat(place).st_ino  # noqa: PTH116
    remove = partial(remove_unix, place, inode)
    return Listener(str(UnixAddress(path=place)), listening, serving, None, remove)


def serve_tcp(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ssl: ssl.SSLContext | None = None,
    started: Started | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over TCP until the program is interrupted; see `listen_tcp`.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; by default a free one.
        ssl: the certificate and its key, to speak TLS.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.
    """
    _serve(
        listen_tcp(server, host, port, ssl=ssl, workers=workers, async_runner=async_runner, **settings),
        started,
    )


def serve_unix(
    server: Server,
    path: str | os.PathLike[str],
    *,
    started: Started | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeSettings],
) -> None:
    """Serve peers over a Unix socket until the program is interrupted; see `listen_unix`.

    Args:
        server: what is offered.
        path: the path of the socket; one that nobody listens on any more is replaced.
        started: told the address once peers may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how sessions are set up; see `ServeSettings`.
    """
    _serve(listen_unix(server, path, workers=workers, async_runner=async_runner, **settings), started)


def _serve(listener: Listener, started: Started | None) -> None:
    with listener:
        if started is not None:
            started(listener.address)
        try:
            listener.wait()
        except KeyboardInterrupt:
            raise interrupted() from None
