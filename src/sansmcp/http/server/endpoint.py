"""A server's endpoint over Streamable HTTP: every request is an exchange, in either era.

A request of the modern era has a session of its own. A legacy client opens a session by `initialize` and
names it in each further request; without sessions each of its requests stands alone.
"""

from functools import partial
from typing import Final

import attrs

from sansmcp.http.heads import RequestHead, origin_form
from sansmcp.http.refusals import Refused
from sansmcp.http.server.checks import (
    LAST_EVENT,
    UNKNOWN_EVENT,
    Place,
    bad,
    check_version,
    read_event_id,
)
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.http_sse import SseSession, address_of
from sansmcp.http.server.posting import CLOSING, HttpPosts
from sansmcp.http.server.sessions import HttpSession
from sansmcp.http.server.store import StoreErrand
from sansmcp.http.states import ExchangeState, StreamState
from sansmcp.http.verifying import LATER, MayWait, Verdict, Verification, verdict_of, verdict_raised
from sansmcp.schema import INVALID_REQUEST, REVISIONS
from sansmcp.session import Errand, Outcome, outcome_of


@attrs.frozen(kw_only=True, eq=False)
class Authorize(Errand):
    """Find out who sent a request: `authorize` or `refuse` answers it."""

    exchange: ServerExchange
    """The exchange; its head says who it claims to be."""
    work: Verification | None = None
    """What finds it out, to be run like a handler; None where whoever drives the endpoint knows how."""


_NOBODY: Final = Refused(status=500, reason="verify: it said LATER, and nobody is there to ask; see MayWait")


@attrs.frozen(kw_only=True)
class HttpStats:
    """How an endpoint is doing, at one instant."""

    sessions: int
    """Sessions of legacy clients."""
    alone: int
    """Requests that are served on their own."""


class ServerHttp(HttpPosts):
    """A server over HTTP, without a socket: heads and bodies of requests go in, responses come out.

    Args:
        open_session: makes sessions.
        options: how it is set up.
        random: gives random bytes that nobody can guess.
        revisions: the revisions that are spoken.
        header_parameters: says which arguments of a tool clients repeat in headers.
    """

    @property
    def sessions(self) -> int:
        """How many sessions of legacy clients there are."""
        return len(self._table) + len(self._sse)

    @property
    def stats(self) -> HttpStats:
        """How it is doing."""
        return HttpStats(sessions=self.sessions, alone=len(self._alone))

    # Requests

    def open_exchange(self, head: RequestHead, now: float) -> ServerExchange:
        """Take in the head of a request.

        Afterwards drain next_event(), actions(), ready() and the deadlines.

        Args:
            head: the head.
            now: the time.
        """
        self.advance(now)
        head = origin_form(head)
        exchange = ServerExchange(self, head, self.now)
        self._ready[exchange] = None
        judged = self._gate.judge(head)
        if judged.fields:
            exchange.add_fields(*judged.fields)
        if judged.preflight is not None:
            exchange.respond(judged.preflight)
            return exchange
        refused = judged.refused or (CLOSING if self._is_closing else None)
        if refused is not None:
            exchange.refuse(refused, is_told=refused.status not in (405, 503))
            return exchange
        exchange.place = judged.place
        verify = self.options.verify
        if verify is None:
            self._enter(exchange)
            return exchange
        try:
            verdict = verify(head)
        except Exception as error:  # noqa: BLE001  # whatever a verifier raises, nobody is let in by it
            self._decide(exchange, verdict_raised(error), self.now)
            return exchange
        if verdict is LATER:
            exchange.is_waiting = True
            work = (
                Verification(verify, head, partial(self._decide, exchange))
                if isinstance(verify, MayWait)
                else None
            )
            self._errands.append(Authorize(exchange=exchange, work=work))
        else:
            self._decide(exchange, verdict_of(verdict), self.now)
        return exchange

    def _decide(self, exchange: ServerExchange, verdict: Verdict, now: float) -> None:
        if isinstance(verdict, Refused):
            self.refuse(exchange, verdict, now)
        else:
            self.authorize(exchange, verdict, now)

    def authorize(self, exchange: ServerExchange, principal: str | None, now: float) -> None:
        """Take in who sent a request; it answers `Authorize`.

        Afterwards drain next_event(), actions(), ready() and the deadlines.

        Args:
            exchange: the exchange of the request.
            principal: a name that no other sender has.
            now: the time.
        """
        self.advance(now)
        if exchange.state is ExchangeState.RECEIVING:
            exchange.is_waiting = False
            exchange.principal = principal
            self._enter(exchange)

    def refuse(self, exchange: ServerExchange, challenge: Refused, now: float) -> None:
        """Take in that who sent a request may not; it answers `Authorize`.

        Afterwards drain next_event(), actions(), ready() and the deadlines.

        Args:
            exchange: the exchange of the request.
            challenge: what it is answered.
            now: the time.
        """
        self.advance(now)
        if exchange.state is ExchangeState.RECEIVING:
            exchange.refuse(challenge)

    def perform(self, errand: Errand) -> Outcome:
        """Do an errand with what the settings name; it may be called from another thread, and may wait.

        Whoever has a verifier that says `LATER` answers `Authorize` itself; here the request is refused. So
        it is where the verifier is an `async def`: run the errand's `work` as handlers are run.

        Args:
            errand: what `actions` gave.

        Returns:
            What is to be called with the time afterwards, on the endpoint's thread; then drain.
        """
        if isinstance(errand, Authorize):
            if errand.work is not None and not errand.work.is_async:
                return outcome_of(errand.work)
            return partial(self.refuse, errand.exchange, _NOBODY)
        if not isinstance(errand, StoreErrand):
            raise AssertionError("unreachable: these are all errands")  # noqa: TRY004
        return super().perform(errand)

    def close(self, now: float) -> None:
        """End in good order: those who listen are told, what runs has some time; it may be said again.

        Afterwards drain next_event(), actions(), ready() and the deadlines, until every exchange is done.

        Args:
            now: the time.
        """
        self.advance(now)
        self._is_closing = True
        for alone in tuple(self._alone):
            alone.close(self.now)
        for session in self._table.all():
            session.close(self.now)
        for listener in tuple(self._sse.values()):
            listener.close(self.now)

    # Who is let in

    def _enter(self, exchange: ServerExchange) -> None:
        """Serve a request whose sender is known, as far as it is there."""
        if self._is_closing:
            exchange.refuse(CLOSING, is_told=False)
            return
        method = exchange.head.method
        if method == "POST":
            exchange.go_on()
            return
        # It has no body that anybody looks at.
        exchange.is_waiting = True
        if exchange.place is Place.SSE:
            self._open_sse(exchange)
        else:
            then = partial(self._listen if method == "GET" else self._delete, exchange)
            self._with_session(exchange, check_version(exchange.head.headers, self._legacy), then)

    # GET and DELETE

    def _listen(self, exchange: ServerExchange, session: HttpSession) -> None:
        last = exchange.head.headers.get(LAST_EVENT)
        if last is None:
            if session.standalone.state is not StreamState.DETACHED:
                text = "Another request listens to this session already"
                exchange.refuse(
                    Refused(status=409, reason=text, code=INVALID_REQUEST, message=text), is_told=False
                )
            else:
                session.listen(exchange)
            return
        named = read_event_id(last)
        if named is None or self.store is None:
            exchange.refuse(bad(UNKNOWN_EVENT))
            return
        name, number = named
        session.resume(session.stream(name) or session.past_stream(name), number, exchange)

    def _delete(self, exchange: ServerExchange, session: HttpSession) -> None:
        session.end(self.now)
        exchange.empty(200)

    # HTTP+SSE

    def _open_sse(self, exchange: ServerExchange) -> None:
        if self.sessions >= self.options.limits.sessions:
            exchange.refuse(self._full())
            return
        session_id = self._random(16).hex()
        address = address_of(exchange.head.target, self.options, session_id)
        inner = self._session_of(exchange.principal, is_alone=False, since=REVISIONS[0])
        self._sse[session_id] = SseSession(self, session_id, inner, exchange, address)
