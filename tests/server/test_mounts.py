"""One server in another."""

import pytest
from tests.server.conversation import Conversation
from tests.server.watching import Watcher

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, ResourceNotFound, ToolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server

TOOLS = ("tools/list_changed",)


def weather():
    server = Server("weather", version="1")

    @server.tool
    def forecast(city: str, ctx: Context) -> str:
        ctx.progress(1)
        return f"sun in {city}"

    server.add_prompt(lambda: "How is it?", name="ask")
    server.add_resource("data://cities", "Bonn")
    server.add_resource("urn:cities", "Ulm")
    return server


def names(peer, method, member, key="name"):
    return [item[key] for item in peer.result(method)[member]]


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_is_mounted_is_offered_under_its_prefix_where_it_was_mounted(revision):
    inner, outer = weather(), Server("outer", version="1")
    outer.add_tool(lambda: 1, name="before")
    handle = outer.mount(inner, "weather")
    outer.add_tool(lambda: 1, name="after")
    inner.add_tool(lambda: "late", name="late")
    peer = Conversation(outer, revision)
    assert handle.prefix == "weather"
    assert names(peer, "tools/list", "tools") == ["before", "weather_forecast", "weather_late", "after"]
    assert names(peer, "prompts/list", "prompts") == ["weather_ask"]
    assert names(peer, "resources/list", "resources", "uri") == [
        "data://weather/cities",
        "urn:weather/cities",
    ]
    assert peer.text("weather_forecast", city="Bonn") == "sun in Bonn"
    assert peer.error("tools/call", name="forecast")["code"] == -32602
    said = peer.result("prompts/get", name="weather_ask")["messages"]
    assert said[0]["content"]["text"] == "How is it?"
    for uri, text in (("data://weather/cities", "Bonn"), ("urn:weather/cities", "Ulm")):
        (contents,) = peer.result("resources/read", uri=uri)["contents"]
        assert (contents["uri"], contents["text"]) == (uri, text)
    for uri in ("data://cities", "data://weather/none", "data://other/cities"):
        error = peer.error("resources/read", uri=uri)
        assert error["data"] == {"uri": uri}


@pytest.mark.parametrize("revision", REVISIONS)
def test_changes_of_what_is_mounted_are_told_of_in_both(revision):
    inner, outer = weather(), Server("outer", version="1")
    outer.mount(inner, "weather")
    peer = Watcher(outer, revision, ["data://weather/cities"])
    inner.tools["forecast"].disable()
    inner.resource_updated("data://cities")
    peer.heard()
    assert peer.heard(after=0.01) == [TOOLS, ("resources/updated", "data://weather/cities")]
    inner.prompts["ask"].update(title="Ask")
    peer.heard()
    assert peer.heard(after=0.01) == [("prompts/list_changed",)]
    assert outer.prompts["weather_ask"].definition.title == "Ask"
    assert not outer.tools["weather_forecast"].is_enabled


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_was_taken_away_is_offered_no_more(revision):
    inner, outer = weather(), Server("outer", version="1")
    outer.add_tool(lambda: 1, name="own")
    handle = outer.mount(inner, "weather")
    peer = Watcher(outer, revision)
    handle.remove()
    handle.remove()
    inner.add_tool(lambda: 1, name="late")
    assert list(outer.tools) == ["own"]
    assert dict(outer.resources) == {}
    peer.heard()
    assert TOOLS in peer.heard(after=0.01)
    assert peer.error("tools/call", name="weather_forecast")["code"] == -32602
    outer.mount(inner, "weather")
    assert "weather_late" in outer.tools


def test_servers_are_mounted_in_servers_that_are_mounted():
    inner, middle, outer = weather(), Server("middle", version="1"), Server("outer", version="1")
    outer.mount(middle, "m")
    middle.mount(inner, "w")
    peer = Watcher(outer, REVISIONS[-1], ["data://m/w/cities"])
    assert peer.text("m_w_forecast", city="Ulm") == "sun in Ulm"
    (contents,) = peer.result("resources/read", uri="data://m/w/cities")["contents"]
    assert contents["uri"] == "data://m/w/cities"
    inner.resource_updated("data://cities")
    peer.heard()
    assert peer.heard(after=0.01) == [("resources/updated", "data://m/w/cities")]


def test_a_server_is_not_mounted_in_itself_however_far_around():
    one, two, three = (Server(name, version="1") for name in ("one", "two", "three"))
    one.mount(two, "two")
    two.mount(three, "three")
    for outer, inner in ((one, one), (three, one), (two, one)):
        with pytest.raises(LocalProtocolError, match="expected another server"):
            outer.mount(inner, "again")


def test_a_name_that_is_taken_is_refused_when_mounting_and_left_out_later():
    inner, outer = weather(), Server("outer", version="1")
    outer.add_tool(lambda: "own", name="weather_forecast")
    outer.add_tool(lambda: "own", name="weather_late")
    with pytest.raises(LocalProtocolError, match="there is a tool 'weather_forecast' already; take another"):
        outer.mount(inner, "weather")
    outer.tools["weather_forecast"].remove()
    outer.mount(inner, "weather")
    inner.add_tool(lambda: "inner", name="late")
    peer = Conversation(outer)
    assert peer.text("weather_late") == "own"
    with pytest.raises(LocalProtocolError, match="there is a tool 'weather_forecast' already"):
        outer.add_tool(lambda: 1, name="weather_forecast")


@pytest.mark.parametrize("prefix", ["", "a_b", "a/b", "ü", "x" * 65])
def test_a_prefix_is_one_word(prefix):
    with pytest.raises(LocalProtocolError, match="mount: expected a prefix"):
        Server("outer", version="1").mount(weather(), prefix)


def test_what_is_no_server_is_not_mounted():
    with pytest.raises(LocalProtocolError, match="mount: expected a sansmcp Server, found 'weather'"):
        Server("outer", version="1").mount("weather", "prefix")


def test_what_is_mounted_is_changed_at_home():
    inner, outer = weather(), Server("outer", version="1")
    outer.mount(inner, "weather")
    handle = outer.tools["weather_forecast"]
    for change in (handle.disable, handle.remove, lambda: handle.update(title="x")):
        with pytest.raises(LocalProtocolError, match="is mounted from another server; change it there"):
            change()


def test_completion_of_a_mounted_prompt_asks_its_home():
    inner, outer = Server("inner", version="1"), Server("outer", version="1")

    @inner.prompt(completers={"city": ["Bonn", "Ulm"]})
    def ask(city: str) -> str:
        return f"How is it in {city}?"

    outer.mount(inner, "in")
    peer, argument = Conversation(outer), {"name": "city", "value": "U"}
    answer = peer.result(
        "completion/complete", ref={"type": "ref/prompt", "name": "in_ask"}, argument=argument
    )
    assert answer["completion"]["values"] == ["Ulm"]
    error = peer.error("completion/complete", ref={"type": "ref/prompt", "name": "ask"}, argument=argument)
    assert error["code"] == -32602


@pytest.mark.parametrize("revision", REVISIONS)
def test_templates_are_mounted_too_and_completed_at_home(revision):
    inner, outer = Server("inner", version="1"), Server("outer", version="1")

    @inner.resource("notes://{folder}/{name}", completers={"folder": ["work", "home"]})
    def note(folder: str, name: str) -> str:
        return f"{name} in {folder}"

    outer.mount(inner, "in")
    peer = Conversation(outer, revision)
    uris = names(peer, "resources/templates/list", "resourceTemplates", "uriTemplate")
    assert uris == ["notes://in/{folder}/{name}"]
    (contents,) = peer.result("resources/read", uri="notes://in/work/today")["contents"]
    assert (contents["uri"], contents["text"]) == ("notes://in/work/today", "today in work")
    argument = {"name": "folder", "value": "h"}
    ref = {"type": "ref/resource", "uri": "notes://in/{folder}/{name}"}
    answer = peer.result("completion/complete", ref=ref, argument=argument)
    assert answer["completion"]["values"] == ["home"]
    for uri in ("notes://work/today", "notes://in/work"):
        assert "error" in peer.request("resources/read", uri=uri)[0]


def test_a_resource_of_ones_own_goes_before_what_is_mounted():
    inner, outer = weather(), Server("outer", version="1")
    outer.add_resource("data://weather/cities", "own")
    with pytest.raises(LocalProtocolError, match="there is a resource 'data://weather/cities' already"):
        outer.mount(inner, "weather")

    @inner.resource("data://{name}")
    def inside(name: str) -> str:
        return name

    outer.resources["data://weather/cities"].remove()
    outer.mount(inner, "weather")
    outer.add_resource("data://weather/own", "own")
    (contents,) = Conversation(outer).result("resources/read", uri="data://weather/own")["contents"]
    assert contents["text"] == "own"


def test_a_mounted_resource_keeps_what_its_home_says_of_it():
    inner, outer = Server("inner", version="1"), Server("outer", version="1")

    @inner.resource("data://both")
    async def both() -> list[schema.TextResourceContents]:
        return [
            schema.TextResourceContents(uri="data://both/1", text="1"),
            schema.TextResourceContents(uri="data://both/2", text="2"),
        ]

    outer.mount(inner, "in")
    contents = Conversation(outer).result("resources/read", uri="data://in/both")["contents"]
    assert [content["uri"] for content in contents] == ["data://in/both/1", "data://in/both/2"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_is_not_there_is_named_as_the_client_named_it(revision):
    inner, middle, outer = (Server(name, version="1") for name in ("inner", "middle", "outer"))

    @inner.resource("notes://{name}")
    def note(name: str) -> str:
        raise ResourceNotFound(f"notes://{name}")

    @inner.tool
    def read(name: str) -> str:
        raise ResourceNotFound(f"notes://{name}")

    middle.mount(inner, "in")
    outer.mount(middle, "m")
    peer = Conversation(outer, revision)
    wanted = "notes://m/in/gone"
    for error in (
        peer.error("resources/read", uri=wanted),
        peer.error("tools/call", name="m_in_read", arguments={"name": "gone"}),
    ):
        assert error["data"] == {"uri": wanted}
        assert wanted in error["message"]


def test_templates_of_servers_in_mounted_servers_are_read_and_completed():
    inner, middle, outer = (Server(name, version="1") for name in ("inner", "middle", "outer"))

    @inner.resource("notes://{number}{?page}", completers={"number": ["17", "18", "2"]})
    def note(number: int, page: int = 1) -> str:
        return f"{number + 1} on {page}"

    middle.mount(inner, "in")
    outer.mount(middle, "m")
    peer = Conversation(outer)
    (contents,) = peer.result("resources/read", uri="notes://m/in/7?page=3")["contents"]
    assert (contents["uri"], contents["text"]) == ("notes://m/in/7?page=3", "8 on 3")
    ref = {"type": "ref/resource", "uri": "notes://m/in/{number}{?page}"}
    answer = peer.result("completion/complete", ref=ref, argument={"name": "number", "value": "1"})
    assert answer["completion"]["values"] == ["17", "18"]
    assert "error" in peer.request("resources/read", uri="notes://m/in/seven")[0]


def test_links_to_what_is_mounted_lead_where_it_is_mounted_and_others_stay():
    inner, middle, outer = (Server(name, version="1") for name in ("inner", "middle", "outer"))
    inner.add_resource("data://cities", "Bonn")

    @inner.resource("notes://{name}")
    def note(name: str) -> str:
        return name

    blocks = [
        schema.TextContent(text="see"),
        schema.ResourceLink(uri="data://cities", name="cities"),
        schema.ResourceLink(uri="https://example.com/", name="web"),
        schema.EmbeddedResource(resource=schema.TextResourceContents(uri="notes://today", text="sun")),
        schema.EmbeddedResource(resource=schema.TextResourceContents(uri="made:up", text="rain")),
    ]
    inner.add_tool(lambda: blocks, name="look")
    inner.add_prompt(lambda: blocks, name="ask")
    middle.mount(inner, "in")
    outer.mount(middle, "m")
    peer = Conversation(outer)
    said = peer.result("prompts/get", name="m_in_ask")["messages"]
    expected = [
        None,
        "data://m/in/cities",
        "https://example.com/",
        "notes://m/in/today",
        "made:up",
    ]
    for found in (peer.call("m_in_look")["content"], [message["content"] for message in said]):
        assert [block.get("uri") or block.get("resource", {}).get("uri") for block in found] == expected
    for uri in (expected[1], expected[3]):
        assert "contents" in peer.result("resources/read", uri=uri)


def test_a_mounted_tool_that_fails_says_so_as_at_home():
    inner, outer = weather(), Server("outer", version="1")

    @inner.tool
    def fail() -> str:
        raise ToolError("no sun")

    outer.mount(inner, "in")
    result = Conversation(outer).call("in_fail")
    assert result["isError"]
    assert result["content"][0]["text"] == "no sun"


def test_methods_are_those_of_the_outer_server():
    inner, outer = weather(), Server("outer", version="1")
    outer.mount(inner, "weather")
    outer.add_method("acme/outer", lambda: {"said": "outer"})
    inner.add_method("acme/inner", lambda: {"said": "inner"})
    peer = Conversation(outer)
    assert peer.result("acme/outer")["said"] == "outer"
    assert peer.error("acme/inner")["code"] == -32601
