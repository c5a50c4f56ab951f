"""The server's end of a connection: what one peer asks, and what it is told.

One session serves both eras at once: a legacy session after `initialize`, and beside it modern
requests that describe themselves. `initialize`, `server/discover`, `ping`, `logging/setLevel`,
`resources/subscribe`, `resources/unsubscribe` and `subscriptions/listen` are answered here; every
other request becomes `RequestReceived`.
"""

from collections.abc import Mapping

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import (
    Codec,
    Era,
    Kind,
    Method,
    Side,
)
from sansmcp.session.calls import Call, Outcome, Purpose, to_json
from sansmcp.session.capabilities import MissingCapability, declares, missing_for_input
from sansmcp.session.era import (
    INTERNAL_ERROR,
    stamp_result,
    stamp_subscription,
)
from sansmcp.session.events import (
    CallHandle,
    Change,
    ChangeKind,
    InputRefused,
    RequestFailed,
    ResponseReceived,
)
from sansmcp.session.inbound import Inbound
from sansmcp.session.server_inputs import ServerInputs
from sansmcp.session.states import LIFECYCLE, Effect, RequestInput, RequestState, Step
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import (
    ErrorObject,
    ErrorResponse,
    Notification,
    Response,
    encode,
)

_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
_SEVERITY = {level: rank for rank, level in enumerate(_LEVELS)}

_CHANGE_METHODS = {
    ChangeKind.TOOLS: "notifications/tools/list_changed",
    ChangeKind.PROMPTS: "notifications/prompts/list_changed",
    ChangeKind.RESOURCES: "notifications/resources/list_changed",
    ChangeKind.RESOURCE: "notifications/resources/updated",
}
_OWN_COMMANDS = {
    **dict.fromkeys(_CHANGE_METHODS.values(), "publish"),
    "notifications/cancelled": "end_subscription",
}


class ServerSession(ServerInputs):
    """One client, as a server sees it.

    `initialize`, `server/discover`, `ping`, `logging/setLevel`, `resources/subscribe`,
    `resources/unsubscribe` and `subscriptions/listen` are answered by the session; every other request
    becomes `RequestReceived`.

    Args:
        info: who the server is.
        capabilities: what it can do; what they do not name is refused.
        instructions: how the model should use the server.
        revisions: the revisions it speaks.
        methods: the method table.
        timeouts: how long to wait.
        limits: how much the client may ask for.
        keep_alive: pings in a legacy session, or None.
        ordered: the methods whose requests are worked on one by one, in the order they came.
    """

    # Inputs

    def receive_cancel(self, request_id: RequestId, now: float) -> None:
        """Take in that the client gave a request up by other means than a message.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        if self._advance(now):
            self._cancel_request(request_id, "the client went away")

    # Commands

    def respond(
        self, request_id: RequestId, result: JSON, now: float, *, cause: BaseException | None = None
    ) -> None:
        """Answer a request with its result.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            result: a value of the result type in the method table, or a JSON object.
            now: the time.
            cause: what a handler raised, where the result is an error result; it becomes `HandlerFailed`.

        Raises:
            LocalProtocolError: if the request is not in flight, or the result cannot be said in JSON or in
                the revision of the request. Nothing was changed; answer with something else.
        """
        self._advance(now)
        entry = self._outcome_for("respond", request_id)
        payload = to_json(entry.codec, result)
        if entry.era is Era.MODERN:
            stamp_result(payload, self._info_as_json(entry.codec))
        answer = Response(id=request_id, result=payload)
        self._answer(entry, answer, encode(answer), RequestInput.ANSWER, cause)

    def fail(
        self,
        request_id: RequestId,
        code: int,
        message: str,
        now: float,
        *,
        data: JSON = ABSENT,
        cause: BaseException | None = None,
    ) -> None:
        """Answer a request with an error.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            code: the code of the JSON-RPC error.
            message: one sentence for the peer.
            now: the time.
            data: any JSON value.
            cause: what a handler raised; it becomes `HandlerFailed`.

        Raises:
            LocalProtocolError: if the request is not in flight, or the data cannot be said in JSON.
        """
        self._advance(now)
        entry = self._outcome_for("fail", request_id)
        answer = ErrorResponse(id=request_id, error=ErrorObject(code=code, message=message, data=data))
        self._answer(entry, answer, encode(answer), RequestInput.ANSWER, cause)

    def require_input(
        self,
        request_id: RequestId,
        requests: Mapping[str, schema.InputRequest],
        now: float,
        *,
        request_state: str | None = None,
    ) -> None:
        """Ask the client something first; the request comes again with the answers.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            requests: the questions by keys of the caller's; the answers come under the same keys.
            now: the time.
            request_state: what the request is to bring along when it comes again.

        Raises:
            MissingCapability: if the client did not declare that it can answer.
            LocalProtocolError: if the request is not in flight, its method cannot ask back, there is neither
                a question nor a state, or it asked too often.
        """
        self._advance(now)
        entry = self._outcome_for("require_input", request_id)
        self._check_input(entry, requests, request_state)
        if entry.era is Era.MODERN:
            asked = schema.InputRequiredResult(input_requests=requests or None, request_state=request_state)
            payload = entry.codec.unstructure(asked)
            answer = Response(id=request_id, result=stamp_result(payload, self._info_as_json(entry.codec)))
            # To this end of a modern connection the request is over; the retry is another one.
            self._answer(entry, answer, encode(answer), RequestInput.ANSWER, None)
        elif entry.step(RequestInput.ASK) is Effect.DROP:
            self._drop_answer(entry)
        else:
            entry.request_state = request_state
            self._ask(entry, requests)

    def notify(self, method: str, params: JSON, now: float, *, related: RequestId | None = None) -> None:
        """Send a notification: progress, a log message, or one of the user's own.

        Progress for a request that did not ask for it, and log messages that nobody wants, are not sent.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            method: the method.
            params: a value of the params type in the method table, or a JSON object.
            now: the time.
            related: the request that it belongs to; the modern era knows no notification without one.

        Raises:
            LocalProtocolError: if the revision has no such notification, the server did not declare what it
                belongs to, the request is not in flight, or progress does not rise.
        """
        if not self._advance(now):
            return
        if method in _OWN_COMMANDS:
            raise LocalProtocolError(f"notify({method!r}): use {_OWN_COMMANDS[method]}()")
        entry = None if related is None else self._requests.get(related)
        if related is not None and entry is None:
            raise LocalProtocolError(f"notify({method!r}): request {related!r} is not in flight")
        codec = self._codec if entry is None else entry.codec
        if codec is None:
            raise LocalProtocolError(
                f"notify({method!r}): there is no legacy session; name a request in related="
            )
        if entry is not None and entry.state is RequestState.CANCELLED:
            return
        row = self._own_notification(method, codec)
        if entry is None:
            self._speak(
                Step.SERVER_LOG if method == "notifications/message" else Step.SERVER_NOTIFICATION, method
            )
        if method == "notifications/message" and not self._wants_log(params, entry):
            return
        key = None
        if method == "notifications/progress":
            if not self._check_progress(params, entry):
                return
            key = (method, type(params.progress_token).__name__, str(params.progress_token))
        payload = to_json(codec, params)
        self._send(Notification(method=row.name, params=payload or None), related=related, key=key)

    def publish(self, change: Change, now: float) -> None:
        """Tell everybody who wants to hear it that something changed.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        if not self._advance(now):
            return
        method = _CHANGE_METHODS[change.kind]
        params = {} if change.uri is None else {"uri": change.uri}
        uri = change.uri or ""
        for subscription in self._subscriptions.wanting(change):
            tagged = stamp_subscription(dict(params), subscription.subscription_id)
            key = (
                method,
                type(subscription.subscription_id).__name__,
                str(subscription.subscription_id),
                uri,
            )
            self._send(
                Notification(method=method, params=tagged), related=subscription.subscription_id, key=key
            )
        if self._hears_legacy(change):
            self._send(Notification(method=method, params=params or None), key=(method, "", "", uri))

    def end_subscription(self, subscription_id: RequestId, now: float) -> None:
        """End a subscription of a modern client with its closing result.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if there is no such subscription.
        """
        if not self._advance(now):
            return
        if subscription_id not in self._subscriptions:
            raise LocalProtocolError(f"end_subscription({subscription_id!r}): there is no such subscription")
        self._close_subscription(subscription_id, "this side ended it")

    def ping(self, now: float) -> CallHandle:
        """Ask a legacy client whether it is there; the outcome is an event.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if there is no legacy session.
        """
        self._advance(now)
        return self._ping(self._timeouts.request, Purpose.USER, self._deliver_to_user)

    # Questions

    def _check_input(
        self, entry: Inbound, requests: Mapping[str, schema.InputRequest], request_state: str | None
    ) -> None:
        command = f"require_input({entry.message.id!r})"
        if not entry.method.input_required:
            raise LocalProtocolError(f"{command}: {entry.method.name} cannot ask the client")
        if not requests and request_state is None:
            raise LocalProtocolError(f"{command}: expected at least one question or a state, found neither")
        if entry.era is Era.LEGACY and entry.round >= self._limits.input_rounds:
            raise LocalProtocolError(
                f"{command}: it has asked {entry.round} times already, which is the limit"
            )
        for request in requests.values():
            missing = missing_for_input(entry.capabilities, request.params)
            if missing is not None:
                raise MissingCapability(f"{command}: {request.method}", missing)
            if entry.era is Era.LEGACY and self._question_row(entry, request) is None:
                raise LocalProtocolError(f"{command}: {entry.codec.revision} has no {request.method}")

    def _question_row(self, entry: Inbound, request: schema.InputRequest) -> Method | None:
        return self._methods.lookup(request.method, entry.codec.revision, Side.SERVER, Kind.REQUEST)

    def _ask(self, entry: Inbound, requests: Mapping[str, schema.InputRequest]) -> None:
        entry.answers = {}
        for key, request in requests.items():
            row = self._question_row(entry, request)
            if row is None:
                raise AssertionError("unreachable: _check_input has seen every question")
            self._speak(Step.SERVER_REQUEST, request.method)
            call = self._start_call(
                row,
                entry.codec.unstructure(request.params),
                entry.codec,
                purpose=Purpose.QUESTION,
                deliver=self._question_answered,
                # A question to a person has no deadline of its own: it ends with its call.
                timeout=None,
                related=entry.message.id,
            )
            entry.questions[call] = key
            self._send(self._transmit(call, call.params), related=call.related)
        if not requests:
            self._resume(entry)

    def _question_answered(self, call: Call, outcome: Outcome) -> None:
        entry = None if call.related is None else self._requests.get(call.related)
        if entry is None or call not in entry.questions:
            return
        key = entry.questions.pop(call)
        if isinstance(outcome, ResponseReceived):
            entry.answers = {**entry.answers, key: outcome.result}
        elif isinstance(outcome, RequestFailed):
            refused = InputRefused(code=outcome.code, message=outcome.message, data=outcome.data)
            entry.answers = {**entry.answers, key: refused}
        else:
            refused = InputRefused(code=INTERNAL_ERROR, message=outcome.reason)
            entry.answers = {**entry.answers, key: refused}
        if not entry.questions:
            self._resume(entry)

    def _resume(self, entry: Inbound) -> None:
        entry.step(RequestInput.INPUT)
        entry.round += 1
        self._emit(entry.received())

    # Notifications

    def _own_notification(self, method: str, codec: Codec) -> Method:
        row = self._methods.lookup(method, codec.revision, Side.SERVER, Kind.NOTIFICATION)
        if row is None:
            raise LocalProtocolError(
                f"notify({method!r}): {codec.revision} has no such notification of a server"
            )
        capability = row.capability_in(codec.revision)
        if capability is not None and not declares(self._capabilities, capability):
            raise LocalProtocolError(
                f"notify({method!r}): the server did not declare the capability {capability!r}"
            )
        return row

    def _wants_log(self, params: JSON, entry: Inbound | None) -> bool:
        # A legacy session may change its level while a request is in flight; a modern request may not.
        legacy = entry is None or entry.era is Era.LEGACY
        wanted = self._log_level if legacy or entry is None else entry.log_level
        return wanted is not None and _SEVERITY[params.level] >= _SEVERITY[wanted]

    def _check_progress(self, params: JSON, entry: Inbound | None) -> bool:
        if entry is None:
            raise LocalProtocolError(
                "notify('notifications/progress'): expected related=, the request it is for"
            )
        if entry.progress_token is None:
            return False
        if params.progress_token != entry.progress_token:
            raise LocalProtocolError(
                f"notify('notifications/progress'): the token of request {entry.message.id!r} is "
                f"{entry.progress_token!r}, found {params.progress_token!r}"
            )
        last = entry.last_progress
        if last is not None and params.progress <= last:
            raise LocalProtocolError(
                f"notify('notifications/progress'): it must rise; the last: {last}, found {params.progress}"
            )
        entry.last_progress = params.progress
        return True

    def _hears_legacy(self, change: Change) -> bool:
        if self._codec is None or LIFECYCLE[self._phase].get(Step.SERVER_NOTIFICATION) is None:
            return False
        if change.kind is ChangeKind.RESOURCE:
            return change.uri in self._subscriptions.uris
        return declares(self._capabilities, f"{change.kind.value}.listChanged")
