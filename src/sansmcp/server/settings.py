"""How the sessions of a server are set up, the same in every binding."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypedDict

from sansmcp.errors import LocalProtocolError, refuse_unknown
from sansmcp.http import HttpSettings
from sansmcp.schema import Revision
from sansmcp.session import (
    HearMessage,
    KeepAlive,
    ServerEvent,
    ServerSession,
    SessionLimits,
    Timeouts,
    WrapLink,
)
from sansmcp.values import JSON


class _CommonSettings(TypedDict, total=False):
    timeouts: Timeouts | None
    """How long to wait."""
    limits: SessionLimits | None
    """How much a client may ask for."""
    keep_alive: KeepAlive | None
    """Pings to a legacy client; by default there are none."""
    principal: str | None
    """Whom the client was found to be, where it was let in; what is kept for it is for nobody else."""


class SessionSettings(_CommonSettings, total=False):
    """What may be said when a session is opened; everything may be left out."""

    answers_only: bool
    """Whether the link carries nothing but answers: then no notices and no log records are promised."""
    sessions_off: bool
    """Whether each legacy request stands alone: then no notices are promised."""
    since: Revision
    """The oldest revision that the link carries; older ones are neither offered nor accepted on it."""


class ServeSettings(_CommonSettings, total=False):
    """What may be said when a server is served; everything may be left out."""

    on_event: Callable[[ServerSession, ServerEvent], object] | None
    """Told of every event before anything is done about it; it must not give commands."""
    on_message: HearMessage | None
    """Told of each whole message as bytes, over every transport."""
    wrap_link: WrapLink | None
    """Puts something between each link and its driver that sees all bytes."""


class ServeHttpSettings(ServeSettings, HttpSettings, total=False):
    """The same over HTTP."""


def check_principal_of(principal_of: JSON, settings: ServeHttpSettings) -> None:
    """Check what an application of a framework is given to say who calls.

    Args:
        principal_of: a function, or None.
        settings: the others.

    Raises:
        LocalProtocolError: it is something else, or `verify` is there too.
    """
    if principal_of is None:
        return
    if not callable(principal_of):
        raise LocalProtocolError(f"App: principal_of: expected a function, found {principal_of!r:.80}")
    if settings.get("verify") is not None:
        raise LocalProtocolError("App: principal_of and verify both say who calls; expected one")


_KINDS: Final[Mapping[str, type]] = {
    "timeouts": Timeouts,
    "limits": SessionLimits,
    "keep_alive": KeepAlive,
    "principal": str,
}


_NAMES: Final = tuple(ServeSettings.__annotations__)


def check_settings(settings: Mapping[str, JSON], *, names: Collection[str] = _NAMES) -> None:
    """Refuse settings that there are not, and those of the wrong kind, before anybody comes.

    Args:
        settings: the settings.
        names: those that there are.

    Raises:
        LocalProtocolError: there is one, which a type checker would have said.
    """
    refuse_unknown("serve", settings, names)
    for name, value in settings.items():
        kind = _KINDS.get(name)
        if value is None or name in HttpSettings.__annotations__:
            continue
        if kind is None and not callable(value):
            raise LocalProtocolError(f"serve({name}=...): expected a function, found {value!r:.80}")
        if kind is not None and not isinstance(value, kind):
            raise LocalProtocolError(f"serve({name}=...): expected a {kind.__name__}, found {value!r:.80}")
