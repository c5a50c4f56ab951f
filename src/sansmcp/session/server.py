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
    LATEST_LEGACY,
    LEGACY_REVISIONS,
    Codec,
    Era,
    Kind,
    Method,
    Revision,
    Side,
    codec_for,
)
from sansmcp.session.actions import Release
from sansmcp.session.calls import Purpose, to_json, typed
from sansmcp.session.capabilities import declares
from sansmcp.session.era import LOG_LEVELS, MODERN_CODES, HeaderClaims, stamp_result, stamp_subscription
from sansmcp.session.events import (
    CallHandle,
    Change,
    ChangeKind,
    RequestDrained,
)
from sansmcp.session.inbound import Inbound
from sansmcp.session.pace import check_rise
from sansmcp.session.passing import CHANGE_METHODS
from sansmcp.session.server_questions import ServerQuestions
from sansmcp.session.settings import DEFAULT_RETRY, check_retry
from sansmcp.session.states import LIFECYCLE, Effect, RequestInput, RequestState, Step
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import Batch, ErrorObject, ErrorResponse, Message, Notification, Response

_OWN_COMMANDS = {
    **dict.fromkeys(CHANGE_METHODS.values(), "publish"),
    "notifications/cancelled": "end_subscription",
    "notifications/subscriptions/acknowledged": "nothing: the session sends it",
}


class ServerSession(ServerQuestions):
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
        answers_only: whether nothing but answers can reach the client, so that a legacy one is asked nothing.
        shared: what sessions with the same info, instructions, revisions and methods share.
    """

    def resume(
        self,
        revision: Revision,
        now: float,
        *,
        client_info: schema.Implementation | None = None,
        capabilities: schema.ClientCapabilities | None = None,
        log_level: schema.LoggingLevel | None = "info",
    ) -> None:
        """Take requests of the legacy era that stand alone: what was agreed on, no session remembers.

        Nothing can be asked of the client then, and nothing told that belongs to none of its requests.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            revision: the legacy revision that is spoken.
            now: the time.
            client_info: who the client is, where that is known.
            capabilities: what it can do, where that is known.
            log_level: the least severe level of log messages that it is told; None for none.

        Raises:
            LocalProtocolError: if a session began already, or the server speaks no such legacy revision.
        """
        self._advance(now)
        if revision not in self._revisions or revision not in LEGACY_REVISIONS:
            ours = ", ".join(known for known in self._revisions if known in LEGACY_REVISIONS) or "none"
            raise LocalProtocolError(
                f"resume(): expected a legacy revision of {ours}, found {revision!r:.80}"
            )
        self._speak(Step.RESUME, "resume()")
        self._codec = codec_for(revision)
        self._legacy_capabilities, self._legacy_offered = self._capabilities, self._offered
        self._client_info = client_info
        self._client_capabilities = capabilities or self._client_capabilities
        self._log_level = log_level

    def has_in_flight(self, request_id: RequestId) -> bool:
        """Say whether a request has no outcome yet, waits to be worked on, or is a subscription."""
        return request_id in self._requests or request_id in self._subscriptions

    # Inputs

    def receive_message(
        self, message: Message | Batch, now: float, *, claims: HeaderClaims | None = None
    ) -> None:
        """Take in a message from the client. It never raises for what the client sent.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            message: the message.
            now: the time.
            claims: what the headers say of it, where it came with headers.
        """
        self._claims = claims
        super().receive_message(message, now)
        self._claims = None

    def note_violation(
        self, reason: str, now: float, *, code: int | None = None, request_id: RequestId | None = None
    ) -> None:
        """Take in that the transport refused something in the peer's stead; only the event tells of it.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            reason: what was found and what was expected.
            now: the time.
            code: the JSON-RPC error that it deserves, where there is one.
            request_id: the id in the message, where it could be read.
        """
        if self._advance(now):
            self._violated(reason, request_id, code=code)

    def receive_cancel(self, request_id: RequestId, now: float) -> None:
        """Take in that the client gave a request up by other means than a message.

        Afterwards drain actions(), next_event() and next_deadline().
        """
        if self._advance(now):
            self._cancel_request(request_id, "the client went away")

    # Commands

    def respond(
        self,
        request_id: RequestId,
        result: JSON,
        now: float,
        *,
        cause: BaseException | None = None,
        middleware: str | None = None,
    ) -> None:
        """Answer a request with its result.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            result: a value of the result type in the method table, or a JSON object.
            now: the time.
            cause: what a handler raised, where the result is an error result; it becomes `HandlerFailed`.
            middleware: the middleware that raised it, where that was none of the handler's doing.

        Raises:
            LocalProtocolError: if the request is not in flight, or the result cannot be said in JSON or in
                the revision of the request. Nothing was changed; answer with something else.
        """
        self._advance(now)
        entry = self._outcome_for("respond", request_id)
        payload = to_json(entry.codec, result)
        if entry.era is Era.MODERN:
            stamp_result(payload, self._shared.info_json(entry.codec))
        answer = Response(id=request_id, result=payload)
        self._answer(entry, answer, self._encode(answer), cause, middleware)

    def fail(
        self,
        request_id: RequestId,
        code: int,
        message: str,
        now: float,
        *,
        data: JSON = ABSENT,
        cause: BaseException | None = None,
        middleware: str | None = None,
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
            middleware: the middleware that raised it, where that was none of the handler's doing.

        Raises:
            LocalProtocolError: if the request is not in flight, the data cannot be said in JSON, or the
                modern era reserves the code and gives it no meaning. Nothing was changed.
        """
        self._advance(now)
        entry = self._outcome_for("fail", request_id)
        if entry.era is Era.MODERN and -32768 <= code <= -32000 and code not in MODERN_CODES:
            raise LocalProtocolError(
                f"fail({request_id!r}): {entry.codec.revision} reserves the code {code}; "
                "expected one that it defines, or one outside -32768 to -32000"
            )
        answer = ErrorResponse(id=request_id, error=ErrorObject(code=code, message=message, data=data))
        self._answer(entry, answer, self._encode(answer), cause, middleware)

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
        rows = self._check_input(entry, requests, request_state)
        if entry.era is Era.MODERN:
            asked = schema.InputRequiredResult(input_requests=requests or None, request_state=request_state)
            payload = entry.codec.unstructure(asked)
            answer = Response(
                id=request_id, result=stamp_result(payload, self._shared.info_json(entry.codec))
            )
            # To this end of a modern connection the request is over; the retry is another one.
            self._answer(entry, answer, self._encode(answer))
            return
        questions = self._questions_of(entry, requests, rows)
        if entry.step(RequestInput.ASK) is Effect.DROP:
            self._drop_answer(entry)
        else:
            entry.request_state = request_state
            self._ask(entry, questions)

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
                Step.SERVER_LOG if method == "notifications/message" else Step.SERVER_NOTIFICATION,
                f"notify({method!r})",
            )
        value = typed(row.params, codec, params, f"notify({method!r})")
        message = Notification(method=row.name, params=to_json(codec, value) or None)
        if method == "notifications/progress":
            self._progress(entry, message, value)
        elif method == "notifications/message":
            self._log(entry, message, value)
        else:
            self._send_encoded(message, self._encode(message), related=related)

    def unsent_bytes(self, request_id: RequestId) -> int:
        """Return how many bytes that belong to a request wait to be written; from any thread.

        Args:
            request_id: the request.
        """
        return self._unsent.get(request_id, 0)

    def drain(self, request_id: RequestId, now: float) -> None:
        """Ask for `RequestDrained` when all that belongs to a request so far was taken to be written.

        Progress that is held back for its pace is not waited for.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            now: the time.
        """
        if not self._advance(now):
            return
        if self._unsent.get(request_id):
            self._draining[request_id] = None
        else:
            self._emit(RequestDrained(request_id=request_id))

    def leave_out(self, request_id: RequestId, method: str, count: int, now: float) -> None:
        """Take note of notifications that a request had too many of; the events and `stats` tell.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            method: the method of the notifications.
            count: how many they were.
            now: the time.
        """
        if self._advance(now):
            self._note_left_out(request_id, method, count)

    def release(self, request_id: RequestId, now: float, *, retry: float = DEFAULT_RETRY) -> None:
        """End the response to a request for now; the client comes back for what is still to be said.

        It spares a connection while nothing happens. Only a client of 2025-11-25 knows how to come back;
        for any other nothing happens.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the request.
            now: the time.
            retry: seconds after which it is to come back.

        Raises:
            LocalProtocolError: if the request is not in flight, or the seconds are no number from 0 to a day.
        """
        if not self._advance(now):
            return
        entry = self._requests.get(request_id)
        if entry is None:
            raise LocalProtocolError(f"release({request_id!r}): the request is not in flight")
        check_retry(retry)
        if entry.codec.revision == LATEST_LEGACY and entry.state is not RequestState.CANCELLED:
            self._queue(Release(request_id=request_id, retry=retry))

    def publish(self, change: Change, now: float) -> None:
        """Tell everybody who wants to hear it that something changed.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if the change of a resource does not name it, or another change does.
        """
        if not self._advance(now):
            return
        if (change.kind is ChangeKind.RESOURCE) is (change.uri is None):
            raise LocalProtocolError(
                f"publish(): expected a uri for the change of one resource and for no other, found {change!r}"
            )
        method = CHANGE_METHODS[change.kind]
        params = {} if change.uri is None else {"uri": change.uri}
        uri = change.uri or ""
        for subscription in self._subscriptions.wanting(change):
            tagged = stamp_subscription(dict(params), subscription.subscription_id)
            # A number of its own: the id may have been another subscription's that is not yet written out.
            key = (method, str(subscription.number), uri)
            self._send(
                Notification(method=method, params=tagged), related=subscription.subscription_id, key=key
            )
        if self._hears_legacy(change):
            self._send(Notification(method=method, params=params or None), key=(method, "", uri))

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
        return self._ping(self._codec, self._timeouts.request, Purpose.USER, self._deliver_to_user)

    # Notifications

    def _own_notification(self, method: str, codec: Codec) -> Method:
        row = self._methods.lookup(method, codec.revision, Side.SERVER, Kind.NOTIFICATION)
        if row is None:
            raise LocalProtocolError(
                f"notify({method!r}): {codec.revision} has no such notification of a server"
            )
        capability = row.capability_in(codec.revision)
        if capability is not None and not declares(self._declared_in(codec.revision), capability):
            raise LocalProtocolError(
                f"notify({method!r}): the server did not declare the capability {capability!r}"
            )
        return row

    def _log(
        self, entry: Inbound | None, message: Notification, params: schema.LoggingMessageNotificationParams
    ) -> None:
        # A legacy session may change its level while a request is in flight; a modern request may not.
        legacy = entry is None or entry.era is Era.LEGACY
        wanted = self._log_level if legacy or entry is None else entry.log_level
        data = self._encode(message)
        if wanted is None or LOG_LEVELS[params.level] < LOG_LEVELS[wanted]:
            return
        related = None if entry is None else entry.message.id
        left_out = self._log_gate.pass_one((params.logger, params.level), self._now)
        if left_out is None:
            self._note_left_out(related, message.method, 1)
            return
        if left_out:
            text = f"{left_out} messages were left out here: there were too many at once"
            told = {**(message.params or {}), "data": text}
            self._send(Notification(method=message.method, params=told), related=related)
        self._send_encoded(message, data, related=related)

    def _progress(
        self, entry: Inbound | None, message: Notification, params: schema.ProgressNotificationParams
    ) -> None:
        command = "notify('notifications/progress')"
        if entry is None:
            raise LocalProtocolError(f"{command}: expected related=, the request it is for")
        report = entry.report
        if report is None:
            return
        token = params.progress_token
        if type(token) is not type(report.token) or token != report.token:
            raise LocalProtocolError(
                f"{command}: the token of request {entry.message.id!r} is {report.token!r}, found {token!r}"
            )
        self._encode(message)
        check_rise(report, params.progress)
        self._send_progress(report, message, entry.message.id)

    def _hears_legacy(self, change: Change) -> bool:
        if self._codec is None or LIFECYCLE[self._phase].get(Step.SERVER_NOTIFICATION) is None:
            return False
        if change.kind is ChangeKind.RESOURCE:
            return change.uri in self._subscriptions.uris
        return declares(self._legacy_capabilities, f"{change.kind.value}.listChanged")
