"""One request on its way through a handler: called by a binding in its own colour, ended exactly once."""

from sansmcp import schema
from sansmcp.errors import (
    InputNeeded,
    LocalProtocolError,
    ResourceNotFound,
    RpcError,
    StateRefusedError,
    ToolError,
    UrlElicitationRequired,
)
from sansmcp.schema import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    LATEST_LEGACY,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    Era,
    SchemaError,
    codec_for,
)
from sansmcp.server.bridge import entered, left
from sansmcp.server.context import Context
from sansmcp.server.methods import NotificationTarget
from sansmcp.server.registry import not_found
from sansmcp.server.runs import Run, RunState
from sansmcp.server.sealing import Sealer, request_digest
from sansmcp.server.sending import FAILED
from sansmcp.server.serving import ServedSession
from sansmcp.server.targets import ArgumentsRefusedError, Target
from sansmcp.session import GivenUp, MissingCapability, NotificationReceived, RequestReceived, ServerSession
from sansmcp.session.capabilities import NOT_ASKED, missing_for_input
from sansmcp.values import JSON


class Invocation:
    """One request on its way through a handler.

    A binding runs `call` in the colour that `is_async` and `blocks` ask for, and then hands its outcome
    to exactly one of `succeed` and `raised`, on the session's thread. Afterwards it drains the session.
    """

    __slots__ = (
        "_blame",
        "_context",
        "_event",
        "_is_cancelled",
        "_reveals",
        "_run",
        "_sealer",
        "_session",
        "_state",
        "_target",
    )

    def __init__(
        self,
        target: Target,
        event: RequestReceived,
        session: ServerSession,
        *,
        run: Run | None,
        sealer: Sealer | None,
        reveals: bool,
    ) -> None:
        self._target = target
        self._event = event
        self._session = session
        self._run = run
        self._context = None if run is None else Context(run)
        self._sealer = sealer
        self._reveals = reveals
        self._state = RunState.OPEN
        self._is_cancelled = False
        self._blame: str | None = None

    @property
    def name(self) -> str:
        """What is invoked: a tool, a prompt, a URI or a method."""
        return self._target.name

    @property
    def is_async(self) -> bool:
        """Whether `call` returns a coroutine that is to be awaited."""
        return self._target.is_async

    @property
    def blocks(self) -> bool:
        """Whether `call` must not run on a loop's thread."""
        return self._target.blocks

    def call(self) -> JSON:
        """Bind the arguments and run the handler; on any thread.

        Returns:
            What the handler returned: a value, or a coroutine to await.

        Raises:
            BaseException: whatever the handler raises, and what says that the arguments do not fit.
            GivenUp: nobody waits for it any more, so it was not run.
        """
        # It may have waited for a thread.
        if self._state is RunState.CANCELLED:
            raise GivenUp
        if self._context is None:
            return self._target.call(self._event, None)
        token = entered(self._context)
        try:
            return self._target.call(self._event, self._context)
        finally:
            # A coroutine has yet to run, here or in a copy of this; it ends with its task.
            if not self._target.is_async:
                left(token)

    def cancel(self) -> None:
        """Tell the handler that nobody waits for it any more; its outcome is still to be handed over."""
        self._is_cancelled = True
        if self._state is RunState.OPEN:
            self._state = RunState.CANCELLED
            if self._run is not None:
                self._run.enter(RunState.CANCELLED)

    def drained(self) -> None:
        """Tell the handler that what it said is on its way."""
        if self._run is not None:
            self._run.drained()

    def succeed(self, value: JSON, now: float) -> None:
        """Answer with what the handler returned; a value that does not fit is a failure of the handler.

        Afterwards drain the session's actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: the request has its outcome already.
        """
        self._end(now)
        try:
            result = self._result_of(value)
            self._session.respond(self._event.request_id, result, now)
        except Exception as error:  # noqa: BLE001 - whatever a value does when it is read is its handler's fault
            self._fail(error, now)

    def raised(self, error: BaseException, now: float) -> None:
        """Answer with what the handler raised, or ask the client what it needs.

        Afterwards drain the session's actions(), next_event() and next_deadline().

        Raises:
            LocalProtocolError: the request has its outcome already.
        """
        self._end(now)
        self.refuse(error, now)

    # The same in two steps, with middleware between them

    def settle(self, value: JSON, now: float) -> JSON:
        """Return the result that says what the handler returned; `deliver` or `refuse` answers with it.

        Raises:
            Exception: whatever the value does when it is read.
            LocalProtocolError: the request has its outcome already, or the handler asked and went on.
        """
        self._end(now)
        return self._result_of(value)

    def settle_raised(self, now: float) -> None:
        """Take in that the handler raised; `deliver` or `refuse` answers.

        Raises:
            LocalProtocolError: the request has its outcome already.
        """
        self._end(now)

    def deliver(self, result: JSON, now: float, *, middleware: str | None = None) -> None:
        """Answer with what middleware made of the outcome.

        Afterwards drain the session's actions(), next_event() and next_deadline().

        Args:
            result: a value of the result type in the method table, or a JSON object.
            now: the time.
            middleware: the middleware that made it; None where the handler did.
        """
        self._end_once(now)
        self._blame = middleware
        try:
            self._session.respond(self._event.request_id, result, now)
        except Exception as error:  # noqa: BLE001 - a result that cannot be said is the fault of who made it
            self._fail(error, now)

    def refuse(self, error: BaseException, now: float, *, middleware: str | None = None) -> None:
        """Answer with what was raised, or ask the client what the handler needs.

        Afterwards drain the session's actions(), next_event() and next_deadline().

        Args:
            error: what the handler raised, or middleware around it.
            now: the time.
            middleware: the middleware that raised it; None where the handler did.
        """
        self._end_once(now)
        self._blame = middleware
        try:
            self._take_error(error, now)
        except Exception as unfit:  # noqa: BLE001 - an exception of a handler's own may raise when it is read
            self._fail(unfit, now)

    def _result_of(self, value: JSON) -> JSON:
        run = self._run
        if run is not None and run.questions:
            raise _swallowed(run)
        try:
            return self._target.answer(value, self._event)
        except SchemaError as error:
            raise error.under("result") from None

    def _take_error(self, error: BaseException, now: float) -> None:
        run = self._run
        asked = run is not None and run.questions and self._blame is None
        if run is not None and asked:
            if _is_input_needed(error):
                self._ask(run, now)
            else:
                self._fail(_swallowed(run), now)
        elif self._is_cancelled and not isinstance(error, Exception):
            # How a runtime stops a handler is no failure of it; nobody is told anything.
            self._answer_error(RpcError(INTERNAL_ERROR, FAILED), now, None)
        else:
            self._refuse(error, now)

    def _end_once(self, now: float) -> None:
        if self._state is not RunState.ENDED:
            self._end(now)

    def _end(self, now: float) -> None:
        if self._state is RunState.ENDED:
            raise LocalProtocolError(
                f"{self.name}: request {self._event.request_id!r} has its outcome already"
            )
        self._state = RunState.ENDED
        if self._run is not None:
            self._run.end(now)

    # Outcomes

    def _refuse(self, error: BaseException, now: float) -> None:
        """Answer with an error that was meant, or with the constant one."""
        event = self._event
        match error:
            case RpcError():
                # A cause of our own is for the author: the peer is told none.
                hidden = error.__cause__ if isinstance(error.__cause__, StateRefusedError) else None
                self._answer_error(error, now, hidden)
            case ToolError():
                self._answer_text(str(error), now, None)
            case ResourceNotFound():
                self._answer_error(not_found(event, self._target.outer_uri(error.uri)), now, None)
            case UrlElicitationRequired():
                self._send_to_page(error, now)
            case MissingCapability():
                self._lacks(error, now)
            # 2025-11-25, Tools, Error Handling: since then a model is told, so that it can correct itself.
            case ArgumentsRefusedError() if event.revision >= "2025-11-25":
                self._answer_text(str(error), now, None, code=INVALID_PARAMS)
            case ArgumentsRefusedError():
                self._answer_error(RpcError(INVALID_PARAMS, str(error)), now, None)
            case _:
                self._fail(error, now)

    def _send_to_page(self, error: UrlElicitationRequired, now: float) -> None:
        params = schema.ElicitRequestURLParams(
            message=error.message, url=error.url, elicitation_id=error.elicitation_id
        )
        # 2025-11-25, Elicitation, URL Elicitation Required Error; and a client is sent what it can show only.
        if self._event.revision != LATEST_LEGACY or missing_for_input(self._event.capabilities, params):
            self._answer_text(str(error), now, None)
            return
        data = codec_for(LATEST_LEGACY).unstructure(
            schema.URLElicitationRequiredErrorData(elicitations=(params,))
        )
        self._answer_error(RpcError(schema.URL_ELICITATION_REQUIRED, error.message, data), now, None)
        if isinstance(self._session, ServedSession):
            self._session.expect_page(error.elicitation_id, now)

    def _lacks(self, error: MissingCapability, now: float) -> None:
        text = f"the client did not declare the capability {error.path!r}, which this needs"
        if not error.can_ask:
            text = f"{NOT_ASKED} here, so nothing can be asked that needs {error.path!r}"
        if self._event.era is Era.MODERN:
            data = {"requiredCapabilities": error.required}
            self._answer_error(RpcError(MISSING_REQUIRED_CLIENT_CAPABILITY, text, data), now, None)
        else:
            self._answer_text(text, now, None)

    def _fail(self, error: BaseException, now: float) -> None:
        self._answer_text(_shown(error) if self._reveals else FAILED, now, error)

    def _answer_text(
        self, text: str, now: float, cause: BaseException | None, *, code: int = INTERNAL_ERROR
    ) -> None:
        """Answer with a result that is an error where the method has one, else with an error."""
        result = self._target.error_answer(text)
        if result is None:
            self._answer_error(RpcError(code, text), now, cause)
        else:
            self._respond(result, now, cause)

    def _respond(self, result: schema.CallToolResult, now: float, cause: BaseException | None) -> None:
        try:
            self._session.respond(self._event.request_id, result, now, cause=cause, middleware=self._blame)
        except LocalProtocolError as error:
            # A text that JSON cannot say, such as half of a surrogate pair.
            self._session.fail(
                self._event.request_id, INTERNAL_ERROR, FAILED, now, cause=error, middleware=self._blame
            )

    def _answer_error(self, error: RpcError, now: float, cause: BaseException | None) -> None:
        request_id = self._event.request_id
        try:
            if type(error.code) is not int:
                raise _no_code(error)
            self._session.fail(
                request_id,
                error.code,
                error.message,
                now,
                data=error.data,
                cause=cause,
                middleware=self._blame,
            )
        except LocalProtocolError as unfit:
            self._session.fail(request_id, INTERNAL_ERROR, FAILED, now, cause=unfit, middleware=self._blame)

    # Questions

    def _ask(self, run: Run, now: float) -> None:
        event, sealer = self._event, self._sealer
        if sealer is None:
            self._fail(LocalProtocolError("asking needs a session that Server.open_session made"), now)
            return
        try:
            state = sealer.seal(run.for_next_round().as_json(), request_digest(event, run.around.principal))
            self._session.require_input(event.request_id, run.questions, now, request_state=state)
        except LocalProtocolError as error:
            self._fail(error, now)


class NotificationInvocation:
    """One notification of a user's own on its way through a handler; see `Invocation`.

    Handlers of a session's notifications run one after the other, in the order of the events.
    """

    __slots__ = ("_event", "_target", "failure")

    def __init__(self, target: NotificationTarget, event: NotificationReceived) -> None:
        self._target = target
        self._event = event
        self.failure: BaseException | None = None
        """What the handler raised, for the binding to tell its author; the peer is told nothing."""

    @property
    def name(self) -> str:
        """The method."""
        return self._target.name

    @property
    def is_async(self) -> bool:
        """Whether `call` returns a coroutine that is to be awaited."""
        return self._target.is_async

    @property
    def blocks(self) -> bool:
        """Whether `call` must not run on a loop's thread."""
        return self._target.blocks

    def call(self) -> JSON:
        """Bind the params and run the handler; on any thread.

        Raises:
            BaseException: whatever the handler raises, and what says that the params do not fit.
        """
        return self._target.call(self._event)

    def cancel(self) -> None:
        """Do nothing: a notification is not cancelled."""

    def settle(self, _value: JSON, _now: float, /) -> None:
        """Take note that the handler is done; what it returned is dropped."""

    def settle_raised(self, _now: float, /) -> None:
        """Take note that the handler is done; what it raised is for the middleware around it."""

    def succeed(self, _value: JSON, _now: float, /) -> None:
        """Take note that the handler is done; what it returned is dropped."""

    def raised(self, error: BaseException, _now: float, /) -> None:
        """Take note of what the handler raised, in `failure`."""
        self.failure = error


def _is_input_needed(error: BaseException) -> bool:
    """Say whether a handler stopped to ask, and for nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_input_needed(inner) for inner in error.exceptions)
    return isinstance(error, InputNeeded)


def _shown(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - how an exception of a handler's own is shown is up to its class
        return FAILED


def _no_code(error: RpcError) -> LocalProtocolError:
    return LocalProtocolError(f"the code of an RpcError is {error.code!r:.80}; expected an integer")


def _swallowed(run: Run) -> LocalProtocolError:
    keys = ", ".join(repr(key) for key in run.questions)
    return LocalProtocolError(
        f"the handler asked {keys} and went on: it caught InputNeeded, which must pass; "
        "catch Exception rather than BaseException, and do not raise or return in a finally"
    )
