"""How a session is doing: what it holds now, and what it has counted since its start."""

import attrs

from sansmcp.session.states import LinkState, Phase
from sansmcp.values import Value


@attrs.define
class Counters:
    """What a session counts."""

    messages_received: int = 0
    bytes_received: int = 0
    messages_sent: int = 0
    bytes_sent: int = 0
    notifications_received: int = 0
    violations: int = 0
    dropped: int = 0
    left_out: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SessionStats(Value):
    """How a session is doing, at one instant."""

    phase: Phase
    """The phase of the legacy session."""
    link: LinkState
    """The state of the channel."""
    calls_in_flight: int
    """Our requests without outcome."""
    requests_in_flight: int
    """The peer's requests that are worked on, cancelled ones whose work goes on included."""
    requests_waiting: int
    """The peer's requests in the backlog."""
    bytes_waiting: int
    """The bytes of those."""
    subscriptions: int
    """What the peer subscribed to."""
    messages_received: int
    """Messages since the start, readable or not."""
    bytes_received: int
    """Their bytes."""
    messages_sent: int
    """Messages queued since the start."""
    bytes_sent: int
    """Their bytes."""
    notifications_received: int
    """Notifications among those received."""
    violations: int
    """Breaches by the peer."""
    dropped: int
    """Good messages that had no place."""
    left_out: int
    """Notifications of ours that were not sent, since there were too many."""
