"""Events as lines of text that are the same wherever the same thing happens.

What may differ from run to run, or from runtime to runtime, is left out: handles and ids, the words for
how a stream ended, the progress that newer progress overtook, and when cancelled work came to its end.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sansmcp.session import AnswerDropped, Event, HandlerFailed, ProgressReceived, RequestReceived
from sansmcp.values import JSON

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ChangeReceived": ("change",),
    "Connected": ("revision", "instructions"),
    "InputRequested": ("method",),
    "LogReceived": ("level", "data", "logger"),
    "MessageDropped": ("reason",),
    "NotificationReceived": ("method", "params"),
    "ProgressReceived": ("progress", "total", "message"),
    "ProtocolViolated": ("reason", "code"),
    "RequestFailed": ("method", "code", "message"),
    "RequestLost": ("method",),
    "RequestReceived": ("method", "round"),
    "RequestTimedOut": ("method",),
    "ResponseReceived": ("method",),
    "SessionOpened": ("revision",),
    "SubscriptionAcknowledged": ("filter",),
    "SubscriptionClosed": ("filter",),
    "SubscriptionOpened": ("filter",),
}


def line_of(event: Event) -> str:
    """Return an event as a line of text.

    Args:
        event: an event of either role.
    """
    name = type(event).__name__
    said: dict[str, JSON] = {field: getattr(event, field) for field in _FIELDS.get(name, ())}
    if isinstance(event, RequestReceived) and event.method == "tools/call":
        said["tool"] = event.params.name
    if isinstance(event, HandlerFailed):
        said["error"] = type(event.error).__name__
    return " ".join([name, *(f"{field}={value!r}" for field, value in said.items())])


def lines_of(events: Iterable[Event]) -> tuple[str, ...]:
    """Return events as lines of text, without those that legitimately differ.

    Args:
        events: the events of one side, in order.
    """
    kept: list[Event] = []
    for event in events:
        if isinstance(event, AnswerDropped):
            continue
        last = kept[-1] if kept else None
        if (
            isinstance(event, ProgressReceived)
            and isinstance(last, ProgressReceived)
            and last.handle == event.handle
        ):
            kept.pop()
        kept.append(event)
    return tuple(line_of(event) for event in kept)
