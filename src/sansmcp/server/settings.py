"""How the sessions of a server are set up, the same in every binding."""

from collections.abc import Callable
from typing import TypedDict

from sansmcp.session import KeepAlive, ServerEvent, ServerSession, SessionLimits, Timeouts, WrapLink


class SessionSettings(TypedDict, total=False):
    """What may be said when a server is served; everything may be left out."""

    timeouts: Timeouts | None
    """How long to wait."""
    limits: SessionLimits | None
    """How much a client may ask for."""
    keep_alive: KeepAlive | None
    """Pings to a legacy client; by default there are none."""
    answers_only: bool
    """Whether the link carries nothing but answers: then no notices and no log records are promised."""
    principal: str | None
    """Whom the client was found to be, where it was let in; what is kept for it is for nobody else."""


class ServeSettings(SessionSettings, total=False):
    """The same, and who looks on."""

    on_event: Callable[[ServerSession, ServerEvent], object] | None
    """Told of every event before anything is done about it; it must not give commands."""
    wrap_link: WrapLink | None
    """Puts something between each link and its driver that sees all bytes."""
