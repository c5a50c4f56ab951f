"""A server's endpoint over HTTP/1.1: each connection is a link, each request an exchange."""

from collections.abc import Sequence
from typing import Final

from sansmcp.http import RequestHead, ServerExchange, ServerHttp
from sansmcp.session import Deadlines, Dial, Errand, Link, ServerEvent, ServerSession, WrapLink
from sansmcp_h11.heads import HeadFault
from sansmcp_h11.limits import CONNECTION_LIMITS, ConnectionLimits
from sansmcp_h11.requests import Known, known_from
from sansmcp_h11.server_link import ServerLink

# A client sends a few heads, which differ in the name of a tool and in the length of the body.
_MOST_KNOWN: Final = 1024
"""Heads that are kept, for all connections together."""
_MOST_KEPT: Final = 1024
"""The bytes of a head that is kept."""


class H11Server:
    """Carries an endpoint of exchanges over connections, as the drivers of every runtime run them.

    Args:
        endpoint: the endpoint.
        limits: how long a connection lasts, and what it holds; those of requests are the endpoint's.
        wrap_link: puts something between each link and its driver.
    """

    def __init__(
        self,
        endpoint: ServerHttp,
        *,
        limits: ConnectionLimits = CONNECTION_LIMITS,
        wrap_link: WrapLink | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._wrap_link = wrap_link
        self._board = _Board(endpoint, limits)

    @property
    def endpoint(self) -> ServerHttp:
        """What is carried."""
        return self._endpoint

    @property
    def deadlines(self) -> Deadlines:
        """What is due for middleware that waits; whoever keeps them arms and disarms it."""
        return self._endpoint.deadlines

    @property
    def links(self) -> tuple[Link, ...]:
        """The connections that are open."""
        return tuple(link.shown for link in self._board.links)

    def accept(self, now: float) -> Link:
        """Return the link for a client that has come.

        Afterwards drain the endpoint.

        Args:
            now: the time.
        """
        board = self._board
        board.advance(now)
        link = ServerLink(board, now)
        if self._wrap_link is not None:
            link.shown = self._wrap_link(link)
        if len(board.links) < board.connections:
            board.links[link] = None
        else:
            self._turn_away(link, now)
        board.touch(link)
        return link.shown

    def _turn_away(self, link: ServerLink, now: float) -> None:
        board = self._board
        reason = f"{board.connections} connections are open; try again later"
        if not board.is_full:
            # Told once: who comes in a crowd must not fill the log.
            board.is_full = True
            board.note_violation(reason, now)
        link.turn_away(reason, now)

    def next_event(self) -> tuple[ServerSession, ServerEvent] | None:
        """Take the next event of any session, with the session, or None."""
        return self._endpoint.next_event()

    def actions(self) -> Sequence[Dial | Errand]:
        """Take what is to be done outside any link, in order: that of the endpoint."""
        return self._endpoint.actions()

    def ready(self) -> list[Link]:
        """Take the links that may have bytes, another deadline or their end since the last call."""
        return self._board.take_ready()

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted for what belongs to no link, or None."""
        return self._endpoint.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due and belongs to no link.

        Afterwards drain the endpoint.
        """
        self._board.advance(now)
        self._endpoint.handle_timeout(now)

    def close(self, now: float) -> None:
        """End every connection in good order: one that is idle at once, others with their answer.

        Afterwards drain the endpoint, until every link is done.
        """
        self._board.advance(now)
        self._endpoint.close(now)
        for link in tuple(self._board.links):
            link.close(now)


class _Board:
    """What the connections of one endpoint share."""

    def __init__(self, endpoint: ServerHttp, limits: ConnectionLimits) -> None:
        requests = endpoint.options.limits
        self.header_timeout = requests.header_timeout
        self.header_bytes = requests.header_bytes
        self.header_count = requests.header_count
        self.connections = requests.connections
        self.is_full = False
        self.limits = limits
        self.links: dict[ServerLink, None] = {}
        self._endpoint = endpoint
        self._now = float("-inf")
        self._touched: dict[Link, None] = {}
        self._carrying: dict[ServerExchange, ServerLink] = {}
        self._known: dict[bytes, Known] = {}

    @property
    def now(self) -> float:
        # An answer comes with a time that no connection was told.
        return max(self._now, self._endpoint.now)

    def advance(self, now: float) -> None:
        self._now = max(self._now, now)

    def touch(self, link: ServerLink) -> None:
        self._touched[link.shown] = None

    def take_ready(self) -> list[Link]:
        touched = self._touched
        carrying = self._carrying
        for exchange in self._endpoint.ready():
            link = carrying.get(exchange)
            if link is not None:
                touched[link.shown] = None
        if not touched:
            return []
        ready = list(touched)
        touched.clear()
        return ready

    def known(self, raw: bytes) -> Known | HeadFault:
        kept = self._known.get(raw)
        if kept is not None:
            return kept
        found = known_from(raw)
        # What lets somebody in is not kept.
        if isinstance(found, Known) and len(raw) <= _MOST_KEPT and not found.is_secret:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[raw] = found
        return found

    def open_exchange(self, link: ServerLink, head: RequestHead, now: float) -> ServerExchange:
        exchange = self._endpoint.open_exchange(head, now)
        self._carrying[exchange] = link
        self.touch(link)
        return exchange

    def end_exchange(self, exchange: ServerExchange) -> None:
        self._carrying.pop(exchange, None)

    def forget(self, link: ServerLink) -> None:
        if self.links.pop(link, link) is None:
            self.is_full = False
        self.touch(link)

    def note_violation(self, reason: str, now: float) -> None:
        self._endpoint.note_violation(reason, now)
