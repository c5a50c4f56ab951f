"""One run of a handler: what it has said and asked so far. It runs nothing; see `invocation`."""

import enum
import math
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, Protocol, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.environment import Environment
from sansmcp.errors import InputNeeded, LocalProtocolError, ToolError
from sansmcp.schema import LATEST_LEGACY, LATEST_MODERN, codec_for
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.inference.writing import plain
from sansmcp.server.kept import StateHandles
from sansmcp.server.memory import Answer, Memory
from sansmcp.server.sealing import digest_of
from sansmcp.session import RequestReceived, ServerSession
from sansmcp.session.capabilities import check_askable, check_sampling
from sansmcp.session.settings import check_retry
from sansmcp.values import ABSENT, JSON, Absent
from sansmcp.wire import Notification, encode

Command: TypeAlias = Callable[[float], None]
"""What is to happen on the session's own thread; it is given the time."""

Outlet: TypeAlias = Callable[[Command], None]
"""Runs a command on the session's own thread, soon and in order. It is given by a binding, may be called
from any thread, and never blocks."""

When: TypeAlias = Callable[[Callable[[], None]], None]
"""Takes what is to be called when something has happened; it may be called more than once, on any thread."""


class Wait(Protocol):
    """Waits as a binding does that."""

    def __call__(self, when: When, /, *, is_async: bool) -> Awaitable[None] | None:
        """Wait until something has happened.

        Args:
            when: says when.
            is_async: whether the handler awaits what is returned; otherwise its thread is held up here.

        Returns:
            What is to be awaited; None where it has happened.
        """
        ...


class _Nothing:
    """There is nothing to wait for, awaited or not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


Patience: TypeAlias = Callable[[When], Awaitable[None] | None]
"""Waits in the colour of one handler."""


def waiting(wait: Wait | None, *, is_async: bool, blocks: bool) -> Patience | None:
    """Return what waits in a handler's own colour, or None where nothing can."""
    if wait is None or not (is_async or blocks):
        return None
    return partial(wait, is_async=is_async)


@attrs.frozen(kw_only=True)
class Surroundings:
    """What a run finds around it."""

    environment: Environment
    """Where randomness and calendar time come from."""
    handles: StateHandles
    """What the server keeps between calls."""
    principal: str | None = None
    """Whom the client was found to be."""
    wait: Patience | None = None
    """Waits in the handler's own colour; None where nothing can."""
    lifespan: JSON | Absent = ABSENT
    """What the lifespan of the program gave; absent where there is none."""
    vocabulary: Vocabulary = PLAIN
    """What is known of the types that the handler asks for."""


def _refused(*_: JSON) -> JSON:
    raise LocalProtocolError("this needs a session that Server.open_session made")


NOWHERE: Final = Environment(random=_refused, utc=_refused)
"""The environment of a session that was opened in none."""


class RunState(enum.Enum):
    """Where a run stands."""

    OPEN = "open"
    """Somebody waits for its outcome."""
    CANCELLED = "cancelled"
    """Nobody does any more, but it goes on."""
    ENDED = "ended"
    """Its outcome was handed over."""


@attrs.frozen
class _Said:
    """One notification on its way to the session."""

    method: str
    params: JSON
    size: int


_PROGRESS: Final = "notifications/progress"
_LOG: Final = "notifications/message"
_AROUND: Final = len(encode(Notification(method=_LOG, params={"level": "", "data": ""})))
_AROUND_LOGGER: Final = len(',"logger":""')
_ESCAPED: Final = frozenset('"\\')


class Run:
    """What one run of a handler says and asks.

    What it says is kept here until the session's thread takes it: in order, and all of it before the
    outcome. Only `flush` and `drained` touch the session.

    Args:
        event: the request.
        session: who asked.
        outlet: gets at the session's thread.
        memory: what the runs before this one leave to it.
        notifications: the names of the notifications of one's own that may be sent.
        around: what the run finds around it.
    """

    __slots__ = (
        "_left_out",
        "_logs",
        "_named",
        "_newest",
        "_noted",
        "_notifications",
        "_outlet",
        "_pending",
        "_progress",
        "_progress_is_pending",
        "_said",
        "_session",
        "_taken",
        "_told",
        "_unheard",
        "_wakes",
        "around",
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
        *,
        around: Surroundings,
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
        self.around = around
        self._wakes: list[Callable[[], None]] = []
        self._pending: deque[_Said | None] = deque()
        self._newest: deque[schema.ProgressNotificationParams] = deque(maxlen=1)
        self._progress_is_pending = False
        self._progress: float | None = None
        self._logs = 0
        # Each is written by one side only, so that nothing needs a lock: what a handler said or had to
        # leave out, and how much of that the session's thread has taken or told.
        self._said = 0
        self._taken = 0
        self._left_out = 0
        self._unheard: schema.LoggingMessageNotificationParams | None = None
        self._told = 0
        self._noted = 0

    def enter(self, state: RunState) -> None:
        """Note that nobody waits for the outcome any more; then a handler need not wait either."""
        self.state = state
        self._wake()

    # What it says

    def flush(self, now: float) -> None:
        """Hand to the session what was said; only ever on the session's thread."""
        if self.state is RunState.ENDED:
            # A thread said it while the outcome was on its way.
            self._pending.clear()
        while self._pending:
            said = self._pending.popleft()
            if said is None:
                # Cleared before it is taken: progress that comes in between is entered anew.
                self._progress_is_pending = False
                while self._newest:
                    self._notify(_PROGRESS, self._newest.popleft(), now)
            else:
                self._taken += said.size
                self._notify(said.method, said.params, now)
        left_out = self._left_out - self._told
        if left_out and self.state is not RunState.ENDED:
            self._told += left_out
            self._session.leave_out(self.event.request_id, _LOG, left_out, now)

    def end(self, now: float) -> None:
        """Hand to the session what was said last, before the outcome; only on the session's thread."""
        self.flush(now)
        if self.state is RunState.OPEN and self._unheard is not None:
            self._notify(_LOG, self._note(), now)
        self.enter(RunState.ENDED)

    def _notify(self, method: str, params: JSON, now: float) -> None:
        # The server may have been told not to declare what this needs: then it is not sent.
        with suppress(LocalProtocolError):
            self._session.notify(method, params, now, related=self.event.request_id)

    def report(self, progress: float, total: float | None, message: str | None) -> None:
        """Report progress; see `Context.progress`."""
        if not _is_number(progress) or not (total is None or _is_number(total)):
            raise LocalProtocolError(f"progress({progress!r:.80}, {total!r:.80}): expected finite numbers")
        if self._progress is not None and progress <= self._progress:
            raise LocalProtocolError(f"progress({progress!r}) must rise; the last was {self._progress!r}")
        self._progress = progress
        token, before = self.event.progress_token, self.memory.progress
        if token is None or (before is not None and progress <= before) or self.state is not RunState.OPEN:
            return
        params = schema.ProgressNotificationParams(
            progress_token=token, progress=progress, total=total, message=message
        )
        # It is one value however often it rises, so it counts for nothing.
        self._newest.append(params)
        if not self._progress_is_pending:
            self._progress_is_pending = True
            self._put(None)

    def log(self, level: schema.LoggingLevel, data: JSON, logger: str | None) -> None:
        """Send a log record; see `Context.log`."""
        self._logs += 1
        if self._logs <= self.memory.logs:
            return
        params = schema.LoggingMessageNotificationParams(level=level, data=plain(data), logger=logger)
        # Here, where the handler can hear of it, and not on the session's thread.
        said = self._record(params)
        if self.state is not RunState.OPEN:
            return
        if not self._has_room(said.size):
            self._unheard = params
            self._left_out += 1
            if self._left_out == self._told + 1:
                self._outlet(self.flush)
            return
        if self._unheard is not None:
            self._put_counted(self._record(self._note()))
        self._put_counted(said)

    def notify(self, method: str, params: JSON) -> None:
        """Send a notification of one's own; see `Context.notify`."""
        if method not in self._notifications:
            raise LocalProtocolError(
                f"notify({method!r:.80}): register it with Server.add_notification first"
            )
        if not isinstance(params, Mapping):
            kind = type(params).__name__
            raise LocalProtocolError(f"notify({method!r}): expected an object, found an instance of {kind}")
        written = plain(params)
        said = self._measured(method, written, written)
        if self.state is not RunState.OPEN:
            return
        if not self._has_room(said.size):
            raise LocalProtocolError(
                f"notify({method!r}): {self._waiting()} bytes of this request wait to be written and this "
                f"has {said.size}; at most {self._session.limits.request_bytes} may wait, so drain() first"
            )
        self._put_counted(said)

    def complete(self, elicitation_id: str) -> None:
        """Say that what a user was sent to a page for is done; see `Context.elicitation_complete`."""
        if self.event.revision == LATEST_LEGACY and self.state is RunState.OPEN:
            params = schema.ElicitationCompleteNotificationParams(elicitation_id=elicitation_id)
            self._put(_Said("notifications/elicitation/complete", params, 0))

    def release(self, retry: float) -> None:
        """End the response for now; see `Context.release`."""
        check_retry(retry)
        if self.state is RunState.OPEN:
            self._outlet(partial(self._release, retry))

    def _release(self, retry: float, now: float) -> None:
        # What was said before it goes out first: that was put into the outlet before.
        if self.state is RunState.OPEN:
            self._session.release(self.event.request_id, now, retry=retry)

    def _put_counted(self, said: _Said) -> None:
        self._said += said.size
        self._put(said)

    def _put(self, said: _Said | None) -> None:
        self._pending.append(said)
        self._outlet(self.flush)

    def _record(self, params: schema.LoggingMessageNotificationParams) -> _Said:
        # Most records are plain words, whose bytes can be told without writing them twice.
        if _is_plain(params.data) and (params.logger is None or _is_plain(params.logger)):
            named = 0 if params.logger is None else _AROUND_LOGGER + len(params.logger)
            return _Said(_LOG, params, _AROUND + named + len(params.level) + len(params.data))
        return self._measured(_LOG, params, codec_for(self.event.revision).unstructure(params))

    @staticmethod
    def _measured(method: str, params: JSON, written: JSON) -> _Said:
        return _Said(method, params, len(encode(Notification(method=method, params=written))))

    def _waiting(self) -> int:
        return self._said - self._taken + self._session.unsent_bytes(self.event.request_id)

    def _has_room(self, size: int) -> bool:
        return self._waiting() + size <= self._session.limits.request_bytes

    def _note(self) -> schema.LoggingMessageNotificationParams:
        """Take what is to be told of the log records that were left out since this was told last."""
        unheard, self._unheard = self._unheard, None
        if unheard is None:
            raise AssertionError("unreachable: it is asked for where a record was left out")
        count, self._noted = self._left_out - self._noted, self._left_out
        text = f"{count} messages were left out here: too much of this request waited to be written"
        return attrs.evolve(unheard, data=text)

    # Waiting

    def drain(self) -> Awaitable[None]:
        """Wait until what was said is on its way; see `Context.drain`."""
        wait = self.around.wait
        if wait is None:
            raise LocalProtocolError(
                "drain(): expected a handler that may wait, found a def with blocks=False, "
                "or a binding that cannot wait; leave out blocks=False"
            )
        return wait(self._when_drained) or _Nothing()

    def drained(self) -> None:
        """Take in that all of it is on its way; only on the session's thread."""
        self._wake()

    def _when_drained(self, wake: Callable[[], None]) -> None:
        # Entered before the state is read, as the state is written before this is read: one of both sees it.
        self._wakes.append(wake)
        if self.state is RunState.OPEN:
            self._outlet(self._ask_drained)
        else:
            wake()

    def _ask_drained(self, now: float) -> None:
        if self.state is RunState.OPEN:
            self._session.drain(self.event.request_id, now)

    def _wake(self) -> None:
        while self._wakes:
            self._wakes.pop()()

    # What it asks

    def elicitation_id(self, key: str) -> str:
        """Return what names a question about a page, the same in every run."""
        name = f"elicitation id of {key}"
        if name not in self.kept:
            self.kept[name] = self.around.environment.random(16).hex()
        return str(self.kept[name])

    def ask(self, key: str, request: schema.InputRequest) -> Answer:
        """Return the answer to a question that was asked in a run before, or that came without being asked.

        Raises:
            InputNeeded: there is none.
            MissingCapability: the client did not declare that it can answer.
            ToolError: the revision has no such question.
            LocalProtocolError: the key names two questions, or the run is over.
        """
        digest = digest_of(codec_for(LATEST_MODERN).unstructure(request))
        # Before the answer is looked up: each would drive the other's out, and both be asked again and again.
        if self._named.setdefault(key, digest) != digest:
            raise LocalProtocolError(f"question {key!r}: two different questions have this key")
        known = self.memory.answers.get(key)
        if known is not None and known.question == digest:
            return known
        question = f"question {key!r}"
        check_askable(question, self.event.capabilities, request, can_ask=self.event.can_ask)
        if isinstance(request.params, schema.CreateMessageRequestParams):
            check_sampling(request.params, self.event.capabilities, self.event.revision, question)
        self._check_sayable(key, request)
        if self.state is RunState.ENDED:
            raise LocalProtocolError(f"question {key!r}: the request has been answered")
        brought = self._brought(key, request, digest)
        if brought is not None:
            return brought
        self.asked[key] = digest
        self.questions[key] = request
        raise InputNeeded(key)

    def _brought(self, key: str, request: schema.InputRequest, digest: str) -> Answer | None:
        """Return the answer that a request without a state brought along: a client may know what is asked.

        Source: 2026-07-28, Multi Round-Trip Requests: a state goes with a retry only where there was one.
        """
        # A page's id is not known before it was asked, so nobody can have shown it.
        if self.event.request_state is not None or isinstance(request.params, schema.ElicitRequestURLParams):
            return None
        said = self.event.input_responses.get(key)
        if said is None:
            return None
        answer = Answer(question=digest, said=said)
        self.memory = attrs.evolve(self.memory, answers={**self.memory.answers, key: answer})
        return answer

    def _check_sayable(self, key: str, request: schema.InputRequest) -> None:
        revision = self.event.revision
        try:
            codec_for(revision).unstructure(request.params)
        except LocalProtocolError as error:
            # The latest revision could say it, so it is not the handler's fault that this one cannot.
            raise ToolError(
                f"question {key!r}: the client speaks {revision}, which has no such question"
            ) from error

    def ask_nothing(self) -> None:
        """Withdraw what was asked: the run ends in another way."""
        self.questions.clear()
        self.asked.clear()

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


def _is_plain(text: JSON) -> bool:
    """Say whether JSON has one byte for each character of a text."""
    return type(text) is str and text.isascii() and text.isprintable() and not _ESCAPED.intersection(text)


def _is_number(value: JSON) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
