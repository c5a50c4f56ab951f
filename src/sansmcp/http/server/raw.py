"""The messages of an exchange as bytes: the body of its request, and what is written of its response."""

import sys
from collections.abc import Sequence
from typing import Final

from sansmcp.http.heads import ResponseAction, ResponseBody, ResponseHead
from sansmcp.session import Direction, HearMessage, RawMessage
from sansmcp.wire import EventReader, Limits, ServerSentEvent

_EVENTS: Final = ("content-type", "text/event-stream")

# Our own answers may be as long as they like.
_UNBOUNDED: Final = Limits(max_message_bytes=sys.maxsize)


class RawMessages:
    """Looks at what one exchange takes in and gives out.

    Args:
        on_message: told of each message.
    """

    def __init__(self, on_message: HearMessage) -> None:
        self._on_message = on_message
        self._events: EventReader | None = None

    def received(self, body: bytes, at: float) -> None:
        """Take in the whole body of the request."""
        self._tell(Direction.RECEIVED, body, at)

    def sent(self, actions: Sequence[ResponseAction], at: float) -> None:
        """Take in what is about to be written."""
        for action in actions:
            if isinstance(action, ResponseBody):
                self._written(action.data, at)
            elif isinstance(action, ResponseHead) and _EVENTS in action.headers:
                self._events = EventReader(_UNBOUNDED)

    def _written(self, data: bytes, at: float) -> None:
        if self._events is None:
            self._tell(Direction.SENT, data, at)
            return
        self._events.receive_data(data)
        while isinstance(event := self._events.next_event(), ServerSentEvent):
            if event.event == "message":
                self._tell(Direction.SENT, event.data, at)

    def _tell(self, direction: Direction, data: bytes, at: float) -> None:
        # An event without data gives its id only.
        if data:
            self._on_message(RawMessage(at=at, direction=direction, data=data))
