"""The bridge from a program's own log to the client whose request is being worked on.

It knows nothing of `logging`: a binding's `LogHandler` hands records over. What the session does about too
many of them, and about those that the client does not want, is the same as for `Context.log`.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Final

from sansmcp import schema
from sansmcp.server.context import Context, run_of
from sansmcp.server.runs import RunState

_current: ContextVar[Context | None] = ContextVar("sansmcp_request", default=None)
_is_relaying: ContextVar[bool] = ContextVar("sansmcp_relaying", default=False)

# What bindings log is for whoever runs the server; it may be about what a handler raised.
_OWN_LOGGER: Final = "sansmcp"

# The numbers of `logging`, the gravest first; 25 has no name there, and programs that give it one call it so.
_LEVELS: Final[tuple[tuple[int, schema.LoggingLevel], ...]] = (
    (50, "critical"),
    (40, "error"),
    (30, "warning"),
    (25, "notice"),
    (20, "info"),
)


def current_context() -> Context | None:
    """Return the context of the request that is being worked on here, or None.

    It is known in a handler, in what the handler calls, and in the tasks it starts; also in handlers that
    take no `Context`, once a `LogHandler` was made for their server.
    """
    context = _current.get()
    # A coroutine notes where it begins, and nobody undoes that: its task ends, or its thread goes on.
    return None if context is None or run_of(context).state is RunState.ENDED else context


def entered(context: Context) -> "Token[Context | None]":
    """Note which request is being worked on here from now on."""
    return _current.set(context)


def left(token: "Token[Context | None]") -> None:
    """Note that it is no longer worked on here."""
    _current.reset(token)


def level_of(number: int) -> schema.LoggingLevel:
    """Return the level of a record.

    Args:
        number: the level as `logging` has it.
    """
    for least, level in _LEVELS:
        if number >= least:
            return level
    return "debug"


def relay(logger: str, number: int, text: Callable[[], str]) -> None:
    """Send a record to the client whose request is being worked on here; without a request nothing is sent.

    Args:
        logger: who wrote it.
        number: how grave it is, as `logging` has it.
        text: returns what it says.

    Raises:
        LocalProtocolError: JSON cannot say it.
    """
    context = current_context()
    # Whatever is logged because of a record must not make another one.
    if context is None or _is_relaying.get() or logger.partition(".")[0] == _OWN_LOGGER:
        return
    token = _is_relaying.set(True)
    try:
        context.log(level_of(number), text(), logger)
    finally:
        _is_relaying.reset(token)
