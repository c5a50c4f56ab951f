"""Sessions over HTTP: how a client finds a server's era, who ends a session, and what comes after that."""

import json

from tests.transcripts.http_recording import BOTH_TYPES, EVENTS, JSON_TYPE
from tests.transcripts.registry import EVERY, LEGACY, MODERN, http_scenario
from tests.transcripts.scenarios_http_streams import STREAMABLE
from tests.transcripts.scenarios_listening import GREETING
from tests.transcripts.scenarios_plain import NOTE

from sansmcp.http import HttpLimits, Refused
from sansmcp.schema import REVISIONS

INFO = {"name": "another", "version": "1"}


@http_scenario(EVERY)
def looking_for_the_era(r):
    """A client that speaks everything finds out what a server speaks that knows one revision."""
    r.start(client={"revisions": REVISIONS}, server={"revisions": (r.revision,)})
    r.tool("echo")
    r.respond_text(r.request(), "hello")


@http_scenario(("2025-11-25", "2026-07-28"))
def no_common_revision(r):
    """The two ends have no revision in common: the client says so and gives up."""
    other = MODERN if r.revision in LEGACY else LEGACY[1:]
    r.start(server={"revisions": other})


@http_scenario(STREAMABLE)
def a_session_is_renewed(r):
    """The server knows the session no more: the client opens another, as it was; calls in flight are lost."""
    r.start()
    r.listen(resource_subscriptions=(NOTE,))
    r.tool("waits")
    waiting = r.request()
    r.send("DELETE", r.fields_for(), "somebody ends the session", legal=True)
    r.note("the client hears of it with its next request")
    r.tool("echo")
    r.tool("echo")
    r.respond_text(r.request(), "hello")
    r.respond_text(waiting, "nobody hears this")
    r.publish(GREETING)


@http_scenario(STREAMABLE)
def an_idle_session(r):
    """A session without work and without a listener ends after half an hour."""
    r.start(responses="json")
    r.tool("echo")
    r.respond_text(r.request(), "hello")
    r.advance(1800.0)
    r.note("the call that hears of it is lost, the next one has a new session")
    r.tool("echo")
    r.tool("echo")
    r.respond_text(r.request(), "hello again")


@http_scenario(STREAMABLE)
def without_sessions(r):
    """Where sessions are off each request stands alone: no id, no standalone stream, nothing to end."""
    r.start(sessions=False)
    r.tool("slow", progress=True)
    request = r.request()
    r.progress(request, 1, 2)
    r.respond_text(request, "done")
    r.call("tools/list")
    r.respond(r.request(), {"tools": []})


@http_scenario(STREAMABLE)
def no_room_for_a_session(r):
    """Past the limit no session is opened, until another one has ended."""
    r.start(http_limits=HttpLimits(sessions=1))
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": r.revision, "capabilities": {}, "clientInfo": INFO},
    }
    body = json.dumps(message, separators=(",", ":")).encode()
    r.send("POST", (BOTH_TYPES, JSON_TYPE), "another client", body, legal=True)
    r.client.close(r.now)
    r.settle()
    r.send("POST", (BOTH_TYPES, JSON_TYPE), "it tries again", body, legal=True)
    r.send("DELETE", r.fields_for(), "it ends its session", legal=True)


@http_scenario(STREAMABLE)
def sessions_by_hand(r):
    """What names no session, or none that there is, is refused; a session of somebody else is none."""
    r.start(verify=sender_of)
    ping = {"jsonrpc": "2.0", "id": 50, "method": "ping"}
    fields, known = r.fields_for(ping), r.session_id
    r.session_id = None
    r.by_hand("C", ping, "no session", legal=True)
    r.session_id = "00000000000000000000000000000009"
    r.by_hand("C", ping, "a session that there is not", legal=True)
    r.session_id = known
    body = b'{"jsonrpc":"2.0","id":50,"method":"ping"}'
    r.send("POST", (*fields, ("x-sender", "eve")), "the session of somebody else", body, legal=True)
    r.send("POST", (*fields, ("x-sender", "nobody")), "who may not come in", body, legal=True)
    r.send("DELETE", (*r.fields_for(), ("x-sender", "eve")), "somebody else ends it", legal=True)
    r.by_hand("C", ping, "it is still there", legal=True)


@http_scenario(STREAMABLE)
def requests_by_hand(r):
    """An id in flight is refused, an answer to nothing is dropped, a notification is only accepted."""
    r.start()
    r.tool("waits")
    waiting = r.request()
    call = {"jsonrpc": "2.0", "id": waiting.request_id, "method": "tools/call", "params": {"name": "waits"}}
    r.by_hand("C", call, "its id is in flight", legal=True)
    r.by_hand("C", {"jsonrpc": "2.0", "id": 9, "result": {}}, "an answer to nothing")
    changed = {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}
    r.by_hand("C", changed, "a notification", legal=True)
    r.by_hand("C", {"jsonrpc": "2.0", "id": 51, "method": "no/such"}, "a method that there is not")
    r.respond_text(waiting, "done")


@http_scenario(("2024-11-05",))
def messages_without_a_stream(r):
    """Messages to a session that there is not are refused, as is what is no GET at the stream's address."""
    r.start()
    ping = {"jsonrpc": "2.0", "id": 50, "method": "ping"}
    r.by_hand("C", ping, "a ping, whose answer comes on the stream", legal=True)
    known, r.address = r.address, "/messages?session_id=00000000000000000000000000000009"
    r.by_hand("C", ping, "a session that there is not", legal=True)
    r.address = known
    r.send("DELETE", (), "there is nothing to delete", target="/sse")
    r.send("GET", (("accept", "application/json"),), "no stream is wanted", target="/sse")
    r.by_hand("C", "{", "no JSON")
    r.send("GET", (("accept", EVENTS),), "messages are posted", target="/messages")
    r.send("POST", (BOTH_TYPES, JSON_TYPE), "no session is named", b"{}", target="/messages")


def sender_of(head):
    """Say who sent a request."""
    sender = head.headers.get("x-sender") or "bo"
    if sender != "nobody":
        return sender
    return Refused(status=401, reason="nobody is let in", headers=(("www-authenticate", "Bearer"),))
