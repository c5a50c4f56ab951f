"""Walking over the pages of a list (Pagination; 64 pages or a repeated cursor end it with an error)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.toys import (
    PROMPT,
    RESOURCE,
    TEMPLATE,
    AwaitedClient,
    PairClient,
    numbered_tools,
    run,
)

from sansmcp import schema
from sansmcp.client import list_tools, walk
from sansmcp.errors import LocalProtocolError, RemoteProtocolError, RequestFailed


def serve_pages(pages):
    """Serve a list of (items, next cursor); the cursor says which comes next."""
    by_cursor = {}
    cursor = None
    for items, next_cursor in pages:
        by_cursor[cursor] = schema.ListToolsResult(tools=items, next_cursor=next_cursor)
        cursor = next_cursor
    return {"tools/list": lambda event: by_cursor[event.params.cursor]}


async def collect(iterator):
    return [item async for item in iterator]


THREE_PAGES = [(numbered_tools(1, 2), "a"), (numbered_tools(), ""), (numbered_tools(3), None)]


def test_a_plain_loop_walks_over_all_pages():
    client = PairClient(serve_pages(THREE_PAGES))
    assert [tool.name for tool in client.tools()] == ["tool1", "tool2", "tool3"]


def test_an_asynchronous_loop_walks_over_all_pages():
    client = AwaitedClient(PairClient(serve_pages(THREE_PAGES)))
    assert [tool.name for tool in run(collect(client.tools()))] == ["tool1", "tool2", "tool3"]


def test_an_empty_cursor_is_a_cursor_and_goes_back_as_it_came():
    client = PairClient(serve_pages(THREE_PAGES))
    list(client.tools())
    assert [event.params.cursor for event in client.received] == [None, "a", ""]


def test_a_page_is_asked_for_when_its_first_item_is_wanted():
    client = PairClient(serve_pages(THREE_PAGES))
    tools = client.tools()
    assert client.received == []
    next(tools)
    next(tools)
    assert len(client.received) == 1


def test_an_iterator_that_came_to_its_end_stays_there():
    client = PairClient(serve_pages([(numbered_tools(1), None)]))
    tools = client.tools()
    assert len(list(tools)) == 1
    assert list(tools) == []


def test_an_asynchronous_iterator_that_came_to_its_end_stays_there():
    tools = AwaitedClient(PairClient(serve_pages([(numbered_tools(1), None)]))).tools()
    assert len(run(collect(tools))) == 1
    assert run(collect(tools)) == []


def serve_for_ever(next_cursor):
    numbers = itertools.count()
    return {
        "tools/list": lambda _: schema.ListToolsResult(
            tools=numbered_tools(1), next_cursor=next_cursor(numbers)
        )
    }


def test_a_cursor_that_comes_twice_ends_the_walk():
    client = PairClient(serve_for_ever(lambda _: "A"))
    with pytest.raises(RemoteProtocolError, match="tools/list: the server gave the cursor 'A' twice"):
        list(client.tools())
    assert len(client.received) == 2


def test_a_list_without_end_ends_after_64_pages():
    client = PairClient(serve_for_ever(lambda numbers: str(next(numbers))))
    with pytest.raises(RemoteProtocolError, match="tools/list: expected at most 64 pages"):
        list(client.tools())
    assert len(client.received) == 64


def test_an_asynchronous_walk_over_a_list_without_end_ends_too():
    client = PairClient(serve_for_ever(lambda numbers: str(next(numbers))))
    with pytest.raises(RemoteProtocolError):
        run(collect(AwaitedClient(client).tools()))
    assert len(client.received) == 64


def test_what_the_last_page_held_is_handed_out_before_the_error():
    client = PairClient(serve_for_ever(lambda numbers: str(next(numbers))))
    tools = client.tools(max_pages=3)
    assert [next(tools).name for _ in range(3)] == ["tool1"] * 3
    with pytest.raises(RemoteProtocolError):
        next(tools)


def test_a_list_of_exactly_as_many_pages_as_allowed_is_fine():
    client = PairClient(serve_pages(THREE_PAGES))
    assert len(list(client.tools(max_pages=3))) == 3


def test_no_page_at_all_is_a_mistake():
    with pytest.raises(LocalProtocolError, match="max_pages: expected at least 1, found 0"):
        next(walk(list_tools, 0))


def test_a_failing_page_fails_the_walk():
    client = PairClient({})
    client.answers = {
        "tools/list": lambda event: client.pair.server.fail(event.request_id, -32602, "bad cursor", 0.0)
    }
    with pytest.raises(RequestFailed, match="bad cursor"):
        list(client.tools())


def test_times_count_for_each_page():
    client = PairClient({"tools/list": lambda _: None})
    with pytest.raises(Exception, match="its timeout"):
        list(client.tools(timeout=2.0))
    assert client.pair.now == 2.0


def fail_at_first(pages, client):
    """Serve a list whose second page fails the first time."""
    failures = iter([None, RuntimeError()])
    answers = serve_pages(pages)

    def serve(event):
        if next(failures, None) is None:
            return answers["tools/list"](event)
        client.pair.server.fail(event.request_id, -32603, "busy", client.pair.now)
        return None

    return {"tools/list": serve}


def test_a_page_that_failed_is_asked_for_again_when_the_next_item_is_wanted():
    client = PairClient({})
    client.answers = fail_at_first(THREE_PAGES, client)
    tools = client.tools()
    assert [next(tools).name, next(tools).name] == ["tool1", "tool2"]
    with pytest.raises(RequestFailed, match="busy"):
        next(tools)
    assert [tool.name for tool in tools] == ["tool3"]
    assert [event.params.cursor for event in client.received] == [None, "a", "a", ""]


def test_an_asynchronous_walk_goes_on_after_a_page_that_failed():
    client = PairClient({})
    client.answers = fail_at_first(THREE_PAGES, client)
    tools = AwaitedClient(client).tools()
    with pytest.raises(RequestFailed, match="busy"):
        run(collect(tools))
    assert [tool.name for tool in run(collect(tools))] == ["tool3"]


def test_the_next_item_may_be_asked_for_by_hand():
    async def two(iterator):
        return await anext(iterator), await anext(iterator, None)

    tools = AwaitedClient(PairClient(serve_pages([(numbered_tools(1), None)]))).tools()
    assert run(two(tools)) == (*numbered_tools(1), None)


@pytest.mark.parametrize(
    ("name", "method", "result"),
    [
        ("prompts", "prompts/list", schema.ListPromptsResult(prompts=(PROMPT,))),
        ("resources", "resources/list", schema.ListResourcesResult(resources=(RESOURCE,))),
        (
            "resource_templates",
            "resources/templates/list",
            schema.ListResourceTemplatesResult(resource_templates=(TEMPLATE,)),
        ),
    ],
)
def test_every_list_has_an_iterator_in_both_colours(name, method, result):
    client = PairClient({method: lambda _: result})
    blocking = list(getattr(client, name)())
    assert blocking in ([PROMPT], [RESOURCE], [TEMPLATE])
    assert run(collect(getattr(AwaitedClient(client), name)())) == blocking


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=8))
def test_no_item_is_lost_or_repeated_however_the_list_is_cut_into_pages(pages):
    last = len(pages) - 1
    served = [
        (numbered_tools(*numbers), None if place == last else f"page{place}")
        for place, numbers in enumerate(pages)
    ]
    client = PairClient(serve_pages(served))
    names = [tool.name for tool in client.tools()]
    assert names == [f"tool{number}" for numbers in pages for number in numbers]
    assert len(client.received) == len(pages)
