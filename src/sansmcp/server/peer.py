"""The client that a request came from, as its handler sees it."""

from typing import Final

from sansmcp import schema
from sansmcp.schema import Era, Revision
from sansmcp.session import RequestReceived
from sansmcp.session.capabilities import declares

_ASKED: Final = frozenset({"elicitation", "sampling", "roots"})
"""The capabilities that are of use only where questions reach the client."""


class Peer:
    """The client that a request came from.

    Args:
        event: the request.
        principal: who the client was found to be.
    """

    __slots__ = ("_event", "principal")

    def __init__(self, event: RequestReceived, principal: str | None) -> None:
        self._event = event
        self.principal = principal
        """Whom whatever let the client in found it to be; None where nobody looked."""

    @property
    def info(self) -> schema.Implementation | None:
        """Which program it says it is; for display only."""
        return self._event.client_info

    @property
    def capabilities(self) -> schema.ClientCapabilities:
        """What it can do for this request."""
        return self._event.capabilities

    @property
    def revision(self) -> Revision:
        """The revision that this request speaks."""
        return self._event.revision

    @property
    def era(self) -> Era:
        """The era of that revision."""
        return self._event.era

    def can(self, capability: str) -> bool:
        """Say whether it declared that it can do something, and can be asked to for this request.

        Args:
            capability: the dotted path, as the specification writes it, such as `elicitation.url`,
                `sampling.tools` or `roots`.
        """
        declared = self._event.capabilities
        if not self._event.can_ask and capability.partition(".")[0] in _ASKED:
            return False
        # 2025-11-25, Elicitation, Capabilities: an empty object means forms.
        if capability == "elicitation.form" and not declares(declared, "elicitation.url"):
            capability = "elicitation"
        return declares(declared, capability)
