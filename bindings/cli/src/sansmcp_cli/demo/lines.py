"""What a conversation is recorded as: a message a line, with its time and its sender."""

import json
from typing import Literal

import attrs

from sansmcp.session import Direction, RawMessage
from sansmcp.trace import mask_secrets
from sansmcp.values import JSON


@attrs.frozen(kw_only=True)
class Line:
    """One line of a conversation."""

    at: float
    """Seconds since the conversation began."""
    sender: Literal["client", "server"]
    """Who sent it."""
    message: JSON
    """The message, without secrets."""


def line_of(raw: RawMessage, at: float) -> Line | None:
    """Read what has passed; None if it is no message.

    Args:
        raw: what has passed.
        at: seconds since the conversation began.
    """
    try:
        message = json.loads(mask_secrets(raw.data))
    except ValueError:
        # Something that the client reports by itself.
        return None
    if not isinstance(message, dict):
        return None
    sender: Literal["client", "server"] = "client" if raw.direction is Direction.SENT else "server"
    return Line(at=at, sender=sender, message=message)
