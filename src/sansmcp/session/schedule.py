"""One timer for an endpoint and all of its links."""

from functools import partial
from typing import Protocol

from sansmcp.session.deadlines import Deadlines


class Timed(Protocol):
    """What has deadlines."""

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        ...

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""


class Noted(Timed, Protocol):
    """What has deadlines and is equal to itself alone: a link, or an exchange of HTTP."""

    def __hash__(self) -> int: ...


class Schedule:
    """When an endpoint or one of its links is to be woken; a driver arms one timer for it.

    A link that has put its deadline off is looked at once more than it needs to be, where that was.

    Args:
        endpoint: whose deadlines they are.
    """

    def __init__(self, endpoint: Timed) -> None:
        self._endpoint = endpoint
        self._deadlines = Deadlines()
        self._noted: dict[Noted, float] = {}
        self._now = float("-inf")

    def note(self, link: Noted) -> None:
        """Look up the deadline of a link: call it for each link of `ready()`, and after each input to one."""
        at, noted = link.next_deadline(), self._noted.get(link)
        if at is None:
            if noted is not None:
                self.forget(link)
        # One that is looked at too early does no harm and is cheaper than a new one for each message.
        elif noted is None or at < noted:
            self._noted[link] = at
            self._deadlines.arm(link, at, "a link", partial(self._wake, link))

    def forget(self, link: Noted) -> None:
        """Forget a link that is done."""
        self._noted.pop(link, None)
        self._deadlines.disarm(link)

    def next_deadline(self) -> float | None:
        """Return when `handle_timeout` is wanted next, or None."""
        own, of_links = self._endpoint.next_deadline(), self._deadlines.next_deadline()
        if own is None or of_links is None:
            return of_links if own is None else own
        return min(own, of_links)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due, on the endpoint and on its links.

        Afterwards drain the endpoint.
        """
        self._now = now
        due = self._endpoint.next_deadline()
        if due is not None and due <= now:
            self._endpoint.handle_timeout(now)
        while (wake := self._deadlines.take_due(now)) is not None:
            wake()

    def _wake(self, link: Noted) -> None:
        self._noted.pop(link, None)
        link.handle_timeout(self._now)
        self.note(link)
