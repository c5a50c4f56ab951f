"""What has a session that tells events, as the endpoint sees it."""

from typing import ClassVar, Final

from sansmcp.session import ServerSession


class Source:
    """A session, and whether its events are about to be asked for.

    Args:
        session: the session.
    """

    __slots__ = ("is_over", "is_queued", "is_told", "reason", "session")

    serves_one: ClassVar = False
    """Whether the session is made for one request."""

    def __init__(self, session: ServerSession) -> None:
        self.session: Final = session
        """The session."""
        self.is_queued = False
        """Whether its events are about to be asked for."""
        self.is_over = False
        """Whether nothing more comes of it."""
        self.is_told = False
        """Whether its user heard that it is over."""
        self.reason = "the request was answered"
        """Why it is over."""


class Noted(Source):
    """A session that only tells of a request that was refused.

    Args:
        session: the session.
    """

    __slots__ = ()

    serves_one = True

    def __init__(self, session: ServerSession) -> None:
        super().__init__(session)
        self.is_over = True
        self.reason = "the request was refused"
