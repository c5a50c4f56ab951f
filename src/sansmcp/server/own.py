"""What answers the requests that a session answers by itself, where middleware stands around them."""

import attrs

from sansmcp.server.context import Context
from sansmcp.server.serving import ServedSession
from sansmcp.server.targets import Target
from sansmcp.session import RequestReceived
from sansmcp.values import JSON


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OwnTarget(Target):
    """Lets the session answer; it runs on the session's thread."""

    session: ServedSession
    """The session."""

    def call(self, event: RequestReceived, _context: Context | None, /) -> JSON:
        """Do what the request asks of the session.

        Raises:
            RpcError: it is refused.
        """
        return self.session.answer_itself(event)

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the result as it is."""
        return value
