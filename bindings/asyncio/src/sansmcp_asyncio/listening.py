"""Listening, over TCP, TLS and Unix sockets.

Peers are accepted here and not by a server of asyncio's, which leaves open, when it is closed, what it
accepts at that moment, and what has not shaken hands yet.
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterable
from typing import Final

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.server import expect_tls
from sansmcp_asyncio.flows import SocketFlow

# Peers that come while the loop is busy; what asyncio takes by default.
_BACKLOG: Final = 100

# It takes a few milliseconds; whoever needs longer does not speak TLS.
_HANDSHAKE: Final = 10.0
"""Seconds that a peer may take until TLS is spoken."""

# What lacks, such as descriptors, is not there again at once.
_BREAK: Final = 1.0
"""Seconds until peers are accepted again after that has failed."""

_logger: Final = logging.getLogger("sansmcp")

Welcome = Callable[[SocketFlow], object]
"""Takes the stream of a peer that has come."""


class Listener:
    """Sockets that peers come to; make it with `listen_tcp` or `listen_unix`.

    Args:
        address: where it listens.
        listening: the sockets.
        context: the certificate and its key, or None for plain sockets.
        welcome: takes the streams of peers.
    """

    def __init__(
        self,
        address: TcpAddress | UnixAddress,
        listening: Iterable[socket.socket],
        context: ssl.SSLContext | None,
        welcome: Welcome,
    ) -> None:
        self.address = address
        self._listening = list(listening)
        self._context = context
        self._welcome = welcome
        self._loop = asyncio.get_running_loop()
        self._accepted: set[socket.socket] = set()
        self._opening: dict[asyncio.Task[None], socket.socket] = {}
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}
        for one in self._listening:
            one.setblocking(False)
            one.listen(_BACKLOG)
            self._loop.add_reader(one, self._accept, one)

    def stop(self) -> None:
        """Take no more peers."""
        for one in self._listening:
            if (pause := self._pauses.get(one)) is not None:
                pause.cancel()
            self._loop.remove_reader(one)
            one.close()
        for task in self._opening:
            task.cancel()

    async def wait_stopped(self) -> None:
        """Wait until no peer is about to come."""
        while self._opening:
            await asyncio.wait(self._opening)

    def _accept(self, listening: socket.socket) -> None:
        try:
            peer, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            _logger.warning("%s: a peer has to wait: %s", self.address, error)
            self._loop.remove_reader(listening)
            self._pauses[listening] = self._loop.call_later(_BREAK, self._resume, listening)
            return
        peer.setblocking(False)
        self._accepted.add(peer)
        task = self._loop.create_task(self._open(peer), name="sansmcp peer")
        self._opening[task] = peer
        task.add_done_callback(self._opened)

    def _resume(self, listening: socket.socket) -> None:
        self._loop.add_reader(listening, self._accept, listening)

    async def _open(self, peer: socket.socket) -> None:
        self._accepted.discard(peer)
        flow = SocketFlow()
        try:
            await self._loop.connect_accepted_socket(
                lambda: flow,
                peer,
                ssl=self._context,
                ssl_handshake_timeout=None if self._context is None else _HANDSHAKE,
            )
        except OSError:
            # It is gone again, or speaks no TLS.
            return
        self._welcome(flow)

    def _opened(self, task: asyncio.Task[None]) -> None:
        peer = self._opening.pop(task)
        if peer in self._accepted:
            # A task that is cancelled before it begins does nothing at all.
            self._accepted.discard(peer)
            peer.close()
        elif task.cancelled():
            # The transport that has taken it finds its end.
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


async def listen_tcp(host: str, port: int, context: ssl.SSLContext | None, welcome: Welcome) -> Listener:
    """Listen on a TCP port.

    Args:
        host: the address to listen on.
        port: the port; 0 for a free one.
        context: the certificate and its key, or None for plain TCP.
        welcome: takes the streams of peers.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: if there is no such port, or the context is none for servers.
    """
    expect_tls(context)
    where = TcpAddress(host=host, port=port)
    loop = asyncio.get_running_loop()
    try:
        bound = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
    except OSError as error:
        # asyncio says where in words of its own, and some versions give the number once more.
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise OSError(error.errno, f"cannot listen on {where}: {reason}") from error
    listening = [socket.socket(fileno=os.dup(one.fileno())) for one in bound.sockets]
    bound.close()
    name = listening[0].getsockname()
    address = TcpAddress(host=name[0], port=name[1], tls=context is not None)
    return Listener(address, listening, context, welcome)


class _UnixListener(Listener):
    """Removes the path of its socket in the end."""

    def __init__(self, path: str, welcome: Welcome) -> None:
        super().__init__(UnixAddress(path=path), [_bind_unix(path)], None, welcome)
        self._path = path
        self._inode = os.stat(path).st_ino  # noqa: PTH116

    def stop(self) -> None:
        # Another server may have taken the path meanwhile.
        with contextlib.suppress(FileNotFoundError):
            if os.stat(self._path).st_ino == self._inode:  # noqa: PTH116
                os.unlink(self._path)  # noqa: PTH108
        super().stop()


async def listen_unix(path: str, welcome: Welcome) -> Listener:
    """Listen on a Unix socket that only this user can reach.

    Args:
        path: the path of the socket; one that nobody listens on any more is replaced.
        welcome: takes the streams of peers.

    Raises:
        OSError: if the path cannot be listened on, since somebody does or it is no socket.
    """
    return _UnixListener(path, welcome)


def _bind_unix(path: str) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    try:
        try:
            listening.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            _remove_stale(path)
            listening.bind(path)
        # Nobody can connect before it listens, so nobody slips in before the mode is set.
        os.chmod(path, 0o600)  # noqa: PTH101
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"cannot listen on unix:{path}: {error.strerror}") from error
    return listening


def _remove_stale(path: str) -> None:
    """Remove a socket that nobody listens on, and nothing else."""
    if not stat.S_ISSOCK(os.stat(path).st_mode):  # noqa: PTH116
        raise OSError(errno.EEXIST, "it exists and is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        # A server whose backlog is full would hold us up.
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108
            return
        except BlockingIOError:
            pass
    raise OSError(errno.EADDRINUSE, "somebody listens there")
