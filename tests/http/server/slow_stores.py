"""Stores that take their time, and what a response has shown."""

from tests.http.server.exchanging import Exchanging, LegacyClient, Reply
from tests.http.server.offered import served

from sansmcp.http import MemoryEventStore, StoredEvent
from sansmcp.session import ServerSession
from sansmcp.values import JSON

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
NEWEST = "2025-11-25"


def ids(reply: Reply) -> list[str]:
    return [event.event_id for event in reply.events if event.event_id is not None]


def said(reply: Reply) -> list[JSON]:
    """Return what each message says: the data of a log message, the text of a result."""
    found = []
    for message in reply.messages:
        if "result" in message:
            found.append(message["result"]["content"][0]["text"])
        else:
            found.append(message.get("params", {}).get("data", message.get("method")))
    return found


def session_of(world: Exchanging) -> ServerSession:
    return world.events[0][0]


class Slow(MemoryEventStore):
    """A store that is no memory of the endpoint's own."""

    fails = False

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Keep an event."""
        if self.fails:
            raise OSError("the disk is full")
        super().store(session, stream, event)

    def load(self, session: str, stream: str, number: int) -> list[StoredEvent]:
        """Return events."""
        if self.fails:
            raise OSError("the disk is gone")
        return list(super().load(session, stream, number))

    def load_session(self, session: str) -> bytes | None:
        """Return a session."""
        if self.fails:
            raise OSError("the disk is gone")
        return super().load_session(session)


def slow(store: Slow | None = None) -> tuple[Exchanging, LegacyClient]:
    world = Exchanging(served(), event_store=store or Slow())
    return world, world.handshake(NEWEST)
