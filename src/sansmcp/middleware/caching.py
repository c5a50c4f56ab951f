"""Caching results: what was asked a short while ago by the same side is not worked out again."""

from collections.abc import Collection, Hashable
from itertools import islice

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.middleware.retrying import SAFE_METHODS
from sansmcp.schema import CallToolResult
from sansmcp.session import (
    Incoming,
    IncomingRequest,
    Middleware,
    OutgoingRequest,
    Proceed,
    RequestReceived,
    Steps,
)
from sansmcp.values import JSON


def cache_results(
    seconds: float, *, methods: Collection[str] = SAFE_METHODS, most_entries: int = 1000
) -> Middleware:
    """Return middleware that keeps results for a while.

    Entries are kept apart by session, or by principal where one is known, and by the params without
    `_meta`. Errors are not kept, nor what was answered after a question.

    Args:
        seconds: for how long; a result that is exactly so old is made anew.
        methods: what is kept. Name `tools/call` only where every tool gives the same each time.
        most_entries: how many results are kept; the one that was not asked for longest goes first.

    Raises:
        LocalProtocolError: a number is not positive.
    """
    if seconds <= 0 or most_entries < 1:
        raise LocalProtocolError(
            f"cache_results({seconds!r}, most_entries={most_entries!r}): "
            "expected seconds above 0 and 1 entry or more"
        )
    entries: dict[Hashable, tuple[float, JSON]] = {}

    def cache_result(message: Incoming | OutgoingRequest, proceed: Proceed) -> Steps:
        key = _key_of(message, methods)
        if key is None:
            return (yield from proceed(message))
        until, result = entries.pop(key, (float("-inf"), None))
        if message.clock() >= until:
            result = yield from proceed(message)
            if isinstance(result, CallToolResult) and result.is_error:
                return result
            until = message.clock() + seconds
        entries[key] = (until, result)
        # What is old would keep a session that is gone.
        for oldest in tuple(islice(entries, 2)):
            if len(entries) > most_entries or entries[oldest][0] <= message.clock():
                del entries[oldest]
        return result

    return cache_result


def _key_of(message: Incoming | OutgoingRequest, methods: Collection[str]) -> Hashable:
    """Return what names an answer, or None where there is none to keep."""
    if not isinstance(message, IncomingRequest | OutgoingRequest) or message.method not in methods:
        return None
    params = message.params
    if hasattr(params, "meta"):
        params = attrs.evolve(params, meta=None)
    if not isinstance(message, IncomingRequest):
        return message.session, message.method, repr(params)
    event = message.event
    if not isinstance(event, RequestReceived) or event.round or event.request_state or event.input_responses:
        return None
    whose = message.session if message.principal is None else ("principal", message.principal)
    return whose, event.revision, message.method, repr(params)
