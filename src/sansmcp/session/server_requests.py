"""The table half of a server's session: what one client has asked for, and how each of it ends.

`server_inputs` above it reads what the client sends, `server` above that has the commands.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, StateRefusedError
from sansmcp.schema import (
    INTERNAL_ERROR,
    METHODS,
    REVISIONS,
    Era,
    MethodTable,
    Revision,
    Side,
    era_of,
)
from sansmcp.session.actions import Cancel, EndExchange
from sansmcp.session.calling import CallingSession
from sansmcp.session.calls import Outcome
from sansmcp.session.era import HeaderClaims, stamp_result, stamp_subscription
from sansmcp.session.events import (
    AnswerDropped,
    Disconnected,
    HandlerFailed,
    MessageDropped,
    NotificationsLeftOut,
    ProtocolViolated,
    RequestCancelled,
    RequestDrained,
    RequestStateRefused,
    ServerEvent,
    SessionEnded,
    SubscriptionClosed,
)
from sansmcp.session.inbound import BatchReply, Inbound, InboundRequests
from sansmcp.session.pace import LogGate
from sansmcp.session.settings import KeepAlive, SessionLimits, Timeouts
from sansmcp.session.sharing import Shared
from sansmcp.session.states import Effect, LinkInput, LinkState, RequestInput, RequestState, Step
from sansmcp.session.stats import SessionStats
from sansmcp.session.subscriptions import Subscription, Subscriptions
from sansmcp.values import ABSENT, RequestId
from sansmcp.wire import (
    Batch,
    ErrorResponse,
    Request,
    Response,
    encode,
)

_UNABLE: Final = schema.ClientCapabilities()
"""What a client can do that has said nothing."""


class ServerRequests(CallingSession[ServerEvent]):
    """One client, as a table of what it asked for; see `ServerSession` for the arguments."""

    def __init__(
        self,
        *,
        info: schema.Implementation,
        capabilities: schema.ServerCapabilities,
        instructions: str | None = None,
        revisions: Sequence[Revision] = REVISIONS,
        methods: MethodTable = METHODS,
        timeouts: Timeouts | None = None,
        limits: SessionLimits | None = None,
        keep_alive: KeepAlive | None = None,
        ordered: frozenset[str] = frozenset(),
        answers_only: bool = False,
        shared: Shared | None = None,
    ) -> None:
        if shared is None:
            shared = Shared(info, instructions, revisions, methods)
        elif shared.info is not info or shared.methods is not methods:
            raise LocalProtocolError("shared: expected what sessions with this info and these methods share")
        super().__init__(
            side=Side.SERVER,
            revisions=shared.revisions,
            methods=methods,
            timeouts=timeouts,
            limits=limits,
            keep_alive=keep_alive,
        )
        self._shared = shared
        self._capabilities = self._legacy_capabilities = capabilities
        self._offered = self._legacy_offered = shared.offered(capabilities)
        self._answers_only = answers_only
        self._claims: HeaderClaims | None = None
        self._requests = InboundRequests(self._limits, ordered)
        self._subscriptions = Subscriptions()
        self._listens = 0
        self._batches: dict[RequestId, BatchReply] = {}
        self._batch: BatchReply | None = None
        self._client_info: schema.Implementation | None = None
        self._client_capabilities = _UNABLE
        self._log_level: schema.LoggingLevel | None = None
        self._log_gate = LogGate(self._limits.log_interval, self._limits.log_burst)
        self._draining: dict[RequestId, None] = {}

    @property
    def log_level(self) -> schema.LoggingLevel | None:
        """The level from which on a legacy peer wants log messages; None if it has not said."""
        return self._log_level

    @property
    def resource_subscriptions(self) -> tuple[str, ...]:
        """The resources that a legacy peer subscribed to, in order."""
        return tuple(self._subscriptions.uris)

    def stats(self) -> SessionStats:
        """Return how the session is doing."""
        return SessionStats(
            phase=self._phase,
            link=self._link,
            calls_in_flight=len(self._calls),
            requests_in_flight=len(self._requests),
            requests_waiting=self._requests.waiting,
            bytes_waiting=self._requests.bytes_waiting,
            subscriptions=len(self._subscriptions),
            **attrs.asdict(self._counters),
        )

    @property
    def is_running(self) -> bool:
        """Whether a handler works on a request; one that waits for answers of the client does not."""
        return self._requests.is_running()

    # What was declared

    def declare(self, capabilities: schema.ServerCapabilities, now: float) -> None:
        """Change what the server can do, for modern requests from now on.

        A legacy session keeps what it was told when it began, and so does a subscription.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            capabilities: what it can do; what they do not name is refused.
            now: the time.

        Raises:
            LocalProtocolError: they cannot be said.
        """
        offered = self._shared.offered(capabilities)
        self._advance(now)
        self._capabilities, self._offered = capabilities, offered

    def _declared_in(self, revision: Revision) -> schema.ServerCapabilities:
        """Return what the client was told that the server can do."""
        return self._capabilities if era_of(revision) is Era.MODERN else self._legacy_capabilities

    # Answers

    def _reply(self, request_id: RequestId, message: Response | ErrorResponse) -> None:
        reply = self._batches.pop(request_id, None)
        if reply is None:
            self._send(message, related=request_id)
            return
        reply.add(request_id, message)
        # While the array is still being read, more of it may have to be waited for.
        if reply is not self._batch:
            self._send_batch(reply)

    def _send_batch(self, reply: BatchReply) -> None:
        answers = reply.take()
        if answers:
            # All of them belong to one exchange, which each of them names.
            ids = (answer.id for answer in answers if answer.id is not None and answer.id is not ABSENT)
            related = next(ids, None)
            batch = Batch(messages=answers)
            data = encode(batch)
            if len(data) <= self._limits.message_bytes:
                self._send_encoded(batch, data, related=related)
                return
            # Each of them is short enough, and an answer outside of an array is as good as one in it.
            for answer in answers:
                self._send(answer, related=related)

    def _outcome_for(self, command: str, request_id: RequestId) -> Inbound:
        entry = self._requests.get(request_id)
        if entry is None or entry.state is RequestState.AWAITING_INPUT:
            in_flight = ", ".join(repr(known.message.id) for known in self._requests) or "none"
            what = "is not in flight" if entry is None else "waits for the client's answers"
            raise LocalProtocolError(
                f"{command}({request_id!r}): the request {what}; in flight: {in_flight[:200]}",
                state=self._link.value,
            )
        return entry

    def _answer(
        self,
        entry: Inbound,
        answer: Response | ErrorResponse,
        data: bytes,
        cause: BaseException | None = None,
        middleware: str | None = None,
    ) -> None:
        if cause is not None and self._link is not LinkState.CLOSED:
            self._tell_cause(entry, cause, middleware)
        if entry.step(RequestInput.ANSWER) is Effect.DROP:
            self._drop_answer(entry)
            return
        self._release_progress(entry.report, entry.message.id)
        if entry.batch is None:
            self._send_encoded(answer, data, related=entry.message.id)
        else:
            self._reply(entry.message.id, answer)
        self._finish(entry)

    def _tell_cause(self, entry: Inbound, cause: BaseException, middleware: str | None) -> None:
        request_id, method = entry.message.id, entry.method.name
        if isinstance(cause, StateRefusedError):
            self._emit(RequestStateRefused(request_id=request_id, method=method, reason=str(cause)))
            return
        name = _named_by(entry.message)
        self._emit(
            HandlerFailed(request_id=request_id, method=method, name=name, middleware=middleware, error=cause)
        )

    def _drop_answer(self, entry: Inbound) -> None:
        if self._link is not LinkState.CLOSED:
            self._emit(AnswerDropped(request_id=entry.message.id))
        self._finish(entry)

    def _finish(self, entry: Inbound) -> None:
        self._requests.finish(entry)
        self._quiet_since = self._now
        self._start_waiting()
        self._check_drained()

    def _sent_on(self) -> None:
        if self._draining:
            draining, self._draining = self._draining, {}
            # Nothing is told after the end.
            for request_id in draining if self._link is not LinkState.CLOSED else ():
                if request_id in self._unsent:
                    self._draining[request_id] = None
                else:
                    self._emit(RequestDrained(request_id=request_id))
        self._start_waiting()

    def _note_left_out(self, request_id: RequestId | None, method: str, count: int) -> None:
        self._counters.left_out += count
        last = self._events[-1] if self._events else None
        if isinstance(last, NotificationsLeftOut) and (last.request_id, last.method) == (request_id, method):
            # A flood must not fill the queue of events in place of the connection.
            self._events.pop()
            count += last.count
        self._emit(NotificationsLeftOut(request_id=request_id, method=method, count=count))

    def _has_room(self) -> bool:
        """Say whether more answers may be made: whoever reads none gets no more work done."""
        return self._unsent_bytes <= self._limits.unsent_bytes

    def _start_waiting(self) -> None:
        while self._has_room() and (started := self._requests.next_to_start()) is not None:
            self._emit(started.received())

    # Cancellation

    def _cancel_request(self, request_id: RequestId, reason: str | None) -> bool:
        """Give a request of the peer up; say whether there was one."""
        if self._requests.withdraw(request_id) is not None:
            self._forget_answer(request_id)
            self._check_drained()
            return True
        if request_id in self._subscriptions:
            self._forget_subscription(request_id, reason or "the client cancelled it")
            self._queue(EndExchange(request_id=request_id))
            return True
        entry = self._requests.get(request_id)
        if entry is None:
            return False
        effect = entry.step(RequestInput.CANCEL)
        if effect is not None:
            self._forget_progress(entry.report)
            self._forget_answer(request_id)
            self._withdraw_questions(entry, reason)
        if effect is Effect.STOP_WORK:
            self._emit(RequestCancelled(request_id=request_id, reason=reason))
            self._check_drained()
        elif effect is Effect.FINISH:
            self._finish(entry)
        return True

    def _forget_answer(self, request_id: RequestId) -> None:
        self._queue(EndExchange(request_id=request_id))
        reply = self._batches.pop(request_id, None)
        if reply is not None:
            reply.forget(request_id)
            if reply is not self._batch:
                self._send_batch(reply)

    def _withdraw_questions(self, entry: Inbound, reason: str | None) -> None:
        for call in tuple(entry.questions):
            self._queue(Cancel(request_id=call.wire_id, reason=reason, related=call.related))
            call.step(RequestInput.CANCEL)
            self._calls.remove(call)
        entry.questions.clear()

    # Ends of subscriptions

    def _forget_subscription(self, subscription_id: RequestId, reason: str) -> Subscription:
        subscription = self._subscriptions.remove(subscription_id)
        self._emit(
            SubscriptionClosed(subscription_id=subscription_id, filter=subscription.filter, reason=reason)
        )
        return subscription

    def _close_subscription(self, subscription_id: RequestId, reason: str) -> None:
        codec = self._forget_subscription(subscription_id, reason).codec
        # The result goes last: it ends the request, and a cancellation of an ended request is
        # ignored (2026-07-28, Cancellation, Error Handling).
        self._queue(Cancel(request_id=subscription_id, reason=reason, related=subscription_id))
        payload = stamp_result(
            codec.unstructure(schema.SubscriptionsListenResult()), self._shared.info_json(codec)
        )
        self._reply(
            subscription_id, Response(id=subscription_id, result=stamp_subscription(payload, subscription_id))
        )

    # Ends

    def _start_draining(self, cause: LinkInput) -> None:
        self._disarm_keep_alive()
        if cause is LinkInput.CLOSE:
            self._refuse_waiting()
            for subscription in self._subscriptions:
                self._close_subscription(subscription.subscription_id, self._end_reason)
            grace = self._timeouts.close
        else:
            self._lose_questions(self._end_reason)
            self._lose_calls(self._end_reason)
            self._start_waiting()
            grace = self._timeouts.end_of_input
        self._check_drained()
        if self._link is LinkState.DRAINING:
            self._arm_grace(grace)

    def _refuse_waiting(self) -> None:
        for entry in self._requests.withdraw_all():
            self._reply_error(entry.message.id, INTERNAL_ERROR, "the server is closing", violated=False)

    def _lose_questions(self, reason: str) -> None:
        """End the requests that wait for answers of the client, which cannot come any more."""
        for entry in self._requests:
            if entry.state is RequestState.AWAITING_INPUT:
                entry.step(RequestInput.LOSE)
                self._withdraw_questions(entry, reason)
                self._requests.finish(entry)

    def _check_drained(self) -> None:
        if self._link is LinkState.DRAINING and not self._requests.is_working():
            self._drained()

    def _end_session(self, reason: str) -> None:
        self._requests.withdraw_all()
        self._lose_questions(reason)
        self._lose_calls(reason)
        for entry in self._requests:
            if entry.state is RequestState.IN_FLIGHT:
                entry.step(RequestInput.CANCEL)
                self._emit(RequestCancelled(request_id=entry.message.id, reason=reason))
        for subscription in self._subscriptions:
            self._forget_subscription(subscription.subscription_id, reason)
        for uri in tuple(self._subscriptions.uris):
            del self._subscriptions.uris[uri]
            wanted = schema.SubscriptionFilter(resource_subscriptions=(uri,))
            self._emit(SubscriptionClosed(subscription_id=None, filter=wanted, reason=reason))
        # What is finished of an array leaves without the rest, which will never be.
        unfinished = dict.fromkeys(self._batches.values())
        if self._batch is not None:
            unfinished[self._batch] = None
        for reply in unfinished:
            reply.forget_all()
            self._send_batch(reply)
        self._batches.clear()
        if self._speak(Step.END, "the end") is Effect.END_SESSION:
            self._emit(SessionEnded(reason=reason))

    def _is_busy(self) -> bool:
        return self._requests.is_working() or super()._is_busy()

    def _emit_shared(self, event: Outcome | ProtocolViolated | MessageDropped | Disconnected) -> None:
        self._emit(event)


def _named_by(request: Request) -> str | None:
    """Return what a request names: a tool, a prompt or a URI."""
    params = request.params or {}
    name = params.get("name", params.get("uri"))
    return name if isinstance(name, str) else None
