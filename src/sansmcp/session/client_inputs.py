"""The half of a client's session that listens: what the server sends, in both eras.

`negotiation` below it finds the era; `client` above it is the other half: the commands.
"""

from collections.abc import Mapping
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.schema import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Codec,
    Era,
    Kind,
    Method,
    SchemaError,
    Side,
    codec_for,
    era_of,
)
from sansmcp.session.actions import Cancel
from sansmcp.session.calls import Call, Outcome, Purpose
from sansmcp.session.capabilities import declares, missing_for_input
from sansmcp.session.era import progress_token_of, subscription_of
from sansmcp.session.events import (
    Change,
    ChangeKind,
    ChangeReceived,
    InputCancelled,
    InputRequested,
    LogReceived,
    NotificationReceived,
    ProgressReceived,
    RequestFailed,
    RequestLost,
    ResponseReceived,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)
from sansmcp.session.negotiation import Negotiation
from sansmcp.session.questions import Question
from sansmcp.session.states import DetectionState, LinkState, RequestInput, RequestState, Step
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import ErrorResponse, Notification, Request, Response, Violation

# Ends of subscriptions that are remembered, so that the second word about one is not taken for a stray.
_REMEMBERED_ENDS: Final = 1024

_CHANGES = {
    "notifications/tools/list_changed": ChangeKind.TOOLS,
    "notifications/prompts/list_changed": ChangeKind.PROMPTS,
    "notifications/resources/list_changed": ChangeKind.RESOURCES,
    "notifications/resources/updated": ChangeKind.RESOURCE,
}


class ClientInputs(Negotiation):
    """One server, as a client hears it; see `ClientSession` for the arguments."""

    # Requests of a legacy server

    def _receive_request(self, message: Request) -> None:
        codec = self._codec
        if codec is not None and era_of(codec.revision) is Era.MODERN:
            # It is never answered: a modern client writes no responses (2026-07-28, stdio).
            what = f"the server sent a request, {message.method[:80]!r}"
            self._violated(f"{what}; only results may ask", message.id, code=INVALID_REQUEST)
        elif self._questions.by_request_id(message.id) is not None:
            self._drop(message, f"a request with the id {message.id!r} is in flight")
        elif message.method == "ping":
            self._reply(message.id, Response(id=message.id, result={}))
        elif codec is None or self._hear(Step.SERVER_REQUEST) is None:
            self._refuse(message, f"{message.method[:80]!r} is not legal in the phase {self._phase.value!r}")
        else:
            self._asked(message, codec)

    def _answer_unreadable(self, violation: Violation, request_id: RequestId | None) -> None:
        # What is no request may have been an answer, and an answer is not answered. In the modern era
        # a server sends no requests, and before the era is known nothing is said in its name.
        if (
            request_id is not None
            and self._questions.by_request_id(request_id) is None
            and self._codec is not None
            and era_of(self._codec.revision) is Era.LEGACY
        ):
            self._reply_error(request_id, violation.code, violation.text, violated=False)

    def _asked(self, message: Request, codec: Codec) -> None:
        row = self._methods.lookup(message.method, codec.revision, Side.SERVER, Kind.REQUEST)
        capability = None if row is None else row.capability_in(codec.revision)
        if row is None or (capability is not None and not declares(self._capabilities, capability)):
            text = f"method {message.method[:80]!r} is not available in {codec.revision} on this client"
            self._reply_error(message.id, METHOD_NOT_FOUND, text)
            return
        try:
            params = codec.structure_params(row.params, message.params)
        except SchemaError as error:
            self._reply_error(message.id, INVALID_PARAMS, f"params of {row.name}: {error}")
            return
        missing = missing_for_input(self._capabilities, params, row.name)
        if missing is not None and codec.revision >= "2025-11-25":
            self._reply_error(
                message.id, INVALID_PARAMS, f"{row.name}: this client did not declare {missing!r}"
            )
        elif len(self._questions) >= self._limits.requests_in_flight:
            text = f"too many requests: {self._limits.requests_in_flight} are in flight; try again later"
            self._reply_error(message.id, INTERNAL_ERROR, text, violated=False)
        else:
            self._ask_on_behalf_of_the_server(message, row, params)

    def _ask_on_behalf_of_the_server(self, message: Request, row: Method, params: JSON) -> None:
        # The server may be waiting for us, and does not say on behalf of which call.
        for call in self._calls:
            if call.purpose is not Purpose.PING:
                self._calls.pause(call, self._now)
        token = progress_token_of(message)
        report = None if token is None else self._new_report(token)
        question = self._questions.add(row, request_id=message.id, report=report)
        self._emit(InputRequested(handle=question.handle, method=row.name, params=params, message=message))

    # Results

    def _receive_result(self, call: Call, result: Mapping[str, JSON]) -> None:
        if era_of(call.codec.revision) is Era.LEGACY:
            super()._receive_result(call, result)
            return
        match result.get("resultType", "complete"):
            case "complete":
                super()._receive_result(call, result)
            case "input_required":
                self._input_required(call, result)
            case unknown:
                self._unusable(call, f"resultType: expected 'complete', found {unknown!r:.80}")

    def _input_required(self, call: Call, result: Mapping[str, JSON]) -> None:
        if not call.method.input_required:
            self._unusable(call, f"{call.method.name} cannot ask the client")
            return
        try:
            asked = call.codec.structure(schema.InputRequiredResult, result)
        except SchemaError as error:
            self._unusable(call, str(error))
            return
        requests = asked.input_requests or {}
        missing = [
            (request, missing_for_input(self._capabilities, request.params, request.method))
            for request in requests.values()
        ]
        lacking = [f"{request.method} needs {path!r}" for request, path in missing if path is not None]
        if asked.input_requests is None and asked.request_state is None:
            self._unusable(call, "input_required: expected inputRequests or requestState, found neither")
        elif lacking:
            self._unusable(call, f"input_required: not declared by this client: {'; '.join(lacking)}")
        elif call.rounds >= self._limits.input_rounds:
            self._unusable(
                call, f"input_required: it has asked {call.rounds} times already, which is the limit"
            )
        else:
            self._ask_user(call, requests, asked.request_state)

    def _ask_user(
        self, call: Call, requests: Mapping[str, schema.InputRequest], request_state: str | None
    ) -> None:
        call.step(RequestInput.ASK)
        call.rounds += 1
        self._calls.retire_wire_id(call)
        self._calls.pause(call, self._now)
        # The answers and the state of this round replace those of the last (2026-07-28, Client Requirements).
        call.params = attrs.evolve(call.params, input_responses=None, request_state=request_state)
        for key, request in requests.items():
            row = self._methods.lookup(request.method, "2025-11-25", Side.SERVER, Kind.REQUEST)
            if row is None:
                raise AssertionError("unreachable: the codec knows three kinds of questions")
            question = self._questions.add(row, call=call, key=key)
            self._emit(
                InputRequested(
                    handle=question.handle, method=request.method, params=request.params, call=call.handle
                )
            )
        if not requests:
            self._retry(call)

    def _retry(self, call: Call) -> None:
        call.step(RequestInput.INPUT)
        self._calls.renumber(call)
        self._calls.resume(call, self._now)
        self._calls.restart_clock(call, self._now)
        self._dispatch(call)

    # Notifications

    def _receive_notification(self, message: Notification) -> None:
        codec = self._codec or self._spoken
        if self._detection is DetectionState.HANDSHAKING and self._offer is not None:
            # Log messages may come before the answer to initialize.
            codec = codec_for(self._offer)
        if codec is None:
            self._violated(f"{message.method[:80]!r} is not legal before the connection is made")
            return
        row = self._methods.lookup(message.method, codec.revision, Side.SERVER, Kind.NOTIFICATION)
        if row is None:
            self._drop(message, f"{codec.revision} has no notification {message.method[:80]!r} of a server")
            return
        step = Step.SERVER_LOG if row.name == "notifications/message" else Step.SERVER_NOTIFICATION
        if era_of(codec.revision) is Era.LEGACY and self._hear(step) is None:
            self._violated(f"{row.name} is not legal in the phase {self._phase.value!r}")
            return
        try:
            params = codec.structure_params(row.params, message.params)
        except SchemaError as error:
            self._violated(f"params of {row.name}: {error}")
            return
        self._heard(message, params, codec)

    def _heard(self, message: Notification, params: JSON, codec: Codec) -> None:
        match message.method:
            case "notifications/progress":
                self._progressed(message, params)
            case "notifications/message":
                self._emit(LogReceived(level=params.level, data=params.data, logger=params.logger))
            case "notifications/cancelled":
                self._cancelled(message, params)
            case "notifications/subscriptions/acknowledged":
                self._acknowledged(message, params)
            case method if method in _CHANGES:
                self._changed(message, params, codec)
            case method:
                self._emit(NotificationReceived(method=method, params=params, message=message))

    def _progressed(self, message: Notification, params: schema.ProgressNotificationParams) -> None:
        call = self._calls.by_wire_id(params.progress_token)
        if call is None or not call.wants_progress:
            self._drop(message, f"progress for the unknown token {params.progress_token!r}")
            return
        if call.last_progress is not None and params.progress <= call.last_progress:
            self._violated(
                f"progress of {call.method.name} must rise; the last was {call.last_progress}, "
                f"found {params.progress}",
                call.wire_id,
            )
            return
        call.last_progress = params.progress
        self._calls.restart_clock(call, self._now)
        if call.shown_progress is not None and params.progress <= call.shown_progress:
            # A retry is a request of its own, whose progress begins anew; to the user it is one call.
            return
        call.shown_progress = params.progress
        self._emit(
            ProgressReceived(
                handle=call.handle, progress=params.progress, total=params.total, message=params.message
            )
        )

    def _cancelled(self, message: Notification, params: schema.CancelledNotificationParams) -> None:
        question = self._questions.by_request_id(params.request_id)
        call = self._calls.by_wire_id(params.request_id)
        if question is not None:
            self._withdraw(question, params.reason)
            self._answers_given()
        elif call is not None and call.purpose is Purpose.LISTEN:
            call.step(RequestInput.ANSWER)
            self._calls.remove(call)
            self._listening_over(call, params.reason or "the server ended it")
        elif not self._is_same_end(params.request_id):
            self._drop(message, f"cancelled {params.request_id!r}, which is not in flight")

    def _withdraw(self, question: Question, reason: str | None) -> None:
        self._forget_progress(question.report)
        self._questions.remove(question)
        self._emit(InputCancelled(handle=question.handle, reason=reason))

    def _answers_given(self) -> None:
        """Let the clocks go on if our side owes the legacy server nothing any more."""
        if not self._questions:
            for call in self._calls:
                self._calls.resume(call, self._now)

    # Subscriptions

    def _acknowledged(
        self, message: Notification, params: schema.SubscriptionsAcknowledgedNotificationParams
    ) -> None:
        call = self._calls.by_wire_id(subscription_of(message.params))
        if call is None or call.purpose is not Purpose.LISTEN or call.is_acknowledged:
            self._drop(message, "acknowledgement of a subscription that does not wait for one")
            return
        call.is_acknowledged = True
        self._listening.add(call.handle)
        self._unproven = False
        # A listening subscription has a deadline for its acknowledgement only.
        self._calls.stop_clock(call)
        self._emit(SubscriptionAcknowledged(handle=call.handle, filter=params.notifications))

    def _changed(self, message: Notification, params: JSON, codec: Codec) -> None:
        kind = _CHANGES[message.method]
        change = Change(kind=kind, uri=params.uri if kind is ChangeKind.RESOURCE else None)
        if era_of(codec.revision) is Era.LEGACY:
            self._emit(ChangeReceived(change=change))
            return
        call = self._calls.by_wire_id(subscription_of(message.params))
        if call is None or call.purpose is not Purpose.LISTEN:
            self._drop(message, "a change on a subscription that is not open")
        elif not call.is_acknowledged:
            self._violated("a change came before the subscription was acknowledged", call.wire_id)
        else:
            self._emit(ChangeReceived(change=change, handle=call.handle))

    def _listen_ended(self, call: Call, outcome: Outcome) -> None:
        if isinstance(outcome, ResponseReceived):
            self._listening_over(call, "the server ended it")
        elif call.handle in self._listening:
            reason = outcome.message if isinstance(outcome, RequestFailed) else outcome.reason
            self._listening_over(call, reason)
        else:
            self._emit(outcome)

    def _listening_over(self, call: Call, reason: str) -> None:
        self._listening.discard(call.handle)
        # A server says it twice, by a cancellation and by a result, and other servers in one of the two ways.
        self._ended_listening[call.wire_id] = None
        if len(self._ended_listening) > _REMEMBERED_ENDS:
            del self._ended_listening[next(iter(self._ended_listening))]
        self._emit(SubscriptionEnded(handle=call.handle, reason=reason))

    def _is_same_end(self, wire_id: RequestId | None) -> bool:
        """Say whether it is the second word about the end of a subscription; there is no third."""
        return self._ended_listening.pop(wire_id, self) is None

    def _answer_unexpected(self, message: Response | ErrorResponse) -> None:
        if message.id is ABSENT or not self._is_same_end(message.id):
            super()._answer_unexpected(message)

    def _subscribed(self, call: Call, outcome: Outcome) -> None:
        if self._link is LinkState.CLOSED or self._detection is not DetectionState.LEGACY:
            # After the end of a session, another one asks anew.
            return
        self._legacy_listening.settle(call.params.uri, granted=isinstance(outcome, ResponseReceived))
        self._acknowledge_legacy()
        # Whoever wanted it may have gone away meanwhile.
        self._unsubscribe_unused()

    def _unsubscribe_unused(self) -> None:
        for uri in self._legacy_listening.take_unused():
            codec = self._connected_codec("cancel()")
            self._start_call(
                self._row("resources/unsubscribe", codec),
                schema.UnsubscribeRequestParams(uri=uri),
                codec,
                purpose=Purpose.SUBSCRIBE,
                deliver=self._unsubscribed,
                timeout=self._timeouts.request,
            )

    def _unsubscribed(self, call: Call, outcome: Outcome) -> None:
        """Nobody waits for the outcome: what still comes for the resource is a change like any other."""

    def _acknowledge_legacy(self) -> None:
        for handle, honoured in self._legacy_listening.take_acknowledged():
            self._listening.add(handle)
            self._emit(SubscriptionAcknowledged(handle=handle, filter=honoured))

    # Ends

    def _end_session(self, reason: str) -> None:
        super()._end_session(reason)
        for question in self._questions:
            self._withdraw(question, reason)
        for handle in self._legacy_listening.take_all():
            if handle in self._listening:
                self._emit(SubscriptionEnded(handle=handle, reason=reason))
            else:
                self._emit(RequestLost(handle=handle, method="resources/subscribe", reason=reason))
        self._listening.clear()

    def _end_call(self, call: Call, happened: RequestInput, outcome: Outcome) -> None:
        for question in self._questions.of_call(call):
            self._withdraw(question, "its call has ended")
        super()._end_call(call, happened, outcome)

    def _give_up(self, call: Call, reason: str | None) -> None:
        """Take out a call that our side no longer wants, and tell the server where it still works on it."""
        held = call in self._held
        self._held.pop(call, None)
        if call.state is RequestState.IN_FLIGHT and not held:
            self._queue(Cancel(request_id=call.wire_id, reason=reason))
        call.step(RequestInput.CANCEL)
        self._calls.remove(call)
        self._listening.discard(call.handle)
        for question in self._questions.of_call(call):
            self._withdraw(question, reason)

    def _is_busy(self) -> bool:
        return bool(self._questions) or super()._is_busy()
