"""What users of the client type; this module is only type-checked, by mypy and by pyright."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import assert_type

import attrs

from sansmcp import schema
from sansmcp.client import (
    AwaitableCalls,
    AwaitableClient,
    AwaitableGroup,
    AwaitableRunning,
    BlockingCalls,
    BlockingClient,
    BlockingGroup,
    BlockingRunning,
    Call,
    InputHandlers,
    Outcome,
    accept,
    call_tool,
    cancel,
    decline,
    list_tools,
    ping,
    request,
    set_log_level,
    value_of,
)
from sansmcp.session import Change, ProgressReceived
from sansmcp.values import JSON


@attrs.frozen(kw_only=True)
class Sum:
    total: int


def calls_know_what_they_give(outcome: Outcome) -> None:
    assert_type(call_tool("add", {"a": 1}), Call[schema.CallToolResult])
    assert_type(call_tool("add", {"a": 1}, result_type=Sum), Call[Sum])
    assert_type(call_tool("add", result_type=list[int], validate="report"), Call[list[int]])
    assert_type(list_tools(), Call[schema.ListToolsResult])
    assert_type(ping(), Call[None])
    assert_type(set_log_level("error"), Call[None])
    assert_type(request("acme/sum", {"numbers": [1]}), Call[JSON])
    assert_type(request("acme/sum", {"numbers": [1]}, Sum), Call[Sum])
    assert_type(value_of(call_tool("add"), outcome), schema.CallToolResult)
    assert_type(value_of(request("acme/sum", {}, Sum), outcome), Sum)


def a_call_of_something_is_a_call_of_what_that_is(call: Call[schema.CallToolResult]) -> Call[object]:
    return call


def the_blocking_surface_gives_values(client: BlockingCalls) -> None:
    assert_type(client.call_tool("add", {"a": 1}, timeout=1.0), schema.CallToolResult)
    assert_type(client.call_tool("add", {"a": 1}, result_type=Sum), Sum)
    assert_type(client.list_tools("cursor"), schema.ListToolsResult)
    assert_type(client.list_prompts(), schema.ListPromptsResult)
    assert_type(client.list_resources(), schema.ListResourcesResult)
    assert_type(client.list_resource_templates(), schema.ListResourceTemplatesResult)
    assert_type(client.get_prompt("greet", {"who": "you"}), schema.GetPromptResult)
    assert_type(client.read_resource("config://app"), schema.ReadResourceResult)
    assert_type(
        client.complete(schema.PromptReference(name="greet"), "who", "y"),
        schema.CompleteResult,
    )
    assert_type(client.request("acme/sum", {}, Sum), Sum)
    assert_type(client.request("acme/sum"), JSON)
    assert_type(client.call(call_tool("add")), schema.CallToolResult)
    assert_type(client.tools(), Iterator[schema.Tool])
    assert_type(client.prompts(max_pages=3), Iterator[schema.Prompt])
    assert_type(client.resources(), Iterator[schema.Resource])
    assert_type(client.resource_templates(), Iterator[schema.ResourceTemplate])
    for tool in client.tools(timeout=5.0):
        assert_type(tool.input_schema["type"], JSON)


async def the_awaitable_surface_gives_the_same_to_be_awaited(client: AwaitableCalls) -> None:
    assert_type(client.call_tool("add", {"a": 1}), Awaitable[schema.CallToolResult])
    assert_type(await client.call_tool("add", {"a": 1}), schema.CallToolResult)
    assert_type(await client.get_prompt("greet"), schema.GetPromptResult)
    assert_type(await client.request("acme/sum", {}, Sum), Sum)
    assert_type(await client.call(call_tool("add")), schema.CallToolResult)
    assert_type(client.tools(), AsyncIterator[schema.Tool])
    async for tool in client.tools():
        assert_type(tool, schema.Tool)
    assert_type([prompt.name async for prompt in client.prompts()], list[str])
    await client.ping(timeout=1.0)
    await client.set_log_level("warning")


def progress_is_told_as_events(client: BlockingCalls) -> None:
    told: list[float] = []

    def tell(event: ProgressReceived) -> None:
        told.append(event.progress)

    client.call_tool("add", on_progress=tell)
    client.call_tool("add", on_progress=lambda event: told.append(event.progress))


def a_plain_handler(params: schema.ElicitRequestParams) -> schema.ElicitResult:
    match params:
        case schema.ElicitRequestURLParams():
            assert_type(params.url, str)
            return decline()
        case schema.ElicitRequestFormParams():
            assert_type(params.requested_schema, schema.RequestedSchema)
            return accept({"name": "you", "age": 7, "tags": ["a", "b"]})


async def an_asynchronous_handler(params: schema.ElicitRequestParams) -> schema.ElicitResult:
    return accept() if params.message else cancel()


async def a_model(params: schema.CreateMessageRequestParams) -> schema.CreateMessageResult:
    text = schema.TextContent(text=str(params.max_tokens))
    return schema.CreateMessageResult(role="assistant", content=text, model="toy")


async def some_roots() -> list[schema.Root]:
    return [schema.Root(uri="file:///home")]


def handlers_are_plain_or_asynchronous() -> None:
    InputHandlers(elicitation=a_plain_handler, sampling=a_model, roots=["file:///home"])
    InputHandlers(elicitation=an_asynchronous_handler, roots=some_roots)
    InputHandlers(roots=lambda: ["file:///home", "file:///tmp"])


def a_blocking_client_follows_what_goes_on(client: BlockingClient) -> None:
    assert_type(client.start_tool("add"), BlockingRunning[schema.CallToolResult])
    with client.start_tool("add", result_type=Sum) as running:
        for event in running:
            assert_type(event, ProgressReceived)
        assert_type(running.result(), Sum)
    assert_type(client.start(ping()).result(), None)
    with client.listen("notes://a", tools=True) as changes:
        for change in changes:
            assert_type(change, Change)
    for uri in client.resource_updates("notes://a"):
        assert_type(uri, str)


async def and_so_does_one_that_is_awaited(client: AwaitableClient) -> None:
    assert_type(await client.call_tool("add", result_type=Sum), Sum)
    assert_type(client.start_tool("add"), AwaitableRunning[schema.CallToolResult])
    async with client.start_tool("add", result_type=Sum) as running:
        async for event in running:
            assert_type(event, ProgressReceived)
        assert_type(await running.result(), Sum)
    async with client.listen("notes://a", tools=True) as changes:
        async for change in changes:
            assert_type(change, Change)
    async for uri in client.resource_updates("notes://a"):
        assert_type(uri, str)


def a_group_knows_what_its_clients_are(
    blocking: BlockingGroup[BlockingClient], awaitable: AwaitableGroup[AwaitableClient]
) -> None:
    assert_type(blocking["one"], BlockingClient)
    assert_type(blocking.call_tool("one_add", result_type=Sum), Sum)
    assert_type(blocking.tools(), Iterator[schema.Tool])
    assert_type(awaitable.remove("one"), AwaitableClient)
    assert_type(awaitable.call_tool("one_add", result_type=Sum), Awaitable[Sum])
