"""Content from plain Python, and what each value becomes as content.

Source: Tools, Tool Result; Prompts, Data Types; Resources, Resource Contents, all revisions.
"""

import pytest
from tests.server.conversation import Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS, bytes_of
from sansmcp.server import Audio, Embedded, Image, Server, Text
from sansmcp.server.content import base64_of, blocks_of, contents_of, text_of

HINTS = schema.Annotations(audience=("user",))
META = {"com.example/a": 1}


@pytest.mark.parametrize(
    ("content", "block"),
    [
        (
            Text("hi", annotations=HINTS, meta=META),
            schema.TextContent(text="hi", annotations=HINTS, meta=META),
        ),
        (
            Image(b"\0", "image/png", annotations=HINTS, meta=META),
            schema.ImageContent(data="AA==", mime_type="image/png", annotations=HINTS, meta=META),
        ),
        (
            Audio(b"\0", "audio/wav", annotations=HINTS, meta=META),
            schema.AudioContent(data="AA==", mime_type="audio/wav", annotations=HINTS, meta=META),
        ),
        (
            Embedded("a:b", b"\0", "x/y", annotations=HINTS, meta=META),
            schema.EmbeddedResource(
                resource=schema.BlobResourceContents(uri="a:b", blob="AA==", mime_type="x/y"),
                annotations=HINTS,
                meta=META,
            ),
        ),
    ],
)
def test_each_kind_of_content_is_made_of_plain_values_with_hints(content, block):
    assert content.block == block
    assert blocks_of(content) == (block,)
    assert blocks_of(block) == (block,)
    assert blocks_of([content, "b"]) == (block, schema.TextContent(text="b"))


def test_contents_of_resources_are_texts_or_base64():
    assert contents_of("a:b", "text", None) == schema.TextResourceContents(uri="a:b", text="text")
    assert base64_of(b"") == ""


def test_bytes_come_back_out_of_what_was_made_of_them():
    for made in (Image(b"\0\xff", "a/b"), Audio(b"\0\xff", "a/b")):
        assert bytes_of(made.block) == b"\0\xff"
    assert bytes_of(contents_of("a:b", b"\0\xff", None)) == b"\0\xff"
    with pytest.raises(ValueError, match="padding"):
        bytes_of(schema.BlobResourceContents(uri="a:b", blob="AA"))


def test_content_of_bytes_does_not_take_texts_and_is_not_shown_with_them():
    with pytest.raises(
        LocalProtocolError, match="Image: expected bytes, found str; give the bytes as they are"
    ):
        Image("AA==", "image/png")
    assert repr(Audio(b"\0" * 99, "audio/wav")) == "Audio(mime_type='audio/wav', annotations=None, meta=None)"


def test_an_embedded_resource_always_says_its_type():
    assert Embedded("a:b", "text").block.resource.mime_type == "text/plain"
    assert Embedded("a:b", b"\0").block.resource.mime_type == "application/octet-stream"


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("text", ["AA", "AA==\n", "A-_=", "AA==AA==", "=", "AAAAA===", "é"])
def test_what_is_no_base64_is_not_sent(revision, text):
    server = Server("bytes", version="1")
    server.add_resource("a:b", lambda: schema.BlobResourceContents(uri="a:b", blob=text))
    assert Conversation(server, revision).error("resources/read", uri="a:b")["code"] == -32603


@pytest.mark.parametrize("revision", REVISIONS)
def test_annotations_and_meta_reach_the_revisions_that_have_them(revision):
    server = Server("hints", version="1")
    server.add_tool(lambda: Text("hi", annotations=HINTS, meta=META), name="tool")
    expected = {"type": "text", "text": "hi", "annotations": {"audience": ["user"]}}
    if revision >= "2025-06-18":
        expected["_meta"] = META
    assert Conversation(server, revision).call("tool")["content"] == [expected]


def test_the_text_of_a_value_is_compact_and_keeps_its_order():
    assert text_of({"b": [1, 2.5, None, True], "a": "ä\n"}) == '{"b":[1,2.5,null,true],"a":"ä\\n"}'
    assert text_of(7) == "7"
    assert text_of(True) == "true"


def test_texts_are_blocks_only_beside_blocks():
    block = schema.TextContent(text="a")
    assert blocks_of([block, "b"]) == (block, schema.TextContent(text="b"))
    assert blocks_of(["a", "b"]) is None
    assert blocks_of([block, 1]) is None
    assert blocks_of([]) is None
