"""Timing: how often each method was used, and how long that took."""

from collections.abc import Mapping
from typing import Final

import attrs

from sansmcp.session import Incoming, Outgoing, Proceed, Steps
from sansmcp.values import Value

OTHERS: Final = "others"
"""What is counted together once there are too many names: peers choose them."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Timing(Value):
    """How long the messages of one name took."""

    count: int = 0
    """How many there were."""
    failures: int = 0
    """How many of them raised."""
    total: float = 0.0
    """Seconds in all."""
    longest: float = 0.0
    """Seconds of the one that took longest."""


class Timings:
    """Middleware that takes the time of each message; read `by_name` at any time.

    Args:
        most_names: how many names are kept apart; those beyond are counted together.
    """

    def __init__(self, most_names: int = 1000) -> None:
        self._most_names = most_names
        self._by_name: dict[str, Timing] = {}

    @property
    def by_name(self) -> Mapping[str, Timing]:
        """What was measured so far: by method, and where a message names something by both."""
        return dict(self._by_name)

    def __call__(self, message: Incoming | Outgoing, proceed: Proceed) -> Steps:
        """Take the time of a message."""
        began = message.clock()
        failed = 1
        try:
            outcome = yield from proceed(message)
            failed = 0
            return outcome
        finally:
            self._note(message, message.clock() - began, failed)

    def _note(self, message: Incoming | Outgoing, seconds: float, failed: int) -> None:
        name = getattr(message, "name", None)
        key = message.method if name is None else f"{message.method} {name}"
        if key not in self._by_name and len(self._by_name) >= self._most_names:
            key = OTHERS
        before = self._by_name.get(key, Timing())
        self._by_name[key] = Timing(
            count=before.count + 1,
            failures=before.failures + failed,
            total=before.total + seconds,
            longest=max(before.longest, seconds),
        )
