"""What a machine cannot make itself and is therefore given: randomness and the calendar.

The time of deadlines is no part of it: that is an argument of every input.
"""

from collections.abc import Callable

import attrs

from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Environment(Value):
    """Where randomness and calendar time come from; bindings give the system's, tests seeded ones."""

    random: Callable[[int], bytes]
    """Returns so many bytes that nobody can guess, as `os.urandom` does."""
    utc: Callable[[], float]
    """Returns the seconds since the epoch, as `time.time` does; used for what leaves the process."""
