"""Two ways for a request to reach a server: as an exchange, and as the bytes of a connection of HTTP/1.1.

What comes of the response is told in the same parts either way: `Head`, pieces of the body, and `END`.
"""

import attrs
import h11

from sansmcp.http import Headers, RequestHead, ResponseBody, ResponseHead
from sansmcp_h11 import H11Server

END = object()
"""The response is complete."""
GONE = "the client went away"


@attrs.frozen(kw_only=True)
class Sent:
    """A request; `ends` says that nothing of its body is missing."""

    method: str
    target: str
    fields: tuple
    body: bytes
    ends: bool = True


@attrs.frozen(kw_only=True)
class Head:
    """The head of a response."""

    status: int
    fields: tuple


class ByExchanges:
    """Carries requests as exchanges.

    Args:
        endpoint: the server's endpoint.
        cut: how bodies are cut.
    """

    def __init__(self, endpoint, cut):
        self.served = endpoint
        self._cut = cut
        self._ways = {}

    def open(self, sent, now):
        """Send the head of a request; return the way that it goes."""
        head = RequestHead(method=sent.method, target=sent.target, headers=Headers(sent.fields))
        exchange = self.served.open_exchange(head, now)
        self._ways[exchange] = _OfExchange(exchange, self._cut)
        return self._ways[exchange]

    def ready(self):
        """Return the ways that may have something."""
        return [self._ways[exchange] for exchange in self.served.ready() if exchange in self._ways]


class _OfExchange:
    """One exchange."""

    def __init__(self, exchange, cut):
        self.timed = exchange
        self._cut = cut

    def send(self, sent, now, between):
        """Send the rest of a request."""
        for piece in pieces(self._cut, sent.body):
            self.timed.receive_data(piece, now)
            between()
        if sent.ends:
            self.timed.receive_eof(now)
            between()

    def take(self):
        """Return the parts of the response that there are."""
        for action in self.timed.actions():
            if isinstance(action, ResponseHead):
                yield Head(status=action.status, fields=action.headers)
            elif isinstance(action, ResponseBody):
                yield from pieces(self._cut, action.data)
            else:
                yield END

    def leave(self, now):
        """Let the client go away."""
        if not self.timed.done:
            self.timed.receive_disconnect(now, GONE)


class ByBytes:
    """Carries requests as bytes of HTTP/1.1, each on a connection of its own.

    Args:
        endpoint: the server's endpoint.
        cut: how the bytes are cut.
    """

    def __init__(self, endpoint, cut):
        self.served = H11Server(endpoint)
        self._cut = cut
        self._ways = {}

    def open(self, sent, now):
        """Open a connection for a request; return it."""
        del sent
        link = self.served.accept(now)
        self._ways[link] = _OfConnection(link, self._cut)
        return self._ways[link]

    def ready(self):
        """Return the connections that may have something."""
        return [self._ways[link] for link in self.served.ready()]


class _OfConnection:
    """One connection; what comes on it is read by h11, which is none of ours."""

    def __init__(self, link, cut):
        self.timed = link
        self._cut = cut
        self._reader = h11.Connection(h11.CLIENT)

    def send(self, sent, now, between):
        """Send a request."""
        request = h11.Request(method=sent.method, target=sent.target, headers=sent.fields)
        parts = (request, h11.Data(data=sent.body), *((h11.EndOfMessage(),) if sent.ends else ()))
        for piece in pieces(self._cut, b"".join(map(self._reader.send, parts))):
            self.timed.receive_data(piece, now)
            between()

    def take(self):
        """Return the parts of the response that there are."""
        for piece in pieces(self._cut, self.timed.data_to_send()):
            self._reader.receive_data(piece)
            while (event := self._reader.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response):
                    fields = tuple((name.decode(), value.decode()) for name, value in event.headers)
                    yield Head(status=event.status_code, fields=fields)
                elif isinstance(event, h11.Data):
                    yield bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    yield END
                    break

    def leave(self, now):
        """Let the client go away."""
        self.timed.receive_eof(now, GONE)


def pieces(cut, data):
    """Return the pieces that data is cut into, none of them empty."""
    return [piece for piece in cut(data) if piece]
