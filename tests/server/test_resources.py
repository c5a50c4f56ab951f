"""Resources under exact URIs.

Source: Resources, all revisions; 2026-07-28, Resources, Error Handling.
"""

import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server
from sansmcp.session import HandlerFailed


@pytest.fixture
def server():
    return Server("resources", version="1")


def listed(server, revision=MODERN):
    return Conversation(server, revision).result("resources/list")["resources"]


def read(server, uri="a:b", revision=MODERN):
    return Conversation(server, revision).result("resources/read", uri=uri)["contents"]


def test_a_function_becomes_a_resource(server):
    @server.resource("config://app", mime_type="text/plain", size=5)
    def settings() -> str:
        """Return the settings."""
        return "a = 1"

    assert settings() == "a = 1"
    assert listed(server) == [
        {
            "uri": "config://app",
            "name": "settings",
            "description": "Return the settings.",
            "mimeType": "text/plain",
            "size": 5,
        }
    ]
    assert read(server, "config://app") == [
        {"uri": "config://app", "text": "a = 1", "mimeType": "text/plain"}
    ]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_revision_is_shown_what_it_has_words_for(server, revision):
    server.add_resource(
        "a:b",
        "ä",
        name="name",
        title="Title",
        description="Description",
        icons=[schema.Icon(src="https://example.com/a.png")],
        annotations=schema.Annotations(priority=0.5),
        meta={"com.example/a": 1},
    )
    expected = {
        "uri": "a:b",
        "name": "name",
        "description": "Description",
        "size": 2,
        "annotations": {"priority": 0.5},
    }
    if revision >= "2025-06-18":
        expected |= {"title": "Title", "_meta": {"com.example/a": 1}}
    if revision >= "2025-11-25":
        expected["icons"] = [{"src": "https://example.com/a.png"}]
    assert listed(server, revision) == [expected]
    assert read(server, revision=revision) == [{"uri": "a:b", "text": "ä"}]


def test_a_value_is_a_resource_of_known_size(server):
    server.add_resource("a:b", b"\0\1\2", mime_type="x/y")
    assert listed(server) == [{"uri": "a:b", "name": "a:b", "mimeType": "x/y", "size": 3}]
    assert read(server) == [{"uri": "a:b", "blob": "AAEC", "mimeType": "x/y"}]


@pytest.mark.parametrize(
    ("value", "contents"),
    [
        ("text", [{"uri": "a:b", "text": "text"}]),
        (b"\0", [{"uri": "a:b", "blob": "AA=="}]),
        (["x", b"\0"], [{"uri": "a:b", "text": "x"}, {"uri": "a:b", "blob": "AA=="}]),
        (schema.TextResourceContents(uri="a:c", text="x"), [{"uri": "a:c", "text": "x"}]),
        ([schema.BlobResourceContents(uri="a:c", blob="AA==")], [{"uri": "a:c", "blob": "AA=="}]),
        ({"a": 1}, [{"uri": "a:b", "text": '{"a":1}', "mimeType": "application/json"}]),
        ([1, 2], [{"uri": "a:b", "text": "[1,2]", "mimeType": "application/json"}]),
        (None, [{"uri": "a:b", "text": "null", "mimeType": "application/json"}]),
        (
            schema.ReadResourceResult(contents=(schema.TextResourceContents(uri="a:d", text="x"),)),
            [{"uri": "a:d", "text": "x"}],
        ),
    ],
)
def test_what_a_function_returns_becomes_contents(server, value, contents):
    server.add_resource("a:b", lambda: value)
    assert read(server) == contents


def test_there_are_always_contents(server):
    @server.resource("a:b")
    def nothing():
        return []

    peer = Conversation(server)
    assert peer.error("resources/read", uri="a:b")["code"] == -32603
    assert isinstance(peer.events[0], HandlerFailed)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_resource_that_is_not_there_has_the_code_of_the_revision(server, revision):
    server.add_resource("a:b", "x")
    code = -32602 if revision == MODERN else -32002
    expected = {"code": code, "message": "there is no resource 'a:c'", "data": {"uri": "a:c"}}
    assert Conversation(server, revision).error("resources/read", uri="a:c") == expected


def test_a_resource_may_take_a_context_and_wait(server):
    @server.resource("a:b")
    async def resource(ctx: Context) -> str:
        return ctx.client.revision

    assert read(server) == [{"uri": "a:b", "text": MODERN}]


def test_a_resource_that_takes_what_nobody_gives_is_refused(server):
    with pytest.raises(LocalProtocolError, match=r"nothing gives .* its a; expected a Context or nothing"):
        server.add_resource("a:b", lambda a: a)
    server.add_resource("a:b", lambda a=1: str(a))
    assert read(server) == [{"uri": "a:b", "text": "1"}]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("nowhere", "expected a URI with a scheme"),
        (":b", "expected a URI with a scheme"),
        ("a:{b}", "braces make a template"),
    ],
)
def test_what_is_no_exact_uri_is_refused(server, uri, said):
    with pytest.raises(LocalProtocolError, match=said):
        server.add_resource(uri, "x")


def test_a_decorator_without_a_uri_is_told_so(server):
    with pytest.raises(LocalProtocolError, match=r"^resource: expected a URI, as in @server\.resource"):

        @server.resource
        def app(): ...


def test_a_uri_is_taken_once(server):
    server.add_resource("a:b", "x")
    with pytest.raises(LocalProtocolError, match="there is a resource 'a:b' already"):
        server.add_resource("a:b", "y")
