"""Tools: what lists show, how arguments get in, and how their faults come out.

Source: Tools, all revisions; 2025-11-25, Tools, Error Handling.
"""

import asyncio
import contextlib

import pytest
from tests.server.conversation import MODERN, Conversation
from tests.server.tools import RAW, listed

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server


@pytest.fixture
def server():
    return Server("tools", version="1")


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
