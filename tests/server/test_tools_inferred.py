"""Tools: how their schemas are made, and what is mirrored in headers."""

import datetime as dt
from typing import Optional

import attrs
import pydantic
import pytest
from tests.server.conversation import Conversation
from tests.server.tools import RAW, listed

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, NameWarning
from sansmcp.schema import REVISIONS
from sansmcp.server import Server, TypeSchema


@pytest.fixture
def server():
    return Server("tools", version="1")


def count_of(arguments):
    return len(arguments)


class Money:
    def __init__(self, cents):
        self.cents = cents


ONE_CENT = Money(1)
MONEY = TypeSchema(
    {"type": "string", "pattern": r"^\d+\.\d\d$"},
    read=lambda text: Money(int(text.replace(".", ""))),
    write=lambda money: f"{money.cents // 100}.{money.cents % 100:02}",
)


def test_a_server_knows_types_by_the_schemas_it_was_given():
    server = Server("shop", version="1", schemas={Money: MONEY})

    @server.tool
    def double(price: Money, times: list[Money]) -> Money:
        return Money(2 * price.cents + len(times))

    (tool,) = listed(server)
    assert tool["inputSchema"]["properties"]["price"] == {"$ref": "#/$defs/Money"}
    assert tool["inputSchema"]["$defs"] == {"Money": dict(MONEY.schema)}
    assert tool["outputSchema"] == dict(MONEY.schema)
    peer = Conversation(server)
    assert peer.call("double", price="1.50", times=["1.00"])["structuredContent"] == "3.01"
    assert peer.text("double", price="1.5", times=[]).startswith(
        "arguments.price: expected a text that matches"
    )
    with pytest.raises(LocalProtocolError, match="has no place in JSON"):
        Server("other", version="1").add_tool(double)


def test_inferred_schemas_can_be_changed_by_the_server_and_by_the_tool():
    def for_all(written, direction):
        written["title"] = direction
        return written

    def for_one(written, direction):
        if direction == "output":
            return {**written, "maximum": 10}
        written["properties"]["a"]["minimum"] = 3
        return written

    server = Server("edited", version="1", edit_schema=for_all)

    def twice(a: int) -> int:
        return 2 * a

    server.add_tool(twice)
    server.add_tool(twice, name="edited", edit_schema=for_one)
    server.add_tool(count_of, name="raw", input_schema=RAW, edit_schema=for_one)
    plain, edited, raw = listed(server)
    assert plain["inputSchema"]["title"] == "input"
    assert plain["outputSchema"] == {"type": "integer", "title": "output"}
    assert edited["inputSchema"]["properties"] == {"a": {"type": "integer", "minimum": 3}}
    assert edited["outputSchema"] == {"type": "integer", "title": "output", "maximum": 10}
    assert raw["inputSchema"] == RAW
    peer = Conversation(server)
    assert peer.call("twice", a=1)["structuredContent"] == 2
    assert peer.call("edited", a=4)["structuredContent"] == 8
    assert peer.text("edited", a=2) == "arguments.a: expected a number of at least 3, found 2"
    assert peer.text("edited", a="4") == "arguments.a: expected an integer, found '4'"
    assert peer.call("edited", a=6)["isError"] is True


def test_an_edit_that_makes_no_schema_is_refused_at_registration(server):
    with pytest.raises(LocalProtocolError, match="schema: "):
        server.add_tool(lambda: 1, name="one", edit_schema=lambda written, _: {**written, "type": "nonsense"})


@attrs.frozen
class Leaf:
    size: int


@attrs.frozen
class Branch:
    left: "Branch | Leaf"
    right: "Branch | Leaf"


def test_hosts_that_read_no_references_are_spared_them():
    server = Server("inlined", version="1", inline_refs=True)

    def pair(one: Leaf, two: Leaf) -> tuple[Leaf, Leaf]:
        return one, two

    raw = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "integer"}}}
    server.add_tool(pair)
    server.add_tool(count_of, name="tree")
    server.add_tool(lambda arguments: {"a": len(arguments)}, name="raw", input_schema=raw, output_schema=raw)

    @server.tool
    def grow(tree: Branch) -> Branch:
        return tree

    tools = {tool["name"]: tool for tool in listed(server)}
    assert "$ref" not in str(tools["pair"])
    assert (
        tools["raw"]["inputSchema"]
        == tools["raw"]["outputSchema"]
        == {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
        }
    )
    assert list(tools["grow"]["inputSchema"]["$defs"]) == ["Branch"]
    peer = Conversation(server)
    assert peer.call("pair", one={"size": 1}, two={"size": 2})["structuredContent"] == [
        {"size": 1},
        {"size": 2},
    ]
    assert peer.text("raw", a="1") == "arguments.a: expected the type 'integer', found '1'"
    tree = {"left": {"size": 1}, "right": {"left": {"size": 2}, "right": {"size": 3}}}
    assert peer.call("grow", tree=tree)["structuredContent"] == tree


def test_arguments_that_are_not_checked_reach_the_function_as_they_were_parsed(server):
    seen = []

    def typed(days: int, when: dt.date | None = None) -> None:
        seen.append((days, when))

    server.add_tool(typed, validate_input=False)
    server.add_tool(
        lambda arguments: seen.append(dict(arguments)), name="raw", input_schema=RAW, validate_input=False
    )
    peer = Conversation(server)
    peer.call("typed", days="3", when="tomorrow")
    peer.call("raw", days="3")
    assert seen == [("3", "tomorrow"), {"days": "3"}]
    assert peer.text("typed", hours=3).startswith("arguments.hours: expected one of the names")


def test_a_thousand_servers_infer_once():
    edits = []

    def edit(written, direction):
        edits.append(direction)
        return written

    validators = set()
    for _ in range(1000):
        server = Server("made for a request", version="1", edit_schema=edit, schemas={Money: MONEY})

        @server.tool
        def count(of: list[Leaf], size: int = 3, price: Money = ONE_CENT) -> list[Leaf]:
            return [*of, Leaf(size + price.cents)]

        server.add_tool(count_of, name="raw", input_schema=dict(RAW))
        validators.add(schema.validator_of(dict(RAW)))
    assert edits == ["input", "output"]
    assert len(validators) == 1


# Headers


def test_a_parameter_that_is_mirrored_in_a_header_is_checked_at_registration(server):
    def marked(name, **more):
        properties = {"region": {"type": "string", "x-mcp-header": name, **more}}
        return {"type": "object", "properties": properties}

    server.add_tool(count_of, name="good", input_schema=marked("Region"))
    assert listed(server)[0]["inputSchema"]["properties"]["region"]["x-mcp-header"] == "Region"
    for bad in (marked("A B"), marked("Region", type="number")):
        with pytest.raises(LocalProtocolError, match="x-mcp-header is"):
            server.add_tool(count_of, name="bad", input_schema=bad)
    assert len(listed(server)) == 1


def test_the_warning_of_a_name_has_a_class_of_its_own(server):
    with pytest.warns(NameWarning, match="some clients refuse it"):
        server.add_tool(lambda: 1, name="has space")


class Tree(pydantic.BaseModel):
    size: int
    left: Optional["Tree"] = None


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
@pytest.mark.parametrize("kind", [Branch, Tree, list[Branch], Leaf | None])
def test_output_schemas_have_an_object_at_their_root_where_a_revision_asks_for_it(revision, kind):
    """Strict clients lose the whole list otherwise (modelcontextprotocol/python-sdk#3377)."""

    def grow():
        raise NotImplementedError

    grow.__annotations__["return"] = kind
    server = Server("trees", version="1")
    server.add_tool(grow)
    (tool,) = listed(server, revision)
    assert tool["outputSchema"]["type"] == "object"
    assert "$ref" not in tool["outputSchema"]
    schema.validator_of(tool["outputSchema"])


@pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "2025-03-26"])
def test_a_hint_that_is_false_is_no_hint_that_is_absent(revision):
    server = Server("hints", version="1")
    hints = schema.ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
    server.add_tool(lambda: 1, name="one", annotations=hints)
    (tool,) = listed(server, revision)
    assert tool["annotations"] == {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": True}


def outcome_of_default(server, annotation, default):
    def tool(a=default):
        return str(a)

    tool.__annotations__["a"] = annotation
    return server.add_tool(tool, name=f"tool{len(server.tools)}").definition.input_schema["properties"]["a"]


@pytest.mark.parametrize(
    ("annotation", "default", "said"),
    [
        (int, "x", "the default of a: expected an integer, found 'x', as int says; change it or the type"),
        (int, None, r"the default of a: .*found null.*; write a: int \| None = None"),
        (list[str], None, r".*write a: list\[str\] \| None = None"),
        (bool, 1, "the default of a: expected true or false"),
    ],
)
def test_a_default_that_is_no_value_of_its_type_is_refused(server, annotation, default, said):
    with pytest.raises(LocalProtocolError, match="tool, its arguments: " + said):
        outcome_of_default(server, annotation, default)


def test_a_default_that_is_a_value_of_its_type_is_announced(server):
    assert outcome_of_default(server, int | None, None)["default"] is None
    assert outcome_of_default(server, float, 1)["default"] == 1
    assert outcome_of_default(server, dt.timedelta, dt.timedelta(hours=1))["default"] == "P0DT3600S"
    assert "default" not in outcome_of_default(server, int, object())


def test_a_default_may_be_one_that_only_a_writer_of_the_users_can_say():
    @attrs.frozen
    class Point:
        x: int

    point = TypeSchema(
        schema={"type": "string"}, read=lambda text: Point(int(text)), write=lambda p: str(p.x)
    )
    assert outcome_of_default(Server("tools", version="1", schemas={Point: point}), Point, Point(1))


def test_an_edit_of_a_schema_that_is_no_function_is_refused(server):
    with pytest.raises(LocalProtocolError, match=r"edit_schema: expected a function .*, found 5"):
        server.add_tool(lambda a: a, name="edited", edit_schema=5)
