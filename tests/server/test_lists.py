"""Lists: their order, their pages, and how long these may be kept."""

import base64
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conversation import Conversation, environment

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LATEST_MODERN, REVISIONS
from sansmcp.server import CacheHint, Server
from sansmcp.session import ServerSession

LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
}


def offering(count, **settings):
    """Return a server that has so many items of each kind."""
    server = Server("lists", version="1", **settings)
    for number in range(count):
        server.add_tool(lambda: 1, name=f"item{number}")
        server.add_prompt(lambda: "", name=f"item{number}")
        server.add_resource(f"config:{number}", "x", name=f"item{number}")
    return server


def pages(peer, method="tools/list"):
    """Return the names on each page, and check that the last has no cursor."""
    cursor, found = {}, []
    while True:
        result = peer.result(method, **cursor)
        found.append([item["name"] for item in result[LISTS[method]]])
        if "nextCursor" not in result:
            return found
        cursor = {"cursor": result["nextCursor"]}


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("method", LISTS)
def test_every_list_has_pages_in_the_order_of_registration(method, revision):
    peer = Conversation(offering(7, page_size=3), revision)
    names = [f"item{number}" for number in range(7)]
    assert pages(peer, method) == [names[:3], names[3:6], names[6:]]


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (250, [250]), (251, [250, 1])])
def test_a_page_has_250_items_by_default(count, sizes):
    server = Server("lists", version="1", capabilities={"tools": True})
    for number in range(count):
        server.add_tool(lambda: 1, name=f"item{number}")
    assert [len(page) for page in pages(Conversation(server))] == sizes


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_page_has_less_where_its_items_are_large(revision):
    server = Server("lists", version="1")
    large = "x" * 20_000
    for number in range(250):
        server.add_tool(lambda: 1, name=f"item{number}", description=large)
        server.add_resource_template(f"item://{number}/{{a}}", lambda a: a, name="item", description=large)
    peer = Conversation(server, revision)
    found = pages(peer)
    assert [name for page in found for name in page] == [f"item{number}" for number in range(250)]
    assert len(found) == 2
    # What a client's link takes; see the limits of wire.
    assert len(json.dumps(peer.result("resources/templates/list"))) < 4 * 1024 * 1024


def test_the_bytes_of_a_page_are_counted_to_the_last_one():
    def sizes(*characters):
        server = Server("lists", version="1")
        for number, count in enumerate(characters):
            server.add_resource(f"item:{number}", "", name=f"item{number}", description="ü" * (count // 2))
        return [len(page) for page in pages(Conversation(server), "resources/list")]

    half = 1536 * 1024
    # Around the text of each stand some members more.
    assert sizes(half - 200, half - 200) == [2]
    assert sizes(half, half) == [1, 1]
    assert sizes(7 * half // 3, 2, 2) == [1, 2]


@pytest.mark.parametrize("size", [0, -1, 1.5, True])
def test_a_page_has_at_least_one_item(size):
    with pytest.raises(LocalProtocolError, match="page_size: expected a whole number from 1"):
        Server("x", version="1", page_size=size)


def cursor_of(server, method="tools/list", **around):
    return Conversation(server, around=environment(**around)).result(method)["nextCursor"]


def refusals():
    """Return cursors that are no cursor of the tools of a server, by what is wrong with them."""
    good = cursor_of(offering(3, page_size=1))
    raw = base64.urlsafe_b64decode(good)
    return {
        "nothing": "",
        "a word": "next",
        "no ASCII": "\xfc",
        "a number": "2",
        "cut": good[:-4],
        "longer": good + good,
        "very long": good * 50_000,
        "another spelling": good.rstrip("=") + "\n" + "=" * good.count("="),
        "no seal": base64.urlsafe_b64encode(json.dumps(["tools/list", 0]).encode()).decode(),
        "another position": base64.urlsafe_b64encode(raw[:16] + b'["tools/list",1]').decode(),
        "of another list": cursor_of(offering(3, page_size=1), "prompts/list"),
        "of another key": cursor_of(offering(3, page_size=1), random=lambda count: b"y" * count),
    }


@pytest.mark.parametrize("revision", [LATEST_LEGACY, LATEST_MODERN])
@pytest.mark.parametrize("fault", refusals())
def test_a_cursor_that_is_none_of_the_list_is_refused(fault, revision):
    peer = Conversation(offering(3, page_size=1), revision)
    error = peer.error("tools/list", cursor=refusals()[fault])
    assert error["code"] == -32602
    assert error["message"] == "the cursor is none of this server's for this list; begin without one"


def test_no_cursor_with_one_bit_changed_is_taken():
    peer = Conversation(offering(3, page_size=1))
    raw = base64.urlsafe_b64decode(peer.result("tools/list")["nextCursor"])
    for place, bit in itertools.product(range(len(raw)), range(8)):
        changed = bytearray(raw)
        changed[place] ^= 1 << bit
        assert peer.error("tools/list", cursor=base64.urlsafe_b64encode(changed).decode())["code"] == -32602


def test_every_process_that_has_the_key_reads_the_cursors_of_the_others():
    old, new = b"o" * 16, b"n" * 16
    first = Conversation(offering(3, page_size=2, state_keys=[old]))
    second = Conversation(
        offering(3, page_size=2, state_keys=[new, old]), around=environment(random=lambda count: b"r" * count)
    )
    cursor = first.result("tools/list")["nextCursor"]
    assert [tool["name"] for tool in second.result("tools/list", cursor=cursor)["tools"]] == ["item2"]
    rotated = second.result("tools/list")["nextCursor"]
    assert first.error("tools/list", cursor=rotated)["code"] == -32602


def test_a_session_that_no_server_opened_gets_everything_at_once():
    server = offering(3, page_size=1)
    peer = Conversation(server)
    peer.session = ServerSession(info=server.info, capabilities=server.capabilities)
    assert len(peer.result("tools/list")["tools"]) == 3
    assert peer.error("tools/list", cursor="x")["code"] == -32602


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "disable", "enable", "update", "rename", "page", "page"]),
        st.integers(min_value=0, max_value=30),
    ),
    max_size=40,
)


def change(server, what, number, fresh):
    """Change one item of a server, if there is one."""
    if what == "add":
        server.add_tool(lambda: 1, name=f"new{next(fresh)}")
        return
    handles = list(server.tools.values())
    if not handles:
        return
    handle = handles[number % len(handles)]
    match what:
        case "remove":
            handle.remove()
        case "disable":
            handle.disable()
        case "enable":
            handle.enable()
        case "update":
            handle.update(title="Another")
        case "rename":
            handle.update(name=f"new{next(fresh)}")


@given(changes=CHANGES, size=st.integers(min_value=1, max_value=5), count=st.integers(0, 12))
def test_whatever_is_there_all_the_time_is_listed_exactly_once(changes, size, count):
    server = Server("lists", version="1", page_size=size, capabilities={"tools": True})
    for number in range(count):
        server.add_tool(lambda: 1, name=f"item{number}")
    fresh = itertools.count()
    peer = Conversation(server)
    result = peer.result("tools/list")
    always = {name for name, handle in server.tools.items() if handle.is_enabled}
    found = [tool["name"] for tool in result["tools"]]
    remaining = iter(changes)
    while "nextCursor" in result:
        for what, number in remaining:
            if what == "page":
                break
            change(server, what, number, fresh)
            always &= {name for name, handle in server.tools.items() if handle.is_enabled}
        peer.session.catch_up(peer.now)
        if server.capabilities.tools is None:
            break
        result = peer.result("tools/list", cursor=result["nextCursor"])
        found += [tool["name"] for tool in result["tools"]]
    listed = [name for name in found if name in always]
    assert sorted(listed) == sorted(always)
    assert len(set(found)) == len(found)


# How long results may be kept


def hint(result):
    return result["ttlMs"], result["cacheScope"]


def test_nothing_is_to_be_kept_unless_it_is_said():
    peer = Conversation(offering(1))
    for method in (*LISTS, "server/discover"):
        assert hint(peer.result(method)) == (0, "private")
    assert hint(peer.result("resources/read", uri="config:0")) == (0, "private")


def test_the_most_particular_hint_counts():
    server = offering(
        3,
        page_size=1,
        cache=CacheHint(ttl_ms=1000),
        cache_of={
            "tools/list": CacheHint(ttl_ms=5000, scope="public"),
            "server/discover": CacheHint(ttl_ms=7),
        },
    )
    server.add_resource("config:public", "x", cache=CacheHint(ttl_ms=9, scope="public"))

    @server.resource("config:own")
    def own() -> schema.ReadResourceResult:
        contents = (schema.TextResourceContents(uri="config:own", text="x"),)
        return schema.ReadResourceResult(contents=contents, ttl_ms=3)

    @server.resource("config:silent", cache=CacheHint(ttl_ms=1, scope="public"))
    def silent() -> schema.ReadResourceResult:
        return schema.ReadResourceResult(
            contents=(schema.TextResourceContents(uri="config:silent", text="x"),)
        )

    @server.resource("item://{name}", cache=CacheHint(ttl_ms=2))
    def item(name: str) -> str:
        return name

    peer = Conversation(server)
    first = peer.result("tools/list")
    second = peer.result("tools/list", cursor=first["nextCursor"])
    assert hint(first) == hint(second) == (5000, "public")
    assert hint(peer.result("prompts/list")) == (1000, "private")
    assert hint(peer.result("server/discover")) == (7, "private")
    assert hint(peer.result("resources/read", uri="config:0")) == (1000, "private")
    assert hint(peer.result("resources/read", uri="config:public")) == (9, "public")
    # What a handler says is never made wider.
    assert hint(peer.result("resources/read", uri="config:own")) == (3, "private")
    assert hint(peer.result("resources/read", uri="config:silent")) == (0, "private")
    server.resources["config:public"].update(cache=CacheHint())
    assert hint(peer.result("resources/read", uri="config:public")) == (0, "private")
    server.resources["config:public"].update(cache=None)
    assert hint(peer.result("resources/read", uri="config:public")) == (1000, "private")
    assert hint(peer.result("resources/read", uri="item://x")) == (2, "private")


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_legacy_clients_are_told_no_hints(revision):
    peer = Conversation(offering(1, cache=CacheHint(ttl_ms=5, scope="public")), revision)
    assert "ttlMs" not in peer.result("tools/list")
    assert "cacheScope" not in peer.result("resources/read", uri="config:0")


@pytest.mark.parametrize(("ttl", "scope"), [(-1, "private"), (1.5, "private"), (True, "public"), (0, "all")])
def test_a_hint_is_a_time_and_a_scope(ttl, scope):
    with pytest.raises(LocalProtocolError, match=r"(ttl_ms|scope): expected"):
        CacheHint(ttl_ms=ttl, scope=scope)


def test_a_hint_for_what_has_none_is_refused():
    with pytest.raises(LocalProtocolError, match="cache_of: expected some of server/discover, tools/list"):
        Server("x", version="1", cache_of={"tools/call": CacheHint()})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cache": 60}, "^cache: expected a CacheHint, found 60"),
        ({"cache_of": {"tools/list": 60}}, "^tools/list: expected a CacheHint, found 60"),
        ({"capabilities": ["tools"]}, "^capabilities: expected a ServerCapabilities or a mapping"),
        ({"ordered": "tools/call"}, r"^ordered: expected a list of methods, such as \['tools/call'\]$"),
        ({"edit_schema": 5}, "^edit_schema: expected a function of a schema and its direction, found 5"),
    ],
)
def test_a_setting_of_another_kind_is_refused_when_it_is_given(settings, said):
    with pytest.raises(LocalProtocolError, match=said):
        Server("wrong", version="1", **settings)
