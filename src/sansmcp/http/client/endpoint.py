"""A client's endpoint over HTTP: one session, whose messages travel in many exchanges."""

import itertools
from collections.abc import Callable, Iterator, Mapping

import attrs

from sansmcp.http.client.exchanges import Exchanges, HttpAction, HttpClientLimits, checked_headers
from sansmcp.http.client.reopening import Reopening
from sansmcp.http.client.transport import Transport
from sansmcp.http.urls import Url
from sansmcp.session import (
    CallHandle,
    ClientEvent,
    ClientSession,
    Deadlines,
    Disconnected,
    HearMessage,
    Link,
    OpenSession,
    Timeouts,
)


class ClientHttp:
    """A client's endpoint over HTTP, with exchanges in place of links.

    Whoever carries the exchanges takes `actions()`: it sends what `OpenRequest` asks for, hands in what
    comes of the response, and breaks off what `AbortRequest` names. After each input and each command
    drain next_event(), actions() and next_deadline().

    Args:
        open_session: makes the session.
        url: the endpoint.
        headers: header fields of the user's, such as credentials; they go with every request, and to the
            origin of the endpoint only.
        random: gives random bytes.
        limits: how much is taken, and how often is tried.
        timeouts: how long is waited for what no call waits for.
        on_message: told of each message as bytes.

    Raises:
        LocalProtocolError: if the URL or a header field cannot be used.
    """

    def __init__(
        self,
        open_session: OpenSession,
        url: Url | str,
        *,
        headers: Mapping[str, str] | None = None,
        random: Callable[[int], bytes],
        limits: HttpClientLimits | None = None,
        timeouts: Timeouts | None = None,
        on_message: HearMessage | None = None,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self._handles: Iterator[int] = itertools.count(1)
        self._session = open_session(revisions=None, finding=None, handles=self._handles)
        self._deadlines = Deadlines()
        self._exchanges = Exchanges(
            self._session,
            Url.parse(url) if isinstance(url, str) else url,
            headers=checked_headers(headers or {}),
            limits=limits or HttpClientLimits(),
            random=random,
            advance=self.handle_timeout,
            on_message=on_message,
        )
        self._reopening = Reopening(self._exchanges)
        self._transport = Transport(
            self._exchanges,
            cut=self._reopening.cut,
            timeout=timeouts.request,
            close_timeout=timeouts.close,
        )
        self._disconnected: Disconnected | None = None
        self._is_closed = False

    @property
    def session(self) -> ClientSession:
        """The session that calls are made on."""
        return self._session

    @property
    def deadlines(self) -> Deadlines:
        """What is due for what stands between the session and callers, such as middleware that waits."""
        return self._deadlines

    def connect(self, now: float) -> None:
        """Begin: ask for the server's era.

        Afterwards drain next_event(), actions() and next_deadline().

        Raises:
            LocalProtocolError: if it was called before.
        """
        self._session.connect(now)

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        """Give up a call or a subscription; see `ClientSession.cancel`.

        Afterwards drain next_event(), actions() and next_deadline().

        Args:
            handle: the call or the subscription.
            now: the time.
            reason: one sentence for the server's log.

        Raises:
            LocalProtocolError: if its method is never cancelled.
        """
        self._session.cancel(handle, now, reason=reason)
        self._reopening.forget(handle)

    def close(self, now: float) -> None:
        """End the connection in good order; it may be said again.

        Afterwards drain next_event(), actions() and next_deadline(), until `Disconnected` comes: a legacy
        server is told first, and has five seconds to answer.
        """
        self._is_closed = True
        self._session.close(now)

    # Outputs

    def next_event(self) -> tuple[ClientSession, ClientEvent] | None:
        """Take the next event, with the session, or None."""
        while True:
            self._transport.carry_out()
            if self._exchanges.events:
                return self._session, self._exchanges.events.popleft()
            event = self._session.next_event()
            if event is None:
                return self._take_end()
            if isinstance(event, Disconnected):
                self._exchanges.events.extend(self._reopening.end(event.reason))
                self._disconnected = event if self._is_closed else self._named(event)
                continue
            seen = self._transport.tool_headers.take(event, self._exchanges.now)
            told = None if seen is None else self._reopening.take(seen, self._exchanges.now)
            if told is not None:
                return self._session, told

    def _named(self, event: Disconnected) -> Disconnected:
        # What stands behind a question mark may be secret.
        url = str(self._exchanges.url).partition("?")[0]
        return attrs.evolve(event, reason=f"{url}: {event.reason}")

    def _take_end(self) -> tuple[ClientSession, ClientEvent] | None:
        """Tell of the end when the server has heard of it."""
        event = None if self._transport.is_ending else self._disconnected
        if event is None:
            return None
        self._disconnected = None
        return self._session, event

    def actions(self) -> list[HttpAction]:
        """Take what is to be sent and what is to be broken off, in order."""
        self._transport.carry_out()
        return self._exchanges.take_actions()

    def ready(self) -> list[Link]:
        """Return nothing: there are no links."""
        return []

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        of_all = (
            self._session.next_deadline(),
            self._exchanges.deadlines.next_deadline(),
            self._deadlines.next_deadline(),
        )
        return min((at for at in of_all if at is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due.

        Afterwards drain next_event(), actions() and next_deadline().
        """
        self._session.handle_timeout(now)
        for deadlines in (self._exchanges.deadlines, self._deadlines):
            while (act := deadlines.take_due(now)) is not None:
                act()
