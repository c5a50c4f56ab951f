"""One logical stream of a client: a POST with its response, and the GETs that go on with it after a cut.

The standalone stream of a legacy session is one without requests.

Source: 2025-03-26 to 2025-11-25, Streamable HTTP, Resumability and Redelivery.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from sansmcp.http.client.exchange import Answer, Taker
from sansmcp.http.client.exchanges import FIELD_VALUE, Exchanges
from sansmcp.http.heads import Headers
from sansmcp.http.states import FOLLOWING, FollowingInput, FollowingState
from sansmcp.session import Send
from sansmcp.values import ABSENT, Absent, RequestId
from sansmcp.wire import Batch, ErrorResponse, Message, Response, ServerSentEvent, Shape, Violation, decode

# Milliseconds; a server that wants to be left alone for less is tried as one that failed.
_DELIBERATE: Final = 100


class StreamOwner(Protocol):
    """What a stream belongs to: one session's way over HTTP."""

    def deliver(self, message: Message | Batch | Violation, now: float) -> None:
        """Hand a message to the session."""

    def lose(self, request_id: RequestId, method: str, reason: str, now: float) -> None:
        """Tell the session that no answer to a request can come."""

    def answered(self, stream: "Stream", answer: Answer, now: float) -> None:
        """Take the response to a POST that is no stream."""

    def begun(self, stream: "Stream", headers: Headers, now: float) -> None:
        """Take in that a POST is answered by a stream."""

    def resume(self, stream: "Stream") -> None:
        """Open the GET that goes on with a stream."""

    def resuming_refused(self, stream: "Stream", answer: Answer, now: float) -> None:
        """Take the response to a GET that is no stream."""

    def stream_over(self, stream: "Stream", reason: str, now: float) -> None:
        """Forget a stream that has ended."""


class Stream(Taker):
    """One logical stream.

    Args:
        owner: what it belongs to.
        exchanges: where it opens exchanges.
        sent: what was posted; None for the standalone stream.
        requests: the requests it brings answers to, and their methods.
        token: what names the session that it belongs to; None where none does.
        resumable: whether a GET may go on with it.
    """

    def __init__(
        self,
        owner: StreamOwner,
        exchanges: Exchanges,
        *,
        sent: Send | None,
        requests: Mapping[RequestId, str],
        token: str | None,
        resumable: bool,
    ) -> None:
        self.is_standalone: Final = sent is None
        """Whether it brings what the server says by itself."""
        self._sent: Final = sent
        self.requests: Final = dict(requests)
        """The requests that have no answer yet."""
        self.token: Final = token
        """What names the session that it belongs to."""
        self.event_id: str | None = None
        """The id of the last event that had one which a header field can say."""
        self.has_begun = False
        """Whether a response was a stream of events."""
        self.was_corrected = False
        """Whether it was sent once more, with other headers."""
        self.retry: int | None = None
        """The milliseconds that the server last wanted to be left alone."""
        self.attempts = 0
        """How often it was taken up again without progress."""
        self._owner = owner
        self._exchanges = exchanges
        self._resumable = resumable
        self._state = FollowingState.OPEN
        self._seen: dict[str, None] = {}
        self._new: dict[str, None] = {}
        self._opened_at: float | None = None
        self._is_left_alone = False

    @property
    def sent(self) -> Send:
        """What was posted."""
        if self._sent is None:
            raise AssertionError("unreachable: the standalone stream was never posted")
        return self._sent

    @property
    def is_posted(self) -> bool:
        """Whether the exchange that is open is the POST."""
        return self.exchange is not None and self.exchange.request.method == "POST"

    def take_stream(self, headers: Headers, now: float) -> None:
        """Take in that events will come."""
        self.has_begun = True
        self._opened_at = now
        self._is_left_alone = False
        if self.is_posted:
            self._owner.begun(self, headers, now)

    def take_event(self, event: ServerSentEvent, now: float) -> None:
        """Take an event; one that came before the stream was cut changes nothing."""
        if event.event_id is not None:
            if event.event_id in self._seen:
                return
            if event.event_id not in self._new:
                self.attempts = 0
            self._new[event.event_id] = None
            _trim(self._new, self._exchanges.limits.event_ids)
        if not event.data or event.event != "message":
            # It gives its id only, or is none of ours.
            return
        self.attempts = 0
        self.take_message(decode(event.data, self._exchanges.limits.messages), now)

    def take_message(self, message: Message | Batch | Violation, now: float) -> None:
        """Take a message of the stream, which may be the last."""
        was_owed = bool(self.requests)
        for request_id in answered_by(message):
            self.requests.pop(request_id, None)
        if was_owed and not self.requests:
            self._step(FollowingInput.FINISHED)
            self._exchanges.release(self)
            self._owner.stream_over(self, "every request is answered", now)
        self._owner.deliver(message, now)

    def take_position(self, event_id: str | None, retry: int | None) -> None:
        """Take in where the stream is, and how long the server wants to be left alone after it."""
        if event_id is not None and FIELD_VALUE.fullmatch(event_id) is not None:
            # After another one nobody can ask to go on; what comes twice then is dropped by its id.
            self.event_id = event_id
        if retry is not None:
            self.retry = retry
            self._is_left_alone = retry >= _DELIBERATE

    def take_answer(self, answer: Answer, now: float) -> None:
        """Take a response that is no stream."""
        if self.is_posted:
            self._owner.answered(self, answer, now)
        else:
            self._owner.resuming_refused(self, answer, now)

    def take_end(self, reason: str, now: float) -> None:
        """Take in that the exchange has ended though something is owed: go on by another, or give up."""
        if self._resumable and (self.is_standalone or self.event_id is not None):
            self.try_again(reason, now, is_deliberate=self._is_left_alone)
        else:
            self.give_up(reason, now)

    def try_again(self, reason: str, now: float, *, is_deliberate: bool = False) -> None:
        """Take it up again later, as long as there is hope.

        Args:
            reason: why it has ended, for those who wait where there is none.
            now: the time.
            is_deliberate: whether the server has said how long it wants to be left alone, and then ended it.
        """
        reconnect = self._exchanges.limits.reconnect
        if self._opened_at is not None and now - self._opened_at > reconnect.most_delay:
            # It was well, though nothing was to be told.
            self.attempts = 0
        self._opened_at = None
        self._is_left_alone = False
        wanted = 0.0 if self.retry is None else self.retry / 1000
        if is_deliberate:
            delay = wanted
        elif self.attempts >= reconnect.attempts:
            self.give_up(f"{reason}; it was taken up again {self.attempts} times without progress", now)
            return
        else:
            self.attempts += 1
            delay = max(wanted, reconnect.delay(self.attempts, self._exchanges.share()))
        self._remember()
        self._step(FollowingInput.CUT)
        self._exchanges.wait(self, now + delay, "a stream is taken up again", self._resume)

    def give_up(self, reason: str, now: float) -> None:
        """End it: no answer can come any more."""
        self._step(FollowingInput.FINISHED)
        self._exchanges.abort(self)
        self._owner.stream_over(self, reason, now)
        for request_id, method in self.take_requests().items():
            self._owner.lose(request_id, method, reason, now)

    def take_requests(self) -> dict[RequestId, str]:
        """Return the requests that have no answer, and their methods; none is left."""
        requests = dict(self.requests)
        self.requests.clear()
        return requests

    def drop(self) -> None:
        """End it without a word: nobody waits for it any more."""
        self._step(FollowingInput.FINISHED)
        self._exchanges.abort(self)
        self._exchanges.deadlines.disarm(self)
        self.requests.clear()

    def _resume(self) -> None:
        self._step(FollowingInput.TAKE_UP)
        self._owner.resume(self)

    def _step(self, happened: FollowingInput) -> None:
        self._state = FOLLOWING[self._state][happened][1]

    def _remember(self) -> None:
        """What has come counts as seen from now on."""
        self._seen.update(self._new)
        self._new.clear()
        _trim(self._seen, self._exchanges.limits.event_ids)


def _trim(event_ids: dict[str, None], most: int) -> None:
    """Forget the oldest ones."""
    while len(event_ids) > most:
        del event_ids[next(iter(event_ids))]


def answered_by(message: Message | Batch | Violation) -> list[RequestId]:
    """Return the requests that what came answers, or would if it could be read."""
    answered: list[RequestId] = []
    for item in message.messages if isinstance(message, Batch) else (message,):
        request_id: RequestId | Absent | None
        if isinstance(item, Violation):
            request_id = item.request_id if item.shape is Shape.RESPONSE else ABSENT
        else:
            request_id = item.id if isinstance(item, Response | ErrorResponse) else ABSENT
        if request_id is not ABSENT and request_id is not None:
            answered.append(request_id)
    return answered
