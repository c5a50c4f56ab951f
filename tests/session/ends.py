"""One end of a connection and what a test says to it: JSON goes in, JSON and events come out.

A test that needs both ends takes `sansmcp.testing.connected_pair`; here one end stands alone, so that
its peer can say whatever a test likes.
"""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.session import (
    Cancel,
    ClientSession,
    Close,
    Connected,
    DetectionState,
    Disconnected,
    EndExchange,
    LinkState,
    Release,
    Send,
    ServerSession,
)
from sansmcp.testing import EVERY_CLIENT_CAPABILITY, EVERY_SERVER_CAPABILITY
from sansmcp.wire import Violation, decode

MODERN = "2026-07-28"
CLIENT = schema.Implementation(name="client", version="1")
SERVER = schema.Implementation(name="server", version="1")

# What a modern request says of itself.
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}, "sampling": {}, "roots": {}},
}
EVERYTHING: dict[str, Any] = {
    "logging": {},
    "completions": {},
    "prompts": {"listChanged": True},
    "resources": {"subscribe": True, "listChanged": True},
    "tools": {"listChanged": True},
}


def tell(session, message, now=0.0):
    """Let the peer say something: a JSON value, or bytes that are none."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    decoded = decode(data)
    if isinstance(decoded, Violation):
        session.receive_violation(decoded, now)
    else:
        session.receive_message(decoded, now)


def request(id_, method, params=None):
    message = {"jsonrpc": "2.0", "id": id_, "method": method}
    return message if params is None else {**message, "params": params}


def modern(id_, method, params=None, **meta):
    return request(id_, method, {**(params or {}), "_meta": {**META, **meta}})


def notification(method, params=None):
    message = {"jsonrpc": "2.0", "method": method}
    return message if params is None else {**message, "params": params}


def response(id_, result):
    return {"jsonrpc": "2.0", "id": id_, "result": result}


def error(id_, code, message="no", data=None):
    body = {"code": code, "message": message}
    return {"jsonrpc": "2.0", "id": id_, "error": body if data is None else {**body, "data": data}}


def cancelled(id_, reason=None):
    params = {"requestId": id_} if reason is None else {"requestId": id_, "reason": reason}
    return notification("notifications/cancelled", params)


def initialize(id_, revision, capabilities=None):
    params = {
        "protocolVersion": revision,
        "capabilities": capabilities or {},
        "clientInfo": {"name": "client", "version": "1"},
    }
    return request(id_, "initialize", params)


def initialize_result(id_, revision, capabilities=None):
    result = {
        "protocolVersion": revision,
        "capabilities": EVERYTHING if capabilities is None else capabilities,
        "serverInfo": {"name": "server", "version": "1"},
    }
    return response(id_, result)


def discover_result(id_, versions=(MODERN,), capabilities=None):
    result = {
        "resultType": "complete",
        "supportedVersions": list(versions),
        "capabilities": EVERYTHING if capabilities is None else capabilities,
        "ttlMs": 0,
        "cacheScope": "private",
    }
    return response(id_, result)


INITIALIZED = notification("notifications/initialized")


def take(session):
    """Take what is to be done: what is sent as JSON, the rest as pairs."""
    return [_plain(action) for action in session.actions()]


def _plain(action):
    match action:
        case Send():
            return json.loads(action.data)
        case Cancel():
            return ("cancel", action.request_id, action.reason)
        case EndExchange():
            return ("end", action.request_id)
        case Release():
            return ("release", action.request_id, action.retry)
        case Close():
            return "close"


def events(session):
    return list(iter(session.next_event, None))


def kinds(session):
    return [type(event).__name__ for event in events(session)]


def drain(session):
    """Take everything and forget it; say what was sent."""
    events(session)
    return take(session)


def make_server(**options):
    options.setdefault("info", SERVER)
    options.setdefault("capabilities", EVERY_SERVER_CAPABILITY)
    return ServerSession(**options)


def open_server(revision, *, capabilities: dict[str, Any] | None = None, now=0.0, **options):
    """Return a server whose client has done its part: the handshake, or nothing in the modern era."""
    server = make_server(**options)
    if revision in LEGACY_REVISIONS:
        if capabilities is None:
            capabilities = {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {}}
        tell(server, initialize("handshake", revision, capabilities), now)
        tell(server, INITIALIZED, now)
        drain(server)
    return server


def call_of(revision, id_, method="tools/call", params=None, **meta):
    """Return a request as a client of the revision writes it."""
    if params is None:
        params = {"name": "tool"} if method == "tools/call" else {}
    if revision not in LEGACY_REVISIONS:
        return modern(id_, method, params, **meta)
    return request(id_, method, {**params, "_meta": meta} if meta else params)


def make_client(**options):
    options.setdefault("info", CLIENT)
    options.setdefault("capabilities", EVERY_CLIENT_CAPABILITY)
    return ClientSession(**options)


def open_client(revision, *, server_capabilities=None, now=0.0, **options):
    """Return a client that is connected in the revision and has nothing left to say."""
    options.setdefault("revisions", (revision,))
    client = make_client(**options)
    client.connect(now)
    wire_id = take(client)[0]["id"]
    if revision in LEGACY_REVISIONS:
        tell(client, initialize_result(wire_id, revision, server_capabilities), now)
    else:
        tell(client, discover_result(wire_id, capabilities=server_capabilities), now)
    assert [type(event) for event in events(client)] == [Connected]
    take(client)
    return client


def last_id(session):
    """Take the actions and return the id of the last request among them."""
    return [message["id"] for message in take(session) if isinstance(message, dict) and "id" in message][-1]


def result_of(method, revision):
    """Return a result as a server of the revision writes it."""
    results = {"tools/call": {"content": []}, "tools/list": {"tools": []}, "ping": {}}
    result = results.get(method, {})
    return result if revision in LEGACY_REVISIONS else {"resultType": "complete", **result}


def all_revisions(*, without: Sequence[str] = ()):
    return [revision for revision in REVISIONS if revision not in without]


def server_with_call(revision, *ids, now=0.0, **options):
    server = open_server(revision, **options)
    for id_ in ids or (1,):
        tell(server, call_of(revision, id_, progressToken="t"), now)
    drain(server)
    return server


def unchanged(server, command):
    """Say that a command raised and changed nothing, and return what it said."""
    before = server.stats(), server.next_deadline()
    with pytest.raises(LocalProtocolError) as caught:
        command()
    assert (events(server), take(server), (server.stats(), server.next_deadline())) == ([], [], before)
    return str(caught.value)


def connecting(**options):
    """Return a client that has begun, and what it has sent."""
    client = make_client(**options)
    client.connect(0.0)
    return client, take(client)


def probing(**options):
    client, (probe,) = connecting(**options)
    assert probe["method"] == "server/discover"
    return client, probe["id"]


def handshaking(**options):
    options.setdefault("revisions", LEGACY_REVISIONS)
    client, (hello,) = connecting(**options)
    assert hello["method"] == "initialize"
    return client, hello["id"]


def fallen_back(client):
    """Say that the client has fallen back to the handshake, and return its initialize."""
    (hello,) = take(client)
    assert (hello["method"], events(client)) == ("initialize", [])
    assert client.detection is DetectionState.HANDSHAKING
    return hello


def given_up(client):
    (ended,) = events(client)
    assert isinstance(ended, Disconnected)
    assert take(client) == ["close"]
    assert (client.detection, client.link, client.next_deadline()) == (
        DetectionState.FAILED,
        LinkState.CLOSED,
        None,
    )
    return ended
