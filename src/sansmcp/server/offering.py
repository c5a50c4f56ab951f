"""What every part of a `Server` that is told of something stands on."""

from sansmcp.schema import Revision
from sansmcp.schema.inference.plans import Inference
from sansmcp.server.caching import CacheHint
from sansmcp.server.ledger import Ledger


class Offering:
    """Something that offers what it is told, to any number of clients, and may be told by any thread.

    Args:
        revisions: in which revisions it must be possible to say what is registered.
        cache: how long the contents of a resource may be kept that does not say so itself.
        inference: how schemas are made of types.
    """

    def __init__(self, revisions: tuple[Revision, ...], cache: CacheHint, inference: Inference) -> None:
        self._cache = cache
        self._inference = inference
        self._ledger = Ledger(revisions)
