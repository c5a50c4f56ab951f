"""What links share, as a driver sees it: one source of events, one list of who is to be woken, one timer.

A driver pumps bytes between links and streams and knows nothing else. After each input and each command
it takes `next_event()` and `actions()` until there are none, wakes the writers of the links in `ready()`,
and arms one timer (see `Schedule`).
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

import attrs

from sansmcp.session.deadlines import Deadlines
from sansmcp.session.events import CallHandle
from sansmcp.session.link import Link
from sansmcp.values import JSON, Value

SessionT_co = TypeVar("SessionT_co", covariant=True)
EventT_co = TypeVar("EventT_co", covariant=True)


@attrs.frozen(kw_only=True, eq=False)
class Dial:
    """Open a stream to the peer and carry the link over it.

    If that fails, say `link.receive_eof(now, reason)`. A link that is done is dialled no more.
    """

    link: Link
    """What the stream is for."""
    address: JSON
    """Where the peer is: whatever the endpoint was given."""


class Errand(Value):
    """Something else to be done outside any link, such as to keep an event; a driver hands it on.

    Each kind says which input of its endpoint answers it. Errands are done one by one, in order.
    """

    __slots__ = ()


EndpointAction: TypeAlias = Dial | Errand
"""What is to be done outside any link."""


class Endpoint(Protocol[SessionT_co, EventT_co]):
    """What the links of one side share: sessions, and what belongs to no link."""

    def next_event(self) -> tuple[SessionT_co, EventT_co] | None:
        """Take the next event of any session, with the session, or None."""
        ...

    def actions(self) -> Sequence[EndpointAction]:
        """Take what is to be done outside any link, in order."""
        ...

    def ready(self) -> list[Link]:
        """Take the links that may have bytes, another deadline or their end since the last call."""
        ...

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted for what belongs to no link, or None."""
        ...

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due and belongs to no link."""


class ServerEndpoint(Endpoint[SessionT_co, EventT_co], Protocol[SessionT_co, EventT_co]):
    """An endpoint that peers come to."""

    def accept(self, now: float) -> Link:
        """Return the link for a peer that has come."""
        ...

    def close(self, now: float) -> None:
        """End every connection in good order; it may be said again."""

    @property
    def deadlines(self) -> Deadlines:
        """What is due for what stands between sessions and handlers, such as middleware that waits.

        It belongs to no link, so it is part of `next_deadline` and `handle_timeout`.
        """
        ...


class ClientEndpoint(Endpoint[SessionT_co, EventT_co], Protocol[SessionT_co, EventT_co]):
    """An endpoint that goes to its peer: it asks for a stream with `Dial`."""

    @property
    def session(self) -> SessionT_co:
        """The session that calls are made on, which is another one after a restart."""
        ...

    @property
    def deadlines(self) -> Deadlines:
        """What is due for what stands between sessions and callers, such as middleware that waits.

        It belongs to no link, so it is part of `next_deadline` and `handle_timeout`.
        """
        ...

    def connect(self, now: float) -> None:
        """Begin."""

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        """Give up a call or a subscription, wherever it is; one that has ended is left alone.

        Afterwards drain next_event(), actions(), ready() and the deadlines.

        Args:
            handle: the call or the subscription.
            now: the time.
            reason: one sentence for the server's log.

        Raises:
            LocalProtocolError: if its method is never cancelled.
        """

    def close(self, now: float) -> None:
        """End the connection in good order, for good; it may be said again."""
