"""Resource templates: what lists show, which URIs are resources, and how values get into functions.

Source: Resources, Resource Templates, all revisions; 2026-07-28, Resources, Error Handling; RFC 6570.
"""

import enum
import uuid
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RequestFailed, ResourceNotFound
from sansmcp.schema import REVISIONS, UriTemplate
from sansmcp.server import Context, Description, Ge, Server
from sansmcp.testing import connect

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@pytest.fixture
def server():
    return Server("templates", version="1")


def listed(server, revision=MODERN):
    return Conversation(server, revision).result("resources/templates/list")["resourceTemplates"]


def read(server, uri, revision=MODERN):
    return Conversation(server, revision).result("resources/read", uri=uri)["contents"]


def missing(server, uri, revision=MODERN):
    error = Conversation(server, revision).error("resources/read", uri=uri)
    code = -32602 if revision == MODERN else -32002
    return error == {"code": code, "message": f"there is no resource {uri[:80]!r}", "data": {"uri": uri}}


class Shelf(enum.Enum):
    TOP = "top"


def test_what_has_braces_becomes_a_template(server):
    @server.resource("notes://{folder}/{id}", mime_type="text/plain")
    def note(folder: str, id: int) -> str:  # noqa: A002 - a template names it so
        """Return a note."""
        return f"{folder} {id + 1}"

    assert note("a", 1) == "a 2"
    assert listed(server) == [
        {
            "uriTemplate": "notes://{folder}/{id}",
            "name": "note",
            "description": "Return a note.",
            "mimeType": "text/plain",
        }
    ]
    assert Conversation(server).result("resources/list")["resources"] == []
    assert read(server, "notes://my%20notes/7") == [
        {"uri": "notes://my%20notes/7", "text": "my notes 8", "mimeType": "text/plain"}
    ]


@every_revision
def test_every_revision_is_shown_what_it_has_words_for(server, revision):
    server.add_resource_template(
        "a:{b}",
        lambda b: b,
        name="name",
        title="Title",
        description="Description",
        mime_type="x/y",
        icons=[schema.Icon(src="https://example.com/a.png")],
        annotations=schema.Annotations(priority=0.5),
        meta={"com.example/a": 1},
    )
    expected = {
        "uriTemplate": "a:{b}",
        "name": "name",
        "description": "Description",
        "mimeType": "x/y",
        "annotations": {"priority": 0.5},
    }
    if revision >= "2025-06-18":
        expected |= {"title": "Title", "_meta": {"com.example/a": 1}}
    if revision >= "2025-11-25":
        expected["icons"] = [{"src": "https://example.com/a.png"}]
    assert listed(server, revision) == [expected]
    assert read(server, "a:x", revision) == [{"uri": "a:x", "text": "x", "mimeType": "x/y"}]


@every_revision
def test_a_server_with_templates_alone_has_resources(server, revision):
    server.add_resource_template("a:{b}", lambda b: b, name="b")
    with connect(server, revisions=[revision]) as client:
        assert client.server_capabilities.resources is not None
        (template,) = client.list_resource_templates().resource_templates
        uri = UriTemplate(template.uri_template).expand({"b": "ä/ö"})
        with pytest.raises(RequestFailed) as refused:
            client.read_resource(uri)
        assert refused.value.is_resource_not_found
        uri = UriTemplate(template.uri_template).expand({"b": "ä ö"})
        assert client.read_resource(uri).contents[0].text == "ä ö"


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "7", "7"),
        (int, "7", 7),
        (float, "7", 7.0),
        (bool, "true", True),
        (
            uuid.UUID,
            "12345678-1234-5678-1234-567812345678",
            uuid.UUID("12345678-1234-5678-1234-567812345678"),
        ),
        (Shelf, "top", Shelf.TOP),
        (Literal["a", 1], "a", "a"),
        (Literal[1, 2], "2", 2),
        (int | None, "null", None),
        (Annotated[int, Ge(5), Description("How many.")], "7", 7),
        (list[int], "1,2", [1, 2]),
        (tuple[int, str], "1,2", (1, "2")),
        (set[str], "a,b", {"a", "b"}),
        (list[str] | None, "a", ["a"]),
        (Annotated[list[int], Description("Some.")], "3", [3]),
        (dict[str, int], "%7B%22a%22:1%7D", {"a": 1}),
    ],
)
def test_a_value_becomes_what_its_parameter_asks_for(server, annotation, text, value):
    seen = []

    def resource(b):
        seen.append(b)
        return "ok"

    resource.__annotations__["b"] = annotation
    server.add_resource_template("a:{b}", resource)
    read(server, f"a:{text}")
    assert seen == [value]
    assert type(seen[0]) is type(value)


@every_revision
@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "seven"),
        (int, "07"),
        (int, "7.5"),
        (int, "9" * 5000),
        (float, "NaN"),
        (bool, "True"),
        (uuid.UUID, "7"),
        (Shelf, "bottom"),
        (Annotated[int, Ge(5)], "4"),
        (list[int], "1,x"),
        (tuple[int, int], "1,2,3"),
        (str, ""),
    ],
)
def test_a_value_that_does_not_fit_is_not_found(server, revision, annotation, text):
    def resource(b):
        raise AssertionError(b)

    resource.__annotations__["b"] = annotation
    server.add_resource_template("a:{b}", resource)
    assert missing(server, f"a:{text}", revision)


def test_what_may_be_left_out_has_its_default(server):
    @server.resource("a:{b}{/path*}{?limit,tags*}")
    def resource(
        b: str, path: list[str], limit: int = 10, tags: tuple[str, ...] = ("x",), more: int = 3
    ) -> str:
        return f"{b} {path} {limit} {tags} {more}"

    assert read(server, "a:b")[0]["text"] == "b [] 10 ('x',) 3"
    assert read(server, "a:b/c/d?tags=y&limit=2&tags=z")[0]["text"] == "b ['c', 'd'] 2 ('y', 'z') 3"
    assert missing(server, "a:b?more=4")


def test_an_exact_uri_goes_before_templates_and_these_go_in_order(server):
    server.add_resource_template("a:{b}", lambda b: f"text {b}", name="text")
    server.add_resource_template("a:{number}", _numbered, name="number")
    server.add_resource("a:exact", "exact")
    assert [read(server, uri)[0]["text"] for uri in ("a:exact", "a:7")] == ["exact", "text 7"]
    server.resource_templates["a:{b}"].disable()
    assert read(server, "a:7")[0]["text"] == "number 7"
    assert missing(server, "a:x")


def _numbered(number: int) -> str:
    return f"number {number}"


def test_a_template_may_take_a_context_wait_and_return_what_a_resource_returns(server):
    @server.resource("a:{b}", mime_type="x/y")
    async def resource(b: str, ctx: Context) -> schema.ReadResourceResult:
        return schema.ReadResourceResult(
            contents=(schema.TextResourceContents(uri="a:z", text=f"{b} {ctx.client.revision}"),)
        )

    assert read(server, "a:b") == [{"uri": "a:z", "text": f"b {MODERN}"}]
    with pytest.raises(LocalProtocolError, match=r"resource template 'a:\{b\}'"):
        server.refuse_async_handlers()


@every_revision
def test_a_function_may_say_that_its_resource_does_not_exist(server, revision):
    @server.resource("a:{b}")
    def resource(b: str) -> str:
        raise ResourceNotFound(f"a:{b}")

    assert missing(server, "a:b", revision)


@every_revision
@pytest.mark.parametrize(
    "uri",
    ["file:///..", "file:///%2e%2e", "file:///a%2Fb", "file:///%252e%252e", "file:///a%00", "file:///a%5Cb"],
)
def test_paths_that_lead_elsewhere_are_not_found_unless_the_template_wants_them(server, revision, uri):
    guarded, open_ = [], []
    server.add_resource_template("file:///{name}", lambda name: guarded.append(name) or "", name="a")
    assert missing(server, uri, revision)
    other = Server("open", version="1")
    other.add_resource_template(
        "file:///{name}", lambda name: open_.append(name) or "", name="b", guards_paths=False
    )
    read(other, uri, revision)
    assert (guarded, len(open_)) == ([], 1)


def test_a_handle_changes_hides_and_removes_a_template(server):
    handle = server.add_resource_template("a:{b}", lambda b: b, name="b")
    assert server.resource_templates == {"a:{b}": handle}
    assert handle.name == "a:{b}"
    handle.update(function=_numbered_b, title="Title", guards_paths=False)
    assert handle.definition.title == "Title"
    assert read(server, "a:..%2F7")[0]["text"] == "number ../7"
    server.add_resource("a:b", "x")
    handle.remove()
    assert listed(server) == []
    assert missing(server, "a:x")


def _numbered_b(b: str) -> str:
    return f"number {b}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("a:{b", "is never closed"),
        ("{b}", r"expected a scheme before the first variable, such as 'notes://\{id\}'"),
        ("a/{b}", "expected a scheme"),
        ("a:{c}", "<lambda> has no parameter c; expected one for each variable, found b"),
        ("a:b", "nothing gives <lambda> its b"),
        ("a:{b*}", r"b is written with '\*', so it is a list; expected <lambda> to take one"),
        ("a:{b}{b}", "cannot be told|stands twice"),
    ],
)
def test_a_template_that_does_not_fit_its_function_is_refused(server, template, said):
    with pytest.raises(LocalProtocolError, match=said):
        server.add_resource_template(template, lambda b: b, name="b")


def test_a_template_is_no_resource_and_is_registered_once(server):
    with pytest.raises(LocalProtocolError, match="for add_resource_template"):
        server.add_resource("a:{b}", "x")
    server.add_resource_template("a:{b}", lambda b: b, name="b")
    with pytest.raises(LocalProtocolError, match=r"there is a resource template 'a:\{b\}' already"):
        server.add_resource_template("a:{b}", lambda b: b, name="b")


SAFE = st.text(st.characters(exclude_characters="/\\\0%:.", codec="utf-8"), min_size=1)


@given(SAFE, st.lists(SAFE, max_size=3), st.integers(), st.none() | st.booleans())
def test_a_handler_is_given_what_a_client_expanded(name, path, number, flag):
    server = Server("expanded", version="1")
    seen = []

    @server.resource("x://{name}{/path*}{?number,flag}")
    def resource(name: str, path: list[str], number: int, flag: bool | None = None) -> str:
        seen.append((name, path, number, flag))
        return ""

    values = {"name": name, "path": path, "number": number, "flag": flag}
    read(server, UriTemplate("x://{name}{/path*}{?number,flag}").expand(values))
    assert seen == [(name, path, number, flag)]
