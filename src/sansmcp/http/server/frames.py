"""What waits to be written of a stream, the newest in place of what it replaces."""

from sansmcp.session import Cancel, Send
from sansmcp.wire import Batch, ErrorResponse, Notification, Response, encode


class Frame:
    """One message that waits.

    Args:
        data: the message as compact JSON.
        is_answer: whether it answers a request.
        code: the code of the error that it answers with; None where it does not.
        key: what a newer message replaces it by; None for nothing.
    """

    __slots__ = ("code", "data", "is_answer", "key")

    def __init__(
        self, data: bytes, *, is_answer: bool, code: int | None = None, key: tuple[str, ...] | None = None
    ) -> None:
        self.data = data
        self.key = key
        self.is_answer = is_answer
        self.code = code


class Frames:
    """Messages that wait in order; of equal keys the newest takes the place of the one before."""

    __slots__ = ("_by_key", "_frames", "size")

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._by_key: dict[tuple[str, ...], Frame] = {}
        self.size = 0
        """The bytes of all of them."""

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, action: Send) -> None:
        """Add a message."""
        known = None if action.key is None else self._by_key.get(action.key)
        if known is not None:
            self.size += len(action.data) - len(known.data)
            known.data = action.data
            return
        frame = frame_of(action)
        self.size += len(frame.data)
        self._frames.append(frame)
        if action.key is not None:
            self._by_key[action.key] = frame

    def put_frame(self, frame: Frame) -> None:
        """Add a message that nothing replaces."""
        self.size += len(frame.data)
        self._frames.append(frame)

    def drop_oldest(self) -> None:
        """Leave out the message that waits for longest; there is one."""
        frame = self._frames.pop(0)
        self.size -= len(frame.data)
        if frame.key is not None:
            del self._by_key[frame.key]

    def take(self) -> list[Frame]:
        """Take all of them."""
        frames, self._frames = self._frames, []
        self._by_key.clear()
        self.size = 0
        return frames

    def peek(self) -> list[Frame]:
        """Look at all of them."""
        return self._frames


def frame_of(action: Send) -> Frame:
    """Return a message as it waits."""
    message = action.message
    if isinstance(message, Response | Batch):
        # Only answers are ever sent in an array.
        return Frame(action.data, is_answer=True)
    if isinstance(message, ErrorResponse):
        return Frame(action.data, is_answer=True, code=message.error.code)
    return Frame(action.data, is_answer=False, key=action.key)


def cancellation(action: Cancel) -> Frame:
    """Return the notification that tells a legacy client that a question is withdrawn."""
    params = {"requestId": action.request_id}
    if action.reason is not None:
        params["reason"] = action.reason
    data = encode(Notification(method="notifications/cancelled", params=params))
    return Frame(data, is_answer=False)
