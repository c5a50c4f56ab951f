"""What a client sends and gets no message for: notifications, answers to questions, the end of a session."""

from collections.abc import Callable

from sansmcp.http.client.exchange import Answer, Taker
from sansmcp.http.heads import Headers

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
