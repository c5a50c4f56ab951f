"""How the two ends find out what to speak: probe, fall-back, handshake, findings told in advance."""

from tests.transcripts.registry import LEGACY, MODERN, scenario

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS, METHODS, REVISIONS, Kind, Method, Side
from sansmcp.session import Finding
from sansmcp.testing import EVERY_SERVER_CAPABILITY

EXTENDED = METHODS.extended(
    Method(
        name="acme/sum",
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=schema.RequestParams,
        result=schema.Result,
    ),
    Method(
        name="notifications/acme/step",
        kind=Kind.NOTIFICATION,
        sender=Side.SERVER,
        params=schema.NotificationParams,
    ),
    Method(
        name="notifications/acme/thanks",
        kind=Kind.NOTIFICATION,
        sender=Side.CLIENT,
        params=schema.NotificationParams,
    ),
)
WRONG_FINDING = Finding(revision="2026-07-28", capabilities=EVERY_SERVER_CAPABILITY)


def older_than(revision):
    """Return the legacy revisions up to one."""
    return tuple(known for known in LEGACY_REVISIONS if known <= revision)


@scenario(LEGACY)
def falling_back(r):
    """A client of both eras asks a legacy server, is told no, and opens a session on the same connection."""
    r.start(client={"revisions": REVISIONS}, server={"revisions": older_than(r.revision)})
    r.tool("echo", {"text": "hello"})
    r.respond_text(r.request(), "hello")


@scenario(LEGACY)
def falling_back_from_silence(r):
    """The server leaves the question for its era unanswered, and answers it when nobody waits any more."""
    r.start(client={"revisions": REVISIONS}, server={"revisions": (r.revision,)}, connect=False)
    r.server.hold()
    r.client.connect(r.now)
    r.settle()
    r.note("the server reads nothing")
    r.advance(6.0)
    r.note("the server reads what has come")
    r.release(r.server)
    r.tool("echo", {"text": "hello"})
    r.respond_text(r.request(), "hello")


@scenario(LEGACY)
def a_newer_offer(r):
    """A legacy client offers its newest revision; the server answers with one that both speak."""
    r.start(client={"revisions": LEGACY_REVISIONS}, server={"revisions": (r.revision,)})
    r.tool("echo", {"text": "hello"})
    r.respond_text(r.request(), "hello")


@scenario(("2024-11-05", "2025-03-26", "2025-06-18"))
def no_common_version(r):
    """The server answers with a revision that the client does not speak, so the client closes."""
    r.start(client={"revisions": ("2025-11-25",)}, server={"revisions": (r.revision,)})


@scenario(MODERN)
def no_common_version_in_the_modern_era(r):
    """A modern client meets a legacy server, and gives up with the reason."""
    r.start(server={"revisions": ("2025-11-25",)})


@scenario(MODERN)
def initialize_at_a_modern_server(r):
    """A legacy client meets a server that is only modern, and is told which versions there are."""
    r.start(client={"revisions": ("2025-11-25",)}, server={"revisions": ("2026-07-28",)})


@scenario(MODERN)
def told_in_advance(r):
    """The client was told what the server is, and begins with its first call."""
    finding = Finding(
        revision="2026-07-28",
        capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability()),
        instructions="As it was found the last time.",
    )
    r.start(client={"finding": finding, "revisions": REVISIONS})
    r.tool("echo", {"text": "hello"})
    r.respond_text(r.request(), "hello")


@scenario(LEGACY)
def told_legacy_in_advance(r):
    """The client was told that the server is a legacy one, and asks for no era."""
    finding = Finding(revision=r.revision, capabilities=schema.ServerCapabilities())
    r.start(client={"finding": finding, "revisions": REVISIONS}, server={"revisions": REVISIONS})
    r.tool("echo", {"text": "hello"})
    r.respond_text(r.request(), "hello")


@scenario(LEGACY)
def told_wrong_in_advance(r):
    """The client was told that the server is modern, which is wrong: it asks, and sends its calls anew."""
    r.start(
        client={"finding": WRONG_FINDING, "revisions": REVISIONS},
        server={"revisions": older_than(r.revision)},
    )
    r.client.send_request("tools/call", {"name": "echo", "arguments": {"text": "first"}}, r.now)
    r.client.send_request("tools/call", {"name": "echo", "arguments": {"text": "second"}}, r.now)
    r.settle()
    first, second = r.request(), r.request()
    r.respond_text(first, "first")
    r.respond_text(second, "second")


@scenario(LEGACY)
def requests_before_the_session(r):
    """Before the session is open everything but ping is refused; initialize is accepted once."""
    r.start(connect=False)
    r.by_hand("C", call_of(1), "a call before initialize", legal=True)
    r.by_hand("C", {"jsonrpc": "2.0", "id": 2, "method": "ping"}, "a ping before initialize", legal=True)
    r.by_hand("C", initialize(3, r.revision, "a"), "initialize", legal=True)
    r.by_hand("C", call_of(4), "a call before notifications/initialized", legal=True)
    r.by_hand(
        "C", {"jsonrpc": "2.0", "method": "notifications/initialized"}, "the session is open now", legal=True
    )
    r.by_hand("C", initialize(5, r.revision, "b"), "initialize once more", legal=True)
    r.by_hand("C", call_of(6), "a call", legal=True)
    r.respond_text(r.request(), "hello")


@scenario(LEGACY)
def a_modern_request_beside_a_session(r):
    """A server of both eras serves a modern request in the middle of a legacy session."""
    r.start()
    r.tool("echo", {"text": "legacy"})
    request = r.request()
    modern = call_of(100)
    modern["params"]["_meta"] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    r.by_hand("C", modern, "a modern request", legal=True)
    beside = r.request()
    r.respond_text(beside, "modern")
    r.respond_text(request, "legacy")


@scenario(MODERN)
def versions_and_meta_of_requests(r):
    """A request must say which revision it speaks and what its client can do."""
    r.start()
    prefix = "io.modelcontextprotocol/"
    version, able = f"{prefix}protocolVersion", f"{prefix}clientCapabilities"
    for number, (meta, why) in enumerate(
        [
            ({version: "2026-07-28"}, "no capabilities"),
            ({able: {}}, "no version"),
            ({version: 20260728, able: {}}, "a number for a version"),
            ({version: "2026-07-28", able: []}, "an array for capabilities"),
            ({version: "2026-07-28", able: {}, f"{prefix}logLevel": "loud"}, "no such level"),
        ],
        100,
    ):
        request = call_of(number)
        request["params"]["_meta"] = meta
        r.by_hand("C", request, why)
    request = call_of(110)
    request["params"]["_meta"] = {version: "1900-01-01", able: {}}
    r.by_hand("C", request, "a version that nobody speaks", legal=True)


@scenario(open=True)
def custom_methods(r):
    """Both ends agreed on a method and on notifications of their own."""
    r.start(client={"methods": EXTENDED}, server={"methods": EXTENDED})
    r.call("acme/sum", {"numbers": [1, 2, 3]})
    request = r.request()
    r.server.notify("notifications/acme/step", {"step": 1}, r.now, related=request.request_id)
    r.settle()
    r.respond(request, {"sum": 6})
    if not r.modern:
        r.client.notify("notifications/acme/thanks", {"for": "the sum"}, r.now)
        r.settle()


def call_of(number):
    """Write a call of a tool."""
    return {
        "jsonrpc": "2.0",
        "id": number,
        "method": "tools/call",
        "params": {"name": "echo", "arguments": {"text": "hello"}},
    }


def initialize(number, revision, name):
    """Write an initialize."""
    params = {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": name, "version": "1"},
    }
    return {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": params}
