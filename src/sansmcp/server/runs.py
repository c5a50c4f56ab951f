"""One run of a handler: what it has said and asked so far. It runs nothing; see `invocation`."""

import enum
import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import InputNeeded, LocalProtocolError
from sansmcp.schema import LATEST_MODERN, codec_for
from sansmcp.server.inference.writing import plain
from sansmcp.server.memory import Answer, Memory
from sansmcp.server.sealing import digest_of
from sansmcp.session import MissingCapability, RequestReceived, ServerSession
from sansmcp.session.capabilities import missing_for_input
from sansmcp.values import JSON

Command: TypeAlias = Callable[[float], None]
"""What is to happen on the session's own thread; it is given the time."""

Outlet: TypeAlias = Callable[[Command], None]
"""Runs a command on the session's own thread, soon and in order. It is given by a binding, may be called
from any thread, and never blocks."""


class RunState(enum.Enum):
    """Where a run stands."""

    OPEN = "open"
    """Somebody waits for its outcome."""
    CANCELLED = "cancelled"
    """Nobody does any more, but it goes on."""
    ENDED = "ended"
    """Its outcome was handed over."""


class Run:
    """What one run of a handler says and asks.

    What it says is kept here until the session's thread takes it: in order, and all of it before the
    outcome. Only `flush` touches the session.

    Args:
        event: the request.
        session: who asked.
        outlet: gets at the session's thread.
        memory: what the runs before this one leave to it.
        notifications: the names of the notifications of one's own that may be sent.
    """

    __slots__ = (
        "_logs",
        "_named",
        "_notifications",
        "_outlet",
        "_pending",
        "_progress",
        "_session",
        "asked",
        "event",
        "kept",
        "memory",
        "questions",
        "state",
    )

    def __init__(
        self,
        event: RequestReceived,
        session: ServerSession,
        outlet: Outlet,
        memory: Memory,
        notifications: frozenset[str],
    ) -> None:
        self.event = event
        self.memory = memory
        self.state = RunState.OPEN
        self.questions: dict[str, schema.InputRequest] = {}
        self.asked: dict[str, str] = {}
        self.kept: dict[str, JSON] = dict(memory.once)
        self._named: dict[str, str] = {}
        self._session = session
        self._outlet = outlet
        self._notifications = notifications
        self._pending: deque[tuple[str, JSON]] = deque()
        self._progress: float | None = None
        self._logs = 0

    def flush(self, now: float) -> None:
        """Hand to the session what was said; only ever on the session's thread."""
        if self.state is RunState.ENDED:
            # A thread said it while the outcome was on its way.
            self._pending.clear()
        while self._pending:
            method, params = self._pending.popleft()
            try:
                self._session.notify(method, params, now, related=self.event.request_id)
            except LocalProtocolError:
                # The server was told not to declare what this needs: then it is not sent.
                continue

    def report(self, progress: float, total: float | None, message: str | None) -> None:
        """Report progress; see `Context.progress`."""
        if not _is_number(progress) or not (total is None or _is_number(total)):
            raise LocalProtocolError(f"progress({progress!r:.80}, {total!r:.80}): expected finite numbers")
        if self._progress is not None and progress <= self._progress:
            raise LocalProtocolError(f"progress({progress!r}) must rise; the last was {self._progress!r}")
        self._progress = progress
        token, before = self.event.progress_token, self.memory.progress
        if token is None or (before is not None and progress <= before):
            return
        params = schema.ProgressNotificationParams(
            progress_token=token, progress=progress, total=total, message=message
        )
        self._say("notifications/progress", params)

    def log(self, level: schema.LoggingLevel, data: JSON, logger: str | None) -> None:
        """Send a log record; see `Context.log`."""
        self._logs += 1
        if self._logs <= self.memory.logs:
            return
        params = schema.LoggingMessageNotificationParams(level=level, data=plain(data), logger=logger)
        # Here, where the handler can hear of it, and not on the session's thread.
        codec_for(self.event.revision).unstructure(params)
        self._say("notifications/message", params)

    def notify(self, method: str, params: JSON) -> None:
        """Send a notification of one's own; see `Context.notify`."""
        if method not in self._notifications:
            raise LocalProtocolError(
                f"notify({method!r:.80}): register it with Server.add_notification first"
            )
        if not isinstance(params, Mapping):
            kind = type(params).__name__
            raise LocalProtocolError(f"notify({method!r}): expected an object, found an instance of {kind}")
        self._say(method, plain(params))

    def _say(self, method: str, params: JSON) -> None:
        if self.state is RunState.OPEN:
            self._pending.append((method, params))
            self._outlet(self.flush)

    def ask(self, key: str, request: schema.InputRequest) -> Answer:
        """Return the answer to a question that was asked in a run before.

        Raises:
            InputNeeded: it was not.
            MissingCapability: the client did not declare that it can answer.
            LocalProtocolError: the revision has no such question, the key names two, or the run is over.
        """
        digest = digest_of(codec_for(LATEST_MODERN).unstructure(request))
        # Before the answer is looked up: each would drive the other's out, and both be asked again and again.
        if self._named.setdefault(key, digest) != digest:
            raise LocalProtocolError(f"question {key!r}: two different questions have this key")
        known = self.memory.answers.get(key)
        if known is not None and known.question == digest:
            return known
        missing = missing_for_input(self.event.capabilities, request.params)
        if missing is not None:
            raise MissingCapability(f"question {key!r}: {request.method}", missing)
        codec_for(self.event.revision).unstructure(request.params)
        if self.state is RunState.ENDED:
            raise LocalProtocolError(f"question {key!r}: the request has been answered")
        self.asked[key] = digest
        self.questions[key] = request
        raise InputNeeded(key)

    def for_next_round(self) -> Memory:
        """Return what this run leaves to the next one.

        Raises:
            LocalProtocolError: there have been too many already.
        """
        before = self.memory
        # To the session each round of a modern request is a request of its own; this count goes along.
        if before.round >= self._session.limits.input_rounds:
            raise LocalProtocolError(f"the handler has asked in {before.round} rounds, which is the limit")
        reported = [progress for progress in (before.progress, self._progress) if progress is not None]
        return attrs.evolve(
            before,
            round=before.round + 1,
            asked=self.asked,
            once=self.kept,
            progress=max(reported, default=None),
            logs=max(before.logs, self._logs),
        )


def _is_number(value: JSON) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
