"""Limiting the rate: a bucket of tokens for each peer, principal or tool."""

from collections.abc import Callable, Hashable
from itertools import islice
from typing import Final, TypeAlias

from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import INTERNAL_ERROR
from sansmcp.session import Incoming, IncomingRequest, Middleware, Proceed, RequestReceived, Steps

By: TypeAlias = Callable[[IncomingRequest], Hashable]
"""Names the bucket that a request takes a token of; None where it needs none."""

# Ten thousand is the number of sessions that an endpoint has at most (design, Default limits).
_MOST_BUCKETS: Final = 10_000

# A peer that waits exactly as long as it was told must not be a rounding error too early.
_ROUNDING: Final = 1e-9


def per_session(message: IncomingRequest) -> Hashable:
    """Give each session a bucket of its own."""
    return message.session


def per_principal(message: IncomingRequest) -> Hashable:
    """Give each principal a bucket of its own; where nobody knows one, each session."""
    return message.session if message.principal is None else ("principal", message.principal)


def per_tool(message: IncomingRequest) -> Hashable:
    """Give each tool a bucket of its own for each session; nothing else is limited.

    Put a limit `per_session` around it: a peer may name any number of tools that there are not.
    """
    return (message.session, message.name) if message.method == "tools/call" else None


def limit_rate(rate: float, *, burst: int = 1, by: By = per_session) -> Middleware:
    """Return middleware that refuses requests which come too fast; the error says when to try again.

    Notifications pass, since their sender could not be told. A request that comes again with the answers
    to what its handler asked is no second one.

    Args:
        rate: requests a second in the long run.
        burst: how many may come at once.
        by: names the bucket: `per_session`, `per_principal`, `per_tool`, or a function of your own.

    Raises:
        LocalProtocolError: the rate or the burst is not positive.
    """
    if rate <= 0 or burst < 1:
        raise LocalProtocolError(
            f"limit_rate({rate!r}, burst={burst!r}): expected a rate above 0 and a burst from 1"
        )
    buckets = _Buckets(1 / rate, burst)

    def limit_request(message: Incoming, proceed: Proceed) -> Steps:
        if isinstance(message, IncomingRequest) and not _comes_again(message):
            key = by(message)
            wait = 0.0 if key is None else buckets.take(key, message.clock())
            if wait > 0:
                text = f"too many requests: {burst} at once and {rate:g} a second; try again in {wait:.3f} s"
                raise RpcError(INTERNAL_ERROR, text, {"retryAfter": round(wait, 3)})
        return (yield from proceed(message))

    return limit_request


class _Buckets:
    """For each key the time at which its bucket is full again, which says as much as its tokens."""

    def __init__(self, interval: float, burst: int) -> None:
        self._interval = interval
        self._most_ahead = (burst - 1) * interval
        self._full_at: dict[Hashable, float] = {}

    def take(self, key: Hashable, now: float) -> float:
        """Take a token; return 0, or how long to wait for one."""
        full_at = max(self._full_at.pop(key, now), now)
        wait = full_at - now - self._most_ahead
        is_refused = wait > _ROUNDING
        self._full_at[key] = full_at if is_refused else full_at + self._interval
        # Those that were not used for longest: no scan, which a flood of names could make costly.
        for oldest in tuple(islice(self._full_at, 2)):
            # One that is full is like none, and would keep a session that is gone.
            if self._full_at[oldest] <= now or len(self._full_at) > _MOST_BUCKETS:
                del self._full_at[oldest]
        return wait if is_refused else 0.0


def _comes_again(message: IncomingRequest) -> bool:
    return isinstance(message.event, RequestReceived) and message.event.round > 0
