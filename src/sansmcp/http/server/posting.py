"""What a POST brings, in either era, and whose it is."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.http.mirrored import claims_of
from sansmcp.http.refusals import Refused
from sansmcp.http.server.alone import Alone
from sansmcp.http.server.checks import (
    SESSION,
    VERSION,
    Place,
    bad,
    check_version,
    is_modern_version,
    is_session_id,
    unknown_session,
)
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.gate import Gate
from sansmcp.http.server.http_sse import SseSession, session_of
from sansmcp.http.server.outputs import STREAMABLE_SINCE, HttpOutputs, OpenHttpSession
from sansmcp.http.server.sessions import HttpSession
from sansmcp.http.server.store import LoadSession
from sansmcp.http.settings import HttpOptions
from sansmcp.http.states import ExchangeState
from sansmcp.schema import INTERNAL_ERROR, INVALID_REQUEST, LEGACY_REVISIONS, METHODS, Revision
from sansmcp.schema.header_parameters import Path
from sansmcp.session import HeaderClaims, RequestReader, ServerSession
from sansmcp.session.era import Refusal
from sansmcp.values import ABSENT, JSON, RequestId
from sansmcp.wire import (
    DEFAULT_LIMITS,
    Batch,
    ErrorResponse,
    Message,
    Notification,
    Request,
    Response,
    Violation,
    decode,
)

HeaderParameters = Callable[[str], Mapping[str, Path] | None]
"""Returns which arguments of a tool clients repeat in headers; None for none."""

_BOM = b"\xef\xbb\xbf"
CLOSING = Refused(status=503, reason="the server is closing", close=True)
"""What new requests get while the endpoint closes."""

_FIRST_WITH_HEADER: Revision = "2025-03-26"
"""What a legacy client speaks that does not say so."""


class HttpPosts(HttpOutputs):
    """The endpoint as it takes messages in; see `ServerHttp` for the arguments."""

    def __init__(
        self,
        open_session: OpenHttpSession,
        *,
        options: HttpOptions,
        random: Callable[[int], bytes],
        revisions: Sequence[Revision],
        header_parameters: HeaderParameters,
    ) -> None:
        super().__init__(open_session, options=options, random=random)
        carried: list[Revision] = [known for known in revisions if known >= STREAMABLE_SINCE]
        if not carried and not options.http_sse:
            raise LocalProtocolError(
                f"revisions: Streamable HTTP carries {STREAMABLE_SINCE} and later ones, found "
                f"{', '.join(revisions)}; serve 2024-11-05 with http_sse=True"
            )
        self._revisions: tuple[Revision, ...] = tuple(sorted(carried or list(revisions)))
        self._legacy: tuple[Revision, ...] = tuple(
            revision for revision in self._revisions if revision in LEGACY_REVISIONS
        )
        self._reader = RequestReader(self._revisions, METHODS)
        self._header_parameters = header_parameters
        self._limits = attrs.evolve(DEFAULT_LIMITS, max_message_bytes=options.limits.body_bytes)
        self._is_closing = False
        self._gate = Gate(options, self._legacy)
        self._sse: dict[str, SseSession] = {}

    def _with_session(
        self, exchange: ServerExchange, refused: Refused | None, then: Callable[[HttpSession], None]
    ) -> None:
        session_id = exchange.head.headers.get(SESSION)
        if refused is not None:
            exchange.refuse(refused)
            return
        if session_id is None:
            text = "Mcp-Session-Id is missing; initialize a session and name it in each request"
            exchange.refuse(bad(text))
            return
        self._find(exchange.principal, session_id, partial(self._go_on_with, exchange, then))

    def _go_on_with(
        self, exchange: ServerExchange, then: Callable[[HttpSession], None], session: HttpSession | None
    ) -> None:
        if exchange.state is not ExchangeState.RECEIVING:
            return
        if self._is_closing:
            exchange.refuse(CLOSING, is_told=False)
        elif session is None:
            exchange.refuse(unknown_session(), is_told=False)
        else:
            then(session)

    def _find(
        self, principal: str | None, session_id: str, then: Callable[[HttpSession | None], None]
    ) -> None:
        """Look a session up, in the store too, and go on with it."""
        known = self._table.of(session_id)
        if known is not None or self.store is None or not is_session_id(session_id):
            then(self._table.get(principal, session_id))
            return
        waiting = self._loading.get(session_id)
        found = partial(self._found, principal, then)
        if waiting is not None:
            waiting.append(found)
        else:
            self._loading[session_id] = [found]
            self.errand(LoadSession(session=session_id))

    def _found(
        self,
        principal: str | None,
        then: Callable[[HttpSession | None], None],
        session: HttpSession | None,
    ) -> None:
        then(None if session is None or session.principal != principal else session)

    # Messages

    def receive_body(self, exchange: ServerExchange, data: bytes) -> None:
        """Take in a whole request."""
        if self._is_closing:
            exchange.refuse(CLOSING, is_told=False)
            return
        message = decode(data[3:] if data.startswith(_BOM) else data, self._limits)
        if isinstance(message, Violation):
            self._refuse_unreadable(exchange, message)
            return
        if exchange.place is Place.MESSAGES:
            self._receive_sse(exchange, message)
            return
        version = exchange.head.headers.get(VERSION)
        if isinstance(message, Request):
            bound = self._bound(exchange)
            is_known = version is None or version in self._legacy
            if not is_known or self._reader.is_modern(message, bound):
                claims = claims_of(exchange.head.headers, message, self._mirrored(message))
                if self._reader.is_modern(message, bound, claims):
                    self._serve_modern(exchange, message, claims)
                    return
        elif is_modern_version(version) or not self._legacy:
            self._receive_modern(exchange, message)
            return
        self._receive_legacy(exchange, message)

    def _mirrored(self, message: Request) -> Mapping[str, Path] | None:
        if message.method != "tools/call" or message.params is None:
            return None
        name = message.params.get("name")
        return self._header_parameters(name) if isinstance(name, str) else None

    def _bound(self, exchange: ServerExchange) -> Revision | None:
        session_id = exchange.head.headers.get(SESSION)
        if session_id is None:
            return None
        session = self._table.get(exchange.principal, session_id)
        return _FIRST_WITH_HEADER if session is None else session.revision

    def _refuse_unreadable(self, exchange: ServerExchange, violation: Violation) -> None:
        version = exchange.head.headers.get(VERSION)
        revision = version if version in self._revisions else self._bound(exchange) or self._revisions[-1]
        refused = Refused(status=400, reason=violation.text, code=violation.code, message=violation.text)
        exchange.refuse(refused, request_id=violation.request_id, revision=revision)

    # The modern era

    def _serve_modern(self, exchange: ServerExchange, message: Request, claims: HeaderClaims) -> None:
        classified = self._reader.read(message, None, claims)
        if isinstance(classified, Refusal):
            self._refuse(exchange, classified, message)
            return
        if message.method == "subscriptions/listen" and self.options.answers_only:
            text = "subscriptions/listen is not available here: responses are no streams"
            self._refuse(exchange, Refusal(code=-32601, message=text), message)
            return
        session = self._session_of(exchange.principal, is_alone=False)
        alone = self._open_alone(session, exchange, (message.id,), is_modern=True)
        session.receive_message(message, self.now)
        self.touch(alone)

    def _refuse(self, exchange: ServerExchange, refusal: Refusal, message: Request) -> None:
        refused = Refused(
            status=404 if refusal.code == -32601 else 400,
            reason=refusal.message,
            code=refusal.code,
            message=refusal.message,
            data=refusal.data,
        )
        # To ask for a version or a method that is not there is how peers find out.
        is_told = refusal.code not in (-32601, -32022)
        exchange.refuse(refused, request_id=message.id, revision=self._revisions[-1], is_told=is_told)

    def _receive_modern(
        self, exchange: ServerExchange, message: Notification | Response | ErrorResponse | Batch
    ) -> None:
        if not isinstance(message, Notification):
            what = "an array of messages" if isinstance(message, Batch) else "a response"
            exchange.refuse(bad(f"the body is {what}; expected a request or a notification"))
            return
        session = self._session_of(exchange.principal, is_alone=False)
        alone = self._open_alone(session, exchange, (), is_modern=True)
        session.receive_message(message, self.now)
        alone.accept()

    def _open_alone(
        self,
        session: ServerSession,
        exchange: ServerExchange,
        awaited: Sequence[RequestId],
        *,
        is_modern: bool,
    ) -> Alone:
        options = self.options
        alone = Alone(
            self,
            session,
            exchange,
            awaited,
            is_modern=is_modern,
            answers_only=options.answers_only,
            streams_only=options.responses == "stream" and bool(awaited),
            limits=options.limits,
        )
        self._alone[alone] = None
        return alone

    # The legacy era

    def _receive_legacy(self, exchange: ServerExchange, message: Message | Batch) -> None:
        opens = isinstance(message, Request) and message.method == "initialize"
        headers = exchange.head.headers
        refused = None if opens else check_version(headers, self._legacy)
        if refused is not None:
            exchange.refuse(refused)
        elif not self.options.sessions:
            self._serve_alone(exchange, message)
        elif opens and SESSION not in headers and isinstance(message, Request):
            self._open(exchange, message)
        else:
            self._with_session(exchange, None, partial(self._serve, exchange, message))

    def _serve(self, exchange: ServerExchange, message: Message | Batch, session: HttpSession) -> None:
        refused = self._misplaced(message, session.revision)
        if refused is not None:
            exchange.refuse(refused, revision=session.revision)
            return
        awaited = _requests_of(message)
        for request_id in awaited:
            if session.has_in_flight(request_id) or awaited.count(request_id) > 1:
                text = f"a request with the id {request_id!r:.80} is in flight"
                exchange.refuse(bad(text), request_id=request_id, revision=session.revision)
                return
        if isinstance(message, Request | Batch) and awaited:
            session.serve(message, awaited, exchange)
        else:
            session.receive(message, exchange)
        session.note(message)

    def _spoken(self, version: str | None) -> Revision:
        """Return the legacy revision that a request speaks which belongs to no session."""
        for known in self._legacy:
            if known == (version or _FIRST_WITH_HEADER):
                return known
        return self._legacy[0]

    def _misplaced(self, message: Message | Batch, revision: Revision | None) -> Refused | None:
        if isinstance(message, Batch) and revision != "2025-03-26":
            return bad("an array of messages is legal in 2025-03-26 only")
        if isinstance(message, Batch) and all(isinstance(item, Violation) for item in message.messages):
            return bad("none of the messages of the array can be read")
        return None

    def _open(self, exchange: ServerExchange, message: Request) -> None:
        """Open a session; none is kept before `initialize` was answered with a result."""
        if len(self._table) + len(self._sse) >= self.options.limits.sessions:
            exchange.refuse(self._full(), request_id=message.id, revision=self._legacy[-1])
            return
        said = json.dumps(message.params, separators=(",", ":"))
        refused = self._too_long(said)
        if refused is not None:
            exchange.refuse(refused, request_id=message.id, revision=self._legacy[-1])
            return
        inner = self._session_of(exchange.principal, is_alone=False)
        inner.receive_message(message, self.now)
        if inner.revision is None:
            self.touch(self._open_alone(inner, exchange, (message.id,), is_modern=False))
            return
        session = HttpSession(self, self._random(16).hex(), exchange.principal, inner)
        self._table.add(session)
        exchange.add_fields((SESSION, session.session_id))
        session.record |= {
            "principal": exchange.principal,
            # As text, which takes a quarter of the memory of what it says.
            "initialize": said,
            "level": None,
            "uris": [],
        }
        session.keep()
        session.watch()
        session.opened(message.id, exchange)

    def _too_long(self, said: str) -> Refused | None:
        most = self.options.limits.opening_bytes
        if len(said) <= most:
            return None
        text = f"initialize: expected params of {most} bytes at most, found {len(said)}"
        return Refused(status=413, reason=text, code=INVALID_REQUEST, message=text)

    def _full(self) -> Refused:
        text = f"{self.options.limits.sessions} sessions are open; try again later"
        return Refused(status=503, reason=text, code=INTERNAL_ERROR, message=text)

    def _restore(self, session_id: str, record: bytes) -> HttpSession | None:
        """Open a session again that another process has kept; not where nobody would close it any more."""
        if self._is_closing or len(self._table) >= self.options.limits.sessions:
            return None
        known: dict[str, JSON] = json.loads(record)
        inner = self._session_of(known["principal"], is_alone=False)
        session = HttpSession(self, session_id, known["principal"], inner, record=known)
        said: list[Message] = [
            Request(id="restored", method="initialize", params=json.loads(known["initialize"])),
            Notification(method="notifications/initialized"),
        ]
        if known["level"] is not None:
            said.append(Request(id="restored", method="logging/setLevel", params={"level": known["level"]}))
        said += (
            Request(id="restored", method="resources/subscribe", params={"uri": uri}) for uri in known["uris"]
        )
        for message in said:
            inner.receive_message(message, self.now)
            inner.actions()
        self._table.add(session)
        session.watch()
        return session

    def _serve_alone(self, exchange: ServerExchange, message: Message | Batch) -> None:
        revision = self._spoken(exchange.head.headers.get(VERSION))
        refused = self._misplaced(message, revision)
        if refused is not None:
            exchange.refuse(refused, revision=revision)
            return
        session = self._session_of(exchange.principal, is_alone=True)
        opens = isinstance(message, Request) and message.method == "initialize"
        if not opens:
            session.resume(revision, self.now)
        awaited = _requests_of(message)
        alone = self._open_alone(session, exchange, awaited, is_modern=False)
        session.receive_message(message, self.now)
        if not awaited:
            alone.accept()
        else:
            self.touch(alone)

    # HTTP+SSE

    def _receive_sse(self, exchange: ServerExchange, message: Message | Batch) -> None:
        found = self._sse.get(session_of(exchange.head.target))
        if found is None or found.principal != exchange.principal:
            exchange.refuse(unknown_session(), is_told=False)
        elif isinstance(message, Request) and self._reader.is_modern(message, self._legacy[0]):
            text = "a request of the modern era; expected it at the endpoint of Streamable HTTP"
            exchange.refuse(bad(text), request_id=message.id)
        elif (
            isinstance(message, Request)
            and message.method == "initialize"
            and (refused := self._too_long(json.dumps(message.params, separators=(",", ":")))) is not None
        ):
            exchange.refuse(refused, request_id=message.id)
        else:
            exchange.empty(202)
            found.session.receive_message(message, self.now)

    def unlisted(self, source: SseSession) -> None:
        """Take in that nothing can be sent to a client of HTTP+SSE any more."""
        self._sse.pop(source.session_id, None)


def _requests_of(message: Message | Batch) -> list[RequestId]:
    """Return the ids of the requests in a message; those of unreadable ones are answered too."""
    items = message.messages if isinstance(message, Batch) else (message,)
    awaited: list[RequestId] = []
    for item in items:
        if isinstance(item, Request):
            awaited.append(item.id)
        elif isinstance(item, Violation) and item.request_id is not ABSENT:
            awaited.append(item.request_id)
    return awaited
