"""One HTTP request and its response, as a server's binding sees them."""

from typing import Final, Protocol

from sansmcp.http.heads import RequestHead, ResponseAction, ResponseBody, ResponseEnd, ResponseHead
from sansmcp.http.refusals import Refused, response
from sansmcp.http.server.checks import Place
from sansmcp.http.server.raw import RawMessages
from sansmcp.http.settings import HttpOptions
from sansmcp.http.states import EXCHANGE, ExchangeInput, ExchangeState, HttpEffect
from sansmcp.schema import Revision
from sansmcp.values import ABSENT, Absent, RequestId
from sansmcp.wire import encode_comment

_END: Final = ResponseEnd()
_EVENT_HEADERS: Final = (
    ("content-type", "text/event-stream"),
    ("cache-control", "no-store"),
    ("x-accel-buffering", "no"),
)
_COMMENT: Final = encode_comment()

CLIENT_GONE: Final = "the client went away"
"""Why an exchange ends of which nothing else is known."""


class Carried(Protocol):
    """What an exchange carries to its client: a stream, or a session of its own."""

    def pull(self) -> None:
        """Hand what there is to the exchange, which is about to be written."""

    def begin_events(self) -> None:
        """Let the response be a stream of events: it was quiet for too long."""

    def left(self, exchange: "ServerExchange", reason: str, now: float) -> None:
        """Take in that the client of the exchange is gone."""

    def next_deadline(self) -> float | None:
        """Return when something of its own is due, or None."""
        ...

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""


class Owner(Protocol):
    """What an exchange asks of its endpoint."""

    now: float

    @property
    def options(self) -> HttpOptions:
        """How it is set up."""
        ...

    def advance(self, now: float) -> None:
        """Let everything happen that is due."""

    def wake(self, exchange: "ServerExchange") -> None:
        """Say that an exchange may have something to write, another deadline or its end."""

    def receive_body(self, exchange: "ServerExchange", data: bytes) -> None:
        """Take in a whole request."""

    def refused(self, exchange: "ServerExchange", refused: Refused, request_id: RequestId | None) -> None:
        """Tell that a request was refused."""


class ServerExchange:
    """One request and its response; `ServerHttp.open_exchange` makes it.

    Args:
        owner: the endpoint.
        head: the head of the request.
        now: the time.
    """

    __slots__ = (
        "_body_by",
        "_carried",
        "_fields",
        "_is_taken",
        "_outbox",
        "_owner",
        "_pieces",
        "_quiet_at",
        "_raw",
        "_size",
        "_state",
        "head",
        "is_waiting",
        "place",
        "principal",
    )

    def __init__(self, owner: Owner, head: RequestHead, now: float) -> None:
        self.head: Final = head
        """The head of the request."""
        self.principal: str | None = None
        """Who sent it."""
        self.is_waiting = False
        """Whether the body must wait: who sent it, or whose it is, is being found out."""
        self.place = Place.ENDPOINT
        """What of the endpoint it is for."""
        self._owner = owner
        self._state = ExchangeState.RECEIVING
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_taken = False
        self._body_by = now + owner.options.limits.body_timeout
        self._quiet_at: float | None = None
        self._outbox: list[ResponseAction] = []
        self._carried: Carried | None = None
        self._fields: tuple[tuple[str, str], ...] = ()
        on_message = owner.options.on_message
        self._raw = None if on_message is None else RawMessages(on_message)

    # The binding's side

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in a piece of the body of the request.

        Afterwards drain the endpoint.
        """
        self._owner.advance(now)
        if self._state is not ExchangeState.RECEIVING or self._is_taken:
            return
        if now >= self._body_by:
            self._refuse_late()
            return
        self._size += len(data)
        limit = self._owner.options.limits.body_bytes
        if self._size > limit:
            self._pieces.clear()
            text = f"the body has more than {limit} bytes"
            self.refuse(Refused(status=413, reason=text, close=True))
        else:
            self._pieces.append(data)

    def receive_eof(self, now: float) -> None:
        """Take in that the request is complete.

        Afterwards drain the endpoint.
        """
        self._owner.advance(now)
        if self._state is not ExchangeState.RECEIVING or self._is_taken:
            return
        if now >= self._body_by:
            self._refuse_late()
            return
        self._is_taken = True
        if not self.is_waiting:
            self.go_on()
        if self._state is ExchangeState.RECEIVING:
            # Who sent it, or whose it is, is being found out: that is not the client's time.
            self._owner.wake(self)

    def receive_disconnect(self, now: float, reason: str = CLIENT_GONE) -> None:
        """Take in that the client is gone; it may be said again.

        Afterwards drain the endpoint.

        Args:
            now: the time.
            reason: how that showed.
        """
        self._owner.advance(now)
        effect = self._step(ExchangeInput.GONE)
        self._pieces.clear()
        self._outbox.clear()
        carried, self._carried = self._carried, None
        if effect is HttpEffect.LEAVE and carried is not None:
            carried.left(self, reason, self._owner.now)
        self._owner.wake(self)

    def actions(self) -> list[ResponseAction]:
        """Take what is to be written; call it only when about to write it.

        Afterwards drain the endpoint.
        """
        if self._carried is not None:
            self._carried.pull()
        actions, self._outbox = self._outbox, []
        if self._raw is not None:
            self._raw.sent(actions, self._owner.now)
        if self._state is ExchangeState.ANSWERED:
            self._step(ExchangeInput.TAKEN)
            self._carried = None
            self._owner.wake(self)
        elif actions:
            self._quiet_at = self._owner.now + self._owner.options.limits.keep_alive
            self._owner.wake(self)
        return actions

    @property
    def done(self) -> bool:
        """Nothing more is to be written: the end was taken, or nobody reads any more."""
        return self._state is ExchangeState.DONE

    @property
    def state(self) -> ExchangeState:
        """Where it stands."""
        return self._state

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        if self._state is ExchangeState.RECEIVING:
            return None if self._is_taken else self._body_by
        own = self._quiet_at
        if self._carried is None:
            return own
        other = self._carried.next_deadline()
        if own is None or other is None:
            return other if own is None else own
        return min(own, other)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due.

        Afterwards drain the endpoint.
        """
        self._owner.advance(now)
        if self._state is ExchangeState.RECEIVING:
            if now >= self._body_by and not self._is_taken:
                self._refuse_late()
            return
        if self._carried is not None:
            self._carried.handle_timeout(now)
        if self._quiet_at is not None and now >= self._quiet_at:
            self._be_heard(now)

    # The side of what it carries

    def add_fields(self, *fields: tuple[str, str]) -> None:
        """Let the response have more header fields."""
        self._fields += fields

    def go_on(self) -> None:
        """Hand the request on, since nothing has to be waited for any more."""
        self.is_waiting = False
        if self._is_taken:
            pieces = self._pieces
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            self._pieces = []
            if self._raw is not None:
                self._raw.received(data, self._owner.now)
            self._owner.receive_body(self, data)

    def carry(self, carried: Carried, *, begin_after: float | None = None) -> None:
        """Serve the request: what it carries writes the response.

        Args:
            carried: what it carries.
            begin_after: the seconds after which the response begins if nothing has been said; None for those
                after which a stream that is quiet is kept open.
        """
        self._step(ExchangeInput.REQUEST)
        self._carried = carried
        options = self._owner.options
        if not options.answers_only:
            quiet = options.limits.keep_alive
            self._quiet_at = self._owner.now + (quiet if begin_after is None else min(quiet, begin_after))
        self._owner.wake(self)

    def wake(self) -> None:
        """Say that what it carries may have something."""
        self._owner.wake(self)

    def answer(self, status: int, data: bytes) -> None:
        """Write a whole response: one message as JSON."""
        self._step(ExchangeInput.WHOLE)
        fields = (
            ("content-type", "application/json"),
            ("content-length", str(len(data))),
            *self._fields,
        )
        self._outbox += (ResponseHead(status=status, headers=fields), ResponseBody(data=data), _END)
        self._finish()

    def empty(self, status: int) -> None:
        """Write a whole response without a body."""
        self._step(ExchangeInput.WHOLE)
        self._outbox += (
            ResponseHead(status=status, headers=(("content-length", "0"), *self._fields)),
            _END,
        )
        self._finish()

    def respond(self, head: ResponseHead) -> None:
        """Write a whole response without a body, of which the head is known."""
        self._step(ExchangeInput.WHOLE)
        self._outbox += (head, _END)
        self._finish()

    def refuse(
        self,
        refused: Refused,
        *,
        request_id: RequestId | Absent = ABSENT,
        revision: Revision | None = None,
        is_told: bool = True,
    ) -> None:
        """Write the response to a request that is not served.

        Args:
            refused: why.
            request_id: the id in the body, where it is known.
            revision: the revision that is spoken, where it is known.
            is_told: whether our side hears of it.
        """
        self._step(ExchangeInput.WHOLE)
        self._outbox += response(refused, request_id=request_id, revision=revision, headers=self._fields)
        self._finish()
        if is_told:
            self._owner.refused(self, refused, None if request_id is ABSENT else request_id)

    def events(self, data: bytes) -> None:
        """Write a piece of a stream of events, and the head of the response before the first one."""
        if self._step(ExchangeInput.EVENT) is HttpEffect.BEGIN_EVENTS:
            self._outbox.append(ResponseHead(status=200, headers=(*_EVENT_HEADERS, *self._fields)))
        if data:
            self._outbox.append(ResponseBody(data=data))

    def end(self) -> None:
        """End the stream of events."""
        self._step(ExchangeInput.END)
        self._outbox.append(_END)
        self._finish()

    def abandon(self) -> None:
        """End the response, and leave out what the client was too slow to read."""
        # The head stays, where it was not taken yet.
        self._outbox = [action for action in self._outbox if isinstance(action, ResponseHead)]
        self.end()

    def _finish(self) -> None:
        self._quiet_at = None
        self._carried = None
        self._owner.wake(self)

    def _be_heard(self, now: float) -> None:
        self._quiet_at = now + self._owner.options.limits.keep_alive
        if self._state is ExchangeState.SERVING and self._carried is not None:
            self._carried.begin_events()
        # What was not read yet says enough.
        if self._state is ExchangeState.STREAMING and len(self._outbox) < 2:
            self.events(_COMMENT)
        self._owner.wake(self)

    def _refuse_late(self) -> None:
        seconds = self._owner.options.limits.body_timeout
        self.refuse(Refused(status=408, reason=f"the body took more than {seconds:g} s", close=True))

    def _step(self, happened: ExchangeInput) -> HttpEffect | None:
        effect, self._state = EXCHANGE[self._state][happened]
        return effect
