"""What the page on troubleshooting says of HTTP, made to happen, mostly over sockets of this machine."""

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.docs.troubles import raised, sums, trouble
from tests.http.client.talking import Talk

from sansmcp.client import exception_of
from sansmcp.session import RequestLost
from sansmcp_threads import connect, listen_http

PAGE_HOST = "127.0.0.1:8000"
BOTH = "application/json, text/event-stream"


def served(use: Callable[[str], str], **settings: Any) -> str:
    """Return what comes of a URL that is served, as if it were the one of the page."""
    listener = listen_http(sums(), port=0, **settings)
    try:
        host = urlsplit(listener.address).netloc
        return use(listener.address).replace(host, PAGE_HOST)
    finally:
        listener.close()


def posted(url: str, **fields: str) -> str:
    """Return the status and the body that a client written by hand gets for a POST."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request("POST", parts.path, b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}', headers)
        response = connection.getresponse()
        return f"{response.status} {response.read().decode()}"
    finally:
        connection.close()


@trouble("The host is not allowed")
def _() -> str:
    return served(lambda url: raised(lambda: connect(url)), allowed_hosts=["tools.example.com"])


@trouble("The origin is not allowed")
def _() -> str:
    page = {"Origin": "https://app.example.com"}
    return served(lambda url: raised(lambda: connect(url, headers=page)))


@trouble("Listening on every address")
def _() -> str:
    return raised(lambda: listen_http(sums(), "0.0.0.0"))  # noqa: S104 - it is refused


@trouble("The path is another one")
def _() -> str:
    return served(lambda url: raised(lambda: connect(url.removesuffix("mcp"))))


@trouble("A client does not accept both types")
def _() -> list[str]:
    return [
        served(lambda url: posted(url, Accept="*", Content_Type="application/json")),
        served(lambda url: posted(url, Accept=BOTH, Content_Type="text/plain")),
    ]


@trouble("The session is gone")
def _() -> list[str]:
    # In memory: over sockets another request may hear of it before the call does.
    talk = Talk(("2025-11-25",))
    talk.connect_legacy()
    _, call = talk.call()
    talk.answer(call, 404)
    (lost,) = talk.told(RequestLost)

    def look() -> None:
        raise exception_of(lost)

    fields = {"Accept": BOTH, "Content_Type": "application/json"}
    return [raised(look), served(lambda url: posted(url, **fields))]
