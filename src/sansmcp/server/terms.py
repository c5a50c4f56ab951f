"""On what terms a server serves: what its sessions of one kind share, worked out anew when it changes."""

from typing import NamedTuple

import attrs

from sansmcp import schema
from sansmcp.environment import Environment
from sansmcp.schema import REVISIONS, Revision
from sansmcp.server.abilities import Abilities
from sansmcp.server.caching import CacheHint
from sansmcp.server.cursors import Cursors
from sansmcp.server.ledger import Ledger
from sansmcp.server.registry import Registry
from sansmcp.server.sealing import Sealer
from sansmcp.server.settings import SessionSettings
from sansmcp.session import Shared


class Kind(NamedTuple):
    """Which kind of link a session is on."""

    answers_only: bool
    """Whether nothing but answers can reach the client."""
    sessions_off: bool
    """Whether each legacy request stands alone."""
    since: Revision
    """The oldest revision that the link carries."""

    @staticmethod
    def of(settings: SessionSettings) -> "Kind":
        """Return the kind that is asked for.

        Args:
            settings: how a session is set up.
        """
        return Kind(
            settings.get("answers_only", False),
            settings.get("sessions_off", False),
            settings.get("since", REVISIONS[0]),
        )


@attrs.frozen(kw_only=True, eq=False)
class Manner:
    """What sessions of one kind go by, whatever the server offers."""

    environment: Environment
    """Where randomness and calendar time come from."""
    sealer: Sealer
    """Seals what handlers leave to their next run."""
    cursors: Cursors
    """Seals where pages of lists end."""
    info: schema.Implementation
    """Who the server is."""
    instructions: str | None
    """How the model should use it."""
    ordered: frozenset[str]
    """The methods whose requests are worked on one by one."""
    notice_interval: float
    """For how long changes are gathered before the client is told, in seconds."""
    discovery: CacheHint
    """How long what the server says of itself may be kept."""
    kind: Kind
    """Which kind of link they are on."""


class Terms:
    """What sessions of one kind share; any thread may use it.

    Args:
        ledger: what is offered.
        abilities: what that means for what the server can do.
        manner: what the sessions go by.
    """

    def __init__(self, ledger: Ledger, abilities: Abilities, manner: Manner) -> None:
        self._ledger = ledger
        self._abilities = abilities
        self.manner = manner
        """What the sessions go by."""
        # Each is replaced as a whole, so that no thread sees half of it.
        self._declared: tuple[Registry, schema.ServerCapabilities] | None = None
        self._shared: Shared | None = None

    def offered(self) -> Registry:
        """Return what is offered now."""
        return self._ledger.registry

    def declared(self) -> schema.ServerCapabilities:
        """Return what the server can do now; the same value for as long as nothing of it changes."""
        registry = self._ledger.registry
        known = self._declared
        if known is not None and known[0] is registry:
            return known[1]
        if known is not None and _rest_on_the_same(known[0], registry):
            able = known[1]
        else:
            kind = self.manner.kind
            able = self._abilities.of(
                registry, answers_only=kind.answers_only, sessions_off=kind.sessions_off
            )
            if known is not None and able == known[1]:
                able = known[1]
        self._declared = (registry, able)
        return able

    def shared(self) -> Shared:
        """Return what sessions share that begin now."""
        shared = self._shared
        methods = self._ledger.registry.table
        if shared is None or shared.methods is not methods:
            manner = self.manner
            carried: list[Revision] = [
                known for known in self._ledger.revisions if known >= manner.kind.since
            ]
            shared = Shared(manner.info, manner.instructions, carried, methods)
            self._shared = shared
        return shared


def _rest_on_the_same(before: Registry, now: Registry) -> bool:
    """Say whether nothing has changed that capabilities follow from; that a resource has is no such thing."""
    return all(old is new for old, new in zip(before.grounds, now.grounds, strict=True))
