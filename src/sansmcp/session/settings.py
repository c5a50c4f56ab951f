"""The numbers a session keeps: times, limits, keep-alive; each with its default and where it comes from."""

from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Timeouts(Value):
    """How long a session waits, in seconds."""

    # The TypeScript SDK gives a request 60 s; browsers and proxies are near that.
    request: float = 60.0
    """A call without answer and without progress."""
    # Ten times the above: progress extends a call, but not for ever (2025-03-26, Lifecycle, Timeouts).
    request_maximum: float = 600.0
    """A call in all, whatever progress says."""
    # A legacy server may stay silent to a request before `initialize`; a slow start costs no more
    # than an answer that comes late, which is dropped.
    probe: float = 5.0
    """The answer to `server/discover` when it is used to learn the era."""
    # The Go SDK gives up closing after 5 s.
    close: float = 5.0
    """Requests that run when our side closes."""
    end_of_input: float = 0.5
    """Requests that run when the peer ends its input."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SessionLimits(Value):
    """How much one peer may ask for at a time."""

    # No SDK has a bound; the Python SDK spends 18 kB on each request in flight.
    requests_in_flight: int = 1000
    """Requests of the peer that are worked on at once; further ones wait."""
    backlog: int = 1000
    """Requests that wait; further ones are refused."""
    # One message at its own limit may wait.
    backlog_bytes: int = 4 * 1024 * 1024
    """The bytes of the requests that wait."""
    # Two messages at their limit; no SDK has a bound: a peer that reads nothing costs them all answers.
    unsent_bytes: int = 8 * 1024 * 1024
    """The bytes that wait to be written; above it requests of the peer wait too, and then are refused."""
    # A quarter of a message at its limit; no SDK has a bound, and a handler that talks in a loop fills the
    # memory while its client reads nothing.
    request_bytes: int = 1024 * 1024
    """The bytes of one request's notifications that wait to be written; log messages past it are counted
    instead, and of progress the newest value counts."""
    # What the Python, the Go and the Rust SDK take in; a peer drops a longer message, or the connection.
    message_bytes: int = 4 * 1024 * 1024
    """The bytes of one message that is sent; the command that would send a longer one is refused."""
    # The Python and the TypeScript SDK allow 1024.
    subscriptions: int = 1024
    """Subscriptions of the peer; in a legacy session, resources it subscribed to."""
    # The Python and the TypeScript SDK stop after 10.
    input_rounds: int = 10
    """How often one request may ask back."""
    # A model or a person follows a few messages a second; a thousand is a loop gone wild. No SDK has a bound.
    notification_burst: int = 10_000
    """Notifications of the peer that are taken at once; after that they are dropped, unless they end or
    open something (cancellations, `initialized`, acknowledgements)."""
    notification_interval: float = 0.001
    """Seconds after which one more is taken when the burst is used up."""
    # Nobody reads more than a few numbers a second; the burst spares short work any delay.
    progress_burst: int = 16
    """Progress of one request that is sent at once; after that it is held, and the newest value counts."""
    progress_interval: float = 0.05
    """Seconds from one progress of a request to the next when the burst is used up."""
    # The Go SDK has an interval for log messages, and none by default; a handler that logs in a loop
    # must not fill the connection.
    log_burst: int = 1000
    """Log messages of one logger and level that are sent at once; after that they are counted instead."""
    log_interval: float = 0.01
    """Seconds from one log message of a logger and level to the next when the burst is used up."""


DEFAULT_TIMEOUTS: Final = Timeouts()
"""What a session goes by where nothing else is said."""
DEFAULT_SESSION_LIMITS: Final = SessionLimits()
"""What a session goes by where nothing else is said."""


# Browsers come back to a stream of events after 3 to 5 s where nothing is said.
DEFAULT_RETRY: Final = 3.0
"""Seconds after which a client comes back whose response was ended for now."""
_MOST_RETRY: Final = 24 * 3600
"""The longest; clients in JavaScript take what has more than 24 days for nothing."""


def check_retry(retry: JSON) -> None:
    """Refuse what is no time after which a client comes back.

    Args:
        retry: the seconds.

    Raises:
        LocalProtocolError: it is no number of them from 0 to a day.
    """
    if type(retry) not in {int, float} or not 0 <= retry <= _MOST_RETRY:
        raise LocalProtocolError(f"release(retry={retry!r:.80}): expected seconds from 0 to {_MOST_RETRY}")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Patience(Value):
    """How long a driver waits for a peer that is slow to read, in seconds."""

    # No server of note bounds it; a peer that reads nothing for so long reads nothing any more.
    write_stall: float = 30.0
    """For how long it may read nothing."""
    # End of input leaves running requests half a second, and the process is to be gone within one.
    flush: float | None = 0.4
    """How long the last bytes may take once a link is done; None for as long as they move."""


DEFAULT_PATIENCE: Final = Patience()
"""What a driver goes by where nothing else is said."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Restart(Value):
    """How a client makes a lost connection again, by starting the server anew or by dialling again."""

    # Five, as reconnections of an event stream; a server that cannot start does not improve.
    attempts: int = 5
    """How often without progress; an answer to a call is progress."""
    first_delay: float = 0.5
    """Seconds before the second attempt, twice as many before each further one; the first is made at once."""
    most_delay: float = 30.0
    """Seconds between two attempts at most."""

    def delay(self, attempt: int, share: float) -> float:
        """Return the seconds before an attempt: the last quarter of them is left to chance.

        Args:
            attempt: which attempt, from 0.
            share: a number from 0 to 1, by chance, so that many clients do not come back at once.
        """
        if attempt == 0:
            return 0.0
        # Bounded, since a float ends at two to the power of 1024 and patience need not.
        full = min(self.first_delay * 2.0 ** min(attempt - 1, 64), self.most_delay)
        return full * (0.75 + 0.25 * share)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class KeepAlive(Value):
    """Pings in a legacy session while nothing else is under way; off unless given."""

    # The websockets library pings every 20 s and waits 20 s.
    interval: float = 20.0
    """Seconds of silence before a ping."""
    timeout: float = 20.0
    """Seconds to wait for its answer."""
    failures: int = 1
    """How many pings in a row may go unanswered before the connection is given up."""
