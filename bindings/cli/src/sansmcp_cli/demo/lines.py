"""What a conversation is recorded as: a message a line, with its time and its sender."""

import json
from typing import Literal

import attrs

from sansmcp.trace import Direction, Passed
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


def line_of(passed: Passed, at: float) -> Line | None:
    """Read what a tap on the client's link has told; None if it is no message.

    Args:
        passed: what the tap has told.
        at: seconds since the conversation began.
    """
    try:
        message = json.loads(passed.message)
    except ValueError:
        # The end of a direction, or something that the client reports by itself.
        return None
    if not isinstance(message, dict):
        return None
    sender: Literal["client", "server"] = "client" if passed.direction is Direction.SENT else "server"
    return Line(at=at, sender=sender, message=message)
