"""An environment whose randomness follows from a seed and whose calendar is moved by hand."""

import hashlib
from collections.abc import Callable

import attrs

from sansmcp.environment import Environment


class Calendar:
    """A calendar clock that stands still until it is moved.

    Args:
        time: the seconds since the epoch.
    """

    def __init__(self, time: float = 1_800_000_000.0) -> None:
        self._time = time

    def read(self) -> float:
        """Return the seconds since the epoch."""
        return self._time

    def move(self, seconds: float) -> None:
        """Move the clock; backwards with a negative number, as an administrator would."""
        self._time += seconds


class SeededRandom:
    """Bytes that look random and are the same for the same seed; never for secrets.

    Args:
        seed: any integer.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._blocks = 0
        self._spare = b""

    def take(self, size: int) -> bytes:
        """Return so many of the bytes that were not taken yet."""
        while len(self._spare) < size:
            self._spare += hashlib.sha256(f"{self._seed}/{self._blocks}".encode()).digest()
            self._blocks += 1
        taken, self._spare = self._spare[:size], self._spare[size:]
        return taken


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SeededEnvironment(Environment):
    """An environment that is the same in every run of a test."""

    seed: int = 0
    """What the random bytes follow from."""
    calendar: Calendar = attrs.field(factory=Calendar)
    """The clock that `utc` reads."""
    random: Callable[[int], bytes] = attrs.field(
        init=False, default=attrs.Factory(lambda self: SeededRandom(self.seed).take, takes_self=True)
    )
    """Returns the next bytes that follow from the seed."""
    utc: Callable[[], float] = attrs.field(
        init=False, default=attrs.Factory(lambda self: self.calendar.read, takes_self=True)
    )
    """Returns the time of the calendar."""
