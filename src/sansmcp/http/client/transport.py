"""How a client's session reaches its server over HTTP, and what is done where the server says no."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from sansmcp.http.client.answers import is_modern_error, told_by
from sansmcp.http.client.exchange import Answer
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.http_sse import HttpSse
from sansmcp.http.client.notes import Note
from sansmcp.http.client.streamable import Streamable
from sansmcp.http.client.streams import Stream
from sansmcp.http.client.tool_headers import ToolHeaders
from sansmcp.http.client.ways import Way, method_of
from sansmcp.schema.header_parameters import Path
from sansmcp.session import Cancel, Send
from sansmcp.session.era import supported_by_error
from sansmcp.wire import ErrorResponse, Request

_OF_AN_OLDER_SERVER: Final = (400, 404, 405)
_FIRST: Final = "2024-11-05"


class Transport:
    """Carries out what a session asks for.

    Args:
        exchanges: where exchanges are opened.
        cut: told why a subscription is about to end, where it is not the server's wish.
        timeout: seconds to wait until a message without an answer is accepted.
        close_timeout: seconds to wait until the server has heard of the end.
    """

    def __init__(
        self,
        exchanges: Exchanges,
        *,
        cut: Callable[[str], None],
        timeout: float,
        close_timeout: float,
    ) -> None:
        self._exchanges = exchanges
        self._session = exchanges.session
        self._cut = cut
        self._timeout = timeout
        self._close_timeout = close_timeout
        self._streamable = Streamable(self, exchanges, timeout=timeout)
        self._way: Way = self._streamable
        self._renewals = 0
        self._ending: Note | None = None
        self.tool_headers = ToolHeaders(exchanges, self._streamable.post_again)
        """Which arguments are repeated in headers."""
        self._session.check_requests(self._streamable.check)
        self._knows_first_only = self._session.revisions == (_FIRST,)

    @property
    def is_ending(self) -> bool:
        """Whether the server is being told of the end."""
        return self._ending is not None

    def carry_out(self) -> None:
        """Do what the session asks for."""
        for action in self._session.actions():
            now = self._session.now
            if isinstance(action, Send):
                self._choose_way(method_of(action.message))
                self._way.send(action, now)
            elif isinstance(action, Cancel):
                self._way.cancel(action, now)
            else:
                # A client's session asks for nothing else but the end.
                self._end(now)

    def _choose_way(self, method: str) -> None:
        if method == "server/discover" and self._way is not self._streamable:
            self._way.forget_session()
            self._way = self._streamable
        elif method == "initialize" and self._way is self._streamable and self._knows_first_only:
            self._take_older_way(f"{_FIRST} is spoken over HTTP+SSE only")

    # What the way to the server tells

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

    def listening_cut(self, reason: str) -> None:
        """Take in that a subscription is about to end for this reason, though the server has not ended it."""
        self._cut(reason)

    def progressed(self) -> None:
        """Take in that a call was answered."""
        self._renewals = 0

    def refused(self, stream: Stream, answer: Answer, error: ErrorResponse | None, now: float) -> bool:
        """Take in that the server refused requests; say whether something is done about it."""
        if error is not None and "tools/call" in stream.requests.values():
            return self.tool_headers.mismatched(stream, error, now)
        if "initialize" not in stream.requests.values():
            return False
        if not self._may_be_older(stream.sent, answer, error):
            return False
        self._go_back(stream.sent, told_by(answer, error), now)
        return True

    def parameters_of(self, tool: str) -> Mapping[str, Path] | None:
        """Return which arguments of a tool are repeated in headers."""
        return self.tool_headers.parameters_of(tool)

    # The transport of 2024-11-05

    def _may_be_older(self, sent: Send, answer: Answer, error: ErrorResponse | None) -> bool:
        """Say whether a server that refuses `initialize` may know HTTP+SSE only."""
        names_versions = (
            error is not None
            and supported_by_error(error.error.code, error.error.data, any_code=True) is not None
        )
        if self._renewals or names_versions or is_modern_error(answer, error):
            return False
        if answer.status in _OF_AN_OLDER_SERVER:
            return True
        # Before 2025-11-25 any refusal counts.
        params = (sent.message.params or {}) if isinstance(sent.message, Request) else {}
        return 400 <= answer.status < 500 and str(params.get("protocolVersion")) < "2025-11-25"

    def _go_back(self, sent: Send, refusal: str, now: float) -> None:
        self._take_older_way(f"initialize: {refusal}")
        self._way.send(sent, now)

    def _take_older_way(self, before: str) -> None:
        self._way.forget_session()
        self._way = HttpSse(self, self._exchanges, timeout=self._timeout, before=before)

    # The end

    def _end(self, now: float) -> None:
        self._exchanges.deadlines.clear()
        note = self._ending = self._way.end(self._ended)
        if note is not None:
            at = now + self._close_timeout
            self._exchanges.wait(note, at, "the server hears of the end", partial(self._ended, note))

    def _ended(self, note: Note) -> None:
        self._ending = None
        self._exchanges.abort(note)
        self._exchanges.deadlines.disarm(note)
