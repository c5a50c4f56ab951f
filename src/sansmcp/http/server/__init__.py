"""The server's end of Streamable HTTP: an endpoint, its exchanges, streams and sessions."""

from sansmcp.http.server.endpoint import Authorize, HttpStats, ServerHttp
from sansmcp.http.server.exchange import ServerExchange
from sansmcp.http.server.outputs import OpenHttpSession
from sansmcp.http.server.posting import HeaderParameters
from sansmcp.http.server.store import (
    EventStore,
    ForgetEvents,
    LoadEvents,
    LoadSession,
    MemoryEventStore,
    StoredEvent,
    StoreErrand,
    StoreEvent,
    StoreSession,
)

__all__ = [
    "Authorize",
    "EventStore",
    "ForgetEvents",
    "HeaderParameters",
    "HttpStats",
    "LoadEvents",
    "LoadSession",
    "MemoryEventStore",
    "OpenHttpSession",
    "ServerExchange",
    "ServerHttp",
    "StoreErrand",
    "StoreEvent",
    "StoreSession",
    "StoredEvent",
]
