"""A call on its way, as a client's connection keeps it."""

from collections.abc import Callable
from typing import Final, Protocol

import attrs

from sansmcp.client.cache import Question
from sansmcp.client.calls import Call
from sansmcp.client.feeds import Waiter
from sansmcp.client.walking import React
from sansmcp.session import CallHandle
from sansmcp.values import JSON


@attrs.define(eq=False)
class Pending:
    """A call that somebody waits for."""

    call: Call[JSON]
    """The call."""
    waiter: Waiter
    """Who waits."""
    handle: CallHandle | None = None
    """Its handle; None while it waits for a connection."""
    sent: float = 0.0
    """When it was sent."""
    heard: float = 0.0
    """When last something was heard of it, or it was sent."""
    react: React | None = None
    """Takes its outcome at once, where the client itself made the call."""
    question: Question | None = None
    """What its result depends on; None where no result is kept."""
    changes: int = 0
    """How much had changed on the server when it was made."""
    wrapped: "Wrapped | None" = None
    """The middleware around it; None where there is none."""


class Wrapped(Protocol):
    """A call with middleware around it."""

    inside: Pending | None
    """The call that is under way; None while there is none."""

    def close(self) -> None:
        """End the middleware at once: nobody waits any more."""


class Nobody:
    """Who waits for a call that the client itself made: whoever reacts to it does not wait."""

    def done(self) -> bool:
        """Say that nobody waits."""
        return True

    def set_result(self, value: JSON, /) -> None:
        """Take the value to nobody."""

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception to nobody."""


NOBODY: Final = Nobody()
"""Nobody waits."""


def settle(waiter: Waiter, read: Callable[[], JSON]) -> None:
    """Hand over what reading gives or raises, if anybody still waits."""
    if waiter.done():
        return
    try:
        value = read()
    except Exception as error:  # noqa: BLE001 - it belongs to the one who waits for the call
        waiter.set_exception(error)
    else:
        waiter.set_result(value)
