"""Heads over HTTP: what is refused by them, what they must repeat of the body, and pages of browsers."""

from tests.transcripts.http_recording import BOTH_TYPES, EVENTS, JSON_TYPE
from tests.transcripts.registry import MODERN, http_scenario
from tests.transcripts.scenarios_http_streams import EVERY_STREAMABLE, STREAMABLE

from sansmcp.schema.header_parameters import header_parameters

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
CALL = (
    b'{"jsonrpc":"2.0","id":50,"method":"tools/call","params":{"name":"echo","_meta":'
    b'{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{}}}}'
)
PING = b'{"jsonrpc":"2.0","id":50,"method":"ping"}'
POSTED = (BOTH_TYPES, JSON_TYPE)
VERSION = ("mcp-protocol-version", "2026-07-28")
METHOD = ("mcp-method", "tools/call")
NAME = ("mcp-name", "echo")


@http_scenario(EVERY_STREAMABLE)
def heads_that_are_refused(r):
    """What is wrong with a head is refused before the body is looked at, and costs nothing else."""
    r.start()
    fields = r.fields_for()
    for status, given in (
        (403, (*POSTED, ("host", "evil.example"))),
        (403, (*POSTED, ("origin", "https://evil.example"))),
        (406, (JSON_TYPE, ("accept", "application/json"))),
        (415, (BOTH_TYPES, ("content-type", "text/plain"))),
        (415, (*POSTED, ("content-encoding", "gzip"))),
        (400, (*POSTED, ("mcp-protocol-version", "1999-01-01"))),
    ):
        r.send("POST", (*given, *(field for field in fields if field[0] not in dict(given))), status, PING)
    r.send("PATCH", fields, 405)
    r.send("GET", (("accept", "application/json"), *fields), 405 if r.modern else 406)
    r.send("POST", (*POSTED, *fields), 404, PING, target="/elsewhere")


@http_scenario(EVERY_STREAMABLE)
def bodies_that_are_refused(r):
    """A body that is no message is refused with an error, and one that does not come is waited for."""
    r.start()
    r.by_hand("C", "{", "no JSON")
    r.by_hand("C", '{"jsonrpc":"2.0","id":50,"id":51,"method":"ping"}', "two ids")
    r.by_hand("C", {"jsonrpc": "1.0", "id": 50, "method": "ping"}, "another JSON-RPC")
    r.by_hand("C", {"jsonrpc": "2.0", "id": None, "method": "ping"}, "an id that is null")
    if r.revision != "2025-03-26":
        r.by_hand("C", [{"jsonrpc": "2.0", "id": 50, "method": "ping"}], "an array")
    r.send("POST", (*POSTED, *r.fields_for()), "half a body", PING[:20], missing=21)
    r.advance(30.0)


@http_scenario(EVERY_STREAMABLE)
def pages_of_browsers(r):
    """A page of the machine itself may call, after it has asked; its browser is told what it may read."""
    r.start()
    page = ("origin", "http://localhost:6274")
    wanted = (
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, mcp-protocol-version"),
    )
    r.send("OPTIONS", (page, *wanted), "a browser asks first", legal=True)
    body = CALL if r.modern else PING
    more = (VERSION, METHOD, NAME) if r.modern else tuple(r.fields_for())
    r.send("POST", (*POSTED, page, *more), "its page calls", body, legal=True)
    if r.modern:
        r.respond_text(r.request(), "hello")
    foreign = ("origin", "http://evil.example")
    r.send("OPTIONS", (foreign, *wanted), "a page from elsewhere asks")


@http_scenario(MODERN)
def headers_that_differ(r):
    """The head must say what the body says: the version, the method and the name."""
    r.start()
    for why, fields in (
        ("the method is missing", (VERSION, NAME)),
        ("the name is missing", (VERSION, METHOD)),
        ("the version is missing", (METHOD, NAME)),
        ("another name", (VERSION, METHOD, ("mcp-name", "other"))),
        ("another method", (VERSION, ("mcp-method", "tools/list"), NAME)),
        ("another version", (("mcp-protocol-version", "2025-11-25"), METHOD, NAME)),
    ):
        r.send("POST", (*POSTED, *fields), why, CALL, legal=True)
    unknown = CALL.replace(b"2026-07-28", b"2027-01-01")
    fields = (("mcp-protocol-version", "2027-01-01"), METHOD, NAME)
    r.send("POST", (*POSTED, *fields), "a version that is not spoken", unknown)
    stale = (VERSION, METHOD, NAME, ("mcp-session-id", "stale"), ("last-event-id", "1"))
    r.send("POST", (*POSTED, *stale), "what means nothing in this era", CALL, legal=True)
    r.respond_text(r.request(), "hello")


@http_scenario(MODERN)
def arguments_in_headers(r):
    """An argument is repeated in a header; where the client knew another header, it asks and sends again."""
    known = {"place": header_parameters(schema_with("Region"))}
    r.start(header_parameters=known)
    r.call("tools/list")
    r.respond(r.request(), {"tools": [{"name": "place", "inputSchema": schema_with("Region")}]})
    r.tool("place", {"region": "north"})
    r.respond_text(r.request(), "north")
    r.note("the tool changes")
    known["place"] = header_parameters(schema_with("Area"))
    r.tool("place", {"region": "grün"})
    r.respond(r.request(), {"tools": [{"name": "place", "inputSchema": schema_with("Area")}]})
    r.respond_text(r.request(), "grün")


@http_scenario(MODERN)
def statuses_of_errors(r):
    """Some errors of the modern era have a status of their own; others are answers like any."""
    r.start()
    for method in ("ping", "no/such"):
        message = {"jsonrpc": "2.0", "id": 50, "method": method, "params": {"_meta": META}}
        r.by_hand("C", message, "a method that there is not")
    r.tool("none")
    r.fail(r.request(), -32602, "there is no such tool")
    r.tool("asks")
    lacking = {"requiredCapabilities": {"elicitation": {"form": {}}}}
    r.fail(r.request(), -32021, "elicitation is needed", data=lacking)
    r.by_hand("C", {"jsonrpc": "2.0", "id": 9, "result": {}}, "an answer, which no client sends")


@http_scenario(STREAMABLE)
def versions_of_a_session(r):
    """The version in the head may be left out or be another that is spoken; one that is not is refused."""
    r.start()
    fields = [field for field in r.fields_for({}) if field[0] != "mcp-protocol-version"]
    r.send("POST", fields, "no version", PING, legal=True)
    for version in ("2025-03-26", "2024-10-07"):
        r.send("POST", (*fields, ("mcp-protocol-version", version)), version, PING)
    listening = (("accept", EVENTS), ("mcp-protocol-version", "x"), ("mcp-session-id", r.session_id))
    r.send("GET", listening, "a version that there is not")


def schema_with(header):
    """Return the input schema of a tool whose argument is repeated in a header."""
    return {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": header}}}
