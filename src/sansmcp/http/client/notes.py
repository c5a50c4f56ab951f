"""What a client sends and gets no message for: notifications, answers to questions, the end of a session."""

from collections.abc import Callable
from typing import Final

from sansmcp.http.client.exchange import Answer, Taker
from sansmcp.http.client.exchanges import HttpClientLimits
from sansmcp.http.heads import Headers
from sansmcp.session import Send
from sansmcp.wire import ErrorResponse, Response

_ANSWERS: Final = (Response, ErrorResponse)

Accepted = Callable[[float], None]
Refused = Callable[[Answer | None, str, float], None]


class Note(Taker):
    """One request of HTTP that is only to be accepted.

    Args:
        accepted: told that it was.
        refused: told that it was not, with the response if there was one, and why.
    """

    is_brief = True

    def __init__(self, accepted: Accepted, refused: Refused) -> None:
        self._accepted = accepted
        self._refused = refused

    def take_stream(self, headers: Headers, now: float) -> None:
        """Take in that it was accepted; some servers answer with an empty stream."""
        del headers
        self._accepted(now)

    def take_answer(self, answer: Answer, now: float) -> None:
        """Take in whether it was accepted: any status of success will do."""
        if 200 <= answer.status < 300:
            self._accepted(now)
        else:
            self._refused(answer, f"the server answered with the status {answer.status}", now)

    def take_end(self, reason: str, now: float) -> None:
        """Take in that there was no response."""
        self._refused(None, reason, now)


class UnacceptedAnswers:
    """Answers to the server's requests that it has not accepted yet: a flood of requests adds no more.

    Args:
        limits: how many there may be.
    """

    def __init__(self, limits: HttpClientLimits) -> None:
        self._limits = limits
        self._count = 0
        self._bytes = 0

    def add(self, action: Send) -> str | None:
        """Count what is to be sent, if it is an answer; say why it is to be dropped, or None."""
        if not isinstance(action.message, _ANSWERS):
            return None
        most, most_bytes = self._limits.answers, self._limits.answer_bytes
        if self._count >= most or self._bytes >= most_bytes:
            return (
                f"an answer was dropped: {self._count} of {self._bytes} bytes before it were not accepted; "
                f"at most {most} or {most_bytes} bytes may wait"
            )
        self._count += 1
        self._bytes += len(action.data)
        return None

    def discard(self, action: Send) -> None:
        """Forget what was accepted or refused, if it was an answer."""
        if isinstance(action.message, _ANSWERS):
            self._count -= 1
            self._bytes -= len(action.data)

    def clear(self) -> None:
        """Forget all."""
        self._count = self._bytes = 0
