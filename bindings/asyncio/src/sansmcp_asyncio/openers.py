"""Opening what leads to a server: a process, a socket, a server of this process, or a stream."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from ssl import SSLContext
from typing import IO, TypeAlias

import attrs

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
from sansmcp_asyncio.flows import Flow, Stream
from sansmcp_asyncio.http import client_over_http
from sansmcp_asyncio.processes import start_process
from sansmcp_asyncio.serving import serve_stream
from sansmcp_asyncio.sockets import open_tcp, open_unix
from sansmcp_asyncio.streams import ByteStream, MemoryStream, memory_pair

Target: TypeAlias = str | Sequence[str] | Server | Stream
"""A URL, another address, a command to start, a server of this process, or a stream that leads to one."""

Open: TypeAlias = Callable[[], Awaitable[Stream]]
"""Opens a stream; raises OSError if it cannot."""


@attrs.frozen(kw_only=True)
class Opener:
    """How a target is opened."""

    endpoint: Callable[[ClientOptions], ClientEndpoint[ClientSession, ClientEvent]]
    """Makes the endpoint of a client for it."""
    dial: Callable[[JSON], Awaitable[Stream]]
    """Opens the streams that the endpoint asks for; raises OSError if it cannot."""
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
    if isinstance(target, Server):
        opener = _over_lines(partial(_open_memory, target))
    elif isinstance(target, Sequence):
        address = address_of(target)
        opener = _opener_at(address, ssl=ssl, headers=headers, env=env, cwd=cwd, stderr=stderr)
    else:
        _check_stream(target)
        opener = _over_lines(partial(_give, target), opens_again=False)
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
            return _over_lines(partial(start_process, address, env=env, cwd=cwd, stderr=stderr), address)
        case TcpAddress() | UnixAddress():
            return _over_lines(partial(open_socket, address), address)


def _over_lines(open_stream: Open, address: Address | None = None, *, opens_again: bool = True) -> Opener:
    def endpoint(options: ClientOptions) -> ClientEndpoint[ClientSession, ClientEvent]:
        peer = None if address is None else str(address)
        return options.endpoint(open_stream, os.urandom, dials_again=opens_again, peer=peer)

    return Opener(endpoint=endpoint, dial=_call, opens_again=opens_again)


async def _call(open_stream: JSON) -> Stream:
    stream: Stream = await open_stream()
    return stream


def _check_stream(target: object) -> None:
    if not isinstance(target, ByteStream | Flow):
        raise no_target(target, "a stream with read, write and close, or a Flow")


async def _open_socket(ssl: SSLContext | None, address: TcpAddress | UnixAddress) -> Stream:
    if isinstance(address, UnixAddress):
        return await open_unix(address)
    return await open_tcp(address, ssl)


async def _give(stream: Stream) -> Stream:
    return stream


async def _open_memory(server: Server) -> Stream:
    near, far = memory_pair()
    serving = asyncio.create_task(_serve(server, far), name="sansmcp server")
    return _ServedStream(near, serving)


async def _serve(server: Server, far: MemoryStream) -> None:
    try:
        await serve_stream(server, far)
    finally:
        # Where its lifespan does not begin, nobody else ends the stream.
        await far.close()


class _ServedStream:
    """The near end of a pair in memory, and the server at the far one."""

    def __init__(self, near: MemoryStream, serving: asyncio.Task[None]) -> None:
        self._near = near
        self._serving = serving

    async def read(self) -> bytes:
        return await self._near.read()

    async def write(self, data: bytes) -> None:
        await self._near.write(data)

    async def close(self) -> None:
        await self._near.close()
        try:
            await asyncio.wait({self._serving})
        finally:
            self._serving.cancel()
        if not self._serving.cancelled():
            self._serving.result()
