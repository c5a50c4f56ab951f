"""What a registration returns."""

import attrs
import pytest
from tests.server.conversation import Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import (
    Server,
)


def named():
    return Server("changing", version="1")


def names(peer, kind="tools"):
    """Return what a client sees of a list."""
    key = "uri" if kind == "resources" else "name"
    return [item[key] for item in peer.result(f"{kind}/list")[kind]]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_tool_is_hidden_shown_where_it_stood_and_removed(revision):
    server = named()
    handles = [server.add_tool(lambda: 1, name=name) for name in ("a", "b", "c")]
    peer = Conversation(server, revision)
    handles[1].disable()
    assert not handles[1].is_enabled
    assert names(peer) == ["a", "c"]
    assert peer.error("tools/call", name="b")["code"] == -32602
    assert list(server.tools) == ["a", "b", "c"]
    handles[1].enable()
    assert names(peer) == ["a", "b", "c"]
    assert peer.text("b") == "1"
    handles[0].remove()
    handles[0].remove()
    assert names(peer) == ["b", "c"]
    assert list(server.tools) == ["b", "c"]
    assert not handles[0].is_enabled


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_tool_is_updated_in_its_place(revision):
    server = named()

    @server.tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    server.add_tool(lambda: 1, name="last")

    def subtract(a: int, b: int, c: int = 0) -> int:
        return a - b - c

    handle = server.tools["add"]
    handle.update(function=subtract, name="take", icons=[schema.Icon(src="https://x.example/i.png")])
    peer = Conversation(server, revision)
    assert names(peer) == ["take", "last"]
    assert peer.text("take", a=7, b=2, c=1) == "4"
    assert "add" not in server.tools
    assert server.tools["take"] == handle
    assert handle.definition.icons == (schema.Icon(src="https://x.example/i.png"),)
    handle.update(title="Take away")
    assert handle.definition.name == handle.name == "take"
    assert handle.definition.title == "Take away"


def test_another_function_goes_by_the_name_that_was_there():
    server = named()

    @server.tool
    def first() -> str:
        """One."""
        return "1"

    def second() -> str:
        """Two."""
        return "2"

    tool = server.tools["first"]
    tool.update(function=second)
    assert (tool.name, tool.definition.description) == ("first", "Two.")
    tool.update(function=lambda: "3")
    assert Conversation(server).text("first") == "3"
    resource = server.add_resource("config://app", first)
    resource.update(source="4")
    assert resource.definition.name == "first"


def test_an_update_leaves_a_hidden_item_hidden():
    server = named()
    handle = server.add_tool(lambda: 1, name="a")
    handle.disable()
    handle.update(title="A")
    assert not handle.is_enabled


@pytest.mark.parametrize("revision", REVISIONS)
def test_prompts_and_resources_have_handles_too(revision):
    server = Server("changing", version="1", capabilities={"prompts": True, "resources": True})
    prompt = server.add_prompt(lambda: "one", name="greeting")
    resource = server.add_resource("config:app", "x")
    peer = Conversation(server, revision)
    prompt.update(function=lambda: "two", description="Greets.")
    resource.update(source="yy", title="App")
    assert prompt.definition.description == "Greets."
    assert (resource.definition.title, resource.definition.size) == ("App", 2)
    assert server.prompts == {"greeting": prompt}
    assert server.resources == {"config:app": resource}
    said = peer.result("prompts/get", name="greeting")["messages"]
    assert said[0]["content"]["text"] == "two"
    assert peer.result("resources/read", uri="config:app")["contents"][0]["text"] == "yy"
    prompt.disable()
    resource.disable()
    assert names(peer, "resources") == names(peer, "prompts") == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_methods_of_ones_own_have_handles_too(revision):
    server = named()
    method = server.add_method("acme/double", lambda number: {"doubled": 2 * number})

    def hear(text: str) -> None:
        heard.append(text)

    heard: list[str] = []
    note = server.add_notification("notifications/acme/note", hear)
    peer = Conversation(server, revision)
    assert peer.result("acme/double", number=2)["doubled"] == 4
    method.update(function=lambda number: {"tripled": 3 * number})
    assert peer.result("acme/double", number=2)["tripled"] == 6
    assert method.definition.name == "acme/double"
    method.disable()
    assert peer.error("acme/double", number=2)["code"] == -32601
    method.remove()
    assert Conversation(server, revision).error("acme/double")["code"] == -32601
    assert note.definition.name == "notifications/acme/note"
    peer.say({"method": "notifications/acme/note", "params": {"text": "x"}})
    note.update(blocks=False)
    note.remove()
    assert not method.is_enabled
    assert not note.is_enabled


def test_a_name_that_is_taken_is_refused_and_nothing_changes():
    server = named()
    handle = server.add_tool(lambda: 1, name="a")
    server.add_tool(lambda: 1, name="b")
    with pytest.raises(LocalProtocolError, match="there is a tool 'b' already; update or remove it"):
        handle.update(name="b")
    with pytest.raises(LocalProtocolError, match="there is a tool 'b' already"):
        server.add_tool(lambda: 2, name="b")
    assert list(server.tools) == ["a", "b"]


def test_what_was_removed_cannot_be_changed_and_is_not_what_came_after_it():
    server = named()
    old = server.add_tool(lambda: 1, name="a")
    old.remove()
    new = server.add_tool(lambda: 2, name="a")
    for change in (old.enable, old.disable, lambda: old.update(title="x"), lambda: old.definition):
        with pytest.raises(LocalProtocolError, match="this tool was removed; register it again"):
            change()
    with pytest.raises(LocalProtocolError, match="was removed"):
        assert old.name
    old.remove()
    assert new.is_enabled
    assert old != new
    assert old != "a"
    assert hash(new) == hash(server.tools["a"])
    assert (repr(old), repr(new)) == ("<ToolHandle removed>", "<ToolHandle 'a'>")


def test_a_change_of_what_there_is_not_is_refused_by_name():
    handle = named().add_tool(lambda: 1, name="a")
    with pytest.raises(LocalProtocolError, match=r"update\(titel=...\).*expected some of name, title"):
        handle.update(titel="x")


def test_the_handles_of_a_server_are_a_live_mapping():
    server = named()
    tools = server.tools
    assert len(tools) == 0
    handle = server.add_tool(lambda: 1, name="a")
    assert dict(tools) == {"a": handle}
    assert repr(tools) == "Handles(['a'])"
    with pytest.raises(KeyError):
        assert tools["b"]


def test_what_cannot_be_said_of_an_item_is_refused_by_name():
    server = named()
    with pytest.raises(LocalProtocolError, match=r"add_tool\(titel=...\).*expected some of name, title"):
        server.add_tool(lambda: 1, name="a", titel="x")
    with pytest.raises(LocalProtocolError, match=r"add_tool\(titel=...\)"):
        server.tool(name="a", titel="x")(lambda: 1)
    with pytest.raises(LocalProtocolError, match=r"add_prompt\(cache=...\)"):
        server.prompt(name="a", cache=None)(lambda: "")
    with pytest.raises(LocalProtocolError, match=r"add_resource\(completers=...\)"):
        server.resource("a:b", completers={"b": ["x"]})(lambda: "")
    with pytest.raises(LocalProtocolError, match=r"add_resource_template\(size=...\)"):
        server.resource("a:{b}", size=3)(lambda b: b)
    assert not server.tools
    assert not server.prompts
    assert not server.resources
    assert not server.resource_templates


def test_a_decorator_returns_the_function():
    server = named()

    def tool() -> int:
        return 1

    assert server.tool(tool) is tool
    assert server.prompt(name="prompt")(tool) is tool
    assert attrs.asdict(server.tools["tool"].definition)["name"] == "tool"
