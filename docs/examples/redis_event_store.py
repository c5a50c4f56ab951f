"""Events of sessions in Redis, for servers that are started anew elsewhere: `pip install redis`."""

import json
from typing import Any

from sansmcp.http import StoredEvent

_IDLE = 1800
"""Seconds after which what nobody has used is forgotten: what a session may be idle."""


class RedisEventStore:
    """A hash for each session: its record, and each of its events under stream and number."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Keep an event."""
        self._keep(session, f"{stream} {event.number}", json.dumps([event.data.decode(), event.awaited]))

    def load(self, session: str, stream: str, number: int) -> list[StoredEvent]:
        """Return an event and all that came after it."""
        events = []
        while (found := self._redis.hget(session, f"{stream} {number}")) is not None:
            data, awaited = json.loads(found)
            events.append(StoredEvent(number=number, data=data.encode(), awaited=tuple(awaited)))
            number += 1
        return events

    def store_session(self, session: str, record: bytes) -> None:
        """Keep what is to be known of a session."""
        self._keep(session, "record", record)

    def load_session(self, session: str) -> bytes | None:
        """Return what was kept of a session."""
        record: bytes | None = self._redis.hget(session, "record")
        return record

    def forget(self, session: str) -> None:
        """Forget a session and all of its streams."""
        self._redis.delete(session)

    def _keep(self, session: str, field: str, value: str | bytes) -> None:
        self._redis.hset(session, field, value)
        self._redis.expire(session, _IDLE)
