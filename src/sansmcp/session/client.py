"""The client's end of a connection: the calls it makes, and the answers it owes."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Codec, Era, Kind, Method, Side, codec_for, era_of
from sansmcp.session.calls import Call, Purpose, to_json, typed
from sansmcp.session.capabilities import MissingCapability, declares
from sansmcp.session.era import is_log_level
from sansmcp.session.events import CallHandle, InputHandle, RequestFailed
from sansmcp.session.pace import check_rise
from sansmcp.session.questions import Question
from sansmcp.session.renewal import Renewal
from sansmcp.session.states import DetectionState, RequestState, Step
from sansmcp.session.stats import SessionStats
from sansmcp.values import ABSENT, JSON, RequestId, Value
from sansmcp.wire import Batch, ErrorObject, ErrorResponse, Notification, Request, Response

_OWN_COMMANDS = {"initialize": "connect", "subscriptions/listen": "listen"}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallRequest(Value):
    """One call of `send_batch`."""

    method: str
    """The method."""
    params: JSON = None
    """A value of the params type in the method table, a JSON object, or None."""


class ClientSession(Renewal):
    """One server, as a client sees it.

    Args:
        info: who the client is.
        capabilities: what it can do; what they do not name is refused.
        revisions: the revisions it speaks. With both eras among them the server is asked first; with only
            legacy ones it is not, and the newest of them is offered.
        finding: what an earlier session learned about this server; then nothing is asked.
        log_level: the least severe level of log messages wanted in the modern era; None for none.
        methods: the method table.
        timeouts: how long to wait.
        limits: how much the server may ask for.
        keep_alive: pings in a legacy session, or None.
        strict: whether to refuse results that bend the rules, instead of making the best of them.
        handles: where the handles of calls come from; sessions that follow each other share it.
    """

    _check_request: Callable[[Request], None] | None = None

    def stats(self) -> SessionStats:
        """Return how the session is doing."""
        return SessionStats(
            phase=self._phase,
            link=self._link,
            calls_in_flight=len(self._calls),
            requests_in_flight=len(self._questions),
            requests_waiting=0,
            bytes_waiting=0,
            subscriptions=len(self._listening),
            **attrs.asdict(self._counters),
        )

    def check_requests(self, check: Callable[[Request], None]) -> None:
        """Let the owner of the session refuse requests that its transport cannot carry.

        Args:
            check: looks at each request before anything changes, and raises LocalProtocolError.
        """
        self._check_request = check

    # Calls

    def send_request(
        self,
        method: str,
        params: JSON,
        now: float,
        *,
        timeout: float | None = None,
        maximum: float | None = None,
        progress: bool = False,
    ) -> CallHandle:
        """Call a method of the server.

        Its outcome is exactly one of `ResponseReceived`, `RequestFailed`, `RequestTimedOut`, `RequestLost`.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            method: the method.
            params: a value of the params type in the method table, a JSON object, or None.
            now: the time.
            timeout: seconds without an answer or progress; by default those of `Timeouts`.
            maximum: seconds in all; by default those of `Timeouts`.
            progress: whether the server may report progress.

        Returns:
            The handle of the call.

        Raises:
            MissingCapability: if the server did not declare what the method needs.
            LocalProtocolError: if there is no connection, or its revision has no such method.
        """
        self._advance(now)
        call, request, waits = self._prepared(
            CallRequest(method=method, params=params), progress=progress, timeout=timeout
        )
        self._start(call, self._timeouts.request_maximum if maximum is None else maximum, waits=waits)
        if not waits:
            self._send_encoded(*request)
        return call.handle

    def send_batch(self, requests: Sequence[CallRequest], now: float) -> tuple[CallHandle, ...]:
        """Call several methods at once: as one array in 2025-03-26, as single messages elsewhere.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            MissingCapability: if the server did not declare what a method needs.
            LocalProtocolError: as `send_request`; no call was made then.
        """
        self._advance(now)
        last_wire_id = self._calls.last_wire_id
        try:
            prepared = [self._prepared(item, progress=False, timeout=None) for item in requests]
        except LocalProtocolError:
            self._calls.take_back(last_wire_id)
            raise
        for call, _, waits in prepared:
            self._start(call, self._timeouts.request_maximum, waits=waits)
        sent = [request for _, request, waits in prepared if not waits]
        size = 1 + sum(1 + len(data) for _, data in sent)
        if sent and self.revision == "2025-03-26" and size <= self._limits.message_bytes:
            self._send(Batch(messages=tuple(message for message, _ in sent)))
        else:
            for message, data in sent:
                self._send_encoded(message, data)
        return tuple(call.handle for call, _, _ in prepared)

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        """Give up a call or a subscription and tell the server; one that has ended is left alone.

        No event comes for it any more. Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if its method is never cancelled, as `initialize` is not.
        """
        if not self._advance(now):
            return
        call = self._calls.by_handle(handle)
        if call is not None and not call.method.cancellable:
            raise LocalProtocolError(f"cancel(): {call.method.name} is never cancelled; close() instead")
        if call is not None and call.purpose in (Purpose.USER, Purpose.LISTEN):
            self._give_up(call, reason)
        elif self._legacy_listening.forget(handle):
            self._listening.discard(handle)
            self._unsubscribe_unused()

    def ping(self, now: float, *, timeout: float | None = None) -> CallHandle:
        """Ask a legacy server whether it is there.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if there is no legacy session.
        """
        self._advance(now)
        seconds = self._timeouts.request if timeout is None else timeout
        return self._ping(self._legacy_codec(), seconds, Purpose.USER, self._deliver_to_user)

    # Subscriptions

    def listen(
        self,
        wanted: schema.SubscriptionFilter,
        now: float,
        *,
        timeout: float | None = None,
        handle: CallHandle | None = None,
    ) -> CallHandle:
        """Ask to be told of changes, in either era; `cancel` the handle to stop.

        In the legacy era changes of lists come unasked, and resources are subscribed to one by one.
        Its outcomes are `SubscriptionAcknowledged` and, at its end, `SubscriptionEnded`, or before the
        acknowledgement `RequestFailed`, `RequestTimedOut` or `RequestLost`.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            wanted: what to be told of.
            now: the time.
            timeout: seconds until the acknowledgement; by default those of `Timeouts`.
            handle: the handle of a subscription that an earlier session lost; by default a new one.

        Returns:
            The handle of the subscription.

        Raises:
            LocalProtocolError: if there is no connection.
        """
        self._advance(now)
        codec, waits = self._codec_for_calls("listen()")
        seconds = self._timeouts.request if timeout is None else timeout
        handle = self._calls.new_handle() if handle is None else handle
        if era_of(codec.revision) is Era.LEGACY:
            if waits:
                self._legacy_listening.wish(handle, wanted)
            else:
                self._listen_legacy(handle, wanted, codec, seconds)
            return handle
        self._listen_modern(handle, wanted, codec, seconds, waits=waits)
        return handle

    def _listen_modern(
        self,
        handle: CallHandle,
        wanted: schema.SubscriptionFilter,
        codec: Codec,
        timeout: float,
        *,
        waits: bool = False,
    ) -> None:
        last_wire_id = self._calls.last_wire_id
        call = Call(
            handle=handle,
            wire_id=self._calls.new_wire_id(),
            method=self._row("subscriptions/listen", codec),
            purpose=Purpose.LISTEN,
            codec=codec,
            params=schema.SubscriptionsListenRequestParams(notifications=wanted),
            deliver=self._listen_ended,
            timeout=timeout,
        )
        message, data = self._encoded(call, last_wire_id)
        self._start(call, None, waits=waits)
        if not waits:
            self._send_encoded(message, data)

    def _connected(self) -> None:
        wishes = self._legacy_listening.take_wishes()
        super()._connected()
        codec = self._connected_codec("connect()")
        for handle, wanted in wishes:
            if era_of(codec.revision) is Era.LEGACY:
                self._listen_legacy(handle, wanted, codec, self._timeouts.request)
            else:
                self._listen_modern(handle, wanted, codec, self._timeouts.request)

    def _listen_legacy(
        self, handle: CallHandle, wanted: schema.SubscriptionFilter, codec: Codec, timeout: float
    ) -> None:
        for uri in self._legacy_listening.add(handle, wanted, self._server_capabilities):
            self._start_call(
                self._row("resources/subscribe", codec),
                schema.SubscribeRequestParams(uri=uri),
                codec,
                purpose=Purpose.SUBSCRIBE,
                deliver=self._subscribed,
                timeout=timeout,
            )
        self._acknowledge_legacy()

    def _let_go(self, call: Call, failure: RequestFailed | None, codec: Codec) -> None:
        if call.purpose is Purpose.LISTEN and era_of(codec.revision) is Era.LEGACY:
            # The same wish in the words of the other era.
            self._calls.remove(call)
            wanted: schema.SubscriptionFilter = call.params.notifications
            self._listen_legacy(call.handle, wanted, codec, self._timeouts.request)
        else:
            super()._let_go(call, failure, codec)

    # Answers

    def provide_input(self, handle: InputHandle, result: JSON, now: float) -> None:
        """Answer a question of the server; one that was withdrawn is left alone.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            handle: the question.
            result: a value of the result type of its method.
            now: the time.

        Raises:
            LocalProtocolError: if the answer cannot be said in JSON or in the revision that is spoken.
        """
        if not self._advance(now):
            return
        question = self._questions.get(handle)
        if question is None:
            return
        command = f"provide_input({question.method.name!r})"
        if question.request_id is not None:
            codec = self._connected_codec(command)
            payload = to_json(codec, typed(question.method.result, codec, result, command))
            self._settle(question, question.request_id, Response(id=question.request_id, result=payload))
            return
        call = self._call_of(question)
        answer = typed(question.method.result, call.codec, result, command)
        answers = {**(call.params.input_responses or {}), question.key: answer}
        params = attrs.evolve(call.params, input_responses=answers)
        # Said in JSON now, so that a bad answer is refused here and not at the retry.
        next_id = self._calls.last_wire_id + 1
        self._encode(self._request_of(attrs.evolve(call, params=params, wire_id=next_id)))
        call.params = params
        self._questions.remove(question)
        if not self._questions.of_call(call):
            self._retry(call)

    def refuse_input(
        self, handle: InputHandle, code: int, message: str, now: float, *, data: JSON = ABSENT
    ) -> None:
        """Answer a question of the server with an error; one that was withdrawn is left alone.

        The modern era has no such answer: there the call that asked ends as `RequestLost`.
        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if the data cannot be said in JSON.
        """
        if not self._advance(now):
            return
        question = self._questions.get(handle)
        if question is None:
            return
        if question.request_id is not None:
            error = ErrorObject(code=code, message=message, data=data)
            self._settle(question, question.request_id, ErrorResponse(id=question.request_id, error=error))
            return
        call = self._call_of(question)
        reason = f"this side refused to answer: {message}"
        self._questions.remove(question)
        self._lose_call(call, reason)

    def _settle(self, question: Question, request_id: RequestId, answer: Response | ErrorResponse) -> None:
        data = self._encode(answer)
        self._release_progress(question.report, request_id)
        self._send_encoded(answer, data, related=request_id)
        self._questions.remove(question)
        self._answers_given()

    def _call_of(self, question: Question) -> Call:
        if question.call is None or question.call.state is not RequestState.AWAITING_INPUT:
            raise AssertionError("unreachable: a modern question belongs to a call that waits for it")
        return question.call

    # Notifications and settings

    def notify(self, method: str, params: JSON, now: float) -> None:
        """Send a notification: that the roots changed, or one of the user's own.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if there is no connection, its revision has no such notification, or this
                client did not declare what it belongs to.
        """
        if not self._advance(now):
            return
        codec = self._connected_codec(f"notify({method!r})")
        row = self._methods.lookup(method, codec.revision, Side.CLIENT, Kind.NOTIFICATION)
        if row is None or method in ("notifications/cancelled", "notifications/initialized"):
            raise LocalProtocolError(
                f"notify({method!r}): {codec.revision} has no such notification to send by hand"
            )
        capability = row.capability_in(codec.revision)
        if capability is not None and not declares(self._capabilities, capability):
            raise LocalProtocolError(
                f"notify({method!r}): this client did not declare the capability {capability!r}"
            )
        value = typed(row.params, codec, params, f"notify({method!r})")
        message = Notification(method=method, params=to_json(codec, value) or None)
        data = self._encode(message)
        if method == "notifications/progress":
            self._progress(message, value)
        else:
            self._send_encoded(message, data)

    def _progress(self, message: Notification, params: schema.ProgressNotificationParams) -> None:
        question = self._questions.by_token(params.progress_token)
        token = params.progress_token
        if question is None or question.report is None or question.request_id is None:
            raise LocalProtocolError(
                f"notify('notifications/progress'): no question in flight has the token {token!r}"
            )
        check_rise(question.report, params.progress)
        self._send_progress(question.report, message, question.request_id)

    def set_log_level(self, level: schema.LoggingLevel, now: float) -> CallHandle | None:
        """Ask for log messages from a level up: once in the legacy era, with every request in the modern one.

        Afterwards drain actions(), next_event() and next_deadline().

        Returns:
            The handle of the call that a legacy session makes for it; None in the modern era.

        Raises:
            MissingCapability: if a legacy server did not declare logging.
            LocalProtocolError: if there is no connection.
        """
        self._advance(now)
        codec, _ = self._codec_for_calls("set_log_level()")
        if not is_log_level(level):
            raise LocalProtocolError(f"set_log_level(): expected a log level, found {level!r:.80}")
        if era_of(codec.revision) is Era.MODERN:
            self._log_level = level
            return None
        return self.send_request("logging/setLevel", schema.SetLevelRequestParams(level=level), now)

    # Checks

    def _codec_for_calls(self, command: str) -> tuple[Codec, bool]:
        """Return the codec for a call, and whether it must wait until the era is known again."""
        asking = self._detection in (DetectionState.PROBING, DetectionState.HANDSHAKING)
        if asking and self._spoken is not None:
            return self._spoken, True
        return self._connected_codec(command), False

    def _legacy_codec(self) -> Codec | None:
        """Return the codec of a ping, which is legal during the handshake too."""
        if self._detection is DetectionState.HANDSHAKING and self._offer is not None:
            return codec_for(self._offer)
        return self._codec

    def _prepared(
        self, wanted: CallRequest, *, progress: bool, timeout: float | None
    ) -> tuple[Call, tuple[Request, bytes], bool]:
        """Return a call that can be started, its request, and whether it must wait."""
        method = wanted.method
        command = f"send_request({method!r})"
        if method in _OWN_COMMANDS:
            raise LocalProtocolError(f"{command}: use {_OWN_COMMANDS[method]}()")
        codec, waits = self._codec_for_calls(command)
        row = self._row(method, codec)
        capability = row.capability_in(codec.revision)
        if capability is not None and not declares(self._server_capabilities, capability):
            raise MissingCapability(command, capability)
        value = _value_of(row, codec, wanted.params, command)
        if "progressToken" in (getattr(value, "meta", None) or {}):
            raise LocalProtocolError(
                f"{command}: the session chooses the progressToken; say progress=True instead"
            )
        if era_of(codec.revision) is Era.LEGACY and not waits:
            self._speak(Step.CLIENT_PING if method == "ping" else Step.CLIENT_REQUEST, command)
        last_wire_id = self._calls.last_wire_id
        call = Call(
            handle=self._calls.new_handle(),
            wire_id=self._calls.new_wire_id(),
            method=row,
            purpose=Purpose.USER,
            codec=codec,
            params=value,
            deliver=self._deliver_to_user,
            timeout=self._timeouts.request if timeout is None else timeout,
            wants_progress=progress,
        )
        return call, self._encoded(call, last_wire_id), waits

    def _encoded(self, call: Call, last_wire_id: int) -> tuple[Request, bytes]:
        """Build the request of a call that was not started yet; if that cannot be, its id is free again."""
        try:
            message = self._request_of(call)
            if self._check_request is not None:
                self._check_request(message)
            return message, self._encode(message)
        except LocalProtocolError:
            self._calls.take_back(last_wire_id)
            raise

    def _start(self, call: Call, maximum: float | None, *, waits: bool) -> None:
        self._calls.start(call, self._now, self._time_out, maximum=maximum)
        if waits:
            self._hold(call)


def _value_of(row: Method, codec: Codec, params: JSON, command: str) -> JSON:
    """Return the typed params of a call; what 2026-07-28 requires in `_meta` is written by the session."""
    is_object = params is None or isinstance(params, Mapping)
    if not is_object or era_of(codec.revision) is Era.LEGACY or "_meta" in (params or {}):
        return typed(row.params, codec, params, command)
    value = typed(row.params, codec, {**(params or {}), "_meta": {}}, command)
    if isinstance(value, dict):
        # The params of a method of the user's own may be any object.
        return {name: item for name, item in value.items() if name != "_meta"}
    return attrs.evolve(value, meta=None)
