"""A client and a server that speak HTTP with each other in memory: exchanges, and no HTTP/1.1.

    with connect_http(server) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).content[0].text == "3"

Each request has a pair of streams of its own, whose bytes are cut as the test says: the head as a line of
JSON, each piece of the body behind its length, and an empty piece as the end. `HttpMemoryClient.requests`
are the requests that are open; to break one off is to lose the connection that carries it.
"""

import itertools
import json
from collections.abc import Mapping
from typing import Final, Unpack

from sansmcp.client import ClientOptions, ClientSettings
from sansmcp.http import (
    ClientExchange,
    ClientHttp,
    Headers,
    OpenRequest,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ServerExchange,
    ServerHttp,
)
from sansmcp.schema import Side
from sansmcp.server import ServeHttpSettings, Server, ServeSettings
from sansmcp.session import (
    CallHandle,
    ClientEndpoint,
    ClientEvent,
    ClientSession,
    Deadlines,
    Dial,
    Link,
    ServerEndpoint,
    ServerEvent,
    ServerSession,
)
from sansmcp.testing.environment import SeededEnvironment
from sansmcp.testing.in_memory import MemoryClient
from sansmcp.testing.streams import Cut, whole
from sansmcp.values import JSON

URL: Final = "http://127.0.0.1:8000/mcp"
"""Where the server is that is none but in memory."""

_LOST: Final = "the connection was lost"


class _Frames:
    """Reads a head and the pieces of a body, however the bytes are cut."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._head: JSON = None

    def receive_data(self, data: bytes) -> list[JSON]:
        """Return what has become complete: the head, pieces of the body, and an empty piece at its end."""
        self._data += data
        found: list[JSON] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def _next(self) -> JSON:
        line, mark, rest = self._data.partition(b"\n")
        if not mark:
            return None
        if self._head is None:
            self._head, self._data = json.loads(line), rest
            return self._head
        size = int(line)
        if len(rest) < size:
            return None
        self._data = rest[size:]
        return bytes(rest[:size])


def _piece(data: bytes) -> bytes:
    return b"%d\n%s" % (len(data), data)


class _Side:
    """What both ends of the streams of one request have in common."""

    def __init__(self) -> None:
        self.served: list[ServerExchange] = []
        self._frames = _Frames()
        self._is_over = False

    def next_deadline(self) -> float | None:
        # A client keeps the time of all its requests itself.
        deadlines = (exchange.next_deadline() for exchange in self.served)
        return min((at for at in deadlines if at is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        for exchange in self.served:
            exchange.handle_timeout(now)


class _RequestLink(_Side):
    """The client's end of a request."""

    def __init__(self, exchange: ClientExchange) -> None:
        super().__init__()
        self.exchange = exchange
        self._is_sent = False
        self._has_head = False

    def receive_data(self, data: bytes, now: float) -> None:
        for item in self._frames.receive_data(data):
            if not self._has_head:
                self._has_head = True
                status, lines = item
                self.exchange.receive_head(status, Headers((name, value) for name, value in lines), now)
            elif item:
                self.exchange.receive_data(item, now)
            else:
                self._is_over = True
                self.exchange.receive_eof(now)

    def receive_eof(self, now: float, reason: str = _LOST) -> None:
        if not self._is_over:
            self._is_over = True
            self.exchange.receive_failure(reason, now)

    def data_to_send(self) -> bytes:
        if self._is_sent or self.done:
            return b""
        self._is_sent = True
        request = self.exchange.request
        lines = (("Host", self.exchange.url.authority), *request.headers.lines)
        head = json.dumps([request.method, request.target, lines]).encode()
        body = _piece(self.exchange.body) if self.exchange.body else b""
        return head + b"\n" + body + _piece(b"")

    @property
    def done(self) -> bool:
        return self._is_over or self.exchange.done


class _ResponseLink(_Side):
    """The server's end of a request."""

    def __init__(self, owner: "_PairedServer") -> None:
        super().__init__()
        self._owner = owner

    def receive_data(self, data: bytes, now: float) -> None:
        # What reaches nobody is no request.
        for item in () if self._is_over else self._frames.receive_data(data):
            if not self.served:
                method, target, lines = item
                head = RequestHead(
                    method=method, target=target, headers=Headers((name, value) for name, value in lines)
                )
                self.served.append(self._owner.open_exchange(self, head, now))
            elif item:
                self.served[0].receive_data(item, now)
            else:
                self.served[0].receive_eof(now)

    def receive_eof(self, now: float, reason: str = _LOST) -> None:
        self._is_over = True
        for exchange in self.served:
            if not exchange.done:
                exchange.receive_disconnect(now, reason)
        self._owner.touch(self)

    def data_to_send(self) -> bytes:
        written = bytearray()
        for action in itertools.chain.from_iterable(exchange.actions() for exchange in self.served):
            if isinstance(action, ResponseHead):
                written += json.dumps([action.status, action.headers]).encode() + b"\n"
            elif isinstance(action, ResponseBody):
                written += _piece(action.data)
            else:
                written += _piece(b"")
        return bytes(written)

    @property
    def done(self) -> bool:
        return self._is_over or any(exchange.done for exchange in self.served)


class _PairedServer:
    """A server's endpoint whose links carry one request each."""

    def __init__(self, endpoint: ServerHttp) -> None:
        self.is_gone = False
        self._endpoint = endpoint
        self._links: dict[ServerExchange, _ResponseLink] = {}
        self._touched: dict[Link, None] = {}

    @property
    def deadlines(self) -> Deadlines:
        return self._endpoint.deadlines

    def accept(self, now: float) -> Link:
        link = _ResponseLink(self)
        if self.is_gone:
            link.receive_eof(now)
        self.touch(link)
        return link

    def open_exchange(self, link: _ResponseLink, head: RequestHead, now: float) -> ServerExchange:
        exchange = self._endpoint.open_exchange(head, now)
        self._links[exchange] = link
        self.touch(link)
        return exchange

    def touch(self, link: Link) -> None:
        self._touched[link] = None

    def next_event(self) -> tuple[ServerSession, ServerEvent] | None:
        self.actions()
        return self._endpoint.next_event()

    def actions(self) -> list[Dial]:
        for errand in self._endpoint.actions():
            self._endpoint.perform(errand)(self._endpoint.now)
        return []

    def ready(self) -> list[Link]:
        for exchange in [exchange for exchange in self._endpoint.ready() if exchange in self._links]:
            self.touch(self._links[exchange])
            if exchange.done:
                del self._links[exchange]
        ready = list(self._touched)
        self._touched.clear()
        return ready

    def next_deadline(self) -> float | None:
        return self._endpoint.next_deadline()

    def handle_timeout(self, now: float) -> None:
        self._endpoint.handle_timeout(now)

    def close(self, now: float) -> None:
        self._endpoint.close(now)


class _PairedClient:
    """A client's endpoint that asks for a pair of streams for each request."""

    def __init__(self, endpoint: ClientHttp) -> None:
        self._endpoint = endpoint

    @property
    def session(self) -> ClientSession:
        return self._endpoint.session

    @property
    def deadlines(self) -> Deadlines:
        return self._endpoint.deadlines

    def connect(self, now: float) -> None:
        self._endpoint.connect(now)

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        self._endpoint.cancel(handle, now, reason=reason)

    def close(self, now: float) -> None:
        self._endpoint.close(now)

    def next_event(self) -> tuple[ClientSession, ClientEvent] | None:
        return self._endpoint.next_event()

    def actions(self) -> list[Dial]:
        # What is broken off is done, which the one who moves the bytes sees.
        return [
            Dial(link=_RequestLink(action.exchange), address=None)
            for action in self._endpoint.actions()
            if isinstance(action, OpenRequest)
        ]

    def ready(self) -> list[Link]:
        return []

    def next_deadline(self) -> float | None:
        return self._endpoint.next_deadline()

    def handle_timeout(self, now: float) -> None:
        self._endpoint.handle_timeout(now)


class HttpMemoryClient(MemoryClient):
    """A client over HTTP of a server in memory; make it with `connect_http`.

    Args:
        server: the server.
        options: how the client is set up.
        serving: how the server is served.
        cut: how the bytes are cut on their way.
        headers: header fields that go with every request.
        url: where the server is said to be.
    """

    def __init__(
        self,
        server: Server,
        options: ClientOptions,
        serving: ServeHttpSettings,
        cut: Cut,
        *,
        headers: Mapping[str, str] | None = None,
        url: str = URL,
    ) -> None:
        self._serving = serving
        self._headers = headers
        self._url = url
        super().__init__(server, options, serving, cut)

    @property
    def requests(self) -> tuple[ClientExchange, ...]:
        """The requests that are open, oldest first."""
        links = (way.source for way in self._ways_to(Side.SERVER))
        return tuple(link.exchange for link in links if isinstance(link, _RequestLink))

    def break_off_request(self, exchange: ClientExchange) -> None:
        """Lose the connection that carries a request: what is under way is lost, and both ends read the end.

        Args:
            exchange: the request.
        """
        for way in self._ways:
            ends = (way.source, way.target)
            if any(isinstance(end, _RequestLink) and end.exchange is exchange for end in ends):
                way.stream.break_off()
        self.settle()

    def is_over(self) -> bool:
        """Say whether both ends are through with each other: the server has nothing left to wait for."""
        return super().is_over() and self._schedules[0].next_deadline() is None

    def cut_off(self) -> None:
        """Lose every connection, and let none be made any more."""
        self._paired.is_gone = True
        self.break_off()

    def close_server(self) -> None:
        """Let the server end in good order, as a signal would."""
        self._server.close(self.now)
        self.settle()

    def server_endpoint(
        self, server: Server, environment: SeededEnvironment, serving: ServeSettings
    ) -> ServerEndpoint[ServerSession, ServerEvent]:
        """Return the end of the server."""
        del serving
        self._paired = _PairedServer(server.http_endpoint(environment, self._serving, host="127.0.0.1"))
        return self._paired

    def client_endpoint(
        self, options: ClientOptions, environment: SeededEnvironment
    ) -> ClientEndpoint[ClientSession, ClientEvent]:
        """Return the end of the client."""
        return _PairedClient(options.http_endpoint(self._url, environment.random, headers=self._headers))


def connect_http(
    server: Server,
    *,
    serving: ServeHttpSettings | None = None,
    cut: Cut = whole,
    headers: Mapping[str, str] | None = None,
    url: str = URL,
    **settings: Unpack[ClientSettings],
) -> HttpMemoryClient:
    """Connect a client to a server of this process over HTTP, in one call and without a runtime.

    Args:
        server: the server.
        serving: how it is served; see `ServeHttpSettings`.
        cut: how the bytes are cut on their way; whole by default.
        headers: header fields that go with every request.
        url: where the server is said to be.
        settings: how the client is set up; see `ClientSettings`.

    Returns:
        The client, which is connected; `with` closes it.

    Raises:
        NotConnected: there is no common ground.
    """
    options = ClientOptions.of(settings)
    client = HttpMemoryClient(server, options, serving or {}, cut, headers=headers, url=url)
    try:
        client.open()
    except BaseException:
        client.close()
        raise
    return client
