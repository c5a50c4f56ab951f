"""Sockets: listening and dialling, over TCP, TLS and Unix sockets."""

import contextlib
import errno
import logging
import os
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import trio

from sansmcp.client import TcpAddress, UnixAddress, no_connection
from sansmcp.server import expect_tls

# Peers that come while the loop is busy; what asyncio takes by default.
_BACKLOG: Final = 100

# What lacks, such as descriptors, is not there again at once.
_BREAK: Final = 1.0
"""Seconds until peers are accepted again after that has failed."""

_logger: Final = logging.getLogger("sansmcp")

Listener: TypeAlias = trio.abc.Listener[trio.abc.Stream]
"""Where peers come to."""


async def open_tcp(address: TcpAddress, context: ssl.SSLContext | None) -> trio.abc.Stream:
    """Open a stream to a TCP address.

    Args:
        address: where the server is.
        context: how TLS is verified; by default as the system does.

    Raises:
        OSError: if nobody listens there, or the certificate does not fit.
    """
    try:
        stream = await trio.open_tcp_stream(address.host, address.port)
    except OSError as error:
        raise no_connection(address, error) from error
    if not address.tls:
        return stream
    try:
        tls = trio.SSLStream(stream, context or ssl.create_default_context(), server_hostname=address.host)
        await tls.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(stream)
        raise no_connection(address, error) from error
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return tls


async def open_unix(address: UnixAddress) -> trio.abc.Stream:
    """Open a stream to a Unix socket.

    Args:
        address: where the server is.

    Raises:
        OSError: if nobody listens there.
    """
    try:
        return await trio.open_unix_socket(address.path)
    except OSError as error:
        raise no_connection(address, error) from error


async def listen_tcp(
    host: str, port: int, context: ssl.SSLContext | None
) -> tuple[TcpAddress, list[Listener]]:
    """Listen on a TCP port.

    Args:
        host: the address to listen on.
        port: the port; 0 for a free one.
        context: the certificate and its key, or None for plain TCP.

    Returns:
        The address, and where peers come to.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: if there is no such port, or the context is none for servers.
    """
    expect_tls(context)
    where = TcpAddress(host=host, port=port)
    try:
        listeners = await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {where}: {error.strerror}") from error
    name = listeners[0].socket.getsockname()
    address = TcpAddress(host=name[0], port=name[1], tls=context is not None)
    if context is None:
        return address, list[Listener](listeners)
    return address, [trio.SSLListener(listener, context) for listener in listeners]


async def accept_all(
    listener: Listener, nursery: trio.Nursery, carry: Callable[[trio.abc.Stream], Awaitable[None]]
) -> None:
    """Serve those who come until cancelled; then the listener is closed.

    What trio has for it ends where accepting fails for another reason than that something lacks.

    Args:
        listener: where they come to.
        nursery: where each is served.
        carry: serves one of them.
    """
    async with listener:
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                _logger.warning("a peer has to wait: %s", error)
                await trio.sleep(_BREAK)
            else:
                nursery.start_soon(carry, stream)


async def listen_unix(path: str) -> tuple[UnixAddress, list[Listener]]:
    """Listen on a Unix socket that only this user can reach; see `listen_tcp`.

    Args:
        path: the path of the socket; one that nobody listens on any more is replaced.
    """
    await trio.lowlevel.checkpoint()
    listening = _bind_unix(path)
    listening.listen(_BACKLOG)
    return UnixAddress(path=path), [_UnixListener(path, listening)]


class _UnixListener(trio.abc.Listener[trio.abc.Stream]):
    """Removes the path of its socket when it is closed."""

    def __init__(self, path: str, listening: socket.socket) -> None:
        self._path = path
        self._inode = os.stat(path).st_ino  # noqa: PTH116
        self._listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))

    async def accept(self) -> trio.abc.Stream:
        return await self._listener.accept()

    async def aclose(self) -> None:
        # Another server may have taken the path meanwhile.
        with contextlib.suppress(FileNotFoundError):
            if os.stat(self._path).st_ino == self._inode:  # noqa: PTH116
                os.unlink(self._path)  # noqa: PTH108
        await self._listener.aclose()


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
