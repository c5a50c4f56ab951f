"""Who answers what a server asks: the user, the model, the roots; the same handlers in both eras.

A handler is `def` or `async def`. The binding runs it in its own colour and hands back one outcome.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.client.forms import checked_answer
from sansmcp.client.roots import Roots, root_of
from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND
from sansmcp.schema.conversations import imbalance, unbalanced_answer
from sansmcp.session import ClientSession, GivenUp, InputRequested
from sansmcp.values import JSON, Value

ElicitationHandler: TypeAlias = Callable[
    [schema.ElicitRequestParams], schema.ElicitResult | Awaitable[schema.ElicitResult]
]
"""Asks the user: a form or, where that was declared, a page, which it must show in full and never open
by itself. It returns `accept(content)`, `decline()` or `cancel()`."""

SamplingHandler: TypeAlias = Callable[
    [schema.CreateMessageRequestParams], schema.CreateMessageResult | Awaitable[schema.CreateMessageResult]
]
"""Asks the model. It raises RpcError with a code of -1 where the user does not want that."""

RootsHandler: TypeAlias = Callable[[], Sequence[schema.Root | str] | Awaitable[Sequence[schema.Root | str]]]
"""Says where servers may work, whenever one asks."""

RootsSource: TypeAlias = Roots | Sequence[schema.Root | str] | RootsHandler
"""Where servers may work: as a value that may change, as roots or file URIs, or who says it."""

Handler: TypeAlias = Callable[[], JSON]
"""A handler that has got its arguments."""

_HANDLER_FAILED: Final = "the client could not answer"


class InputInvocation:
    """One question of a server on its way through its handler.

    The binding calls `call` once, and then exactly one of `succeed` and `raised` on the session's thread.

    Args:
        event: the question.
        session: the session that it came from.
        handler: answers it; takes no arguments any more.
        answer: makes the result of the method of what the handler returns.
        blocks: whether a handler that is a `def` may block.
    """

    def __init__(
        self,
        event: InputRequested,
        session: ClientSession,
        *,
        handler: Handler,
        answer: Callable[[JSON], JSON],
        blocks: bool,
    ) -> None:
        self.name: Final = event.method
        """The method of the question."""
        self.is_async: Final = _is_async(handler)
        """Whether `call` returns a coroutine."""
        self.blocks: Final = blocks and not self.is_async
        """Whether `call` must not run on the thread of a loop."""
        self.failure: BaseException | None = None
        """What went wrong on our side, for the log: the server is not told; None if nothing did."""
        self._handle = event.handle
        self._session = session
        self._handler = handler
        self._answer = answer
        self._withdrawn = False

    def call(self) -> JSON:
        """Run the handler; return what it returns, or its coroutine.

        Raises:
            BaseException: whatever the handler raises.
            GivenUp: the question was withdrawn, so nobody was asked.
        """
        if self._withdrawn:
            raise GivenUp
        return self._handler()

    def succeed(self, value: JSON, now: float) -> None:
        """Send what the handler returned; if that is no answer, the server is told that there is none.

        Afterwards drain actions(), next_event() and next_deadline() of the session.

        Args:
            value: what the handler returned.
            now: the time.
        """
        try:
            self._session.provide_input(self._handle, self._answer(value), now)
        except Exception as error:  # noqa: BLE001 - whatever a value does when it is read is its handler's fault
            self.raised(error, now)

    # The same in two steps, with middleware between them

    def settle(self, value: JSON, now: float) -> JSON:
        """Return the result that says what the handler returned; `deliver` or `raised` answers with it.

        Raises:
            Exception: whatever the value does when it is read.
        """
        del now
        return self._answer(value)

    def settle_raised(self, now: float) -> None:
        """Take in that the handler raised; `deliver` or `raised` answers."""

    def deliver(self, result: JSON, now: float) -> None:
        """Send what middleware made of the outcome; what is no answer is a failure.

        Afterwards drain actions(), next_event() and next_deadline() of the session.

        Args:
            result: a result of the method, or what a handler may return.
            now: the time.
        """
        if isinstance(result, schema.ListRootsResult):
            result = result.roots
        self.succeed(result, now)

    def raised(self, error: BaseException, now: float) -> None:
        """Tell the server that there is no answer: what an RpcError says, and of other errors nothing.

        Afterwards drain actions(), next_event() and next_deadline() of the session.

        Args:
            error: what the handler raised.
            now: the time.
        """
        if not isinstance(error, RpcError):
            self._fail(error, now)
            return
        try:
            self._session.refuse_input(self._handle, error.code, error.message, now, data=error.data)
        except Exception as unsayable:  # noqa: BLE001 - an exception of a handler's own may raise when it is read
            self._fail(unsayable, now)

    def _fail(self, error: BaseException, now: float) -> None:
        if not self._withdrawn:
            self.failure = error
        self._session.refuse_input(self._handle, INTERNAL_ERROR, _HANDLER_FAILED, now)

    def cancel(self) -> None:
        """Take in that the question was withdrawn: what becomes of the handler is of no interest any more."""
        self._withdrawn = True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputHandlers(Value):
    """The handlers of one client; without any, it declares nothing and is asked nothing."""

    elicitation: ElicitationHandler | None = None
    """Asks the user."""
    sampling: SamplingHandler | None = None
    """Asks the model."""
    roots: RootsSource | None = None
    """Where servers may work."""
    elicitation_urls: bool = False
    """Whether the handler of elicitation takes pages too; it always takes forms."""
    sampling_tools: bool = False
    """Whether the handler of sampling lets the model call tools."""
    roots_change: bool = False
    """Whether `notifications/roots/list_changed` is sent when the roots change."""
    blocks: bool = True
    """Whether handlers that are a `def` may block; if not, bindings with a loop save a thread for them."""

    def __attrs_post_init__(self) -> None:
        if self.roots is not None and not callable(self.roots) and not isinstance(self.roots, Roots):
            _roots_answer(self.roots)

    @property
    def capabilities(self) -> schema.ClientCapabilities:
        """What a client with these handlers can do."""
        elicitation = schema.ElicitationCapability(form={}, url={} if self.elicitation_urls else None)
        sampling = schema.SamplingCapability(tools={} if self.sampling_tools else None)
        roots_change = self.roots_change or isinstance(self.roots, Roots)
        roots = schema.RootsCapability(list_changed=True if roots_change else None)
        return schema.ClientCapabilities(
            elicitation=None if self.elicitation is None else elicitation,
            sampling=None if self.sampling is None else sampling,
            roots=None if self.roots is None else roots,
        )

    def resolve(self, event: InputRequested, session: ClientSession) -> InputInvocation:
        """Find the handler of a question.

        Args:
            event: the question.
            session: the session that it came from.

        Returns:
            What to call. Where nobody can answer, or the question is wrong in itself, that raises RpcError
            like a handler would.
        """
        make = partial(InputInvocation, event, session)
        match event.method:
            case "elicitation/create" if self.elicitation is not None:
                ask_user: Handler = partial(self.elicitation, event.params)
                return make(
                    handler=ask_user, answer=partial(checked_answer, event.params), blocks=self.blocks
                )
            case "sampling/createMessage" if self.sampling is not None:
                if (fault := imbalance(event.params.messages)) is not None:
                    return _refusal(make, INVALID_PARAMS, fault)
                ask_model: Handler = partial(self.sampling, event.params)
                answer = partial(_sampling_answer, event.params)
                return make(handler=ask_model, answer=answer, blocks=self.blocks)
            case "roots/list" if self.roots is not None:
                roots = self.roots
                if callable(roots):
                    return make(handler=roots, answer=_roots_answer, blocks=self.blocks)
                return make(handler=lambda: tuple(roots), answer=_roots_answer, blocks=False)
            case method:
                return _refusal(make, METHOD_NOT_FOUND, f"nobody answers {method!r:.80} on this client")


def _refusal(make: Callable[..., InputInvocation], code: int, message: str) -> InputInvocation:
    """Answer a question with an error, by the way that errors of handlers go."""

    def handler() -> JSON:
        raise RpcError(code, message)

    return make(handler=handler, answer=handler, blocks=False)


def _sampling_answer(params: schema.CreateMessageRequestParams, value: JSON) -> schema.CreateMessageResult:
    if not isinstance(value, schema.CreateMessageResult):
        raise LocalProtocolError(f"sampling: expected a CreateMessageResult, found {value!r:.80}")
    if (fault := unbalanced_answer(params, value)) is not None:
        raise LocalProtocolError(f"sampling: {fault}")
    return value


def _roots_answer(value: JSON) -> schema.ListRootsResult:
    # Nothing lazy: it would run code of the handler here, on the thread of the session.
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise LocalProtocolError(f"roots: expected a list of file URIs or roots, found {value!r:.80}")
    return schema.ListRootsResult(roots=tuple(root_of(root) for root in value))


def _is_async(handler: Callable[..., JSON]) -> bool:
    function = handler.func if isinstance(handler, partial) else handler
    # An object whose `__call__` is an `async def` is as good as one.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
