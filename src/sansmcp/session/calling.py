"""What both roles of a session share above `base`: the calls that our side makes, and keep-alive pings."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import METHODS, Codec, Era, Kind, Method, MethodTable, Revision, SchemaError, Side, era_of
from sansmcp.session.actions import Cancel
from sansmcp.session.base import Session
from sansmcp.session.calls import Call, Calls, Outcome, Purpose, to_json
from sansmcp.session.events import CallHandle, RequestTimedOut
from sansmcp.session.settings import KeepAlive, SessionLimits, Timeouts
from sansmcp.session.states import LinkInput, LinkState, RequestInput, Step
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import ErrorResponse, Request, Response

EventT = TypeVar("EventT")

_KEEP_ALIVE: Final = "keep-alive"


class CallingSession(Session[EventT]):
    """The common part of `ServerSession` and `ClientSession`, calls included.

    Args:
        side: which role this end plays.
        revisions: the revisions this end speaks, oldest first.
        methods: the method table.
        timeouts: how long to wait.
        limits: how much the peer may ask for.
        keep_alive: pings in the legacy era, or None.
        handles: where the handles of calls come from; by default they are the session's own.
    """

    def __init__(
        self,
        *,
        side: Side,
        revisions: tuple[Revision, ...],
        methods: MethodTable = METHODS,
        timeouts: Timeouts | None = None,
        limits: SessionLimits | None = None,
        keep_alive: KeepAlive | None = None,
        handles: Iterator[int] | None = None,
    ) -> None:
        super().__init__(side=side, revisions=revisions, methods=methods, timeouts=timeouts, limits=limits)
        self._calls = Calls(self._deadlines, handles)
        self._keep_alive = keep_alive
        self._pings_missed = 0
        self.has_channel = True
        """Whether the peer can be reached at any time; framings where it cannot say so, and then it is not
        pinged to find out whether it is there."""

    def let_go(self) -> None:
        """Tell nobody any more, and refer to nobody who refers to it: it is freed with its last user.

        It forgets its deadlines too, and is for a session that is over.
        """
        super().let_go()
        self._calls.let_go()

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
        related: RequestId | None = None,
        handle: CallHandle | None = None,
    ) -> Call:
        """Enter a call that is known to be sayable, and send it."""
        call = Call(
            handle=self._calls.new_handle() if handle is None else handle,
            wire_id=self._calls.new_wire_id(),
            method=method,
            purpose=purpose,
            codec=codec,
            params=params,
            deliver=deliver,
            timeout=timeout,
            related=related,
        )
        self._calls.start(call, self._now, self._time_out)
        self._dispatch(call)
        return call

    def _dispatch(self, call: Call) -> None:
        self._send(self._request_of(call), related=call.related)

    def _request_of(self, call: Call) -> Request:
        """Build the request of a call, as its revision wants it."""
        return Request(
            id=call.wire_id, method=call.method.name, params=to_json(call.codec, call.params) or None
        )

    def _receive_answer(self, message: Response | ErrorResponse) -> None:
        if message.id is None or message.id is ABSENT:
            # It belongs to no request of ours that could be named.
            self._drop(message, "error without id")
            return
        call = self._calls.by_wire_id(message.id)
        if call is None:
            self._answer_unexpected(message)
        elif isinstance(message, ErrorResponse):
            self._end_call(call, RequestInput.ANSWER, call.failed(message.error))
        else:
            self._receive_result(call, message.result)

    def _answer_unexpected(self, message: Response | ErrorResponse) -> None:
        self._drop(message, f"answer to {message.id!r}, which is not in flight")

    def _receive_unreadable_answer(self, request_id: RequestId | None, fault: str) -> None:
        call = self._calls.by_wire_id(request_id)
        if call is not None:
            self._lose_call(call, f"its answer cannot be read: {fault}")

    def _receive_result(self, call: Call, result: Mapping[str, JSON]) -> None:
        if call.method.result is None:
            self._end_call(call, RequestInput.ANSWER, call.answered(result))
            return
        try:
            value, dropped = call.codec.structure_reporting(call.method.result, result)
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

    def _lose_calls(self, reason: str) -> None:
        for call in self._calls:
            self._lose_call(call, reason)

    def _time_out(self, call: Call, limit: str) -> None:
        if call.method.cancellable and call.purpose is not Purpose.PROBE:
            self._queue(Cancel(request_id=call.wire_id, reason="timed out", related=call.related))
        self._end_call(call, RequestInput.CANCEL, call.timed_out(f"was not answered within its {limit}"))

    # Pings

    def _ping(
        self,
        codec: Codec | None,
        timeout: float,
        purpose: Purpose,
        deliver: Callable[[Call, Outcome], None],
    ) -> CallHandle:
        if codec is None or era_of(codec.revision) is Era.MODERN:
            raise LocalProtocolError("ping(): only a legacy session has it", state=self._phase.value)
        method = self._methods.lookup("ping", codec.revision, self._side, Kind.REQUEST)
        if method is None:
            raise AssertionError("unreachable: every legacy revision has ping")
        self._speak(Step.CLIENT_PING if self._side is Side.CLIENT else Step.SERVER_PING, "ping()")
        return self._start_call(method, {}, codec, purpose=purpose, deliver=deliver, timeout=timeout).handle

    def _is_busy(self) -> bool:
        """Say whether a request is in flight, in either direction."""
        return any(call.purpose is not Purpose.LISTEN for call in self._calls)

    def _arm_keep_alive(self) -> None:
        if self._keep_alive is not None:
            self._arm_ping(self._keep_alive, self._now + self._keep_alive.interval)

    def _arm_ping(self, keep_alive: KeepAlive, at: float) -> None:
        self._deadlines.arm(
            _KEEP_ALIVE, at, "the peer is silent: ping it", partial(self._ping_due, keep_alive)
        )

    def _disarm_keep_alive(self) -> None:
        self._deadlines.disarm(_KEEP_ALIVE)

    def _ping_due(self, keep_alive: KeepAlive) -> None:
        # What happened since is looked up only now, so that no message pays for a timer.
        due = self._quiet_since + keep_alive.interval
        if self._now < due:
            self._arm_ping(keep_alive, due)
        elif self._is_busy() or not self.has_channel:
            self._arm_ping(keep_alive, self._now + keep_alive.interval)
        else:
            self._ping(self._codec, keep_alive.timeout, Purpose.PING, partial(self._pinged, keep_alive))

    def _pinged(self, keep_alive: KeepAlive, call: Call, outcome: Outcome) -> None:
        del call
        if self._link is not LinkState.OPEN:
            return
        if not isinstance(outcome, RequestTimedOut):
            # An error is an answer too: the peer is there.
            self._pings_missed = 0
            self._arm_keep_alive()
            return
        self._pings_missed += 1
        missed = f"{self._pings_missed} of {keep_alive.failures}"
        self._violated(f"a ping was not answered within {keep_alive.timeout} s ({missed})")
        if self._pings_missed < keep_alive.failures:
            self._arm_keep_alive()
        else:
            self._step_link(LinkInput.GIVE_UP, f"the peer left {self._pings_missed} pings unanswered")
