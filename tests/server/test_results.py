"""What a tool returns, as content and as data, in every revision.

Source: 2025-06-18 and later, Tools, Structured Content.
"""

import datetime as dt
import enum
from typing import Annotated, Any, Optional, TypedDict

import attrs
import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS, ContentBlock
from sansmcp.schema.inference.plans import DEFAULT
from sansmcp.server import Audio, Content, Description, Embedded, Image, Server, Text
from sansmcp.server.results import results_of
from sansmcp.session import HandlerFailed
from sansmcp.values import ABSENT

OLD = [revision for revision in REVISIONS if revision < "2025-06-18"]
OBJECTS = ["2025-06-18", "2025-11-25"]
FAILED = "It failed; the reason stays with the server."


@attrs.frozen
class Forecast:
    city: str
    degrees: float


class Options(TypedDict):
    a: int


class Colour(enum.Enum):
    RED = "red"


@attrs.frozen
class Node:
    children: "list[Node]" = attrs.field(factory=list)


FORECAST = {"city": "Rome", "degrees": 21.5}
COMPACT = '{"city":"Rome","degrees":21.5}'


def returning(value, annotation=ABSENT, **options):
    """Return a server whose one tool returns a value."""

    def tool():
        return value

    if annotation is not ABSENT:
        tool.__annotations__["return"] = annotation
    server = Server("results", version="1")
    server.add_tool(tool, **options)
    return server


def result(value, annotation=ABSENT, revision=MODERN, **options):
    found = Conversation(returning(value, annotation, **options), revision).call("tool")
    return {name: found[name] for name in ("content", "structuredContent", "isError") if name in found}


def output_schema(annotation, revision=MODERN):
    (tool,) = Conversation(returning(None, annotation), revision).result("tools/list")["tools"]
    return tool.get("outputSchema")


def text(value):
    return {"type": "text", "text": value}


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_object_is_data_and_text(revision):
    expected = {"content": [text(COMPACT)]}
    if revision >= "2025-06-18":
        expected["structuredContent"] = FORECAST
    assert result(Forecast("Rome", 21.5), Forecast, revision) == expected


@pytest.mark.parametrize(
    ("value", "annotation", "data", "copy"),
    [
        (3, int, 3, "3"),
        (True, bool, True, "true"),
        (0.5, float, 0.5, "0.5"),
        ([1, 2], list[int], [1, 2], "[1,2]"),
        (["a"], list[str], ["a"], '["a"]'),
        (None, int | None, None, "null"),
        (dt.date(2026, 7, 28), dt.date, "2026-07-28", '"2026-07-28"'),
        (Colour.RED, Colour, "red", '"red"'),
        ([Forecast("Rome", 21.5)], list[Forecast], [FORECAST], f"[{COMPACT}]"),
    ],
)
def test_what_is_no_object_is_wrapped_for_revisions_that_know_objects_only(value, annotation, data, copy):
    assert result(value, annotation) == {"content": [text(copy)], "structuredContent": data}
    for revision in OBJECTS:
        assert result(value, annotation, revision) == {
            "content": [text(copy)],
            "structuredContent": {"result": data},
        }
        assert output_schema(annotation, revision)["required"] == ["result"]
    for revision in OLD:
        assert result(value, annotation, revision) == {"content": [text(copy)]}
        assert output_schema(annotation, revision) is None


@pytest.mark.parametrize("revision", OBJECTS)
def test_an_object_beside_other_values_is_wrapped_as_they_are(revision):
    annotation = Optional[Forecast]  # noqa: UP045  # as a user may write it
    assert result(Forecast("Rome", 21.5), annotation, revision)["structuredContent"] == {"result": FORECAST}
    assert result(Forecast("Rome", 21.5), annotation)["structuredContent"] == FORECAST


@pytest.mark.parametrize("annotation", [dict, dict[str, int], Options])
def test_dictionaries_are_objects(annotation):
    for revision in (*OBJECTS, MODERN):
        assert result({"a": 1}, annotation, revision)["structuredContent"] == {"a": 1}
        assert output_schema(annotation, revision)["type"] == "object"


@pytest.mark.parametrize("revision", [*OBJECTS, MODERN])
def test_a_recursive_type_is_an_object_at_its_root(revision):
    assert output_schema(Node, revision)["type"] == "object"
    assert result(Node([Node()]), Node, revision)["structuredContent"] == {"children": [{"children": []}]}


PICTURE = {"type": "image", "data": "AAE=", "mimeType": "image/png"}
SOUND = {"type": "audio", "data": "AAE=", "mimeType": "audio/wav"}
NOTE = {"type": "resource", "resource": {"uri": "note:1", "text": "hi", "mimeType": "text/plain"}}
LINK = schema.ResourceLink(uri="note:1", name="note")
BLOB = {
    "type": "resource",
    "resource": {
        "uri": "ni:///sha-256;tBP0fRPuL-bIRbLuFBr4HehY307FSaWLeXC7lmRbyNI",
        "mimeType": "application/octet-stream",
        "blob": "AAE=",
    },
}


@pytest.mark.parametrize(
    ("value", "annotation", "content"),
    [
        ("hi", str, [text("hi")]),
        ("", str, [text("")]),
        ("hi", Annotated[str, Description("a greeting")], [text("hi")]),
        (type("Text", (str,), {})("hi"), str, [text("hi")]),
        (None, None, []),
        (None, str | None, []),
        ("hi", str | None, [text("hi")]),
        (Image(b"\0\1", "image/png"), Image, [PICTURE]),
        (Image(b"\0\1", "image/png").block, schema.ImageContent, [PICTURE]),
        ([Text("hi"), Image(b"\0\1", "image/png")], list[Content], [text("hi"), PICTURE]),
        (Audio(b"\0\1", "audio/wav"), ContentBlock, [SOUND]),
        (Embedded("note:1", "hi", mime_type="text/plain"), ContentBlock | str, [NOTE]),
        (
            [LINK, "hi"],
            list[ContentBlock | str],
            [{"type": "resource_link", "uri": "note:1", "name": "note"}, text("hi")],
        ),
        ((Image(b"\0\1", "image/png"),), tuple[schema.ImageContent, ...], [PICTURE]),
        ([], list[ContentBlock], []),
        ([], ABSENT, [text("[]")]),
        (Forecast("Rome", 21.5), Forecast | schema.ImageContent, [text(COMPACT)]),
        (schema.CallToolResult(content=()), schema.CallToolResult, []),
        (schema.CallToolResult(content=()), str, []),
    ],
)
def test_content_has_no_schema(value, annotation, content):
    assert result(value, annotation)["content"] == content
    assert output_schema(annotation) is None


def test_bytes_are_a_resource_named_by_their_hash():
    for annotation in (bytes, ABSENT):
        (block,) = result(b"\0\1", annotation)["content"]
        assert block["resource"]["blob"] == "AAE="
        assert block["resource"]["mimeType"] == "application/octet-stream"
        assert block["resource"]["uri"] == BLOB["resource"]["uri"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hi", {"content": [text("hi")]}),
        (None, {"content": []}),
        (3, {"content": [text("3")]}),
        ([1, "a"], {"content": [text('[1,"a"]')]}),
        (["a", "b"], {"content": [text('["a","b"]')]}),
        ({"ä": 1}, {"content": [text('{"ä":1}')], "structuredContent": {"ä": 1}}),
        (Forecast("Rome", 21.5), {"content": [text(COMPACT)], "structuredContent": FORECAST}),
        ([Image(b"\0\1", "image/png"), "b"], {"content": [PICTURE, text("b")]}),
    ],
)
def test_without_an_annotation_the_value_decides(value, expected):
    assert result(value) == expected
    assert result(value, Any) == expected
    assert result(value, object) == expected


def test_blocks_amid_data_are_neither():
    assert result([Image(b"\0\1", "image/png"), 3])["content"][0]["text"] == (
        '[{"data":"AAE=","mime_type":"image/png","annotations":null,"meta":null},3]'
    )


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_kind_of_block_reaches_every_revision(revision):
    blocks = [Image(b"\0\1", "image/png"), Audio(b"\0\1", "audio/wav"), LINK, Embedded("note:1", b"\0")]
    kinds = [block["type"] for block in result(blocks, revision=revision)["content"]]
    assert kinds == [
        "image",
        "audio" if revision >= "2025-03-26" else "text",
        "resource_link" if revision >= "2025-06-18" else "text",
        "resource",
    ]


def test_a_result_made_by_hand_goes_out_as_it_is():
    made = schema.CallToolResult(
        content=(schema.TextContent(text="short"),), structured_content={"a": 1}, meta={"com.example/b": 2}
    )
    found = Conversation(returning(made)).call("tool")
    assert found["content"] == [text("short")]
    assert found["structuredContent"] == {"a": 1}
    assert found["_meta"]["com.example/b"] == 2


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ("3", int),
        (3, str),
        ({"city": "Rome"}, Forecast),
        (Forecast("Rome", "hot"), Forecast),
        (float("nan"), float),
        ({"a": float("inf")}, ABSENT),
        (object(), ABSENT),
        ("\ud800", str),
        (schema.CallToolResult(content=None), ABSENT),
    ],
)
def test_what_is_not_what_was_promised_is_a_failure_of_the_handler(value, annotation):
    peer = Conversation(returning(value, annotation))
    assert peer.call("tool")["content"] == [text(FAILED)]
    (failed,) = peer.events
    assert isinstance(failed, HandlerFailed)
    assert failed.method == "tools/call"


def test_a_value_that_was_never_set_or_holds_itself_is_a_failure_of_the_handler():
    @attrs.define
    class Unset:
        a: int = attrs.field(init=True)

    unset = Unset.__new__(Unset)
    loop = Node()
    loop.children.append(loop)
    for value, annotation in [(unset, Unset), (loop, Node)]:
        peer = Conversation(returning(value, annotation))
        assert peer.call("tool")["isError"] is True


RAW = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_schema_given_by_hand_is_kept(revision):
    found = result({"a": 1}, output_schema=RAW, revision=revision)
    assert found["content"] == [text('{"a":1}')]
    assert found.get("structuredContent") == ({"a": 1} if revision >= "2025-06-18" else None)
    assert result({"a": "1"}, output_schema=RAW, revision=revision)["isError"] is True


def test_a_schema_given_by_hand_may_be_wrapped_too():
    raw = {"type": ["integer", "object"]}
    assert result({"a": 1}, output_schema=raw)["structuredContent"] == {"a": 1}
    assert result({"a": 1}, output_schema=raw, revision="2025-06-18")["structuredContent"] == {
        "result": {"a": 1}
    }
    assert result(1, output_schema=raw, revision="2025-06-18")["structuredContent"] == {"result": 1}


def test_a_result_made_by_hand_keeps_the_schema_given_by_hand():
    content = (schema.TextContent(text="short"),)
    good = schema.CallToolResult(content=content, structured_content={"a": 1})
    assert result(good, output_schema=RAW) == {"content": [text("short")], "structuredContent": {"a": 1}}
    for bad in (
        schema.CallToolResult(content=content, structured_content={"a": "1"}),
        schema.CallToolResult(content=content),
    ):
        assert result(bad, output_schema=RAW)["content"] == [text(FAILED)]
    failed = schema.CallToolResult(content=content, is_error=True)
    assert result(failed, output_schema=RAW) == {"content": [text("short")], "isError": True}


def test_a_return_type_that_json_cannot_say_is_refused():
    with pytest.raises(LocalProtocolError, match="has no place in JSON"):
        results_of(complex, DEFAULT, validates=True)


def test_the_tool_whose_return_type_json_cannot_say_is_named():
    def root() -> complex: ...

    with pytest.raises(LocalProtocolError, match=r"^root, what it returns: .* has no place in JSON"):
        Server("typed", version="1").add_tool(root)


def test_what_nobody_awaited_is_named():
    async def late(): ...

    waiting = late()
    server = Server("late", version="1")
    server.add_tool(lambda: waiting, name="late")
    peer = Conversation(server)
    assert peer.call("late")["isError"] is True
    waiting.close()
    assert str(peer.events[0].error).endswith("was not awaited; in an async def say await")


@attrs.frozen
class Weather:
    degrees: int


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_text_beside_the_data_may_be_the_handlers_own(revision):
    def warm() -> Weather:
        content = (schema.TextContent(text="It is warm."),)
        return schema.CallToolResult(content=content, structured_content={"degrees": 30})

    server = Server("own", version="1")
    server.add_tool(warm)
    found = Conversation(server, revision).call("warm")
    assert found["content"] == [{"type": "text", "text": "It is warm."}]
    assert found.get("structuredContent") == ({"degrees": 30} if revision >= "2025-06-18" else None)


def test_the_data_beside_the_handlers_own_text_is_checked_unless_it_is_an_error():
    made = schema.CallToolResult(content=(), structured_content={"degrees": "hot"})

    def hot() -> Weather:
        return made

    server = Server("own", version="1")
    server.add_tool(hot)
    server.add_tool(hot, name="unchecked", validate_output=False)
    peer = Conversation(server)
    assert peer.call("hot")["isError"] is True
    assert peer.call("unchecked")["structuredContent"] == {"degrees": "hot"}
    made = schema.CallToolResult(content=(), is_error=True)
    failed = peer.call("hot")
    assert (failed["content"], failed["isError"]) == ([], True)
    made = schema.CallToolResult(content=())
    assert peer.call("hot")["isError"] is True
    assert [str(event.error) for event in peer.events] == [
        "result.degrees: expected the type 'integer', found 'hot'",
        "result: expected structured content, found nothing",
    ]


@pytest.mark.parametrize("given", [{"output_schema": {"type": "object", "required": ["a"]}}, {}])
def test_a_result_that_is_not_checked_is_sent_as_it_is(given):
    def tool() -> list[int]:
        return {"b": 1}

    server = Server("unchecked", version="1")
    server.add_tool(tool, **given)
    server.add_tool(tool, name="unchecked", validate_output=False, **given)
    assert Conversation(server).call("tool")["isError"] is True
    assert Conversation(server).call("unchecked")["structuredContent"] == {"b": 1}
