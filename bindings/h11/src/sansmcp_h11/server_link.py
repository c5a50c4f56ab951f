"""One connection of a server: requests one after the other, each of them an exchange of the endpoint."""

from typing import Final, Protocol

from sansmcp.http import RequestHead, ResponseAction, ResponseBody, ResponseHead, ServerExchange
from sansmcp.session import Link
from sansmcp.session.base import PEER_CLOSED
from sansmcp.values import Word
from sansmcp_h11.heads import REQUEST, HeadBuffer, HeadFault
from sansmcp_h11.limits import ConnectionLimits
from sansmcp_h11.requests import ChunkedBody, Known
from sansmcp_h11.states import SERVER_CONNECTION, ServerInput, ServerPlace
from sansmcp_h11.writing import CONTINUE, LAST_CHUNK, chunk, response_head

_NO_BODY: Final = frozenset({204, 304})


class Framing(Word):
    """How the body of a response is told from what comes after it."""

    PLAIN = "by its length, or by the end of the connection"
    CHUNKS = "in chunks"
    NONE = "there is none"


class Board(Protocol):
    """What the connections of one endpoint share."""

    header_timeout: float
    header_bytes: int
    header_count: int
    limits: ConnectionLimits

    @property
    def now(self) -> float:
        """The latest time that anybody has told."""
        ...

    def advance(self, now: float) -> None:
        """Take note of the time."""

    def touch(self, link: "ServerLink") -> None:
        """Say that a connection has something to write, another deadline or its end."""

    def known(self, raw: bytes) -> Known | HeadFault:
        """Read a head, or find it among those that were read."""
        ...

    def open_exchange(self, link: "ServerLink", head: RequestHead, now: float) -> ServerExchange:
        """Open the exchange of a request."""
        ...

    def end_exchange(self, exchange: ServerExchange) -> None:
        """Forget an exchange."""

    def forget(self, link: "ServerLink") -> None:
        """Forget a connection that has ended."""

    def note_violation(self, reason: str, now: float) -> None:
        """Tell what was refused before it was a request."""


class ServerLink:
    """One connection. `H11Server.accept` makes it.

    Args:
        board: what it shares with others.
        now: the time.
    """

    def __init__(self, board: Board, now: float) -> None:
        self.shown: Link = self
        """What the driver has for it."""
        self._board: Final = board
        self._place = ServerPlace.HEAD
        self._heads = HeadBuffer(REQUEST, most_bytes=board.header_bytes, most_fields=board.header_count)
        self._deadline: float | None = now + board.header_timeout
        # Where time matters and is not known, it is asked for: the deadline is now.
        self._is_stale = False
        self._look_at = 0.0
        self._known: Known | None = None
        self._left = 0
        self._chunks: ChunkedBody | None = None
        self._exchange: ServerExchange | None = None
        self._outbox: list[bytes] = []
        self._framing = Framing.PLAIN
        self._awaits_continue = False
        self._has_answered = False
        self._closes = False
        self._rest = 0

    # Inputs

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in bytes that were read, cut anywhere; after the end they are dropped.

        Afterwards drain the endpoint.
        """
        self._board.advance(now)
        if self._deadline is not None and now >= self._deadline:
            self.handle_timeout(now)
        match self._place:
            case ServerPlace.IDLE | ServerPlace.HEAD:
                if data and self._place is ServerPlace.IDLE:
                    self._expect_head(now)
                self._heads.receive_data(data)
                self._read_head(now)
            case ServerPlace.REQUEST | ServerPlace.REST:
                self._read_body(data, now)
            case ServerPlace.ANSWER:
                self._heads.receive_data(data)
                if len(self._heads) > self._board.limits.pipelined_bytes:
                    self._heads.take_all()
                    self._closes = True
            case ServerPlace.CLOSED:
                pass

    def receive_eof(self, now: float, reason: str = PEER_CLOSED) -> None:
        """Take in that the client is gone; it may be said again.

        Afterwards drain the endpoint.

        Args:
            now: the time.
            reason: how that showed.
        """
        self._board.advance(now)
        if self._place is not ServerPlace.CLOSED:
            self._outbox.clear()
            self._close(now, reason)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due.

        Afterwards drain the endpoint.
        """
        self._board.advance(now)
        if self._exchange is not None:
            self._exchange.handle_timeout(now)
            if now >= self._look_at:
                self._look_at = now + self._board.limits.idle
        if self._deadline is None or now < self._deadline:
            return
        if self._is_stale:
            self._go_on(now)
        elif self._place is ServerPlace.HEAD and len(self._heads):
            seconds = self._board.header_timeout
            self._refuse(HeadFault(status=408, reason=f"the head took more than {seconds:g} s"), now)
        else:
            self._close(now, "the connection was not used")

    def close(self, now: float) -> None:
        """End the connection: at once if no request was read, else with its answer.

        Afterwards drain the endpoint.
        """
        self._board.advance(now)
        self._closes = True
        if self._place in {ServerPlace.IDLE, ServerPlace.HEAD, ServerPlace.REST}:
            self._close(now, "this side closed the connection")

    def turn_away(self, reason: str, now: float) -> None:
        """End the connection before it begins.

        Args:
            reason: why.
            now: the time.
        """
        self._answer(HeadFault(status=503, reason=reason))
        self._close(now, reason)

    # Outputs

    def data_to_send(self) -> bytes:
        """Take the bytes to write; call it only when about to write them.

        Afterwards drain the endpoint.
        """
        exchange = self._exchange
        if exchange is not None:
            for action in exchange.actions():
                self._write(action)
            if self._awaits_continue and self._place is ServerPlace.REQUEST and not self._has_answered:
                self._awaits_continue = False
                self._outbox.append(CONTINUE)
        if not self._outbox:
            return b""
        data = b"".join(self._outbox)
        self._outbox.clear()
        return data

    @property
    def done(self) -> bool:
        """Nothing more will come: close the stream once data_to_send() is empty."""
        return self._place is ServerPlace.CLOSED

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        exchange = self._exchange
        if exchange is None:
            return self._deadline
        at = exchange.next_deadline()
        # Whoever looks then sees when the connection is idle for too long, and need not be told of it before.
        return self._look_at if at is None or at > self._look_at else at

    # Requests

    def _expect_head(self, now: float) -> None:
        self._is_stale = False
        self._step(ServerInput.BYTES)
        self._deadline = now + self._board.header_timeout
        self._board.touch(self)

    def _read_head(self, now: float) -> None:
        last = self._known
        raw = self._heads.next_head(b"" if last is None else last.raw)
        if raw is None:
            return
        if isinstance(raw, HeadFault):
            self._refuse(raw, now)
            return
        known = last if last is not None and raw is last.raw else self._board.known(raw)
        if isinstance(known, HeadFault):
            self._refuse(known, now)
        else:
            self._begin(known, now)

    def _begin(self, known: Known, now: float) -> None:
        self._known = known
        self._left = known.length
        self._chunks = ChunkedBody(known.raw) if known.is_chunked else None
        self._awaits_continue = known.awaits_continue
        self._has_answered = False
        if known.closes:
            self._closes = True
        self._deadline = None
        self._look_at = now + self._board.limits.idle
        self._step(ServerInput.HEAD)
        self._exchange = self._board.open_exchange(self, known.head, now)
        self._read_body(self._heads.take_all(), now)

    def _read_body(self, data: bytes, now: float) -> None:
        if data:
            self._awaits_continue = False
        chunks = self._chunks
        if chunks is not None:
            self._read_chunks(chunks, data, now)
            return
        left = self._left
        if len(data) < left:
            self._left = left - len(data)
            self._take(data, now)
            return
        if left and not self._take(data[:left], now):
            return
        if len(data) > left:
            self._heads.receive_data(data[left:])
        self._complete(now)

    def _read_chunks(self, chunks: ChunkedBody, data: bytes, now: float) -> None:
        chunks.receive_data(data)
        while (piece := chunks.next_piece()) is not None:
            if isinstance(piece, HeadFault):
                self._break(piece.reason, now)
                return
            if not piece:
                self._heads.receive_data(chunks.rest)
                self._complete(now)
                return
            if not self._take(piece, now):
                return

    def _take(self, piece: bytes, now: float) -> bool:
        """Hand a piece of the body on, or drop it if the request was answered; say whether to read on."""
        exchange = self._exchange
        if exchange is not None:
            exchange.receive_data(piece, now)
            return True
        self._rest -= len(piece)
        if self._rest < 0:
            self._close(now, "the rest of the request is too long")
        return self._rest >= 0

    def _complete(self, now: float) -> None:
        self._awaits_continue = False
        exchange = self._exchange
        if exchange is not None:
            self._step(ServerInput.REQUEST)
            exchange.receive_eof(now)
        elif self._closes:
            self._close(now, "the answer said so")
        else:
            self._step(ServerInput.REQUEST)
            self._go_on(now)

    # Responses

    def _write(self, action: ResponseAction) -> None:
        if isinstance(action, ResponseBody):
            if self._framing is not Framing.NONE:
                self._outbox.append(chunk(action.data) if self._framing is Framing.CHUNKS else action.data)
        elif isinstance(action, ResponseHead):
            self._write_head(action)
        else:
            if self._framing is Framing.CHUNKS:
                self._outbox.append(LAST_CHUNK)
            self._end_answer()

    def _write_head(self, head: ResponseHead) -> None:
        self._has_answered = True
        # Nobody knows whether the body comes that was held back.
        if head.close or self._awaits_continue:
            self._closes = True
        fields = head.headers
        self._framing = self._framing_of(head)
        if self._framing is Framing.CHUNKS:
            fields = (*fields, ("transfer-encoding", "chunked"))
        if self._closes:
            fields = (*fields, ("connection", "close"))
        self._outbox.append(response_head(head.status, fields))

    def _framing_of(self, head: ResponseHead) -> Framing:
        known = self._known
        if head.status in _NO_BODY or known is None or known.head.method == "HEAD":
            return Framing.NONE
        if known.is_old or "content-length" in dict(head.headers):
            return Framing.PLAIN
        return Framing.CHUNKS

    def _end_answer(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._board.end_exchange(exchange)
        if self._place is ServerPlace.REQUEST:
            self._step(ServerInput.ANSWER)
            self._rest = self._board.limits.rest_bytes
            self._ask_for_time()
        elif self._closes:
            self._close(self._board.now, "the answer said so")
        else:
            self._step(ServerInput.ANSWER)
            self._deadline = self._board.now + self._board.limits.idle
            if len(self._heads):
                self._ask_for_time()

    def _ask_for_time(self) -> None:
        self._is_stale = True
        self._deadline = self._board.now
        self._board.touch(self)

    def _go_on(self, now: float) -> None:
        """Read what waited while the last request was answered."""
        self._is_stale = False
        if self._place is ServerPlace.REST:
            self._deadline = now + self._board.limits.rest_time
        elif len(self._heads):
            self._expect_head(now)
            self._read_head(now)
        else:
            self._deadline = now + self._board.limits.idle
        self._board.touch(self)

    # The end

    def _break(self, reason: str, now: float) -> None:
        """End a connection whose request is malformed after its head."""
        if self._has_answered or self._exchange is None:
            self._close(now, reason)
        else:
            self._refuse(HeadFault(status=400, reason=reason), now)

    def _refuse(self, fault: HeadFault, now: float) -> None:
        self._answer(fault)
        self._board.note_violation(fault.reason, now)
        self._close(now, fault.reason)

    def _answer(self, fault: HeadFault) -> None:
        body = f"{fault.reason}\n".encode("ascii", "backslashreplace")
        fields = (
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        )
        self._outbox.append(response_head(fault.status, fields))
        self._outbox.append(body)

    def _close(self, now: float, reason: str) -> None:
        exchange, self._exchange = self._exchange, None
        self._step(ServerInput.END)
        self._deadline = None
        self._heads.take_all()
        if exchange is not None:
            self._board.end_exchange(exchange)
            exchange.receive_disconnect(now, reason)
        self._board.forget(self)

    def _step(self, happened: ServerInput) -> None:
        self._place = SERVER_CONNECTION[self._place][happened][1]
