"""What a handler can say and ask while it runs: the `Context` argument, and the answers to forms.

Everything here is a plain `def` that never blocks, so handlers of both colours share it, and it may be
used from any thread.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeVar, get_args, overload

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema.inference.writing import plain
from sansmcp.server.answers import Elicited, RootList, Sampled
from sansmcp.server.asking import (
    MAX_TOKENS,
    Messages,
    ask_form,
    ask_model,
    ask_page,
    ask_roots,
    sampling_params,
)
from sansmcp.server.kept import OwnHandles
from sansmcp.server.peer import Peer
from sansmcp.server.runs import Run, RunState
from sansmcp.session import GivenUp
from sansmcp.session.settings import DEFAULT_RETRY
from sansmcp.values import ABSENT, JSON
from sansmcp.wire import Request

T = TypeVar("T")

_LEVELS = frozenset(get_args(schema.LoggingLevel))


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

    def raise_if_cancelled(self) -> None:
        """Stop here if nobody waits for the outcome any more.

        Raises:
            GivenUp: nobody does; let it pass.
        """
        if self.cancelled:
            raise GivenUp

    @property
    def client(self) -> Peer:
        """Who asks."""
        return Peer(self._run.event, self._run.around.principal)

    @property
    def request(self) -> Request:
        """The whole message, as it was parsed."""
        return self._run.event.message

    @property
    def meta(self) -> Mapping[str, JSON]:
        """What travels beside the request."""
        meta = (self._run.event.message.params or {}).get("_meta")
        return meta if isinstance(meta, Mapping) else {}

    @property
    def lifespan(self) -> JSON:
        """What entering the lifespan of the server gave, such as a pool of connections.

        Raises:
            LocalProtocolError: the server has none.
        """
        found = self._run.around.lifespan
        if found is ABSENT:
            raise LocalProtocolError(
                "ctx.lifespan: there is none here; give Server(lifespan=...) a function that returns a "
                "context manager, and serve it with a binding"
            )
        return found

    @property
    def handles(self) -> OwnHandles:
        """What is kept between calls, under handles that are good for this client's principal alone."""
        around = self._run.around
        return OwnHandles(around.handles, around.environment, around.principal)

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

    def drain(self) -> Awaitable[None]:
        """Wait until what was said so far is on its way to the client.

        It is the one thing here that waits: write `await ctx.drain()` in an `async def` and `ctx.drain()`
        in a `def`. Of what a handler says, 1 MiB may wait to be written: past it log records are counted
        in place of being sent, and `notify` raises. A handler that says much drains now and then.

        Raises:
            LocalProtocolError: the handler is a `def` that was registered with `blocks=False`.
        """
        return self._run.drain()

    def release(self, retry: float = DEFAULT_RETRY) -> None:
        """End the response for now, while there is nothing to say; the client comes back for the rest.

        What is said from here on waits for it. It is for work that takes long: only a client of 2025-11-25
        over HTTP comes back, and for any other nothing happens.

        Args:
            retry: seconds after which the client is to come back.

        Raises:
            LocalProtocolError: it is no number of seconds from 0 to a day.
        """
        self._run.release(retry)

    @overload
    def elicit(
        self, key: str, message: str, type_: schema.RequestedSchema
    ) -> Elicited[Mapping[str, JSON]]: ...
    @overload
    def elicit(self, key: str, message: str, type_: type[T]) -> Elicited[T]: ...
    @overload
    def elicit(self, key: str, message: str, type_: JSON) -> Elicited[JSON]: ...
    def elicit(self, key: str, message: str, type_: JSON) -> Elicited[JSON]:
        """Ask the client's user to fill in a form.

        The handler stops here until the answer is there, and then runs again from the top; in that run
        this returns the answer. Do what must not be done twice after the last question, or in `once`, or
        declare the question as a parameter: see `Elicit`.

        Args:
            key: names the question among those of the handler; it is the same in every run.
            message: what to tell the user.
            type_: a class with fields that are texts, numbers, booleans or choices; the type of one; or a
                form as a `RequestedSchema`, of which the values are returned by field.

        Returns:
            What came of it; match it against `Accepted(value)`, `Declined()` and `Cancelled()`.

        Raises:
            MissingCapability: the client did not declare that it can ask its user.
            InputRefused: the client answered with an error.
            ToolError: the client's revision has no such form; let it pass.
            LocalProtocolError: a form cannot ask for the type.
            RpcError: the client's answer does not fit the form; let it pass.
        """
        return ask_form(self._run, key, message, type_)

    def elicit_url(self, key: str, message: str, url: str) -> Elicited[str]:
        """Ask the client's user to visit a page, for what must not pass through the client.

        The handler stops and runs again as in `elicit`. That the user accepted says that the page is about
        to be shown, not that anything was done there.

        Args:
            key: names the question among those of the handler; it is the same in every run.
            message: what to tell the user.
            url: the page; it must not be of use to anybody but that user.

        Returns:
            What came of it; `Accepted(id)` with the id for `elicitation_complete`.

        Raises:
            MissingCapability: the client did not declare that it can show pages; it was added in 2025-11-25.
            InputRefused: the client answered with an error.
        """
        return ask_page(self._run, key, message, url)

    def elicitation_complete(self, elicitation_id: str) -> None:
        """Tell the client that what its user was sent to a page for is done; only 2025-11-25 has that.

        Args:
            elicitation_id: what `elicit_url` returned.
        """
        self._run.complete(elicitation_id)

    def sample(
        self,
        key: str,
        messages: Messages | schema.CreateMessageRequestParams,
        *,
        max_tokens: int = MAX_TOKENS,
        system_prompt: str | None = None,
        temperature: float | None = None,
        stop_sequences: Sequence[str] = (),
        model_preferences: schema.ModelPreferences | None = None,
        include_context: Literal["none", "thisServer", "allServers"] | None = None,
        tools: Sequence[schema.Tool] = (),
        tool_choice: schema.ToolChoice | None = None,
    ) -> Sampled:
        """Ask the client's model; the handler stops and runs again as in `elicit`.

        Args:
            key: names the question among those of the handler; it is the same in every run.
            messages: what the user says, or the conversation; or all of the params, and nothing else.
            max_tokens: how long the answer may be.
            system_prompt: what to tell the model before the conversation.
            temperature: how freely to choose words.
            stop_sequences: texts that end the answer.
            model_preferences: which model to take.
            include_context: whose context to add.
            tools: tools that the model may call; needs `sampling.tools`, which was added in 2025-11-25.
            tool_choice: whether it may, must or must not call them.

        Returns:
            What the model said; `text` has the words of it, `tool_calls` what it calls.

        Raises:
            MissingCapability: the client did not declare that it can.
            InputRefused: the client answered with an error.
            ToolError: the client's revision has no such question; let it pass.
        """
        params = sampling_params(
            messages,
            max_tokens=max_tokens,
            system_prompt=system_prompt,
            temperature=temperature,
            stop_sequences=stop_sequences,
            model_preferences=model_preferences,
            include_context=include_context,
            tools=tools,
            tool_choice=tool_choice,
        )
        return ask_model(self._run, key, params)

    def roots(self, key: str = "roots") -> RootList:
        """Ask where in the client's file system to work; the handler stops and runs again as in `elicit`.

        Args:
            key: names the question among those of the handler; it is the same in every run.

        Raises:
            MissingCapability: the client did not declare that it can tell.
            InputRefused: the client answered with an error.
        """
        return ask_roots(self._run, key)

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


def run_of(context: Context) -> Run:
    """Return the run that a context speaks for; handlers have no use for it."""
    return context._run  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
