"""Modern subscriptions that were cut with their stream, and are opened again on another one.

Source: 2026-07-28, Subscriptions: no state survives a stream, so the client asks again.
"""

from collections import deque
from functools import partial
from typing import TypeAlias

import attrs

from sansmcp import schema
from sansmcp.http.client.exchanges import Exchanges
from sansmcp.session import (
    CallHandle,
    ChangeReceived,
    ClientEvent,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    SubscriptionAcknowledged,
    SubscriptionEnded,
)

_Failure: TypeAlias = RequestFailed | RequestLost | RequestTimedOut


@attrs.define(eq=False)
class _Kept:
    """A subscription that was acknowledged once."""

    wanted: schema.SubscriptionFilter
    since: float
    attempts: int = 0
    is_open: bool = True


class Reopening:
    """Keeps the subscriptions of a modern connection open.

    Args:
        exchanges: the client's.
    """

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges
        self._session = exchanges.session
        self._kept: dict[CallHandle, _Kept] = {}
        self._cut: deque[str] = deque(maxlen=2)

    def cut(self, reason: str) -> None:
        """Take in that a stream of a subscription was cut, and is about to end for this reason."""
        self._cut.append(reason)

    def forget(self, handle: CallHandle) -> None:
        """Take in that the user wants a subscription no more."""
        if self._kept.pop(handle, None) is not None:
            self._exchanges.deadlines.disarm(handle)

    def take(self, event: ClientEvent, now: float) -> ClientEvent | None:
        """Take note of an event; None where the user is not to see it, since the subscription goes on."""
        match event:
            case SubscriptionAcknowledged():
                kept = self._kept.setdefault(event.handle, _Kept(event.filter, now))
                kept.wanted, kept.since, kept.is_open = event.filter, now, True
            case ChangeReceived(handle=handle) if handle is not None and handle in self._kept:
                self._kept[handle].attempts = 0
            case SubscriptionEnded() if event.handle in self._kept:
                return self._ended(event, now)
            case RequestFailed() | RequestLost() | RequestTimedOut() if event.handle in self._kept:
                return self._failed(event, now)
            case _:
                pass
        return event

    def end(self, reason: str) -> list[SubscriptionEnded]:
        """Return the ends of those that wait to be opened again: there is no connection any more."""
        waiting = [handle for handle, kept in self._kept.items() if not kept.is_open]
        self._kept.clear()
        return [SubscriptionEnded(handle=handle, reason=reason) for handle in waiting]

    def _ended(self, event: SubscriptionEnded, now: float) -> ClientEvent | None:
        if event.reason in self._cut and self._try_again(event.handle, now):
            return None
        del self._kept[event.handle]
        return event

    def _failed(self, event: _Failure, now: float) -> ClientEvent | None:
        if isinstance(event, RequestLost) and self._try_again(event.handle, now):
            return None
        del self._kept[event.handle]
        # It was acknowledged once, so what the user is told of is an end.
        reason = event.message if isinstance(event, RequestFailed) else event.reason
        return SubscriptionEnded(handle=event.handle, reason=reason)

    def _try_again(self, handle: CallHandle, now: float) -> bool:
        kept, reconnect = self._kept[handle], self._exchanges.limits.reconnect
        if kept.is_open and now - kept.since > reconnect.most_delay:
            # It was well, though nothing has changed.
            kept.attempts = 0
        if kept.attempts >= reconnect.attempts:
            return False
        kept.attempts += 1
        kept.is_open = False
        delay = reconnect.delay(kept.attempts, self._exchanges.share())
        self._exchanges.wait(
            handle, now + delay, "a subscription is opened again", partial(self._open, handle, kept)
        )
        return True

    def _open(self, handle: CallHandle, kept: _Kept) -> None:
        self._session.listen(kept.wanted, self._exchanges.now, handle=handle)
