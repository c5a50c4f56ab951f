"""A client's endpoint over HTTP/1.1: exchanges travel on connections that are used again."""

from collections import deque
from functools import lru_cache

from sansmcp.client import TcpAddress, UnixAddress
from sansmcp.http import ClientExchange, ClientHttp, OpenRequest, Url
from sansmcp.session import (
    CallHandle,
    ClientEvent,
    ClientSession,
    Deadlines,
    Dial,
    Disconnected,
    Link,
    WrapLink,
)
from sansmcp_h11.client_link import ClientLink
from sansmcp_h11.limits import POOL_LIMITS, PoolLimits


@lru_cache(maxsize=64)
def address_of(url: Url) -> TcpAddress | UnixAddress:
    """Return where the connections for a URL go.

    Args:
        url: the URL.
    """
    if url.scheme == "http+unix":
        return UnixAddress(path=url.host)
    return TcpAddress(host=url.host, port=url.port, tls=url.scheme == "https")


class H11Client:
    """Carries an endpoint of exchanges over connections, which it asks for with `Dial` and uses again.

    Args:
        endpoint: the endpoint.
        limits: how many connections it makes, and how long it keeps them.
        wrap_link: puts something between each link and its driver.
    """

    def __init__(
        self,
        endpoint: ClientHttp,
        *,
        limits: PoolLimits = POOL_LIMITS,
        wrap_link: WrapLink | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._pool = _Pool(limits, wrap_link)

    @property
    def endpoint(self) -> ClientHttp:
        """What is carried."""
        return self._endpoint

    @property
    def session(self) -> ClientSession:
        """The session that calls are made on."""
        return self._endpoint.session

    @property
    def deadlines(self) -> Deadlines:
        """What is due for what stands between the session and callers, such as middleware that waits."""
        return self._endpoint.deadlines

    @property
    def links(self) -> tuple[Link, ...]:
        """The connections that are open or asked for."""
        return tuple(link.shown for link in self._pool.links)

    def connect(self, now: float) -> None:
        """Begin.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self._endpoint.connect(now)

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        """Give up a call or a subscription; see `ClientSession.cancel`.

        Afterwards drain next_event(), actions(), ready() and the deadlines.

        Args:
            handle: the call or the subscription.
            now: the time.
            reason: one sentence for the server's log.
        """
        self._endpoint.cancel(handle, now, reason=reason)

    def close(self, now: float) -> None:
        """End the connection in good order; it may be said again.

        Afterwards drain next_event(), actions(), ready() and the deadlines, until `Disconnected` comes and
        every link is done.
        """
        self._endpoint.close(now)

    def next_event(self) -> tuple[ClientSession, ClientEvent] | None:
        """Take the next event, with the session, or None."""
        found = self._endpoint.next_event()
        if found is not None and isinstance(found[1], Disconnected):
            self._pool.close()
        return found

    def actions(self) -> list[Dial]:
        """Take what is to be dialled."""
        for action in self._endpoint.actions():
            if isinstance(action, OpenRequest):
                self._pool.open(action.exchange)
            else:
                self._pool.abort(action.exchange)
        return self._pool.take_dials()

    def ready(self) -> list[Link]:
        """Take the links that may have bytes, another deadline or their end since the last call."""
        return self._pool.take_ready()

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted for what belongs to no link, or None."""
        return self._endpoint.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due and belongs to no link.

        Afterwards drain next_event(), actions(), ready() and the deadlines.
        """
        self._endpoint.handle_timeout(now)


class _Pool:
    """The connections of one client, and the requests that wait for one."""

    def __init__(self, limits: PoolLimits, wrap_link: WrapLink | None) -> None:
        self.limits = limits
        self.links: dict[ClientLink, None] = {}
        self._wrap_link = wrap_link
        self._idle: dict[ClientLink, None] = {}
        self._waiting: deque[ClientExchange] = deque()
        self._brief: deque[ClientExchange] = deque()
        self._touched: dict[Link, None] = {}
        self._dials: list[Dial] = []
        self._is_over = False

    def open(self, exchange: ClientExchange) -> None:
        if not self._has_room(exchange):
            self._queue(exchange).append(exchange)
        elif self._idle:
            # The one that was used last is the least likely to be closed by now; all go to one origin.
            link, _ = self._idle.popitem()
            link.carry(exchange)
        else:
            self._dial(exchange)

    def abort(self, exchange: ClientExchange) -> None:
        if exchange in self._queue(exchange):
            self._queue(exchange).remove(exchange)
        for link in tuple(self.links):
            if link.exchange is exchange:
                link.abort()

    def close(self) -> None:
        self._is_over = True
        self._waiting.clear()
        self._brief.clear()
        for link in tuple(self.links):
            link.abort()

    def take_dials(self) -> list[Dial]:
        dials, self._dials = self._dials, []
        # What was broken off before it was dialled needs no stream any more.
        return [dial for dial in dials if not dial.link.done]

    def take_ready(self) -> list[Link]:
        ready = list(self._touched)
        self._touched.clear()
        return ready

    # What connections say

    def touch(self, link: ClientLink) -> None:
        self._touched[link.shown] = None

    def released(self, link: ClientLink) -> None:
        self._idle[link] = None
        self._next_waiting()

    def forget(self, link: ClientLink) -> None:
        self.links.pop(link, None)
        self._idle.pop(link, None)
        self.touch(link)
        self._next_waiting()

    def send_again(self, exchange: ClientExchange) -> None:
        self._dial(exchange)

    def _next_waiting(self) -> None:
        waiting = self._brief or self._waiting
        if waiting and not self._is_over and self._has_room(waiting[0]):
            self.open(waiting.popleft())

    def _queue(self, exchange: ClientExchange) -> deque[ClientExchange]:
        return self._brief if exchange.is_brief else self._waiting

    def _has_room(self, exchange: ClientExchange) -> bool:
        used = len(self.links) - len(self._idle)
        return used < self.limits.connections + (self.limits.brief if exchange.is_brief else 0)

    def _dial(self, exchange: ClientExchange) -> None:
        link = ClientLink(self, address_of(exchange.url))
        if self._wrap_link is not None:
            link.shown = self._wrap_link(link)
        self.links[link] = None
        link.carry(exchange)
        self._dials.append(Dial(link=link.shown, address=link.address))
