"""Prompts: what lists show, how arguments get in, and what they say.

Source: Prompts, all revisions.
"""

import datetime as dt
import enum
from typing import Annotated, Any, Literal

import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.schema.inference.shapes import OpaqueShape
from sansmcp.server import Context, Description, Image, Server, Title
from sansmcp.server.texts import takes_text


@pytest.fixture
def server():
    return Server("prompts", version="1")


def listed(server, revision=MODERN):
    return Conversation(server, revision).result("prompts/list")["prompts"]


def get(server, revision=MODERN, /, **arguments):
    (prompt,) = listed(server)
    found = Conversation(server, revision).result("prompts/get", name=prompt["name"], arguments=arguments)
    return found["messages"]


def says(value, role="user"):
    return {"role": role, "content": {"type": "text", "text": value}}


def test_a_function_becomes_a_prompt(server):
    @server.prompt
    def review(code: str, style: Annotated[str, Description("How to say it.")] = "kind") -> str:
        """Review some code.

        Args:
            code: What to look at.
        """
        return f"{style}: {code}"

    assert review("a") == "kind: a"
    assert listed(server) == [
        {
            "name": "review",
            "description": "Review some code.",
            "arguments": [
                {"name": "code", "description": "What to look at.", "required": True},
                {"name": "style", "description": "How to say it.", "required": False},
            ],
        }
    ]
    peer = Conversation(server)
    found = peer.result("prompts/get", name="review", arguments={"code": "x"})
    assert found["description"] == "Review some code."
    assert found["messages"] == [says("kind: x")]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_revision_is_shown_what_it_has_words_for(server, revision):
    @server.prompt(
        name="other",
        title="Title",
        description="Description",
        icons=[schema.Icon(src="https://example.com/a.png")],
        meta={"com.example/a": 1},
    )
    def prompt() -> str:
        return "hi"

    expected = {"name": "other", "description": "Description"}
    if revision >= "2025-06-18":
        expected |= {"title": "Title", "_meta": {"com.example/a": 1}}
    if revision >= "2025-11-25":
        expected["icons"] = [{"src": "https://example.com/a.png"}]
    assert listed(server, revision) == [expected]
    assert get(server, revision) == [says("hi")]


class Colour(enum.Enum):
    RED = "red"


class Level(enum.Enum):
    LOW = 1


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "3", "3"),
        (Any, "3", "3"),
        (int, "3", 3),
        (float, "3", 3.0),
        (bool, "true", True),
        (int | None, "null", None),
        (str | None, "null", "null"),
        (Colour, "red", Colour.RED),
        (Level, "1", Level.LOW),
        (Literal["a"], "a", "a"),
        (list[int], "[1, 2]", [1, 2]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (bytes, "AAE=", b"\0\1"),
        (Annotated[int, Description("x")], "3", 3),
    ],
)
def test_what_is_no_text_is_read_out_of_one(server, annotation, text, value):
    seen = []

    def prompt(argument):
        seen.append(argument)
        return "ok"

    prompt.__annotations__["argument"] = annotation
    server.add_prompt(prompt)
    get(server, argument=text)
    assert seen == [value]
    assert type(seen[0]) is type(value)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "arguments.count: expected a value, found nothing"),
        ({"count": "many"}, "arguments.count: expected an integer, found 'many'"),
        ({"count": "[" * 100_000}, "arguments.count: expected an integer, found '[[["),
        ({"count": "1", "more": "2"}, "arguments.more: expected one of the names count, found 'more'"),
    ],
)
def test_arguments_that_do_not_fit_are_an_error_in_every_revision(server, revision, arguments, said):
    server.add_prompt(lambda count: count, name="counts")

    @server.prompt
    def prompt(count: int) -> str:
        return str(count)

    error = Conversation(server, revision).error("prompts/get", name="prompt", arguments=arguments)
    assert error["code"] == -32602
    assert error["message"].startswith(said)


def test_an_unknown_prompt_is_an_error(server):
    server.add_prompt(lambda: "", name="known")
    error = Conversation(server).error("prompts/get", name="unknown")
    assert error == {"code": -32602, "message": "there is no prompt 'unknown'"}


PICTURE = {"type": "image", "data": "AA==", "mimeType": "image/png"}


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("hi", [says("hi")]),
        (["a", "b"], [says("a"), says("b")]),
        (Image(b"\0", "image/png"), [{"role": "user", "content": PICTURE}]),
        (
            schema.PromptMessage(role="assistant", content=schema.TextContent(text="a")),
            [says("a", "assistant")],
        ),
        (
            ["q", schema.PromptMessage(role="assistant", content=schema.TextContent(text="a"))],
            [says("q"), says("a", "assistant")],
        ),
        ({"a": [1]}, [says('{"a":[1]}')]),
        (None, []),
        (
            schema.GetPromptResult(
                messages=(schema.PromptMessage(role="user", content=schema.TextContent(text="x")),)
            ),
            [says("x")],
        ),
    ],
)
def test_what_a_prompt_returns_is_said_by_the_user_unless_it_says_otherwise(server, value, messages):
    server.add_prompt(lambda: value, name="prompt")
    assert get(server) == messages


def test_a_prompt_may_take_a_context(server):
    @server.prompt
    async def prompt(name: str, ctx: Context) -> str:
        return f"{name} {ctx.client.revision}"

    assert get(server, name="a") == [says("a 2026-07-28")]


def test_a_name_is_taken_once(server):
    server.add_prompt(lambda: "", name="one")
    with pytest.raises(LocalProtocolError, match="there is a prompt 'one' already"):
        server.add_prompt(lambda: "", name="one")
    with pytest.raises(LocalProtocolError, match="give name="):
        server.add_prompt(lambda: "")


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_argument_may_have_a_title_where_the_revision_has_one(server, revision):
    @server.prompt
    def prompt(city: Annotated[str, Title("The city"), Description("Which one.")]) -> str:
        return city

    expected = {"name": "city", "description": "Which one.", "required": True}
    if revision >= "2025-06-18":
        expected["title"] = "The city"
    assert listed(server, revision)[0]["arguments"] == [expected]


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (list[str] | None, '["a"]', ["a"]),
        (float, "1e3", 1000.0),
        (dt.date, "2026-07-28", dt.date(2026, 7, 28)),
        (tuple[int, str], '[1, "a"]', (1, "a")),
    ],
)
def test_what_is_built_of_several_is_json(server, annotation, text, value):
    def prompt(argument):
        assert argument == value
        return "ok"

    prompt.__annotations__["argument"] = annotation
    server.add_prompt(prompt)
    assert get(server, argument=text) == [says("ok")]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "01", "1,5"])
def test_what_is_no_number_in_json_is_none_here(server, text):
    @server.prompt
    def prompt(number: float) -> str:
        raise AssertionError(number)

    error = Conversation(server).error("prompts/get", name="prompt", arguments={"number": text})
    assert error == {"code": -32602, "message": f"arguments.number: expected a number, found {text!r}"}


def test_the_schema_of_a_type_says_whether_it_is_a_text():
    for kind, said in (("string", True), ("object", False)):
        shape = OpaqueShape(cls=dict, schema=lambda _mode, kind=kind: {"type": kind}, read=None, write=None)
        assert takes_text(shape) is said
