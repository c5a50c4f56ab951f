"""How a client's session reaches its server over HTTP, and what is done where the server ends it."""

from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.notes import Note
from sansmcp.http.client.streamable import Streamable
from sansmcp.session import Cancel, Close, Send


class Transport:
    """Carries out what a session asks for.

    Args:
        exchanges: where exchanges are opened.
        timeout: seconds to wait until a message without an answer is accepted.
        close_timeout: seconds to wait until the server has heard of the end.
    """

    def __init__(self, exchanges: Exchanges, *, timeout: float, close_timeout: float) -> None:
        self._exchanges = exchanges
        self._session = exchanges.session
        self._close_timeout = close_timeout
        self._way = Streamable(self, exchanges, timeout=timeout)
        self._renewals = 0
        self._ending: Note | None = None

    @property
    def is_ending(self) -> bool:
        """Whether the server is being told of the end."""
        return self._ending is not None

    def carry_out(self) -> None:
        """Do what the session asks for."""
        for action in self._session.actions():
            now = self._session.now
            if isinstance(action, Send):
                self._way.send(action, now)
            elif isinstance(action, Cancel):
                self._way.cancel(action, now)
            elif isinstance(action, Close):
                self._end(now)

    def session_gone(self, reason: str, now: float) -> None:
        """Open the legacy session anew: the server has ended it."""
        if self._renewals >= self._exchanges.limits.renewals:
            self.connection_gone(f"{reason}; it was opened anew {self._renewals} times to no avail", now)
            return
        self._renewals += 1
        self._session.receive_session_lost(now, reason)

    def connection_gone(self, reason: str, now: float) -> None:
        """End the connection: there is no way forward."""
        self._session.receive_eof(now, reason)

    def progressed(self) -> None:
        """Take in that a call was answered."""
        self._renewals = 0

    def _end(self, now: float) -> None:
        self._exchanges.deadlines.clear()
        self._ending = self._way.end(self._ended)
        if self._ending is not None:
            self._exchanges.wait(
                self._ending, now + self._close_timeout, "the server hears of the end", self._ended
            )

    def _ended(self) -> None:
        ending, self._ending = self._ending, None
        if ending is not None:
            self._exchanges.abort(ending)
            self._exchanges.deadlines.disarm(ending)
