"""What a program starts before its server is served and stops afterwards: databases, pools, files.

Nothing is entered here: a binding enters it in its own colour, once for each serving.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import TypeAlias

from sansmcp.errors import LocalProtocolError
from sansmcp.values import ABSENT, JSON

Living: TypeAlias = AbstractContextManager[JSON] | AbstractAsyncContextManager[JSON]
"""A lifespan that a binding enters: with `async with` where it can, else with `with`."""

Lifespan: TypeAlias = Callable[[JSON], Living]
"""A function of the server that returns a context manager, such as `contextlib.contextmanager` and
`contextlib.asynccontextmanager` make; what entering it gives is `ctx.lifespan`."""


def check_lifespan(lifespan: Lifespan) -> None:
    """Check that something may be a lifespan, as far as that can be seen before it is used.

    Raises:
        LocalProtocolError: it cannot be; the text says what was found.
    """
    if not callable(lifespan):
        raise _no_lifespan(lifespan)
    if inspect.isgeneratorfunction(lifespan) or inspect.isasyncgenfunction(lifespan):
        decorator = "contextmanager" if inspect.isgeneratorfunction(lifespan) else "asynccontextmanager"
        raise LocalProtocolError(
            f"lifespan: expected a function that returns a context manager, found the generator function "
            f"{lifespan.__qualname__}; decorate it with contextlib.{decorator}"
        )


def living(lifespan: Lifespan | None, server: JSON) -> Living:
    """Return what is to be entered for one serving.

    Args:
        lifespan: the lifespan; None for none, and then there is nothing to enter.
        server: the server that it gets.

    Raises:
        LocalProtocolError: it returned no context manager.
    """
    if lifespan is None:
        return nullcontext(ABSENT)
    found: JSON = lifespan(server)
    if not isinstance(found, (AbstractContextManager, AbstractAsyncContextManager)):
        raise _no_lifespan(found)
    return found


def _no_lifespan(found: JSON) -> LocalProtocolError:
    return LocalProtocolError(
        f"lifespan: expected a function that returns a context manager, found {found!r:.80}; "
        "decorate a generator function with contextlib.contextmanager or contextlib.asynccontextmanager"
    )
