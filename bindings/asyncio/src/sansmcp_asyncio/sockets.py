"""Sockets: listening and dialling, over TCP, TLS and Unix sockets."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import stat
from collections.abc import Callable
from functools import partial

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp_asyncio.flows import SocketFlow

Accept = Callable[[SocketFlow], object]
"""Takes the stream of a peer that has come."""

# Peers that come while the loop is busy; what asyncio takes by default.
_BACKLOG = 100


async def open_tcp(address: TcpAddress, context: ssl.SSLContext | None) -> SocketFlow:
    """Open a stream to a TCP address.

    Args:
        address: where the server is.
        context: how TLS is verified; by default as the system does.

    Raises:
        OSError: if nobody listens there, or the certificate does not fit.
    """
    tls = (context or ssl.create_default_context()) if address.tls else None
    try:
        _, flow = await asyncio.get_running_loop().create_connection(
            SocketFlow, address.host, address.port, ssl=tls
        )
    except OSError as error:
        raise ConnectionError(f"cannot connect to {address}: {error}") from error
    return flow


async def open_unix(address: UnixAddress) -> SocketFlow:
    """Open a stream to a Unix socket.

    Args:
        address: where the server is.

    Raises:
        OSError: if nobody listens there.
    """
    try:
        _, flow = await asyncio.get_running_loop().create_unix_connection(SocketFlow, address.path)
    except OSError as error:
        raise ConnectionError(f"cannot connect to {address}: {error}") from error
    return flow


async def listen_tcp(
    host: str, port: int, context: ssl.SSLContext | None, accept: Accept
) -> tuple[str, Callable[[], None]]:
    """Listen on a TCP port.

    Args:
        host: the address to listen on.
        port: the port; 0 for a free one.
        context: the certificate and its key, or None for plain TCP.
        accept: takes the streams of peers.

    Returns:
        The address that leads there, and what ends it.

    Raises:
        OSError: if the address cannot be listened on.
    """
    listener = await asyncio.get_running_loop().create_server(
        partial(_AcceptedFlow, accept), host, port, ssl=context, backlog=_BACKLOG
    )
    name = listener.sockets[0].getsockname()
    return str(TcpAddress(host=name[0], port=name[1], tls=context is not None)), listener.close


async def listen_unix(path: str, accept: Accept) -> tuple[str, Callable[[], None]]:
    """Listen on a Unix socket that only this user can reach; see `listen_tcp`.

    Args:
        path: the path of the socket; one that nobody listens on any more is replaced.
        accept: takes the streams of peers.
    """
    listening = _bind_unix(path)
    listener = await asyncio.get_running_loop().create_unix_server(
        partial(_AcceptedFlow, accept), sock=listening, backlog=_BACKLOG
    )
    inode = os.stat(path).st_ino  # noqa: PTH116

    def stop() -> None:
        listener.close()
        # Another server may have taken the path meanwhile.
        with contextlib.suppress(FileNotFoundError):
            if os.stat(path).st_ino == inode:  # noqa: PTH116
                os.unlink(path)  # noqa: PTH108

    return str(UnixAddress(path=path)), stop


class _AcceptedFlow(SocketFlow):
    """The stream of a peer that has come."""

    def __init__(self, accept: Accept) -> None:
        super().__init__()
        self._accept = accept

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._accept(self)


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
        raise OSError(error.errno, f"cannot listen on unix:{path}: {error}") from error
    return listening


def _remove_stale(path: str) -> None:
    """Remove a socket that nobody listens on, and nothing else."""
    if not stat.S_ISSOCK(os.stat(path).st_mode):  # noqa: PTH116
        raise OSError(errno.EEXIST, "it exists and is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108
            return
    raise OSError(errno.EADDRINUSE, "somebody listens there")
