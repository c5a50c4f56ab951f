"""Faults of the peer, one message each: told, answered where an answer is due, and harming nothing else."""

import pytest
from tests.transcripts.registry import LEGACY, MODERN, scenario

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.session import MissingCapability

MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def request_of(r, number, method, **params):
    """Write a request that describes itself where the revision wants that."""
    if r.modern:
        params["_meta"] = MODERN_META
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


@scenario()
def unreadable_for_the_server(r):
    """What a server cannot read costs one message; calls go on."""
    r.start()
    r.tool("echo")
    for line, why in (
        ("Hello?", "no JSON"),
        ('{"jsonrpc":"2.0","id":9,"method":"ping"', "cut off"),
        (b'{"jsonrpc":"2.0","id":9,"method":"\xff"}', "no UTF-8"),
        ('{"jsonrpc":"2.0","id":9,"id":10,"method":"ping"}', "a name twice"),
        ('{"jsonrpc":"2.0","id":9,"method":"ping","params":{"x":NaN}}', "no number"),
        ("42", "a number"),
        ('{"jsonrpc":"1.0","id":9,"method":"ping"}', "another version of JSON-RPC"),
        ('{"jsonrpc":"2.0","id":null,"method":"ping"}', "null for an id"),
        ('{"jsonrpc":"2.0","id":9,"method":7}', "a number for a method"),
        ('{"jsonrpc":"2.0","id":9,"method":"ping","params":[]}', "an array for params"),
        ('{"jsonrpc":"2.0","method":9}', "a notification without a name"),
        ('{"jsonrpc":"2.0","id":9,"result":7}', "a number for a result"),
    ):
        r.by_hand("C", line, why)
    r.respond_text(r.request(), "hello")


@scenario()
def unreadable_for_the_client(r):
    """What a client cannot read is told to its user, and never answered."""
    r.start()
    r.tool("echo")
    for line, why in (
        ("Starting server...", "no JSON"),
        (b"\xff\xfe", "no UTF-8"),
        ('{"not":"json-rpc"}', "no message"),
        ('{"jsonrpc":"2.0","id":[],"result":{}}', "an array for an id"),
        ('{"jsonrpc":"2.0","error":"boom"}', "a text for an error"),
    ):
        r.by_hand("S", line, why)
    r.respond_text(r.request(), "hello")


@scenario()
def answers_that_cannot_be_used(r):
    """A call whose answer cannot be used ends at once, and not as an error of the server."""
    r.start()
    for answer, why in (
        ({"result": None}, "null for a result"),
        ({"result": {}, "error": {"code": 1, "message": "x"}}, "a result and an error"),
        ({"error": {"code": 1.5, "message": "x"}}, "a fraction for a code"),
        ({"result": {"resultType": "complete", "tools": None}}, "null for a list"),
        ({"result": {"resultType": "complete", "tools": [None]}}, "null for a tool"),
    ):
        r.client.send_request("tools/list", None, r.now)
        r.settle()
        request = r.request()
        r.by_hand("S", {"jsonrpc": "2.0", "id": request.request_id, **answer}, why)
        r.respond(request, {"tools": []})


@scenario()
def a_tool_that_does_not_fit(r):
    """A tool that does not fit its schema costs that tool and an event, not the list."""
    r.start()
    r.call("tools/list")
    request = r.request()
    result = {
        "tools": [{"name": "good", "inputSchema": {"type": "object"}}, {"name": "bad"}],
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
    }
    r.by_hand("S", {"jsonrpc": "2.0", "id": request.request_id, "result": result}, "no inputSchema")
    r.respond(request, {"tools": []})


@scenario()
def answers_to_nothing(r):
    """Answers to what nobody asked are dropped, whatever their id."""
    r.start()
    r.call("tools/list")
    request = r.request()
    result = {"tools": []}
    if r.modern:
        result |= {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    r.by_hand("S", answer(99, result), "an id that was never used")
    r.by_hand("S", answer(str(request.request_id), result), "the id as a text")
    r.respond(request, {"tools": []})
    r.by_hand("S", answer(request.request_id, result), "it was answered already", legal=True)
    error = {"code": -32700, "message": "what was that?"}
    r.by_hand("S", {"jsonrpc": "2.0", "id": None, "error": error}, "null for an id")
    r.by_hand("C", answer(7, {}), "the client answers what the server did not ask")


@scenario()
def methods_that_are_not_there(r):
    """Methods of nobody, of another revision, and of the other side are not found; nothing else happens."""
    r.start()
    names = ["acme/unknown", "tools/Call", "sampling/createMessage", "notifications/cancelled"]
    names += ["ping", "initialize", "logging/setLevel"] if r.modern else []
    names += ["elicitation/create", "tasks/get"]
    for number, name in enumerate(names, 100):
        r.by_hand("C", request_of(r, number, name), name)


@scenario()
def params_that_do_not_fit(r):
    """Params that do not fit their method are refused with the place."""
    r.start()
    r.by_hand("C", request_of(r, 100, "tools/call"), "no name")
    r.by_hand("C", request_of(r, 101, "tools/call", name=7), "a number for a name")
    r.by_hand("C", request_of(r, 102, "tools/call", name="echo", arguments=[]), "an array for arguments")
    r.by_hand("C", request_of(r, 103, "tools/list", cursor=7), "a number for a cursor")
    for params in ({"requestId": True}, {"requestId": [1]}, {}):
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
        legal = r.revision == "2025-11-25" and not params
        r.by_hand("C", message, f"a cancellation of {params.get('requestId')!r}", legal=legal)


@scenario()
def the_same_id_twice(r):
    """A second request under an id that is in flight is dropped; the id is free again after the answer."""
    r.start()
    r.by_hand("C", request_of(r, 5, "tools/call", name="waits"), "the first", legal=True)
    r.by_hand("C", request_of(r, 5, "tools/call", name="echo"), "the second", legal=True)
    r.by_hand("C", request_of(r, "5", "tools/call", name="echo"), "the id as a text is another", legal=True)
    first, other = r.request(), r.request()
    r.respond_text(first, "the first")
    r.respond_text(other, "the text")
    r.by_hand("C", request_of(r, 5, "tools/call", name="echo"), "the third", legal=True)
    r.respond_text(r.request(), "the third")


@scenario()
def cancelling_what_is_not_there(r):
    """A cancellation of what is not in flight is dropped."""
    r.start()
    r.tool("echo")
    r.respond_text(r.request(), "hello")
    for request_id in (2, "2", 404):
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}}
        r.by_hand("C", message, f"{request_id!r} is not in flight", legal=True)


@scenario()
def requests_as_notifications(r):
    """A method that wants an answer is not run without an id, and a notification is none with one."""
    r.start()
    message = request_of(r, 1, "tools/call", name="echo")
    del message["id"]
    r.by_hand("C", message, "a call without an id")
    r.by_hand("C", request_of(r, 100, "notifications/initialized"), "a notification with an id")
    r.by_hand("S", {"jsonrpc": "2.0", "method": "notifications/acme"}, "a notification of nobody")


@scenario(MODERN)
def requests_of_a_modern_server(r):
    """A modern server sends no requests; one that does is not answered."""
    r.start()
    params = {"messages": [], "maxTokens": 1}
    request = {"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": params}
    r.by_hand("S", request, "a request")
    r.by_hand("S", {"jsonrpc": "2.0", "id": 2, "method": "ping"}, "a ping")


@scenario(MODERN)
def unusable_questions(r):
    """A result that asks must ask for something, and only where the method allows it."""
    r.start()
    for method, result, why in (
        ("tools/call", {"resultType": "input_required"}, "neither questions nor a state"),
        ("tools/list", {"resultType": "input_required", "requestState": "s"}, "a list does not ask"),
        ("tools/call", {"resultType": "acme/other", "content": []}, "a type of result that nobody knows"),
    ):
        r.call(method, {"name": "asks"} if method == "tools/call" else None)
        request = r.request()
        r.by_hand("S", answer(request.request_id, result), why)
        r.respond(request, {"tools": []} if method == "tools/list" else {"content": []})


@scenario()
def capabilities_of_the_server(r):
    """What a server did not declare is not asked for, and not found when it is."""
    tools = schema.ToolsCapability()
    r.start(server={"capabilities": schema.ServerCapabilities(tools=tools)})
    r.note("our client does not send it")
    for method, params in (("prompts/list", None), ("resources/read", {"uri": "note://greeting"})):
        with pytest.raises(MissingCapability):
            r.client.send_request(method, params, r.now)
    r.note("another one does")
    r.by_hand("C", request_of(r, 100, "prompts/list"), "prompts were not declared", legal=True)
    r.by_hand("C", request_of(r, 101, "resources/list"), "resources were not declared", legal=True)
    r.note("our server tells nothing that it did not declare")
    params = schema.LoggingMessageNotificationParams(level="error", data="never sent")
    with pytest.raises(LocalProtocolError):
        r.server.notify("notifications/message", params, r.now)
    r.note("completion needs no declaration in 2024-11-05")
    complete = {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "tone", "value": "ki"}}
    r.by_hand("C", request_of(r, 102, "completion/complete", **complete), "a completion", legal=True)
    if r.revision == "2024-11-05":
        r.respond(r.request(), {"completion": {"values": ["kind"]}})


@scenario()
def resources_that_are_not_there(r):
    """The error for a resource that is not there, under the code of the revision."""
    r.start()
    r.call("resources/read", {"uri": "note://none"})
    code = -32602 if r.modern else -32002
    r.fail(r.request(), code, "there is no resource 'note://none'", data={"uri": "note://none"})


@scenario()
def handlers_that_fail(r):
    """A handler that raises is told to our side; the peer hears a constant text."""
    r.start()
    r.call("prompts/get", {"name": "greet"})
    r.fail(r.request(), -32603, "the request failed", cause=ValueError("secret"))
    r.call("tools/list")
    r.respond(r.request(), {"tools": []})


@scenario(LEGACY)
def a_session_is_opened_once(r):
    """What belongs to the opening of a session has no place later."""
    r.start()
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    r.by_hand("C", initialized, "notifications/initialized once more", legal=True)
    r.tool("echo")
    r.respond_text(r.request(), "hello")


def answer(request_id, result):
    """Write an answer."""
    return {"jsonrpc": "2.0", "id": request_id, "result": result}
