"""The peer's requests: which are worked on, which wait, and which must be refused."""

from collections.abc import Iterator, Mapping

import attrs

from sansmcp import schema
from sansmcp.schema import Codec, Era, Method
from sansmcp.session.calls import Call
from sansmcp.session.events import InputAnswer, InputRefused, RequestReceived
from sansmcp.session.pace import Report
from sansmcp.session.settings import SessionLimits
from sansmcp.session.states import REQUEST, Effect, RequestInput, RequestState
from sansmcp.values import JSON, RequestId, Word
from sansmcp.wire import ErrorResponse, Request, Response


class BatchReply:
    """Collects the answers to one array: they leave together when the last one is there."""

    def __init__(self) -> None:
        self._awaited: set[RequestId] = set()
        self._answers: list[Response | ErrorResponse] = []

    def expect(self, request_id: RequestId) -> None:
        """Wait for the answer to one more request of the array."""
        self._awaited.add(request_id)

    def add(self, request_id: RequestId, answer: Response | ErrorResponse) -> None:
        """Keep the answer to a request of the array."""
        self._awaited.discard(request_id)
        self._answers.append(answer)

    def forget(self, request_id: RequestId) -> None:
        """Stop waiting for a request that will not be answered."""
        self._awaited.discard(request_id)

    def forget_all(self) -> None:
        """Stop waiting: nothing will be answered any more."""
        self._awaited.clear()

    def take(self) -> tuple[Response | ErrorResponse, ...]:
        """Return the answers once all are there; nothing before that."""
        if self._awaited:
            return ()
        answers, self._answers = tuple(self._answers), []
        return answers


@attrs.define(eq=False, kw_only=True)
class Inbound:
    """One request of the peer, from its arrival to its outcome."""

    message: Request
    method: Method
    params: JSON
    codec: Codec
    era: Era
    capabilities: schema.ClientCapabilities
    extensions: Mapping[str, JSON]
    client_info: schema.Implementation | None
    log_level: schema.LoggingLevel | None
    can_ask: bool
    report: Report | None
    batch: BatchReply | None
    state: RequestState = RequestState.IN_FLIGHT
    round: int = 0
    request_state: str | None = None
    answers: Mapping[str, InputAnswer | InputRefused] = attrs.field(factory=dict)
    questions: dict[Call, str] = attrs.field(factory=dict)

    def step(self, happened: RequestInput) -> Effect | None:
        """Move to the next state and say what that asks for."""
        effect, self.state = REQUEST[self.state][happened]
        return effect

    def received(self) -> RequestReceived:
        """Build the event that hands the request to a handler."""
        return RequestReceived(
            request_id=self.message.id,
            method=self.method.name,
            params=self.params,
            message=self.message,
            revision=self.codec.revision,
            era=self.era,
            capabilities=self.capabilities,
            extensions=self.extensions,
            client_info=self.client_info,
            log_level=self.log_level,
            progress_token=None if self.report is None else self.report.token,
            input_responses=self.answers,
            request_state=self.request_state,
            round=self.round,
            can_ask=self.can_ask,
        )


class Admission(Word):
    """What became of a request that arrived."""

    STARTED = "started"
    WAITING = "waiting"
    BACKLOG_FULL = "backlog full"


class InboundRequests:
    """The table of the peer's requests.

    At most `requests_in_flight` are worked on; further ones, and those that come while answers are not
    read, wait in the order they came, and past the backlog they are refused. Requests of an ordered
    method are worked on one by one.

    Args:
        limits: the numbers.
        ordered: the methods that are worked on one by one.
    """

    def __init__(self, limits: SessionLimits, ordered: frozenset[str]) -> None:
        self._limits = limits
        self._ordered = ordered
        self._entries: dict[RequestId, Inbound] = {}
        self._waiting: dict[RequestId, Inbound] = {}
        self._turn: Inbound | None = None
        self.bytes_waiting = 0

    def __len__(self) -> int:
        """How many are worked on, cancelled ones included until their work is handed back."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Inbound]:
        return iter(tuple(self._entries.values()))

    def __contains__(self, request_id: RequestId) -> bool:
        return request_id in self._entries or request_id in self._waiting

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def get(self, request_id: RequestId) -> Inbound | None:
        """Return the request that is worked on under an id, or None."""
        return self._entries.get(request_id)

    def is_working(self) -> bool:
        """Say whether anything is left that may still be answered."""
        return bool(self._waiting) or any(
            entry.state in (RequestState.IN_FLIGHT, RequestState.AWAITING_INPUT)
            for entry in self._entries.values()
        )

    def is_running(self) -> bool:
        """Say whether a handler works on anything, or will without a word of the peer."""
        return bool(self._waiting) or any(
            entry.state in (RequestState.IN_FLIGHT, RequestState.CANCELLED)
            for entry in self._entries.values()
        )

    def admit(self, entry: Inbound, *, has_room: bool) -> Admission:
        """Start a request, or let it wait, or refuse it.

        Args:
            entry: the request.
            has_room: whether its answer could be sent soon.
        """
        if has_room and len(self._entries) < self._limits.requests_in_flight and self._may_start(entry):
            self._start(entry)
            return Admission.STARTED
        size = entry.message.size
        if (
            len(self._waiting) >= self._limits.backlog
            or self.bytes_waiting + size > self._limits.backlog_bytes
        ):
            return Admission.BACKLOG_FULL
        self._waiting[entry.message.id] = entry
        self.bytes_waiting += size
        return Admission.WAITING

    def finish(self, entry: Inbound) -> None:
        """Take out a request whose work is over."""
        self._entries.pop(entry.message.id, None)
        if self._turn is entry:
            self._turn = None

    def withdraw(self, request_id: RequestId) -> Inbound | None:
        """Take out a request that waits; None if none does under that id."""
        entry = self._waiting.pop(request_id, None)
        if entry is not None:
            self.bytes_waiting -= entry.message.size
        return entry

    def withdraw_all(self) -> tuple[Inbound, ...]:
        """Take out every request that waits, and return them in the order they came."""
        waiting = tuple(self._waiting.values())
        self._waiting.clear()
        self.bytes_waiting = 0
        return waiting

    def next_to_start(self) -> Inbound | None:
        """Start the next request that may start, and return it; None if none may."""
        if not self._waiting or len(self._entries) >= self._limits.requests_in_flight:
            return None
        # They wait in the order they came, so the first that may start is the first of its kind.
        for entry in self._waiting.values():
            if self._may_start(entry):
                self.withdraw(entry.message.id)
                self._start(entry)
                return entry
        return None

    def _may_start(self, entry: Inbound) -> bool:
        return self._turn is None or entry.method.name not in self._ordered

    def _start(self, entry: Inbound) -> None:
        self._entries[entry.message.id] = entry
        if entry.method.name in self._ordered:
            self._turn = entry
