"""Blocks of content from plain Python."""

from sansmcp import schema
from sansmcp.server.content import audio, base64_of, blocks_of, contents_of, embedded, image, text_of

HINTS = schema.Annotations(audience=("user",))


def test_blocks_are_made_from_bytes_and_texts():
    assert image(b"\0", "image/png", annotations=HINTS) == schema.ImageContent(
        data="AA==", mime_type="image/png", annotations=HINTS
    )
    assert audio(b"\0", "audio/wav", annotations=HINTS) == schema.AudioContent(
        data="AA==", mime_type="audio/wav", annotations=HINTS
    )
    assert embedded("a:b", b"\0", mime_type="x/y", annotations=HINTS) == schema.EmbeddedResource(
        resource=schema.BlobResourceContents(uri="a:b", blob="AA==", mime_type="x/y"), annotations=HINTS
    )
    assert contents_of("a:b", "text", None) == schema.TextResourceContents(uri="a:b", text="text")
    assert base64_of(b"") == ""


def test_an_embedded_resource_always_says_its_type():
    assert embedded("a:b", "text").resource.mime_type == "text/plain"
    assert embedded("a:b", b"\0").resource.mime_type == "application/octet-stream"


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
