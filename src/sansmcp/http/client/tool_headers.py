"""Which arguments of a server's tools are repeated in headers, and what is done where that has changed.

Source: 2026-07-28, Streamable HTTP, Custom Headers from Tool Parameters.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.http.client.mirrored import parameters_of_tools
from sansmcp.http.client.streams import Stream
from sansmcp.schema import HEADER_MISMATCH, MODERN_REVISIONS
from sansmcp.schema.header_parameters import Path
from sansmcp.session import (
    CallHandle,
    ClientEvent,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.wire import ErrorResponse

# As many as a client walks by itself.
_PAGES: Final = 64
_LIST: Final = "tools/list"
_Parameters: TypeAlias = Mapping[str, Path]


class ToolHeaders:
    """What was learned from lists of tools.

    Args:
        exchanges: the client's.
        post_again: sends a call once more.
    """

    def __init__(self, exchanges: Exchanges, post_again: Callable[[Stream, float], None]) -> None:
        self._exchanges = exchanges
        self._session = exchanges.session
        self._post_again = post_again
        self._parameters: dict[str, _Parameters] = {}
        self._corrected: list[tuple[Stream, ErrorResponse]] = []
        self._asked: CallHandle | None = None
        self._pages = 0

    def parameters_of(self, tool: str) -> _Parameters | None:
        """Return which arguments of a tool are repeated; None where none is known."""
        return self._parameters.get(tool)

    def mismatched(self, stream: Stream, error: ErrorResponse, now: float) -> bool:
        """Take in that the headers of a call were wrong: read the list of tools again, and send it again.

        Args:
            stream: the call.
            error: what the server said.
            now: the time.

        Returns:
            Whether that is done; if not, the call ends with the error.
        """
        if error.error.code != HEADER_MISMATCH or stream.was_corrected:
            return False
        stream.was_corrected = True
        self._corrected.append((stream, error))
        if self._asked is None:
            self._ask(None, now)
        return True

    def take(self, event: ClientEvent, now: float) -> ClientEvent | None:
        """Learn from an event, and return it without the tools that cannot be called; None for our own."""
        if not isinstance(event, ResponseReceived | RequestFailed | RequestTimedOut | RequestLost):
            return event
        if isinstance(event, ResponseReceived) and event.method == _LIST:
            event = self._learn(event)
        if event.handle != self._asked:
            return event
        cursor = event.result.next_cursor if isinstance(event, ResponseReceived) else None
        self._asked = None
        if cursor is None or self._pages >= _PAGES:
            self._send_corrected(now, found=isinstance(event, ResponseReceived))
        else:
            self._ask(cursor, now)
        return None

    def _learn(self, event: ResponseReceived) -> ResponseReceived:
        if self._session.revision not in MODERN_REVISIONS:
            return event
        found: schema.ListToolsResult = event.result
        known, faults = parameters_of_tools(found.tools)
        for tool in found.tools:
            self._parameters.pop(tool.name, None)
        self._parameters.update({tool.name: parameters for tool, parameters in known if parameters})
        if not faults:
            return event
        for fault in faults:
            self._exchanges.report(fault)
        return attrs.evolve(event, result=attrs.evolve(found, tools=tuple(tool for tool, _ in known)))

    def _ask(self, cursor: str | None, now: float) -> None:
        self._pages = 1 if cursor is None else self._pages + 1
        try:
            params = None if cursor is None else {"cursor": cursor}
            self._asked = self._session.send_request(_LIST, params, now)
        except LocalProtocolError:
            # There is no connection any more.
            self._send_corrected(now, found=False)

    def _send_corrected(self, now: float, *, found: bool) -> None:
        corrected, self._corrected = self._corrected, []
        for stream, error in corrected:
            if found and stream.requests:
                self._post_again(stream, now)
            elif stream.requests:
                stream.take_message(error, now)
