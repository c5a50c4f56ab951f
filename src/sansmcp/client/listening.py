"""The one subscription of a client: all that its parts want to hear, asked for together, in either era.

Where the wishes change, a new subscription is opened, and the old one is ended once the new one is
acknowledged: nothing is missed, and each change is told once.

Source: 2026-07-28, Subscriptions; the revisions before: Resources, Subscriptions.
"""

from collections import deque
from collections.abc import Callable

import attrs

from sansmcp import schema
from sansmcp.client.feeds import Feed
from sansmcp.client.filters import common, joined, wants
from sansmcp.client.outcomes import Failure, exception_of
from sansmcp.errors import LocalProtocolError, RequestLost
from sansmcp.session import (
    CallHandle,
    Change,
    ClientEndpoint,
    ClientEvent,
    ClientSession,
    LinkState,
    Report,
    Severity,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)

NOTHING = schema.SubscriptionFilter()
"""The filter that wants nothing."""


@attrs.define(eq=False)
class Wish:
    """What one part of a client wants to hear."""

    wanted: schema.SubscriptionFilter
    """What to be told of."""
    changes: Feed[Change] = attrs.field(factory=Feed)
    """What has changed; the same change twice is there once while it waits."""
    opened: Feed[bool] = attrs.field(factory=Feed)
    """True, once the server has agreed."""
    honoured: schema.SubscriptionFilter | None = None
    """What the server agreed to tell; None until it has said so."""

    def end(self, error: Exception | None = None) -> None:
        """Say that nothing more comes."""
        self.opened.end(error)
        self.changes.end(error)


class Listening:
    """Who wants to hear what, and the subscription that brings it.

    Args:
        endpoint: where it is opened.
        report: takes what belongs into the log.
        missed: called where changes may have been missed, since the connection was made again.
    """

    def __init__(
        self,
        endpoint: ClientEndpoint[ClientSession, ClientEvent],
        *,
        report: Callable[[Report], None],
        missed: Callable[[], None],
    ) -> None:
        self._endpoint = endpoint
        self._report = report
        self._missed = missed
        self._is_ready = False
        self._wishes: dict[Wish, None] = {}
        # Appended to wherever the memory of a program is cleared up, so it takes no lock.
        self._left: deque[Wish] = deque()
        self._open: CallHandle | None = None
        self._granted = NOTHING
        self._asked_of_open = NOTHING
        self._asking: CallHandle | None = None
        # What the newest subscription asked for, acknowledged or not.
        self._asked = NOTHING

    def add(self, wish: Wish, now: float) -> None:
        """Take in what somebody wants to hear; afterwards the driver settles.

        Args:
            wish: what it is; it is told as soon as the server agreed.
            now: the time.
        """
        self._wishes[wish] = None
        self._ask(now)
        self._acknowledge()

    def remove(self, wish: Wish, now: float) -> None:
        """Tell somebody nothing more; one who is told nothing is left alone. Afterwards the driver settles.

        Args:
            wish: what was wanted.
            now: the time.
        """
        wish.end()
        if wish in self._wishes:
            del self._wishes[wish]
            self._ask(now)

    def leave(self, wish: Wish) -> None:
        """Take in that nobody looks at a wish any more: it is removed when next something happens.

        It may be called anywhere and at any time, in the middle of anything.

        Args:
            wish: what was wanted.
        """
        if wish in self._wishes:
            self._left.append(wish)

    def settle(self, now: float) -> None:
        """Remove the wishes that nobody looks at; afterwards the driver settles.

        Args:
            now: the time.
        """
        while self._left:
            self.remove(self._left.popleft(), now)

    def hear(self, change: Change) -> None:
        """Hand a change to all who want to hear of it."""
        for wish in self._wishes:
            if wants(wish.wanted, change):
                wish.changes.push(change)

    # What happens

    def connected(self, now: float) -> None:
        """Take in that there is a connection; afterwards the driver settles."""
        self._is_ready = True
        self._ask(now)

    def lost(self) -> None:
        """Take in that the connection is lost, and is made again: what was not acknowledged was lost too."""
        self._is_ready = False
        self._asking = None
        self._asked = self._asked_of_open

    def end(self, error: Exception) -> None:
        """Take in that there will be no connection any more."""
        self._is_ready = False
        self._open = self._asking = None
        self._end_all(error)

    def acknowledged(self, event: SubscriptionAcknowledged, now: float) -> None:
        """Take in that a subscription is open; afterwards the driver settles."""
        if event.handle == self._open:
            # It was opened anew on another connection.
            self._granted = event.filter
            self._missed()
        elif event.handle == self._asking:
            before, self._open, self._asking = self._open, self._asking, None
            self._granted, self._asked_of_open = event.filter, self._asked
            if before is not None:
                self._endpoint.cancel(before, now, reason="another subscription takes its place")
            self._acknowledge()

    def ended(self, event: SubscriptionEnded) -> None:
        """Take in that the server ended a subscription."""
        if event.handle == self._open:
            self._open, self._asked_of_open = None, NOTHING
            if self._asking is None:
                self._asked = NOTHING
                self._end_all(RequestLost(f"subscriptions/listen: {event.reason}"))

    def failed(self, event: Failure) -> None:
        """Take in that a subscription could not be opened, if that is what failed."""
        if event.handle != self._asking:
            return
        self._asking = None
        if self._endpoint.session.link is LinkState.CLOSED:
            # The connection is made again, or the end of everything is told next.
            return
        self._refuse(exception_of(event))

    def _refuse(self, error: Exception) -> None:
        """End the wishes that only the newest subscription would have granted."""
        self._asked = self._asked_of_open
        self._report(Report(severity=Severity.WARNING, text=f"nothing is told of changes: {error}"))
        for wish in tuple(self._wishes):
            if wish.honoured is None:
                del self._wishes[wish]
                wish.end(error)

    def _ask(self, now: float) -> None:
        wanted = joined(wish.wanted for wish in self._wishes)
        session = self._endpoint.session
        if not self._is_ready or session.link is LinkState.CLOSED or wanted == self._asked:
            return
        self._asked = wanted
        superseded, self._asking = [self._asking], None
        if wanted == NOTHING:
            superseded.append(self._open)
            self._open, self._asked_of_open = None, NOTHING
        elif wanted != self._asked_of_open:
            try:
                self._asking = session.listen(wanted, now)
            except LocalProtocolError as error:
                self._refuse(error)
        for handle in superseded:
            if handle is not None:
                self._endpoint.cancel(handle, now)

    def _acknowledge(self) -> None:
        for wish in self._wishes:
            if wish.honoured is None and common(wish.wanted, self._asked_of_open) == joined((wish.wanted,)):
                wish.honoured = common(wish.wanted, self._granted)
                wish.opened.push(True)

    def _end_all(self, error: Exception) -> None:
        wishes, self._wishes = self._wishes, {}
        for wish in wishes:
            wish.end(error)
