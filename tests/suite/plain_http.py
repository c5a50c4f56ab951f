"""HTTP/1.1 that sansmcp does not have, as a user would write it: a connection for each request.

Only the public interfaces are used: `Link`, `ServerEndpoint` and `ClientEndpoint` above, `ServerHttp` and
`ClientHttp` below.
"""

import os
import re
from http import HTTPStatus

from sansmcp import Server
from sansmcp.http import Headers, OpenRequest, RequestHead, ResponseBody, ResponseHead
from sansmcp.session import Dial

_REQUEST = re.compile(r"([A-Z]+) (/[!-~]*) HTTP/1\.1")
_RESPONSE = re.compile(r"HTTP/1\.1 ([1-5][0-9]{2}) .*")
_FIELD = re.compile(
    r"([!#-'*+.0-9A-Z^_`a-z|~-]+):[ \t]*([!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?|)[ \t]*"
)

_HEAD_BYTES = 32 * 1024
_HEAD_SECONDS = 10.0


class MalformedError(Exception):
    """What came is not what this link reads."""


def read_head(data, first_line):
    """Return the first line, matched, the fields, and what comes after the head; None if it is not whole."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if len(head) > _HEAD_BYTES:
        raise MalformedError("the head is too long")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    matched, fields = first_line.fullmatch(first), [_FIELD.fullmatch(line) for line in lines]
    if matched is None or None in fields:
        raise MalformedError("the head is no head")
    headers = Headers(field.groups() for field in fields)
    lengths = headers.all("content-length")
    if (
        "transfer-encoding" in headers
        or len(lengths) > 1
        or not all(re.fullmatch("[0-9]{1,9}", n) for n in lengths)
    ):
        raise MalformedError("the body has no length, or several")
    return matched, headers, rest


def write_head(first, fields):
    """Return a head as bytes."""
    lines = [first, *(f"{name}: {value}" for name, value in fields), "connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


class PlainServerLink:
    """One connection to a server: one request, one response.

    Args:
        endpoint: what it belongs to.
        now: the time.
    """

    def __init__(self, endpoint, now):
        self.done = False
        self._endpoint = endpoint
        self._head_by = now + _HEAD_SECONDS
        self._unread = b""
        self._outbox = b""
        self._exchange = None
        self._left = 0
        self._is_answered = False

    def receive_data(self, data, now):
        if self._exchange is None and not self.done:
            self._unread += data
            try:
                found = read_head(self._unread, _REQUEST)
            except MalformedError as error:
                self._outbox = write_head("HTTP/1.1 400 Bad Request", [("content-length", "0")])
                self._endpoint.http.note_violation(str(error), now)
                self.end()
                return
            if found is not None:
                first, headers, data = found
                self._left = int(headers.get("content-length") or 0)
                head = RequestHead(method=first[1], target=first[2], headers=headers)
                self._exchange = self._endpoint.open_exchange(self, head, now)
                if not self._left:
                    self._exchange.receive_eof(now)
        if self._left and self._exchange is not None:
            piece = data[: self._left]
            self._left -= len(piece)
            self._exchange.receive_data(piece, now)
            if not self._left:
                self._exchange.receive_eof(now)

    def receive_eof(self, now, reason="the client is gone"):
        if self._exchange is not None:
            self._exchange.receive_disconnect(now, reason)
        self.end()

    def data_to_send(self):
        data, self._outbox = self._outbox, b""
        for action in () if self._exchange is None else self._exchange.actions():
            if isinstance(action, ResponseHead):
                data += write_head(
                    f"HTTP/1.1 {action.status} {HTTPStatus(action.status).phrase}", action.headers
                )
            elif isinstance(action, ResponseBody):
                data += action.data
            else:
                # Drivers leave little time to a link that is done. Who asks again has written all.
                self._is_answered = True
                self._endpoint.touch(self)
        if self._is_answered and not data and not self.done:
            self.end()
        return data

    def next_deadline(self):
        if self.done:
            return None
        return self._head_by if self._exchange is None else self._exchange.next_deadline()

    def handle_timeout(self, now):
        if self._exchange is not None:
            self._exchange.handle_timeout(now)
        elif now >= self._head_by:
            self.end()

    def end(self, *, only_idle=False):
        """Let nothing more come."""
        if self._exchange is None or not only_idle:
            self.done = True
            self._endpoint.forget(self)


class PlainClientLink:
    """One connection of a client: one request, one response.

    Args:
        endpoint: what it belongs to.
        exchange: what it carries.
    """

    def __init__(self, endpoint, exchange):
        self.done = False
        self._endpoint = endpoint
        self._exchange = exchange
        self._is_sent = False
        self._unread = b""
        self._has_head = False
        self._left = None

    def receive_data(self, data, now):
        try:
            self._receive(data, now)
        except MalformedError as error:
            self._exchange.receive_failure(str(error), now)
            self.end()
        if self._exchange.done:
            # Nobody wants the rest.
            self.end()

    def receive_eof(self, now, reason="the server ended the connection"):
        if not self.done and self._has_head and self._left is None:
            self._exchange.receive_eof(now)
        elif not self.done:
            self._exchange.receive_failure(reason, now)
        self.end()

    def data_to_send(self):
        if self._is_sent or self.done:
            return b""
        self._is_sent = True
        request, body = self._exchange.request, self._exchange.body
        fields = [
            ("host", self._exchange.url.authority),
            *request.headers.lines,
            ("content-length", len(body)),
        ]
        return write_head(f"{request.method} {request.target} HTTP/1.1", fields) + body

    def next_deadline(self):
        return None

    def handle_timeout(self, now):
        """The endpoint has the time of all requests."""

    def end(self):
        """Let nothing more come."""
        self.done = True
        self._endpoint.forget(self)

    def _receive(self, data, now):
        while not self._has_head:
            self._unread, data = self._unread + data, b""
            found = read_head(self._unread, _RESPONSE)
            if found is None:
                return
            first, headers, self._unread = found
            # An interim head changes nothing.
            if not first[1].startswith("1"):
                self._has_head, data = True, self._unread
                length = "0" if first[1] in ("204", "304") else headers.get("content-length")
                self._left = None if length is None else int(length)
                self._exchange.receive_head(int(first[1]), headers, now)
        piece = data if self._left is None else data[: self._left]
        if piece:
            self._exchange.receive_data(piece, now)
        if self._left is not None:
            self._left -= len(piece)
            if not self._left:
                self._exchange.receive_eof(now)
                self.end()


class _Endpoint:
    """What both endpoints do: pass on what belongs to no link, and note which links have something."""

    def __init__(self, http):
        self.http = http
        self.links = {}
        self._touched = {}

    @property
    def deadlines(self):
        return self.http.deadlines

    def next_event(self):
        return self.http.next_event()

    def next_deadline(self):
        return self.http.next_deadline()

    def handle_timeout(self, now):
        self.http.handle_timeout(now)

    def touch(self, link):
        self._touched[link] = None

    def ready(self):
        ready, self._touched = list(self._touched), {}
        return ready


class PlainServerEndpoint(_Endpoint):
    """Each connection that comes is an exchange."""

    def __init__(self, http):
        super().__init__(http)
        self._carrying = {}

    def accept(self, now):
        link = PlainServerLink(self, now)
        self.links[link] = None
        self.touch(link)
        return link

    def open_exchange(self, link, head, now):
        exchange = self.http.open_exchange(head, now)
        self._carrying[exchange] = link
        return exchange

    def forget(self, link):
        self.links.pop(link, None)
        self.touch(link)

    def actions(self):
        return self.http.actions()

    def ready(self):
        for exchange in self.http.ready():
            if exchange in self._carrying:
                self.touch(self._carrying[exchange])
                if exchange.done:
                    del self._carrying[exchange]
        return super().ready()

    def close(self, now):
        self.http.close(now)
        for link in tuple(self.links):
            link.end(only_idle=True)


class PlainClientEndpoint(_Endpoint):
    """Each request asks for a connection of its own."""

    def __init__(self, http, address):
        super().__init__(http)
        self._address = address

    @property
    def session(self):
        return self.http.session

    def connect(self, now):
        self.http.connect(now)

    def cancel(self, handle, now, *, reason=None):
        self.http.cancel(handle, now, reason=reason)

    def close(self, now):
        self.http.close(now)

    def forget(self, link):
        self.links = {exchange: other for exchange, other in self.links.items() if other is not link}
        self.touch(link)

    def actions(self):
        dials = []
        for action in self.http.actions():
            if isinstance(action, OpenRequest):
                link = self.links[action.exchange] = PlainClientLink(self, action.exchange)
                dials.append(Dial(link=link, address=self._address))
            elif action.exchange in self.links:
                self.links[action.exchange].end()
        return dials


class PlainServer(Server):
    """A server that is served by the endpoint above, whatever the binding."""

    def endpoint(self, environment, settings):
        return PlainServerEndpoint(self.http_endpoint(environment, {**settings, "http_sse": True}))


def plain_client(options, address):
    """Return the endpoint of a client: `connect("tcp://...", own_endpoint=plain_client)`."""
    # Clients of the first revision have an endpoint of their own.
    path = "/sse" if list(options.revisions) == ["2024-11-05"] else "/mcp"
    return PlainClientEndpoint(options.http_endpoint(f"http://127.0.0.1{path}", os.urandom), address)
