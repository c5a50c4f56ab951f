"""The calls that one side makes: handles, ids on the wire, and the clock of each."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Codec, Method, SchemaError
from sansmcp.session.deadlines import Deadlines
from sansmcp.session.events import (
    CallHandle,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp.session.states import REQUEST, RequestInput, RequestState
from sansmcp.values import JSON, RequestId, Word
from sansmcp.wire import ErrorObject

Outcome: TypeAlias = ResponseReceived | RequestFailed | RequestTimedOut | RequestLost
"""How a call ends, exactly once."""


class Purpose(Word):
    """Why a call was made, which decides who is told of its outcome."""

    USER = "user"
    PING = "ping"
    PROBE = "probe"
    HANDSHAKE = "handshake"
    LISTEN = "listen"
    SUBSCRIBE = "subscribe"
    QUESTION = "question"


@attrs.define(eq=False, kw_only=True)
class Call:
    """One request of ours, over all its rounds."""

    handle: CallHandle
    wire_id: int
    method: Method
    purpose: Purpose
    codec: Codec
    params: JSON
    deliver: Callable[["Call", Outcome], None]
    timeout: float | None
    time_out: Callable[["Call", str], None] | None = None
    wants_progress: bool = False
    related: RequestId | None = None
    state: RequestState = RequestState.IN_FLIGHT
    rounds: int = 0
    last_progress: float | None = None
    shown_progress: float | None = None
    deadline: float | None = None
    maximum: float | None = None
    paused_at: float | None = None
    was_refused: bool = False
    is_acknowledged: bool = False

    def step(self, happened: RequestInput) -> None:
        """Move to the next state; a pair without a row is a mistake of this package."""
        self.state = REQUEST[self.state][happened][1]

    def answered(self, result: JSON) -> ResponseReceived:
        """Return the outcome of a call that has its result."""
        return ResponseReceived(
            handle=self.handle, method=self.method.name, result=result, rounds=self.rounds
        )

    def failed(self, error: ErrorObject) -> RequestFailed:
        """Return the outcome of a call that the peer answered with an error."""
        return RequestFailed(
            handle=self.handle,
            method=self.method.name,
            code=error.code,
            message=error.message,
            data=error.data,
        )

    def timed_out(self, how: str) -> RequestTimedOut:
        """Return the outcome of a call whose time is up."""
        return RequestTimedOut(
            handle=self.handle, method=self.method.name, reason=f"{self.method.name} {how}"
        )

    def lost(self, reason: str) -> RequestLost:
        """Return the outcome of a call that no answer can come to."""
        return RequestLost(handle=self.handle, method=self.method.name, reason=reason)


def _nobody(call: Call, limit: str) -> None:
    """Take in that a call of a session that is over has run out."""


class Calls:
    """The calls in flight, by handle and by id on the wire; ids are never used twice.

    Args:
        deadlines: where the clocks of the calls are kept.
        handles: where handles come from; none is ever given out twice.
    """

    def __init__(
        self,
        deadlines: Deadlines,
        handles: Iterator[int] | None = None,
    ) -> None:
        self._deadlines = deadlines
        self._handles = itertools.count(1) if handles is None else handles
        self._by_handle: dict[CallHandle, Call] = {}
        self._by_wire_id: dict[RequestId, Call] = {}
        self._last_wire_id = 0

    def __len__(self) -> int:
        return len(self._by_handle)

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._by_handle.values()))

    def let_go(self) -> None:
        """Tell nobody any more which call has run out."""
        self._time_out = _nobody

    @property
    def last_wire_id(self) -> int:
        """The last id on the wire, for `take_back`."""
        return self._last_wire_id

    def take_back(self, last_wire_id: int) -> None:
        """Forget the ids on the wire that were given out since, for calls that were never started."""
        self._last_wire_id = last_wire_id

    def new_handle(self) -> CallHandle:
        """Return a handle that was never used."""
        return CallHandle(next(self._handles))

    def new_wire_id(self) -> int:
        """Return an id that was never on the wire."""
        self._last_wire_id += 1
        return self._last_wire_id

    def start(
        self,
        call: Call,
        now: float,
        time_out: Callable[[Call, str], None],
        *,
        maximum: float | None = None,
    ) -> None:
        """Enter a call and start its clock.

        Args:
            call: the call.
            now: the time.
            time_out: told when it has run out of which of its limits.
            maximum: seconds the call may take in all, or None.
        """
        self._by_handle[call.handle] = call
        self._by_wire_id[call.wire_id] = call
        # With the call and not here, so that a session that calls nobody is gone when nobody holds it.
        call.time_out = time_out
        call.maximum = None if maximum is None else now + maximum
        self.restart_clock(call, now)

    def renumber(self, call: Call) -> None:
        """Give a call a new id on the wire: a retry is a request of its own."""
        call.wire_id = self.new_wire_id()
        call.last_progress = None
        self._by_wire_id[call.wire_id] = call

    def retire_wire_id(self, call: Call) -> None:
        """Forget the id on the wire: it was answered, though the call goes on."""
        self._by_wire_id.pop(call.wire_id, None)

    def by_handle(self, handle: CallHandle) -> Call | None:
        """Return the call of a handle, or None if it is finished or never was."""
        return self._by_handle.get(handle)

    def by_wire_id(self, wire_id: RequestId | None) -> Call | None:
        """Return the call of an id on the wire, or None. 7 and "7" are different."""
        return None if wire_id is None else self._by_wire_id.get(wire_id)

    def remove(self, call: Call) -> None:
        """Take a call out of the tables and stop its clock."""
        self._by_handle.pop(call.handle, None)
        self._by_wire_id.pop(call.wire_id, None)
        self._deadlines.disarm(call.handle)

    def restart_clock(self, call: Call, now: float) -> None:
        """Give a call its whole timeout again, though never more than its maximum."""
        if call.timeout is not None:
            call.deadline = (now if call.paused_at is None else call.paused_at) + call.timeout
            self._arm(call)

    def stop_clock(self, call: Call) -> None:
        """Let a call take as long as it likes."""
        call.timeout = call.deadline = call.maximum = None
        self._deadlines.disarm(call.handle)

    def pause(self, call: Call, now: float) -> None:
        """Stop the clock of a call while our side owes the peer an answer."""
        if call.paused_at is None:
            call.paused_at = now
            self._deadlines.disarm(call.handle)

    def resume(self, call: Call, now: float) -> None:
        """Let the clock of a call go on where it stood; the maximum stood still too."""
        if call.paused_at is None or call.deadline is None:
            return
        pause = now - call.paused_at
        call.paused_at = None
        call.deadline += pause
        if call.maximum is not None:
            call.maximum += pause
        self._arm(call)

    def _arm(self, call: Call) -> None:
        if call.deadline is None or call.paused_at is not None or call.time_out is None:
            return
        at, limit, what = call.deadline, "timeout", "has no answer"
        if call.maximum is not None and call.maximum < at:
            at, limit, what = call.maximum, "maximum", "has reached its maximum"
        if at == math.inf:
            self._deadlines.disarm(call.handle)
            return
        reason = f"{call.method.name} ({call.handle}) {what}"
        self._deadlines.arm(call.handle, at, reason, partial(call.time_out, call, limit))


def typed(type_: JSON, codec: Codec, value: JSON, what: str) -> JSON:
    """Return a value of a type: the value itself, or what a JSON object says.

    Args:
        type_: the type in the method table.
        codec: the codec of the revision.
        value: a value of the type, a mapping, or None for an empty one.
        what: what the value is, for the error.

    Raises:
        LocalProtocolError: it is none of these, or the object does not fit the type.
    """
    if value is None or isinstance(value, Mapping):
        try:
            return codec.structure(type_, dict(value or {}))
        except SchemaError as error:
            raise LocalProtocolError(f"{what}: {error}") from error
    if isinstance(type_, type) and not isinstance(value, type_):
        raise LocalProtocolError(f"{what}: expected {type_.__name__}, found {value!r:.80}")
    return value


def to_json(codec: Codec, value: JSON) -> dict[str, JSON]:
    """Write params or a result as a JSON object; a mapping is one already, and None is an empty one.

    Raises:
        LocalProtocolError: it is neither, or the revision cannot say it.
    """
    if attrs.has(type(value)):
        return codec.unstructure(value)
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    raise LocalProtocolError(f"expected a value of the schema or a mapping, found {value!r:.80}")
