"""Messages as the bytes that pass, for whoever wants to see them."""

import enum
from collections.abc import Callable
from typing import TypeAlias

import attrs

from sansmcp.values import Value


class Direction(enum.Enum):
    """Which way bytes went, as seen from this side."""

    RECEIVED = "received"
    """The peer sent them: for a client the server."""
    SENT = "sent"
    """This side sent them."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RawMessage(Value):
    """A whole message as it passed, readable or not.

    On streams of lines it is a line without its end. Over HTTP it is the body of a request or of a response,
    or the data of one event where the response is a stream of events.
    """

    at: float
    """When it passed, in seconds: the time that was told last."""
    direction: Direction
    """Which way it went."""
    data: bytes
    """Its bytes; `trace.mask_secrets` takes the secrets out of them."""


HearMessage: TypeAlias = Callable[[RawMessage], object]
"""Is told of messages; it must not raise and must not give commands."""
