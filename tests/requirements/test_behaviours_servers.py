"""What a server offers and how it says so (Tools, Prompts and Resources of each revision)."""

import base64

import pytest
from tests.client.toys import PairClient
from tests.server.conversation import MODERN, Conversation

from sansmcp import RequestFailed, Server, schema
from sansmcp.client import read_resource
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Audio, Embedded, Image
from sansmcp.testing import connected_pair

every_revision = pytest.mark.parametrize("revision", REVISIONS)
LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
NAMES = ["zebra", "ant", "Mole", "mole"]


@pytest.fixture
def server():
    """Return a server with some of each kind, in no order of names."""
    server = Server("offers", version="1")
    for name in NAMES:
        server.add_tool(lambda: 1, name=name)
        server.add_prompt(lambda: "hi", name=name)
        server.add_resource(f"animal:{name}", name)
    return server


def lists_of(peer):
    return {method: peer.result(method)[member] for method, member in LISTS.items()}


# Lists


@every_revision
def test_a_declared_list_is_answered_when_there_is_nothing_in_it(revision):
    declared = schema.ServerCapabilities(
        tools=schema.ToolsCapability(),
        prompts=schema.PromptsCapability(),
        resources=schema.ResourcesCapability(),
    )
    peer = Conversation(Server("empty", version="1", capabilities=declared), revision)
    assert lists_of(peer) == {method: [] for method in LISTS}


@every_revision
def test_a_declared_list_is_answered_with_all_there_is(server, revision):
    found = lists_of(Conversation(server, revision))
    assert [tool["name"] for tool in found["tools/list"]] == NAMES
    assert [prompt["name"] for prompt in found["prompts/list"]] == NAMES
    assert [resource["uri"] for resource in found["resources/list"]] == [f"animal:{name}" for name in NAMES]


@every_revision
def test_a_list_is_the_same_on_every_connection_and_whatever_was_asked_before(server, revision):
    fresh = lists_of(Conversation(server, revision))
    busy = Conversation(server, revision, capabilities={}, meta={"com.example/a": 1})
    for _ in range(3):
        busy.request("tools/call", name="ant", arguments={})
        busy.request("tools/call", name="nobody", arguments={})
        busy.request("prompts/get", name="mole")
        busy.request("resources/read", uri="animal:ant")
        busy.request("acme/unknown")
        assert lists_of(busy) == fresh
    assert lists_of(Conversation(server, revision)) == fresh


@every_revision
def test_tools_come_in_the_same_order_each_time(server, revision):
    peers = [Conversation(server, revision) for _ in range(3)] * 2
    orders = [[tool["name"] for tool in peer.result("tools/list")["tools"]] for peer in peers]
    assert orders == [NAMES] * 6


# Tools


@pytest.mark.parametrize("input_schema", [[], "object", 7, True, {}, {"type": "array"}, {"type": ["object"]}])
def test_a_tool_without_an_object_as_its_input_schema_is_refused_when_it_is_registered(server, input_schema):
    with pytest.raises(LocalProtocolError):
        server.add_tool(lambda arguments: arguments, name="raw", input_schema=input_schema)
    assert [tool["name"] for tool in lists_of(Conversation(server))["tools/list"]] == NAMES


@every_revision
def test_every_tool_is_listed_with_an_object_as_its_input_schema(server, revision):
    server.add_tool(lambda arguments: arguments, name="raw", input_schema={"type": "object"})
    server.add_tool(lambda a, b=2: a + b, name="untyped")
    for tool in lists_of(Conversation(server, revision))["tools/list"]:
        assert tool["inputSchema"]["type"] == "object"


@every_revision
@pytest.mark.parametrize("input_schema", [None, [], "x", {}, {"type": "array"}])
def test_a_list_made_by_hand_cannot_hold_a_tool_without_one(revision, input_schema):
    pair = connected_pair(revision)
    pair.client.send_request("tools/list", None, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    tools = (schema.Tool(name="a", input_schema=input_schema),)
    with pytest.raises(LocalProtocolError, match="inputSchema"):
        pair.server.respond(received.request_id, schema.ListToolsResult(tools=tools), pair.now)


@every_revision
def test_tools_whose_names_differ_in_case_are_two_tools(revision):
    server = Server("names", version="1")
    server.add_tool(lambda: "small", name="mole")
    server.add_tool(lambda: "large", name="MOLE")
    peer = Conversation(server, revision)
    assert (peer.text("mole"), peer.text("MOLE")) == ("small", "large")
    assert peer.error("tools/call", name="Mole")["code"] == -32602


# Resources and bytes


@every_revision
@pytest.mark.parametrize("code", [-32602, -32002])
def test_a_client_knows_a_missing_resource_by_both_codes(revision, code):
    client = PairClient({"resources/read": lambda _: None}, revision)

    def refuse(event):
        # As a server of any revision may say it, whatever it is spoken to in.
        line = f'{{"jsonrpc":"2.0","id":{event.request_id},"error":{{"code":{code},"message":"none"}}}}\n'
        client.pair.send_as_server(line.encode())

    client.answers = {"resources/read": refuse}
    with pytest.raises(RequestFailed) as caught:
        client.call(read_resource("a:b"))
    assert caught.value.is_resource_not_found
    assert caught.value.code == code


DATA = bytes(range(256))


def leaves(value):
    """Yield the objects in a value that carry bytes."""
    if isinstance(value, dict):
        if "data" in value or "blob" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)


@every_revision
def test_bytes_travel_as_base64_with_their_type(revision):
    server = Server("bytes", version="1")
    blocks = [Image(DATA, "image/png"), Embedded("a:b", DATA, mime_type="x/y")]
    if revision >= "2025-03-26":
        blocks.append(Audio(DATA, "audio/wav"))
    server.add_tool(lambda: blocks, name="tool")
    server.add_prompt(lambda: blocks, name="prompt")
    server.add_resource("a:b", DATA, mime_type="x/y")
    peer = Conversation(server, revision)
    found = [*leaves(peer.call("tool")), *leaves(peer.result("prompts/get", name="prompt"))]
    found += leaves(peer.result("resources/read", uri="a:b"))
    assert len(found) == 2 * len(blocks) + 1
    for block in found:
        text = block.get("data", block.get("blob"))
        assert base64.b64decode(text, validate=True) == DATA
        assert block["mimeType"] in {"image/png", "audio/wav", "x/y"}


def test_a_block_of_bytes_without_its_type_cannot_be_said():
    pair = connected_pair(MODERN)
    pair.client.send_request("tools/call", {"name": "tool"}, pair.now)
    pair.settle()
    (received,) = pair.take_server_events()
    untyped = schema.CallToolResult(content=(schema.ImageContent(data="AA==", mime_type=None),))
    with pytest.raises(LocalProtocolError, match="mimeType"):
        pair.server.respond(received.request_id, untyped, pair.now)


@every_revision
def test_an_embedded_resource_says_its_uri_its_type_and_its_contents(revision):
    server = Server("embedding", version="1")
    server.add_prompt(lambda: [Embedded("a:b", "text"), Embedded("a:c", DATA)], name="prompt")
    server.add_prompt(lambda: Embedded("a:d", "# x", mime_type="text/markdown"), name="markdown")
    peer = Conversation(server, revision)
    messages = peer.result("prompts/get", name="prompt")["messages"]
    messages += peer.result("prompts/get", name="markdown")["messages"]
    assert [message["content"]["resource"] for message in messages] == [
        {"uri": "a:b", "mimeType": "text/plain", "text": "text"},
        {"uri": "a:c", "mimeType": "application/octet-stream", "blob": base64.b64encode(DATA).decode()},
        {"uri": "a:d", "mimeType": "text/markdown", "text": "# x"},
    ]
