"""How often: a burst passes at once, and after that one thing an interval. And progress told at that pace."""

from collections.abc import Hashable
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import ProgressToken
from sansmcp.wire import Notification

# Far more loggers than a program has.
_MANY_KINDS: Final = 1024


class Pace:
    """Lets a burst pass at once and after that one thing an interval; what is not used comes back.

    Args:
        interval: seconds after which one thing more may pass.
        burst: how many may pass at once.
    """

    def __init__(self, interval: float, burst: int) -> None:
        self._interval: Final = interval
        self._burst: Final = burst
        self._used = 0
        # When the last of what was used came back, or the first of it was used.
        self._since = float("-inf")

    def next_at(self, now: float) -> float:
        """Return when the next thing may pass; `now` means now."""
        self._recover(now)
        return now if self._used < self._burst else self._since + self._interval

    def spend(self, now: float) -> None:
        """Let one thing pass."""
        self._recover(now)
        if self._used == 0:
            self._since = now
        self._used += 1

    def is_idle(self, now: float) -> bool:
        """Say whether the whole burst is there, so that a new pace would be no different."""
        self._recover(now)
        return self._used == 0

    def _recover(self, now: float) -> None:
        # One by one, and compared as `next_at` says it: a quotient would be off by one now and then.
        while self._used and self._since + self._interval <= now:
            self._since += self._interval
            self._used -= 1


class LogGate:
    """Lets log messages pass at a pace of their own for each logger and level, and counts what it keeps back.

    Args:
        interval: seconds after which one more of a kind may pass.
        burst: how many of a kind may pass at once.
    """

    def __init__(self, interval: float, burst: int) -> None:
        self._interval: Final = interval
        self._burst: Final = burst
        self._paces: dict[Hashable, Pace] = {}
        self._left_out: dict[Hashable, int] = {}

    def pass_one(self, kind: Hashable, now: float) -> int | None:
        """Return how many of a kind were kept back since the last one that passed; None: this one is too."""
        pace = self._paces.get(kind)
        if pace is None:
            self._forget_idle(now)
            pace = self._paces[kind] = Pace(self._interval, self._burst)
        if pace.next_at(now) > now:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return None
        pace.spend(now)
        return self._left_out.pop(kind, 0)

    def _forget_idle(self, now: float) -> None:
        # A program that makes up names of loggers must not fill the memory.
        if len(self._paces) >= _MANY_KINDS:
            idle = [kind for kind, pace in self._paces.items() if pace.is_idle(now)]
            for kind in idle or tuple(self._paces):
                del self._paces[kind]
                self._left_out.pop(kind, None)


@attrs.define(eq=False, kw_only=True)
class Report:
    """How far one request of the peer is, as our side tells it: values rise, and the newest one counts."""

    token: ProgressToken
    """What the peer knows the request by."""
    number: int
    """Tells this report from every other of the session, which may have the same token."""
    pace: Pace
    """How often it may be told."""
    last: float | None = None
    """The value that was told or is held."""
    held: Notification | None = None
    """What waits until it may be told."""


def check_rise(report: Report, progress: float) -> None:
    """Enter the next value of a report.

    Raises:
        LocalProtocolError: it is not above the last one.
    """
    if report.last is not None and progress <= report.last:
        raise LocalProtocolError(
            f"notify('notifications/progress'): it must rise; the last was {report.last}, found {progress}"
        )
    report.last = progress
