"""Sockets: listening and dialling, over TCP, TLS and Unix sockets."""

import contextlib
import errno
import os
import select
import socket
import ssl
import stat
import time
from typing import Final

from sansmcp.client import TcpAddress, UnixAddress, no_connection
from sansmcp.values import JSON
from sansmcp_threads.descriptors import READ_SIZE, Wake, wait
from sansmcp_threads.streams import ByteStream, StreamPair
from sansmcp_threads.tls import TlsStream

# As the headers of an HTTP request.
OPENING: Final = 10.0
"""Seconds that it may take to connect, and to agree on TLS."""

# Peers that come while the acceptor is busy; what asyncio takes by default.
BACKLOG: Final = 100
"""How many peers may wait to be accepted."""


def open_tcp(address: TcpAddress, context: ssl.SSLContext | None, stop: Wake) -> ByteStream:
    """Open a stream to a TCP address.

    Args:
        address: where the server is.
        context: how TLS is verified; by default as the system does.
        stop: ends the attempt.

    Raises:
        OSError: if nobody listens there, or the certificate does not fit.
    """
    tls = (context or ssl.create_default_context()) if address.tls else None
    try:
        connection = _connect(address, stop)
        return stream_of(connection, tls, stop, server_hostname=address.host)
    except OSError as error:
        raise no_connection(address, error) from error


def open_unix(address: UnixAddress, stop: Wake) -> ByteStream:
    """Open a stream to a Unix socket.

    Args:
        address: where the server is.
        stop: ends the attempt.

    Raises:
        OSError: if nobody listens there.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        _connect_to(connection, address.path, stop)
        return stream_of(connection, None, stop)
    except OSError as error:
        connection.close()
        raise no_connection(address, error) from error


def stream_of(
    connection: socket.socket, tls: ssl.SSLContext | None, stop: Wake, *, server_hostname: str | None = None
) -> ByteStream:
    """Return the stream of a connection, which is no socket any more afterwards.

    Args:
        connection: the connection.
        tls: agrees on TLS first, if given.
        stop: ends the attempt.
        server_hostname: the name of the server, on the side of its client.

    Raises:
        OSError: if there is no agreement.
    """
    try:
        connection.setblocking(False)
        if connection.family != socket.AF_UNIX:
            # An answer must not wait for the acknowledgement of the one before.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = _plain_or_tls(connection, tls, stop, server_hostname)
    except OSError:
        connection.close()
        raise
    connection.detach()
    return stream


def _plain_or_tls(
    connection: socket.socket, tls: ssl.SSLContext | None, stop: Wake, server_hostname: str | None
) -> ByteStream:
    if tls is None:
        return StreamPair(connection.fileno(), connection.fileno())
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    agreed = tls.wrap_bio(
        incoming, outgoing, server_side=server_hostname is None, server_hostname=server_hostname
    )
    _shake_hands(connection, agreed, incoming, outgoing, stop)
    return TlsStream(StreamPair(connection.fileno(), connection.fileno()), agreed, incoming, outgoing)


def listen_on_tcp(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a TCP port.

    Args:
        host: the address to listen on.
        port: the port; 0 for a free one.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: if there is no such port.
    """
    where = TcpAddress(host=host, port=port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        # The system says where in words of its own.
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise OSError(error.errno, f"cannot listen on {where}: {reason}") from error


def listen_on_unix(path: str) -> socket.socket:
    """Return a socket that listens on a path and that only this user can reach.

    Args:
        path: the path; a socket there that nobody listens on any more is replaced.

    Raises:
        OSError: if somebody listens there, or it is no socket.
    """
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
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"cannot listen on unix:{path}: {error.strerror}") from error
    return listening


def remove_unix(path: str, inode: int) -> None:
    """Remove a socket of ours, unless another server has taken the path meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        if os.stat(path).st_ino == inode:  # noqa: PTH116
            os.unlink(path)  # noqa: PTH108


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


def _connect(address: TcpAddress, stop: Wake) -> socket.socket:
    """Connect to the first of the addresses of a host where somebody listens."""
    refusal: OSError = ConnectionError("the host has no address")
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, place in found:
        connection = socket.socket(family, kind, protocol)
        try:
            _connect_to(connection, place, stop)
        except OSError as error:
            connection.close()
            refusal = error
        else:
            return connection
    raise refusal


def _connect_to(connection: socket.socket, place: JSON, stop: Wake) -> None:
    connection.setblocking(False)
    try:
        connection.connect(place)
    except BlockingIOError:
        _wait(connection, select.POLLOUT, stop, time.monotonic() + OPENING)
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code)) from None


def _shake_hands(
    connection: socket.socket,
    tls: ssl.SSLObject,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
    stop: Wake,
) -> None:
    """Agree on TLS; raises OSError if that fails."""
    deadline = time.monotonic() + OPENING
    while True:
        agreed = True
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            agreed = False
        finally:
            # Why there is no agreement is told, too.
            _send_all(connection, outgoing.read(), stop, deadline)
        if agreed:
            return
        _wait(connection, select.POLLIN, stop, deadline)
        with contextlib.suppress(BlockingIOError):
            data = connection.recv(READ_SIZE)
            if not data:
                raise ConnectionResetError("the peer closed the connection before TLS was agreed on")
            incoming.write(data)


def _send_all(connection: socket.socket, data: bytes, stop: Wake, deadline: float) -> None:
    while data:
        try:
            data = data[connection.send(data) :]
        except BlockingIOError:
            _wait(connection, select.POLLOUT, stop, deadline)


def _wait(connection: socket.socket, events: int, stop: Wake, deadline: float) -> None:
    try:
        is_given_up = wait(connection.fileno(), events, stop, deadline - time.monotonic())
    except TimeoutError:
        raise TimeoutError(f"no answer within {OPENING:.0f} s") from None
    if is_given_up:
        raise ConnectionAbortedError("it was given up")
