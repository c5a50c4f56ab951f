"""What works: conversations that a server of the official SDK is given too, so the tools are its own."""

from tests.transcripts.registry import LEGACY, MODERN, scenario

from sansmcp import schema
from sansmcp.session import Change, ChangeKind

NOTE = "note://greeting"
FORM = schema.InputRequest(
    method="elicitation/create",
    params=schema.ElicitRequestFormParams(
        message="What is your name?",
        requested_schema=schema.RequestedSchema(
            properties={"name": schema.StringSchema(title="Name")}, required=("name",)
        ),
    ),
)
SAMPLE = schema.InputRequest(
    method="sampling/createMessage",
    params=schema.CreateMessageRequestParams(
        messages=(schema.SamplingMessage(role="user", content=schema.TextContent(text="Say hello")),),
        max_tokens=10,
    ),
)
ROOTS = schema.InputRequest(method="roots/list", params=schema.ListRootsRequestParams())
ACCEPTED = schema.ElicitResult(action="accept", content={"name": "Bo"})
SAMPLED = schema.CreateMessageResult(
    role="assistant", content=schema.TextContent(text="Hello"), model="small", stop_reason="endTurn"
)
FOUND_ROOTS = schema.ListRootsResult(roots=(schema.Root(uri="file:///home/bo", name="home"),))

ADD = {
    "name": "add",
    "description": "Add two numbers.",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


@scenario(LEGACY, replayed=True, http=True)
def handshake(r):
    """A session is opened by a handshake, used once, and closed by the client."""
    r.start(server={"instructions": "For examples."})
    r.tool("add", {"a": 1, "b": 2})
    r.respond(r.request(), {"content": [{"type": "text", "text": "3"}]})


@scenario(MODERN, replayed=True, http=True)
def discovery(r):
    """The client asks what the server speaks; each request describes itself, and there is no session."""
    r.start(server={"instructions": "For examples."})
    r.tool("add", {"a": 1, "b": 2})
    r.respond(r.request(), {"content": [{"type": "text", "text": "3"}]})


@scenario(replayed=True, http=True)
def lists(r):
    """What a server offers is listed."""
    r.start()
    r.call("tools/list")
    r.respond(r.request(), {"tools": [ADD]})
    r.call("prompts/list")
    r.respond(
        r.request(), {"prompts": [{"name": "greet", "arguments": [{"name": "name", "required": True}]}]}
    )
    r.call("resources/list")
    r.respond(r.request(), {"resources": [{"uri": NOTE, "name": "greeting", "mimeType": "text/plain"}]})
    r.call("resources/templates/list")
    r.respond(
        r.request(), {"resourceTemplates": [{"uriTemplate": "note://by-name/{name}", "name": "by_name"}]}
    )


@scenario(replayed=True, http=True)
def uses(r):
    """A tool is called, a prompt and a resource are fetched, an argument is completed."""
    r.start()
    r.tool("echo", {"text": "grüß dich \u2028 🙂"})
    r.respond_text(r.request(), "grüß dich \u2028 🙂")
    r.call("prompts/get", {"name": "greet", "arguments": {"name": "Bo"}})
    text = {"type": "text", "text": "Greet Bo in a kind tone."}
    r.respond(
        r.request(), {"description": "Write a greeting.", "messages": [{"role": "user", "content": text}]}
    )
    r.call("resources/read", {"uri": NOTE})
    r.respond(r.request(), {"contents": [{"uri": NOTE, "mimeType": "text/plain", "text": "Good morning"}]})
    r.call(
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "tone", "value": "ki"}},
    )
    r.respond(r.request(), {"completion": {"values": ["kind", "kindly"], "total": 2, "hasMore": False}})


@scenario(replayed=True, http=True)
def failures_of_tools(r):
    """A tool that fails has a result, which says so."""
    r.start()
    r.tool("fails", {"reason": "no more paper"})
    text = schema.TextContent(text="no more paper")
    r.respond(r.request(), schema.CallToolResult(content=(text,), is_error=True))
    r.note("what the handler raised is told to our side only")
    r.tool("crashes")
    text = schema.TextContent(text="crashes failed")
    request = r.request()
    r.server.respond(
        request.request_id,
        schema.CallToolResult(content=(text,), is_error=True),
        r.now,
        cause=RuntimeError("crashed inside"),
    )
    r.answered(request)


@scenario(replayed=True, http=True)
def progress(r):
    """A call reports how far it is; each report gives it its whole timeout again."""
    r.start()
    r.tool("slow", {"steps": 2}, progress=True, timeout=10.0)
    request = r.request()
    r.advance(8.0)
    r.progress(request, 1, 2, "step 1 of 2")
    r.advance(8.0)
    r.progress(request, 2, 2, "step 2 of 2")
    r.advance(8.0)
    r.respond_text(request, "2 steps")


@scenario(replayed=True, http=True)
def answers_out_of_order(r):
    """Calls run at once, and are answered in any order."""
    r.start()
    r.client.send_request("tools/call", {"name": "echo", "arguments": {"text": "first"}}, r.now)
    r.client.send_request("tools/call", {"name": "add", "arguments": {"a": 1, "b": 1}}, r.now)
    r.client.send_request("tools/call", {"name": "echo", "arguments": {"text": "third"}}, r.now)
    r.settle()
    first, second, third = r.request(), r.request(), r.request()
    r.respond_text(third, "third")
    r.respond_text(first, "first")
    r.respond_text(second, "2")


@scenario(replayed=True, http=True)
def cancelling(r):
    """The client gives a call up; its handler is told, and what it answers after that is dropped."""
    r.start()
    call = r.tool("waits", progress=True)
    request = r.request()
    r.progress(request, 1, 2, "waiting")
    r.advance(1.5)
    r.client.cancel(call, r.now, reason="the user pressed stop")
    r.settle()
    r.respond_text(request, "too late")
    r.tool("cancelled_calls")
    r.respond_text(r.request(), "1")


@scenario(("2025-06-18", "2025-11-25", "2026-07-28"), replayed=True, http=True)
def elicitation(r):
    """A tool asks the user to fill in a form: the user does, the call is run again with the answer."""
    r.start()
    r.tool("asks")
    r.advance(1.0)
    r.ask(r.request(), {"__main__:name_of_user": FORM}, request_state=r.state("s1"))
    r.advance(900.0)
    r.provide(r.question(), ACCEPTED)
    r.advance(1.0)
    r.respond_text(r.request(), "Hello, Bo")


@scenario(replayed=True, http=True)
def sampling(r):
    """A tool asks the client's model."""
    r.start()
    r.tool("samples")
    r.ask(r.request(), {"__main__:sampled": SAMPLE}, request_state=r.state("s1"))
    r.provide(r.question(), SAMPLED)
    r.respond_text(r.request(), "small: Hello")


@scenario(replayed=True, http=True)
def roots(r):
    """A tool asks which folders it may work in."""
    r.start()
    r.tool("lists_roots")
    r.ask(r.request(), {"__main__:roots": ROOTS}, request_state=r.state("s1"))
    r.provide(r.question(), FOUND_ROOTS)
    r.respond_text(r.request(), "file:///home/bo")


@scenario(MODERN, replayed=True, http=True)
def listening(r):
    """The client listens for changes of all kinds, hears of them, and stops."""
    r.start()
    handle = r.client.listen(
        schema.SubscriptionFilter(
            tools_list_changed=True,
            prompts_list_changed=True,
            resources_list_changed=True,
            resource_subscriptions=(NOTE,),
        ),
        r.now,
    )
    r.settle()
    r.tool("changes")
    for kind in (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES):
        r.publish(Change(kind=kind))
    r.publish(Change(kind=ChangeKind.RESOURCE, uri=NOTE))
    r.respond_text(r.request(), "changed")
    r.note("a listening subscription has no deadline")
    r.advance(1800.0)
    r.client.cancel(handle, r.now)
    r.settle()
    r.note("nobody hears of this")
    r.publish(Change(kind=ChangeKind.TOOLS))


@scenario(LEGACY, replayed=True, http=True)
def listening_to_a_resource(r):
    """In a legacy session changes of lists come unasked, and resources are subscribed to one by one."""
    r.start()
    handle = r.client.listen(
        schema.SubscriptionFilter(
            tools_list_changed=True,
            prompts_list_changed=True,
            resources_list_changed=True,
            resource_subscriptions=(NOTE,),
        ),
        r.now,
    )
    r.settle()
    r.tool("changes")
    for kind in (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES):
        r.publish(Change(kind=kind))
    r.publish(Change(kind=ChangeKind.RESOURCE, uri=NOTE))
    r.respond_text(r.request(), "changed")
    r.client.cancel(handle, r.now)
    r.settle()
    r.note("nobody hears of this")
    r.publish(Change(kind=ChangeKind.RESOURCE, uri=NOTE))


@scenario(LEGACY, replayed=True, http=True)
def ping(r):
    """The client asks whether the server is there."""
    r.start()
    r.client.ping(r.now)
    r.settle()


@scenario(LEGACY, replayed=True, http=True)
def logging(r):
    """The client sets the level of log messages; what is less severe is not sent."""
    r.start()
    r.client.set_log_level("warning", r.now)
    r.settle()
    r.tool("echo", {"text": "hello"})
    request = r.request()
    r.log("debug", "never sent", request=request)
    r.respond_text(request, "hello")


@scenario(MODERN, replayed=True, http=True)
def logging_per_request(r):
    """Each request says which log messages it wants; less severe ones are not sent."""
    r.start(client={"log_level": "warning"})
    r.tool("logs", {"text": "sounds"})
    request = r.request()
    r.log("debug", "quiet sounds", request=request, logger="peer")
    r.log("warning", "loud sounds", request=request, logger="peer")
    r.respond_text(request, "logged")
