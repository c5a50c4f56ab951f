"""Opening what leads to a server: a process, a socket, a server of this process, or a stream."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from ssl import SSLContext
from typing import IO, TypeAlias

import attrs
import trio

from sansmcp.client import (
    Address,
    ClientOptions,
    Command,
    TcpAddress,
    UnixAddress,
    address_of,
    check_goes_with,
    no_target,
)
from sansmcp.http import Url
from sansmcp.server import Server
from sansmcp.session import ClientEndpoint, ClientEvent, ClientSession
from sansmcp.values import JSON
from sansmcp_trio.http import client_over_http
from sansmcp_trio.processes import start_process
from sansmcp_trio.serving import serve_stream
from sansmcp_trio.sockets import open_tcp, open_unix
from sansmcp_trio.streams import ByteStream, MemoryStream, memory_pair

Target: TypeAlias = str | Sequence[str] | Server | ByteStream
"""A URL, another address, a command to start, a server of this process, or a stream that leads to one."""

Open: TypeAlias = Callable[[trio.Nursery], Awaitable[ByteStream]]
"""Opens a stream, whose tasks are in the nursery; raises OSError if it cannot."""


@attrs.frozen(kw_only=True)
class Opener:
    """How a target is opened."""

    endpoint: Callable[[ClientOptions], ClientEndpoint[ClientSession, ClientEvent]]
    """Makes the endpoint of a client for it."""
    dial: Callable[[trio.Nursery, JSON], Awaitable[ByteStream]]
    """Opens the streams that the endpoint asks for; their tasks are in the nursery. Raises OSError."""
    opens_again: bool = True
    """Whether it may be opened more than once."""


def opener_of(
    target: Target,
    *,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
    ssl: SSLContext | None,
    headers: Mapping[str, str] | None,
) -> Opener:
    """Return what opens a target.

    Args:
        target: where the server is.
        env: variables for a command beside the few that are passed on.
        cwd: the folder for a command.
        stderr: where a command's standard error goes.
        ssl: how TLS is verified; by default as the system does.
        headers: header fields that go with every request over HTTP.

    Raises:
        LocalProtocolError: if the target cannot be one, or what else is said does not go with it.
    """
    address: Address | None = None
    match target:
        case Server():
            opener = _over_lines(partial(_open_memory, target))
        case Sequence():
            address = address_of(target)
            opener = _opener_at(address, ssl=ssl, headers=headers, env=env, cwd=cwd, stderr=stderr)
        case trio.abc.Stream():
            opener = _over_lines(partial(_give, target), opens_again=False)
        case _:
            raise no_target(target, "a stream of trio's")
    check_goes_with(
        address,
        for_command=not (env is None and cwd is None and stderr is None),
        tls=ssl,
        for_url=headers is not None,
    )
    return opener


def _opener_at(
    address: Address,
    *,
    ssl: SSLContext | None,
    headers: Mapping[str, str] | None,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
) -> Opener:
    open_socket = partial(_open_socket, ssl)
    match address:
        case Url():
            return Opener(endpoint=partial(client_over_http, url=address, headers=headers), dial=open_socket)
        case Command():
            start = partial(start_process, command=address, env=env, cwd=cwd, stderr=stderr)
            return _over_lines(start, address)
        case TcpAddress() | UnixAddress():
            return _over_lines(lambda nursery: open_socket(nursery, address), address)


def _over_lines(open_stream: Open, address: Address | None = None, *, opens_again: bool = True) -> Opener:
    def endpoint(options: ClientOptions) -> ClientEndpoint[ClientSession, ClientEvent]:
        peer = None if address is None else str(address)
        return options.endpoint(open_stream, os.urandom, dials_again=opens_again, peer=peer)

    return Opener(endpoint=endpoint, dial=_call, opens_again=opens_again)


async def _call(nursery: trio.Nursery, open_stream: JSON) -> ByteStream:
    stream: ByteStream = await open_stream(nursery)
    return stream


async def _open_socket(
    ssl: SSLContext | None, _nursery: trio.Nursery, address: TcpAddress | UnixAddress
) -> ByteStream:
    if isinstance(address, UnixAddress):
        return await open_unix(address)
    return await open_tcp(address, ssl)


async def _give(stream: ByteStream, _nursery: trio.Nursery) -> ByteStream:
    await trio.lowlevel.checkpoint()
    return stream


async def _open_memory(server: Server, nursery: trio.Nursery) -> ByteStream:
    near, far = memory_pair()
    served = _ServedStream(near)
    nursery.start_soon(served.serve, server, far, name="sansmcp server")
    await trio.lowlevel.checkpoint()
    return served


class _ServedStream(trio.abc.Stream):
    """The near end of a pair in memory, with the server at the far one."""

    def __init__(self, near: MemoryStream) -> None:
        self._near = near
        self._ended = trio.Event()

    async def serve(self, server: Server, far: MemoryStream) -> None:
        try:
            await serve_stream(server, far)
        finally:
            self._ended.set()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._near.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._near.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._near.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._near.aclose()
        await self._ended.wait()
