"""What both roles of a session share: one door for all output, routing, deadlines, our calls, closing.

A session is fed with messages and the time and is asked for actions, events and the next deadline.
It does no I/O, has no clock, and starts nothing. Time only moves forward: an input whose `now` is
older than the last one seen counts as the last one seen.
"""

import abc
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, Generic, TypeVar, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, Codec, Era, Kind, Method, MethodTable, Revision, SchemaError, Side, era_of
from sansmcp.session.actions import Action, Cancel, Close, Send
from sansmcp.session.calls import Call, Calls, Outcome, Purpose
from sansmcp.session.deadlines import Deadlines
from sansmcp.session.era import INVALID_REQUEST
from sansmcp.session.events import (
    CallHandle,
    Disconnected,
    MessageDropped,
    ProtocolViolated,
    RequestTimedOut,
)
from sansmcp.session.settings import KeepAlive, SessionLimits, Timeouts
from sansmcp.session.states import LIFECYCLE, LINK, Effect, LinkInput, LinkState, Phase, RequestInput, Step
from sansmcp.session.stats import Counters, SessionStats
from sansmcp.values import ABSENT, JSON, RequestId
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

_GRACE: Final = "grace"
_KEEP_ALIVE: Final = "keep-alive"


class Session(abc.ABC, Generic[EventT]):
    """The common part of `ServerSession` and `ClientSession`.

    Args:
        side: which role this end plays.
        revisions: the revisions this end speaks.
        methods: the method table.
        timeouts: how long to wait.
        limits: how much the peer may ask for.
        keep_alive: pings in the legacy era, or None.
    """

    def __init__(
        self,
        *,
        side: Side,
        revisions: Sequence[Revision],
        methods: MethodTable = METHODS,
        timeouts: Timeouts | None = None,
        limits: SessionLimits | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> None:
        if not revisions:
            raise LocalProtocolError("revisions: expected at least one, found none")
        self._side = side
        self._peer = Side.SERVER if side is Side.CLIENT else Side.CLIENT
        self._revisions = tuple(sorted(revisions))
        self._methods = methods
        self._timeouts = timeouts or Timeouts()
        self._limits = limits or SessionLimits()
        self._keep_alive = keep_alive
        self._actions: list[Action] = []
        self._events: deque[EventT] = deque()
        self._deadlines = Deadlines()
        self._calls = Calls(self._deadlines)
        self._link = LinkState.OPEN
        self._phase = Phase.NEW
        self._codec: Codec | None = None
        self._now = float("-inf")
        self._quiet_since = float("-inf")
        self._pings_missed = 0
        self._end_reason = ""
        self._counters = Counters()

    # Outputs

    def actions(self) -> list[Action]:
        """Take the actions queued since the last call, in the order they are to be carried out."""
        actions, self._actions = self._actions, []
        return actions

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
                self._counters.notifications_received += 1
                self._receive_notification(message)
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

    def receive_eof(self, now: float) -> None:
        """Take in that the peer ended its input; it may be said again.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        if self._advance(now):
            self._step_link(LinkInput.END_OF_INPUT, "the peer closed the connection")

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
        if self._advance(now):
            self._step_link(LinkInput.CLOSE, "this side closed the connection")

    # The one door for output

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
        self._actions.append(Send(message=message, data=data, related=related, key=key))

    def _emit(self, event: EventT) -> None:
        self._events.append(event)

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

    @abc.abstractmethod
    def _receive_notification(self, message: Notification) -> None: ...

    @abc.abstractmethod
    def _receive_batch(self, batch: Batch) -> None: ...

    def _receive_violation(self, violation: Violation) -> None:
        if violation.shape is Shape.RESPONSE and violation.request_id is not ABSENT:
            call = self._calls.by_wire_id(violation.request_id)
            if call is not None:
                self._lose_call(call, f"its answer cannot be read: {violation.text}")
        elif violation.shape is Shape.REQUEST and violation.request_id is not ABSENT:
            error = ErrorObject(code=violation.code, message=violation.text)
            self._reply(violation.request_id, ErrorResponse(id=violation.request_id, error=error))
        request_id = None if violation.request_id is ABSENT else violation.request_id
        self._violated(violation.text, request_id, violation.excerpt, code=violation.code)

    # Our calls

    def _start_call(
        self,
        method: Method,
        params: JSON,
        codec: Codec,
        *,
        purpose: Purpose,
        deliver: Callable[[Call, Outcome], None],
        timeout: float | None,
        maximum: float | None = None,
        wants_progress: bool = False,
        related: RequestId | None = None,
        handle: CallHandle | None = None,
    ) -> Call:
        call = Call(
            handle=self._calls.new_handle() if handle is None else handle,
            method=method,
            purpose=purpose,
            codec=codec,
            params=params,
            deliver=deliver,
            wants_progress=wants_progress,
            timeout=timeout,
            related=related,
        )
        self._calls.start(call, self._now, maximum=maximum)
        return call

    def _transmit(self, call: Call, params: Mapping[str, JSON]) -> Request:
        if call.wants_progress:
            params = {**params, "_meta": {**(params.get("_meta") or {}), "progressToken": call.wire_id}}
        return Request(id=call.wire_id, method=call.method.name, params=params or None)

    def _receive_answer(self, message: Response | ErrorResponse) -> None:
        wire_id = None if message.id is ABSENT else message.id
        call = self._calls.by_wire_id(wire_id)
        if call is None:
            self._drop(
                message,
                f"answer to {wire_id!r}, which is not in flight"
                if wire_id is not None
                else "error without id",
            )
        elif isinstance(message, ErrorResponse):
            self._end_call(call, RequestInput.ANSWER, call.failed(message.error))
        else:
            self._receive_result(call, message.result)

    def _receive_result(self, call: Call, result: Mapping[str, JSON]) -> None:
        codec = call.codec
        if call.method.result is None:
            self._end_call(call, RequestInput.ANSWER, call.answered(result))
            return
        try:
            value, dropped = codec.structure_reporting(call.method.result, result)
        except SchemaError as error:
            self._unusable(call, str(error))
            return
        for fault in dropped:
            self._violated(f"result of {call.method.name}: {fault}", call.wire_id)
        self._end_call(call, RequestInput.ANSWER, call.answered(value))

    def _unusable(self, call: Call, fault: str) -> None:
        self._violated(f"result of {call.method.name}: {fault}", call.wire_id)
        self._lose_call(call, f"its result cannot be used: {fault}")

    def _end_call(self, call: Call, happened: RequestInput, outcome: Outcome) -> None:
        call.step(happened)
        self._calls.remove(call)
        self._quiet_since = self._now
        call.deliver(call, outcome)

    def _deliver_to_user(self, call: Call, outcome: Outcome) -> None:
        del call
        self._emit_shared(outcome)

    def _lose_call(self, call: Call, reason: str) -> None:
        self._end_call(call, RequestInput.LOSE, call.lost(reason))

    def _time_out(self, call: Call) -> None:
        maximum = call.maximum is not None and (call.deadline is None or call.maximum <= call.deadline)
        limit = "its maximum" if maximum else "its timeout"
        if call.method.cancellable and call.purpose is not Purpose.PROBE:
            self._actions.append(Cancel(request_id=call.wire_id, reason="timed out", related=call.related))
        self._end_call(call, RequestInput.CANCEL, call.timed_out(f"was not answered within {limit}"))

    # Time

    def _advance(self, now: float) -> bool:
        """Handle what is due; say whether the channel is still usable."""
        self._now = max(self._now, now)
        while (due := self._deadlines.take_due(self._now)) is not None:
            self._handle_due(due)
        return self._link is not LinkState.CLOSED

    def _handle_due(self, due: Hashable) -> None:
        if due == _GRACE:
            self._step_link(LinkInput.GRACE_OVER, self._end_reason)
        elif due == _KEEP_ALIVE:
            self._keep_alive_due()
        else:
            call = self._calls.by_handle(due)  # type: ignore[arg-type]  # every other key is a handle
            if call is not None:
                self._time_out(call)

    # Keep-alive

    def _is_busy(self) -> bool:
        return any(call.purpose is not Purpose.LISTEN for call in self._calls)

    def _arm_keep_alive(self) -> None:
        if self._keep_alive is not None:
            at = max(self._quiet_since, self._now) + self._keep_alive.interval
            self._deadlines.arm(_KEEP_ALIVE, at, "the peer is silent: ping it")

    def _keep_alive_due(self) -> None:
        keep_alive = self._keep_alive
        if keep_alive is None or self._link is not LinkState.OPEN:
            return
        due = self._quiet_since + keep_alive.interval
        if self._is_busy() or self._now < due:
            at = max(due, self._now) if self._now < due else self._now + keep_alive.interval
            self._deadlines.arm(_KEEP_ALIVE, at, "the peer is silent: ping it")
            return
        self._ping(keep_alive.timeout, Purpose.PING, self._keep_alive_answered)

    def _ping(
        self, timeout: float | None, purpose: Purpose, deliver: Callable[[Call, Outcome], None]
    ) -> CallHandle:
        codec = self._codec
        if codec is None or era_of(codec.revision) is Era.MODERN:
            raise LocalProtocolError("ping: only a legacy session has it", state=self._phase.value)
        method = self._methods.lookup("ping", codec.revision, self._side, Kind.REQUEST)
        if method is None:
            raise LocalProtocolError(f"ping: {codec.revision} has no such method")
        self._speak(Step.CLIENT_PING if self._side is Side.CLIENT else Step.SERVER_PING, "ping")
        call = self._start_call(method, {}, codec, purpose=purpose, deliver=deliver, timeout=timeout)
        self._send(self._transmit(call, {}))
        return call.handle

    def _keep_alive_answered(self, call: Call, outcome: Outcome) -> None:
        del call
        if self._link is not LinkState.OPEN or self._keep_alive is None:
            return
        if isinstance(outcome, RequestTimedOut):
            self._pings_missed += 1
            if self._pings_missed >= self._keep_alive.failures:
                self._shut(f"the peer left {self._pings_missed} pings unanswered")
                return
        else:
            # An error is an answer too: the peer is there.
            self._pings_missed = 0
        self._arm_keep_alive()

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
        row = LINK[self._link].get(happened)
        if row is None:
            raise AssertionError("unreachable: only a draining link drains")
        effect, self._link = row
        if effect is Effect.START_DRAINING:
            self._end_reason = reason
            self._start_draining(happened)
        elif effect is Effect.SHUT:
            self._shut(reason)

    @abc.abstractmethod
    def _start_draining(self, cause: LinkInput) -> None:
        """End what must end before the grace period begins."""

    def _arm_grace(self, seconds: float) -> None:
        self._deadlines.arm(_GRACE, self._now + seconds, "requests in flight may finish")

    def _drained(self) -> None:
        self._step_link(LinkInput.DRAINED, self._end_reason)

    def _shut(self, reason: str) -> None:
        """End everything at once; nothing happens after `Disconnected`."""
        self._link = LinkState.CLOSED
        self._lose_calls(reason)
        self._end_session(reason)
        self._actions.append(Close())
        self._deadlines.clear()
        self._emit_shared(Disconnected(reason=reason))

    def _lose_calls(self, reason: str) -> None:
        for call in self._calls:
            self._lose_call(call, reason)

    @abc.abstractmethod
    def _end_session(self, reason: str) -> None:
        """End what the role keeps: requests, subscriptions, the legacy session."""

    def _count(self, size: int) -> None:
        self._counters.messages_received += 1
        self._counters.bytes_received += size

    def _refuse(self, message: Request, text: str) -> None:
        self._reply_error(message.id, INVALID_REQUEST, text)
