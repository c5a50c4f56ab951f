"""What bindings write into their logs: which events are worth a line, how grave they are, and the words."""

import inspect
from collections.abc import Callable

import attrs

from sansmcp.session.events import (
    ConnectionLost,
    Disconnected,
    Event,
    HandlerFailed,
    MessageDropped,
    NotificationsLeftOut,
    ProtocolViolated,
    RequestStateRefused,
)
from sansmcp.values import JSON, Value, Word


class Severity(Word):
    """How grave it is; the values are the names of the levels of `logging`."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"
    DEBUG = "DEBUG"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Report(Value):
    """One line of a log."""

    severity: Severity
    """How grave it is."""
    text: str
    """What happened."""
    error: BaseException | None = None
    """What a handler raised: hidden from the peer, never from the author."""


def report_of(event: Event) -> Report:
    """Return the line for an event.

    Args:
        event: an event of either role.
    """
    match event:
        case HandlerFailed():
            what = event.method if event.name is None else f"{event.method} {event.name!r:.80}"
            whose = "" if event.middleware is None else f" in middleware {event.middleware}"
            return Report(severity=Severity.ERROR, text=f"{what} failed{whose}", error=event.error)
        case RequestStateRefused():
            text = f"{event.method}: {event.reason}"
            return Report(severity=Severity.WARNING, text=text)
        case NotificationsLeftOut():
            text = f"{event.count} of {event.method} were not sent: there were too many"
            return Report(severity=Severity.INFO, text=text)
        case ProtocolViolated():
            return Report(severity=Severity.WARNING, text=f"the peer broke a rule: {event.reason}")
        case MessageDropped():
            return Report(severity=Severity.INFO, text=f"a message was dropped: {event.reason}")
        case ConnectionLost():
            text = f"the connection is lost: {event.reason}; attempt {event.attempt} in {event.delay:.1f} s"
            return Report(severity=Severity.WARNING, text=text)
        case Disconnected():
            return Report(severity=Severity.INFO, text=f"disconnected: {event.reason}")
        case _:
            return Report(severity=Severity.DEBUG, text=str(event))


def call_listener(listener: Callable[[], JSON], report: Callable[[Report], None]) -> None:
    """Call a listener; one that fails disturbs nobody and is reported.

    Args:
        listener: the listener, with its arguments.
        report: takes what belongs into the log.
    """
    try:
        told = listener()
    except Exception as error:  # noqa: BLE001 - whatever a listener raises is no business of the connection
        report(Report(severity=Severity.ERROR, text="a listener failed", error=error))
        return
    if inspect.iscoroutine(told):
        told.close()
        text = "a listener is a plain def; expected nothing to await, found a coroutine"
        report(Report(severity=Severity.ERROR, text=text))
