"""Opening what leads to a server: a process, a socket, a server of this process, or a stream."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ssl import SSLContext
from typing import IO, Final, TypeAlias

import attrs

from sansmcp.client import Address, Command, TcpAddress, UnixAddress, address_of
from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server
from sansmcp_threads.descriptors import Wake
from sansmcp_threads.handlers import AsyncRunner
from sansmcp_threads.processes import start_process
from sansmcp_threads.serving import ENVIRONMENT, Serving, check
from sansmcp_threads.sockets import open_tcp, open_unix
from sansmcp_threads.streams import ByteStream, MemoryStream, memory_pair

Target: TypeAlias = str | Sequence[str] | Server | ByteStream
"""An address, a command to start, a server of this process, or a stream that leads to one."""

_METHODS: Final = ("read", "write", "flush", "end_input", "close")
"""What a stream can do; see `ByteStream`."""

Open: TypeAlias = Callable[[Wake], ByteStream]
"""Opens a stream; raises OSError if it cannot, or if the wake-up comes meanwhile."""


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
    async_runner: AsyncRunner | None,
) -> Opener:
    """Return how a target is opened.

    Args:
        target: where the server is.
        env: variables for a command beside the few that are passed on.
        cwd: the folder for a command.
        stderr: where a command's standard error goes.
        ssl: how TLS is verified; by default as the system does.
        async_runner: runs the handlers of a server of this process that are an `async def`.

    Raises:
        LocalProtocolError: if the target cannot be one, or what else is said does not go with it.
    """
    address: Address | None = None
    if isinstance(target, Server):
        check(target, async_runner)
        opener = Opener(open=partial(_open_memory, target, async_runner), opens_again=True)
    elif isinstance(target, Sequence):
        address = address_of(target)
        opening = _opening_of(address, env=env, cwd=cwd, stderr=stderr, ssl=ssl)
        opener = Opener(open=opening, opens_again=True, peer=str(address))
    else:
        _check_stream(target)
        opener = Opener(open=partial(_give, target), opens_again=False)
    if not isinstance(address, Command) and not (env is None and cwd is None and stderr is None):
        raise LocalProtocolError("connect(): env, cwd and stderr go with a command; found another target")
    if ssl is not None and not (isinstance(address, TcpAddress) and address.tls):
        raise LocalProtocolError("connect(): ssl goes with an address tls://HOST:PORT; found another target")
    return opener


def _check_stream(target: object) -> None:
    if isinstance(target, type) or not all(callable(getattr(target, name, None)) for name in _METHODS):
        raise LocalProtocolError(
            f"connect({repr(target)[:80]}): expected a command as a list of words, an address, a Server, "
            f"or a stream with {', '.join(_METHODS[:-1])} and {_METHODS[-1]}"
        )


def _opening_of(
    address: Address,
    *,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
    ssl: SSLContext | None,
) -> Open:
    match address:
        case Command():
            return lambda _stop: start_process(address, env=env, cwd=cwd, stderr=stderr)
        case TcpAddress():
            return partial(open_tcp, address, ssl)
        case UnixAddress():
            return partial(open_unix, address)


def _give(stream: ByteStream, _stop: Wake) -> ByteStream:
    return stream


def _open_memory(server: Server, async_runner: AsyncRunner | None, _stop: Wake) -> ByteStream:
    near, far = memory_pair()
    endpoint = server.endpoint(ENVIRONMENT, {})
    serving = Serving(server, endpoint, workers=None, async_runner=async_runner, settings={})
    serving.carry(lambda: far)
    return _ServedStream(near, serving)


class _ServedStream:
    """The near end of a pair in memory, and the server at the far one."""

    def __init__(self, near: MemoryStream, serving: Serving) -> None:
        self._near = near
        self._serving = serving

    def read(self) -> bytes:
        return self._near.read()

    def write(self, data: bytes) -> bool:
        return self._near.write(data)

    def flush(self, timeout: float) -> None:
        self._near.flush(timeout)

    def end_input(self) -> None:
        self._near.end_input()

    def close(self) -> None:
        self._near.close()
        try:
            self._serving.wait_done()
        finally:
            self._serving.close()
