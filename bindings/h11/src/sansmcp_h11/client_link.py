"""One connection of a client: requests one after the other, each of them an exchange of the endpoint."""

from typing import Final, Protocol

import h11

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.http import ClientExchange
from sansmcp.session import Link
from sansmcp.session.base import PEER_CLOSED
from sansmcp_h11.heads import RESPONSE, HeadBuffer, HeadFault, fields_of, length_fault
from sansmcp_h11.limits import PoolLimits
from sansmcp_h11.states import CLIENT_CONNECTION, ClientInput, ClientPlace

# RFC 9110, section 9.2.2: what may be sent twice by itself.
_IDEMPOTENT: Final = frozenset({"DELETE", "GET"})
_READING: Final = frozenset(
    {
        "completion/complete",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "server/discover",
        "tools/list",
    }
)
"""Requests of the modern era, by the field that names them, which change nothing."""

_SWITCHING: Final = 101


class Pool(Protocol):
    """What the connections of one client share."""

    limits: PoolLimits

    def touch(self, link: "ClientLink") -> None:
        """Say that a connection has something to write, another deadline or its end."""

    def released(self, link: "ClientLink") -> None:
        """Take back a connection that can be used again."""

    def forget(self, link: "ClientLink") -> None:
        """Forget a connection that has ended."""

    def send_again(self, exchange: ClientExchange) -> None:
        """Send a request on a connection of its own, since nothing has become of it."""


class ClientLink:
    """One connection; `H11Client` makes it and asks for its stream by `Dial`.

    Args:
        pool: what it shares with others.
        address: where it goes.
    """

    def __init__(self, pool: Pool, address: TcpAddress | UnixAddress) -> None:
        self.shown: Link = self
        """What the driver has for it."""
        self.address: Final = address
        """Where it goes."""
        self.exchange: ClientExchange | None = None
        """What it carries."""
        self._pool: Final = pool
        self._place = ClientPlace.IDLE
        self._connection = h11.Connection(h11.CLIENT)
        self._heads = HeadBuffer(
            RESPONSE, most_bytes=pool.limits.header_bytes, most_fields=pool.limits.header_count
        )
        self._deadline: float | None = None
        self._is_reused = False
        self._interim = 0
        self._rest = 0

    def carry(self, exchange: ClientExchange) -> None:
        """Take a request on; the connection is new, or was released."""
        self.exchange = exchange
        self._step(ClientInput.REQUEST)
        self._deadline = None
        self._pool.touch(self)

    def abort(self) -> None:
        """Close the connection at once; what it carries is not told."""
        self.exchange = None
        self._close()

    # Inputs

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in bytes that were read, cut anywhere; after the end they are dropped.

        Afterwards drain the endpoint.
        """
        if not data:
            return
        match self._place:
            case ClientPlace.HEAD:
                self._heads.receive_data(data)
                self._read_heads(now)
            case ClientPlace.BODY | ClientPlace.REST:
                self._read_body(data, now)
            case ClientPlace.IDLE | ClientPlace.REQUEST:
                # Nobody has asked: a server says so that it has closed the connection.
                self._lose("the server spoke without being asked", now)
            case ClientPlace.CLOSED:
                pass

    def receive_eof(self, now: float, reason: str = PEER_CLOSED) -> None:
        """Take in that nothing more will be read, or that no stream could be opened; it may be said again.

        Afterwards drain the endpoint.

        Args:
            now: the time.
            reason: why.
        """
        if self._place in {ClientPlace.BODY, ClientPlace.REST}:
            # The end of the connection may be the end of the body.
            self._connection.receive_data(b"")
            self._read_events(now, reason)
        if self._place is not ClientPlace.CLOSED:
            self._lose(reason, now)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due.

        Afterwards drain the endpoint.
        """
        if self._deadline is not None and now >= self._deadline:
            self._close()

    # Outputs

    def data_to_send(self) -> bytes:
        """Take the bytes to write; call it only when about to write them.

        Afterwards drain the endpoint.
        """
        exchange = self.exchange
        if self._place is not ClientPlace.REQUEST or exchange is None:
            return b""
        self._step(ClientInput.SENT)
        request, body = exchange.request, exchange.body
        fields = [("host", exchange.url.authority), *request.headers.lines]
        if body or request.method == "POST":
            fields.append(("content-length", str(len(body))))
        connection = self._connection
        data = connection.send(h11.Request(method=request.method, target=request.target, headers=fields))
        if body:
            data += connection.send(h11.Data(data=body))
        connection.send(h11.EndOfMessage())
        return data

    @property
    def done(self) -> bool:
        """Nothing more will come: close the stream once data_to_send() is empty."""
        return self._place is ClientPlace.CLOSED

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        return self._deadline

    # Responses

    def _read_heads(self, now: float) -> None:
        while self._place is ClientPlace.HEAD:
            head = self._heads.next_head()
            if head is None:
                return
            if isinstance(head, HeadFault):
                self._fail(head.reason, now)
                return
            self._read_head(head, now)

    def _read_head(self, head: bytes, now: float) -> None:
        first, headers = fields_of(head)
        status = int(first[9:12])
        reason = (
            "the server wants to speak another protocol" if status == _SWITCHING else length_fault(headers)
        )
        if reason is not None:
            self._fail(reason, now)
            return
        try:
            self._connection.receive_data(head)
            event = self._connection.next_event()
        except h11.RemoteProtocolError as error:
            self._fail(str(error), now)
            return
        if isinstance(event, h11.InformationalResponse):
            self._interim += 1
            if self._interim > self._pool.limits.informational:
                self._fail(f"expected a response, found {self._interim} heads that announce one", now)
            return
        self._step(ClientInput.HEAD)
        if self.exchange is not None:
            self.exchange.receive_head(status, headers, now)
        self._read_body(self._heads.take_all(), now)

    def _read_body(self, data: bytes, now: float) -> None:
        if data:
            self._connection.receive_data(data)
        self._read_events(now, None)

    def _read_events(self, now: float, end: str | None) -> None:
        while self._place is not ClientPlace.CLOSED:
            try:
                event = self._connection.next_event()
            except h11.RemoteProtocolError as error:
                self._fail(str(error) if end is None else f"{end} before the response was complete", now)
                return
            if isinstance(event, h11.Data):
                self._take(bytes(event.data), now)
            elif isinstance(event, h11.EndOfMessage):
                self._complete(now)
                return
            else:
                self._let_go(now)
                return

    def _take(self, data: bytes, now: float) -> None:
        if self._place is ClientPlace.BODY and self.exchange is not None:
            self.exchange.receive_data(data, now)
        else:
            self._rest -= len(data)
            if self._rest < 0:
                self._close()
                return
        self._let_go(now)

    def _let_go(self, now: float) -> None:
        """Read the rest for the connection's sake alone, once the exchange wants no more."""
        exchange = self.exchange
        if self._place is ClientPlace.BODY and exchange is not None and exchange.done:
            self.exchange = None
            self._step(ClientInput.UNWANTED)
            self._rest = self._pool.limits.rest_bytes
            self._deadline = now + self._pool.limits.rest_time
            self._pool.touch(self)

    def _complete(self, now: float) -> None:
        exchange, self.exchange = self.exchange, None
        connection = self._connection
        is_clean = connection.our_state is h11.DONE and connection.their_state is h11.DONE
        if is_clean and not connection.trailing_data[0]:
            connection.start_next_cycle()
            self._step(ClientInput.COMPLETE)
            self._is_reused = True
            self._interim = 0
            self._deadline = now + self._pool.limits.idle
            if exchange is not None:
                exchange.receive_eof(now)
            self._pool.released(self)
            self._pool.touch(self)
            return
        self._close()
        if exchange is not None:
            exchange.receive_eof(now)

    # The end

    def _lose(self, reason: str, now: float) -> None:
        """Take in that the connection is gone, and send what it carries again where that does no harm."""
        exchange = self.exchange
        nothing_came = self._interim == 0 and len(self._heads) == 0
        may_repeat = (
            exchange is not None
            and self._is_reused
            and nothing_came
            and (
                self._place is ClientPlace.REQUEST
                or (self._place is ClientPlace.HEAD and _changes_nothing(exchange))
            )
        )
        if exchange is not None and may_repeat:
            self.exchange = None
            self._close()
            self._pool.send_again(exchange)
        else:
            self._fail(reason, now)

    def _fail(self, reason: str, now: float) -> None:
        exchange, self.exchange = self.exchange, None
        self._close()
        if exchange is not None:
            exchange.receive_failure(reason, now)

    def _close(self) -> None:
        self._step(ClientInput.END)
        self._deadline = None
        self._pool.forget(self)

    def _step(self, happened: ClientInput) -> None:
        self._place = CLIENT_CONNECTION[self._place][happened][1]


def _changes_nothing(exchange: ClientExchange) -> bool:
    request = exchange.request
    return request.method in _IDEMPOTENT or request.headers.get("mcp-method") in _READING
