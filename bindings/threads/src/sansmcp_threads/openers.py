"""Opening what leads to a server: a process, a socket, a server of this process, or a stream."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ssl import SSLContext
from typing import IO, Final, TypeAlias

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
from sansmcp_threads.descriptors import Wake
from sansmcp_threads.handlers import AsyncRunner
from sansmcp_threads.http import client_over_http
from sansmcp_threads.processes import start_process
from sansmcp_threads.serving import ENVIRONMENT, Serving, check
from sansmcp_threads.sockets import open_tcp, open_unix
from sansmcp_threads.streams import ByteStream, MemoryStream, memory_pair

Target: TypeAlias = str | Sequence[str] | Server | ByteStream
"""A URL, another address, a command to start, a server of this process, or a stream that leads to one."""

_METHODS: Final = ("read", "write", "flush", "end_input", "close")
"""What a stream can do; see `ByteStream`."""

Open: TypeAlias = Callable[[Wake], ByteStream]
"""Opens a stream; raises OSError if it cannot, or if the wake-up comes meanwhile."""


@attrs.frozen(kw_only=True)
class Opener:
    """How a target is opened."""

    endpoint: Callable[[ClientOptions], ClientEndpoint[ClientSession, ClientEvent]]
    """Makes the endpoint of a client for it."""
    dial: Callable[[JSON, Wake], ByteStream]
    """Opens the streams that the endpoint asks for; raises OSError if it cannot, or is woken meanwhile."""
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
    async_runner: AsyncRunner | None,
) -> Opener:
    """Return how a target is opened.

    Args:
        target: where the server is.
        env: variables for a command beside the few that are passed on.
        cwd: the folder for a command.
        stderr: where a command's standard error goes.
        ssl: how TLS is verified; by default as the system does.
        headers: header fields that go with every request over HTTP.
        async_runner: runs the handlers of a server of this process that are an `async def`.

    Raises:
        LocalProtocolError: if the target cannot be one, or what else is said does not go with it.
    """
    address: Address | None = None
    if isinstance(target, Server):
        check(target, async_runner)
        opener = _over_lines(partial(_open_memory, target, async_runner))
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
            return _over_lines(lambda _stop: start_process(address, env=env, cwd=cwd, stderr=stderr), address)
        case TcpAddress() | UnixAddress():
            return _over_lines(partial(open_socket, address), address)


def _over_lines(open_stream: Open, address: Address | None = None, *, opens_again: bool = True) -> Opener:
    def endpoint(options: ClientOptions) -> ClientEndpoint[ClientSession, ClientEvent]:
        peer = None if address is None else str(address)
        return options.endpoint(open_stream, os.urandom, dials_again=opens_again, peer=peer)

    return Opener(endpoint=endpoint, dial=_call, opens_again=opens_again)


def _call(open_stream: JSON, stop: Wake) -> ByteStream:
    stream: ByteStream = open_stream(stop)
    return stream


def _open_socket(ssl: SSLContext | None, address: TcpAddress | UnixAddress, stop: Wake) -> ByteStream:
    if isinstance(address, UnixAddress):
        return open_unix(address, stop)
    return open_tcp(address, ssl, stop)


def _check_stream(target: object) -> None:
    if isinstance(target, type) or not all(callable(getattr(target, name, None)) for name in _METHODS):
        raise no_target(target, f"a stream with {', '.join(_METHODS[:-1])} and {_METHODS[-1]}")


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
