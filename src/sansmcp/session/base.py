"""What both roles of a session share: one door for all output, routing, deadlines, opening and closing.

A session is fed with messages and the time and is asked for actions, events and the next deadline.
It does no I/O, has no clock, and starts nothing. Time only moves forward: an input whose `now` is
older than the last one seen counts as the last one seen. `calling` above it makes our calls.
"""

import abc
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Generic, TypeVar, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    INVALID_REQUEST,
    METHODS,
    Codec,
    MethodTable,
    Revision,
    Side,
)
from sansmcp.session.actions import Action, Close, Send
from sansmcp.session.calls import Outcome
from sansmcp.session.deadlines import Deadlines
from sansmcp.session.events import Disconnected, MessageDropped, ProtocolViolated
from sansmcp.session.pace import Pace, Report
from sansmcp.session.settings import DEFAULT_SESSION_LIMITS, DEFAULT_TIMEOUTS, SessionLimits, Timeouts
from sansmcp.session.states import LIFECYCLE, LINK, Effect, LinkInput, LinkState, Phase, Step
from sansmcp.session.stats import Counters, SessionStats
from sansmcp.values import ABSENT, JSON, ProgressToken, RequestId
from sansmcp.wire import (
    Batch,
    ErrorObject,
    ErrorResponse,
    Message,
    Notification,
    Request,
    Response,
    Shape,
    Violation,
    encode,
)

EventT = TypeVar("EventT")

PEER_CLOSED: Final = "the peer closed the connection"
"""How an input ends of which nothing else is known."""

_GRACE: Final = "grace"

# They end or open something, so a flood must not swallow them.
_NEVER_DROPPED: Final = frozenset(
    {
        "notifications/cancelled",
        "notifications/initialized",
        "notifications/subscriptions/acknowledged",
    }
)


class Session(abc.ABC, Generic[EventT]):
    """The common part of `ServerSession` and `ClientSession`.

    Args:
        side: which role this end plays.
        revisions: the revisions this end speaks, oldest first.
        methods: the method table.
        timeouts: how long to wait.
        limits: how much the peer may ask for.
    """

    def __init__(
        self,
        *,
        side: Side,
        revisions: tuple[Revision, ...],
        methods: MethodTable = METHODS,
        timeouts: Timeouts | None = None,
        limits: SessionLimits | None = None,
    ) -> None:
        self._side = side
        self._revisions = revisions
        self._methods = methods
        self._timeouts = timeouts or DEFAULT_TIMEOUTS
        self._limits = limits or DEFAULT_SESSION_LIMITS
        self._actions: list[Action] = []
        self._events: deque[EventT] = deque()
        self._deadlines = Deadlines()
        self._link = LinkState.OPEN
        self._phase = Phase.NEW
        self._codec: Codec | None = None
        self._now = float("-inf")
        self._quiet_since = float("-inf")
        self._end_reason = ""
        self._counters = Counters()
        self._notification_pace = Pace(self._limits.notification_interval, self._limits.notification_burst)
        self._reports = 0
        self._unsent_bytes = 0
        self._unsent: dict[RequestId, int] = {}
        self._tell: Callable[[], None] | None = None

    # Outputs

    def watch(self, tell: Callable[[], None]) -> None:
        """Let an owner be told whenever there may be an action, an event or another deadline to take.

        It is told in the middle of a command or an input, so it may only take note of it.

        Args:
            tell: who is told, in place of whoever was told before.
        """
        self._tell = self._deadlines.changed = tell

    def let_go(self) -> None:
        """Tell nobody any more, and refer to nobody who refers to it: it is freed with its last user.

        It forgets its deadlines too, and is for a session that is over.
        """
        self._tell = self._deadlines.changed = None
        self._deadlines.clear()

    def actions(self, *, is_written: bool = True) -> list[Action]:
        """Take the actions queued since the last call, in the order they are to be carried out.

        Args:
            is_written: whether what they send is about to be written; if not, say `note_written` when it is.
        """
        actions, self._actions = self._actions, []
        if is_written and self._unsent_bytes:
            self._unsent_bytes = 0
            self._unsent.clear()
            self._sent_on()
        return actions

    def note_written(self, related: RequestId | None, size: int) -> None:
        """Take in that some of what actions took is about to be written, or will never be.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            related: the request that it belongs to, or None.
            size: its bytes.
        """
        self._unsent_bytes -= size
        if related is not None:
            left = self._unsent.get(related, 0) - size
            if left > 0:
                self._unsent[related] = left
            else:
                self._unsent.pop(related, None)
        self._sent_on()

    def _sent_on(self) -> None:
        """Take in that whatever was to be sent is on its way."""

    def next_event(self) -> EventT | None:
        """Take the next event, or None."""
        return self._events.popleft() if self._events else None

    def next_deadline(self) -> float | None:
        """Return when `handle_timeout` is wanted next, or None.

        Any input or command may change it. Seconds on the clock that `now` is read from.
        """
        return self._deadlines.next_deadline()

    def deadline_reason(self) -> str | None:
        """Say what the next deadline is for; the first thing to print when a loop spins."""
        return self._deadlines.reason()

    @property
    def now(self) -> float:
        """The latest time that it was told; minus infinity before that."""
        return self._now

    @property
    def phase(self) -> Phase:
        """The phase of the legacy session."""
        return self._phase

    @property
    def link(self) -> LinkState:
        """The state of the channel."""
        return self._link

    @property
    def revision(self) -> Revision | None:
        """The revision that was agreed on, or None; a server serves modern requests beside it."""
        return None if self._codec is None else self._codec.revision

    @property
    def limits(self) -> SessionLimits:
        """How much the peer may ask for."""
        return self._limits

    @abc.abstractmethod
    def stats(self) -> SessionStats:
        """Return how the session is doing."""

    # Inputs

    def receive_message(self, message: Message | Batch, now: float) -> None:
        """Take in a message from the peer. It never raises for what the peer sent.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        if not self._advance(now):
            return
        self._count(message.size)
        self._quiet_since = self._now
        match message:
            case Request():
                self._receive_request(message)
            case Notification():
                self._take_notification(message)
            case Response() | ErrorResponse():
                self._receive_answer(message)
            case Batch():
                self._receive_batch(message)
            case _:
                assert_never(message)

    def receive_violation(self, violation: Violation, now: float) -> None:
        """Take in what framing could not read as a message.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        if not self._advance(now):
            return
        self._count(0)
        self._receive_violation(violation)

    def receive_eof(self, now: float, reason: str = PEER_CLOSED) -> None:
        """Take in that the peer ended its input; it may be said again.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            now: the time.
            reason: how the input ended, for the events that tell of it.
        """
        self._advance(now)
        self._step_link(LinkInput.END_OF_INPUT, reason)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due; nothing happens when nothing is.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        self._advance(now)

    # Commands

    def close(self, now: float) -> None:
        """End the connection in good order; it may be said again.

        Afterwards drain actions(), next_event() and next_deadline(), until `Disconnected` comes.
        """
        self._advance(now)
        self._step_link(LinkInput.CLOSE, "this side closed the connection")

    # The one door for output

    def _encode(self, message: Message | Batch) -> bytes:
        """Write what a command wants sent, before anything changes; too long a message is refused."""
        data = encode(message)
        if len(data) > self._limits.message_bytes:
            raise LocalProtocolError(
                f"the message has {len(data)} bytes; at most {self._limits.message_bytes} are sent at once"
            )
        return data

    def _send(
        self,
        message: Message | Batch,
        *,
        related: RequestId | None = None,
        key: tuple[str, ...] | None = None,
    ) -> None:
        self._send_encoded(message, encode(message), related=related, key=key)

    def _send_encoded(
        self,
        message: Message | Batch,
        data: bytes,
        *,
        related: RequestId | None = None,
        key: tuple[str, ...] | None = None,
    ) -> None:
        self._counters.messages_sent += 1
        self._counters.bytes_sent += len(data)
        self._unsent_bytes += len(data)
        if related is not None:
            self._unsent[related] = self._unsent.get(related, 0) + len(data)
        self._queue(Send(message=message, data=data, related=related, key=key))

    def _queue(self, action: Action) -> None:
        self._actions.append(action)
        if self._tell is not None:
            self._tell()

    def _new_report(self, token: ProgressToken) -> Report:
        self._reports += 1
        pace = Pace(self._limits.progress_interval, self._limits.progress_burst)
        return Report(token=token, number=self._reports, pace=pace)

    def _send_progress(self, report: Report, message: Notification, related: RequestId) -> None:
        """Send progress at its pace; it is known to be sayable."""
        report.held = message
        at = report.pace.next_at(self._now)
        if at > self._now:
            release = partial(self._release_progress, report, related)
            self._deadlines.arm(report, at, "progress was held back", release)
        else:
            self._release_progress(report, related)

    def _release_progress(self, report: Report | None, related: RequestId) -> None:
        """Send the progress that is held, if there is any."""
        if report is None or report.held is None:
            return
        message, report.held = report.held, None
        self._deadlines.disarm(report)
        report.pace.spend(self._now)
        self._send(message, related=related, key=(message.method, str(report.number)))

    def _forget_progress(self, report: Report | None) -> None:
        """Keep back what is held: nothing more is told of this request."""
        if report is not None:
            report.held = None
            self._deadlines.disarm(report)

    def _emit(self, event: EventT) -> None:
        self._events.append(event)
        if self._tell is not None:
            self._tell()

    @abc.abstractmethod
    def _emit_shared(self, event: Outcome | ProtocolViolated | MessageDropped | Disconnected) -> None:
        """Emit an event that both roles have."""

    def _violated(
        self,
        reason: str,
        request_id: RequestId | None = None,
        excerpt: str = "",
        *,
        code: int | None = None,
    ) -> None:
        self._counters.violations += 1
        self._emit_shared(ProtocolViolated(reason=reason, code=code, request_id=request_id, excerpt=excerpt))

    def _drop(self, message: Message, reason: str) -> None:
        self._counters.dropped += 1
        self._emit_shared(MessageDropped(reason=reason, message=message))

    def _reply_error(
        self, request_id: RequestId, code: int, text: str, data: JSON = ABSENT, *, violated: bool = True
    ) -> None:
        error = ErrorObject(code=code, message=text, data=data)
        self._reply(request_id, ErrorResponse(id=request_id, error=error))
        if violated:
            self._violated(text, request_id, code=code)

    def _reply(self, request_id: RequestId, message: Response | ErrorResponse) -> None:
        self._send(message, related=request_id)

    # Routing

    @abc.abstractmethod
    def _receive_request(self, message: Request) -> None: ...

    def _take_notification(self, message: Notification) -> None:
        self._counters.notifications_received += 1
        if message.method not in _NEVER_DROPPED:
            if self._notification_pace.next_at(self._now) > self._now:
                self._drop(message, f"more than {self._limits.notification_burst} notifications at once")
                return
            self._notification_pace.spend(self._now)
        self._receive_notification(message)

    @abc.abstractmethod
    def _receive_notification(self, message: Notification) -> None: ...

    @abc.abstractmethod
    def _receive_answer(self, message: Response | ErrorResponse) -> None: ...

    def _receive_batch(self, batch: Batch) -> None:
        if self.revision != "2025-03-26":
            what = "an array of messages is legal in 2025-03-26 only"
            self._receive_violation(Violation(code=INVALID_REQUEST, text=what))
            return
        self._receive_items(batch)

    def _receive_items(self, batch: Batch) -> None:
        for item in batch.messages:
            if self._link is LinkState.CLOSED:
                # An item before it was the last thing that was waited for.
                return
            match item:
                case Violation():
                    self._receive_violation(item)
                case Request():
                    self._receive_request(item)
                case Notification():
                    self._take_notification(item)
                case _:
                    self._receive_answer(item)

    def _receive_violation(self, violation: Violation) -> None:
        request_id = None if violation.request_id is ABSENT else violation.request_id
        # The event goes first: the end of a call may be the end of the connection, the last event of all.
        self._violated(violation.text, request_id, violation.excerpt, code=violation.code)
        if violation.shape is Shape.RESPONSE:
            self._receive_unreadable_answer(request_id, violation.text)
        elif violation.shape is not Shape.NOTIFICATION:
            self._answer_unreadable(violation, request_id if violation.shape is Shape.REQUEST else None)

    @abc.abstractmethod
    def _receive_unreadable_answer(self, request_id: RequestId | None, fault: str) -> None:
        """End the call whose answer cannot be read."""

    @abc.abstractmethod
    def _answer_unreadable(self, violation: Violation, request_id: RequestId | None) -> None:
        """Tell the peer that what it sent cannot be read, where the rules of the role allow it."""

    # Time

    def _advance(self, now: float) -> bool:
        """Handle what is due; say whether the channel is still usable."""
        self._now = max(self._now, now)
        while (act := self._deadlines.take_due(self._now)) is not None:
            act()
        return self._link is not LinkState.CLOSED

    # States

    def _speak(self, step: Step, what: str) -> Effect | None:
        """Step through the lifecycle because our side speaks."""
        row = LIFECYCLE[self._phase].get(step)
        if row is None:
            raise LocalProtocolError(f"{what} is not legal now", state=self._phase.value)
        self._phase = row[1]
        return row[0]

    def _hear(self, step: Step) -> tuple[Effect | None, Phase] | None:
        """Look up what a message of the peer does; None if it is not legal now."""
        return LIFECYCLE[self._phase].get(step)

    def _step_link(self, happened: LinkInput, reason: str) -> None:
        effect, self._link = LINK[self._link][happened]
        if effect is Effect.START_DRAINING:
            self._end_reason = reason
            self._start_draining(happened)
        elif effect is Effect.SHUT:
            self._shut(reason)

    @abc.abstractmethod
    def _start_draining(self, cause: LinkInput) -> None:
        """End what must end before the grace period begins."""

    def _arm_grace(self, seconds: float) -> None:
        self._deadlines.arm(_GRACE, self._now + seconds, "requests in flight may finish", self._grace_over)

    def _grace_over(self) -> None:
        self._step_link(LinkInput.GRACE_OVER, self._end_reason)

    def _drained(self) -> None:
        self._step_link(LinkInput.DRAINED, self._end_reason)

    def _shut(self, reason: str) -> None:
        """End everything at once; nothing happens after `Disconnected`."""
        self._end_session(reason)
        self._queue(Close())
        self._deadlines.clear()
        self._emit_shared(self._disconnected(reason))

    @abc.abstractmethod
    def _end_session(self, reason: str) -> None:
        """End what the role keeps: calls, requests, subscriptions, the legacy session."""

    def _disconnected(self, reason: str) -> Disconnected:
        return Disconnected(reason=reason)

    def _count(self, size: int) -> None:
        self._counters.messages_received += 1
        self._counters.bytes_received += size

    def _refuse(self, message: Request, text: str) -> None:
        self._reply_error(message.id, INVALID_REQUEST, text)
