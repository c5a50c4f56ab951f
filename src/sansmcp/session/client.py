"""The client's end of a connection: the calls it makes, and the answers it owes."""

from collections.abc import Sequence

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Codec, Era, Kind, Method, SchemaError, Side, era_of
from sansmcp.session.calls import Call, Purpose, to_json
from sansmcp.session.capabilities import MissingCapability, declares
from sansmcp.session.client_inputs import ClientInputs
from sansmcp.session.events import CallHandle, InputHandle
from sansmcp.session.questions import Question
from sansmcp.session.states import DetectionState, RequestState, Step
from sansmcp.session.stats import SessionStats
from sansmcp.values import ABSENT, JSON
from sansmcp.wire import Batch, ErrorObject, ErrorResponse, Notification, Request, Response, encode

_OWN_COMMANDS = {"initialize": "connect", "subscriptions/listen": "listen"}


@attrs.frozen(kw_only=True)
class CallRequest:
    """One call of `send_batch`."""

    method: str
    """The method."""
    params: JSON = None
    """A value of the params type in the method table, a JSON object, or None."""


class ClientSession(ClientInputs):
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
    """

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
        call, request = self._prepare(method, params, timeout, maximum, progress=progress)
        if request is None:
            self._hold(call)
        else:
            self._send(request)
        return call.handle

    def send_batch(self, requests: Sequence[CallRequest], now: float) -> tuple[CallHandle, ...]:
        """Call several methods at once: as one array in 2025-03-26, as single messages elsewhere.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            MissingCapability: if the server did not declare what a method needs.
            LocalProtocolError: as `send_request`; no call was made then.
        """
        self._advance(now)
        for request in requests:
            self._check_call(request.method)
        if self.revision != "2025-03-26" or not requests:
            return tuple(self.send_request(request.method, request.params, now) for request in requests)
        prepared = [self._prepare(item.method, item.params, None, None, progress=False) for item in requests]
        self._send(Batch(messages=tuple(message for _, message in prepared if message is not None)))
        return tuple(call.handle for call, _ in prepared)

    def cancel(self, handle: CallHandle, now: float, *, reason: str | None = None) -> None:
        """Give up a call or a subscription and tell the server; one that has ended is left alone.

        No event comes for it any more. Afterwards drain actions(), next_event() and next_deadline().
        """
        if not self._advance(now):
            return
        call = self._calls.by_handle(handle)
        if call is not None:
            if call in self._held:
                self._held.remove(call)
                self._calls.remove(call)
            else:
                self._give_up(call, reason)
        elif self._legacy_listening.forget(handle):
            self._unsubscribe_unused()

    def ping(self, now: float, *, timeout: float | None = None) -> CallHandle:
        """Ask a legacy server whether it is there.

        Afterwards drain actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: if there is no legacy session.
        """
        self._advance(now)
        return self._ping(timeout or self._timeouts.request, Purpose.USER, self._deliver_to_user)

    # Subscriptions

    def listen(
        self, wanted: schema.SubscriptionFilter, now: float, *, timeout: float | None = None
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

        Returns:
            The handle of the subscription.

        Raises:
            LocalProtocolError: if there is no connection.
        """
        self._advance(now)
        codec = self._connected_codec("listen()")
        seconds = timeout or self._timeouts.request
        if era_of(codec.revision) is Era.LEGACY:
            return self._listen_legacy(wanted, codec, seconds)
        row = self._row("subscriptions/listen", codec)
        call = self._start_call(
            row,
            schema.SubscriptionsListenRequestParams(notifications=wanted),
            codec,
            purpose=Purpose.LISTEN,
            deliver=self._listen_ended,
            timeout=seconds,
        )
        self._dispatch(call)
        return call.handle

    def _listen_legacy(self, wanted: schema.SubscriptionFilter, codec: Codec, timeout: float) -> CallHandle:
        handle = self._calls.new_handle()
        for uri in self._legacy_listening.add(handle, wanted, self._server_capabilities):
            call = self._start_call(
                self._row("resources/subscribe", codec),
                schema.SubscribeRequestParams(uri=uri),
                codec,
                purpose=Purpose.SUBSCRIBE,
                deliver=self._subscribed,
                timeout=timeout,
            )
            self._dispatch(call)
        self._acknowledge_legacy()
        return handle

    def _unsubscribe_unused(self) -> None:
        for uri in self._legacy_listening.take_unused():
            codec = self._connected_codec("cancel()")
            call = self._start_call(
                self._row("resources/unsubscribe", codec),
                schema.UnsubscribeRequestParams(uri=uri),
                codec,
                purpose=Purpose.SUBSCRIBE,
                deliver=self._unsubscribed,
                timeout=self._timeouts.request,
            )
            self._dispatch(call)

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
        if question.request_id is not None:
            answer = Response(
                id=question.request_id, result=to_json(self._connected_codec("provide_input()"), result)
            )
            self._settle(question, answer)
            return
        call = self._call_of(question)
        # Said in JSON now, so that a bad answer is refused here and not at the retry.
        encode(Response(id=0, result=to_json(call.codec, result)))
        answers = {**(call.params.input_responses or {}), question.key: result}
        call.params = attrs.evolve(call.params, input_responses=answers)
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
            self._settle(question, ErrorResponse(id=question.request_id, error=error))
            return
        call = self._call_of(question)
        self._questions.remove(question)
        self._lose_call(call, f"this side refused to answer: {message}")

    def _settle(self, question: Question, answer: Response | ErrorResponse) -> None:
        self._send(answer, related=question.request_id)
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
        self._send(Notification(method=method, params=to_json(codec, params) or None))

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
        codec = self._connected_codec("set_log_level()")
        if era_of(codec.revision) is Era.MODERN:
            self._log_level = level
            return None
        return self.send_request("logging/setLevel", schema.SetLevelRequestParams(level=level), now)

    # Checks

    def _connected_codec(self, command: str) -> Codec:
        if self._detection not in (DetectionState.MODERN, DetectionState.LEGACY) or self._codec is None:
            raise LocalProtocolError(f"{command}: there is no connection", state=self._detection.value)
        return self._codec

    def _check_call(self, method: str) -> tuple[Method, Codec, bool]:
        """Return what a call needs, and whether it must wait until the era is known again."""
        command = f"send_request({method!r})"
        if method in _OWN_COMMANDS:
            raise LocalProtocolError(f"{command}: use {_OWN_COMMANDS[method]}()")
        waits = self._detection in (DetectionState.PROBING, DetectionState.HANDSHAKING) and bool(self._held)
        codec = self._held[0].codec if waits else self._connected_codec(command)
        row = self._row(method, codec)
        capability = row.capability_in(codec.revision)
        if capability is not None and not waits and not declares(self._server_capabilities, capability):
            raise MissingCapability(command, capability)
        return row, codec, waits

    def _prepare(
        self, method: str, params: JSON, timeout: float | None, maximum: float | None, *, progress: bool
    ) -> tuple[Call, Request | None]:
        row, codec, waits = self._check_call(method)
        value = _typed(row, codec, params)
        encode(Request(id=0, method=method, params=to_json(codec, value)))
        if era_of(codec.revision) is Era.LEGACY and not waits:
            self._speak(
                Step.CLIENT_PING if method == "ping" else Step.CLIENT_REQUEST, f"send_request({method!r})"
            )
        call = self._start_call(
            row,
            value,
            codec,
            purpose=Purpose.USER,
            deliver=self._deliver_to_user,
            timeout=self._timeouts.request if timeout is None else timeout,
            maximum=self._timeouts.request_maximum if maximum is None else maximum,
            wants_progress=progress,
        )
        return call, None if waits else self._request_of(call)

    def _row(self, method: str, codec: Codec) -> Method:
        row = self._methods.lookup(method, codec.revision, Side.CLIENT, Kind.REQUEST)
        if row is None:
            known = self._methods.revisions_of(method)
            hint = f"the last revision that has it is {known[-1]}" if known else "no revision has it"
            raise LocalProtocolError(f"send_request({method!r}): {codec.revision} has no such method; {hint}")
        return row


def _typed(row: Method, codec: Codec, params: JSON) -> JSON:
    if params is not None and not isinstance(params, dict):
        return params
    members = params or {}
    # What 2026-07-28 requires there is written by the session.
    stamped = era_of(codec.revision) is Era.MODERN and "_meta" not in members
    try:
        value = codec.structure_params(row.params, {**members, "_meta": {}} if stamped else members)
    except SchemaError as error:
        raise LocalProtocolError(f"params of {row.name}: {error}") from error
    return attrs.evolve(value, meta=None) if stamped else value
