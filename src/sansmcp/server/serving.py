"""A server's session that knows the environment it was opened in, and what its client was told."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import LATEST_LEGACY, Codec, Kind, Method, Side, codec_for
from sansmcp.server.interests import Interests
from sansmcp.server.notices import LISTS, Notices, Offered
from sansmcp.server.sending import Sending
from sansmcp.server.terms import Terms
from sansmcp.session import (
    Change,
    ChangeKind,
    KeepAlive,
    RequestReceived,
    ServerSession,
    SessionLimits,
    Timeouts,
)
from sansmcp.session.settings import DEFAULT_RETRY
from sansmcp.session.subscriptions import Subscription
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import ErrorResponse, Request, Response

_OWN_METHODS: Final = frozenset(
    {
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "subscriptions/listen",
    }
)
"""What a session answers by itself, but for the handshake and pings, which must not wait for anybody."""

_NOTICES: Final = "notices"

_COMPLETE: Final = "notifications/elicitation/complete"
# Far more pages than the users of one client are on at a time.
_MOST_PAGES: Final = 1024


class ServedSession(ServerSession):
    """One client of a `Server`; `Server.open_session` makes it.

    Args:
        terms: what it shares with others.
        principal: whom the client was found to be; None where nobody looked.
        timeouts: how long to wait.
        limits: how much the client may ask for.
        keep_alive: pings in a legacy session, or None.
        is_wrapped: whether middleware stands around what the session answers by itself, too.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        principal: str | None = None,
        timeouts: Timeouts | None = None,
        limits: SessionLimits | None = None,
        keep_alive: KeepAlive | None = None,
        is_wrapped: bool = False,
    ) -> None:
        manner, shared = terms.manner, terms.shared()
        super().__init__(
            info=shared.info,
            capabilities=terms.declared(),
            instructions=shared.instructions,
            revisions=shared.revisions,
            methods=shared.methods,
            timeouts=timeouts,
            limits=limits,
            keep_alive=keep_alive,
            ordered=manner.ordered,
            answers_only=manner.kind.answers_only,
            shared=shared,
        )
        self._terms = terms
        self.environment = manner.environment
        """Where randomness and calendar time come from."""
        self.principal = principal
        """Whom the client was found to be."""
        self.sealer = manner.sealer
        """Seals what handlers leave to their next run."""
        self.cursors = manner.cursors
        """Seals where pages of lists end."""
        self.notices = Notices(terms.offered)
        """What the client was told of changes."""
        self.sending: Sending | None = None
        """Leads what is sent through middleware; None where there is none."""
        self.interests: Interests[ServerSession] | None = None
        """Where it is kept what the client wants to hear of; None where nobody keeps it."""
        self._pages: dict[str, None] = {}
        self._is_gathering = False
        self._is_wrapped = is_wrapped
        self._captured: list[Response | ErrorResponse] | None = None

    # What a session answers by itself, with middleware around it

    def _serve_itself(self, message: Request, row: Method, codec: Codec, params: JSON) -> bool:
        if self._is_wrapped and row.name in _OWN_METHODS:
            # It becomes an event like any other, and `answer_itself` is the handler.
            return False
        return super()._serve_itself(message, row, codec, params)

    def _reply(self, request_id: RequestId, message: Response | ErrorResponse) -> None:
        if self._captured is None:
            super()._reply(request_id, message)
        else:
            self._captured.append(message)

    def is_own(self, event: RequestReceived) -> bool:
        """Say whether it is the session that answers a request, and no handler."""
        return self._is_wrapped and event.method in _OWN_METHODS

    def has_begun(self, event: RequestReceived) -> bool:
        """Say whether a request was for a subscription that has begun: it is answered when that ends."""
        return self.is_own(event) and self._requests.get(event.request_id) is None

    def answer_itself(self, event: RequestReceived) -> JSON:
        """Do what a request asks of the session.

        Args:
            event: the request; its outcome is to be given like that of any other.

        Returns:
            Its result as a JSON object; ABSENT where that comes when a subscription ends.

        Raises:
            RpcError: it is refused.
        """
        codec = codec_for(event.revision)
        row = self._methods.lookup(event.method, event.revision, Side.CLIENT, Kind.REQUEST)
        if row is None:
            raise AssertionError("unreachable: it was looked up when it was received")
        captured: list[Response | ErrorResponse] = []
        self._captured = captured
        try:
            super()._serve_itself(event.message, row, codec, event.params)
        finally:
            self._captured = None
        if not captured:
            self._finish(self._outcome_for(event.method, event.request_id))
            return ABSENT
        (answer,) = captured
        if isinstance(answer, ErrorResponse):
            raise RpcError(answer.error.code, answer.error.message, answer.error.data)
        return answer.result

    # With middleware around what is sent, nothing is raised here: its failures become events or reports

    def respond(
        self,
        request_id: RequestId,
        result: JSON,
        now: float,
        *,
        cause: BaseException | None = None,
        middleware: str | None = None,
    ) -> None:
        """Answer a request with its result; see `ServerSession.respond`."""
        if result is ABSENT:
            # A subscription has begun; it is not in flight any more.
            if self.sending is not None:
                self.sending.forget(request_id)
        elif self.sending is None:
            super().respond(request_id, result, now, cause=cause, middleware=middleware)
        else:
            self.sending.respond(request_id, result, now, cause, middleware)

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
        """Answer a request with an error; see `ServerSession.fail`."""
        if self.sending is None:
            super().fail(request_id, code, message, now, data=data, cause=cause, middleware=middleware)
        else:
            self.sending.fail(request_id, (code, message, data), now, cause, middleware)

    def require_input(
        self,
        request_id: RequestId,
        requests: Mapping[str, schema.InputRequest],
        now: float,
        *,
        request_state: str | None = None,
    ) -> None:
        """Ask the client something first; see `ServerSession.require_input`."""
        entry = self._requests.get(request_id)
        if self.sending is None:
            super().require_input(request_id, requests, now, request_state=request_state)
        else:
            self.sending.require_input(request_id, requests, now, request_state)
        if entry is not None and entry.codec.revision == LATEST_LEGACY:
            for request in requests.values():
                page = getattr(request.params, "elicitation_id", None)
                if page is not None:
                    self.expect_page(page, now)

    def expect_page(self, elicitation_id: str, now: float) -> None:
        """Take note that the client's user was sent to a page, so that the client is told when that is done.

        Args:
            elicitation_id: names the question.
            now: the time.
        """
        self._pages[elicitation_id] = None
        if self.interests is not None:
            self.interests.expect_page(self, elicitation_id)
        if len(self._pages) > _MOST_PAGES:
            self._forget_page(next(iter(self._pages)))
        # The page may have been faster.
        self._tell_pages(now)

    def _forget_page(self, elicitation_id: str) -> None:
        self._pages.pop(elicitation_id, None)
        if self.interests is not None:
            self.interests.forget_page(self, elicitation_id)

    def _tell_pages(self, now: float) -> None:
        if self._pages:
            for elicitation_id in self._terms.offered().completed:
                if elicitation_id in self._pages:
                    params = schema.ElicitationCompleteNotificationParams(elicitation_id=elicitation_id)
                    # Its session may be over.
                    with suppress(LocalProtocolError):
                        self.notify(_COMPLETE, params, now)

    def notify(self, method: str, params: JSON, now: float, *, related: RequestId | None = None) -> None:
        """Send a notification; see `ServerSession.notify`."""
        if method == _COMPLETE:
            self._forget_page(params.elicitation_id)
        if self.sending is None:
            super().notify(method, params, now, related=related)
        else:
            self.sending.notify(method, params, now, related)

    def drain(self, request_id: RequestId, now: float) -> None:
        """Ask for `RequestDrained`; see `ServerSession.drain`."""
        if self.sending is None:
            super().drain(request_id, now)
        else:
            self.sending.drain(request_id, now)

    def release(self, request_id: RequestId, now: float, *, retry: float = DEFAULT_RETRY) -> None:
        """End the response to a request for now; see `ServerSession.release`."""
        if self.sending is None:
            super().release(request_id, now, retry=retry)
        else:
            self.sending.release(request_id, now, retry)

    def publish(self, change: Change, now: float) -> None:
        """Tell everybody who wants to hear it that something changed; see `ServerSession.publish`."""
        if self.sending is None:
            super().publish(change, now)
        elif self._subscriptions.wanting(change) or self._hears_legacy(change):
            self.sending.publish(change, now)

    # Changes of what is offered

    def catch_up(self, now: float, since: int = 0) -> None:
        """Take note that the server may offer something else now; the client is told soon.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            now: the time.
            since: how many changes before these were none that the client wanted to hear of, or are told.
        """
        if not self._advance(now):
            return
        self._tell_pages(now)
        if not self._is_gathering:
            self.notices.skip_to(since)
        if self.notices.is_behind and not self._is_gathering:
            self._is_gathering = True
            at = self._now + self._terms.manner.notice_interval
            self._deadlines.arm(_NOTICES, at, "changes are gathered", self._tell_changes)

    def _tell_changes(self) -> None:
        self._is_gathering = False
        for change in self.notices.take(self._subscriptions.resources()):
            self.publish(change, self._now)

    @property
    def lists_told(self) -> schema.SubscriptionFilter:
        """The lists whose changes a legacy client is told of unasked, as it was promised."""
        kinds = {kind for kind in LISTS if self._hears_legacy(Change(kind=kind))}
        return schema.SubscriptionFilter(
            tools_list_changed=ChangeKind.TOOLS in kinds or None,
            prompts_list_changed=ChangeKind.PROMPTS in kinds or None,
            resources_list_changed=ChangeKind.RESOURCES in kinds or None,
        )

    def _hear_from(self, offered: Offered) -> None:
        """Take note of what the client wants to hear of since something was offered."""
        changes = ((kind, Change(kind=kind)) for kind in LISTS)
        heard = (
            kind
            for kind, change in changes
            if self._subscriptions.wanting(change) or self._hears_legacy(change)
        )
        self.notices.hear_of(heard, offered)

    # Each looks at what is offered before it begins: what changes meanwhile is told.

    def _initialized(self) -> None:
        offered = self._terms.offered()
        super()._initialized()
        self._hear_from(offered)

    def _listen(
        self, message: Request, codec: Codec, params: schema.SubscriptionsListenRequestParams
    ) -> None:
        offered = self._terms.offered()
        super()._listen(message, codec, params)
        self._hear_from(offered)

    def _subscribe_legacy(self, message: Request, method: str, uri: str) -> None:
        offered = self._terms.offered()
        super()._subscribe_legacy(message, method, uri)
        self._hear_from(offered)

    def _forget_subscription(self, subscription_id: RequestId, reason: str) -> Subscription:
        subscription = super()._forget_subscription(subscription_id, reason)
        self._hear_from(self._terms.offered())
        return subscription

    def _receive_request(self, message: Request) -> None:
        able = self._terms.declared()
        if able is not self._capabilities:
            self.declare(able, self._now)
        super()._receive_request(message)

    def _discovery_result(self) -> schema.DiscoverResult:
        hint = self._terms.manner.discovery
        return attrs.evolve(super()._discovery_result(), ttl_ms=hint.ttl_ms, cache_scope=hint.scope)
