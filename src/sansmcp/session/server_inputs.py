"""The half of a server's session that listens: what the client sends, and what is answered at once.

`server` is the other half: the commands. One session serves both eras at once: a legacy session
after `initialize`, and beside it modern requests that describe themselves.
"""

from sansmcp import schema
from sansmcp.schema import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    LATEST_LEGACY,
    LEGACY_REVISIONS,
    METHOD_NOT_FOUND,
    Codec,
    Era,
    Kind,
    Method,
    Revision,
    SchemaError,
    Side,
    codec_for,
    era_of,
)
from sansmcp.session.capabilities import declares, shared_extensions
from sansmcp.session.era import (
    ModernRequest,
    Refusal,
    progress_token_of,
    stamp_result,
    stamp_subscription,
)
from sansmcp.session.events import (
    ClientInitialized,
    NotificationReceived,
    SessionOpened,
    SubscriptionClosed,
    SubscriptionOpened,
)
from sansmcp.session.inbound import Admission, BatchReply, Inbound
from sansmcp.session.server_requests import ServerRequests
from sansmcp.session.states import Effect, LinkState, Phase, Step
from sansmcp.session.subscriptions import Subscription, honoured
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import (
    Batch,
    ErrorObject,
    ErrorResponse,
    Notification,
    Request,
    Response,
    Violation,
)


class ServerInputs(ServerRequests):
    """One client, as a server hears it; see `ServerSession` for the arguments."""

    # Requests

    def _receive_request(self, message: Request) -> None:
        if message.id in self._requests or message.id in self._subscriptions:
            self._drop(message, f"a request with the id {message.id!r} is in flight")
            return
        if self._batch is not None:
            self._batch.expect(message.id)
            self._batches[message.id] = self._batch
        if self._link is not LinkState.OPEN:
            self._reply_error(message.id, INTERNAL_ERROR, "the server is closing", violated=False)
            return
        classified = self._shared.reader.read(message, self.revision, self._claims)
        if self._batch is not None and isinstance(classified, ModernRequest):
            # A subscription among them would hold back the answers to all others.
            self._refuse(message, f"{classified.revision} has no arrays of messages")
        elif isinstance(classified, ModernRequest):
            self._serve(message, codec_for(classified.revision), classified)
        elif isinstance(classified, Refusal):
            self._reply_error(
                message.id,
                classified.code,
                classified.message,
                classified.data,
                # To ask for a version or a method that is not there is how peers find out.
                violated=classified.code in (INVALID_PARAMS, HEADER_MISMATCH),
            )
        elif message.method == "initialize":
            self._initialize(message)
        elif self._hear(Step.CLIENT_PING if message.method == "ping" else Step.CLIENT_REQUEST) is None:
            self._refuse(
                message, f"{message.method!r} is not legal before initialize and notifications/initialized"
            )
        elif message.method == "ping":
            self._reply(message.id, Response(id=message.id, result={}))
        else:
            self._serve(message, codec_for(self.revision or LATEST_LEGACY), None)

    def _serve(self, message: Request, codec: Codec, modern: ModernRequest | None) -> None:
        offered = self._legacy_offered if modern is None else self._offered
        known = offered.get((message.method, codec.revision))
        row = known or self._offer(message.method, codec.revision)
        if row is None:
            text = f"method {message.method[:80]!r} is not available in {codec.revision} on this server"
            self._reply_error(message.id, METHOD_NOT_FOUND, text, violated=False)
            return
        try:
            params = codec.structure_params(row.params, message.params)
        except SchemaError as error:
            self._reply_error(message.id, INVALID_PARAMS, f"params of {row.name}: {error}")
            return
        if self._serve_itself(message, row, codec, params):
            return
        token = progress_token_of(message)
        if modern is None:
            capabilities, declared = self._client_capabilities, self._legacy_capabilities
            can_ask = not self._answers_only and self._phase is Phase.OPERATING
        else:
            capabilities, declared, can_ask = modern.capabilities, self._capabilities, True
        entry = Inbound(
            message=message,
            method=row,
            params=params,
            codec=codec,
            era=Era.LEGACY if modern is None else Era.MODERN,
            capabilities=capabilities,
            extensions=shared_extensions(declared, capabilities),
            client_info=self._client_info if modern is None else modern.client_info,
            log_level=self._log_level if modern is None else modern.log_level,
            can_ask=can_ask,
            report=None if token is None else self._new_report(token),
            batch=self._batch,
        )
        if modern is not None and row.input_required:
            entry.answers = params.input_responses or {}
            entry.request_state = params.request_state
        self._admit(entry)

    def _admit(self, entry: Inbound) -> None:
        has_room = self._has_room()
        admission = self._requests.admit(entry, has_room=has_room)
        if admission is Admission.STARTED:
            self._emit(entry.received())
        elif admission is Admission.BACKLOG_FULL:
            held = (
                f"{self._limits.requests_in_flight} are in flight"
                if has_room
                else f"more than {self._limits.unsent_bytes} bytes of answers were not read"
            )
            text = f"too many requests: {held} and {self._requests.waiting} wait; try again later"
            self._reply_error(entry.message.id, INTERNAL_ERROR, text, violated=False)

    def _offer(self, method: str, revision: Revision) -> Method | None:
        """Look up a method of the client that this server offers, and remember it until others are."""
        row = self._methods.lookup(method, revision, Side.CLIENT, Kind.REQUEST)
        capability = None if row is None else row.capability_in(revision)
        if row is None or (capability is not None and not declares(self._declared_in(revision), capability)):
            return None
        offered = self._offered if era_of(revision) is Era.MODERN else self._legacy_offered
        offered[method, revision] = row
        return row

    def _serve_itself(self, message: Request, row: Method, codec: Codec, params: JSON) -> bool:
        match row.name:
            case "server/discover":
                self._discover(message, codec)
            case "logging/setLevel":
                self._log_level = params.level
                self._reply(message.id, Response(id=message.id, result={}))
            case "resources/subscribe" | "resources/unsubscribe":
                self._subscribe_legacy(message, row.name, params.uri)
            case "subscriptions/listen":
                self._listen(message, codec, params)
            case _:
                return False
        return True

    def _discovery_result(self) -> schema.DiscoverResult:
        return schema.DiscoverResult(
            supported_versions=tuple(reversed(self._revisions)),
            capabilities=self._capabilities,
            instructions=self._shared.instructions,
        )

    def _discover(self, message: Request, codec: Codec) -> None:
        result = stamp_result(codec.unstructure(self._discovery_result()), self._shared.info_json(codec))
        self._reply(message.id, Response(id=message.id, result=result))

    def _initialize(self, message: Request) -> None:
        if self._batch is not None:
            self._refuse(message, "initialize must not be part of a batch")
            return
        row = self._hear(Step.INITIALIZE)
        if row is None:
            self._refuse(message, "initialize was already sent in this session")
            return
        offered = (message.params or {}).get("protocolVersion")
        legacy = [revision for revision in self._revisions if revision in LEGACY_REVISIONS]
        codec = codec_for(offered if offered in legacy else legacy[-1])
        try:
            params = codec.structure_params(schema.InitializeRequestParams, message.params)
        except SchemaError as error:
            self._reply_error(message.id, INVALID_PARAMS, f"params of initialize: {error}")
            return
        self._phase = row[1]
        self._codec = codec
        self._legacy_capabilities, self._legacy_offered = self._capabilities, self._offered
        self._client_info = params.client_info
        self._client_capabilities = params.capabilities
        result = schema.InitializeResult(
            protocol_version=codec.revision,
            capabilities=self._capabilities,
            server_info=self._shared.info,
            instructions=self._shared.instructions,
        )
        self._reply(message.id, Response(id=message.id, result=codec.unstructure(result)))
        self._speak(Step.INITIALIZE_RESULT, "the result of initialize")
        self._emit(
            SessionOpened(
                revision=codec.revision, client_info=params.client_info, capabilities=params.capabilities
            )
        )
        self._arm_keep_alive()

    def _receive_items(self, batch: Batch) -> None:
        self._batch = reply = BatchReply()
        super()._receive_items(batch)
        self._batch = None
        # What was answered at once leaves now if nothing else is waited for.
        self._send_batch(reply)

    # Notifications

    def _receive_notification(self, message: Notification) -> None:
        if message.method == "notifications/cancelled":
            self._cancelled(message)
        elif message.method == "notifications/initialized":
            self._initialized()
        else:
            self._notified(message)

    def _cancelled(self, message: Notification) -> None:
        codec = self._codec or codec_for(self._revisions[-1])
        try:
            params = codec.structure_params(schema.CancelledNotificationParams, message.params)
        except SchemaError as error:
            self._violated(f"params of {message.method}: {error}")
            return
        if params.request_id is None or not self._cancel_request(params.request_id, params.reason):
            self._drop(message, f"cancelled {params.request_id!r}, which is not in flight")

    def _initialized(self) -> None:
        row = self._hear(Step.INITIALIZED)
        if row is None:
            self._violated(f"notifications/initialized is not legal in the phase {self._phase.value!r}")
            return
        effect, self._phase = row
        if effect is Effect.MARK_READY:
            self._emit(ClientInitialized())

    def _notified(self, message: Notification) -> None:
        # Without a legacy session it is of the modern era, or too early.
        codec = self._codec or codec_for(self._revisions[-1])
        row = self._methods.lookup(message.method, codec.revision, Side.CLIENT, Kind.NOTIFICATION)
        if era_of(codec.revision) is Era.MODERN:
            early = row is None and self._is_legacy_notification(message.method)
        else:
            early = self._hear(Step.CLIENT_NOTIFICATION) is None
        if early:
            self._violated(
                f"{message.method[:80]!r} is not legal before initialize and notifications/initialized"
            )
            return
        if row is None:
            self._drop(message, f"{codec.revision} has no notification {message.method[:80]!r} of a client")
            return
        try:
            params = codec.structure_params(row.params, message.params)
        except SchemaError as error:
            self._violated(f"params of {message.method}: {error}")
            return
        if row.name == "notifications/progress":
            # None of our requests carries a token.
            self._drop(message, f"progress for the unknown token {params.progress_token!r}")
            return
        self._emit(NotificationReceived(method=row.name, params=params, message=message))

    def _is_legacy_notification(self, method: str) -> bool:
        return any(
            self._methods.lookup(method, revision, Side.CLIENT, Kind.NOTIFICATION) is not None
            for revision in self._revisions
        )

    def _answer_unreadable(self, violation: Violation, request_id: RequestId | None) -> None:
        error = ErrorObject(code=violation.code, message=violation.text)
        if request_id is not None:
            # An id in flight belongs to the request that came first, and so does the answer to it.
            if request_id not in self._requests and request_id not in self._subscriptions:
                self._answer_item(ErrorResponse(id=request_id, error=error), request_id)
        elif (self.revision or self._revisions[-1]) >= "2025-11-25":
            # An error without an id is part of the protocol since then. Before, the schema requires an id
            # that is a string or a number, so none is sent: neither for a line, nor for an array of
            # 2025-03-26 that is empty or too long, nor for one item of it.
            self._send(ErrorResponse(id=ABSENT, error=error))

    def _answer_item(self, answer: ErrorResponse, request_id: RequestId) -> None:
        if self._batch is None:
            self._send(answer, related=request_id)
        else:
            self._batch.add(request_id, answer)

    # Subscriptions

    def _subscribe_legacy(self, message: Request, method: str, uri: str) -> None:
        uris = self._subscriptions.uris
        wanted = schema.SubscriptionFilter(resource_subscriptions=(uri,))
        if method == "resources/unsubscribe":
            if uris.pop(uri, uris) is None:
                self._emit(
                    SubscriptionClosed(subscription_id=None, filter=wanted, reason="the client unsubscribed")
                )
        elif uri not in uris:
            if self._refuses_subscription(message):
                return
            uris[uri] = None
            self._emit(SubscriptionOpened(subscription_id=None, filter=wanted))
        self._reply(message.id, Response(id=message.id, result={}))

    def _refuses_subscription(self, message: Request) -> bool:
        if len(self._subscriptions) < self._limits.subscriptions:
            return False
        text = f"too many subscriptions: {self._limits.subscriptions} are open"
        self._reply_error(message.id, INTERNAL_ERROR, text, violated=False)
        return True

    def _listen(
        self, message: Request, codec: Codec, params: schema.SubscriptionsListenRequestParams
    ) -> None:
        if self._refuses_subscription(message):
            return
        self._listens += 1
        subscription = Subscription(
            subscription_id=message.id,
            filter=honoured(params.notifications, self._capabilities),
            codec=codec,
            number=self._listens,
        )
        self._subscriptions.add(subscription)
        acknowledged = schema.SubscriptionsAcknowledgedNotificationParams(notifications=subscription.filter)
        payload = stamp_subscription(codec.unstructure(acknowledged), message.id)
        self._send(
            Notification(method="notifications/subscriptions/acknowledged", params=payload),
            related=message.id,
        )
        self._emit(SubscriptionOpened(subscription_id=message.id, filter=subscription.filter))
