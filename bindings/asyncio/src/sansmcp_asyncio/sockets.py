"""Dialling, over TCP, TLS and Unix sockets."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from sansmcp.client import TcpAddress, UnixAddress, no_connection
from sansmcp_asyncio.flows import SocketFlow


async def open_tcp(address: TcpAddress, context: ssl.SSLContext | None) -> SocketFlow:
    """Open a stream to a TCP address.

    Args:
        address: where the server is.
        context: how TLS is verified; by default as the system does.

    Raises:
        OSError: if nobody listens there, or the certificate does not fit.
    """
    tls = (context or ssl.create_default_context()) if address.tls else None
    loop = asyncio.get_running_loop()
    return await _opened(
        address, lambda make: loop.create_connection(make, address.host, address.port, ssl=tls)
    )


async def open_unix(address: UnixAddress) -> SocketFlow:
    """Open a stream to a Unix socket.

    Args:
        address: where the server is.

    Raises:
        OSError: if nobody listens there.
    """
    loop = asyncio.get_running_loop()
    return await _opened(address, lambda make: loop.create_unix_connection(make, address.path))


async def _opened(
    address: TcpAddress | UnixAddress, open_with: Callable[[Callable[[], SocketFlow]], Awaitable[object]]
) -> SocketFlow:
    flow = SocketFlow()
    try:
        await open_with(lambda: flow)
    except OSError as error:
        raise no_connection(address, error) from error
    except asyncio.CancelledError:
        # It may have come about in the same moment.
        flow.abort()
        raise
    return flow
