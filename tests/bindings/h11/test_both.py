"""Our client and our server with each other over HTTP/1.1, in every revision, whatever the cuts."""

import pytest
from tests.bindings.h11.joined import connect_http

from sansmcp import Context, Server
from sansmcp.client import call_tool
from sansmcp.errors import RequestFailed, RequestTimedOut
from sansmcp.testing import Pause, byte_by_byte

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


def offering():
    server = Server("offering", version="1")

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def wait(seconds: float, *, ctx: Context) -> str:
        ctx.progress(1, total=2)
        await Pause(seconds)
        return "waited"

    @server.tool
    def long(size: int) -> str:
        return "x" * size

    @server.resource("memo://one")
    def memo() -> str:
        return "one"

    return server


def text_of(result):
    return result.content[0].text


@pytest.fixture(params=REVISIONS)
def revision(request):
    return request.param


@pytest.mark.parametrize("cut", ["whole", "bytewise"])
@pytest.mark.parametrize("responses", ["auto", "json", "stream"])
def test_calls_are_answered(revision, cut, responses):
    cuts = {} if cut == "whole" else {"cut": byte_by_byte}
    with connect_http(offering(), serving={"responses": responses}, revisions=[revision], **cuts) as client:
        for number in range(3):
            assert text_of(client.call_tool("add", {"a": number, "b": 1})) == str(number + 1)
        assert [tool.name for tool in client.list_tools().tools] == ["add", "wait", "long"]
        assert client.read_resource("memo://one").contents[0].text == "one"
    assert client.connections == 0


def test_connections_are_used_again(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        for number in range(50):
            client.call_tool("add", {"a": number, "b": 1})
        # A legacy client listens on one of them.
        assert client.connections == (1 if revision == REVISIONS[-1] else 2)


def test_progress_comes_before_the_answer(revision):
    seen = []
    with connect_http(offering(), revisions=[revision]) as client:
        result = client.call_tool("wait", {"seconds": 3}, on_progress=lambda told: seen.append(told.progress))
        assert text_of(result) == "waited"
    assert seen == [1]


def test_a_long_answer_is_whole(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        assert text_of(client.call_tool("long", {"size": 1_000_000})) == "x" * 1_000_000


def test_a_quiet_call_is_kept_alive_and_answered(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        assert text_of(client.call_tool("wait", {"seconds": 50})) == "waited"


def test_a_call_may_be_too_slow(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        with pytest.raises(RequestTimedOut):
            client.call_tool("wait", {"seconds": 500}, timeout=5)
        assert text_of(client.call_tool("add", {"a": 1, "b": 1})) == "2"


def test_an_error_is_one(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        with pytest.raises(RequestFailed):
            client.read_resource("memo://none")
        assert text_of(client.call_tool("add", {"a": 1, "b": 1})) == "2"


def test_calls_at_a_time_do_not_wait_for_each_other(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        slow = [client.begin(call_tool("wait", {"seconds": 9})) for _ in range(3)]
        assert text_of(client.call_tool("add", {"a": 1, "b": 1})) == "2"
        assert client.now < 1
        for waiting in slow:
            assert text_of(client.wait(waiting)) == "waited"
        assert client.now < 10


def test_connections_that_are_not_used_are_closed(revision):
    with connect_http(offering(), revisions=[revision]) as client:
        client.call_tool("add", {"a": 1, "b": 1})
        client.run_until(lambda: client.connections < 2)
        assert text_of(client.call_tool("add", {"a": 1, "b": 1})) == "2"
