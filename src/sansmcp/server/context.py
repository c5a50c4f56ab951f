"""What a handler can say and ask while it runs: the `Context` argument, and the answers to forms.

Everything here is a plain `def` that never blocks, so handlers of both colours share it, and it may be
used from any thread.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Generic, TypeAlias, TypeVar, get_args, overload

import attrs

from sansmcp import errors, schema
from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import INVALID_PARAMS, Revision, SchemaError
from sansmcp.server.forms import form_of
from sansmcp.server.inference.writing import plain
from sansmcp.server.memory import Answer
from sansmcp.server.runs import Run, RunState
from sansmcp.session import InputRefused
from sansmcp.values import JSON
from sansmcp.wire import Request

T = TypeVar("T")

_LEVELS = frozenset(get_args(schema.LoggingLevel))


@attrs.frozen
class Accepted(Generic[T]):
    """The user filled the form in."""

    value: T
    """What the user filled in."""

    def __await__(self) -> Generator[None, None, "Accepted[T]"]:
        yield from ()
        return self


@attrs.frozen
class Declined:
    """The user said no."""

    def __await__(self) -> Generator[None, None, "Declined"]:
        yield from ()
        return self


@attrs.frozen
class Cancelled:
    """The user went away without a choice."""

    def __await__(self) -> Generator[None, None, "Cancelled"]:
        yield from ()
        return self


Elicited: TypeAlias = Accepted[T] | Declined | Cancelled
"""What came of a form. It may be awaited too, and is itself then."""


class Context:
    """The request that a handler works on; declare a parameter of this type to get it.

    Once the request has its outcome, what is said here is said to nobody.
    """

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the outcome any more."""
        return self._run.state is not RunState.OPEN

    @property
    def client_info(self) -> schema.Implementation | None:
        """Which program the client says it is; for display only."""
        return self._run.event.client_info

    @property
    def client_capabilities(self) -> schema.ClientCapabilities:
        """What the client can do for this request."""
        return self._run.event.capabilities

    @property
    def revision(self) -> Revision:
        """The revision that this request speaks."""
        return self._run.event.revision

    @property
    def request(self) -> Request:
        """The whole message, as it was parsed."""
        return self._run.event.message

    @property
    def meta(self) -> Mapping[str, JSON]:
        """What travels beside the request."""
        meta = (self._run.event.message.params or {}).get("_meta")
        return meta if isinstance(meta, Mapping) else {}

    def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Report how far the work is; nothing is sent unless the client asked for it.

        Args:
            progress: how much is done; it rises from call to call.
            total: how much there is to do, where that is known.
            message: what is being done, for people.

        Raises:
            LocalProtocolError: it does not rise, or is no finite number.
        """
        self._run.report(progress, total, message)

    def log(self, level: schema.LoggingLevel, data: JSON, logger: str | None = None) -> None:
        """Send a log record; nothing is sent below the level that the client wants.

        Args:
            level: how grave it is.
            data: a text or any other value that JSON has something for.
            logger: who writes it.

        Raises:
            LocalProtocolError: there is no such level, or JSON has nothing for the data.
        """
        if level not in _LEVELS:
            raise LocalProtocolError(f"log({level!r:.80}): expected one of {', '.join(sorted(_LEVELS))}")
        self._run.log(level, data, logger)

    def debug(self, data: JSON, logger: str | None = None) -> None:
        """Send a log record of the level `debug`; see `log`."""
        self._run.log("debug", data, logger)

    def info(self, data: JSON, logger: str | None = None) -> None:
        """Send a log record of the level `info`; see `log`."""
        self._run.log("info", data, logger)

    def warning(self, data: JSON, logger: str | None = None) -> None:
        """Send a log record of the level `warning`; see `log`."""
        self._run.log("warning", data, logger)

    def error(self, data: JSON, logger: str | None = None) -> None:
        """Send a log record of the level `error`; see `log`."""
        self._run.log("error", data, logger)

    def notify(self, method: str, params: Mapping[str, JSON] | None = None) -> None:
        """Send a notification of one's own that belongs to this request.

        Args:
            method: a method that `Server.add_notification` registered.
            params: what it says.

        Raises:
            LocalProtocolError: it was not registered, or JSON has nothing for the params.
        """
        self._run.notify(method, params or {})

    @overload
    def elicit(self, key: str, message: str, type_: type[T]) -> Elicited[T]: ...
    @overload
    def elicit(self, key: str, message: str, type_: JSON) -> Elicited[JSON]: ...
    def elicit(self, key: str, message: str, type_: JSON) -> Elicited[JSON]:
        """Ask the client's user to fill in a form.

        The handler stops here until the answer is there, and then runs again from the top; in that run
        this returns the answer. Do what must not be done twice after the last question, or in `once`.

        Args:
            key: names the question among those of the handler; it is the same in every run.
            message: what to tell the user.
            type_: a class with fields that are texts, numbers, booleans or choices; or the type of one.

        Returns:
            What came of it; match it against `Accepted(value)`, `Declined()` and `Cancelled()`.

        Raises:
            MissingCapability: the client did not declare that it can ask its user.
            InputRefused: the client answered with an error.
            LocalProtocolError: a form cannot ask for the type.
            RpcError: the client's answer does not fit the form; let it pass.
        """
        form = form_of(type_)
        params = schema.ElicitRequestFormParams(message=message, requested_schema=form.requested)
        answer = self._run.ask(key, schema.InputRequest(method="elicitation/create", params=params))
        result = _result(key, answer, schema.ElicitResult)
        if result.action == "decline":
            return Declined()
        if result.action == "cancel":
            return Cancelled()
        content = {name: _as_read(value) for name, value in (result.content or {}).items()}
        try:
            return Accepted(form.read(content))
        except SchemaError as error:
            raise RpcError(INVALID_PARAMS, f"the answer to {key!r} does not fit: {error}") from error

    def sample(self, key: str, params: schema.CreateMessageRequestParams) -> schema.CreateMessageResult:
        """Ask the client's model; the handler stops and runs again as in `elicit`.

        Args:
            key: names the question among those of the handler; it is the same in every run.
            params: the conversation, and how to go on with it.

        Raises:
            MissingCapability: the client did not declare that it can.
            InputRefused: the client answered with an error.
            LocalProtocolError: the revision cannot say the params.
        """
        answer = self._run.ask(key, schema.InputRequest(method="sampling/createMessage", params=params))
        return _result(key, answer, schema.CreateMessageResult)

    def roots(self, key: str = "roots") -> tuple[schema.Root, ...]:
        """Ask where in the client's file system to work; the handler stops and runs again as in `elicit`.

        Args:
            key: names the question among those of the handler; it is the same in every run.

        Raises:
            MissingCapability: the client did not declare that it can tell.
            InputRefused: the client answered with an error.
        """
        params = schema.ListRootsRequestParams()
        answer = self._run.ask(key, schema.InputRequest(method="roots/list", params=params))
        return _result(key, answer, schema.ListRootsResult).roots

    def once(self, key: str, function: Callable[[], JSON]) -> JSON:
        """Return what a function returns, and call it once however often the handler runs.

        Args:
            key: names the value among those of the handler; it is the same in every run.
            function: returns what JSON has something for. A later run gets it as JSON.

        Returns:
            The value as JSON.

        Raises:
            LocalProtocolError: JSON has nothing for the value.
        """
        kept = self._run.kept
        if key not in kept:
            kept[key] = plain(function())
        return plain(kept[key])


def _result(key: str, answer: Answer, type_: type[T]) -> T:
    said = answer.said
    if isinstance(said, InputRefused):
        raise errors.InputRefused(key, said.code, said.message, said.data)
    if not isinstance(said, type_):
        raise RpcError(INVALID_PARAMS, f"the answer to {key!r} is one to another kind of question")
    return said


def _as_read(value: JSON) -> JSON:
    # The vocabulary keeps several choices in a tuple; readers take what a document holds.
    return list(value) if isinstance(value, tuple) else value
