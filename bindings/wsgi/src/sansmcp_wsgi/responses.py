"""A response as WSGI wants it: a status, header fields, and pieces that the server asks for one by one."""

from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Self, TypeAlias

from sansmcp.http import ResponseAction, ResponseBody, ResponseEnd, ResponseHead
from sansmcp.wire import encode_comment
from sansmcp_wsgi.serving import Carried, Serving

StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]
"""Takes the status and the header fields of a response."""

# Servers send the head with the first piece that holds something.
_NOTHING: Final = encode_comment()


class Response:
    """The response of one exchange; it waits for what the exchange says.

    Args:
        serving: the endpoint of the exchange.
        carried: the exchange.
    """

    def __init__(self, serving: Serving, carried: Carried) -> None:
        self._serving = serving
        self._carried = carried
        self._actions: deque[ResponseAction] = deque()
        self._is_over = False
        self.start: Final = self._begin()
        """The status and the header fields."""
        is_open = not any(isinstance(action, (ResponseBody, ResponseEnd)) for action in self._actions)
        if is_open:
            self._actions.append(ResponseBody(data=_NOTHING))

    def whole(self) -> list[bytes] | None:
        """Return all pieces if there are all of them, and end the exchange."""
        if not (self._actions and isinstance(self._actions[-1], ResponseEnd)):
            return None
        pieces = [action.data for action in self._actions if isinstance(action, ResponseBody)]
        self.close()
        return pieces

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Wait for the next piece."""
        action = None if self._is_over else self._next()
        if isinstance(action, ResponseBody):
            return action.data
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Take in that it is over, or that nobody reads it any more; servers call it in any case."""
        if not self._is_over:
            self._is_over = True
            self._serving.end_exchange(self._carried)

    def _begin(self) -> tuple[str, list[tuple[str, str]]]:
        match self._next():
            case ResponseHead(status=status, headers=headers):
                return f"{status} {HTTPStatus(status).phrase}", list(headers)
            case _:
                raise AssertionError("unreachable: a response begins with its head")

    def _next(self) -> ResponseAction | None:
        while not self._actions:
            self._actions.extend(self._serving.take(self._carried))
            if not self._actions:
                if self._carried.done:
                    return None
                self._carried.changed.wait()
        return self._actions.popleft()
