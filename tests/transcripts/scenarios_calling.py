"""Calls: pages, times, many at once, arrays, logging and the limits on what one peer may ask for."""

from tests.transcripts.registry import LEGACY, MODERN, scenario
from tests.transcripts.scenarios_plain import ADD

from sansmcp import schema
from sansmcp.session import CallRequest, KeepAlive, SessionLimits, Timeouts


@scenario(http=True)
def pages(r):
    """Lists come page by page; a cursor that the server does not know is refused."""
    r.start()
    for method, name in (
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ):
        r.call(method)
        r.respond(r.request(), {name: [], "nextCursor": "2"})
        r.call(method, {"cursor": "2"})
        r.respond(r.request(), {name: []})
    r.call("tools/list", {"cursor": "none"})
    r.fail(r.request(), -32602, "cursor: there is no such page")


@scenario()
def rich_results(r):
    """Results with every kind of content; what the revision cannot say is said in another way."""
    r.start()
    r.call("tools/list")
    typed = {
        "type": "object",
        "properties": {"degrees": {"type": "number"}},
        "required": ["degrees"],
    }
    icon = schema.Icon(src="https://example.org/icon.png", mime_type="image/png", sizes=("48x48",))
    r.respond(
        r.request(),
        schema.ListToolsResult(
            tools=(
                schema.Tool(
                    name="weather",
                    title="Weather",
                    description="How warm it is.",
                    icons=(icon,),
                    input_schema={"type": "object"},
                    output_schema=typed,
                    annotations=schema.ToolAnnotations(title="Weather", read_only_hint=True),
                ),
                schema.Tool(name="list", input_schema={"type": "object"}, output_schema={"type": "array"}),
            )
        ),
    )
    r.tool("weather")
    r.respond(
        r.request(),
        schema.CallToolResult(
            content=(
                schema.TextContent(
                    text='{"degrees":21.5}', annotations=schema.Annotations(audience=("user",), priority=0.5)
                ),
                schema.ImageContent(data="aGVsbG8=", mime_type="image/png"),
                schema.AudioContent(data="aGVsbG8=", mime_type="audio/wav"),
                schema.ResourceLink(uri="note://greeting", name="greeting", title="A greeting"),
                schema.EmbeddedResource(
                    resource=schema.TextResourceContents(uri="note://greeting", text="Good morning")
                ),
            ),
            structured_content={"degrees": 21.5},
        ),
    )
    r.tool("list")
    r.respond(
        r.request(),
        schema.CallToolResult(content=(schema.TextContent(text="[1,2]"),), structured_content=[1, 2]),
    )


@scenario(open=True)
def unknown_members(r):
    """Members that nobody knows, and `_meta`, come out at the other end as they went in."""
    r.start()
    r.tool_of({"name": "echo", "arguments": {}, "acme": [1, None], "_meta": {"acme.example/trace": "t1"}})
    r.respond(
        r.request(),
        {
            "content": [{"type": "text", "text": "hello", "acme": True}],
            "acme": {"deep": {}},
            "_meta": {"acme.example/trace": "t1"},
        },
    )


@scenario()
def timing_out(r):
    """A call without an answer is given up when its time is over; the late answer is dropped."""
    r.start()
    r.tool("waits", timeout=5.0)
    request = r.request()
    r.server.hold()
    r.advance(6.0)
    r.note("the server answers before it has read that nobody waits")
    r.respond_text(request, "late")
    r.release(r.server)


@scenario()
def progress_does_not_last_for_ever(r):
    """Progress moves the end of a call, though never past its maximum."""
    r.start()
    r.tool("slow", progress=True, timeout=10.0, maximum=25.0)
    request = r.request()
    for step in (1, 2, 3):
        r.advance(7.0)
        r.progress(request, step)
    r.advance(7.0)
    r.respond_text(request, "too late")


@scenario()
def progress_must_rise(r):
    """Progress that does not rise, that nobody asked for, or that comes after the end has no place."""
    r.start()
    r.tool("slow", progress=True)
    request = r.request()
    r.progress(request, 2)
    token = request.progress_token
    for sent, why in (
        ({"progressToken": token, "progress": 2}, "not more than before"),
        ({"progressToken": str(token), "progress": 3}, "the same token as a text"),
        ({"progressToken": 99, "progress": 3}, "a token that nobody gave"),
    ):
        message = {"jsonrpc": "2.0", "method": "notifications/progress", "params": sent}
        r.by_hand("S", message, why, legal=True)
    r.progress(request, 2.5)
    r.respond_text(request, "done")
    message["params"] = {"progressToken": token, "progress": 9}
    r.by_hand("S", message, "after the end", legal=True)


@scenario(("2025-03-26",), http=True)
def arrays(r):
    """Several calls travel as one array, and their answers too; notifications are not answered."""
    r.start()
    r.client.send_batch(
        (
            CallRequest(method="tools/call", params={"name": "add", "arguments": {"a": 1, "b": 2}}),
            CallRequest(method="ping"),
            CallRequest(method="tools/list"),
        ),
        r.now,
    )
    r.settle()
    call, listing = r.request(), r.request()
    r.respond(listing, {"tools": [ADD]})
    r.note("the answers leave together when the last one is there")
    r.respond_text(call, "3")
    notification = {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}
    ping = {"jsonrpc": "2.0", "id": 50, "method": "ping"}
    r.by_hand("C", [notification, notification], "only notifications", legal=True)
    r.by_hand("C", [ping, 7, {"jsonrpc": "2.0", "id": None, "method": "ping"}], "items that are no messages")
    r.by_hand("C", [], "an empty array")
    r.by_hand("C", [{**ping, "id": 51}, {**ping, "id": 51}], "the same id twice", legal=True)
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    modern = {"jsonrpc": "2.0", "id": 52, "method": "tools/list", "params": {"_meta": meta}}
    r.by_hand("C", [modern, {**ping, "id": 53}], "a modern request among legacy ones")


@scenario(("2025-03-26",))
def arrays_of_a_server(r):
    """The server may send arrays too."""
    r.start()
    ping = {"jsonrpc": "2.0", "id": 9, "method": "ping"}
    r.by_hand("S", [ping, notification_of_tools()], "no server of ours does", legal=True)


@scenario(("2025-03-26",))
def a_cancelled_item_of_an_array(r):
    """An item of an array that is cancelled is not waited for."""
    r.start()
    first, _ = r.client.send_batch(
        (
            CallRequest(method="tools/call", params={"name": "waits"}),
            CallRequest(method="tools/call", params={"name": "add", "arguments": {"a": 1, "b": 2}}),
        ),
        r.now,
    )
    r.settle()
    waits, adds = r.request(), r.request()
    r.respond_text(adds, "3")
    r.client.cancel(first, r.now)
    r.settle()
    r.respond_text(waits, "too late")


@scenario(("2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28"))
def arrays_are_no_messages(r):
    """An array is refused as a whole where the revision has none."""
    r.start()
    ping = {"jsonrpc": "2.0", "id": 50, "method": "ping"}
    r.by_hand("C", [ping, ping], "an array for the server")
    r.by_hand("S", [ping, ping], "an array for the client")
    r.note("several calls at once are several messages")
    r.client.send_batch((CallRequest(method="tools/list"), CallRequest(method="prompts/list")), r.now)
    r.settle()
    first, second = r.request(), r.request()
    r.respond(first, {"tools": []})
    r.respond(second, {"prompts": []})


def notification_of_tools():
    """Write that the tools changed."""
    return {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}


@scenario()
def many_at_once(r):
    """Past the limit requests wait, past that they are refused; cancelling and answering go on meanwhile."""
    r.start(server={"limits": SessionLimits(requests_in_flight=1, backlog=2)})
    handles = [
        r.client.send_request("tools/call", {"name": "waits", "arguments": {"n": number}}, r.now)
        for number in range(5)
    ]
    r.settle()
    first = r.request()
    r.client.cancel(handles[1], r.now)
    r.settle()
    r.respond_text(first, "first")
    r.respond_text(r.request(), "third")


@scenario()
def one_by_one(r):
    """Requests of a method that is kept in order are worked on one after the other; others overtake them."""
    r.start(server={"ordered": frozenset({"tools/call"})})
    for number in range(2):
        r.client.send_request("tools/call", {"name": "echo", "arguments": {"n": number}}, r.now)
    r.client.send_request("tools/list", None, r.now)
    r.settle()
    first, listing = r.request(), r.request()
    r.respond(listing, {"tools": []})
    r.respond_text(first, "first")
    r.respond_text(r.request(), "second")


@scenario(LEGACY)
def log_levels(r):
    """The level of a session may be changed at any time, and holds for messages of no request too."""
    r.start()
    r.note("before the client has said what it wants, nothing is sent")
    r.log("emergency", "never sent")
    for level in ("error", "debug"):
        r.client.set_log_level(level, r.now)
        r.settle()
        r.log("warning", {"wanted": level}, logger="disk")
        r.log("critical", [level, None])


@scenario(LEGACY)
def ping_from_the_server(r):
    """The server asks whether the client is there."""
    r.start()
    r.server.ping(r.now)
    r.settle()


@scenario(LEGACY)
def keeping_alive(r):
    """Pings are sent while nothing else is under way, from both ends where both want it."""
    r.start(
        client={"keep_alive": KeepAlive(interval=20.0, timeout=5.0)},
        server={"keep_alive": KeepAlive(interval=30.0, timeout=5.0)},
    )
    r.advance(45.0)
    r.note("no pings while a call is in flight")
    r.tool("waits", timeout=100.0)
    r.advance(99.0)
    r.respond_text(r.request(), "done")
    r.advance(19.0)


@scenario(LEGACY)
def keeping_alive_in_vain(r):
    """A server that answers no ping is given up."""
    r.start(client={"keep_alive": KeepAlive(interval=20.0, timeout=5.0, failures=2)})
    r.server.hold()
    r.advance(100.0)


@scenario(LEGACY)
def a_client_that_answers_no_ping(r):
    """A client that answers no ping is given up."""
    r.start(server={"keep_alive": KeepAlive(interval=20.0, timeout=5.0, failures=2)})
    r.client.hold()
    r.advance(100.0)


@scenario()
def short_times(r):
    """How long a call may take is set for all calls, and for one."""
    r.start(client={"timeouts": Timeouts(request=2.0)})
    r.tool("waits")
    r.tool("waits", timeout=1.0)
    r.advance(3.0)
    r.fail(r.request(), -32603, "stopped")
    r.fail(r.request(), -32603, "stopped")


@scenario(MODERN)
def identifiers_of_the_client(r):
    """A client may name its requests by numbers and texts; 7 and "7" are two."""
    r.start()
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    for number in (7, "7", 0, "", -(2**60)):
        params = {"name": "echo", "arguments": {}, "_meta": meta}
        call = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        r.by_hand("C", call, f"a call named {number!r}", legal=True)
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    r.by_hand("C", cancelled, "7 is given up", legal=True)
    for text in ("seven", "seven as a text", "zero", "nothing", "far below"):
        r.respond_text(r.request(), text)


@scenario()
def progress_at_a_pace(r):
    """Past a burst progress is held, and only the newest value is sent; the result waits for nothing."""
    limits = SessionLimits(progress_burst=2, progress_interval=1.0)
    r.start(server={"limits": limits})
    r.tool("slow", progress=True)
    request = r.request()
    for step in range(1, 6):
        r.progress(request, step, 9)
    r.advance(1.5)
    r.progress(request, 6, 9)
    r.progress(request, 7, 9)
    r.respond_text(request, "done")


@scenario()
def log_messages_at_a_pace(r):
    """Past a burst log messages of one logger and level are counted, and the count is sent later."""
    limits = SessionLimits(log_burst=2, log_interval=1.0)
    r.start(client={"log_level": "info"} if r.modern else None, server={"limits": limits})
    if not r.modern:
        r.client.set_log_level("info", r.now)
        r.settle()
    r.tool("talks")
    request = r.request()
    for number in range(5):
        r.log("info", f"number {number}", request=request, logger="disk")
    r.log("warning", "another level", request=request, logger="disk")
    r.advance(3.0)
    r.log("info", "number 5", request=request, logger="disk")
    r.respond_text(request, "done")


@scenario()
def too_many_notifications(r):
    """Notifications past the limit are dropped; cancellations and answers are not among them."""
    limits = SessionLimits(notification_burst=2, notification_interval=1.0)
    r.start(client={"limits": limits}, server={"limits": limits})
    call = r.tool("slow", progress=True)
    request = r.request()
    for step in (1, 2, 3, 4):
        r.progress(request, step)
    r.advance(2.0)
    r.progress(request, 5)
    unknown = {"jsonrpc": "2.0", "method": "notifications/acme"}
    for _ in range(3):
        r.by_hand("C", unknown, "a notification of nobody")
    r.client.cancel(call, r.now)
    r.settle()
    r.respond_text(request, "too late")
