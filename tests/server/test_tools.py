"""Tools: what lists show, how arguments get in, and how their faults come out.

Source: Tools, all revisions; 2025-11-25, Tools, Error Handling.
"""

import asyncio
import contextlib
import datetime as dt
from typing import Optional

import attrs
import pydantic
import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, NameWarning
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server, TypeSchema


@pytest.fixture
def server():
    return Server("tools", version="1")


def listed(server, revision=MODERN):
    return Conversation(server, revision).result("tools/list")["tools"]


def test_a_function_becomes_a_tool(server):
    @server.tool
    def forecast(city: str, days: int = 3) -> str:
        """Forecast the weather.

        Args:
            city: Where to look.
        """
        return f"{city} for {days}"

    assert forecast("x", 1) == "x for 1"
    assert listed(server) == [
        {
            "name": "forecast",
            "description": "Forecast the weather.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Where to look."},
                    "days": {"type": "integer", "default": 3},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        }
    ]
    assert Conversation(server).text("forecast", city="Rome") == "Rome for 3"


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_revision_is_shown_what_it_has_words_for(server, revision):
    @server.tool(
        name="other",
        title="Title",
        description="Description",
        icons=[schema.Icon(src="https://example.com/a.png")],
        annotations=schema.ToolAnnotations(read_only_hint=False),
        meta={"com.example/a": 1},
    )
    def tool() -> int:
        return 1

    expected = {
        "name": "other",
        "description": "Description",
        "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
    }
    if revision >= "2025-03-26":
        expected["annotations"] = {"readOnlyHint": False}
    if revision >= "2025-06-18":
        wrapped = {"type": "object", "properties": {"result": {"type": "integer"}}, "required": ["result"]}
        expected["title"] = "Title"
        expected["_meta"] = {"com.example/a": 1}
        expected["outputSchema"] = {"type": "integer"} if revision == MODERN else wrapped
    if revision >= "2025-11-25":
        expected["icons"] = [{"src": "https://example.com/a.png"}]
    assert listed(server, revision) == [expected]


@pytest.mark.parametrize("revision", REVISIONS)
def test_arguments_that_do_not_fit_are_said_to_the_model_since_2025_11_25(server, revision):
    calls = []

    @server.tool
    def tool(days: int) -> None:
        calls.append(days)

    peer = Conversation(server, revision)
    (answer,) = peer.request("tools/call", name="tool", arguments={"days": "3"})
    said = "arguments.days: expected an integer, found '3'"
    if revision >= "2025-11-25":
        assert answer["result"]["isError"] is True
        assert answer["result"]["content"] == [{"type": "text", "text": said}]
    else:
        assert answer["error"] == {"code": -32602, "message": said}
    assert calls == []
    assert peer.events == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_unknown_tool_is_an_error_in_every_revision(server, revision):
    server.add_tool(lambda: None, name="known")
    error = Conversation(server, revision).error("tools/call", name="unknown")
    assert error == {"code": -32602, "message": "there is no tool 'unknown'"}


def test_a_missing_argument_and_an_unknown_one_are_named(server):
    @server.tool
    def tool(city: str) -> None: ...

    peer = Conversation(server)
    assert peer.text("tool") == "arguments.city: expected a value, found nothing"
    assert peer.text("tool", city="x", self="y") == (
        "arguments.self: expected one of the names city, found 'self'"
    )


def test_the_name_of_the_context_is_no_argument(server):
    """Arguments are data: nobody gets at the parameters of the framework."""
    seen = []

    @server.tool
    def kw(a: int, ctx: Context) -> None:
        seen.append((a, ctx))

    peer = Conversation(server)
    for name in ("ctx", "self", "__class__", "__proto__"):
        assert name in peer.text("kw", a=1, **{name: 3})
    assert seen == []
    peer.call("kw", a=1)
    ((_, context),) = seen
    assert isinstance(context, Context)


def test_coroutines_are_tools_too(server):
    @server.tool
    async def later(a: int) -> int:
        return a + 1

    invocation = Conversation(server).start("tools/call", name="later", arguments={"a": 1})
    assert (invocation.is_async, invocation.blocks, invocation.name) == (True, False, "later")
    assert asyncio.run(invocation.call()) == 2


def test_a_tool_blocks_unless_it_says_that_it_never_does(server):
    server.add_tool(lambda: None, name="slow")
    server.add_tool(lambda: None, name="quick", blocks=False)
    peer = Conversation(server)
    assert peer.start("tools/call", name="slow").blocks
    assert not peer.start("tools/call", name="quick").blocks
    assert not peer.start("tools/call", name="unknown").blocks
    assert not peer.start("tools/list").blocks


RAW = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}


def test_a_raw_schema_is_shown_and_checked_and_arguments_come_as_they_were_parsed(server):
    seen = []

    @server.tool(input_schema=RAW)
    def raw(arguments, ctx: Context):
        seen.append(arguments)
        assert ctx.request.params["arguments"] is arguments

    assert listed(server)[0]["inputSchema"] == RAW
    peer = Conversation(server)
    peer.call("raw", days=3, more=[1, {"x": None}])
    assert seen == [{"days": 3, "more": [1, {"x": None}]}]
    assert peer.text("raw", days="3") == "arguments.days: expected the type 'integer', found '3'"
    assert peer.text("raw") == "arguments.days: expected a value, found nothing"
    assert len(seen) == 1


def test_a_raw_tool_may_do_without_a_context(server):
    server.add_tool(lambda arguments: arguments["days"], name="raw", input_schema=RAW)
    assert Conversation(server).text("raw", days=3) == "3"


def test_a_raw_tool_takes_one_parameter(server):
    with pytest.raises(LocalProtocolError, match=r"takes one parameter for all arguments.*; found a, b"):
        server.add_tool(lambda a, b: a or b, name="raw", input_schema=RAW)
    with pytest.raises(LocalProtocolError, match="; found none"):
        server.add_tool(lambda: None, name="raw", input_schema=RAW)


def test_what_cannot_be_shown_in_a_list_is_refused_at_registration(server):
    for options, said in [
        ({"input_schema": {"type": "array"}}, "type 'object' at its root"),
        ({"input_schema": {"type": "object", "required": 7}}, "is not of type 'array'"),
        ({"title": 7}, "title: expected a string"),
    ]:
        with pytest.raises(LocalProtocolError, match=said):
            server.add_tool(lambda arguments: arguments, name="raw", **options)
    assert Conversation(server).error("tools/list")["code"] == -32601


def test_a_name_is_taken_once(server):
    server.add_tool(lambda: 1, name="one")
    with pytest.raises(LocalProtocolError, match="there is a tool 'one' already"):
        server.add_tool(lambda: 2, name="one")


def test_a_lambda_needs_a_name(server):
    with pytest.raises(LocalProtocolError, match="give name="):
        server.add_tool(lambda: 1)


@pytest.mark.parametrize("name", ["has space", "ümlaut", "x" * 129, "a/b"])
def test_a_name_that_some_clients_refuse_is_warned_of(server, name):
    with pytest.warns(UserWarning, match="some clients refuse it"):
        server.add_tool(lambda: 1, name=name)
    assert listed(server)[0]["name"] == name


def test_tools_are_listed_in_the_order_in_which_they_came(server):
    for name in ("c", "a", "b"):
        server.add_tool(lambda: 1, name=name)
    assert [tool["name"] for tool in listed(server)] == ["c", "a", "b"]


def test_no_other_page_of_a_list_exists(server):
    server.add_tool(lambda: 1, name="one")
    error = Conversation(server).error("tools/list", cursor="next")
    assert error["code"] == -32602
    assert "cursor" in error["message"]


def test_a_failed_registration_changes_nothing(server):
    server.add_tool(lambda: 1, name="one")
    with contextlib.suppress(LocalProtocolError):
        server.add_tool(lambda: 2, name="one")
    assert Conversation(server).text("one") == "1"


# How schemas are made


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
