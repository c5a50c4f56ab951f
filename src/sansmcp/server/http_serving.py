"""How a server is served over HTTP: its sessions behind the endpoint of `sansmcp.http`."""

from collections.abc import Mapping, Sequence
from typing import Protocol, Unpack

from sansmcp.environment import Environment
from sansmcp.http import HeaderParameters, HttpOptions, ServerHttp
from sansmcp.schema import Revision
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
    environment: Environment,
    settings: ServeHttpSettings,
    *,
    host: str | None,
    streams: bool,
    revisions: Sequence[Revision],
    mirrored: HeaderParameters,
) -> ServerHttp:
    """Return an endpoint over HTTP; see `Server.http_endpoint`.

    Args:
        open_session: makes sessions.
        environment: where randomness and calendar time come from.
        settings: how it is set up.
        host: the address that is bound to; None where that is not known.
        streams: whether the binding can write a response piece by piece.
        revisions: the revisions that are spoken.
        mirrored: says which arguments of a tool clients repeat in headers.
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

    return ServerHttp(
        open_one,
        options=HttpOptions.of(settings, host=host, streams=streams),
        random=environment.random,
        revisions=revisions,
        header_parameters=mirrored,
    )
