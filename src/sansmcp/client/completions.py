"""What a server of 2025-11-25 says of the pages that a user was sent to: which of them are done.

Source: 2025-11-25, Elicitation, Completion Notifications for URL Mode Elicitation.
"""

from collections import OrderedDict
from functools import partial
from typing import Final

from sansmcp.client.feeds import Feed
from sansmcp.errors import RequestTimedOut
from sansmcp.session import NotificationReceived
from sansmcp.session.deadlines import Deadlines

# Far more pages than a user is on at a time; a server that makes up ids must not fill the memory.
_MOST_REMEMBERED: Final = 1024


class Completions:
    """Which pages are done, and who waits for that.

    Args:
        deadlines: where the time is kept of those who do not wait for ever.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._done: OrderedDict[str, None] = OrderedDict()
        self._waited_for: dict[str, list[Feed[str]]] = {}
        self._error: Exception | None = None

    def hear(self, event: NotificationReceived) -> None:
        """Take in a notification, if it is about a page."""
        if event.method != "notifications/elicitation/complete":
            return
        elicitation_id: str = event.params.elicitation_id
        self._done[elicitation_id] = None
        if len(self._done) > _MOST_REMEMBERED:
            self._done.popitem(last=False)
        for feed in self._waited_for.pop(elicitation_id, ()):
            self._deadlines.disarm(feed)
            feed.push(elicitation_id)

    def wait(self, elicitation_id: str, now: float, *, timeout: float | None) -> Feed[str]:
        """Return a feed that gives the id as soon as its page is done; it may have been done before.

        Args:
            elicitation_id: names the page, as its question did.
            now: the time.
            timeout: how many seconds to wait at most; None for as long as it takes.
        """
        feed: Feed[str] = Feed()
        if elicitation_id in self._done:
            feed.push(elicitation_id)
        elif self._error is not None:
            feed.end(self._error)
        else:
            self._waited_for.setdefault(elicitation_id, []).append(feed)
            if timeout is not None:
                reason = f"the page {elicitation_id[:80]!r} is waited for"
                give_up = partial(self._give_up, elicitation_id, feed, timeout)
                self._deadlines.arm(feed, now + timeout, reason, give_up)
        return feed

    def end(self, error: Exception) -> None:
        """Take in that nothing more is told."""
        self._error = error
        for feeds in self._waited_for.values():
            for feed in feeds:
                self._deadlines.disarm(feed)
                feed.end(error)
        self._waited_for.clear()

    def _give_up(self, elicitation_id: str, feed: Feed[str], timeout: float) -> None:
        waiting = self._waited_for.pop(elicitation_id)
        left = [other for other in waiting if other is not feed]
        if left:
            self._waited_for[elicitation_id] = left
        feed.end(RequestTimedOut(f"the page {elicitation_id!r:.80} is not done within {timeout} s"))
