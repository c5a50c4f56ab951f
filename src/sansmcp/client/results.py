"""What becomes of results: some are kept and served again, those of tools are checked."""

from collections.abc import Callable
from functools import partial
from typing import Final

from sansmcp import schema
from sansmcp.client import calls
from sansmcp.client.cache import ResponseCacheView, question_of
from sansmcp.client.calls import Call
from sansmcp.client.checking import OutputChecks, Validate
from sansmcp.client.outcomes import Failure, value_of
from sansmcp.client.pages import walk
from sansmcp.client.pending import Pending
from sansmcp.client.walking import Ask, Walking
from sansmcp.errors import ProtocolError, ResultInvalid, SansmcpError
from sansmcp.schema.schema_limits import SchemaLimits
from sansmcp.session import (
    Change,
    ChangeKind,
    Deadlines,
    Report,
    RequestFailed,
    ResponseReceived,
    Severity,
    Timeouts,
)
from sansmcp.values import JSON

# As long as the answer to a probe may take: the result that waits for it is there already.
_LOOK_UP_SECONDS: Final = 5.0


class Results:
    """The results of one client.

    Args:
        cache: what may be served again; None to ask each time.
        validate: what becomes of a result that breaks the schema of its tool, where the call does not say.
        schema_limits: how large such a schema may be.
        timeouts: how long calls may take that do not say.
        deadlines: where the time is kept of results that wait for a list of tools.
        ask: makes a call of the client's own.
        report: takes what belongs into the log.
        hand_over: takes a result that is to be read, on whatever thread, with `value`.
    """

    def __init__(
        self,
        *,
        cache: ResponseCacheView | None,
        validate: Validate,
        schema_limits: SchemaLimits,
        timeouts: Timeouts,
        deadlines: Deadlines,
        ask: Ask,
        report: Callable[[Report], None],
        hand_over: Callable[[Pending, ResponseReceived], None],
    ) -> None:
        self._cache = cache
        self._validate: Validate = validate
        self._timeouts = timeouts
        self._deadlines = deadlines
        self._ask = ask
        self._report = report
        self._hand_over = hand_over
        self._checks = OutputChecks(schema_limits)
        # Results of tools that were in no list yet.
        self._unchecked: dict[Pending, ResponseReceived] = {}
        # Once for each set of tools, whatever comes of it.
        self._has_looked_up = False
        self._looks_until = 0.0
        # Two, where the tools have changed while they were listed.
        self._looking = 0

    # Results that are there already

    def kept(self, call: Call[JSON], now: float, *, stale: bool = False) -> JSON:
        """Return the result that a call may have without asking the server, or None.

        Args:
            call: the call.
            now: the time.
            stale: whether the server cannot be asked; then an old result will do, if that was said.
        """
        if self._cache is None or (stale and not self._cache.serve_stale):
            return None
        question = question_of(call.method, call.params)
        return None if question is None else self._cache.get(question, now, stale=stale)

    def sent(self, pending: Pending) -> None:
        """Take note of a call that is sent."""
        if self._cache is None:
            return
        pending.question = question_of(pending.call.method, pending.call.params)
        if pending.question is not None:
            pending.changes = self._cache.changes_to(pending.question)

    def failed(self, pending: Pending, event: Failure) -> None:
        """Take note of a call that has no result."""
        if self._cache is not None and pending.question is not None and isinstance(event, RequestFailed):
            self._cache.refused(pending.question)

    def changed(self, change: Change) -> None:
        """Take note of a change on the server."""
        if self._cache is not None:
            self._cache.changed(change)
        if change.kind is ChangeKind.TOOLS:
            self._forget()

    def missed(self) -> None:
        """Take note that changes may have been missed."""
        if self._cache is not None:
            self._cache.missed()
        self._forget()

    # Results that come

    def learn(self, pending: Pending, event: ResponseReceived, now: float) -> None:
        """Take note of a result."""
        if isinstance(event.result, schema.ListToolsResult):
            self._checks.learn(event.result.tools)
        # What depends on answers of the user is the result of no other call (2026-07-28, Caching, Cache Key).
        if self._cache is not None and pending.question is not None and not event.rounds:
            self._cache.keep(pending.question, event.result, now, changes=pending.changes)

    def take(self, pending: Pending, event: ResponseReceived, now: float) -> None:
        """Hand a result over, once it is known what it should be; afterwards the driver settles."""
        name = self._name_to_check(pending.call)
        if name is None or not self._checks.must_look_up(name, event.result):
            self._hand_over(pending, event)
            return
        if not self._has_looked_up:
            self._has_looked_up, self._looks_until = True, now + _LOOK_UP_SECONDS
            self._looking += 1
            self._hold(pending, event, now)
            steps = walk(partial(calls.list_tools, timeout=_LOOK_UP_SECONDS, maximum=_LOOK_UP_SECONDS))
            Walking(steps, ask=self._ask, take=self._looked_at, end=self._looked_up).begin(now)
        elif self._looking and now < self._looks_until:
            self._hold(pending, event, now)
        else:
            # It is in no list, or in one that does not come.
            self._hand_over(pending, event)

    def value(self, call: Call[JSON], event: ResponseReceived) -> JSON:
        """Return what the caller gets of a result, or raise what it is told instead.

        Raises:
            ResultInvalid: it breaks the schema of its tool, or does not fit the type that was asked for.
            SansmcpError: as reading the result does.
        """
        fault = self._fault(call, event)
        if fault is not None:
            if (call.validate or self._validate) == "check":
                raise ResultInvalid(fault, event.result)
            self._warn(fault)
        return value_of(call, event)

    def _fault(self, call: Call[JSON], event: ResponseReceived) -> str | None:
        name = self._name_to_check(call)
        if name is None:
            return None
        try:
            fault = self._checks.fault(name, event.result)
        except ProtocolError as error:
            # The result may well be right: what is wrong is the schema.
            self._warn(str(error))
            return None
        for remark in self._checks.remarks():
            self._warn(remark)
        return fault

    def _name_to_check(self, call: Call[JSON]) -> str | None:
        if (call.validate or self._validate) == "off" or call.method != "tools/call":
            return None
        params = call.params
        return params.name if isinstance(params, schema.CallToolRequestParams) else params["name"]

    # Results that wait for a list of tools

    def _hold(self, pending: Pending, event: ResponseReceived, now: float) -> None:
        """Keep a result until its tool is known, but no longer than its call may take."""
        call, defaults = pending.call, self._timeouts
        timeout = defaults.request if call.timeout is None else call.timeout
        maximum = defaults.request_maximum if call.maximum is None else call.maximum
        until = min(self._looks_until, pending.heard + timeout, pending.sent + maximum)
        self._unchecked[pending] = event
        reason = f"the result of {call.method} waits for the list of tools"
        self._deadlines.arm(pending, max(until, now), reason, partial(self._waited_too_long, pending))

    def _let_go(self, pending: Pending) -> None:
        self._deadlines.disarm(pending)
        self._hand_over(pending, self._unchecked.pop(pending))

    def _waited_too_long(self, pending: Pending) -> None:
        name = self._name_to_check(pending.call)
        self._warn(f"tool {name!r:.80}: its result is not checked: the list of tools has not come in time")
        self._let_go(pending)

    def _looked_at(self, page: schema.ListToolsResult) -> None:
        """Let go of what a page says enough of; the others are read all the same, for the tools to come."""
        del page
        for pending in tuple(self._unchecked):
            if self._checks.knows(self._name_to_check(pending.call) or ""):
                self._let_go(pending)

    def _looked_up(self, error: SansmcpError | None, now: float) -> None:
        del now
        if error is not None:
            self._warn(f"results of tools are not checked, since the tools could not be listed: {error}")
        self._looking -= 1
        if not self._looking:
            for pending in tuple(self._unchecked):
                self._let_go(pending)

    def _forget(self) -> None:
        self._checks.forget()
        self._has_looked_up = False

    def _warn(self, text: str) -> None:
        self._report(Report(severity=Severity.WARNING, text=text))
