"""How the sessions of a server are set up, the same in every binding."""

from typing import TypedDict

from sansmcp.session import KeepAlive, SessionLimits, Timeouts


class SessionSettings(TypedDict, total=False):
    """What may be said when a server is served; everything may be left out."""

    timeouts: Timeouts | None
    """How long to wait."""
    limits: SessionLimits | None
    """How much a client may ask for."""
    keep_alive: KeepAlive | None
    """Pings to a legacy client; by default there are none."""
