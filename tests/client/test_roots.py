"""Roots as a value that may change."""

import pytest
from tests.client.answering import Answering

from sansmcp import schema
from sansmcp.client import ClientOptions, Roots, call_tool
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS, Root


def uris(roots):
    return [root.uri for root in roots]


def test_roots_are_added_replaced_and_removed_in_order():
    roots = Roots(["file:///a", Root(uri="file:///b", name="B")])
    roots.add("file:///c", name="C")
    roots.add(Root(uri="file:///a", name="A"))
    assert [(root.uri, root.name) for root in roots] == [
        ("file:///b", "B"),
        ("file:///c", "C"),
        ("file:///a", "A"),
    ]
    roots.remove("file:///b")
    assert (uris(roots), len(roots)) == (["file:///c", "file:///a"], 2)
    roots.replace([])
    assert len(roots) == 0


@pytest.mark.parametrize("root", ["/home", "https://a", 7, Root(uri="ftp://a")])
def test_what_is_no_file_uri_is_refused_and_changes_nothing(root):
    roots = Roots(["file:///a"])
    with pytest.raises(LocalProtocolError, match=r"roots: expected file URIs, such as .*, or roots"):
        roots.replace([root])
    assert uris(roots) == ["file:///a"]


def test_a_root_that_is_not_there_cannot_be_removed_and_the_others_are_named():
    with pytest.raises(
        LocalProtocolError, match=r"remove\('file:///b'\): there is no such root; there are: file:///a"
    ):
        Roots(["file:///a"]).remove("file:///b")
    with pytest.raises(LocalProtocolError, match="there are: none"):
        Roots().remove("file:///b")


def test_whoever_subscribed_is_woken_once_for_each_change_and_not_for_none():
    roots, woken = Roots(["file:///a"]), []
    stop = roots.subscribe(lambda: woken.append(1))
    also = roots.subscribe(lambda: woken.append(2))
    roots.add("file:///b")
    roots.replace(["file:///a", "file:///b"])
    assert woken == [1, 2]
    stop()
    stop()
    roots.remove("file:///a")
    also()
    roots.remove("file:///b")
    assert woken == [1, 2, 2]


def test_a_client_with_such_roots_says_that_they_may_change():
    capabilities = ClientOptions.of({"roots": Roots()}).handlers.capabilities
    assert capabilities.roots == schema.RootsCapability(list_changed=True)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_server_that_asks_is_told_the_roots_of_the_moment(revision):
    roots = Roots(["file:///a"])
    question = schema.InputRequest(method="roots/list", params=schema.ListRootsRequestParams())
    told = Answering(revision, roots=roots)
    told.answers["tools/call"] = lambda event: (
        schema.CallToolResult(content=()) if event.input_responses else {"roots": question}
    )
    told.connect()
    roots.add("file:///b")
    told.ask(call_tool("x"))
    answer = told.asked("tools/call")[-1].input_responses["roots"]
    assert uris(answer.roots) == ["file:///a", "file:///b"]
