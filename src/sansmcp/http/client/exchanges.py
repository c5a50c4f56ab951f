"""What all exchanges of one client have in common: their origin, their headers, their time, their session."""

import re
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.http.client.answers import advice_on
from sansmcp.http.client.exchange import AbortRequest, Answer, ClientExchange, OpenRequest, Taker
from sansmcp.http.heads import Headers, RequestHead
from sansmcp.http.urls import Url
from sansmcp.session import (
    ClientEvent,
    ClientSession,
    Deadlines,
    Direction,
    HearMessage,
    ProtocolViolated,
    RawMessage,
)
from sansmcp.session.settings import Restart
from sansmcp.values import RequestId
from sansmcp.wire import Limits

HttpAction: TypeAlias = OpenRequest | AbortRequest
"""What a client asks whoever carries its exchanges."""

# As many as reconnections of a stream; browsers allow 20, curl 50.
_REDIRECTS: Final = 5
# RFC 9110, section 5.1.
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
FIELD_VALUE: Final = re.compile(r"[!-~](?:[\t -~]*[!-~])?|")
"""What a header field can say (RFC 9110, section 5.5), without what is no ASCII."""
# What the machine and the framing below it say themselves.
_OURS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "last-event-id",
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
        "mcp-session-id",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def checked_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the user's header fields, in the order given.

    Args:
        headers: names and values.

    Raises:
        LocalProtocolError: one could not be sent, or is not the user's to say; it never shows a value.
    """
    if not isinstance(headers, Mapping):
        raise LocalProtocolError(
            f"headers: expected a mapping of names to values, found a {type(headers).__name__}"
        )
    for name, value in headers.items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise LocalProtocolError(f"headers: expected the name of a header field, found {name!r:.80}")
        if not isinstance(value, str) or FIELD_VALUE.fullmatch(value) is None:
            raise LocalProtocolError(
                f"headers[{name!r:.80}]: expected printable ASCII without outer blanks; the value has others"
            )
        if name.lower() in _OURS or name.lower().startswith("mcp-param-"):
            raise LocalProtocolError(f"headers[{name!r:.80}]: the client says this itself; leave it out")
    return tuple(headers.items())


@attrs.frozen(kw_only=True)
class HttpClientLimits:
    """How much a client takes, and how often it tries."""

    messages: Limits = attrs.field(factory=Limits)
    """How long a body and an event may be, and what a message may contain."""
    # As the Go SDK, and half of what browsers do.
    reconnect: Restart = attrs.field(factory=Restart)
    """How a stream that was cut is taken up again, and how often without progress."""
    # 404 forever would otherwise be a loop.
    renewals: int = 5
    """How often a session is opened anew without an answer to any call in between."""
    # A stream of a day with an event a second stays below it twice over a minute.
    event_ids: int = 10_000
    """The ids of events that are remembered for each stream, so that none is taken twice."""
    # As many as questions of the server in flight; no SDK has a bound, and each costs a POST.
    answers: int = 1000
    """Answers to requests of the server, pings among them, that it has not accepted yet; further ones are
    dropped, each with a `ProtocolViolated`."""
    # As `SessionLimits.unsent_bytes`.
    answer_bytes: int = 8 * 1024 * 1024
    """The bytes of those answers; where they are reached, further answers are dropped too."""


class Exchanges:
    """Opens exchanges on one origin, and keeps what they share.

    Args:
        session: the session they serve.
        url: the endpoint.
        headers: the user's header fields, which go with every request.
        limits: how much is taken.
        random: gives random bytes.
        advance: lets everything happen that is due.
        on_message: told of each message as bytes.
    """

    def __init__(
        self,
        session: ClientSession,
        url: Url,
        *,
        headers: Sequence[tuple[str, str]],
        limits: HttpClientLimits,
        random: Callable[[int], bytes],
        advance: Callable[[float], None],
        on_message: HearMessage | None = None,
    ) -> None:
        self.session = session
        self.url = url
        """Where requests go."""
        self.limits = limits
        self.deadlines = Deadlines()
        """When streams are taken up again, and how long is waited for what no call waits for."""
        self.events: deque[ClientEvent] = deque()
        """What this side has to tell beside the session."""
        self._headers = tuple(headers)
        self._random = random
        self._advance = advance
        self._on_message = on_message
        # One for each exchange at most.
        self._actions: dict[ClientExchange, HttpAction] = {}

    @property
    def now(self) -> float:
        """The latest time that the session was told."""
        return self.session.now

    # Exchanges

    def open(
        self,
        taker: Taker,
        method: str,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        *,
        url: Url | None = None,
    ) -> None:
        """Open an exchange for a taker, in place of the one it had.

        Args:
            taker: takes the response.
            method: the method of HTTP.
            headers: the fields beside those of the user.
            body: the body; empty for none.
            url: where it goes, by default the endpoint; always on its origin.
        """
        url = self.url if url is None else url
        lines = (("accept-encoding", "identity"), *headers, *self._headers)
        head = RequestHead(method=method, target=url.target, headers=Headers(lines))
        self._put(taker, url, head, body, 0)

    def abort(self, taker: Taker) -> None:
        """Break off the exchange of a taker, if it has one."""
        exchange, taker.exchange = taker.exchange, None
        if exchange is not None and not exchange.done:
            self.break_off(exchange)

    def break_off(self, exchange: ClientExchange) -> None:
        """Let nobody read the rest of a response."""
        exchange.abandon()
        # Where nobody has begun to send it, that is all.
        if self._actions.pop(exchange, None) is None:
            self._actions[exchange] = AbortRequest(exchange=exchange)

    def release(self, taker: Taker) -> None:
        """Want nothing more of a response; the server is about to end it."""
        exchange, taker.exchange = taker.exchange, None
        if exchange is not None:
            exchange.abandon()

    def wait(self, key: Hashable, at: float, reason: str, act: Callable[[], None]) -> None:
        """Do something at a time to come, in place of what was to be done for the same key."""
        self.deadlines.arm(key, at, reason, act)

    def take_actions(self) -> list[HttpAction]:
        """Take what is to be done, in order."""
        actions = list(self._actions.values())
        self._actions.clear()
        for action in actions:
            if isinstance(action, OpenRequest) and action.exchange.body:
                self.passes(Direction.SENT, action.exchange.body)
        return actions

    def _put(self, taker: Taker, url: Url, head: RequestHead, body: bytes, redirects: int) -> None:
        exchange = ClientExchange(
            url,
            head,
            body,
            owner=self,
            taker=taker,
            limits=self.limits.messages,
            redirects=redirects,
        )
        taker.exchange = exchange
        self._actions[exchange] = OpenRequest(exchange=exchange)

    def advance(self, now: float) -> None:
        """Let everything happen that is due."""
        self._advance(now)

    def passes(self, direction: Direction, data: bytes) -> None:
        """Tell of a whole message as bytes, where somebody wants to hear."""
        if self._on_message is not None:
            self._on_message(RawMessage(at=self.now, direction=direction, data=data))

    def redirect(self, exchange: ClientExchange, answer: Answer, now: float) -> bool:
        """Follow a redirection that stays on the origin and keeps the method."""
        location = answer.headers.get("location")
        if answer.status not in (307, 308) or location is None:
            return False
        taker = exchange.taker
        refused = f"it is redirected to {location[:80]!r}"
        try:
            url = exchange.url.join(location)
        except LocalProtocolError as error:
            taker.take_end(f"{refused}; {error}", now)
            return True
        if url.origin != exchange.url.origin:
            reason = f"{refused}; that is another server, which is not followed{advice_on(answer)}"
            taker.take_end(reason, now)
        elif exchange.redirects >= _REDIRECTS:
            taker.take_end(f"{refused}, after {exchange.redirects} redirections", now)
        else:
            if answer.status == 308 and exchange.url == self.url:
                # It is for good.
                self.url = url
            head = attrs.evolve(exchange.request, target=url.target)
            self._put(taker, url, head, exchange.body, exchange.redirects + 1)
        return True

    # What is told

    def report(self, reason: str, request_id: RequestId | None = None) -> None:
        """Tell that the server broke a rule, where no call ends by it."""
        self.events.append(ProtocolViolated(reason=reason, request_id=request_id))

    def share(self) -> float:
        """Return a number from 0 to 1, by chance."""
        return self._random(1)[0] / 255
