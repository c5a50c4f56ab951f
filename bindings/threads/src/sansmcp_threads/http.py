"""HTTP, spoken by sansmcp_h11: it is imported only where it is wanted, and may be left out else."""

import os
import ssl
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Unpack

from sansmcp.client import ClientOptions, url_at
from sansmcp.errors import LocalProtocolError
from sansmcp.http import Url
from sansmcp.server import ServeHttpSettings, Server, expect_tls
from sansmcp_threads.handlers import AsyncRunner
from sansmcp_threads.listening import Listener, listener_on_tcp, listener_on_unix
from sansmcp_threads.peers import Started, serve_until_asked
from sansmcp_threads.serving import ENVIRONMENT, Serving, check
from sansmcp_threads.workers import Workers

if TYPE_CHECKING:
    from sansmcp_h11 import H11Client, H11Server


def listen_http(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    unix: str | os.PathLike[str] | None = None,
    ssl: ssl.SSLContext | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeHttpSettings],
) -> Listener:
    """Serve over HTTP from now on, on threads.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; 0 for a free one.
        unix: the path of a Unix socket to listen on instead; only the user of this process can reach it.
        ssl: the certificate and its key, to speak HTTPS.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how the endpoint and its sessions are set up; see `ServeHttpSettings`.

    Returns:
        What says where it listens, and ends it.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: a setting cannot be meant, such as a host that all can reach without
            `allowed_hosts`; a handler is an `async def`, and no `async_runner` is given; or sansmcp_h11 is
            not installed.
    """
    check(server, async_runner, verify=settings.get("verify"))
    if unix is not None and ssl is not None:
        raise LocalProtocolError("serve_http(): ssl goes with host and port; found unix")
    expect_tls(ssl)
    _, carried = _h11()
    endpoint = server.http_endpoint(ENVIRONMENT, settings, host=host if unix is None else None)
    serving = Serving(
        server,
        carried(endpoint, wrap_link=settings.get("wrap_link")),
        workers=workers,
        async_runner=async_runner,
        settings=settings,
        errands=endpoint.perform,
        patience=endpoint.options.limits.patience,
    )
    say = partial(url_at, path=settings.get("path", "/mcp") or "/")
    if unix is None:
        return listener_on_tcp(serving, host, port, ssl, say)
    return listener_on_unix(serving, os.fspath(unix), say)


def serve_http(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    unix: str | os.PathLike[str] | None = None,
    ssl: ssl.SSLContext | None = None,
    started: Started | None = None,
    workers: Workers | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ServeHttpSettings],
) -> None:
    """Serve over HTTP until the program is interrupted, or until SIGTERM; see `listen_http`.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; 0 for a free one.
        unix: the path of a Unix socket to listen on instead; only the user of this process can reach it.
        ssl: the certificate and its key, to speak HTTPS.
        started: told the URL once clients may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        async_runner: runs handlers that are an `async def` on those threads, such as `asyncio.run`.
        settings: how the endpoint and its sessions are set up; see `ServeHttpSettings`.
    """
    listener = listen_http(
        server, host, port, unix=unix, ssl=ssl, workers=workers, async_runner=async_runner, **settings
    )
    serve_until_asked(listener, started)


def client_over_http(options: ClientOptions, url: Url, headers: Mapping[str, str] | None) -> "H11Client":
    """Make the endpoint of a client over HTTP.

    Args:
        options: how the client is set up.
        url: where the server is.
        headers: header fields that go with every request.

    Raises:
        LocalProtocolError: a header field cannot be used, or sansmcp_h11 is not installed.
    """
    client, _ = _h11()
    return client(options.http_endpoint(url, os.urandom, headers=headers), wrap_link=options.wrap_link)


def _h11() -> "tuple[type[H11Client], type[H11Server]]":
    try:
        from sansmcp_h11 import H11Client, H11Server  # noqa: PLC0415  # few need it, and it may be missing
    except ImportError as error:
        raise LocalProtocolError(
            f"HTTP: expected sansmcp_h11, found {error}; pip install 'sansmcp[h11]'"
        ) from error
    return H11Client, H11Server
