"""What every part of a `Server` that is told of something stands on."""

from sansmcp.schema import Revision
from sansmcp.server.ledger import Ledger


class Offering:
    """Something that offers what it is told, to any number of clients, and may be told by any thread.

    Args:
        revisions: in which revisions it must be possible to say what is registered.
    """

    def __init__(self, revisions: tuple[Revision, ...]) -> None:
        self._ledger = Ledger(revisions)
