"""What the sessions of one server have in common, found out once: HTTP makes a session for each request."""

from collections.abc import Sequence
from typing import Final

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, REVISIONS, Codec, Method, MethodTable, Revision
from sansmcp.session.capabilities import check_declared
from sansmcp.session.era import RequestReader
from sansmcp.values import JSON

_ALL: Final = frozenset(REVISIONS)

# A server changes what it can do now and then; sessions that are opened meanwhile know the last few.
_REMEMBERED: Final = 8


def checked_revisions(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    """Return the revisions that a side speaks, oldest first.

    Raises:
        LocalProtocolError: there are none, or there is no such revision.
    """
    if isinstance(revisions, str):
        raise LocalProtocolError(f"revisions: expected a list, such as [{revisions!r:.80}], found a text")
    if not revisions:
        raise LocalProtocolError("revisions: expected at least one, found none")
    if not _ALL.issuperset(revisions):
        unknown = [revision for revision in revisions if revision not in REVISIONS]
        raise LocalProtocolError(f"revisions: expected some of {', '.join(REVISIONS)}, found {unknown!r:.80}")
    return tuple(sorted(revisions))


class Shared:
    """What sessions of one server share; any thread may use it.

    Args:
        info: who the server is.
        instructions: how the model should use it.
        revisions: the revisions it speaks.
        methods: the method table.
    """

    def __init__(
        self,
        info: schema.Implementation,
        instructions: str | None = None,
        revisions: Sequence[Revision] = REVISIONS,
        methods: MethodTable = METHODS,
    ) -> None:
        self.info = info
        """Who the server is."""
        self.instructions = instructions
        """How the model should use it."""
        self.revisions = checked_revisions(revisions)
        """The revisions it speaks, oldest first."""
        self.methods = methods
        """The method table."""
        self.reader = RequestReader(self.revisions, methods)
        """Decides the era of requests."""
        self._info_json: dict[Revision, JSON] = {}
        self._offered: tuple[tuple[schema.ServerCapabilities, dict[tuple[str, Revision], Method]], ...] = ()

    def offered(self, capabilities: schema.ServerCapabilities) -> dict[tuple[str, Revision], Method]:
        """Return the methods that are known to be offered with capabilities; whoever learns more adds it.

        Args:
            capabilities: what the server can do.

        Raises:
            LocalProtocolError: they cannot be said.
        """
        for known, methods in self._offered:
            if known is capabilities:
                return methods
        check_declared(self.revisions[-1], self.info, capabilities, self.instructions)
        found: dict[tuple[str, Revision], Method] = {}
        # Replaced as a whole, so that no thread sees half of it.
        self._offered = (*self._offered[1 - _REMEMBERED :], (capabilities, found))
        return found

    def info_json(self, codec: Codec) -> JSON:
        """Return who the server is, in the words of a revision; it must not be changed."""
        known = self._info_json.get(codec.revision)
        if known is None:
            known = self._info_json[codec.revision] = codec.unstructure(self.info)
        return known
