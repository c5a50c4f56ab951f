"""How a server is served over HTTP: its sessions behind the endpoint of `sansmcp.http`."""

from collections.abc import Mapping
from typing import Protocol, Unpack

from sansmcp.environment import Environment
from sansmcp.http import HttpOptions, ServerHttp
from sansmcp.schema import Revision
from sansmcp.schema.header_parameters import Path
from sansmcp.server.ledger import Ledger
from sansmcp.server.settings import ServeHttpSettings, SessionSettings, check_settings
from sansmcp.session import ServerSession
from sansmcp.values import JSON


class OpenSession(Protocol):
    """Makes a session for one client, as `Server.open_session` does."""

    def __call__(self, environment: Environment, **settings: Unpack[SessionSettings]) -> ServerSession:
        """Return a session."""
        ...


def http_endpoint(
    open_session: OpenSession,
    ledger: Ledger,
    environment: Environment,
    settings: ServeHttpSettings,
    *,
    host: str | None,
    streams: bool,
) -> ServerHttp:
    """Return an endpoint over HTTP; see `Server.http_endpoint`.

    Args:
        open_session: makes sessions.
        ledger: what is offered.
        environment: where randomness and calendar time come from.
        settings: how it is set up.
        host: the address that is bound to; None where that is not known.
        streams: whether the binding can write a response piece by piece.
    """
    check_settings(settings, names=tuple(ServeHttpSettings.__annotations__))
    names = SessionSettings.__annotations__
    common: dict[str, JSON] = {name: value for name, value in settings.items() if name in names}

    def open_one(
        *, principal: str | None, answers_only: bool, sessions_off: bool, since: Revision
    ) -> ServerSession:
        own: dict[str, JSON] = {"answers_only": answers_only, "sessions_off": sessions_off, "since": since}
        if principal is not None:
            own["principal"] = principal
        merged: Mapping[str, JSON] = {**common, **own}
        return open_session(environment, **merged)

    def mirrored(name: str) -> Mapping[str, Path] | None:
        tool = ledger.registry.tools.get(name)
        return None if tool is None else tool.mirrored

    return ServerHttp(
        open_one,
        options=HttpOptions.of(settings, host=host, streams=streams),
        random=environment.random,
        revisions=ledger.revisions,
        header_parameters=mirrored,
    )
