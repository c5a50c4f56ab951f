"""Opening what leads to a server: a process, a socket, a server of this process, or a stream."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from ssl import SSLContext
from typing import IO, Final, TypeAlias

import attrs
import trio

from sansmcp.client import Address, Command, TcpAddress, UnixAddress, address_of
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server
from sansmcp_trio.processes import start_process
from sansmcp_trio.serving import serve_stream
from sansmcp_trio.sockets import open_tcp, open_unix
from sansmcp_trio.streams import ByteStream, MemoryStream, memory_pair

Target: TypeAlias = str | Sequence[str] | Server | ByteStream
"""An address, a command to start, a server of this process, or a stream that leads to one."""

Open: TypeAlias = Callable[[trio.Nursery], Awaitable[ByteStream]]
"""Opens a stream, whose tasks are in the nursery; raises OSError if it cannot."""


_EXPECTED: Final = (
    "expected a command as a list of words, such as ['python', 'server.py'], an address: tcp://HOST:PORT, "
    "tls://HOST:PORT or unix:PATH, a Server, or a stream of trio's"
)


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
    address: Address | None = None
    match target:
        case Server():
            opener = Opener(open=partial(_open_memory, target), opens_again=True)
        case Sequence():
            address = address_of(target)
            open_address = partial(_open_address, address, ssl=ssl, env=env, cwd=cwd, stderr=stderr)
            opener = Opener(open=open_address, opens_again=True, peer=str(address))
        case trio.abc.Stream():
            opener = Opener(open=partial(_give, target), opens_again=False)
        case _:
            raise LocalProtocolError(f"connect({repr(target)[:80]}): {_EXPECTED}")
    if not isinstance(address, Command) and not (env is None and cwd is None and stderr is None):
        raise LocalProtocolError("connect(): env, cwd and stderr go with a command; found another target")
    if ssl is not None and not (isinstance(address, TcpAddress) and address.tls):
        raise LocalProtocolError("connect(): ssl goes with an address tls://HOST:PORT; found another target")
    return opener


async def _open_address(
    address: Address,
    nursery: trio.Nursery,
    *,
    ssl: SSLContext | None,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
) -> ByteStream:
    match address:
        case Command():
            return await start_process(nursery, address, env=env, cwd=cwd, stderr=stderr)
        case TcpAddress():
            return await open_tcp(address, ssl)
        case UnixAddress():
            return await open_unix(address)


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
