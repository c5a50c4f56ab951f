"""A server's session that knows the environment it was opened in."""

from sansmcp import schema
from sansmcp.environment import Environment
from sansmcp.schema import MethodTable, Revision
from sansmcp.server.sealing import Sealer
from sansmcp.session import KeepAlive, ServerSession, SessionLimits, Timeouts


class ServedSession(ServerSession):
    """One client of a `Server`; `Server.open_session` makes it.

    Args:
        environment: where randomness and calendar time come from.
        principal: whom the client was found to be; None where nobody looked.
        sealer: seals what handlers leave to their next run.
        info: who the server is.
        capabilities: what it can do.
        instructions: how the model should use it.
        revisions: the revisions it speaks.
        methods: the method table.
        timeouts: how long to wait.
        limits: how much the client may ask for.
        keep_alive: pings in a legacy session, or None.
        ordered: the methods whose requests are worked on one by one.
    """

    def __init__(
        self,
        *,
        environment: Environment,
        principal: str | None = None,
        sealer: Sealer,
        info: schema.Implementation,
        capabilities: schema.ServerCapabilities,
        instructions: str | None,
        revisions: tuple[Revision, ...],
        methods: MethodTable,
        timeouts: Timeouts | None,
        limits: SessionLimits | None,
        keep_alive: KeepAlive | None,
        ordered: frozenset[str],
    ) -> None:
        super().__init__(
            info=info,
            capabilities=capabilities,
            instructions=instructions,
            revisions=revisions,
            methods=methods,
            timeouts=timeouts,
            limits=limits,
            keep_alive=keep_alive,
            ordered=ordered,
        )
        self.environment = environment
        """Where randomness and calendar time come from."""
        self.principal = principal
        """Whom the client was found to be."""
        self.sealer = sealer
        """Seals what handlers leave to their next run."""
