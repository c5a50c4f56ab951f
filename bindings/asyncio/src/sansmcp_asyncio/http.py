"""HTTP, spoken by sansmcp_h11: it is imported only where it is wanted, and may be left out else."""

import os
import ssl
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Unpack

from sansmcp.client import ClientOptions, url_at
from sansmcp.errors import LocalProtocolError
from sansmcp.http import Url
from sansmcp.server import ServeHttpSettings, Server, expect_server
from sansmcp_asyncio.listening import listen_tcp, listen_unix
from sansmcp_asyncio.peers import Started, serve_peers
from sansmcp_asyncio.serving import ENVIRONMENT
from sansmcp_asyncio.workers import Workers

if TYPE_CHECKING:
    from sansmcp_h11 import H11Client, H11Server


async def serve_http(
    server: Server,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    unix: str | os.PathLike[str] | None = None,
    ssl: ssl.SSLContext | None = None,
    started: Started | None = None,
    workers: Workers | None = None,
    **settings: Unpack[ServeHttpSettings],
) -> None:
    """Serve over HTTP until cancelled, or until SIGTERM; requests that run are waited for, but not long.

    Args:
        server: what is offered.
        host: the address to listen on; by default this machine alone can reach it.
        port: the port; 0 for a free one.
        unix: the path of a Unix socket to listen on instead; only the user of this process can reach it.
        ssl: the certificate and its key, to speak HTTPS.
        started: told the URL once clients may come.
        workers: the threads of handlers that block, which the caller closes; by default some of its own.
        settings: how the endpoint and its sessions are set up; see `ServeHttpSettings`.

    Raises:
        OSError: if the address cannot be listened on.
        LocalProtocolError: a setting cannot be meant, such as a host that all can reach without
            `allowed_hosts`; or sansmcp_h11 is not installed.
    """
    expect_server(server)
    if unix is not None and ssl is not None:
        raise LocalProtocolError("serve_http(): ssl goes with host and port; found unix")
    _, carried = _h11()
    endpoint = server.http_endpoint(ENVIRONMENT, settings, host=host if unix is None else None)
    await serve_peers(
        server,
        carried(endpoint, wrap_link=settings.get("wrap_link")),
        partial(listen_tcp, host, port, ssl) if unix is None else partial(listen_unix, os.fspath(unix)),
        started=started,
        workers=workers,
        settings=settings,
        say=partial(url_at, path=settings.get("path", "/mcp") or "/"),
        errands=endpoint.perform,
        patience=endpoint.options.limits.patience,
    )


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
