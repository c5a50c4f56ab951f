"""Opening what leads to a server: a process, a socket, a server of this process, or a stream."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from ssl import SSLContext
from typing import IO, TypeAlias

import attrs

from sansmcp.client import Address, Command, TcpAddress, UnixAddress, address_of
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server
from sansmcp_asyncio.flows import Flow, Stream
from sansmcp_asyncio.processes import start_process
from sansmcp_asyncio.serving import serve_stream
from sansmcp_asyncio.sockets import open_tcp, open_unix
from sansmcp_asyncio.streams import ByteStream, MemoryStream, memory_pair

Target: TypeAlias = str | Sequence[str] | Server | Stream
"""An address, a command to start, a server of this process, or a stream that leads to one."""

Open: TypeAlias = Callable[[], Awaitable[Stream]]
"""Opens a stream; raises OSError if it cannot."""


@attrs.frozen(kw_only=True)
class Opener:
    """How a target is opened."""

    open: Open
    """Opens a stream to it."""
    opens_again: bool
    """Whether it may be opened more than once."""
    peer: str | None = None
    """Where it leads, in words."""


def opener_of(
    target: Target,
    *,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
    ssl: SSLContext | None,
) -> Opener:
    """Return what opens a target.

    Args:
        target: where the server is.
        env: variables for a command beside the few that are passed on.
        cwd: the folder for a command.
        stderr: where a command's standard error goes.
        ssl: how TLS is verified; by default as the system does.

    Raises:
        LocalProtocolError: if the target cannot be one, or what else is said does not go with it.
    """
    if isinstance(target, Server):
        address: Address | None = None
        opener = Opener(open=partial(_open_memory, target), opens_again=True)
    elif isinstance(target, Sequence):
        address = address_of(target)
        open_command = partial(start_process, env=env, cwd=cwd, stderr=stderr)
        opening = _open_address(address, open_command, ssl)
        opener = Opener(open=opening, opens_again=True, peer=str(address))
    else:
        _check_stream(target)
        address = None
        opener = Opener(open=partial(_give, target), opens_again=False)
    if not isinstance(address, Command) and not (env is None and cwd is None and stderr is None):
        raise LocalProtocolError("connect(): env, cwd and stderr go with a command; found another target")
    if ssl is not None and not (isinstance(address, TcpAddress) and address.tls):
        raise LocalProtocolError("connect(): ssl goes with an address tls://HOST:PORT; found another target")
    return opener


def _check_stream(target: object) -> None:
    if not isinstance(target, ByteStream | Flow):
        raise LocalProtocolError(
            f"connect({repr(target)[:80]}): expected a command as a list of words, such as "
            "['python', 'server.py'], an address (tcp://HOST:PORT, tls://HOST:PORT or unix:PATH), a Server, "
            "or a stream with read, write and close, or a Flow"
        )


def _open_address(
    address: Address, open_command: Callable[[Command], Awaitable[Stream]], ssl: SSLContext | None
) -> Open:
    match address:
        case Command():
            return partial(open_command, address)
        case TcpAddress():
            return partial(open_tcp, address, ssl)
        case UnixAddress():
            return partial(open_unix, address)


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
